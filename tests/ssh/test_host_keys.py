"""known_hosts as OpenSSH writes and reads it, and fingerprints in a console output."""

from __future__ import annotations

import base64
import subprocess
import threading
from pathlib import Path

import pytest

from tests.ssh.servers import make_key
from tui.core.errors import SshError
from tui.ssh.host_keys import (
    HostKey,
    KnownHosts,
    Verdict,
    console_fingerprints,
    fingerprint,
)

NAMES = ("i-0123456789abcdef0", "203.0.113.57")


def blob_of(path: Path) -> bytes:
    return base64.b64decode(path.with_suffix(".pub").read_text().split()[1])


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return (
        make_key(folder / "one"),
        make_key(folder / "two"),
        make_key(folder / "rsa", "-t", "rsa", "-b", "2048"),
    )


@pytest.fixture
def known(tmp_path: Path) -> KnownHosts:
    return KnownHosts(tmp_path / "state" / "known_hosts")


def test_the_fingerprint_is_ssh_keygens(keys: tuple[Path, ...]) -> None:
    for key in keys:
        listed = subprocess.run(
            ["ssh-keygen", "-l", "-f", f"{key}.pub"], capture_output=True, text=True, check=True
        )
        assert fingerprint(blob_of(key)) == listed.stdout.split()[1]


def test_a_key_becomes_known_under_all_its_names(known: KnownHosts, keys: tuple[Path, ...]) -> None:
    blob = blob_of(keys[0])
    assert known.judge(NAMES, "ssh-ed25519", blob) == (Verdict.UNKNOWN, 0)
    known.add(NAMES, "ssh-ed25519", blob)
    assert known.judge(NAMES, "ssh-ed25519", blob) == (Verdict.KNOWN, 1)
    assert known.judge([NAMES[1]], "ssh-ed25519", blob) == (Verdict.KNOWN, 1)
    assert known.path.stat().st_mode & 0o777 == 0o600


def test_openssh_reads_what_was_written(known: KnownHosts, keys: tuple[Path, ...]) -> None:
    known.add([NAMES[0], "[127.0.0.1]:2222"], "ssh-ed25519", blob_of(keys[0]))
    for name in (NAMES[0], "[127.0.0.1]:2222"):
        found = subprocess.run(
            ["ssh-keygen", "-F", name, "-f", str(known.path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "ssh-ed25519" in found.stdout


def test_a_changed_key_is_told_with_its_line(known: KnownHosts, keys: tuple[Path, ...]) -> None:
    known.add(["other"], "ssh-ed25519", blob_of(keys[1]))
    known.add(NAMES, "ssh-ed25519", blob_of(keys[0]))
    assert known.judge(NAMES, "ssh-ed25519", blob_of(keys[1])) == (Verdict.CHANGED, 2)


def test_a_key_of_a_new_kind_counts_as_changed(known: KnownHosts, keys: tuple[Path, ...]) -> None:
    known.add(NAMES, "ssh-ed25519", blob_of(keys[0]))
    assert known.judge(NAMES, "ssh-rsa", blob_of(keys[2]))[0] is Verdict.CHANGED


def test_a_reused_address_counts_as_changed(known: KnownHosts, keys: tuple[Path, ...]) -> None:
    known.add(NAMES, "ssh-ed25519", blob_of(keys[0]))
    new = ("i-0fedcba9876543210", NAMES[1])
    assert known.judge(new, "ssh-ed25519", blob_of(keys[1]))[0] is Verdict.CHANGED


def test_an_instance_that_moved_is_still_known(known: KnownHosts, keys: tuple[Path, ...]) -> None:
    known.add(NAMES, "ssh-ed25519", blob_of(keys[0]))
    moved = (NAMES[0], "198.51.100.9")
    assert known.judge(moved, "ssh-ed25519", blob_of(keys[0]))[0] is Verdict.KNOWN


def test_hashed_wildcard_and_revoked_entries_of_others_work(
    known: KnownHosts, keys: tuple[Path, ...]
) -> None:
    known.add(["secret.example"], "ssh-ed25519", blob_of(keys[0]))
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known.path)], check=True)
    text = known.path.read_text()
    assert "secret" not in text
    two = base64.b64encode(blob_of(keys[1])).decode()
    known.path.write_text(
        f"{text}# note\n\nbroken line\n*.example,!no.example ssh-ed25519 {two}\n"
        f"@revoked * ssh-rsa {base64.b64encode(blob_of(keys[2])).decode()}\n"
        f"h ssh-ed25519 %%%\n\xff\n",
        encoding="latin-1",
    )
    assert known.judge(["secret.example"], "ssh-ed25519", blob_of(keys[0]))[0] is Verdict.KNOWN
    assert known.judge(["a.example"], "ssh-ed25519", blob_of(keys[1]))[0] is Verdict.KNOWN
    assert known.judge(["no.example"], "ssh-ed25519", blob_of(keys[1]))[0] is Verdict.UNKNOWN
    assert known.judge(["any"], "ssh-rsa", blob_of(keys[2]))[0] is Verdict.REVOKED


