"""The list of buckets: facts that come as they come, for what is in sight."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.screens.s3_support import fill, listed, s3_pane
from tests.support import said, screen_text, until
from tui.aws.s3 import bucket_facts as asking
from tui.aws.s3.bucket_facts import Access, BucketFacts
from tui.screens.s3.bucket_facts import AT_ONCE


def line_of(app: Any, name: str) -> str:
    return next(line for line in screen_text(app).splitlines() if f" {name} " in line[:40])


async def test_buckets_tell_region_access_and_versions(clean_sandbox: Any, aws_client: Any) -> None:
    client = aws_client(clean_sandbox, "s3")
    for name in ("open", "plain", "kept"):
        client.create_bucket(Bucket=f"acme-{name}")
    client.delete_public_access_block(Bucket="acme-open")
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    policy = {
        "Version": "2012-10-17",
        "Statement": [allow | {"Resource": "arn:aws:s3:::acme-open/*"}],
    }
    client.put_bucket_policy(Bucket="acme-open", Policy=json.dumps(policy))
    on = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket="acme-kept", VersioningConfiguration=on)
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        await until(pilot, lambda: len(screen.facts) == 3)
        await until(pilot, lambda: "public" in line_of(app, "acme-open"))
        assert "private" in line_of(app, "acme-plain")
        assert "us-east-1" in line_of(app, "acme-plain")
        assert " off " in line_of(app, "acme-plain")
        assert " on " in line_of(app, "acme-kept")
        await pilot.press("j")  # acme-open: the preview says why
        await until(pilot, lambda: "its policy lets anyone in" in said(app))
        client.put_bucket_versioning(Bucket="acme-plain", VersioningConfiguration=on)
        await pilot.press("r")
        await until(pilot, lambda: " on " in line_of(app, "acme-plain"))


async def test_what_is_not_in_sight_is_not_asked_and_few_at_a_time(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = aws_client(clean_sandbox, "s3")
    for number in range(120):
        client.create_bucket(Bucket=f"team-{number:03}")
    under_way, most, asked = 0, 0, []

    async def slow(_s3: Any, name: str, _account: Any) -> BucketFacts:
        nonlocal under_way, most
        asked.append(name)
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return BucketFacts("us-east-1", Access("private"), "off")

    monkeypatch.setattr(asking, "facts_of", slow)
    async with s3_pane(clean_sandbox, size=(120, 24)) as (_app, pilot, screen):
        height = screen.buckets_table.size.height
        await until(pilot, lambda: len(screen.facts) >= height)
        await pilot.pause(0.3)
        assert len(asked) <= 2 * height + 1
        assert most == AT_ONCE
        assert "team-119" not in asked
        await pilot.press("G")
        await until(pilot, lambda: "team-119" in screen.facts)
        assert len(asked) == len(set(asked)) < 120
        await pilot.press("enter")  # one that is open needs no other's facts
        await listed(pilot, screen)
        before = len(asked)
        await pilot.pause(0.3)
        assert len(asked) == before


async def test_a_late_fact_of_an_older_connection_is_dropped(
    clean_sandbox: Any, aws_client: Any
) -> None:
    from tui.screens.s3.bucket_facts import FactsCame

    fill(aws_client(clean_sandbox, "s3"), "acme-lake", ["x"])
    async with s3_pane(clean_sandbox) as (_app, pilot, screen):
        await until(pilot, lambda: "acme-lake" in screen.facts)
        old = object()
        screen.post_message(FactsCame(old, "acme-lake", BucketFacts("x", Access("public"), "on")))  # type: ignore[arg-type]
        await pilot.pause(0.3)
        assert screen.facts["acme-lake"].access.word == "private"
