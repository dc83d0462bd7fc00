"""What is kept is kept: whatever runs meanwhile, and for nobody's eyes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from tests.sandbox.machines import until
from tests.sandbox.signing import environ_of
from tui.sandbox import Sandbox, SandboxError
from tui.sandbox.folder import lock_in_time, make_private
from tui.sandbox.front import Front
from tui.sandbox.hosts.manager import HostManager
from tui.sandbox.keeping import Keeper, _Writer
from tui.sandbox.patches.access import Keys

Factory = Callable[..., Any]

# -- others write meanwhile


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Sandbox]:
    box = Sandbox(keep=tmp_path / "kept", fast=True)
    box.start(timeout=60)
    yield box
    box.stop()


def test_saves_do_not_race_with_writers(kept: Sandbox, aws_client: Factory) -> None:
    s3 = aws_client(kept, "s3")
    for number in range(20):
        s3.create_bucket(Bucket=f"bucket-{number}")
    done = threading.Event()

    def write(worker: int) -> int:
        number = 0
        while not done.is_set():
            where = {"Bucket": f"bucket-{number % 20}", "Key": f"{worker}/{number}"}
            s3.put_object(**where, Body=b"x", Tagging="a=b")
            number += 1
        return number

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, worker) for worker in range(4)]
        for _ in range(12):
            kept.save()
        done.set()
        counts = [writer.result() for writer in writers]
    kept.stop()
    kept.start(timeout=60)
    s3 = aws_client(kept, "s3")
    pages = (s3.list_objects_v2(Bucket=f"bucket-{number}") for number in range(20))
    assert sum(page["KeyCount"] for page in pages) == sum(counts)


def test_what_was_answered_before_the_end_is_kept(kept: Sandbox, aws_client: Factory) -> None:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    once = Config(retries={"max_attempts": 0})
    s3 = aws_client(kept, "s3", config=once)
    s3.create_bucket(Bucket="the-bucket")

    counts = [0] * 4

    def write(worker: int) -> None:
        with contextlib.suppress(ClientError, BotoCoreError):
            while True:
                s3.put_object(Bucket="the-bucket", Key=f"{worker}/{counts[worker]}", Body=b"x")
                counts[worker] += 1

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, worker) for worker in range(4)]
        begun = until(lambda: all(counts), 60)
        kept.stop()
        for writer in writers:
            writer.result()
    assert begun
    kept.start(timeout=60)
    s3 = aws_client(kept, "s3")
    for worker, count in enumerate(counts):
        found = s3.list_objects_v2(Bucket="the-bucket", Prefix=f"{worker}/")["KeyCount"]
        assert found >= count


def test_a_closed_front_lets_nobody_in_and_waits_for_those_inside() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def moto(environ: Any, start: Any) -> Any:
        inside.set()
        go_on.wait(10)
        start("200 OK", [])
        return [b"done"]

    from botocore.credentials import Credentials

    keys, key = Keys("ROOT", "secret"), Credentials("ROOT", "secret")
    front = Front(moto, lambda *_: [b""], lambda: None, keys)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: b"".join(front(environ_of("iam", key), lambda *_: None)))
        inside.wait(10)
        closing = pool.submit(front.close, 10)
        assert until(lambda: front._closed)
        assert not closing.done()
        said: list[str] = []
        late = front(environ_of("iam", key), lambda status, *_: said.append(status))
        assert said[0].startswith("503")
        assert b"ServiceUnavailable" in b"".join(late)
        go_on.set()
        closing.result(10)
        assert first.result(10) == b"done"


class NoHosts:
    """A host manager that has none."""

    def kept(self) -> list[dict[str, Any]]:
        return []


def keeper_in(folder: Path) -> Keeper:
    keeper = Keeper(folder, cast(HostManager, NoHosts()))
    assert keeper.load() is None
    return keeper


def test_a_save_that_others_disturb_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = keeper_in(tmp_path)
    state, tries = keeper._state, iter([True, True, False])

    def disturbed() -> dict[str, Any]:
        if next(tries):
            raise RuntimeError("dictionary changed size during iteration")
        return state()

    monkeypatch.setattr(keeper, "_state", disturbed)
    keeper.save()
    assert (tmp_path / "state.pickle").exists()
    assert not (tmp_path / "state.new").exists()


def test_a_state_that_was_never_brought_back_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "state.pickle").write_bytes(b"precious")
    Keeper(tmp_path, cast(HostManager, NoHosts())).save()
    assert (tmp_path / "state.pickle").read_bytes() == b"precious"


def test_the_stamp_is_written_once_and_reaches_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: [synced.append(os.fstat(fd).st_ino), sync(fd)])
    keeper, stamp = keeper_in(tmp_path), tmp_path / "state.json"
    keeper.save()
    first = stamp.stat()
    assert first.st_ino in synced
    keeper.save()
    again = stamp.stat()
    assert (again.st_ino, again.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    for text in ('{"format": 0, "moto": "1.0"}', None):
        stamp.unlink()
        if text is not None:
            stamp.write_text(text)
        keeper.save()
        assert json.loads(stamp.read_text()) == keeper._stamp()


def test_the_rest_of_a_broken_save_goes_at_start(tmp_path: Path) -> None:
    (tmp_path / "state.new").write_bytes(b"half")
    keeper_in(tmp_path)
    assert not (tmp_path / "state.new").exists()


def test_a_save_that_fails_is_one_clear_sentence(kept: Sandbox) -> None:
    (kept.info.folder / "state.new").mkdir()
    with pytest.raises(SandboxError, match="Can't save the sandbox's state: Is a directory"):
        kept.save()
    (kept.info.folder / "state.new").rmdir()
    kept.save()


def test_parameters_come_back(kept: Sandbox, aws_client: Factory) -> None:
    ssm = aws_client(kept, "ssm")
    ssm.put_parameter(Name="/app/one", Value="1", Type="String", Tags=[{"Key": "a", "Value": "b"}])
    ssm.put_parameter(Name="/app/one", Value="2", Type="String", Overwrite=True)
    public = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    before = ssm.get_parameter(Name=public)["Parameter"]["Value"]
    kept.stop()
    kept.start(timeout=60)
    assert kept.warnings == () or "state" not in " ".join(kept.warnings)
    ssm = aws_client(kept, "ssm")
    assert ssm.get_parameter(Name="/app/one:1")["Parameter"]["Value"] == "1"
    assert ssm.get_parameter(Name="/app/one")["Parameter"]["Value"] == "2"
    assert ssm.get_parameter(Name=public)["Parameter"]["Value"] == before
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/app/one")["TagList"]
    assert tags == [{"Key": "a", "Value": "b"}]
    ssm.put_parameter(Name="/app/two", Value="3", Type="String", Tags=[{"Key": "c", "Value": "d"}])


# -- for nobody's eyes


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_file_with_secrets_is_private_from_its_first_byte(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        writer = _Writer(tmp_path / "state.new")
        writer.write(b"secret")
    finally:
        os.umask(before)
    assert mode(tmp_path / "state.new") == 0o600
    writer.close()


def test_a_kept_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    box = Sandbox(keep=folder, fast=True)
    box.start(timeout=60)
    try:
        box.save()
        assert mode(folder) == 0o700
        files = [path for path in folder.iterdir() if path.is_file()]
        assert {"state.pickle", "state.json", "daemon.log", "aws_config"} <= {f.name for f in files}
        assert {mode(path) for path in files} == {0o600}
    finally:
        box.stop()
    assert not (folder / "aws_config").exists()


def test_a_folder_that_holds_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.tex").touch()
    make_private(tmp_path)
    assert mode(tmp_path) == 0o755
    (tmp_path / "thesis.tex").unlink()
    (tmp_path / "state.json").touch()
    make_private(tmp_path)
    assert mode(tmp_path) == 0o700


# -- one folder, one sandbox


def test_a_second_sandbox_does_the_first_no_harm(kept: Sandbox, aws_client: Factory) -> None:
    folder = kept.info.folder
    before = {name: (folder / name).read_bytes() for name in ("aws_config", "ssh_config")}
    with (folder / "daemon.log").open("a") as log:
        log.write("a line of the first\n")
    for _ in range(2):
        second = Sandbox(keep=folder, fast=True)
        with pytest.raises(SandboxError, match="another sandbox uses its folder"):
            second.start()
        second.stop()
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert "a line of the first" in (folder / "daemon.log").read_text()
    aws_client(kept, "s3").list_buckets()


def test_a_sandbox_waits_for_one_whose_app_was_killed_and_that_still_saves(
    tmp_path: Path,
) -> None:
    asked: list[int] = []
    held = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)

    def waiting() -> None:
        asked.append(1)
        if len(asked) == 2:
            os.close(held)

    assert lock_in_time(tmp_path, waiting)
    assert len(asked) == 2


def test_a_state_that_was_set_aside_is_said_aloud(tmp_path: Path) -> None:
    heard: list[tuple[str, ...]] = []
    first = Sandbox(keep=tmp_path, fast=True)
    first.start(timeout=60)
    first.stop()
    stamp = json.loads((tmp_path / "state.json").read_text())
    (tmp_path / "state.json").write_text(json.dumps(stamp | {"moto": "1.0"}))
    second = Sandbox(keep=tmp_path, fast=True, on_warnings=heard.append)
    second.start(timeout=60)
    assert until(lambda: bool(heard), 60)
    second.stop()
    assert any("set aside" in text for text in heard[0])
