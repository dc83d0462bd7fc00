"""Making buckets, and their settings: what is shown, asked before a change, and kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.screens.bucket_support import (
    BUCKET,
    dialog,
    press,
    section,
    settings_of,
    settled,
    to_section,
)
from tests.screens.s3_support import fill, s3_pane, type_text
from tests.support import said, screen_text, until
from tui.screens.help import HelpScreen
from tui.screens.s3.bucket_editor import PolicyEditor
from tui.screens.s3.bucket_form import NewBucket
from tui.screens.s3.bucket_review import Review
from tui.screens.s3.bucket_rule import RuleForm
from tui.screens.s3.bucket_view import BucketView
from tui.settings import Settings
from tui.widgets.dialog import Ask, Choose, Confirm
from tui.widgets.form import TextField


@pytest.fixture
def client(clean_sandbox: Any, aws_client: Any) -> Any:
    return aws_client(clean_sandbox, "s3")


# -- making --------------------------------------------------------------------------------


async def test_a_bucket_is_made_elsewhere_with_versions_and_tags(
    clean_sandbox: Any, client: Any
) -> None:
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        await pilot.press("n")
        form = await dialog(pilot, app, NewBucket)
        await type_text(pilot, "acme-elsewhere")
        await press(pilot, "down", "space")
        await dialog(pilot, app, Choose)
        app.screen.query_one("#choose-table").move_to_key("eu-west-1")
        await pilot.press("enter")
        await dialog(pilot, app, NewBucket)
        await press(pilot, "down", "down", "down", "right")
        form.query_one("#field-tags", TextField).focus_input()
        await pilot.pause()
        await type_text(pilot, "team=data, env=dev")
        assert form.draft.versions
        await pilot.press("enter")
        await until(pilot, lambda: screen.place is not None)
        await until(pilot, lambda: "versioning on" in said(app))
    where = client.get_bucket_location(Bucket="acme-elsewhere")["LocationConstraint"]
    assert where == "eu-west-1"
    assert client.get_bucket_versioning(Bucket="acme-elsewhere")["Status"] == "Enabled"
    tags = client.get_bucket_tagging(Bucket="acme-elsewhere")["TagSet"]
    assert {row["Key"]: row["Value"] for row in tags} == {"team": "data", "env": "dev"}


async def test_a_bucket_that_is_not_blocked_wants_its_name_typed(
    clean_sandbox: Any, client: Any
) -> None:
    async with s3_pane(clean_sandbox) as (app, pilot, _screen):
        await pilot.press("n")
        await dialog(pilot, app, NewBucket)
        await type_text(pilot, "acme-open")
        await press(pilot, "down", "down", "right", "enter")
        await dialog(pilot, app, Confirm)
        await pilot.press("escape")
        form = await dialog(pilot, app, NewBucket)  # back, nothing lost, nothing done
        assert form.draft.name == "acme-open"
        assert not form.draft.blocked
    assert client.list_buckets()["Buckets"] == []


async def test_a_step_that_failed_is_told_with_what_was_done(
    clean_sandbox: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.aws.bucket import making
    from tui.core.errors import AwsError

    async def refuse(*_: Any, **__: Any) -> None:
        raise AwsError("Can't", "access denied for role Dev", code="AccessDenied")

    monkeypatch.setattr(making, "put_versioning", refuse)
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        await pilot.press("n")
        form = await dialog(pilot, app, NewBucket)
        await type_text(pilot, "acme-half")
        form.query_one("#field-versions").focus()
        await press(pilot, "right", "enter")
        await until(pilot, lambda: screen.place is not None)
        await until(
            pilot, lambda: "not done: versioning on (access denied for role Dev)" in said(app)
        )
        assert "Done: public access blocked" in said(app)


# -- showing -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_verdict_and_every_section_are_shown(
    clean_sandbox: Any, client: Any, size: tuple[int, int]
) -> None:
    async with settings_of(clean_sandbox, client, size=size) as (app, pilot, view):
        await pilot.press("enter")
        verdict = "● Private: public access is blocked, there is no policy, ACLs are off"
        await until(pilot, lambda: verdict in said(app))
        await pilot.press("left")
        for name in ("policy", "lifecycle", "cors", "website", "logging", "notifications"):
            await to_section(pilot, view, name)
            await pilot.press("v")
            assert "{}" in view._json(view.section) or "null" not in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not view)


async def test_hostile_texts_are_shown_as_they_are(clean_sandbox: Any, client: Any) -> None:
    fill(client, BUCKET, ())
    client.put_bucket_tagging(
        Bucket=BUCKET,
        Tagging={"TagSet": [{"Key": "[@click=app.quit]x[/]", "Value": "abc\u202excod.exe"}]},
    )
    rule = {"ID": "a[bold]b\u202e", "Status": "Enabled", "Filter": {"Prefix": "x[/y]"}}
    client.put_bucket_lifecycle_configuration(
        Bucket=BUCKET,
        LifecycleConfiguration={"Rules": [{**rule, "Expiration": {"Days": 3}}]},
    )
    async with settings_of(clean_sandbox, client, "tags") as (app, pilot, view):
        assert "[@click=app.quit]x[/]" in screen_text(app)
        assert "abc⟨RLO⟩xcod.exe" in screen_text(app)
        await to_section(pilot, view, "lifecycle")
        assert "Objects under x[/y] are deleted after 3 days." in said(app)
        await pilot.press("v")
        await pilot.pause()
        assert "a[bold]b⟨RLO⟩" in screen_text(app)
        await press(pilot, "v", "right", "e")
        await dialog(pilot, app, RuleForm)
        assert "x[/y]" in screen_text(app)


async def test_what_may_not_be_read_is_said_and_hides_nothing(
    clean_sandbox: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.core.errors import AwsError

    async with s3_pane(clean_sandbox) as (app, pilot, _screen):
        s3 = app.services.s3
        answer = s3.ask

        async def ask(operation: str, bucket: str, **params: Any) -> Any:
            if operation in ("get_bucket_policy", "get_bucket_policy_status"):
                raise AwsError("Can't", "access denied for role Dev", code="AccessDenied")
            if operation == "get_bucket_website":
                raise AwsError("Can't", "", code="NotImplemented")
            return await answer(operation, bucket, **params)

        monkeypatch.setattr(s3, "ask", ask)
        fill(client, BUCKET, ())
        await pilot.press("r")
        await until(pilot, lambda: BUCKET in screen_text(app))
        await pilot.press("comma")
        view = await dialog(pilot, app, BucketView)
        await settled(pilot, view)
        text = section(app)
        assert "whatever the policy says, it lets no stranger in" in text
        assert "2 of 21 settings may not be read by you" in text
        assert "this server has none" in text
        assert "SSE-S3" in text
        await to_section(pilot, view, "policy")
        await pilot.press("e")
        await until(pilot, lambda: "what it is now is not known (not allowed)" in said(app))
        assert app.screen is view


# -- permissions ---------------------------------------------------------------------------


async def test_a_switch_is_turned_off_only_with_the_name_typed(
    clean_sandbox: Any, client: Any
) -> None:
    async with settings_of(clean_sandbox, client, "permissions") as (app, pilot, view):
        await press(pilot, "right", "down", "down", "down", "space")
        await dialog(pilot, app, Confirm)
        assert "BlockPublicPolicy" in screen_text(app)
        await pilot.press("enter")
        assert isinstance(app.screen, Confirm)  # the name is not typed
        await type_text(pilot, BUCKET)
        await pilot.press("enter")
        await settled(pilot, view)
        await until(pilot, lambda: "partly blocked" in screen_text(app))
        causes = [entry.cause for entry in app.services.log.entries()]
        assert f"Set the public access block of {BUCKET}" in causes
    block = client.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert block == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": True,
    }


# -- the rest ------------------------------------------------------------------------------


async def test_tags_versioning_and_encryption_are_changed(clean_sandbox: Any, client: Any) -> None:
    async with settings_of(clean_sandbox, client, "tags") as (app, pilot, view):
        await pilot.press("n")
        await dialog(pilot, app, Ask)
        await type_text(pilot, "aws:x=1")
        assert "Amazon's own" in said(app)
        await type_text(pilot, "team=data")
        await pilot.press("enter")
        await settled(pilot, view)
        assert "data" in screen_text(app)
        await to_section(pilot, view, "versioning")
        await pilot.press("space")
        await dialog(pilot, app, Confirm)
        await pilot.press("enter")
        await settled(pilot, view)
        await to_section(pilot, view, "encryption")
        await pilot.press("e")
        await dialog(pilot, app, Choose)
        await press(pilot, "down", "enter")
        await dialog(pilot, app, Confirm)
        await pilot.press("enter")
        await settled(pilot, view)
        assert "SSE-KMS" in said(app)
    assert client.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert client.get_bucket_tagging(Bucket=BUCKET)["TagSet"] == [{"Key": "team", "Value": "data"}]


async def test_back_from_a_rules_review_nothing_typed_is_lost(
    clean_sandbox: Any, client: Any
) -> None:
    async with settings_of(clean_sandbox, client, "lifecycle") as (app, pilot, view):
        await pilot.press("n")
        form = await dialog(pilot, app, RuleForm)
        await type_text(pilot, "old-logs")
        form.query_one("#field-expire_days", TextField).focus_input()
        await pilot.pause()
        await type_text(pilot, "30")
        await pilot.press("enter")
        await dialog(pilot, app, Review)
        await pilot.press("escape")
        form = await dialog(pilot, app, RuleForm)
        assert form.draft.id == "old-logs"
        await pilot.press("enter")  # as it is: that is no "nothing changed"
        await dialog(pilot, app, Review)
        await type_text(pilot, BUCKET)
        await pilot.press("enter")
        await settled(pilot, view)
    (rule,) = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert (rule["ID"], rule["Expiration"]) == ("old-logs", {"Days": 30})


async def test_the_settings_have_help_and_keys_of_the_users_own(
    clean_sandbox: Any, client: Any
) -> None:
    own = Settings(keys={"settings.raw": "W", "policy.template": "ctrl+n"})
    async with settings_of(clean_sandbox, client, "policy", settings=own) as (app, pilot, view):
        assert "W raw JSON" in " ".join(screen_text(app).split())
        await press(pilot, "W")
        assert view._raw
        await press(pilot, "question_mark")
        await dialog(pilot, app, HelpScreen)
        shown = screen_text(app)
        assert shown.index("S3 bucket settings") < shown.index("Everywhere")
        await press(pilot, "escape", "e")
        await dialog(pilot, app, PolicyEditor)
        assert "^n adds a statement" in screen_text(app)
        await press(pilot, "ctrl+n")
        await dialog(pilot, app, Choose)


async def test_a_form_that_is_closed_at_once_fails_nothing(clean_sandbox: Any, client: Any) -> None:
    async with settings_of(clean_sandbox, client, "lifecycle") as (app, pilot, view):
        view.action_add()
        await until(None, lambda: isinstance(app.screen, RuleForm) and app.screen.is_mounted)
        app.screen.call_next(app.screen.action_dismiss_dialog)  # in its turn, as a key would
        await settled(pilot, view)
