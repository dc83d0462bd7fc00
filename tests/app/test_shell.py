"""The shell round the panes: connecting, switching, drawers, help, palette, leaving."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import running, screen_text, until
from tui.core.errors import UserError
from tui.core.jobs import Job
from tui.core.records import Instance
from tui.sandbox import Sandbox
from tui.screens.base import BaseScreen
from tui.settings import Settings

HOSTILE = ("x[/y]", "a[bold]b", "[@click=app.quit]x[/]", "\x1b[31mred", "a\u202egpj.exe")


async def endless(job: Job) -> str:
    """A job that runs until it is cancelled."""
    job.progress.expect(total=100, items=3)
    job.progress.advance(62, 1)
    await asyncio.sleep(3600)
    return ""


async def test_without_credentials_the_first_run_screen_offers_ways_to_start() -> None:
    async with running() as (app, pilot):
        await until(pilot, lambda: "Where do you want to start?" in screen_text(app))
        shown = screen_text(app)
        assert "Sandbox" in shown
        assert "Set up credentials" in shown
        await pilot.press("down")
        await until(pilot, lambda: "aws configure sso" in screen_text(app))


async def test_profiles_of_the_aws_config_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile ops[/x]]\nregion = eu-west-1\nsso_session = a\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    async with running() as (app, pilot):
        await until(pilot, lambda: "ops[/x]" in screen_text(app))
        assert "eu-west-1" in screen_text(app)


async def test_choosing_another_profile_can_be_left_again(sandbox: Sandbox) -> None:
    async with running(sandbox) as (app, pilot):
        await pilot.press("P")
        await until(pilot, lambda: "Where do you want to start?" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.current_mode == "s3")
        await pilot.press("P")
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "s3" and app.services is not None)
        await until(pilot, lambda: "SANDBOX" in screen_text(app))


async def test_the_header_says_where_one_is(sandbox: Sandbox) -> None:
    async with running(sandbox, read_only=True) as (app, pilot):
        await until(pilot, lambda: "READ-ONLY" in screen_text(app))
        top = screen_text(app).splitlines()[0]
        assert "SANDBOX" in top
        assert "000000000000" in top
        assert "us-east-1" in top


async def test_every_pane_opens_by_digit_and_by_function_key(sandbox: Sandbox) -> None:
    async with running(sandbox) as (app, pilot):
        for key, mode in (("2", "ec2"), ("3", "console"), ("4", "cost"), ("5", "workflow")):
            await pilot.press(key)
            await until(pilot, lambda mode=mode: app.current_mode == mode)
        await pilot.press("f1")
        assert app.current_mode == "s3"


@pytest.mark.parametrize("size", [(20, 6), (40, 12), (80, 24), (120, 40), (300, 80)])
async def test_no_size_breaks_a_pane(sandbox: Sandbox, size: tuple[int, int]) -> None:
    async with running(sandbox, size=size) as (app, pilot):
        for key in "12345":
            await pilot.press(key)
            await pilot.pause(0.05)
            lines = screen_text(app).splitlines()
            assert len(lines) == size[1]
        await pilot.press("1", "question_mark")
        await pilot.pause()
        await pilot.press("escape")


async def test_help_and_palette_are_made_from_the_key_map(sandbox: Sandbox) -> None:
    async with running(sandbox) as (app, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: "Select the row and move down" in screen_text(app))
        await pilot.press("end")
        await until(pilot, lambda: "Mark all six steps as to do" in screen_text(app))
        await pilot.press("escape")
        await pilot.press("ctrl+p")
        await pilot.pause(0.2)
        await pilot.press(*"theme")
        await until(pilot, lambda: "Switch to the next theme" in screen_text(app))
        before = app.theme
        await pilot.pause(0.3)
        await pilot.press("enter")
        await until(pilot, lambda: app.theme != before)


async def test_in_a_drawer_help_begins_with_its_keys_and_the_palette_has_them(
    sandbox: Sandbox,
) -> None:
    async with running(sandbox) as (app, pilot):
        app.jobs.start("upload", "raw/", endless)
        await pilot.press("J")
        await until(pilot, lambda: app.screen.query("JobsDrawer"))
        await pilot.press("question_mark")
        await until(pilot, lambda: "Have the job rest, or go on" in screen_text(app))
        await pilot.press("escape")
        await pilot.press("ctrl+p")
        await pilot.pause(0.2)
        await pilot.press(*"cancel")
        await until(pilot, lambda: "jobs.cancel" in screen_text(app))
        await pilot.pause(0.3)
        await pilot.press("enter")
        await until(pilot, lambda: not app.jobs.running)


async def test_a_job_shows_in_strip_tabs_and_drawer_and_can_be_cancelled(sandbox: Sandbox) -> None:
    async with running(sandbox) as (app, pilot):
        app.jobs.start("upload", HOSTILE[0], endless)
        await until(pilot, lambda: "1 job" in screen_text(app))
        assert "62%" in screen_text(app)
        await pilot.press("J")
        await until(pilot, lambda: "upload x[/y]" in screen_text(app).split("Jobs", 1)[-1])
        await pilot.press("x")
        await until(pilot, lambda: "cancelled" in screen_text(app))
        await pilot.press("J")
        await until(pilot, lambda: not app.screen.query("JobsDrawer"))


async def test_quitting_names_what_still_runs(sandbox: Sandbox) -> None:
    async with running(sandbox) as (app, pilot):
        app.jobs.start("upload", "big.csv", endless)
        await pilot.press("q")
        await until(pilot, lambda: "Quit while something runs" in screen_text(app))
        assert "upload big.csv" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.is_running
        await pilot.press("q")
        await until(pilot, lambda: "Quit while something runs" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: not app.is_running)


async def test_quitting_asks_nothing_when_nothing_runs(clean_sandbox: Sandbox) -> None:
    async with running(clean_sandbox) as (app, pilot):
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)


@pytest.mark.parametrize("name", HOSTILE)
async def test_toasts_show_hostile_names_as_they_are(sandbox: Sandbox, name: str) -> None:
    from tui.core.safe_text import visible

    async with running(sandbox) as (app, pilot):
        app.say(f"sent {name}", title=name)
        app.complain(UserError(f"Can't send {name}", name, name))
        await until(pilot, lambda: visible(name) in screen_text(app))
        await pilot.pause()
        assert app.is_running


async def test_the_code_drawer_opens_with_the_last_action(clean_sandbox: Sandbox) -> None:
    from tui.aws.calls import caused_by

    async with running(clean_sandbox) as (app, pilot):
        assert app.services is not None
        await until(pilot, lambda: "There are no buckets yet" in screen_text(app))
        with caused_by("List x[/y]"):
            await app.services.gateway.call("s3", "list_buckets")
        await pilot.press("C")
        await until(pilot, lambda: "client.list_buckets(" in screen_text(app))
        shown = screen_text(app)
        assert "aws s3api list-buckets" in shown
        assert "List x[/y]" in shown
        assert "AKIA" not in shown
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.query("CodeDrawer"))


async def test_calls_of_one_cause_are_one_action_with_its_pandas_form(
    clean_sandbox: Sandbox,
) -> None:
    from tui.aws.calls import caused_by

    async with running(clean_sandbox) as (app, pilot):
        services = app.services
        assert services is not None
        await until(pilot, lambda: "There are no buckets yet" in screen_text(app))
        with caused_by("Look at things"):
            await services.gateway.call("s3", "list_buckets")
            await services.gateway.call("ec2", "describe_key_pairs")
        services.log.note("Look at things", pandas="pd.read_csv(1)")
        await pilot.press("C")
        await until(pilot, lambda: "describe_key_pairs(" in screen_text(app))
        assert "list_buckets(" in screen_text(app)
        await pilot.press("tab")
        await until(pilot, lambda: "pd.read_csv(1)" in screen_text(app))


async def test_the_exported_session_is_a_script_that_runs(
    clean_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.aws.calls import caused_by

    monkeypatch.chdir(tmp_path)
    async with running(clean_sandbox) as (app, pilot):
        assert app.services is not None
        with caused_by("Make a bucket"):
            await app.services.s3.create_bucket("exported-bucket", "us-east-1")
            await app.services.s3.delete_bucket("exported-bucket")
        await pilot.press("C", "s")
        await until(pilot, lambda: list(tmp_path.glob("skydeck-session-*.py")))
    (script,) = tmp_path.glob("skydeck-session-*.py")
    info = clean_sandbox.info
    assert info.secret_access_key not in script.read_text()
    assert info.access_key_id not in script.read_text()
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(script)],
        env={**os.environ, "AWS_ACCESS_KEY_ID": "AKIAOWN", "AWS_SECRET_ACCESS_KEY": "own"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"profile": "nobody"}, "nobody"),
        ({"endpoint_url": "http://127.0.0.1:9", "profile": ""}, "Can't|can't|Not|No "),
    ],
)
async def test_a_connection_that_fails_is_a_sentence_in_the_pane(
    options: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalr-secret")
    async with running(**options) as (app, pilot):
        await until(pilot, lambda: app.connect_error is not None, 60)
        await until(pilot, lambda: "What may help" in screen_text(app))
        shown = screen_text(app)
        assert any(word in shown for word in words.split("|"))
        assert "Traceback" not in shown
        assert "wJalr" not in shown


async def test_a_theme_of_the_settings_is_used_and_a_wrong_one_is_said(sandbox: Sandbox) -> None:
    settings = Settings(theme="skydeck-paper", complaints=("settings: neon is not known",))
    async with running(sandbox, settings=settings) as (app, pilot):
        assert app.theme == "skydeck-paper"
        await until(pilot, lambda: "neon is not known" in screen_text(app))


async def test_the_users_own_keys_are_in_footer_and_help_and_work(sandbox: Sandbox) -> None:
    wished = Settings(keys={"s3.create": "N", "app.help": "f9"})
    async with running(sandbox, settings=wished) as (app, pilot):
        await pilot.press("f9")
        await until(pilot, lambda: "Create a bucket" in screen_text(app))
        line = next(row for row in screen_text(app).splitlines() if "Create a bucket" in row)
        assert line.split()[0] == "N"
        await pilot.press("escape", "N")
        await until(pilot, lambda: "New bucket" in screen_text(app))


async def test_an_endpoint_of_the_command_line_stays_when_a_profile_is_chosen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile lab]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    async with running(endpoint_url="http://127.0.0.1:9") as (app, pilot):
        await until(pilot, lambda: "at http://127.0.0.1:9" in screen_text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.wish.profile == "lab")
        assert app.wish.endpoint_url == "http://127.0.0.1:9"


async def test_a_header_that_aws_no_longer_confirms_says_since_when(sandbox: Sandbox) -> None:
    async with running(sandbox) as (app, pilot):
        assert app.services is not None
        fleet = app.services.fleet
        await until(pilot, lambda: fleet.state.asked_at is not None)

        async def refused() -> tuple[Instance, ...]:
            raise UserError("Can't list instances", "the network is down")

        fleet._ec2.instances = refused  # type: ignore[method-assign]
        await fleet.refresh()
        await until(pilot, lambda: "▲ as of" in screen_text(app))


@pytest.mark.parametrize("drawer", ["J", "C"])
async def test_a_panes_keys_do_nothing_while_a_drawer_has_the_focus(
    sandbox: Sandbox, drawer: str
) -> None:
    async with running(sandbox) as (app, pilot):
        await until(pilot, lambda: app.current_mode == "s3")
        await pilot.press(drawer)
        await until(pilot, lambda: app.screen.query("JobsDrawer, CodeDrawer"))
        await pilot.press("n")
        await pilot.pause()
        assert not app.screen.is_modal
        await pilot.press(drawer)
        await until(pilot, lambda: not app.screen.query("JobsDrawer, CodeDrawer"))
        await pilot.press("n")
        await until(pilot, lambda: app.screen.is_modal)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_code_drawer_shows_python_and_the_command_line(
    clean_sandbox: Sandbox, size: tuple[int, int]
) -> None:
    async with running(clean_sandbox, size=size) as (app, pilot):
        await until(pilot, lambda: "There are no buckets yet" in screen_text(app))
        await pilot.press("C")
        await until(pilot, lambda: "aws s3api list-buckets" in screen_text(app))
        assert "import boto3" in screen_text(app)
        assert "no secret is ever shown here" in screen_text(app)


async def test_the_palette_tells_an_actions_id(sandbox: Sandbox) -> None:
    async with running(sandbox) as (app, pilot):
        await pilot.press("ctrl+p")
        await pilot.pause(0.2)
        await pilot.press(*"jobs")
        await until(pilot, lambda: "app.jobs" in screen_text(app))


@pytest.mark.parametrize(
    ("pane", "wished", "told"),
    [
        ("1", {"s3.goto": "Y"}, "Y go to"),
        ("1", {"s3.refresh": "f9"}, "F9 look again"),
        ("1", {"s3.create": "N"}, "N create the first bucket"),
        ("2", {"ec2.launch": "L"}, "L launch one, in six steps"),
        ("3", {"app.ec2": "f9", "ec2.launch": "L"}, "F9 go to EC2 and launch one with L"),
        ("4", {"cost.refresh": "f9"}, "F9 refresh"),
        ("1", {"app.palette": "f9"}, "F9 palette"),
    ],
)
async def test_every_hint_tells_the_users_own_key(
    clean_sandbox: Sandbox, pane: str, wished: dict[str, str], told: str
) -> None:
    async with running(clean_sandbox, settings=Settings(keys=wished)) as (app, pilot):
        await pilot.press(f"f{pane}" if "app.ec2" not in wished else pane)
        await until(pilot, lambda: told in screen_text(app))


async def test_the_first_run_screen_tells_the_users_own_keys() -> None:
    async with running(settings=Settings(keys={"first.theme": "f9"})) as (app, pilot):
        await until(pilot, lambda: "F9 theme" in screen_text(app))


@pytest.mark.parametrize("key", "2345")
async def test_a_pane_learns_of_a_connection_once_and_hears_one_fleet(
    clean_sandbox: Sandbox, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[str] = []
    changed = BaseScreen._connection_changed

    def told(screen: BaseScreen) -> None:
        connected.append(screen.room)
        changed(screen)

    monkeypatch.setattr(BaseScreen, "_connection_changed", told)
    async with running(clean_sandbox) as (app, pilot):
        connected.clear()
        await pilot.press(key)
        await until(pilot, lambda: connected)
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, BaseScreen)
        assert connected == [screen.room]
        assert app.services is not None
        assert app.services.fleet.listeners.count(screen._fleet_told) == 1
