"""The console pane on real SSH servers of the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.screens.console_support import launched, left, log_in
from tests.support import running, said, screen_text, until
from tui.aws.ec2.service import Ec2
from tui.core.errors import SshError
from tui.sandbox import Sandbox
from tui.screens.console.screen import ConsoleScreen
from tui.screens.console.tabs import TabState
from tui.screens.fleet import FleetState
from tui.settings import Settings
from tui.widgets.dialog import Confirm


async def test_a_shell_opens_and_all_keys_are_the_remotes(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any], tmp_path: Path
) -> None:
    launched(clean_sandbox, aws_client, tmp_path)
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        screen = await log_in(app, pilot)
        await pilot.press(*"echo", "space", *"q12345", "enter")
        await until(pilot, lambda: screen_text(app).count("q12345") == 2)
        assert app.current_mode == "console"
        await pilot.press("ctrl+right_square_bracket")
        await until(pilot, lambda: "send a file" in screen_text(app))
        assert not isinstance(screen.focused, type(screen.current and screen.current.view))


async def test_a_resize_reaches_the_shell(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any], tmp_path: Path
) -> None:
    launched(clean_sandbox, aws_client, tmp_path)
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        screen = await log_in(app, pilot)
        await pilot.resize_terminal(100, 30)
        tab = screen.current
        assert tab is not None
        await until(pilot, lambda: tab.view.columns < 74)
        await pilot.press(*"stty", "space", *"size", "enter")
        wanted = f"{tab.view.rows} {tab.view.columns}"
        await until(pilot, lambda: wanted in screen_text(app))


async def test_a_reconnect_asks_where_the_instance_is_now(
    clean_sandbox: Sandbox,
    aws_client: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = launched(clean_sandbox, aws_client, tmp_path)
    ec2 = aws_client(clean_sandbox, "ec2")
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        screen = await log_in(app, pilot)
        tab = screen.current
        assert tab is not None
        first = tab.instance
        ec2.stop_instances(InstanceIds=[made])
        await until(pilot, lambda: tab.state is TabState.LOST)
        await left(app, pilot)
        await pilot.press("r")
        await until(pilot, lambda: "it is stopp" in said(app))
        assert "not up yet" not in said(app)
        assert "tart it" in said(app)

        services = app.services
        assert services is not None
        refresh = services.fleet.refresh

        async def moved() -> FleetState:  # as on AWS, where a start gives another address
            state = await refresh()
            found = tuple(replace(one, public_ip="203.0.113.99") for one in state.instances)
            return replace(state, instances=found)

        monkeypatch.setattr(services.fleet, "refresh", moved)
        ec2.start_instances(InstanceIds=[made])
        while not clean_sandbox.endpoint(made):
            await pilot.pause(0.1)
        screen.action_reconnect()
        await until(pilot, lambda: tab.session is not None, 40)
        assert tab.instance.public_ip == "203.0.113.99"
        assert tab.instance.public_ip != first.public_ip
        assert tab.target is not None
        assert "203.0.113.99" in tab.target.host_key_aliases

        ec2.terminate_instances(InstanceIds=[made])
        await until(pilot, lambda: tab.state is TabState.LOST)
        screen.action_reconnect()
        await until(pilot, lambda: "terminated" in said(app) or "shutting" in said(app))
        assert "not up yet" not in said(app)
        assert "launch another one" in said(app)


async def test_what_is_typed_for_the_shell_trusts_no_key(
    clean_sandbox: Sandbox,
    aws_client: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launched(clean_sandbox, aws_client, tmp_path)
    monkeypatch.setattr(
        "tui.ssh.connecting.console_fingerprints", lambda _output: frozenset({"SHA256:another"})
    )
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        services = app.services
        assert services is not None
        await until(pilot, lambda: services.fleet.state.running)
        while not clean_sandbox.endpoint(services.fleet.state.instances[0].id):
            await pilot.pause(0.1)
        app.open_console(services.fleet.state.instances[0])
        await until(pilot, lambda: isinstance(app.screen, Confirm), 40)
        dialog = app.screen
        await pilot.press("enter", "y")
        await until(pilot, lambda: "shows another key" in screen_text(app))
        assert app.screen is dialog
        await pilot.press("enter", "y", "enter")
        await pilot.pause()
        assert app.screen is dialog, "the name must be typed"
        await pilot.press("ctrl+u", *"box", "enter")
        await until(pilot, lambda: "~]$" in screen_text(app), 30)


async def test_a_system_without_a_terminal_is_told_in_the_tab(
    clean_sandbox: Sandbox,
    aws_client: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> None:
        raise SshError("Can't open a terminal", "pyghostty has no build for this system")

    monkeypatch.setattr("tui.widgets.terminal._warm_up", missing)
    launched(clean_sandbox, aws_client, tmp_path)
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        services = app.services
        assert services is not None
        await until(pilot, lambda: services.fleet.state.running)
        app.open_console(services.fleet.state.instances[0])
        await until(pilot, lambda: "Can't open a terminal" in screen_text(app))
        assert "pyghostty has no build" in screen_text(app)
        screen = app.screen
        assert isinstance(screen, ConsoleScreen)
        tab = screen.current
        assert tab is not None
        assert (tab.state, tab.session) == (TabState.LOST, None)
        await pilot.press("r")  # the keys of the banner work, and say it again
        await pilot.pause(0.5)
        assert "Can't open a terminal" in screen_text(app)
        assert app.screen is screen, "nobody is asked about a host key"
        await pilot.press("x")
        await until(pilot, lambda: not screen.tabs)


async def test_what_can_be_logged_in_to_is_told_as_it_changes(
    clean_sandbox: Sandbox,
    aws_client: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = asyncio.Event()
    instances = Ec2.instances

    async def slow(self: Ec2) -> Any:
        await asked.wait()
        return await instances(self)

    monkeypatch.setattr(Ec2, "instances", slow)
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        services = app.services
        assert services is not None
        await pilot.press("3")
        await until(pilot, lambda: "asking…" in screen_text(app))
        assert "No instance runs" not in screen_text(app)
        asked.set()
        await until(pilot, lambda: "No instance runs" in screen_text(app))
        launched(clean_sandbox, aws_client, tmp_path)
        services.fleet.refresh_soon()
        await until(pilot, lambda: "log in to one of 1 running" in screen_text(app))

        await pilot.press("2")
        fleet, state = services.fleet, services.fleet.state
        fleet.stop()
        fleet.state = replace(state, instances=())
        await pilot.press("3")
        await until(pilot, lambda: "No instance runs" in screen_text(app))

        screen = app.screen
        assert isinstance(screen, ConsoleScreen)
        app.connect_to(app.wish)
        await until(pilot, lambda: app.services is not None and app.services is not services)
        await until(pilot, lambda: screen._fleet is not fleet)
        assert screen._fleet_told not in fleet.listeners, "an old fleet is not listened to"
        assert app.services is not None
        left = app.services.fleet
    assert screen._fleet_told not in left.listeners, "nor one when the screen is gone"


async def test_a_missing_key_file_is_a_sentence_with_a_way_on(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any], tmp_path: Path
) -> None:
    launched(clean_sandbox, aws_client, tmp_path)
    (tmp_path / "box-key.pem").unlink()
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        services = app.services
        assert services is not None
        await until(pilot, lambda: services.fleet.state.running)
        app.open_console(services.fleet.state.instances[0])
        for _ in range(200):
            await pilot.pause(0.1)
            if "Trust this key" in screen_text(app):
                await pilot.press("enter")
            if "reconnect" in screen_text(app) and "✗ offline" in screen_text(app):
                break
        shown = screen_text(app)
        assert "▲" in shown
        assert "Traceback" not in shown


async def test_the_end_of_the_shell_is_said_and_the_screen_stays(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any], tmp_path: Path
) -> None:
    launched(clean_sandbox, aws_client, tmp_path)
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, pilot):
        await log_in(app, pilot)
        await pilot.press(*"echo", "space", *"last", "enter", *"exit", "enter")
        await until(pilot, lambda: "Disconnected" in screen_text(app))
        assert "last" in screen_text(app)
        assert "reconnect" in screen_text(app)


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_nothing_open_says_what_to_do(sandbox: Sandbox, size: tuple[int, int]) -> None:
    async with running(sandbox, size=size) as (app, pilot):
        await pilot.press("3")
        await until(pilot, lambda: app.current_mode == "console")
        await until(pilot, lambda: "No " in screen_text(app))
