"""Where and as whom to log in; and the demo data for any pane."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support import running
from tests.workflow.fakes import instance
from tui.core.errors import SshError, UserError
from tui.sandbox import Sandbox
from tui.screens.fleet import FleetState
from tui.screens.services import Services
from tui.screens.ssh_target import (
    as_now,
    known_hosts_path,
    may_be_booting,
    target_for,
)
from tui.settings import Settings


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("pending", "Wait until it runs"),
        ("stopping", "Once it has stopped, start it"),
        ("stopped", "Start it in the EC2 pane"),
        ("shutting-down", "launch another one"),
        ("terminated", "launch another one"),
    ],
)
async def test_a_machine_that_does_not_run_says_so_and_what_next(state: str, words: str) -> None:
    with pytest.raises(SshError, match=f"it is {state}") as caught:
        await target_for(None, replace(instance(), state=state))  # type: ignore[arg-type]
    assert words in caught.value.hint


class FakeFleet:
    """A fleet that answers with one state."""

    def __init__(self, state: FleetState) -> None:
        self.state = state

    async def refresh(self) -> FleetState:
        return self.state


def services_with(state: FleetState) -> Services:
    return SimpleNamespace(fleet=FakeFleet(state), region="us-east-1")  # type: ignore[return-value]


async def test_the_instance_is_taken_as_it_is_now() -> None:
    old, now = instance("i-1"), replace(instance("i-1"), public_ip="203.0.113.99")
    asked = datetime.now(UTC)
    error = UserError("Can't list the instances", "no answer")
    assert await as_now(services_with(FleetState((now,), asked_at=asked)), old) is now
    assert await as_now(services_with(FleetState((now,), error=error)), old) is now
    assert await as_now(services_with(FleetState((), error=error)), old) is old
    with pytest.raises(SshError, match="it was terminated"):
        await as_now(services_with(FleetState((), asked_at=asked)), old)


def test_only_a_young_machine_may_be_booting() -> None:
    now = datetime.now(UTC)
    assert may_be_booting(replace(instance(), launched_at=now))
    assert not may_be_booting(replace(instance(), launched_at=now - timedelta(hours=1)))


async def test_the_target_of_real_machines_is_their_address(
    clean_sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "dana.pem").touch()
    async with running(clean_sandbox, settings=Settings(keys_folder=tmp_path)) as (app, _):
        assert app.services is not None
        real = replace(app.services, sandbox=None)
        target = await target_for(real, instance("i-1"))
        assert (target.host, target.port, target.user) == ("203.0.113.7", 22, "ec2-user")
        assert target.key_path == tmp_path / "dana.pem"
        assert target.host_key_names == ("i-1", "203.0.113.7")
        assert known_hosts_path(real) != known_hosts_path(app.services)
        inside = await target_for(real, replace(instance(), public_ip=""))
        assert inside.host == "172.31.0.4"
        for wrong in (
            replace(instance(), state="stopped"),
            replace(instance(), public_ip="", private_ip=""),
        ):
            with pytest.raises(SshError, match="Can't log in to i-1"):
                await target_for(real, wrong)
