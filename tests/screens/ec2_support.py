"""What the tests of the EC2 pane and of the wizard share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.support import SIZE, running, until
from tui.app import SkydeckApp
from tui.aws.ec2.images import quick_start
from tui.aws.ec2.keys import create_and_save
from tui.core.records import Instance
from tui.screens.ec2.screen import Ec2Screen
from tui.screens.launch.screen import LaunchScreen
from tui.settings import Settings

KEY = "dev-2026"


@asynccontextmanager
async def at_ec2(
    sandbox: Any, keys_folder: Path, size: tuple[int, int] = SIZE
) -> AsyncIterator[tuple[SkydeckApp, Pilot[None]]]:
    """The app with the EC2 pane open and the instances asked for."""
    async with running(sandbox, size=size, settings=Settings(keys_folder=keys_folder)) as found:
        app, pilot = found
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, Ec2Screen))
        await until(pilot, lambda: app.services.fleet.state.asked_at is not None)
        yield app, pilot


async def make_key(app: SkydeckApp, folder: Path, name: str = KEY) -> None:
    """A key pair whose private half is in the folder."""
    await create_and_save(app.services.ec2, name, "ed25519", folder)


async def launched(app: SkydeckApp, name: str, **params: Any) -> Instance:
    """An instance, launched without the wizard."""
    image = (await quick_start(app.services.gateway, "x86_64"))[0]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    request = {"ImageId": image.id, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    made = await app.services.ec2.run({**request, "TagSpecifications": tags, **params})
    return made[0]


async def listed(app: SkydeckApp, pilot: Pilot[None], number: int) -> Ec2Screen:
    """Ask again until so many instances are listed; the cursor is on the newest."""
    app.services.fleet.refresh_soon()
    screen = app.screen
    assert isinstance(screen, Ec2Screen)
    await until(pilot, lambda: len(screen.table.records) == number)
    return screen


async def settled(app: SkydeckApp, pilot: Pilot[None], instance_id: str, state: str) -> Instance:
    """Ask again until the instance is in the state."""

    def found() -> Instance | None:
        app.services.fleet.refresh_soon()
        return next(
            (
                one
                for one in app.services.fleet.state.instances
                if one.id == instance_id and one.state == state
            ),
            None,
        )

    await until(pilot, found)
    one = found()
    assert one is not None
    return one


async def wizard(app: SkydeckApp, pilot: Pilot[None]) -> LaunchScreen:
    """Press n, and wait until the first step stands."""
    await pilot.press("n")
    await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
    screen = app.screen
    assert isinstance(screen, LaunchScreen)
    await until(pilot, lambda: screen.step_pane is not None)
    await pilot.pause()
    return screen


async def at_review(app: SkydeckApp, pilot: Pilot[None], *, by_enter: bool = False) -> LaunchScreen:
    """Open the review and wait for its checks; `by_enter`, after a look at all six steps."""
    screen = await wizard(app, pilot)
    if by_enter:
        for _ in range(6):
            await pilot.press("enter")
            await pilot.pause()
    else:
        await screen.action_go("review")
        await pilot.pause()
    assert screen.at == "review"
    await until(
        pilot, lambda: all(c.verdict != "checking" for c in screen._panes["review"].checks())
    )
    return screen
