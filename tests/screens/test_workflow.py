"""The work flow pane in the running app, on the sandbox's real servers, by keys."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.clients import ClientFactory
from tests.support import running, screen_text, until
from tui.app import SkydeckApp
from tui.core.errors import LocalError
from tui.core.jobs import JobState, Progress
from tui.core.plans import Plan
from tui.core.records import IngressRule
from tui.sandbox import Sandbox
from tui.screens.ec2.screen import Ec2Screen
from tui.screens.launch.screen import LaunchScreen
from tui.screens.launch.state import S3_ROLE
from tui.screens.workflow.checklist import Checklist
from tui.screens.workflow.ports import ports_of
from tui.screens.workflow.screen import WorkflowScreen
from tui.settings import Settings
from tui.workflow import demo
from tui.workflow.steps import BY_ID, STEPS, StepState

ROWS = 4_000


@pytest.fixture
def small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo file of 4,000 rows: the whole one has its own test."""
    whole = demo.make_demo
    monkeypatch.setattr(
        "tui.workflow.data_steps.make_demo", lambda path, progress: whole(path, progress, ROWS)
    )


async def opened(app: SkydeckApp, pilot: Pilot[None], folder: Path) -> WorkflowScreen:
    """The pane, working in a folder of the test's own."""
    await pilot.press("5")
    await until(pilot, lambda: isinstance(app.screen, WorkflowScreen) and app.screen.flow)
    screen = app.screen
    assert isinstance(screen, WorkflowScreen)
    assert screen.flow is not None
    screen.flow.change("folder", str(folder))
    return screen


async def launched(app: SkydeckApp, keys: Path, role: bool = True) -> str:
    """An instance that one can log in to; returns its id."""
    from tui.aws.ec2.images import quick_start
    from tui.aws.ec2.keys import create_and_save

    services = app.services
    assert services is not None
    ec2 = services.ec2
    await create_and_save(ec2, "dana", "ed25519", keys)
    image = (await quick_start(services.gateway, "x86_64"))[0]
    rules = [IngressRule("tcp", 22, 22, "0.0.0.0/0")]
    group = await ec2.create_security_group("ssh", "ssh", await ec2.default_vpc(), rules)
    request: dict[str, Any] = {
        "ImageId": image.id, "InstanceType": "t3.micro", "KeyName": "dana",
        "SecurityGroupIds": [group.id], "MinCount": 1, "MaxCount": 1,
    }  # fmt: skip
    if role:
        request["IamInstanceProfile"] = {"Name": await ec2.create_s3_role("uses-s3")}
    (made,) = await ec2.run(request)
    assert services.sandbox is not None
    for _ in range(800):
        if await services.gateway.run(services.sandbox.endpoint, made.id):
            return made.id
        await asyncio.sleep(0.05)
    raise AssertionError("the instance's SSH server did not come up")


async def no_question(plan: Plan) -> bool:
    raise AssertionError(plan.title)


def settled(screen: WorkflowScreen, *ids: str) -> bool:
    """Whether none of these steps is to do or running."""
    assert screen.flow is not None
    waiting = (StepState.TODO, StepState.RUNNING)
    return all(screen.flow.report(BY_ID[one]).state not in waiting for one in ids)


