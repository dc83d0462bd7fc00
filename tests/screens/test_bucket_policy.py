"""A bucket's policy and lifecycle rules: judged as typed, reviewed, saved only if unchanged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import TextArea

from tests.screens.bucket_support import (
    BUCKET,
    dialog,
    press,
    public,
    section,
    settings_of,
    settled,
    to_section,
)
from tests.screens.s3_support import fill, type_text
from tests.support import said, screen_text, until
from tui.aws.bucket.policy_templates import TEMPLATES, arn_of, with_statement
from tui.screens.s3 import editor as s3_editor
from tui.screens.s3.bucket_editor import PolicyEditor
from tui.screens.s3.bucket_review import Review
from tui.screens.s3.bucket_rule import RuleForm
from tui.widgets.dialog import Choose
from tui.widgets.form import TextField


@pytest.fixture
def client(clean_sandbox: Any, aws_client: Any) -> Any:
    return aws_client(clean_sandbox, "s3")


# -- policy --------------------------------------------------------------------------------


async def test_a_policy_is_judged_as_it_is_typed(clean_sandbox: Any, client: Any) -> None:
    async with settings_of(clean_sandbox, client, "policy") as (app, pilot, _view):
        await pilot.press("e")
        editor = await dialog(pilot, app, PolicyEditor)
        area = editor.query_one(TextArea)
        area.text = '{\n  "Version": "2012-10-17",\n  "Statement": [{"Effct": "Deny"}]\n}'
        await pilot.pause()
        assert '3:18 "Effct" is no field of a statement, did you mean "Effect"?' in said(app)
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert app.screen is editor  # S3 would refuse it
        area.text = '{"Version": "2012-10-17",\n}'
        await pilot.pause()
        assert "2:1 a comma too many before this" in said(app)
        await pilot.press("escape")
        assert "there are changes" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not editor)


async def test_a_public_policy_is_told_to_be_refused_before_it_is_sent(
    clean_sandbox: Any, client: Any
) -> None:
    async with settings_of(clean_sandbox, client, "policy") as (app, pilot, _view):
        await pilot.press("e")
        editor = await dialog(pilot, app, PolicyEditor)
        editor.query_one(TextArea).text = public()
        await pilot.pause()
        assert "▲ public: anyone may read objects" in said(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "BlockPublicPolicy is on" in said(app))
        assert app.screen is editor


async def test_a_template_is_added_reviewed_and_saved_as_a_public_policy(
    clean_sandbox: Any, client: Any
) -> None:
    fill(client, BUCKET, ())
    client.delete_public_access_block(Bucket=BUCKET)
    async with settings_of(clean_sandbox, client, "policy") as (app, pilot, view):
        await press(pilot, "e", "ctrl+t")
        await dialog(pilot, app, Choose)
        await pilot.press("enter")
        await dialog(pilot, app, PolicyEditor)
        await pilot.press("ctrl+s")
        review = await dialog(pilot, app, Review)
        assert '+ "Principal": "*"' in said(app)
        await pilot.press("enter")
        assert app.screen is review
        await type_text(pilot, BUCKET)
        await pilot.press("enter")
        await settled(pilot, view)
        await to_section(pilot, view, "overview")
        assert "▲ Public: anyone may read objects, by the policy" in said(app)
    policy = json.loads(client.get_bucket_policy(Bucket=BUCKET)["Policy"])
    assert policy == json.loads(public())


async def test_a_policy_that_shuts_its_author_out_wants_the_name_typed(
    clean_sandbox: Any, client: Any
) -> None:
    arn = arn_of(BUCKET)
    everyone = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
    text = json.dumps({"Version": "2012-10-17", "Statement": [everyone]})
    async with settings_of(clean_sandbox, client, "policy") as (app, pilot, _view):
        await pilot.press("e")
        editor = await dialog(pilot, app, PolicyEditor)
        editor.query_one(TextArea).text = text
        await pilot.press("ctrl+s")
        await dialog(pilot, app, Review)
        assert "denies you too to change this policy" in said(app)
        assert "Only the account's root user can then change or delete the policy" in said(app)
        await pilot.press("escape")  # go on editing: the text is still there
        await dialog(pilot, app, PolicyEditor)
        assert editor.query_one(TextArea).text == text
    assert "Policy" not in str(client.get_public_access_block(Bucket=BUCKET).get("Policy", ""))


async def test_a_policy_changed_by_another_is_not_overwritten(
    clean_sandbox: Any, client: Any
) -> None:
    mine, theirs = (
        with_statement("", TEMPLATES[1].make(arn_of(BUCKET), account))
        for account in ("111111111111", "222222222222")
    )
    async with settings_of(clean_sandbox, client, "policy") as (app, pilot, view):
        await pilot.press("e")
        editor = await dialog(pilot, app, PolicyEditor)
        editor.query_one(TextArea).text = mine
        await pilot.press("ctrl+s")
        await dialog(pilot, app, Review)
        client.put_bucket_policy(Bucket=BUCKET, Policy=theirs)
        await pilot.press("enter")
        await until(pilot, lambda: "somebody else changed it" in said(app))
        await settled(pilot, view)
        assert "222222222222" in screen_text(app)  # it is read anew
    assert "222222222222" in client.get_bucket_policy(Bucket=BUCKET)["Policy"]


async def test_a_policy_is_edited_in_ones_own_editor(
    clean_sandbox: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    async def edit(_app: Any, path: Path) -> float:
        seen.append(path)
        path.write_text(public(), encoding="utf-8")
        return 1.0

    monkeypatch.setattr(s3_editor, "run_editor", edit)
    async with settings_of(clean_sandbox, client, "policy") as (app, pilot, _view):
        await pilot.press("e")
        editor = await dialog(pilot, app, PolicyEditor)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: editor.query_one(TextArea).text == public())
        assert not seen[0].exists()


async def test_a_policy_is_deleted_after_a_plan(clean_sandbox: Any, client: Any) -> None:
    fill(client, BUCKET, ())
    text = with_statement("", TEMPLATES[2].make(arn_of(BUCKET), ""))
    client.put_bucket_policy(Bucket=BUCKET, Policy=text)
    async with settings_of(clean_sandbox, client, "policy") as (app, pilot, view):
        await pilot.press("x")
        await dialog(pilot, app, Review)
        assert '- "Sid": "DenyInsecureTransport"' in said(app)
        await pilot.press("enter")
        await settled(pilot, view)
        assert "no policy: only who has rights by IAM comes in" in said(app)


# -- lifecycle -----------------------------------------------------------------------------


async def fill_form(pilot: Any, form: RuleForm, **texts: str) -> None:
    for name, text in texts.items():
        form.query_one(f"#field-{name}", TextField).focus_input()
        await pilot.pause()
        await type_text(pilot, text)


async def test_a_rule_is_made_by_a_form_that_says_what_it_means(
    clean_sandbox: Any, client: Any
) -> None:
    async with settings_of(clean_sandbox, client, "lifecycle") as (app, pilot, view):
        await pilot.press("n")
        form = await dialog(pilot, app, RuleForm)
        await fill_form(pilot, form, id="logs", prefix="logs/", moves="ia 10, glacier 90")
        assert "Standard-IA only after 30 days or more" in said(app)
        await pilot.press("enter")
        assert app.screen is form
        await fill_form(pilot, form, moves="ia 30, glacier 90", expire_days="365", abort_days="7")
        told = (
            "Objects under logs/ move to Standard-IA after 30 days, to Glacier after 90, and are "
            "deleted after 365. Unfinished uploads are aborted after 7 days."
        )
        assert told in said(app)
        await pilot.press("enter")
        await dialog(pilot, app, Review)
        assert "+ logs: Objects under logs/" in said(app)
        await pilot.press("enter")
        await settled(pilot, view)
        assert told in section(app)
    rules = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert rules[0]["Transitions"][1] == {"Days": 90, "StorageClass": "GLACIER"}


async def test_a_rule_that_empties_the_bucket_wants_its_name_typed_and_others_stay_as_they_are(
    clean_sandbox: Any, client: Any
) -> None:
    fill(client, BUCKET, ())
    theirs = {
        "ID": "theirs",
        "Status": "Disabled",
        "Filter": {"And": {"Prefix": "a/", "ObjectSizeGreaterThan": 5}},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 9, "NewerNoncurrentVersions": 2},
    }
    client.put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration={"Rules": [theirs]}
    )
    async with settings_of(clean_sandbox, client, "lifecycle") as (app, pilot, view):
        await pilot.press("n")
        form = await dialog(pilot, app, RuleForm)
        await fill_form(pilot, form, id="all", expire_days="3")
        await pilot.press("enter")
        review = await dialog(pilot, app, Review)
        await pilot.press("enter")
        assert app.screen is review
        await type_text(pilot, BUCKET)
        await pilot.press("enter")
        await settled(pilot, view)
        await press(pilot, "right", "down", "space")
        await dialog(pilot, app, Review)
        await pilot.press("enter")
        await settled(pilot, view)
    rules = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert theirs in rules
    assert {rule["ID"]: rule["Status"] for rule in rules} == {
        "theirs": "Disabled",
        "all": "Disabled",
    }


async def test_a_rule_is_deleted_and_the_last_one_takes_the_configuration_with_it(
    clean_sandbox: Any, client: Any
) -> None:
    fill(client, BUCKET, ())
    rule = {"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 9}}
    client.put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration={"Rules": [rule]}
    )
    async with settings_of(clean_sandbox, client, "lifecycle") as (app, pilot, view):
        await press(pilot, "right", "x")
        await dialog(pilot, app, Review)
        await pilot.press("enter")
        await settled(pilot, view)
        assert "no rule: objects stay as they are" in said(app)
