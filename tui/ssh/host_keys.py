"""Host keys: OpenSSH's known_hosts file, fingerprints, and what an instance's console says.

An entry names the instance as well as the address, because EC2 gives addresses away again: a new
machine at an old address is expected to have another key, and must still not pass unseen.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import fcntl
import fnmatch
import hashlib
import hmac
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tui.core.errors import SshError

# cloud-init prints these blocks; lines may carry a syslog prefix or an "ec2:" tag.
_KEYS_BLOCK = re.compile(
    r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL
)
_PRINTS_BLOCK = re.compile(
    r"-----BEGIN SSH HOST KEY FINGERPRINTS-----(.*?)-----END SSH HOST KEY FINGERPRINTS-----",
    re.DOTALL,
)
_PUBLIC_KEY = re.compile(r"\b(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) +([A-Za-z0-9+/]+={0,2})")
_FINGERPRINT = re.compile(r"\bSHA256:[A-Za-z0-9+/]{43}")


def fingerprint(blob: bytes) -> str:
    """Return the SHA256 fingerprint of a public key's wire form, as `ssh-keygen -l` writes it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


def console_fingerprints(output: str) -> frozenset[str]:
    """Return the fingerprints of the host keys that cloud-init printed at the last boot."""
    found: set[str] = set()
    # An old boot's keys may stand further up; only the last block is this machine's now.
    for block in _KEYS_BLOCK.findall(output)[-1:]:
        for encoded in _PUBLIC_KEY.findall(block):
            with contextlib.suppress(binascii.Error):
                found.add(fingerprint(base64.b64decode(encoded, validate=True)))
    for block in _PRINTS_BLOCK.findall(output)[-1:]:
        found.update(_FINGERPRINT.findall(block))
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class HostKey:
    """The key that a server showed, for the user to judge.

    `expected` are the fingerprints of the instance's console output, empty when unknown.
    """

    label: str
    address: str
    kind: str  # "ssh-ed25519"
    fingerprint: str  # "SHA256:..."
    expected: frozenset[str] = frozenset()

    @property
    def matches(self) -> bool | None:
        """Whether the console output confirms the key; None when it says nothing."""
        return self.fingerprint in self.expected if self.expected else None


class Verdict(Enum):
    """What known_hosts says of a key."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """One line of known_hosts."""

    marker: str  # "", "@revoked" or "@cert-authority"
    patterns: tuple[str, ...]
    kind: str
    blob: bytes
    line: int  # from 1


class KnownHosts:
    """A known_hosts file. Every method reads or writes the disk: call them in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> tuple[KnownEntry, ...]:
        """Return the entries that can be read; other lines are kept but ignored."""
        return tuple(_parse(self._lines()))

    def kinds(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the kinds of key known for any of the names, so that one of them is asked for."""
        found = (e.kind for e in self.entries() if not e.marker and _names_match(e, names))
        return tuple(dict.fromkeys(found))

    def judge(self, names: Sequence[str], kind: str, blob: bytes) -> tuple[Verdict, int]:
        """Say how a key stands for a host of several names, and the deciding line (0: none).

        An entry for an earlier name (the instance) outweighs one for a later name (the address).
        """
        entries = self.entries()
        for entry in entries:
            if entry.marker == "@revoked" and entry.blob == blob and _names_match(entry, names):
                return Verdict.REVOKED, entry.line
        for name in names:
            of_name = [e for e in entries if not e.marker and _names_match(e, [name])]
            for entry in of_name:
                if entry.blob == blob:
                    return Verdict.KNOWN, entry.line
            if of_name:
                # A key of another kind counts too: else a server evades by offering a new kind.
                same_kind = [entry for entry in of_name if entry.kind == kind]
                return Verdict.CHANGED, (same_kind or of_name)[0].line
        return Verdict.UNKNOWN, 0

    def add(self, names: Sequence[str], kind: str, blob: bytes) -> None:
        """Append an entry for the names.

        Raises:
            SshError: the file cannot be written.
        """
        for name in names:
            if not name or re.search(r"[\s,*?!|#@]", name):
                raise SshError("Can't keep the host key", f"{name!r} is no host name")
        line = f"{','.join(names)} {kind} {base64.b64encode(blob).decode()}".encode()
        with self._locked():
            self._replace([*self._lines(), line])

    def _lines(self) -> list[bytes]:
        try:
            return self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SshError(f"Can't read {self.path}", (error.strerror or "").lower()) from None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock file next to it: the file itself is replaced, so it can't be the lock."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.path.with_name(self.path.name + ".lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise SshError(
                "Can't keep the host key",
                f"{self.path} can't be written ({(error.strerror or 'unknown').lower()})",
                "Free some space or fix the permissions, then connect again.",
            ) from None

    def _replace(self, lines: Sequence[bytes]) -> None:
        target = Path(os.path.realpath(self.path))  # a link stays a link
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".known_hosts-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"".join(line + b"\n" for line in lines))
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o600)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _parse(lines: Sequence[bytes]) -> Iterator[KnownEntry]:
    for number, raw in enumerate(lines, 1):
        fields = raw.decode("utf-8", "surrogateescape").split()
        if not fields or fields[0].startswith("#"):
            continue
        marker = fields.pop(0) if fields[0].startswith("@") else ""
        if len(fields) < 3:
            continue
        try:
            blob = base64.b64decode(fields[2], validate=True)
        except (binascii.Error, ValueError):
            continue
        yield KnownEntry(marker, tuple(fields[0].split(",")), fields[1], blob, number)


def _names_match(entry: KnownEntry, names: Sequence[str]) -> bool:
    return any(_name_matches(entry.patterns, name) for name in names)


def _name_matches(patterns: Sequence[str], name: str) -> bool:
    matched = False
    for pattern in patterns:
        if pattern.startswith("!"):
            if _pattern_matches(pattern[1:], name):
                return False
        elif _pattern_matches(pattern, name):
            matched = True
    return matched


def _pattern_matches(pattern: str, name: str) -> bool:
    if pattern.startswith("|1|"):  # hashed by HashKnownHosts: |1|salt|HMAC-SHA1
        try:
            salt, digest = (base64.b64decode(part) for part in pattern[3:].split("|"))
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(digest, hmac.new(salt, name.encode(), hashlib.sha1).digest())
    # Brackets around an address with a port are literal, not a set of characters.
    return fnmatch.fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))