async def test_all_six_steps_run_by_one_key(
    clean_sandbox: Sandbox, aws_client: ClientFactory, small_demo: None, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    async with running(clean_sandbox, settings=Settings(keys_folder=keys)) as (app, pilot):
        screen = await opened(app, pilot, tmp_path / "work")
        await launched(app, keys)
        await pilot.press("a")
        await until(pilot, lambda: settled(screen, *BY_ID), 60)
        assert screen.flow is not None
        states = [screen.flow.report(step).state for step in STEPS]
        said = [line.text for step in STEPS for line in screen.flow.log(step)]
        assert states == [StepState.DONE] * 6, said[-5:]
        await until(pilot, lambda: "all six steps done" in screen_text(app))
        assert app.services is not None
        causes = {entry.cause for entry in app.services.log.entries()}
        assert "Workflow: Upload to S3" in causes
    s3 = aws_client(clean_sandbox, "s3")
    table = s3.get_object(Bucket="skydeck-demo-000000000000", Key="results/fares-by-zone.csv")
    lines = table["Body"].read().decode().splitlines()
    assert lines[0].startswith("zone,trips,")
    assert sum(int(line.split(",")[1]) for line in lines[1:]) == ROWS
    home = tmp_path / "work" / "results" / "fares-by-zone.csv"
    assert home.read_text().splitlines() == lines
    assert (tmp_path / "work" / "sample.csv").read_bytes().count(b"\n") == ROWS // 50 + 1


async def test_a_run_without_a_role_says_that_a_role_is_missing(
    clean_sandbox: Sandbox, small_demo: None, tmp_path: Path
) -> None:
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        screen = await opened(app, pilot, tmp_path / "work")
        await launched(app, tmp_path, role=False)
        await pilot.press("a")
        await until(
            pilot, lambda: settled(screen, "upload", "subset", "develop", "send", "run"), 60
        )
        assert screen.flow is not None
        assert screen.flow.report(BY_ID["run"]).state is StepState.FAILED
        await until(pilot, lambda: "has no role" in screen_text(app).replace("\n", " "))
        assert screen.step is BY_ID["run"], "the cursor stands where it stopped"

        await pilot.press("i")
        await until(pilot, lambda: "Give it the role" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.jobs.snapshots()[0].verb == "give" and not app.jobs.running)
        assert app.jobs.snapshots()[0].state is JobState.DONE, app.jobs.snapshots()[0].note
        await pilot.press("a")
        await until(pilot, lambda: settled(screen, "results"), 60)
        assert not screen.flow.remaining


async def test_without_an_instance_it_stops_at_step_four_and_offers_the_wizard(
    clean_sandbox: Sandbox, small_demo: None, tmp_path: Path
) -> None:
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        screen = await opened(app, pilot, tmp_path / "work")
        await pilot.press("a")
        await until(pilot, lambda: settled(screen, "upload", "subset", "develop", "send"), 60)
        await until(pilot, lambda: "No instance to run on" in screen_text(app))
        assert "Press w to launch" in screen_text(app)
        await pilot.press("2", "5")
        await pilot.pause()
        assert "No instance to run on" in screen_text(app), "the checklist survives other panes"
        assert "✓ 1 Upload to S3" in screen_text(app)


async def test_w_opens_the_wizard_with_a_role_that_may_use_s3(
    clean_sandbox: Sandbox, tmp_path: Path
) -> None:
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        await opened(app, pilot, tmp_path / "work")
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen) and app.screen.step_pane)
        wizard = app.screen
        assert isinstance(wizard, LaunchScreen)
        assert wizard.wizard.draft.role == S3_ROLE
        await pilot.press("enter", "enter")
        await until(pilot, lambda: f"‹ {S3_ROLE} ›" in screen_text(app))


async def test_w_never_touches_a_launch_that_is_open_already(
    clean_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, Ec2Screen))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen) and app.screen.step_pane)
        wizard = app.screen
        launched: list[object] = []
        monkeypatch.setattr(LaunchScreen, "action_launch", launched.append)
        await app.switch_mode("workflow")
        await until(pilot, lambda: isinstance(app.screen, WorkflowScreen) and app.screen.flow)
        await pilot.press("w")
        await until(pilot, lambda: app.screen is wizard)
        await until(pilot, lambda: "A launch is open already" in screen_text(app))
        assert isinstance(wizard, LaunchScreen)
        assert wizard.wizard.draft.role == ""
        assert not launched, "w launches nothing"


