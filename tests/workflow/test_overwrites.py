"""Nothing of the user's is replaced unasked: objects, local files, the script on a machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.workflow.fakes import FakeRemote, World, instance, small_csv, world
from tui.core.errors import LocalError
from tui.core.plans import Plan, Risk
from tui.workflow.ports import Machine
from tui.workflow.steps import BY_ID, StepBlocked, StepState
from tui.workflow.written import RECORD_NAME, Written, mark_of

RESULTS = {"results/by-zone.csv": b"zone,n\nOld Town,3\n", "results/by-hour.csv": b"hour,n\n1,2\n"}


@pytest.fixture
def w(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.flow.parameters.folder.mkdir()
    return made


def with_machine(w: World) -> FakeRemote:
    w.machines.found = [Machine(instance(), has_key=True)]
    return w.machines.remote


async def test_the_same_bytes_in_s3_are_neither_asked_about_nor_sent_again(w: World) -> None:
    await w.run("upload")
    sent: list[str] = []
    upload = w.s3.upload

    async def watched(bucket: str, key: str, path: Path, progress: object) -> None:
        sent.append(key)
        await upload(bucket, key, path, progress)  # type: ignore[arg-type]

    w.s3.upload = watched  # type: ignore[method-assign]
    assert "there already" in await w.run("upload")
    assert (w.asked, sent) == ([], [])


async def test_other_bytes_of_the_same_size_are_asked_about(w: World) -> None:
    theirs = small_csv().swapcase()
    w.s3.buckets["a-bucket"] = {"raw/trips.csv": theirs}
    w.agree[0] = False
    with pytest.raises(StepBlocked, match="was kept"):
        await w.run("upload")
    assert w.s3.buckets["a-bucket"]["raw/trips.csv"] == theirs
    w.agree[0] = True
    await w.run("upload")
    assert w.s3.buckets["a-bucket"]["raw/trips.csv"] == small_csv()
    assert len(w.asked) == 2


async def test_an_object_without_a_checksum_is_asked_about(w: World) -> None:
    await w.run("upload")
    w.s3.told = False
    await w.run("upload")
    assert [plan.title for plan in w.asked] == ["Replace raw/trips.csv"]


async def test_a_sample_of_the_users_is_kept_unless_they_agree(w: World) -> None:
    sample = w.flow.parameters.sample
    sample.write_text("mine, for years\n")
    await w.run("upload")
    w.agree[0] = False
    with pytest.raises(StepBlocked, match=r"sample\.csv was there already and kept") as caught:
        await w.run("subset")
    assert "another folder" in caught.value.hint
    assert sample.read_text() == "mine, for years\n"
    assert w.flow.report(BY_ID["subset"]).state is StepState.BLOCKED
    (plan,) = w.asked
    assert plan.risk is Risk.CAREFUL
    assert plan.items[0][0] == "sample.csv"
    w.agree[0] = True
    await w.run("subset")
    assert sample.read_bytes().count(b"\n") == 11


async def test_a_sample_that_the_flow_wrote_is_replaced_unasked_in_any_session(
    w: World, tmp_path: Path
) -> None:
    await w.run("upload")
    await w.run("subset")
    await w.run("subset")
    later = world(tmp_path)
    later.s3.buckets = w.s3.buckets
    await later.run("subset")
    assert not w.asked
    assert not later.asked


async def test_a_sample_that_was_edited_is_the_users(w: World) -> None:
    await w.run("upload")
    await w.run("subset")
    sample = w.flow.parameters.sample
    sample.write_text(sample.read_text().replace("Zone 1", "Zone X"))
    w.agree[0] = False
    with pytest.raises(StepBlocked):
        await w.run("subset")
    assert "Zone X" in sample.read_text()


async def test_a_sample_that_appears_while_it_is_pulled_is_kept(w: World) -> None:
    await w.run("upload")
    sample, read_range = w.flow.parameters.sample, w.s3.read_range

    async def meanwhile(bucket: str, key: str, start: int, length: int) -> bytes:
        sample.write_text("just saved")
        return await read_range(bucket, key, start, length)

    w.s3.read_range = meanwhile  # type: ignore[method-assign]
    with pytest.raises(LocalError, match=r"Didn't replace sample\.csv"):
        await w.run("subset")
    assert sample.read_text() == "just saved"
    assert sorted(one.name for one in sample.parent.iterdir()) == ["sample.csv"]


async def test_results_of_the_users_are_kept_unless_they_agree(w: World) -> None:
    w.s3.buckets["a-bucket"] = dict(RESULTS)
    mine = w.flow.parameters.folder / "results" / "by-zone.csv"
    mine.parent.mkdir()
    mine.write_text("my thesis")
    w.agree[0] = False
    with pytest.raises(StepBlocked, match="kept"):
        await w.run("results")
    assert [one.name for one in mine.parent.iterdir()] == ["by-zone.csv"]
    assert mine.read_text() == "my thesis"
    (plan,) = w.asked
    assert [name for name, _ in plan.items] == ["results/by-zone.csv"]
    w.agree[0] = True
    await w.run("results")
    assert mine.read_bytes() == RESULTS["results/by-zone.csv"]
    await w.run("results")
    assert len(w.asked) == 2, "what the flow brought home is its own"


async def test_a_result_that_appears_after_the_question_is_kept(w: World) -> None:
    w.s3.buckets["a-bucket"] = dict(RESULTS)
    last = w.flow.parameters.folder / "results" / "by-zone.csv"
    read_range = w.s3.read_range

    async def meanwhile(bucket: str, key: str, start: int, length: int) -> bytes:
        if key.endswith("zone.csv"):
            last.write_text("just saved")
        return await read_range(bucket, key, start, length)

    w.s3.read_range = meanwhile  # type: ignore[method-assign]
    with pytest.raises(LocalError, match=r"by-zone\.csv"):
        await w.run("results")
    assert last.read_text() == "just saved"


async def test_a_script_that_was_edited_on_the_machine_is_kept_unless_they_agree(w: World) -> None:
    remote = with_machine(w)
    remote.files["skydeck/fares.py"] = b"print('edited there')\n"
    w.agree[0] = False
    with pytest.raises(StepBlocked, match="was kept"):
        await w.run("send")
    assert remote.files["skydeck/fares.py"] == b"print('edited there')\n"
    assert remote.closed == 1
    w.agree[0] = True
    await w.run("send")
    w.flow.parameters.script.write_text("print('newer here')\n")
    await w.run("send")
    assert len(w.asked) == 2, "the one that was sent is the flow's own"
    assert remote.files["skydeck/fares.py"] == b"print('newer here')\n"


def ours(written: Written, path: Path) -> bool:
    """Whether the flow wrote this file as it is."""
    return written.knows(path.name, mark_of(path))


def test_a_mark_is_of_one_state_of_one_file(tmp_path: Path) -> None:
    file, written = tmp_path / "a", Written(tmp_path)
    assert mark_of(file) == ""
    assert not ours(written, file)
    file.write_text("1")
    written.wrote(file)
    assert ours(written, file)
    os.utime(file, ns=(1, 1))
    assert not ours(written, file), "the same size at another time"
    file.unlink()
    file.symlink_to(tmp_path / "b")
    assert not ours(written, file)


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', "\x00", '{"a"'])
def test_a_damaged_record_knows_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / RECORD_NAME).write_text(text)
    written = Written(tmp_path)
    assert not ours(written, tmp_path / "a")
    written.wrote(tmp_path / "a")
    assert ours(written, tmp_path / "a")


def test_a_record_that_cannot_be_kept_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    (tmp_path / "a").write_text("x")
    monkeypatch.setattr(Path, "write_text", full)
    Written(tmp_path).wrote(tmp_path / "a")
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_plans_say_what_is_lost() -> None:
    from tui.workflow.written import _plan

    plan: Plan = _plan(Path("/work"), [("a", "1 B, 2h old"), ("b", "3 B, 1y old")])
    assert plan.title == "Replace 2 files"
    assert plan.warning
