"""The six steps over fakes: what each needs, does, refuses, and says when it fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.workflow.fakes import FakeRemote, World, instance, small_csv, world
from tui.core.errors import AwsError, JobPaused, LocalError, UserError
from tui.core.jobs import Progress
from tui.core.ledger import Owner
from tui.core.ledger_folder import LedgerFolder, new_intent
from tui.workflow.data_steps import aligned
from tui.workflow.local import template
from tui.workflow.ports import Machine
from tui.workflow.steps import BY_ID, STEPS, StepBlocked, StepState


@pytest.fixture
def w(tmp_path: Path) -> World:
    return world(tmp_path)


def with_machine(w: World, **answers: object) -> FakeRemote:
    w.machines.found = [Machine(instance(), has_key=True)]
    return w.machines.remote


def state(w: World, step: str) -> StepState:
    return w.flow.report(BY_ID[step]).state


async def test_upload_makes_the_bucket_and_checks_the_size(w: World) -> None:
    await w.run("upload")
    assert w.s3.buckets["a-bucket"]["raw/trips.csv"] == small_csv()
    await w.run("upload")  # the bucket is ours by now; the same data needs no question
    assert not w.asked


async def test_another_object_of_that_key_is_replaced_only_after_a_yes(w: World) -> None:
    w.s3.buckets["a-bucket"] = {"raw/trips.csv": b"precious"}
    w.agree[0] = False
    with pytest.raises(StepBlocked):
        await w.run("upload")
    assert w.s3.buckets["a-bucket"]["raw/trips.csv"] == b"precious"
    assert state(w, "upload") is StepState.BLOCKED
    w.agree[0] = True
    await w.run("upload")
    assert w.s3.buckets["a-bucket"]["raw/trips.csv"] == small_csv()
    assert len(w.asked) == 2


async def test_a_missing_csv_is_a_sentence(w: World) -> None:
    w.flow.parameters.source.unlink()
    with pytest.raises(LocalError, match=r"trips\.csv"):
        await w.run("upload")
    assert state(w, "upload") is StepState.FAILED
    assert not w.s3.buckets


@pytest.mark.parametrize("step", ["subset", "develop", "send", "run", "results"])
async def test_a_step_that_lacks_something_is_blocked_and_says_what(w: World, step: str) -> None:
    with pytest.raises(StepBlocked) as caught:
        await w.run(step)
    assert state(w, step) is StepState.BLOCKED
    assert caught.value.message
    assert caught.value.hint


async def test_the_subset_is_in_the_code_drawer_as_pandas(w: World) -> None:
    await w.run("upload")
    await w.run("subset")
    assert w.flow.parameters.sample.read_bytes().count(b"\n") == 11
    (note,) = w.notes
    assert "read_csv" in note["pandas"]
    compile(note["pandas"], "note", "exec")


async def test_the_script_runs_on_the_sample(w: World) -> None:
    await w.run("upload")
    await w.run("subset")
    await w.run("develop")
    zones = (w.flow.parameters.folder / "local-results" / "fares-by-zone.csv").read_text()
    assert zones.splitlines()[0] == "zone,trips,miles,fares,tips,fare_per_mile,tip_pct"
    assert "10 trips" in w.said("develop")


async def test_an_edited_script_is_never_overwritten(w: World) -> None:
    await w.run("upload")
    await w.run("subset")
    script = w.flow.parameters.script
    script.write_text("print('mine')\n")
    await w.run("develop")
    assert script.read_text() == "print('mine')\n"
    assert "mine" in w.said("develop").splitlines()


async def test_a_script_that_fails_says_its_status_and_last_words(w: World) -> None:
    await w.run("upload")
    await w.run("subset")
    w.flow.parameters.script.write_text("import sys; print('a'); sys.exit('no column x')\n")
    with pytest.raises(UserError, match="exit status 1: no column x") as caught:
        await w.run("develop")
    assert "edit" in caught.value.hint
    assert state(w, "develop") is StepState.FAILED


async def test_cancelling_ends_the_local_script(w: World, tmp_path: Path) -> None:
    await w.run("upload")
    await w.run("subset")
    alive = tmp_path / "alive"
    w.flow.parameters.script.write_text(
        "import pathlib, time\nprint('on', flush=True)\nwhile True:\n"
        f"    pathlib.Path({str(alive)!r}).touch(); time.sleep(0.05)\n"
    )
    running = asyncio.create_task(w.run("develop"))
    while "on" not in w.said("develop").splitlines():
        await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert state(w, "develop") is StepState.CANCELLED
    alive.unlink(missing_ok=True)
    await asyncio.sleep(0.3)
    assert not alive.exists(), "the script still runs"


async def test_send_takes_the_machine_that_has_a_key_and_a_role(w: World) -> None:
    w.machines.found = [
        Machine(instance("i-nokey"), has_key=False),
        Machine(instance("i-norole", role=""), has_key=True),
        Machine(instance("i-good"), has_key=True),
    ]
    await w.run("send")
    assert w.machines.dialled == ["i-good"]
    assert w.machines.remote.files["skydeck/fares.py"].decode() == template()
    assert w.machines.remote.closed == 1


async def test_a_chosen_machine_is_taken_or_nothing(w: World) -> None:
    w.machines.found = [Machine(instance("i-good"), has_key=True)]
    w.flow.change("instance_id", "i-gone")
    with pytest.raises(StepBlocked, match="i-gone is not running"):
        await w.run("send")
    assert not w.machines.dialled


async def test_no_key_of_a_running_machine_blocks(w: World) -> None:
    w.machines.found = [Machine(instance(key="lost"), has_key=False)]
    with pytest.raises(StepBlocked, match="lost"):
        await w.run("send")


async def test_run_reads_progress_from_the_lines(w: World) -> None:
    await w.run("upload")
    remote = with_machine(w)
    remote.says = lambda c: (0, ["  10 trips   50%", "done  100%"] if "s3://" in c else [])
    await w.run("send")
    progress = Progress()
    await w.run("run", progress)
    assert progress.done == progress.total == len(small_csv())
    assert any("s3://a-bucket/raw/trips.csv s3://a-bucket/results/" in c for c in remote.commands)
    assert "done  100%" in w.said("run")


@pytest.mark.parametrize(
    ("status", "line", "words"),
    [
        (1, "no AWS credentials on this machine", "no credentials"),
        (1, "botocore.exceptions.NoCredentialsError: Unable to locate credentials", "credentials"),
        (1, "ClientError: An error occurred (AccessDenied)", "may not read or write a-bucket"),
        (137, "Killed", "want of memory"),
        (2, "ValueError: bad column", "exit status 2: ValueError: bad column"),
    ],
)
async def test_a_failed_run_says_why(w: World, status: int, line: str, words: str) -> None:
    await w.run("upload")
    remote = with_machine(w)
    await w.run("send")
    remote.says = lambda c: (status, [line]) if "s3://" in c else (0, [])
    with pytest.raises(UserError) as caught:
        await w.run("run")
    assert words in str(caught.value)
    assert remote.closed == 2


async def test_an_older_script_on_the_machine_is_not_run(w: World) -> None:
    await w.run("upload")
    remote = with_machine(w)
    await w.run("send")
    w.flow.parameters.script.write_text("print('newer')\n")
    with pytest.raises(StepBlocked, match="edited since"):
        await w.run("run")
    assert not any("s3://" in command for command in remote.commands)


async def test_a_cancelled_run_is_killed_there(w: World) -> None:
    await w.run("upload")
    remote = with_machine(w)
    await w.run("send")
    remote.hang = True
    running = asyncio.create_task(w.run("run"))
    while not any("s3://" in command for command in remote.commands):
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert any(command.startswith("kill ") for command in remote.commands)
    assert remote.closed == 2


async def test_results_are_shown_and_brought_home(w: World) -> None:
    w.s3.buckets["a-bucket"] = {"results/by-zone.csv": b"zone,n\nOld Town,3\n", "raw/x": b"1"}
    await w.run("results")
    assert "Old Town" in w.said("results")
    folder = w.flow.parameters.folder / "results"
    assert [path.name for path in folder.iterdir()] == ["by-zone.csv"]


async def test_a_hostile_result_name_stays_in_the_folder(w: World) -> None:
    w.s3.buckets["a-bucket"] = {"results/../../../escape.csv": b"a\n1\n"}
    await w.run("results")
    root = w.flow.parameters.folder
    assert [p for p in root.parent.parent.rglob("escape.csv") if root not in p.parents] == []


async def test_one_step_runs_at_a_time(w: World) -> None:
    await w.run("upload")
    remote = with_machine(w)
    await w.run("send")
    remote.hang = True
    running = asyncio.create_task(w.run("run"))
    await asyncio.sleep(0.05)
    with pytest.raises(StepBlocked, match="Run on the full set runs"):
        await w.run("upload")
    with pytest.raises(StepBlocked):
        w.flow.start_over()
    assert w.flow.running is BY_ID["run"]
    running.cancel()
    await asyncio.wait([running])
    w.flow.start_over()
    assert w.flow.remaining == STEPS


async def test_a_step_that_meets_an_outage_says_which(w: World) -> None:
    async def away(*_: object) -> None:
        raise JobPaused(UserError("The login of dev has expired", "a new one is needed"), "login")

    w.s3.upload = away  # type: ignore[method-assign]
    with pytest.raises(UserError, match="has expired"):
        await w.run("upload")
    assert "has expired" in str(w.flow.report(BY_ID["upload"]).error)


async def test_a_result_that_cant_be_fetched_leaves_no_ledger_held(w: World) -> None:
    folder, held = LedgerFolder(w.flow.parameters.folder.parent / "ledgers", Owner()), []

    async def broken(bucket: str, key: str, target: Path, progress: Progress) -> None:
        progress.ledger = folder.begin(new_intent("download", "download", key, bucket, 1, 1), [[1]])
        progress.ledger.settled = True
        held.append(progress.keeps)
        raise AwsError("Can't download it")

    w.s3.buckets["a-bucket"] = {"results/by-zone.csv": b"zone,n\nOld Town,3\n"}
    w.s3.download = broken  # type: ignore[method-assign]
    with pytest.raises(AwsError):
        await w.run("results")
    assert (held, list(folder._folder.iterdir())) == ([False], [])


async def test_a_fault_of_ours_is_told_without_its_words_and_comes_through(w: World) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("boom")

    w.s3.upload = broken  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="boom"):
        await w.run("upload")  # the jobs write it down and tell it
    report = w.flow.report(BY_ID["upload"])
    assert report.state is StepState.FAILED
    assert str(report.error) == "Upload to S3 failed: RuntimeError."
    assert "boom" not in w.said("upload")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("zone,n\nOld,3\nB,12\nmore,1\n", ["zone   n", "Old    3", "B     12"]),
        ('a,b\n"x,y",1\n', ["a    b", "x,y  1"]),
        ("no table at all\n", ["no table at all"]),
        ("a,b\n1,2,3\n", ["a,b", "1,2,3"]),
        ("", []),
    ],
)
def test_first_rows_are_shown_as_columns(text: str, shown: list[str]) -> None:
    assert aligned(text, 3) == shown
