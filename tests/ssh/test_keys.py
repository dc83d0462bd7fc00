"""Private key files of every form that EC2, ssh-keygen and openssl write."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.ssh.servers import make_key
from tui.core.errors import SshError
from tui.ssh.keys import KeyTooOpen, PassphraseNeeded, load_key

KINDS = {
    "rsa": ("ssh-rsa", ["-t", "rsa", "-b", "2048"]),
    "ecdsa": ("ecdsa-sha2-nistp256", ["-t", "ecdsa"]),
    "ecdsa521": ("ecdsa-sha2-nistp521", ["-t", "ecdsa", "-b", "521"]),
    "ed25519": ("ssh-ed25519", ["-t", "ed25519"]),
}
FORMS = {"openssh": [], "pem": ["-m", "PEM"], "pkcs8": ["-m", "PKCS8"]}
CASES = [(kind, form) for kind in KINDS for form in FORMS]


def public_part(path: Path) -> str:
    return path.with_suffix(".pub").read_text().split()[1]


@pytest.mark.parametrize(("kind", "form"), CASES)
@pytest.mark.parametrize("passphrase", ["", "s3cret ü"])
def test_every_form_loads(tmp_path: Path, kind: str, form: str, passphrase: str) -> None:
    name, options = KINDS[kind]
    path = tmp_path / "key"
    command = ["ssh-keygen", "-q", "-f", str(path), "-N", passphrase, *options, *FORMS[form]]
    subprocess.run(command, check=True)
    if passphrase:
        with pytest.raises(PassphraseNeeded) as asked:
            load_key(path)
        assert not asked.value.wrong
        with pytest.raises(PassphraseNeeded) as wrong:
            load_key(path, "guess")
        assert wrong.value.wrong
    key = load_key(path, passphrase or None)
    assert key.get_name() == name
    assert key.get_base64() == public_part(path)


def test_pkcs8_ed25519_as_aws_hands_it_out(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = tmp_path / "key.pem"
    private = Ed25519PrivateKey.generate()
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    assert load_key(path).get_name() == "ssh-ed25519"


def test_windows_line_ends_and_a_missing_last_one_are_fine(tmp_path: Path) -> None:
    path = make_key(tmp_path / "key", "-t", "rsa", "-b", "2048", "-m", "PEM")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().strip().replace(b"\n", b"\r\n"))
    assert load_key(path).get_base64() == public_part(path)


def test_a_passphrase_for_a_plain_key_is_ignored(tmp_path: Path) -> None:
    for form in FORMS.values():
        path = make_key(tmp_path / f"key{len(form)}{form[-1:]}", "-t", "ecdsa", *form)
        assert load_key(path, "not needed").get_name() == "ecdsa-sha2-nistp256"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o601])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = make_key(tmp_path / "key")
    path.chmod(mode)
    with pytest.raises(KeyTooOpen, match=f"{mode:04o}") as refused:
        load_key(path)
    assert "chmod 600" in refused.value.hint
    path.chmod(0o400)
    load_key(path)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "not a private key"),
        (b"hello\n", "not a private key"),
        (b"ssh-ed25519 AAAA me\n", "public key"),
        (b"PuTTY-User-Key-File-3: ssh-rsa\n", "PuTTY"),
        (b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n", "certificate"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "damaged"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH", "damaged"),
        (b"\x00\xff" * 40_000, "not a private key"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SshError, match=word):
        load_key(path)


def test_a_missing_key_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(SshError, match="no such file"):
        load_key(tmp_path / "gone.pem")
    with pytest.raises(SshError, match="not a file"):
        load_key(tmp_path)


def test_an_unsupported_kind_is_named(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = tmp_path / "key.pem"
    private = Ed448PrivateKey.generate()
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    with pytest.raises(SshError, match="only RSA, ECDSA and ED25519"):
        load_key(path)
