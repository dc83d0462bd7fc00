"""The launch draft: its six steps, what is wrong with it, and the request it makes. Pure."""

from __future__ import annotations

from tui.launch.check_details import MAX_COUNT, MAX_USER_DATA_BYTES, typed_price
from tui.launch.check_storage import KINDS as VOLUME_KINDS
from tui.launch.checks import all_problems, problems
from tui.launch.draft import (
    REVIEW,
    STEP_TITLES,
    STEPS,
    ExistingKey,
    LaunchDraft,
    NewKey,
    NewSecurityGroup,
    NoKey,
    VolumeSpec,
    add_rule,
    add_volume,
    change_rule,
    change_volume,
    default_draft,
    default_type,
    edit,
    fits,
    my_cidr,
    remove_rule,
    remove_tag,
    remove_volume,
    reviewed,
    suggest_name,
    with_image,
    with_market,
    with_tag,
)
from tui.launch.firewall import CONSENT_WORDS, SERVICES, rule_for, words, world_open
from tui.launch.problem import Problem
from tui.launch.rendering import planned_calls, request
from tui.launch.saved import DraftError, draft_from_json, draft_to_json
from tui.launch.stepper import summary, type_words
from tui.launch.type_filter import FilterError, filter_types

__all__ = [
    "CONSENT_WORDS",
    "MAX_COUNT",
    "MAX_USER_DATA_BYTES",
    "REVIEW",
    "SERVICES",
    "STEPS",
    "STEP_TITLES",
    "VOLUME_KINDS",
    "DraftError",
    "ExistingKey",
    "FilterError",
    "LaunchDraft",
    "NewKey",
    "NewSecurityGroup",
    "NoKey",
    "Problem",
    "VolumeSpec",
    "add_rule",
    "add_volume",
    "all_problems",
    "change_rule",
    "change_volume",
    "default_draft",
    "default_type",
    "draft_from_json",
    "draft_to_json",
    "edit",
    "filter_types",
    "fits",
    "my_cidr",
    "planned_calls",
    "problems",
    "remove_rule",
    "remove_tag",
    "remove_volume",
    "request",
    "reviewed",
    "rule_for",
    "suggest_name",
    "summary",
    "type_words",
    "typed_price",
    "with_image",
    "with_market",
    "with_tag",
    "words",
    "world_open",
]
