"""The EC2 pane: what it shows, and that every act is planned, confirmed and done so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.screens.ec2_support import at_ec2, launched, listed, make_key, settled
from tests.support import screen_text, until
from tui.widgets.dialog import Confirm

HOSTILE = "x[/y] [@click=app.quit]a[/]\u202e"


async def confirmed(app: Any, pilot: Any) -> Confirm:
    await until(pilot, lambda: isinstance(app.screen, Confirm))
    return app.screen  # type: ignore[no-any-return]


async def test_an_instance_is_shown_with_state_price_and_way_in(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await until(pilot, lambda: "No instances in us-east-1" in screen_text(app))
        await make_key(app, tmp_path)
        made = await launched(app, "trainer-01", KeyName="dev-2026")
        screen = await listed(app, pilot, 1)
        await settled(app, pilot, made.id, "running")
        await until(pilot, lambda: "Amazon Linux 2023" in screen_text(app))
        text = screen_text(app)
        for part in ("trainer-01", "running", "t3.micro", "on-demand", "0.0163", "ec2-user"):
            assert part in text
        assert "dev-2026 ✓" in text
        await until(pilot, lambda: "$11.88" in screen_text(app))  # if left a month
        assert screen.table.has_focus


async def test_hostile_names_show_literally(clean_sandbox: Any, tmp_path: Path) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await launched(app, HOSTILE)
        await listed(app, pilot, 1)
        await pilot.pause()
        text = screen_text(app)
        assert "x[/y] [@click=app.quit]" in text
        assert "\u202e" not in text
        await pilot.press("t")
        plan = (await confirmed(app, pilot)).plan
        assert plan.typed.startswith("i-")  # the name can't be typed


async def test_stop_and_start_are_planned_and_done(clean_sandbox: Any, tmp_path: Path) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        made = await launched(app, "one")
        screen = await listed(app, pilot, 1)
        await settled(app, pilot, made.id, "running")
        await pilot.pause()
        await pilot.press("s")
        plan = (await confirmed(app, pilot)).plan
        assert [fact.label for fact in plan.facts] == ["instance", "no longer paid", "still paid"]
        await pilot.press("escape")
        await pilot.pause()
        assert screen.table.record.state == "running"
        await pilot.press("s")
        await confirmed(app, pilot)
        await pilot.press("enter")
        await settled(app, pilot, made.id, "stopped")
        await until(pilot, lambda: screen.table.record.state == "stopped")
        await pilot.pause()
        assert ("s", "start") in screen.hints()
        assert "disk" in screen_text(app)
        await pilot.press("s")
        assert (await confirmed(app, pilot)).plan.verb == "Start"
        await pilot.press("enter")
        await settled(app, pilot, made.id, "running")
        causes = [entry.cause for entry in app.services.log.entries()]
        assert [cause for cause in causes if cause in ("Stop one", "Start one")] == [
            "Stop one",
            "Start one",
        ]


async def test_terminate_wants_the_name_and_names_the_volumes(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    mapping = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 9, "DeleteOnTermination": False}}
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        made = await launched(app, "old-1", BlockDeviceMappings=[mapping])
        await listed(app, pilot, 1)
        one = await settled(app, pilot, made.id, "running")
        kept = next(volume for volume in one.volumes if not volume.delete_on_termination)
        await pilot.pause()
        await pilot.press("t")
        dialog = await confirmed(app, pilot)
        said = {fact.label: fact.value for fact in dialog.plan.facts}
        assert kept.id in said["volumes kept"]
        assert kept.id in dialog.plan.warning
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is dialog
        await pilot.press(*"old-1", "enter")
        await settled(app, pilot, made.id, "terminated")


async def test_a_protected_instance_is_not_terminated_silently(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        made = await launched(app, "kept", DisableApiTermination=True)
        await listed(app, pilot, 1)
        await pilot.press("t")
        await until(pilot, lambda: "Press p to lift" in screen_text(app))
        await pilot.press("p")
        assert (await confirmed(app, pilot)).plan.verb == "Lift protection"
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        await pilot.pause()
        assert not await app.services.ec2.termination_protected(made.id)


async def test_many_act_as_one_plan(clean_sandbox: Any, tmp_path: Path) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        made = [await launched(app, f"n-{number}") for number in range(3)]
        screen = await listed(app, pilot, 3)
        for one in made:
            await settled(app, pilot, one.id, "running")
        await pilot.pause()
        await pilot.press("space", "space", "t")
        plan = (await confirmed(app, pilot)).plan
        assert plan.typed == "2 instances"
        assert len(plan.items) == 2
        await pilot.press(*"2 instances", "enter")
        await until(pilot, lambda: sum(o.state == "terminated" for o in screen.table.records) == 2)
        assert screen.table.selected == set()


async def test_the_filter_and_the_copied_address(clean_sandbox: Any, tmp_path: Path) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await launched(app, "alpha")
        made = await launched(app, "beta")
        screen = await listed(app, pilot, 2)
        one = await settled(app, pilot, made.id, "running")
        await pilot.press("slash", *"bet")
        await pilot.pause()
        assert [row.name for row in screen.table.view] == ["beta"]
        assert "1 of 2" in screen_text(app)
        await pilot.press("enter", "y")
        await pilot.pause()
        assert app.clipboard == one.public_ip
        await pilot.press("escape")
        await pilot.pause()
        assert len(screen.table.view) == 2


async def test_console_output_is_shown(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await launched(app, "one")
        await listed(app, pilot, 1)

        async def said(_instance_id: str) -> str:
            return "boot [b]ok[/b]\r\nlogin:"

        monkeypatch.setattr(app.services.ec2, "console_output", said)
        await pilot.press("c")
        await until(pilot, lambda: "boot [b]ok[/b]" in screen_text(app))
        await pilot.press("escape")


async def test_what_does_not_run_has_no_console(clean_sandbox: Any, tmp_path: Path) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        made = await launched(app, "one")
        screen = await listed(app, pilot, 1)
        await settled(app, pilot, made.id, "running")
        await app.services.ec2.stop([made.id])
        await settled(app, pilot, made.id, "stopped")
        await until(pilot, lambda: getattr(screen.table.record, "state", "") == "stopped")
        await until(pilot, lambda: screen.table.has_focus)
        await pilot.press("enter")
        await until(pilot, lambda: "one is stopped. s starts it." in screen_text(app))


async def test_the_footer_tells_what_the_power_key_would_do_to_the_chosen(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        rests, runs = await launched(app, "rests"), await launched(app, "runs")
        screen = await listed(app, pilot, 2)
        for one in (rests, runs):
            await settled(app, pilot, one.id, "running")
        await app.services.ec2.stop([rests.id])
        await settled(app, pilot, rests.id, "stopped")

        def foot() -> str:
            return screen_text(app).splitlines()[-1]

        screen.table.move_to_key(rests.id)
        await until(pilot, lambda: "s start" in foot())
        screen.table.selected = {runs.id}
        screen.table.select_all()
        await until(pilot, lambda: "s stop" in foot())
        assert screen.table.record.id == rests.id
        screen.table.unselect()
        await until(pilot, lambda: "s start" in foot())
        screen.table.move_to_key(runs.id)
        await until(pilot, lambda: "s stop" in foot())
