"""SSH host keys, made and printed without importing an SSH library."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class HostKey:
    """One Ed25519 host key.

    Attributes:
        public: `ssh-ed25519 AAAA...`, without a comment.
        fingerprint: `SHA256:...` as OpenSSH prints it.
        pem: the private key, OpenSSH format.
    """

    public: str
    fingerprint: str
    pem: str = field(repr=False)


def new_host_key() -> HostKey:
    """Make a fresh host key."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    ).decode()
    public = (
        key.public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        .decode()
    )
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return HostKey(public, "SHA256:" + base64.b64encode(digest).decode().rstrip("="), pem)