def test_adding_keeps_every_other_byte(known: KnownHosts, keys: tuple[Path, ...]) -> None:
    known.path.parent.mkdir(parents=True)
    before = b"# mine\n\xff\xfe odd\nhost ssh-rsa AAAA"
    known.path.write_bytes(before)
    known.add(NAMES, "ssh-ed25519", blob_of(keys[0]))
    assert known.path.read_bytes().startswith(before + b"\n")
    assert [p.name for p in known.path.parent.iterdir() if p.name.startswith(".")] == []


def test_writers_at_once_lose_nothing(known: KnownHosts, keys: tuple[Path, ...]) -> None:
    blob = blob_of(keys[0])
    writers = [
        threading.Thread(target=known.add, args=([f"host{n}"], "ssh-ed25519", blob))
        for n in range(20)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(known.entries()) == 20


@pytest.mark.parametrize("name", ["", "a b", "a,b", "*", "a\nb", "!x", "#x", "|1|a"])
def test_a_name_cannot_smuggle_an_entry(
    known: KnownHosts, keys: tuple[Path, ...], name: str
) -> None:
    with pytest.raises(SshError):
        known.add([name], "ssh-ed25519", blob_of(keys[0]))
    assert not known.path.exists()


def test_a_file_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, keys: tuple[Path, ...]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SshError, match="Can't keep the host key"):
        KnownHosts(tmp_path / "file" / "known_hosts").add(["h"], "ssh-ed25519", blob_of(keys[0]))


def test_the_console_output_tells_fingerprints(keys: tuple[Path, ...]) -> None:
    one, two, rsa = (key.with_suffix(".pub").read_text() for key in keys)
    output = (
        "boot 1\n-----BEGIN SSH HOST KEY KEYS-----\n"
        f"{two}-----END SSH HOST KEY KEYS-----\nboot 2\n"
        "[   14.2] cloud-init[1502]: ec2: -----BEGIN SSH HOST KEY KEYS-----\r\n"
        f"ec2: {one}ec2: {rsa}"
        "ec2: -----END SSH HOST KEY KEYS-----\n"
    )
    found = console_fingerprints(output)
    assert found == {fingerprint(blob_of(keys[0])), fingerprint(blob_of(keys[2]))}
    assert console_fingerprints("nothing here") == frozenset()


def test_fingerprint_lines_alone_do_too() -> None:
    print_ = "SHA256:" + "A" * 43
    output = (
        "ec2: -----BEGIN SSH HOST KEY FINGERPRINTS-----\n"
        f"ec2: 256 {print_} root@ip-10-0-0-1 (ED25519)\n"
        "ec2: -----END SSH HOST KEY FINGERPRINTS-----\n"
    )
    assert console_fingerprints(output) == {print_}


def test_a_host_key_matches_only_what_is_known() -> None:
    key = HostKey("trainer-01", "203.0.113.57", "ssh-ed25519", "SHA256:x")
    assert key.matches is None
    assert HostKey("a", "b", "c", "SHA256:x", frozenset({"SHA256:x"})).matches is True
    assert HostKey("a", "b", "c", "SHA256:x", frozenset({"SHA256:y"})).matches is False
