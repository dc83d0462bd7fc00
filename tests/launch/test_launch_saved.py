"""A draft that outlives the app."""

from __future__ import annotations

import json

import pytest

from tui.launch import (
    DraftError,
    ExistingKey,
    LaunchDraft,
    NewKey,
    NoKey,
    add_volume,
    draft_from_json,
    draft_to_json,
    edit,
    with_tag,
)
from tui.launch.draft import KeyChoice


@pytest.mark.parametrize("key", [NewKey("a", "rsa"), ExistingKey("b"), NoKey(acknowledged=True)])
def test_a_draft_comes_back_as_it_was(draft: LaunchDraft, key: KeyChoice) -> None:
    full = with_tag(add_volume(edit(draft, user_data="#!x", key=key)), "x[/y]", "\u202e東京")
    for each in (draft, full, edit(draft, security_group="sg-1"), LaunchDraft("us-east-1")):
        assert draft_from_json(draft_to_json(each)) == each
    assert draft_from_json(draft_to_json(draft)).client_token == draft.client_token


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"version": 1}', '{"version": 1, "draft": 3}']
)
def test_what_is_no_draft_is_refused(text: str) -> None:
    with pytest.raises(DraftError):
        draft_from_json(text)


def test_another_version_or_field_is_refused(draft: LaunchDraft) -> None:
    found = json.loads(draft_to_json(draft))
    with pytest.raises(DraftError, match="Can't read"):
        draft_from_json(json.dumps({**found, "version": 2}))
    found["draft"]["bribe"] = 1
    with pytest.raises(DraftError):
        draft_from_json(json.dumps(found))
    del found["draft"]["bribe"]
    found["draft"]["key"]["choice"] = "LaunchDraft"
    with pytest.raises(DraftError):
        draft_from_json(json.dumps(found))
