"""Hostile names everywhere: each shows literally, runs nothing, and stays in its folder.

`tests/app/hostile.py` has the names: a public list of naughty strings, and our own.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.widgets._toast import Toast

from tests.app.hostile_support import ALL, MOMENT, SHARP, SOME, begins, chunks, literal, unharmed
from tests.screens.s3_support import s3_pane
from tests.support import running, until
from tui.core.errors import UserError
from tui.core.jobs import Job
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import Instance, Tag
from tui.core.safe_text import visible
from tui.screens.console.files import FilesPanel
from tui.screens.console.screen import ConsoleScreen
from tui.screens.ec2 import plans
from tui.screens.ec2.screen import Ec2Screen
from tui.widgets.dialog import Confirm

# -- jobs, toasts, dialogs -----------------------------------------------------------------


async def test_jobs_show_their_subjects_literally(sandbox: Any) -> None:
    async def failing(job: Job) -> str:
        raise UserError(f"Can't send {job.subject}", job.subject, job.subject)

    async def lasting(job: Job) -> str:
        job.progress.say(job.subject)
        await asyncio.sleep(3600)
        return ""

    async with s3_pane(sandbox) as (app, pilot, _screen), unharmed(app):
        await pilot.press("J")
        for several in chunks(SHARP, 8):
            started = [app.jobs.start("send", name, failing) for name in several]
            await asyncio.gather(*(job.wait() for job in started))
            await pilot.pause()
            shown = "\n".join(literal(app))
            for name in several[-5:]:
                assert begins(f"send {name}") in shown
        await pilot.press("J")
        for name in SOME[::3]:
            job = app.jobs.start("send", name, lasting)
            await pilot.pause()
            assert f"▸ {begins('send ' + name)}" in "\n".join(literal(app))
            app.jobs.cancel(job.id)
            await job.wait()
            await pilot.pause()


async def test_toasts_show_names_literally(sandbox: Any) -> None:
    async with running(sandbox) as (app, pilot), unharmed(app):
        for several in chunks(SHARP, 12):
            for name in several:
                app.say(name, title=name)
            app.complain(UserError(several[0], several[1], several[2]))
            wanted = len(several) + 1
            await until(pilot, lambda wanted=wanted: len(app.screen.query(Toast)) == wanted)
            told = [str(toast.render()) for toast in app.screen.query(Toast)]
            for name in several:
                assert any(visible(name) in one for one in told)
            literal(app)
            app.clear_notifications()
            await until(pilot, lambda: not app.screen.query(Toast))


async def test_dialogs_show_names_literally_in_every_part(sandbox: Any) -> None:
    async with running(sandbox) as (app, pilot), unharmed(app):
        for several in chunks(SHARP, 8):
            title, verb, intro, warning, *_ = (*several, "a", "b", "c", "d")
            plan = Plan(
                title=title, verb=verb, intro=intro, risk=Risk.DESTROYS, warning=warning,
                typed="x", keep="keep", items=tuple((name, name) for name in several),
                facts=tuple(PlanFact("fact", name) for name in several),
            )  # fmt: skip
            app.push_screen(Confirm(plan))
            await pilot.pause()
            shown = "\n".join(literal(app))
            for name in several:
                assert f"fact        {begins(name)}" in shown
            await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Confirm))


# -- EC2 and consoles ----------------------------------------------------------------------


def machines(several: list[str]) -> tuple[Instance, ...]:
    """Running instances of these names; each name also as a tag's key and value."""
    return tuple(
        Instance(
            id=f"i-{at:017x}", name=name[:255], state="running", type="t3.micro",
            architecture="x86_64", zone="us-east-1a", public_ip="203.0.113.9", public_dns="",
            private_ip="172.31.0.9", key_name=name[:255], image_id="ami-0", launched_at=MOMENT,
            role=name[:128], tags=(Tag("Name", name[:255]), Tag(name[:127], name[:255])),
        )
        for at, name in enumerate(several)
    )  # fmt: skip


async def test_instances_show_names_and_tags_literally(
    sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(sandbox) as (app, pilot), unharmed(app):
        assert app.services is not None
        fleet, ec2 = app.services.fleet, app.services.ec2
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, Ec2Screen))
        screen = app.screen
        assert isinstance(screen, Ec2Screen)
        for several in chunks(SHARP, 12):
            made = machines(several)

            async def instances(made: tuple[Instance, ...] = made) -> tuple[Instance, ...]:
                return made

            monkeypatch.setattr(ec2, "instances", instances)
            await fleet.refresh()
            await until(pilot, lambda made=made: screen.table.records == list(made))
            await pilot.pause()
            shown = "\n".join(literal(app))
            for one in made:
                assert begins(one.label, 8) in shown
            for one in made[::3]:
                screen.table.move_to_key(one.id)
                await pilot.pause()
                assert begins(f"{one.tags[1].key}=", 8) in "\n".join(literal(app))
            app.push_screen(Confirm(plans.terminate_plan(made[:1], {})))
            await pilot.pause()
            assert f"Terminate {begins(made[0].label, 8)}" in "\n".join(literal(app))
            await pilot.press("escape")
        await pilot.press("4")
        await pilot.pause(0.1)
        literal(app)
        await pilot.press("2", "q")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.pause()
        literal(app)


async def test_consoles_and_their_files_show_names_literally(sandbox: Any) -> None:
    from tui.ssh.sftp import RemoteEntry

    async with running(sandbox) as (app, pilot), unharmed(app):
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, ConsoleScreen))
        screen = app.screen
        assert isinstance(screen, ConsoleScreen)
        short = [name for name in SHARP if len(name) < 30][:4]
        for one in machines(short):
            await screen.open(one)
        await until(pilot, lambda: all(tab.error is not None for tab in screen.tabs))
        await pilot.pause()
        shown = "\n".join(literal(app))
        for name in short:
            assert begins(name, 6) in shown
        table = screen.query_one(FilesPanel).table
        for several in chunks([*SHARP, "not-\udcff-utf8"], 20):
            table.show([RemoteEntry(name, 9, 0o100644, 1e9) for name in several])
            await pilot.pause()
            assert begins(several[-1], 8) in "\n".join(literal(app))


def test_the_list_is_whole() -> None:
    assert len(ALL) > 500
    assert len(SHARP) > 100
