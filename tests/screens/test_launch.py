"""The wizard from `n` to a running instance, and what it refuses on the way."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.screens.ec2_support import KEY, at_ec2, at_review, make_key, settled, wizard
from tests.support import screen_text, until
from tui.core.errors import AwsError
from tui.launch import NewKey
from tui.screens.ec2.screen import Ec2Screen
from tui.widgets.dialog import Confirm


def on_instances(app: Any) -> bool:
    return isinstance(app.screen, Ec2Screen)


async def test_eight_keys_launch_with_all_defaults_and_an_existing_key(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await make_key(app, tmp_path)
        await at_review(app, pilot, by_enter=True)  # n and six times enter
        await pilot.press("L")
        await until(pilot, lambda: on_instances(app))
        await until(pilot, lambda: app.screen.table.record is not None)
        one = await settled(app, pilot, app.screen.table.record.id, "running")
        assert (one.key_name, one.name, one.type) == (KEY, "skydeck-1", "t3.micro")
    ec2 = aws_client(clean_sandbox, "ec2")
    found = ec2.describe_instances()["Reservations"]
    assert [len(each["Instances"]) for each in found] == [1]
    groups = ec2.describe_security_groups(GroupNames=["skydeck-ssh"])["SecurityGroups"]
    rule = groups[0]["IpPermissions"][0]
    assert (rule["FromPort"], rule["IpRanges"][0]["CidrIp"]) == (22, "127.0.0.1/32")
    assert found[0]["Instances"][0]["MetadataOptions"]["HttpTokens"] == "required"


async def test_a_new_key_is_on_the_disk_for_its_owner_alone(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path / "keys") as (app, pilot):
        await at_review(app, pilot)
        await pilot.press("L")
        await until(pilot, lambda: on_instances(app))
        await until(pilot, lambda: app.jobs.snapshots()[0].state.ended)
        assert app.jobs.snapshots()[0].error is None
    path = tmp_path / "keys" / "skydeck-key-1.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("-----BEGIN")
    pairs = aws_client(clean_sandbox, "ec2").describe_key_pairs()["KeyPairs"]
    assert [(pair["KeyName"], pair["KeyType"]) for pair in pairs] == [("skydeck-key-1", "ed25519")]


async def test_a_launch_asked_for_again_and_again_makes_one_instance(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await make_key(app, tmp_path)
        screen = await at_review(app, pilot)
        for _ in range(3):
            screen.action_launch()
        await until(pilot, lambda: on_instances(app))
        await until(pilot, lambda: app.jobs.snapshots()[0].state.ended)
        state = await app.services.fleet.refresh()
        assert len(state.instances) == 1
        assert len(app.jobs.snapshots()) == 1


async def test_a_refused_launch_takes_back_what_was_made_for_it(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await at_review(app, pilot)

        async def refuse(_params: object) -> None:
            title = "Can't launch the instance"
            raise AwsError(title, "no room for t3.micro in us-east-1a", code="InsufficientCapacity")

        monkeypatch.setattr(app.services.ec2, "run", refuse)
        await pilot.press("L")
        await until(pilot, lambda: app.jobs.snapshots() and app.jobs.snapshots()[0].state.ended)
        await pilot.pause()
        said = " ".join(screen_text(app).split())
        assert "no room for t3.micro in us-east-1a" in said
        assert "is gone again: security group" in said
        assert app.screen is screen
    ec2 = aws_client(clean_sandbox, "ec2")
    assert ec2.describe_key_pairs()["KeyPairs"] == []
    names = [group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]]
    assert names == ["default"]
    assert list(tmp_path.glob("*.pem")) == []


async def test_a_lost_answer_is_asked_for_again_and_makes_no_second_instance(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await at_review(app, pilot)
        ask, asked = app.services.ec2.run, []

        async def lose_the_first(params: Any) -> Any:
            asked.append(params)
            answer = await ask(params)
            if len(asked) == 1:
                raise AwsError("Can't launch", "no answer", code="ReadTimeoutError", retryable=True)
            return answer

        monkeypatch.setattr(app.services.ec2, "run", lose_the_first)
        await pilot.press("L")
        await until(pilot, lambda: app.jobs.snapshots() and app.jobs.snapshots()[0].state.ended)
        await pilot.pause()
        assert "asked for, never a second one" in " ".join(screen_text(app).split())
        await pilot.press("L")
        await until(pilot, lambda: on_instances(app))
        await until(pilot, lambda: app.jobs.snapshots()[0].state.ended)
        state = await app.services.fleet.refresh()
        assert len(state.instances) == 1
        assert asked[0] == asked[1]
        assert (tmp_path / "skydeck-key-1.pem").is_file()


async def test_a_key_file_that_exists_is_never_written_over(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await at_review(app, pilot)
        (tmp_path / "skydeck-key-1.pem").write_text("mine")  # it came after the wizard had looked
        await pilot.press("L")
        await until(pilot, lambda: app.jobs.snapshots() and app.jobs.snapshots()[0].state.ended)
        await pilot.pause()
        assert "a file of that name exists" in screen_text(app)
        assert (await app.services.fleet.refresh()).instances == ()
        assert (tmp_path / "skydeck-key-1.pem").read_text() == "mine"
        assert await app.services.ec2.key_pairs() == ()
        assert screen.wizard.draft.client_token == ""


async def test_a_key_name_that_is_taken_blocks_with_a_sentence(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await app.services.ec2.create_key_pair("taken")
        screen = await at_review(app, pilot)
        from tui.launch import edit

        screen.wizard.change(edit(screen.wizard.draft, key=NewKey("taken")))
        await pilot.press("L")
        await pilot.pause()
        assert "A key pair named taken is there already." in screen_text(app)
        assert app.jobs.snapshots() == ()


async def test_no_key_pair_is_asked_about_before_the_launch(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await at_review(app, pilot)
        await pilot.press("end", "L")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is screen
        assert app.jobs.snapshots() == ()
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        await until(pilot, lambda: on_instances(app))
        await until(pilot, lambda: app.jobs.snapshots()[0].state.ended)
        assert (await app.services.fleet.refresh()).instances[0].key_name == ""


async def test_the_role_for_s3_is_made_with_the_launch(clean_sandbox: Any, tmp_path: Path) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await make_key(app, tmp_path)
        screen = await wizard(app, pilot)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: screen.at == "details")
        screen.query_one("#field-role").focus()
        await pilot.press("right", *["enter"] * 4)
        await until(pilot, lambda: screen.at == "review")
        await pilot.press("L")
        await until(pilot, lambda: on_instances(app))
        await until(pilot, lambda: app.jobs.snapshots()[0].state.ended)
        assert (await app.services.fleet.refresh()).instances[0].role == "skydeck-s3"
        assert await app.services.ec2.instance_profiles() == ("skydeck-s3",)


async def test_volumes_tags_and_spot_reach_the_request(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await make_key(app, tmp_path)
        screen = await wizard(app, pilot)
        await pilot.press("enter", "m", "enter", "enter")
        await until(pilot, lambda: screen.at == "storage")
        await pilot.press("n", *"50", "enter")
        await until(pilot, lambda: screen.at == "tags")
        await pilot.pause()
        await pilot.press("down", *"team", "tab", *"ml", "enter", "enter")
        await until(pilot, lambda: screen.at == "review")
        await pilot.press("L")
        await until(pilot, lambda: on_instances(app))
        await until(pilot, lambda: app.jobs.snapshots()[0].state.ended)
        assert app.jobs.snapshots()[0].error is None
        one = (await app.services.fleet.refresh()).instances[0]
        assert one.spot
        assert {(v.size_gib, v.kind, v.encrypted) for v in one.volumes} == {
            (8, "gp3", True),
            (50, "gp3", True),
        }
        assert {(tag.key, tag.value) for tag in one.tags} == {
            ("Name", "skydeck-1"),
            ("team", "ml"),
        }


async def test_a_launch_answered_while_away_closes_the_wizard_on_return(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await at_review(app, pilot)
        screen.action_launch()
        await pilot.press("f1")
        await until(pilot, lambda: app.current_mode == "s3")
        await until(pilot, lambda: app.jobs.snapshots() and app.jobs.snapshots()[0].state.ended)
        await pilot.press("2")
        await until(pilot, lambda: on_instances(app))
        assert len((await app.services.fleet.refresh()).instances) == 1


async def test_a_cancelled_launch_leaves_nothing(
    clean_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await at_review(app, pilot)
        make = app.services.ec2.create_security_group
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def make_slowly(*args: Any) -> Any:
            reached.set()
            await go_on.wait()
            return await make(*args)

        monkeypatch.setattr(app.services.ec2, "create_security_group", make_slowly)
        await pilot.press("L")
        await until(pilot, reached.is_set)
        assert (tmp_path / "skydeck-key-1.pem").is_file()
        app.jobs.cancel(app.jobs.snapshots()[0].id)
        await pilot.pause()
        go_on.set()  # the group is made although the launch was given up meanwhile
        await until(pilot, lambda: app.jobs.snapshots()[0].state.ended)
        assert app.jobs.snapshots()[0].state.value == "cancelled"
        assert list(tmp_path.glob("*.pem")) == []
        assert await app.services.ec2.key_pairs() == ()
        assert [group.name for group in await app.services.ec2.security_groups()] == ["default"]


async def test_drawers_open_over_the_wizard_and_show_the_launch_as_code(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        await make_key(app, tmp_path)
        await at_review(app, pilot)
        await pilot.press("L")
        await until(pilot, lambda: on_instances(app))
        await until(pilot, lambda: app.jobs.snapshots()[0].state.ended)
        await pilot.press("C")
        await until(pilot, lambda: "Launch skydeck-1" in screen_text(app))
        entries = [e for e in app.services.log.entries() if e.cause == "Launch skydeck-1"]
        assert [entry.operation for entry in entries] == [
            "CreateSecurityGroup",
            "AuthorizeSecurityGroupIngress",
            "RunInstances",
        ]
