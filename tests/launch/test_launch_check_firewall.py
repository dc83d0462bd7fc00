"""What the firewall step refuses, what it warns of, and what wants consent."""

from __future__ import annotations

import pytest

from tests.launch.checks_support import fields
from tui.core.records import IngressRule, SecurityGroup
from tui.launch import (
    LaunchDraft,
    NewSecurityGroup,
    Problem,
    edit,
    problems,
    rule_for,
)

ME = "198.51.100.24"


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
