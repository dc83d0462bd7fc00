"""What is kept is kept: whatever runs meanwhile, however long it takes, and for nobody's eyes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, cast

import pytest

from tests.sandbox.signing import environ_of
from tui.sandbox import Sandbox, SandboxError
from tui.sandbox.folder import make_private
from tui.sandbox.front import Front
from tui.sandbox.hosts.manager import HostManager
from tui.sandbox.keeping import Keeper, _Writer
from tui.sandbox.patches.access import Keys
from tui.sandbox.pulse import pulse

Factory = Callable[..., Any]

CHILD = """
import json, sys, time
def say(**event):
    print(json.dumps(event), flush=True)
sys.stdin.readline()
{start}
say(endpoint_url="http://127.0.0.1:9", access_key_id="K", isolated=True, warnings=["first"])
{life}
sys.stdin.read()
{end}
"""


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`stand_in(end="...")`: what the next sandbox's child does instead of the daemon's work."""
    monkeypatch.setattr("tui.sandbox.client.STOP_SECONDS", 1.0)

    def put(start: str = "", life: str = "", end: str = "") -> None:
        code = CHILD.format(start=start, life=life, end=end)

        def spawn(folder: Path, errors: IO[bytes]) -> subprocess.Popen[str]:
            return subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=folder,
                start_new_session=True,
            )

        monkeypatch.setattr("tui.sandbox.client._spawn", spawn)

    return put


# -- it may take its time


def test_a_child_that_is_saving_is_left_to_it(
    stand_in: Callable[..., None], tmp_path: Path
) -> None:
    beat = "for _ in range(12): say(busy='saving'); time.sleep(0.2)\n"
    stand_in(end=beat + "open('saved', 'w').close()")
    box = Sandbox(keep=tmp_path)
    box.start()
    box.stop()
    assert (tmp_path / "saved").exists()


def test_a_child_that_hangs_is_ended(stand_in: Callable[..., None], tmp_path: Path) -> None:
    stand_in(end="time.sleep(60)")
    box = Sandbox(keep=tmp_path)
    box.start()
    begun = time.monotonic()
    box.stop()
    assert time.monotonic() - begun < 10


def test_a_child_that_is_loading_is_waited_for(
    stand_in: Callable[..., None], tmp_path: Path
) -> None:
    stand_in(start="for _ in range(15): say(busy='loading'); time.sleep(0.2)")
    box = Sandbox(keep=tmp_path)
    box.start(timeout=1.5)
    box.stop()
    stand_in(start="time.sleep(60)")
    with pytest.raises(SandboxError, match="no sign within"):
        Sandbox(keep=tmp_path).start(timeout=0.5)


def test_work_is_told_of_while_something_moves() -> None:
    said: list[dict[str, Any]] = []
    written = iter(range(1000))
    with pulse(said.append, "saving", lambda: next(written)):
        time.sleep(2.3)
    assert said == [{"busy": "saving"}] * 2
    said.clear()
    with pulse(said.append, "saving", lambda: 7):
        time.sleep(2.3)
    assert said == []


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

    def write(worker: int) -> int:
        number = 0
        try:
            while True:
                s3.put_object(Bucket="the-bucket", Key=f"{worker}/{number}", Body=b"x")
                number += 1
        except (ClientError, BotoCoreError):
            return number

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, worker) for worker in range(4)]
        time.sleep(0.5)
        kept.stop()
        counts = [writer.result() for writer in writers]
    assert all(counts)
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
        time.sleep(0.2)
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


def test_a_state_that_was_set_aside_is_said_aloud(tmp_path: Path) -> None:
    heard: list[tuple[str, ...]] = []
    first = Sandbox(keep=tmp_path, fast=True)
    first.start(timeout=60)
    first.stop()
    stamp = json.loads((tmp_path / "state.json").read_text())
    (tmp_path / "state.json").write_text(json.dumps(stamp | {"moto": "1.0"}))
    second = Sandbox(keep=tmp_path, fast=True, on_warnings=heard.append)
    second.start(timeout=60)
    deadline = time.monotonic() + 20
    while not heard and time.monotonic() < deadline:
        time.sleep(0.05)
    second.stop()
    assert any("set aside" in text for text in heard[0])
