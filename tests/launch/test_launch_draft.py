"""The draft: its defaults, its edits and its client token."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.core.records import Image, IngressRule, InstanceType, SecurityGroup, Tag
from tui.launch import (
    ExistingKey,
    LaunchDraft,
    NewKey,
    NewSecurityGroup,
    add_rule,
    add_volume,
    all_problems,
    change_rule,
    change_volume,
    default_draft,
    edit,
    fits,
    my_cidr,
    planned_calls,
    remove_rule,
    remove_tag,
    remove_volume,
    reviewed,
    rule_for,
    suggest_name,
    summary,
    with_image,
    with_market,
    with_tag,
)

ME = "198.51.100.24"


def test_the_default_draft_launches_as_it_is(
    draft: LaunchDraft, types: tuple[InstanceType, ...]
) -> None:
    assert not any(all_problems(draft, types=types, my_address=ME).values())
    root = draft.root_volume
    assert root is not None
    assert (root.size_gib, root.kind, root.encrypted) == (8, "gp3", True)
    assert draft.instance_type == "t3.micro"
    assert draft.imdsv2
    assert draft.name == "skydeck-1"
    assert draft.security_group == NewSecurityGroup(
        "skydeck-ssh",
        "SSH from my address, made by Skydeck",
        (IngressRule("tcp", 22, 22, "198.51.100.24/32"),),
    )
    assert draft.key == NewKey("skydeck-key-1", "ed25519")


def test_an_arm_image_gets_an_arm_machine(
    arm_image: Image, types: tuple[InstanceType, ...]
) -> None:
    assert default_draft("us-east-1", arm_image, types=types).instance_type == "t4g.micro"
    assert default_draft("us-east-1", arm_image).instance_type == "t4g.micro"
    without = [each for each in types if each.name != "t4g.micro"]
    assert default_draft("us-east-1", arm_image, types=without).instance_type == "m7g.2xlarge"
    assert default_draft("us-east-1", arm_image, types=types[:1]).instance_type == ""


def test_the_root_volume_is_at_least_the_snapshot(x86_image: Image) -> None:
    big = replace(x86_image, root_size_gib=30, root_device="/dev/sda1")
    root = default_draft("us-east-1", big).root_volume
    assert root is not None
    assert (root.size_gib, root.device) == (30, "/dev/sda1")


def test_names_that_are_taken_are_not_suggested(x86_image: Image) -> None:
    made = default_draft(
        "us-east-1",
        x86_image,
        instance_names=["skydeck-1", "skydeck-2"],
        key_names=["skydeck-key-1"],
    )
    assert made.name == "skydeck-3"
    assert made.key == NewKey("skydeck-key-2")
    assert suggest_name([]) == "skydeck-1"


def test_a_key_pair_at_hand_is_taken(x86_image: Image) -> None:
    made = default_draft("us-east-1", x86_image, key_name="dev")
    assert made.key == ExistingKey("dev")


def test_the_group_of_an_earlier_launch_is_used_again(x86_image: Image) -> None:
    mine = SecurityGroup("sg-1", "skydeck-ssh", "", "vpc-1", (rule_for("SSH", f"{ME}/32"),))
    again = default_draft("us-east-1", x86_image, my_address=ME, groups=[mine])
    assert again.security_group == "sg-1"
    moved = default_draft("us-east-1", x86_image, my_address="192.0.2.1", groups=[mine])
    assert isinstance(moved.security_group, NewSecurityGroup)
    assert moved.security_group.name == "skydeck-ssh-1"


@pytest.mark.parametrize(
    ("address", "block"),
    [(ME, f"{ME}/32"), (" 2001:db8::1 ", "2001:db8::1/128"), ("", ""), ("here", "")],
)
def test_my_address_becomes_a_block(address: str, block: str) -> None:
    assert my_cidr(address) == block


def test_a_review_fixes_the_client_token_and_an_edit_forgets_it(draft: LaunchDraft) -> None:
    assert draft.client_token
    assert len(draft.client_token) <= 64
    assert reviewed(draft).client_token == draft.client_token
    changed = edit(draft, count=2)
    assert changed.client_token == ""
    assert reviewed(changed).client_token not in ("", draft.client_token)


def test_consent_to_one_group_is_not_consent_to_another(draft: LaunchDraft) -> None:
    agreed = edit(draft, world_consent=True)
    assert edit(agreed, count=2).world_consent
    opened = add_rule(agreed, rule_for("SSH", "0.0.0.0/0"))
    assert not opened.world_consent


def test_another_image_keeps_what_still_fits(
    draft: LaunchDraft, arm_image: Image, types: tuple[InstanceType, ...]
) -> None:
    draft = add_volume(draft)
    arm = with_image(draft, replace(arm_image, root_size_gib=20), types)
    assert arm.instance_type == "t4g.micro"
    assert [volume.size_gib for volume in arm.volumes] == [20, 20]
    assert arm.volumes[1] == draft.volumes[1]
    unknown = with_image(edit(draft, instance_type="x99.huge"), arm_image)
    assert unknown.instance_type == "t4g.micro"
    same = with_image(edit(draft, instance_type="m3.large"), draft.image or arm_image, types)
    assert same.instance_type == "m3.large"


def test_volumes_get_device_names_and_the_root_stays(draft: LaunchDraft) -> None:
    two = add_volume(add_volume(draft), 500, "st1")
    assert [volume.device for volume in two.volumes] == ["/dev/xvda", "/dev/sdf", "/dev/sdg"]
    assert remove_volume(two, 0) == two
    one = remove_volume(two, 1)
    assert add_volume(one).volumes[2].device == "/dev/sdf"
    full = draft
    for _ in range(11):
        full = add_volume(full)
    with pytest.raises(ValueError, match="no more than 11"):
        add_volume(full)


def test_another_kind_forgets_what_it_may_not_take(draft: LaunchDraft) -> None:
    fast = change_volume(draft, 0, iops=4000, throughput_mibps=500)
    assert change_volume(fast, 0, kind="gp2").volumes[0].iops is None
    assert change_volume(fast, 0, kind="gp2").volumes[0].throughput_mibps is None
    assert change_volume(fast, 0, kind="io1").volumes[0].iops == 3000
    assert change_volume(fast, 0, size_gib=9).volumes[0].iops == 4000


def test_tags_and_rules_are_edited_in_place(draft: LaunchDraft) -> None:
    tagged = with_tag(with_tag(draft, "team", "ml"), "Name", "other")
    assert tagged.tags == (Tag("Name", "other"), Tag("team", "ml"))
    assert remove_tag(tagged, 0).tags == (Tag("team", "ml"),)
    opened = add_rule(draft, rule_for("http", "0.0.0.0/0"))
    changed = change_rule(opened, 1, rule_for("HTTPS", "0.0.0.0/0"))
    assert isinstance(changed.security_group, NewSecurityGroup)
    assert [rule.from_port for rule in changed.security_group.rules] == [22, 443]
    assert remove_rule(changed, 1).security_group == draft.security_group
    existing = edit(draft, security_group="sg-1")
    assert add_rule(existing, rule_for("http", "0.0.0.0/0")) == existing


def test_spot_takes_termination_protection_away(draft: LaunchDraft) -> None:
    spot = with_market(edit(draft, termination_protection=True), "spot")
    assert (spot.market, spot.termination_protection) == ("spot", False)
    assert with_market(edit(spot, max_price="0.01"), "on-demand").max_price == ""


def test_fits_compares_architecture_and_virtualization(
    x86_image: Image, arm_image: Image, types: tuple[InstanceType, ...]
) -> None:
    micro, arm, _, old = types
    assert fits(micro, x86_image)
    assert not fits(micro, arm_image)
    assert fits(arm, arm_image)
    paravirtual = replace(x86_image, virtualization="paravirtual")
    assert not fits(micro, paravirtual)
    assert fits(old, paravirtual)


def test_user_data_is_not_in_the_repr(draft: LaunchDraft) -> None:
    assert "hunter2" not in repr(edit(draft, user_data="#!/bin/sh\nexport TOKEN=hunter2"))


def test_the_stepper_says_two_short_lines_a_step(
    draft: LaunchDraft, types: tuple[InstanceType, ...]
) -> None:
    lines = {step: summary(draft, step, types=types) for step in all_problems(draft)}
    assert lines == {
        "image": ("Amazon Linux 2023", "x86_64"),
        "type": ("t3.micro", "2 vCPU · 1 GiB"),
        "details": ("1 · on-demand", "public address"),
        "storage": ("8 GiB gp3", "encrypted"),
        "tags": ("Name=skydeck-1", ""),
        "firewall": ("SSH", "198.51.100.24/32"),
        "review": ("skydeck-key-1", "new key pair"),
    }
    bare = LaunchDraft("us-east-1")
    assert summary(bare, "image") == ("none chosen", "")
    assert summary(bare, "tags") == ("none", "")
    group = SecurityGroup("sg-1", "web", "", "vpc-1", (rule_for("HTTP", "0.0.0.0/0"),))
    chosen = edit(draft, security_group="sg-1")
    assert summary(chosen, "firewall", groups=[group]) == ("web", "HTTP from anywhere")


def test_the_plan_names_every_call_in_order(draft: LaunchDraft) -> None:
    assert [operation for operation, _ in planned_calls(draft)] == [
        "CreateKeyPair",
        "CreateSecurityGroup",
        "AuthorizeSecurityGroupIngress",
        "RunInstances",
    ]
    plain = edit(draft, key=ExistingKey("dev"), security_group="sg-1")
    assert planned_calls(plain) == (("RunInstances", "1 × t3.micro · ami-x86_64 · key dev"),)
