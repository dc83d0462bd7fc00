"""Security-group rules in words."""

from __future__ import annotations

import pytest

from tui.core.records import IngressRule
from tui.launch import rule_for, words, world_open
from tui.launch.firewall import SERVICES, lets_in


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (IngressRule("tcp", 22, 22, "198.51.100.24/32"), "SSH from 198.51.100.24/32"),
        (IngressRule("tcp", 80, 80, "0.0.0.0/0"), "HTTP from anywhere"),
        (IngressRule("tcp", 443, 443, "::/0"), "HTTPS from anywhere (IPv6)"),
        (IngressRule("tcp", 8000, 8010, "10.0.0.0/8"), "TCP 8000–8010 from 10.0.0.0/8"),
        (IngressRule("udp", 51820, 51820, "10.0.0.0/8"), "UDP 51820 from 10.0.0.0/8"),
        (IngressRule("-1", None, None, "sg-0a1b2c3d"), "all traffic from sg-0a1b2c3d"),
        (IngressRule("-1", -1, -1, "sg-0a1b2c3d"), "all traffic from sg-0a1b2c3d"),
        (IngressRule("icmp", 8, -1, "0.0.0.0/0"), "ping from anywhere"),
        (IngressRule("icmp", 3, 4, "0.0.0.0/0"), "ICMP type 3 from anywhere"),
        (IngressRule("tcp", 0, 65535, "10.0.0.0/8"), "all TCP from 10.0.0.0/8"),
        (IngressRule("tcp", 22, 22, ""), "SSH from an address still to be given"),
    ],
)
def test_a_rule_in_words(rule: IngressRule, says: str) -> None:
    assert words(rule) == says


def test_every_service_is_said_by_its_name() -> None:
    for service in SERVICES:
        assert words(rule_for(service.name.upper(), "10.0.0.0/8")).startswith(service.name)
    with pytest.raises(KeyError):
        rule_for("gopher", "10.0.0.0/8")


@pytest.mark.parametrize(
    ("rule", "address", "inside"),
    [
        (rule_for("SSH", "198.51.100.0/24"), "198.51.100.24", True),
        (rule_for("SSH", "198.51.101.0/24"), "198.51.100.24", False),
        (rule_for("HTTP", "0.0.0.0/0"), "198.51.100.24", False),
        (rule_for("all traffic", "0.0.0.0/0"), "198.51.100.24", True),
        (rule_for("SSH", "::/0"), "198.51.100.24", False),
        (rule_for("SSH", "::/0"), "2001:db8::1", True),
        (rule_for("all UDP", "0.0.0.0/0"), "198.51.100.24", False),
        (rule_for("SSH", "sg-0a1b2c3d"), "198.51.100.24", False),
        (rule_for("SSH", "0.0.0.0/0"), "", False),
    ],
)
def test_who_is_let_in(rule: IngressRule, address: str, inside: bool) -> None:
    assert lets_in([rule], 22, address) is inside


def test_only_login_ports_are_named_as_open_to_the_world() -> None:
    rules = [
        rule_for("SSH", "0.0.0.0/0"),
        rule_for("HTTP", "0.0.0.0/0"),
        rule_for("SSH", "10.0.0.0/8"),
    ]
    assert world_open(rules) == (rules[0],)
