"""The console pane on real SSH servers of the sandbox."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.support import running, screen_text, until
from tui.app import SkydeckApp
from tui.sandbox import Sandbox
from tui.screens.console import ConsoleScreen
from tui.settings import Settings


def launched(
    sandbox: Sandbox, aws_client: Callable[..., Any], keys: Path, name: str = "box"
) -> str:
    """An instance that one can log in to; returns its id."""
    ec2 = aws_client(sandbox, "ec2")
    pair = ec2.create_key_pair(KeyName=f"{name}-key", KeyType="ed25519")
    key = keys / f"{name}-key.pem"
    key.touch(mode=0o600)
    key.write_text(pair["KeyMaterial"])
    (group,) = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="127.0.0.1/32"
    )
    image = next(
        one
        for one in ec2.describe_images(Owners=["amazon"])["Images"]
        if "al2023" in one["Name"] and one["Architecture"] == "x86_64"
    )
    made = ec2.run_instances(
        ImageId=image["ImageId"],
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        KeyName=f"{name}-key",
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
    )
    return str(made["Instances"][0]["InstanceId"])


async def log_in(app: SkydeckApp, pilot: Pilot[None]) -> ConsoleScreen:
    """Open a console on the only instance and trust its key."""
    services = app.services
    assert services is not None
    await until(
        pilot, lambda: services.fleet.state.running and services.fleet.refresh_soon() is None
    )
    await until(
        pilot,
        lambda: (
            services.fleet.refresh_soon() is None
            and all(one.state == "running" for one in services.fleet.state.instances)
        ),
    )
    app.open_console(services.fleet.state.instances[0])
    await until(pilot, lambda: "Trust this key" in screen_text(app), 40)
    assert "SHA256:" in screen_text(app)
    await pilot.press("enter")
    await until(pilot, lambda: "~]$" in screen_text(app), 30)
    assert isinstance(app.screen, ConsoleScreen)
    return app.screen


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


async def test_files_go_both_ways_and_arrive_whole(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any], tmp_path: Path
) -> None:
    launched(clean_sandbox, aws_client, tmp_path)
    source = tmp_path / "data [x].bin"
    source.write_bytes(bytes(range(256)) * 4_000)
    back = tmp_path / "back"
    back.mkdir()
    settings = Settings(keys_folder=tmp_path, downloads=back)
    async with running(clean_sandbox, settings=settings) as (app, pilot):
        screen = await log_in(app, pilot)
        await pilot.press("ctrl+right_square_bracket")
        await until(pilot, lambda: "send a file" in screen_text(app))
        screen.action_send()
        await until(pilot, lambda: "Send a file" in screen_text(app))
        app.screen.query_one("#ask-field").value = str(source)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "data [x].bin" in screen_text(app).split("sftp")[-1], 20)
        screen.query_one("#console-entries").move_to_key(source.name)  # type: ignore[attr-defined]
        screen.action_fetch()
        await until(pilot, lambda: "into a local folder" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, (back / source.name).exists)
    assert digest(back / source.name) == digest(source)


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


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
