"""Where and as whom to log in; and the demo data for any pane."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import running
from tests.workflow.fakes import instance
from tui.core.errors import SshError
from tui.sandbox import Sandbox
from tui.screens.demo_data import demo_path, ready_demo
from tui.screens.ssh_target import find_key, known_hosts_path, may_be_booting, target_for
from tui.settings import Settings
from tui.workflow import demo


def test_a_key_is_found_by_its_pair_with_and_without_pem(tmp_path: Path) -> None:
    (tmp_path / "a.pem").touch()
    (tmp_path / "b").touch()
    assert find_key(tmp_path, "a") == tmp_path / "a.pem"
    assert find_key(tmp_path, "b") == tmp_path / "b"
    assert find_key(tmp_path, "c") is None


@pytest.mark.parametrize("name", ["", "..", ".", "../outside", "/etc/passwd", "x/../../outside"])
def test_a_hostile_key_name_finds_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "outside.pem").touch()
    folder = tmp_path / "keys"
    (folder / "x").mkdir(parents=True)
    assert find_key(folder, name) is None


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


async def test_the_demo_is_made_once(
    clean_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = demo.make_demo
    monkeypatch.setattr(demo, "make_demo", lambda path, progress: whole(path, progress, 1000))
    async with running(clean_sandbox) as (app, _):
        assert app.services is not None
        path = demo_path(app.services)
        path.unlink(missing_ok=True)
        assert await ready_demo(app.services) == path
        made = path.stat().st_mtime_ns
        await ready_demo(app.services)
        assert path.stat().st_mtime_ns == made
        assert len(app.jobs.snapshots()) == 1
        path.unlink()
