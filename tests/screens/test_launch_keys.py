"""What a key may do in the wizard: nothing but `L` spends, and nothing typed ends the app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, TextArea

from tests.screens.ec2_support import at_ec2, at_review, launched, listed, make_key, wizard
from tests.support import screen_text, until
from tui.core.errors import AwsError
from tui.core.jobs import Job
from tui.launch import edit
from tui.screens.ec2.screen import Ec2Screen
from tui.screens.launch.dialogs import UserDataDialog
from tui.widgets.drawers import CodeDrawer
from tui.widgets.form import DIGITS, TextField
from tui.widgets.jobs_drawer import JobsDrawer

LONG = "9" * 5_000


async def a_job(_job: Job) -> str:
    return "done"


async def nothing_is_launched(app: Any, pilot: Any) -> None:
    """Give a launch the time to begin, and see that there is none."""
    for _ in range(5):
        await pilot.pause(0.02)
    assert [job for job in app.jobs.snapshots() if job.verb == "launch"] == []
    assert (await app.services.ec2.instances()) == ()


# -- only L launches -----------------------------------------------------------------------


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_enter_held_down_stops_at_the_review_and_says_which_key_launches(
    clean_sandbox: Any, tmp_path: Path, size: tuple[int, int]
) -> None:
    async with at_ec2(clean_sandbox, tmp_path, size) as (app, pilot):
        await make_key(app, tmp_path)
        screen = await wizard(app, pilot)
        await pilot.press(*["enter"] * 20)
        await until(pilot, lambda: screen.at == "review")
        await pilot.press(*["enter"] * 5)
        await nothing_is_launched(app, pilot)
        assert "L launches it" in screen_text(app)
        await pilot.press("5")
        await until(pilot, lambda: screen.at == "tags")
        assert "L launches it" not in screen_text(app)


@pytest.mark.parametrize("key", ["l", "enter"])
async def test_opening_a_row_of_the_review_launches_nothing(
    clean_sandbox: Any, tmp_path: Path, key: str
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await make_key(app, tmp_path)
        screen = await at_review(app, pilot)
        screen.query_one("#review-keys").focus()
        await pilot.press(key)
        await nothing_is_launched(app, pilot)
        assert "L launches it" in screen_text(app)
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, Ec2Screen))


@pytest.mark.parametrize("key", ["enter", "l", "L"])
@pytest.mark.parametrize(("opened", "drawer"), [("J", JobsDrawer), ("C", CodeDrawer)])
async def test_no_key_in_a_drawer_over_the_review_launches(
    clean_sandbox: Any, tmp_path: Path, key: str, opened: str, drawer: type
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await make_key(app, tmp_path)
        await app.jobs.start("count", "something", a_job).wait()
        screen = await at_review(app, pilot)
        await pilot.press(opened)
        await until(pilot, lambda: screen.query(drawer))
        await pilot.pause()
        await pilot.press(key)
        await nothing_is_launched(app, pilot)
        assert screen.at == "review"
        assert "L launches it" not in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: not screen.query(drawer))
        assert screen.at == "review"


async def test_enter_in_the_jobs_drawer_turns_no_page(clean_sandbox: Any, tmp_path: Path) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await app.jobs.start("count", "something", a_job).wait()
        screen = await wizard(app, pilot)
        await pilot.press("J")
        await until(pilot, lambda: screen.query(JobsDrawer))
        await pilot.pause()
        await pilot.press("enter", "l")
        await pilot.pause(0.1)
        assert screen.at == "image"


async def test_the_jobs_drawer_keeps_its_tables_messages(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await launched(app, "box")
        screen = await listed(app, pilot, 1)
        heard: list[str | None] = []
        for name in ("on_record_table_opened", "on_record_table_moved"):
            monkeypatch.setattr(
                Ec2Screen, name, lambda _, event: heard.append(event.table.id), raising=False
            )
        for _ in range(2):
            await app.jobs.start("count", "something", a_job).wait()
        await pilot.press("J")
        await until(pilot, lambda: screen.query(JobsDrawer))
        await pilot.pause()
        await pilot.press("down", "enter")
        await pilot.pause()
        assert "jobs-table" not in heard  # the pane's own table goes on telling it


async def test_a_launch_that_waits_is_dropped_with_its_region(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio
    from dataclasses import replace

    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await make_key(app, tmp_path)
        screen = await at_review(app, pilot)
        pane, go_on = screen._panes["review"], asyncio.Event()
        monkeypatch.setattr(pane, "checked", go_on.wait)
        await pilot.press("L")
        await pilot.pause()
        app.connect_to(replace(app.wish, region="eu-west-1"))
        await until(pilot, lambda: app.services is not None)
        await until(pilot, lambda: screen.step_pane is not None and screen.at == "image")
        go_on.set()
        await nothing_is_launched(app, pilot)
        for _ in range(6):
            await pilot.press("enter")
        await until(pilot, lambda: screen.at == "review")
        await pilot.press("L")  # and the next one is not held back
        await until(pilot, lambda: isinstance(app.screen, Ec2Screen))
        assert (await app.services.ec2.instances())[0].region == "eu-west-1"


# -- what is typed -------------------------------------------------------------------------


async def test_digits_without_end_are_refused_as_typed(clean_sandbox: Any, tmp_path: Path) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await wizard(app, pilot)
        await pilot.press("enter", "m", "enter")
        await until(pilot, lambda: screen.at == "details")
        await pilot.pause()
        for name, most in (("count", DIGITS), ("max_price", 16)):
            field = screen.query_one(f"#field-{name} Input", Input)
            field.focus()
            await pilot.press(*"9" * 40)
            assert field.value == "9" * most
        assert "20 instances at most" in screen_text(app)
        screen.query_one("#field-count Input", Input).value = "1"
        screen.query_one("#field-max_price Input", Input).value = ""
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: screen.at == "storage")
        for name in ("size_gib", "iops", "throughput_mibps"):
            field = screen.query_one(f"#field-{name} Input", Input)
            field.focus()
            await pilot.press(*"9" * 40)
            assert field.value == "9" * DIGITS
        assert "65,536 GiB" in screen_text(app)


async def test_digits_without_end_end_nothing_however_they_came(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await wizard(app, pilot)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: screen.at == "details")
        await pilot.pause()
        screen.query_one("#field-count Input", Input).value = LONG
        await pilot.pause()
        assert screen.wizard.draft.count == 10**DIGITS - 1
        screen.query_one("#field-count Input", Input).value = "1"
        await pilot.press("enter")
        await until(pilot, lambda: screen.at == "storage")
        await pilot.pause()
        for name in ("size_gib", "iops", "throughput_mibps"):
            screen.query_one(f"#field-{name} Input", Input).value = LONG
            await pilot.pause()
            assert getattr(screen.wizard.draft.volumes[0], name) == 10**DIGITS - 1
        assert screen.at == "storage"


# -- dialogs and toasts --------------------------------------------------------------------


async def user_data(app: Any, pilot: Any, text: str = "") -> Any:
    screen = await wizard(app, pilot)
    await pilot.press("enter", "enter")
    await until(pilot, lambda: screen.at == "details")
    screen.wizard.change(edit(screen.wizard.draft, user_data=text))
    screen.query_one("#field-user_data").focus()
    await pilot.press("space")
    await until(pilot, lambda: isinstance(app.screen, UserDataDialog))
    await pilot.pause()
    return screen


async def test_escape_closes_the_user_data(clean_sandbox: Any, tmp_path: Path) -> None:
    text = "#!/bin/sh\r\ndate\n"  # the text area makes one kind of line end of it
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await user_data(app, pilot, text)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert screen.wizard.draft.user_data == text


async def test_escape_drops_typed_user_data_only_when_pressed_again(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await user_data(app, pilot)
        await pilot.press(*"#!ab", "escape")
        await pilot.pause()
        assert isinstance(app.screen, UserDataDialog)
        assert "there are changes" in screen_text(app)
        await pilot.press("c")
        await pilot.pause()
        assert "there are changes" not in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen.query_one(TextArea).text == "#!abc"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert screen.wizard.draft.user_data == ""


async def test_why_images_could_not_be_had_is_shown_and_never_obeyed(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise AwsError("Can't list images", "denied \x1b[31mred\u202e[@click=app.quit]x[/]")

    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await wizard(app, pilot)
        monkeypatch.setattr("tui.aws.ec2.images.quick_start", refuse)
        await pilot.press("a")
        await until(pilot, lambda: app._notifications)
        told = [note.message for note in app._notifications]
        assert told == ["denied ␛[31mred⟨RLO⟩[@click=app.quit]x[/]. "]
        assert next(iter(app._notifications)).title == "Can't list images"


async def test_a_field_takes_no_more_than_it_may(clean_sandbox: Any, tmp_path: Path) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        field = TextField("some", "some", longest=3)
        await app.screen.mount(field)
        field.focus_input()
        await pilot.press(*"12345")
        assert field.value == "123"
