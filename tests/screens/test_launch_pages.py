"""The wizard's pages: what they choose, what holds one back, and the way between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.screens.ec2_support import at_ec2, at_review, wizard
from tests.support import screen_text, until
from tui.launch import CONSENT_WORDS, NewSecurityGroup
from tui.widgets.dialog import Confirm


async def test_keys_typed_ahead_turn_one_page_after_the_other(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await wizard(app, pilot)
        for _ in range(6):
            screen.action_next()
        await until(pilot, lambda: screen.at == "review")
        assert len(screen.query(".page")) == 7
        assert "fault" not in screen_text(app)


async def test_the_other_architecture_takes_a_type_that_fits(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await wizard(app, pilot)
        assert screen.wizard.draft.instance_type == "t3.micro"
        await pilot.press("a")
        await until(pilot, lambda: screen.wizard.draft.image.architecture == "arm64")
        assert screen.wizard.draft.instance_type == "t4g.micro"
        assert screen.wizard.draft.image.family == "Amazon Linux 2023"
        await pilot.press("enter")
        await until(pilot, lambda: screen.at == "type")
        types = screen.query_one("#type-table").records
        assert types
        assert all("arm64" in row.type.architectures for row in types)


async def test_the_filter_narrows_as_typed_and_the_row_is_the_choice(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await wizard(app, pilot)
        await pilot.press("enter", "slash", *"vcpu>=8 mem>=32")
        await pilot.pause()
        rows = screen.query_one("#type-table").view
        assert rows
        assert all(row.type.vcpus >= 8 and row.type.memory_gib >= 32 for row in rows)
        assert screen.wizard.draft.instance_type == rows[0].type.name
        await pilot.press(*" price<")
        await pilot.pause()
        assert "price< needs a number" in screen_text(app)
        assert screen.wizard.draft.instance_type == "t3.micro"  # chosen before the filter
        await pilot.press(*["backspace"] * 7, "enter", "down")
        await pilot.pause()
        assert screen.wizard.draft.instance_type == rows[1].type.name


async def test_a_login_port_open_to_the_world_wants_typed_consent(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await wizard(app, pilot)
        for _ in range(5):
            await pilot.press("enter")
        await until(pilot, lambda: screen.at == "firewall")
        await pilot.press("e", "down", "enter")  # the rule's source: my address, then anywhere
        await pilot.pause()
        group = screen.wizard.draft.security_group
        assert isinstance(group, NewSecurityGroup)
        assert group.rules[0].source == "0.0.0.0/0"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("escape")
        await pilot.pause()
        assert screen.at == "firewall"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press(*CONSENT_WORDS, "enter")
        await until(pilot, lambda: screen.at == "review")
        assert screen.wizard.draft.world_consent


async def test_bad_sizes_and_counts_hold_one_back_with_a_sentence(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await wizard(app, pilot)
        await pilot.press("enter", "enter", "9", "9", "enter")
        await pilot.pause()
        assert screen.at == "details"
        assert "20 instances at most" in screen_text(app)
        await pilot.press("backspace", "backspace", "2", "enter")
        await until(pilot, lambda: screen.at == "storage")
        await pilot.press("tab", "3", "enter")
        await pilot.pause()
        assert screen.at == "storage"
        assert "The image needs at least 8 GiB." in screen_text(app)


async def test_a_step_edited_from_the_review_leads_back_to_it(
    clean_sandbox: Any, tmp_path: Path
) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await at_review(app, pilot)
        await pilot.press("5")
        await until(pilot, lambda: screen.at == "tags")
        await pilot.pause()
        await pilot.press(*"x[/y] @", "enter")
        await until(pilot, lambda: screen.at == "review")
        assert screen.wizard.draft.name == "x[/y] @"
        assert "Launch x[/y] @" in screen_text(app)


async def test_another_region_begins_the_wizard_anew(clean_sandbox: Any, tmp_path: Path) -> None:
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        screen = await wizard(app, pilot)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: screen.at == "details")
        app.connect_to(replace(app.wish, region="eu-west-1"))
        await until(pilot, lambda: app.services is not None)
        await until(pilot, lambda: screen.step_pane is not None and screen.at == "image")
        assert screen.wizard.draft.region == "eu-west-1"
        assert "eu-west-1" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: screen.at == "type")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12), (200, 60)])
async def test_every_page_paints_at_every_size(
    clean_sandbox: Any, tmp_path: Path, size: tuple[int, int]
) -> None:
    async with at_ec2(clean_sandbox, tmp_path, size) as (app, pilot):
        screen = await wizard(app, pilot)
        for page in ("image", "type", "details", "storage", "tags", "firewall", "review"):
            assert screen.at == page
            assert screen_text(app).strip()
            await pilot.press("enter") if page != "review" else None
            await pilot.pause()