@pytest.mark.parametrize("size_bytes", [1000, 20_000_000])
async def test_an_object_is_compared_by_its_checksum(
    clean_sandbox: Sandbox, aws_client: ClientFactory, tmp_path: Path, size_bytes: int
) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(b"a,b\n" * (size_bytes // 4))
    async with running(clean_sandbox) as (app, _):
        assert app.services is not None
        services = app.services
        await services.s3.create_bucket("a-bucket")
        await services.transfers.upload("a-bucket", "data.csv", file, Progress())
        store = ports_of(services, no_question).store
        assert await store.holds("a-bucket", "data.csv", file)
        assert not await store.holds("a-bucket", "gone.csv", file)
        file.write_bytes(b"a;b\n" * (size_bytes // 4))
        assert not await store.holds("a-bucket", "data.csv", file)
        file.unlink()
        with pytest.raises(LocalError, match=r"Can't read data\.csv"):
            await store.holds("a-bucket", "data.csv", file)


@pytest.mark.parametrize("text", ["~nosuchuser/x.csv", "/" + "x" * 300, "/nowhere/\0x"])
async def test_a_hostile_path_is_judged_as_it_is_typed(
    clean_sandbox: Sandbox, tmp_path: Path, text: str
) -> None:
    async with running(clean_sandbox) as (app, pilot):
        screen = await opened(app, pilot, tmp_path / "work")
        await pilot.press("e", "enter")  # step 1, its data
        await until(pilot, lambda: app.screen.query("#path-field"))
        field = app.screen.query_one("#path-field", Input)
        for part in (text[: len(text) // 2], text):
            field.value = part
            await pilot.pause()
        await until(pilot, lambda: "✗" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)


async def test_a_parameter_is_changed_by_keys_and_judged(
    clean_sandbox: Sandbox, tmp_path: Path
) -> None:
    async with running(clean_sandbox) as (app, pilot):
        screen = await opened(app, pilot, tmp_path / "work")
        await pilot.press("down", "e", "enter")  # step 2, the first of its parameters
        await until(pilot, lambda: app.screen is not screen)
        await pilot.pause()
        await pilot.press("end", "backspace", "backspace", "0", "enter")
        assert app.screen is not screen, "0 is no step"
        await pilot.press("backspace", "2", "5", "enter")
        await until(pilot, lambda: app.screen is screen)
        await until(pilot, lambda: "each 25th row" in screen_text(app))


async def test_a_hostile_bucket_name_shows_literally(
    clean_sandbox: Sandbox, tmp_path: Path
) -> None:
    async with running(clean_sandbox) as (app, pilot):
        screen = await opened(app, pilot, tmp_path / "work")
        assert screen.flow is not None
        screen.flow.change("key", "raw/[@click=app.quit]x[/].csv")
        await until(pilot, lambda: "[@click=app.quit]x[/]" in screen_text(app))


async def test_the_script_is_edited_and_kept(clean_sandbox: Sandbox, tmp_path: Path) -> None:
    async with running(clean_sandbox) as (app, pilot):
        screen = await opened(app, pilot, tmp_path / "work")
        await pilot.press("v")
        await until(pilot, lambda: app.screen is not screen)
        await pilot.pause()
        await pilot.press("#", "escape")
        await pilot.pause()
        assert app.screen is not screen, "changes are not dropped by one escape"
        await pilot.press("!", "ctrl+s")
        script = tmp_path / "work" / "fares.py"
        await until(pilot, lambda: app.screen is screen and script.read_text().startswith("#!"))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12), (200, 60)])
async def test_the_pane_stands_at_any_size(
    clean_sandbox: Sandbox, size: tuple[int, int], tmp_path: Path
) -> None:
    async with running(clean_sandbox, size=size) as (app, pilot):
        screen = await opened(app, pilot, tmp_path / "work")
        checklist = screen.query_one(Checklist)
        assert app.focused is checklist
        await pilot.press("G")
        assert screen.step is STEPS[-1]
        await until(pilot, lambda: "Results" in screen_text(app))
