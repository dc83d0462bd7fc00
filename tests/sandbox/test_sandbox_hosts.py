"""The daemon's side of an instance, without one: events, orders, files, the walls."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.sandbox.machines import until
from tui.sandbox.guest import sweep as sweeping
from tui.sandbox.guest.user_data import LINE_MOST, Lines
from tui.sandbox.hosts import bwrap, events, files, user_data
from tui.sandbox.hosts.console import KEPT_BYTES, Console
from tui.sandbox.hosts.guest_process import guest_environment
from tui.sandbox.hosts.host import Host
from tui.sandbox.hosts.keys import HostKey
from tui.sandbox.hosts.manager import HostManager
from tui.sandbox.hosts.turns import Turns
from tui.sandbox.hosts.wipe import wipe

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDf7"


@pytest.mark.parametrize(
    "line",
    [
        b'{"ready": true, "port": "22\\n  ProxyCommand touch /tmp/escaped"}',
        b'{"ready": true, "port": true}',
        b'{"ready": true, "port": 0}',
        b'{"ready": true, "port": 65536}',
        b'{"ready": true, "port": 22.5}',
        b'{"ready": true}',
        b'{"ready": 1, "port": 22}',
        b'{"console": ["x"]}',
        b"[1]",
        b"null",
        b"no json",
        b"\xff\xfe\x00",
        b"[" * 50_000,
    ],
)
def test_what_is_no_event_of_an_instance_is_dropped(line: bytes) -> None:
    assert events.parse(line) is None


def test_an_instances_events_are_taken() -> None:
    assert events.parse(b'{"ready": true, "port": 40022}') == events.Ready(40022)
    long = json.dumps({"console": "x" * 100_000}).encode()
    said = events.parse(long)
    assert isinstance(said, events.Said)
    assert said.text == "x" * events.CONSOLE_LINE


def test_the_console_keeps_its_newest_64_kb() -> None:
    console = Console(["first"])
    console.add("login:")
    console.add("above", before=1)
    assert console.lines == ["first", "above", "login:"]
    for number in range(3000):
        console.add(f"line {number} " + "é" * 20)
    size = len(console.text().encode())
    assert KEPT_BYTES - 100 < size <= KEPT_BYTES
    assert console.lines[-1].startswith("line 2999")
    console.add("lone surrogate \ud800")
    assert console.lines[-1].startswith("lone")


def test_orders_are_done_one_after_the_other_and_survive_a_fault() -> None:
    turns, seen, go = Turns(), [], threading.Event()

    def slow() -> None:
        go.wait(5)
        seen.append("slow")

    def faulty() -> None:
        raise ValueError("fault")

    first = turns.add(slow)
    second = turns.add(faulty)
    third = turns.add(lambda: seen.append("third"))
    assert not first.is_set()
    go.set()
    assert all(done.wait(5) for done in (first, second, third))
    assert seen == ["slow", "third"]


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostManager:
    """A host manager that follows nothing, and leaves this process's children alone."""
    monkeypatch.setattr(HostManager, "_follow", lambda self: None)
    monkeypatch.setattr("tui.sandbox.guest.prctl.adopt_orphans", lambda: False)
    return HostManager(tmp_path, "http://127.0.0.1:9", isolate=False)


def test_the_end_waits_for_a_termination_that_is_under_way(
    manager: HostManager, tmp_path: Path
) -> None:
    go, instance = threading.Event(), SimpleNamespace(id="i-1")
    root = tmp_path / "instances" / "i-1"
    root.mkdir(parents=True)
    host = Host(instance, root, "127.0.16.2", HostKey(KEY, "SHA256:x", ""), "ec2-user")
    manager._hosts["i-1"] = host
    host.turns.add(lambda: go.wait(60))
    gate = manager.terminated(instance)
    closing = threading.Thread(target=lambda: manager.close(wipe=False))
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    assert not gate()
    go.set()
    closing.join(60)
    assert not closing.is_alive()
    assert not root.exists()


