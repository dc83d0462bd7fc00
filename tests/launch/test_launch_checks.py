"""What the six steps refuse, and what they only warn of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.launch.checks_support import fields
from tui.core.records import Image, InstanceType, Tag
from tui.launch import (
    ExistingKey,
    LaunchDraft,
    NewKey,
    NoKey,
    edit,
    problems,
    typed_price,
    with_market,
)

# ------------------------------------------------------------------ image and type


def test_an_image_and_a_type_are_needed() -> None:
    bare = LaunchDraft("us-east-1")
    assert fields(problems(bare, "image")) == ["image"]
    assert fields(problems(bare, "type")) == ["instance_type"]


def test_a_type_of_another_architecture_is_refused_with_both_named(
    draft: LaunchDraft, types: tuple[InstanceType, ...]
) -> None:
    [problem] = problems(edit(draft, instance_type="t4g.micro"), "type", types=types)
    assert problem.blocking
    assert problem.message == "t4g.micro is arm64, but the image is for x86_64."


def test_a_type_that_the_region_does_not_offer_is_refused(
    draft: LaunchDraft, types: tuple[InstanceType, ...]
) -> None:
    [problem] = problems(edit(draft, instance_type="m9.huge"), "type", types=types)
    assert problem.message == "m9.huge is not offered in us-east-1."
    assert problems(edit(draft, instance_type="m9.huge"), "type") == ()


# ------------------------------------------------------------------ details


@pytest.mark.parametrize(("count", "blocked"), [(0, True), (1, False), (20, False), (21, True)])
def test_the_count_has_limits(draft: LaunchDraft, count: int, blocked: bool) -> None:
    assert fields(problems(edit(draft, count=count), "details")) == ["count"] * blocked


@pytest.mark.parametrize("text", ["0.05", "$0.05", ".5", " 3 ", ""])
def test_a_maximum_price_is_a_decimal_or_blank(draft: LaunchDraft, text: str) -> None:
    spot = edit(with_market(draft, "spot"), max_price=text)
    assert fields(problems(spot, "details")) == []


@pytest.mark.parametrize("text", ["0", "-1", "1e3", "NaN", "inf", "five", "0,05", "٣", "1_0"])
def test_what_is_no_price_is_refused(draft: LaunchDraft, text: str) -> None:
    spot = edit(with_market(draft, "spot"), max_price=text)
    assert fields(problems(spot, "details")) == ["max_price"]
    assert typed_price(text) is None


def test_a_maximum_below_the_spot_price_is_a_warning(draft: LaunchDraft) -> None:
    spot = edit(with_market(draft, "spot"), max_price="0.001")
    found = problems(spot, "details", spot_price=Decimal("0.0031"))
    assert fields(found) == []
    assert "$0.0031" in found[0].message


def test_spot_knows_its_own_rules(draft: LaunchDraft) -> None:
    spot = with_market(draft, "spot")
    assert fields(problems(spot, "details")) == []
    assert fields(problems(edit(spot, termination_protection=True), "details")) == [
        "termination_protection"
    ]
    persistent = edit(spot, spot_request="persistent")
    assert fields(problems(persistent, "details")) == ["interruption"]
    assert fields(problems(edit(persistent, interruption="stop"), "details")) == []
    assert fields(problems(edit(spot, interruption="stop"), "details")) == ["interruption"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"market": "gift"}, "market"),
        ({"shutdown_behavior": "explode"}, "shutdown_behavior"),
        ({"role": "two words"}, "role"),
        ({"role": "x" * 129}, "role"),
        ({"subnet_id": "subnet-!"}, "subnet_id"),
        ({"user_data": "#!" + "x" * 16383}, "user_data"),
        ({"user_data": "#!" + "é" * 8192}, "user_data"),
    ],
)
def test_details_that_aws_would_refuse(
    draft: LaunchDraft, change: dict[str, str], field: str
) -> None:
    assert fields(problems(edit(draft, **change), "details")) == [field]


def test_16_kib_of_user_data_are_allowed(draft: LaunchDraft) -> None:
    assert problems(edit(draft, user_data="#!" + "x" * 16382), "details") == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"user_data": "echo hi"}, "user_data"),
        ({"public_ip": False}, "public_ip"),
        ({"imdsv2": False}, "imdsv2"),
    ],
)
def test_details_that_are_only_warned_of(
    draft: LaunchDraft, change: dict[str, object], field: str
) -> None:
    found = problems(edit(draft, **change), "details")
    assert fields(found) == []
    assert fields(found, blocking=False) == [field]


# ------------------------------------------------------------------ tags


@pytest.mark.parametrize(
    ("tags", "blocked"),
    [
        ((Tag("Name", "x"), Tag("k" * 128, "v" * 256)), []),
        ((Tag("Name", "x"), Tag("k" * 129, "")), ["tags.1.key"]),
        ((Tag("Name", "x"), Tag("k", "v" * 257)), ["tags.1.value"]),
        ((Tag("Name", "x"), Tag("", "v")), ["tags.1.key"]),
        ((Tag("Name", "x"), Tag("aws:x", "v")), ["tags.1.key"]),
        ((Tag("Name", "x"), Tag("AWS:x", "v")), ["tags.1.key"]),
        ((Tag("Name", "x"), Tag("Name", "y")), ["tags.1.key"]),
        ((Tag("Name", "x"), Tag("name", "y")), []),
        ((Tag("Name", "\x1b[31m"),), ["tags.0.value"]),
        ((Tag("Name", "東京 +-=._:/@"),), []),
    ],
)
def test_tags_have_limits(draft: LaunchDraft, tags: tuple[Tag, ...], blocked: list[str]) -> None:
    assert fields(problems(edit(draft, tags=tags), "tags")) == blocked


def test_fifty_tags_are_the_most(draft: LaunchDraft) -> None:
    fifty = (Tag("Name", "x"), *(Tag(f"k{n}", "") for n in range(49)))
    assert problems(edit(draft, tags=fifty), "tags") == ()
    assert fields(problems(edit(draft, tags=(*fifty, Tag("z", ""))), "tags")) == ["tags"]


def test_strange_characters_and_a_missing_name_are_warned_of(draft: LaunchDraft) -> None:
    found = problems(edit(draft, tags=(Tag("x[/y]", "*"),)), "tags")
    assert fields(found) == []
    assert fields(found, blocking=False) == ["tags", "tags.0.key", "tags.0.value"]


# ------------------------------------------------------------------ key pair


@pytest.mark.parametrize(
    ("key", "blocked"),
    [
        (NewKey("dev"), []),
        (NewKey("dev key", "rsa"), []),
        (NewKey(""), ["key.name"]),
        (NewKey("dev", "dsa"), ["key.kind"]),
        (NewKey("taken"), ["key.name"]),
        (NewKey("../dev"), ["key.name"]),
        (NewKey("a/b"), ["key.name"]),
        (NewKey("naïve"), ["key.name"]),
        (NewKey("x" * 241), ["key.name"]),
        (NewKey(" dev"), ["key.name"]),
        (NewKey("a\nb"), ["key.name"]),
        (ExistingKey("taken"), []),
        (ExistingKey("gone"), ["key"]),
        (NoKey(), ["key"]),
        (NoKey(acknowledged=True), []),
    ],
)
def test_the_key_pair_is_chosen_or_its_absence_acknowledged(
    draft: LaunchDraft, key: NewKey | ExistingKey | NoKey, blocked: list[str]
) -> None:
    found = problems(edit(draft, key=key), "review", key_names=("taken",))
    assert fields(found) == blocked


def test_an_unknown_step_is_a_mistake(draft: LaunchDraft) -> None:
    with pytest.raises(KeyError):
        problems(draft, "seventh")


def test_an_image_without_a_root_device_is_refused(draft: LaunchDraft, x86_image: Image) -> None:
    broken = edit(draft, image=replace(x86_image, root_device=""))
    assert fields(problems(broken, "image")) == ["image"]


def test_a_paravirtual_image_is_refused_on_a_current_type(
    draft: LaunchDraft, x86_image: Image, types: tuple[InstanceType, ...]
) -> None:
    old = edit(draft, image=replace(x86_image, virtualization="paravirtual"))
    [problem] = problems(old, "type", types=types)
    assert "paravirtual" in problem.message


def test_a_key_name_of_240_characters_is_the_longest(draft: LaunchDraft) -> None:
    assert problems(edit(draft, key=NewKey("x" * 240)), "review") == ()
