"""Private keys from files: RSA, ECDSA and ED25519 in the PKCS#1, PKCS#8, SEC1 and OpenSSH forms.

paramiko refuses PKCS#8, which is what AWS hands out for ED25519 and some tools write for RSA, and
says only 'Invalid key' for a wrong passphrase. So `cryptography` reads the file.
"""

from __future__ import annotations

import io
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.core.errors import SshError
from tui.ssh.threads import paramiko_module

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

MAX_KEY_BYTES = 64 * 1024
OPENSSH_HEADER = b"-----BEGIN OPENSSH PRIVATE KEY-----"
PEM_HEADERS = (
    b"-----BEGIN RSA PRIVATE KEY-----",
    b"-----BEGIN EC PRIVATE KEY-----",
    b"-----BEGIN PRIVATE KEY-----",
    b"-----BEGIN ENCRYPTED PRIVATE KEY-----",
)
PUBLIC_STARTS = (b"ssh-", b"ecdsa-sha2-", b"-----BEGIN PUBLIC KEY", b"---- BEGIN SSH2 PUBLIC")


class KeyFileError(SshError):
    """A private key file cannot be used."""


class KeyTooOpen(KeyFileError):  # noqa: N818
    """Others may read the key file; `path` can be given to `chmod 600`."""

    def __init__(self, path: Path, mode: int) -> None:
        super().__init__(
            f"Can't use {path.name}",
            f"others may read it (mode {mode:04o})",
            f"Run chmod 600 {path}, as ssh asks too.",
        )
        self.path = path


class PassphraseNeeded(KeyFileError):  # noqa: N818
    """The key is encrypted; ask for its passphrase and try again. `wrong`: one was given."""

    def __init__(self, path: Path, *, wrong: bool) -> None:
        super().__init__(
            f"Can't open {path.name}",
            "that is not its passphrase" if wrong else "it is protected by a passphrase",
            "Type the passphrase of this key.",
            retryable=True,
        )
        self.path = path
        self.wrong = wrong


def load_key(path: Path, passphrase: str | None = None) -> Any:
    """Read a private key and return it as a paramiko `PKey`. Blocks: call it in a thread.

    Raises:
        KeyTooOpen: the mode allows others in.
        PassphraseNeeded: it is encrypted, and no or a wrong passphrase was given.
        SshError: missing, unreadable, no private key, or of an unknown kind.
    """
    data = _read(path)
    key = _decrypt(path, data, passphrase)
    return _for_paramiko(path, key)


def _read(path: Path) -> bytes:
    title = f"Can't use {path.name}"
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileError(title, "it is not a file", "Choose the .pem file of the key pair.")
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077:
            raise KeyTooOpen(path, mode)
        with path.open("rb") as file:
            data = file.read(MAX_KEY_BYTES)
    except FileNotFoundError:
        raise KeyFileError(
            title, f"there is no such file in {path.parent}", "Choose where the key is."
        ) from None
    except OSError as error:
        raise KeyFileError(title, (error.strerror or "unreadable").lower()) from None
    return data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").strip() + b"\n"


def _decrypt(path: Path, data: bytes, passphrase: str | None) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_ssh_private_key,
    )

    title = f"Can't use {path.name}"
    start = data.find(b"-----BEGIN ")
    data = data[start:] if start > 0 else data
    if not data.startswith((OPENSSH_HEADER, *PEM_HEADERS)):
        raise KeyFileError(title, _what_it_is(data), "Choose the private key that EC2 handed out.")
    load = load_ssh_private_key if data.startswith(OPENSSH_HEADER) else load_pem_private_key
    secret = passphrase.encode() if passphrase else None
    try:
        try:
            return load(data, secret)
        except TypeError:
            if secret is None:
                raise PassphraseNeeded(path, wrong=False) from None
            return load(data, None)  # a passphrase was given though none is needed
    except UnsupportedAlgorithm:
        raise KeyFileError(title, "its kind or its encryption is not supported") from None
    except ValueError:
        if secret is not None and _is_encrypted(load, data):
            raise PassphraseNeeded(path, wrong=True) from None
        raise KeyFileError(
            title, "the file is damaged or cut off", "Copy it again from where it was saved."
        ) from None


def _is_encrypted(load: Any, data: bytes) -> bool:
    try:
        load(data, None)
    except TypeError:
        return True
    except ValueError:
        return False
    return False


def _what_it_is(data: bytes) -> str:
    if data.startswith(b"PuTTY-User-Key-File"):
        return "it is a PuTTY key (puttygen FILE -O private-openssh converts it)"
    if data.startswith(PUBLIC_STARTS):
        return "it is a public key"
    if data.startswith(b"-----BEGIN CERTIFICATE"):
        return "it is a certificate"
    if data.startswith(b"-----BEGIN DSA"):
        return "DSA keys are no longer accepted by servers"
    return "it is not a private key"


def _for_paramiko(path: Path, key: PrivateKeyTypes) -> Any:
    """Hand the key over in OpenSSH's form, the one that paramiko reads for all three kinds."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    paramiko = paramiko_module()
    kinds: tuple[tuple[type, Any], ...] = (
        (RSAPrivateKey, paramiko.RSAKey),
        (EllipticCurvePrivateKey, paramiko.ECDSAKey),
        (Ed25519PrivateKey, paramiko.Ed25519Key),
    )
    make = next((make for kind, make in kinds if isinstance(key, kind)), None)
    if make is None:
        raise KeyFileError(
            f"Can't use {path.name}", "only RSA, ECDSA and ED25519 keys log in to EC2"
        )
    try:
        text = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
        return make(file_obj=io.StringIO(text))
    except (ValueError, paramiko.SSHException):
        raise KeyFileError(f"Can't use {path.name}", "SSH does not know its curve") from None