def test_a_terminated_host_is_forgotten_and_its_successor_is_not(
    manager: HostManager, tmp_path: Path
) -> None:
    instance = SimpleNamespace(id="i-1")
    key = HostKey(KEY, "SHA256:x", "")
    first, second = (Host(instance, tmp_path / n, "127.0.16.2", key, "root") for n in ("a", "b"))
    manager._hosts["i-1"] = first
    assert until(manager.terminated(instance))
    assert manager.rows() == []
    manager._hosts["i-1"] = second
    manager._end(first, wiped=True)
    assert [row["instance_id"] for row in manager.rows()] == ["i-1"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that an unprivileged user can reach; pytest's own it cannot."""
    folder = Path(tempfile.mkdtemp(prefix="skydeck-wipe-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_files_that_their_user_made_read_only_are_wiped(open_folder: Path) -> None:
    outside = open_folder / "outside"
    outside.mkdir(mode=0o500)
    root = open_folder / "root"
    deep = root / "home" / "locked" / "deeper"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    (root / "link").symlink_to(outside)
    nobody = 65534
    for path in (open_folder, outside, root, *root.rglob("*")):
        if os.getuid() == 0:
            os.chown(path, nobody, nobody, follow_symlinks=False)
    for path in (deep, deep.parent):
        path.chmod(0)
    child = os.fork()
    if child == 0:  # root could remove anything
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(nobody)
                os.setuid(nobody)
            os._exit(0 if wipe(root) else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not root.exists()
    assert outside.stat().st_mode & 0o777 == 0o500


def test_a_name_that_would_write_the_ssh_config_is_left_out(tmp_path: Path) -> None:
    names = ("203.0.113.7", "*", "a b", "x\n  ProxyCommand touch /tmp/escaped", "!a", "-oX", "")
    good = files.SshHost(names, "127.0.16.2", 40022, "ec2-user", KEY)
    bad_user = files.SshHost(("i-1",), "127.0.16.3", 40023, "ec2-user\n  Port 1", KEY)
    bad_key = files.SshHost(("i-2",), "127.0.16.4", 40024, "ec2-user", f"{KEY}\n* {KEY}")
    files.write_ssh_files(tmp_path, [good, bad_user, bad_key])
    config = (tmp_path / "ssh_config").read_text()
    assert [line for line in config.splitlines() if line.startswith("Host ")] == [
        "Host 203.0.113.7",
        "Host *",
    ]
    assert "escaped" not in config
    assert (tmp_path / "known_hosts").read_text() == f"203.0.113.7 {KEY}\n"


@pytest.mark.parametrize("name", ["50% of it", 'a "quoted" one', "back\\slash", "%h%d"])
def test_the_ssh_config_names_any_folder(tmp_path: Path, name: str) -> None:
    if shutil.which("ssh") is None:
        pytest.skip("no ssh here")
    folder = tmp_path / name
    folder.mkdir()
    files.write_ssh_files(folder, [files.SshHost(("i-1",), "127.0.16.2", 9, "ec2-user", KEY)])
    done = subprocess.run(
        ["ssh", "-G", "-F", str(folder / "ssh_config"), "i-1"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = next(x for x in done.stdout.splitlines() if x.startswith("userknownhostsfile "))
    # -G shows the path before its tokens are put in.
    assert found.removeprefix("userknownhostsfile ").replace("%%", "%") == str(
        folder / "known_hosts"
    )


def test_a_packed_script_is_unpacked() -> None:
    text = "#!/bin/sh\necho \u00fc\n"
    for raw in (text.encode(), gzip.compress(text.encode())):
        assert user_data.script(base64.b64encode(raw).decode()) == text
    latin = user_data.script(base64.b64encode(b"#!/bin/sh\n# \xfc\n").decode())
    assert latin.encode("utf-8", "surrogateescape") == b"#!/bin/sh\n# \xfc\n"
    assert user_data.script(None) == ""


@pytest.mark.parametrize(
    "raw",
    [gzip.compress(b"x" * 100)[:-9], gzip.compress(bytes(1 << 20))],
    ids=["cut off", "too much"],
)
def test_user_data_that_cannot_be_unpacked_says_so(raw: bytes) -> None:
    with pytest.raises(ValueError, match="gzip"):
        user_data.script(base64.b64encode(raw).decode())


def test_output_is_cut_into_lines_of_a_length() -> None:
    lines = Lines()
    assert lines.feed(b"one\ntw") == ["one"]
    assert lines.feed(b"o\n\n") == ["two", ""]
    long = lines.feed(b"x" * (LINE_MOST * 2 + 1))
    assert [len(text) for text in long] == [LINE_MOST, LINE_MOST, 1]
    assert lines.feed(b"end") == []
    assert lines.rest() == ["end"]
    assert lines.rest() == []


def test_only_the_named_variables_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("LC_TIME", "C")
    monkeypatch.setenv("PYTHONPATH", "/home/me/project:/opt/x/site-packages")
    passed = guest_environment(isolated=True)
    assert "secret" not in passed.values()
    assert passed["LC_TIME"] == "C"
    assert passed["PYTHONPATH"] == "/opt/x/site-packages"
    assert set(passed) >= {"PATH"}
    assert {name for name in passed if name.startswith("AWS_")} == set()


def test_a_process_that_forked_while_it_was_read_is_killed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def appear(pid: int) -> None:
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "environ").write_bytes(b"A=1\0SKYDECK_INSTANCE=i-1\0")

    def kill(pid: int, number: int) -> None:
        if pid == 4_000_001:
            appear(4_000_002)
        shutil.rmtree(tmp_path / str(pid))

    appear(4_000_001)
    monkeypatch.setattr(os, "kill", kill)
    assert sweeping.sweep("i-1", tmp_path) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_virtual_environment_under_the_login_users_home_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls = bwrap.find()
    if walls is None:
        pytest.skip("no bwrap here")
    home = tmp_path / "ubuntu"
    venv = home / "project" / ".venv"
    venv.mkdir(parents=True)
    (venv / "python").write_text("here")
    (home / "secret").write_text("mine")
    root = tmp_path / "root"
    for name in ("etc", "tmp", "var", "bin", str(home).lstrip("/")):
        (root / name).mkdir(parents=True)
    monkeypatch.setattr(bwrap, "python_folders", lambda: [str(venv)])
    inner = ["/bin/sh", "-c", f"cat {venv}/python; cat {home}/secret"]
    command = walls.command(root=root, home=str(home), hostname="h", inner=inner)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "here", done.stderr
    assert "No such file" in done.stderr


def test_a_home_that_is_a_virtual_environment_is_not_bound_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bin", "lib/python3/site-packages", "documents"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "pyvenv.cfg").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    bound = bwrap.python_folders()
    assert {str(tmp_path / name) for name in ("bin", "lib", "pyvenv.cfg")} <= set(bound)
    assert str(tmp_path) not in bound


def test_root_without_a_user_namespace_has_no_capability() -> None:
    binary = shutil.which("bwrap")
    if binary is None or os.getuid() != 0 or bwrap.find() is None:
        pytest.skip("only root can do without a user namespace")
    walls = bwrap.Bwrap(binary, own_user=False)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("etc", "tmp", "var", "bin", "home/ec2-user"):
            (root / name).mkdir(parents=True)
        inner = ["/bin/sh", "-c", "grep -E '^(Cap|NoNew)' /proc/self/status"]
        command = walls.command(root=root, home="/home/ec2-user", hostname="h", inner=inner)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    held = {line.split()[0]: int(line.split()[1], 16) for line in done.stdout.splitlines()}
    assert (held["CapEff:"], held["CapPrm:"], held["NoNewPrivs:"]) == (0, 0, 1)
