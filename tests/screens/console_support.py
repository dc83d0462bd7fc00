"""What the tests of the console pane share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.support import screen_text, until
from tui.app import SkydeckApp
from tui.sandbox import Sandbox
from tui.screens.console.screen import ConsoleScreen
from tui.widgets.terminal import TerminalView


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


async def left(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """Leave the terminal; a key within a quarter second of it is still the terminal's."""
    await pilot.press("ctrl+right_square_bracket")
    await until(pilot, lambda: not isinstance(app.screen.focused, TerminalView))
