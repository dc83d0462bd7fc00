"""What the six steps refuse, and what they only warn of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tui.core.records import Image, IngressRule, InstanceType, SecurityGroup, Tag
from tui.launch import (
    ExistingKey,
    LaunchDraft,
    NewKey,
    NewSecurityGroup,
    NoKey,
    Problem,
    VolumeSpec,
    edit,
    problems,
    rule_for,
    typed_price,
    with_market,
)

ME = "198.51.100.24"


def fields(found: tuple[Problem, ...], *, blocking: bool = True) -> list[str]:
    """The fields with problems of one weight."""
    return [each.field for each in found if each.blocking is blocking]


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


# ------------------------------------------------------------------ storage


def storage(draft: LaunchDraft, volume: VolumeSpec) -> list[str]:
    """Blocking problems of a data volume beside the root."""
    return fields(problems(edit(draft, volumes=(draft.volumes[0], volume)), "storage"))


@pytest.mark.parametrize(
    ("kind", "least", "most", "iops"),
    [
        ("gp3", 1, 65536, None),
        ("gp2", 1, 16384, None),
        ("io1", 4, 16384, 100),
        ("io2", 4, 65536, 100),
        ("st1", 125, 16384, None),
        ("sc1", 125, 16384, None),
        ("standard", 1, 1024, None),
    ],
)
def test_each_kind_has_its_sizes(
    draft: LaunchDraft, kind: str, least: int, most: int, iops: int | None
) -> None:
    for size, blocked in ((least - 1, True), (least, False), (most, False), (most + 1, True)):
        volume = VolumeSpec("/dev/sdf", size, kind, iops)
        found = [field for field in storage(draft, volume) if field.endswith("size_gib")]
        assert found == ["volumes.1.size_gib"] * blocked, (kind, size)


@pytest.mark.parametrize(
    ("volume", "blocked"),
    [
        (VolumeSpec("/dev/sdf", 1, "gp3", 3000), []),
        (VolumeSpec("/dev/sdf", 1, "gp3", 3001), ["iops"]),
        (VolumeSpec("/dev/sdf", 8, "gp3", 4000), []),
        (VolumeSpec("/dev/sdf", 8, "gp3", 2999), ["iops"]),
        (VolumeSpec("/dev/sdf", 160, "gp3", 80000, 2000), []),
        (VolumeSpec("/dev/sdf", 159, "gp3", 80000), ["iops"]),
        (VolumeSpec("/dev/sdf", 200, "gp3", 80001), ["iops"]),
        (VolumeSpec("/dev/sdf", 8, "gp3", None, 750), []),
        (VolumeSpec("/dev/sdf", 8, "gp3", None, 751), ["throughput_mibps"]),
        (VolumeSpec("/dev/sdf", 8, "gp3", None, 124), ["throughput_mibps"]),
        (VolumeSpec("/dev/sdf", 200, "gp3", 80000, 2001), ["throughput_mibps"]),
        (VolumeSpec("/dev/sdf", 8, "gp2", 3000), ["iops"]),
        (VolumeSpec("/dev/sdf", 8, "gp2", None, 125), ["throughput_mibps"]),
        (VolumeSpec("/dev/sdf", 8, "io1"), ["iops"]),
        (VolumeSpec("/dev/sdf", 8, "io1", 400), []),
        (VolumeSpec("/dev/sdf", 8, "io1", 401), ["iops"]),
        (VolumeSpec("/dev/sdf", 4, "io2", 4000), []),
        (VolumeSpec("/dev/sdf", 4, "io2", 4001), ["iops"]),
        (VolumeSpec("/dev/sdf", 300, "io2", 256001), ["iops"]),
        (VolumeSpec("/dev/sdf", 8, "gp9"), ["kind"]),
        (VolumeSpec("nonsense", 8), ["device"]),
    ],
)
def test_iops_and_throughput_have_limits_and_ratios(
    draft: LaunchDraft, volume: VolumeSpec, blocked: list[str]
) -> None:
    assert storage(draft, volume) == [f"volumes.1.{field}" for field in blocked]


def test_the_root_is_not_smaller_than_its_snapshot(draft: LaunchDraft) -> None:
    small = VolumeSpec("/dev/xvda", 7, root=True)
    [problem] = problems(edit(draft, volumes=(small,)), "storage")
    assert problem.message == "The image needs at least 8 GiB."


@pytest.mark.parametrize("kind", ["st1", "sc1"])
def test_an_instance_does_not_boot_from_a_slow_disk(draft: LaunchDraft, kind: str) -> None:
    root = VolumeSpec("/dev/xvda", 125, kind, root=True)
    assert fields(problems(edit(draft, volumes=(root,)), "storage")) == ["volumes.0.kind"]


def test_there_is_one_root_and_each_device_name_once(draft: LaunchDraft) -> None:
    data = VolumeSpec("/dev/sdf", 8)
    assert fields(problems(edit(draft, volumes=(data,)), "storage")) == ["volumes"]
    assert fields(problems(edit(draft, volumes=(*draft.volumes, data, data)), "storage")) == [
        "volumes"
    ]


def test_what_stays_or_is_not_encrypted_is_warned_of(draft: LaunchDraft) -> None:
    data = VolumeSpec("/dev/sdf", 8, encrypted=False, delete_on_termination=False)
    found = problems(edit(draft, volumes=(*draft.volumes, data)), "storage")
    assert fields(found) == []
    assert fields(found, blocking=False) == [
        "volumes.1.encrypted",
        "volumes.1.delete_on_termination",
    ]


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


# ------------------------------------------------------------------ firewall


def firewall(draft: LaunchDraft, *rules: IngressRule, name: str = "web") -> tuple[Problem, ...]:
    """Problems of a new group with these rules."""
    group = NewSecurityGroup(name, "a group", rules)
    return problems(edit(draft, security_group=group), "firewall", my_address=ME)


SSH_FROM_ME = rule_for("SSH", f"{ME}/32")


@pytest.mark.parametrize(
    ("name", "blocked"),
    [
        ("web", 0),
        ("", 1),
        ("sg-mine", 1),
        ("Default", 1),
        ("a" * 255, 0),
        ("a" * 256, 1),
        ("naïve", 1),
        ("x[bold]y", 0),
        (" web", 1),
    ],
)
def test_group_names_have_rules(draft: LaunchDraft, name: str, blocked: int) -> None:
    assert fields(firewall(draft, SSH_FROM_ME, name=name)) == ["security_group.name"] * blocked


def test_a_group_name_that_is_taken_is_refused_whatever_its_case(draft: LaunchDraft) -> None:
    taken = SecurityGroup("sg-1", "SKYDECK-ssh", "", "vpc-1")
    assert fields(problems(draft, "firewall", groups=[taken], my_address=ME)) == [
        "security_group.name"
    ]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("198.51.100.24", "198.51.100.24/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("", "not known"),
        ("my house", "no block"),
        ("198.51.100.256/32", "no block"),
        ("198.51.100.0/33", "no block"),
        ("10.0.0.0/255.0.0.0", "no block"),
        ("fe80::1%eth0/64", "no block"),
    ],
)
def test_a_source_that_is_no_block_is_refused(draft: LaunchDraft, source: str, says: str) -> None:
    found = firewall(draft, SSH_FROM_ME, rule_for("HTTP", source))
    assert fields(found) == ["security_group.rules.1.source"]
    assert says in found[0].message


@pytest.mark.parametrize("source", ["sg-0a1b2c3d", "pl-0a1b2c3d", "10.0.0.0/8", "::/0"])
def test_groups_lists_and_blocks_are_sources(draft: LaunchDraft, source: str) -> None:
    assert fields(firewall(draft, SSH_FROM_ME, rule_for("HTTP", source))) == []


def test_a_block_with_host_bits_is_explained(draft: LaunchDraft) -> None:
    found = firewall(draft, SSH_FROM_ME, rule_for("HTTP", "10.1.2.3/8"))
    assert fields(found, blocking=False) == ["security_group.rules.1.source"]
    assert "10.0.0.0/8" in found[0].message


@pytest.mark.parametrize(
    "rule",
    [
        rule_for("SSH", "0.0.0.0/0"),
        rule_for("RDP", "::/0"),
        rule_for("all TCP", "0.0.0.0/0"),
        rule_for("all traffic", "0.0.0.0/0"),
        IngressRule("tcp", 20, 30, "0.0.0.0/0"),
        rule_for("SSH", "128.0.0.0/1"),
    ],
)
def test_a_login_port_open_to_the_world_wants_consent(
    draft: LaunchDraft, rule: IngressRule
) -> None:
    group = NewSecurityGroup("web", "a group", (SSH_FROM_ME, rule))
    opened = edit(draft, security_group=group)
    assert fields(problems(opened, "firewall", my_address=ME)) == ["world_consent"]
    agreed = edit(opened, world_consent=True)
    assert fields(problems(agreed, "firewall", my_address=ME)) == []


def test_a_web_port_open_to_the_world_is_fine(draft: LaunchDraft) -> None:
    assert firewall(draft, SSH_FROM_ME, rule_for("HTTPS", "0.0.0.0/0")) == ()


def test_an_existing_group_open_to_the_world_wants_consent_too(draft: LaunchDraft) -> None:
    group = SecurityGroup("sg-1", "open", "", "vpc-1", (rule_for("SSH", "0.0.0.0/0"),))
    chosen = edit(draft, security_group="sg-1")
    assert fields(problems(chosen, "firewall", groups=[group])) == ["world_consent"]
    assert fields(problems(edit(draft, security_group="sg-2"), "firewall", groups=[group])) == [
        "security_group"
    ]


@pytest.mark.parametrize("rules", [(), (rule_for("SSH", "192.0.2.0/24"),)])
def test_a_group_that_keeps_the_console_out_is_warned_of(
    draft: LaunchDraft, rules: tuple[IngressRule, ...]
) -> None:
    found = firewall(draft, *rules)
    assert fields(found) == []
    assert fields(found, blocking=False) == ["security_group"]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (IngressRule("tcp", 80, 79, "10.0.0.0/8"), "ports"),
        (IngressRule("tcp", 80, 65536, "10.0.0.0/8"), "ports"),
        (IngressRule("udp", None, None, "10.0.0.0/8"), "ports"),
        (IngressRule("carrier-pigeon", 1, 1, "10.0.0.0/8"), "protocol"),
    ],
)
def test_ports_and_protocols_are_checked(draft: LaunchDraft, rule: IngressRule, field: str) -> None:
    assert fields(firewall(draft, SSH_FROM_ME, rule)) == [f"security_group.rules.1.{field}"]


def test_the_same_rule_twice_is_refused(draft: LaunchDraft) -> None:
    assert fields(firewall(draft, SSH_FROM_ME, SSH_FROM_ME)) == ["security_group.rules.1"]


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


@pytest.mark.parametrize(
    ("rules", "warned"),
    [
        ((), True),
        ((rule_for("HTTP", "0.0.0.0/0"),), True),
        ((SSH_FROM_ME,), False),
        ((rule_for("SSH", "sg-0a1b2c3d"),), False),
        ((rule_for("HTTP", "sg-0a1b2c3d"),), True),
    ],
)
def test_while_my_address_is_unknown_any_rule_for_ssh_will_do(
    draft: LaunchDraft, rules: tuple[IngressRule, ...], warned: bool
) -> None:
    group = NewSecurityGroup("web", "a group", rules)
    found = problems(edit(draft, security_group=group), "firewall")
    assert fields(found) == []
    assert fields(found, blocking=False) == ["security_group"] * warned


def test_sixty_rules_are_the_most(draft: LaunchDraft) -> None:
    sixty = (SSH_FROM_ME, *(rule_for("HTTP", f"10.0.0.{n}/32") for n in range(59)))
    assert firewall(draft, *sixty) == ()
    more = firewall(draft, *sixty, rule_for("HTTP", "10.1.0.0/16"))
    assert fields(more) == ["security_group.rules"]


def test_no_group_at_all_is_refused(draft: LaunchDraft) -> None:
    assert fields(problems(edit(draft, security_group=""), "firewall")) == ["security_group"]


def test_a_paravirtual_image_is_refused_on_a_current_type(
    draft: LaunchDraft, x86_image: Image, types: tuple[InstanceType, ...]
) -> None:
    old = edit(draft, image=replace(x86_image, virtualization="paravirtual"))
    [problem] = problems(old, "type", types=types)
    assert "paravirtual" in problem.message


def test_27_volumes_are_the_most(draft: LaunchDraft) -> None:
    data = tuple(VolumeSpec(f"/dev/xvdb{letter}", 8) for letter in "abcdefghijklmnopqrstuvwxyz")
    assert fields(problems(edit(draft, volumes=(*draft.volumes, *data)), "storage")) == []
    more = (*draft.volumes, *data, VolumeSpec("/dev/sdf", 8))
    assert fields(problems(edit(draft, volumes=more), "storage")) == ["volumes"]


def test_a_key_name_of_240_characters_is_the_longest(draft: LaunchDraft) -> None:
    assert problems(edit(draft, key=NewKey("x" * 240)), "review") == ()
