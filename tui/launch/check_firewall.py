"""Checks of the firewall step: the group's name, its rules, and who could come in.

Names: the service model of CreateSecurityGroup (255 characters of a fixed set, not `sg-...`,
compared without case). Rules: 60 inbound ones by default
(https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

from tui.core.records import IngressRule, SecurityGroup
from tui.launch.draft import LaunchDraft, NewSecurityGroup
from tui.launch.firewall import covers_port, lets_in, network, words, world_open
from tui.launch.problem import Problem, warning

MAX_RULES = 60
_NAME = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}", re.ASCII)
_ID_SOURCE = re.compile(r"(sg|pl)-[0-9a-f]{8,17}")
_PROTOCOLS = ("tcp", "udp", "icmp", "icmpv6", "-1")
MAX_PORT = 65535


def check(
    draft: LaunchDraft, groups: Sequence[SecurityGroup] = (), my_address: str = ""
) -> list[Problem]:
    """Return what is wrong with the security group."""
    group = draft.security_group
    if isinstance(group, NewSecurityGroup):
        found = [*_group(group, groups), *_rules(group.rules)]
        return found + list(_reach(group.rules, draft, my_address))
    if not group:
        return [Problem("security_group", "Choose a security group, or make one.")]
    existing = next((each for each in groups if each.id == group), None)
    if existing is None:
        return [Problem("security_group", f"There is no group {group} here.")] if groups else []
    return list(_reach(existing.ingress, draft, my_address))


def _group(group: NewSecurityGroup, groups: Sequence[SecurityGroup]) -> Iterator[Problem]:
    field = "security_group.name"
    if not group.name.strip():
        yield Problem(field, "A security group needs a name.")
    elif not _NAME.fullmatch(group.name):
        yield Problem(
            field,
            "A group's name has letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, up to 255.",
        )
    elif group.name != group.name.strip():
        yield Problem(field, "A group's name can't start or end with a space.")
    if group.name.lower().startswith("sg-"):
        yield Problem(field, "A group's name can't start with sg-.")
    if group.name.lower() == "default":
        yield Problem(field, "The name default is kept for the VPC's own group.")
    if group.name.lower() in (each.name.lower() for each in groups):
        yield Problem(field, f"A group named {group.name} is there already.")
    if not _NAME.fullmatch(group.description):
        yield Problem(
            "security_group.description",
            "A group needs a description, with letters, digits, spaces and "
            "._-:/()#,@[]+=&;{}!$*, up to 255.",
        )


def _rules(rules: Sequence[IngressRule]) -> Iterator[Problem]:
    if len(rules) > MAX_RULES:
        yield Problem("security_group.rules", f"A group has {MAX_RULES} rules at most.")
    seen: set[tuple[object, ...]] = set()
    for index, rule in enumerate(rules):
        base = f"security_group.rules.{index}"
        yield from _ports(base, rule)
        yield from _source(f"{base}.source", rule.source)
        same = (rule.protocol, rule.from_port, rule.to_port, network(rule.source) or rule.source)
        if same in seen:
            yield Problem(base, f"The rule {words(rule)} is there twice.")
        seen.add(same)


def _ports(base: str, rule: IngressRule) -> Iterator[Problem]:
    if rule.protocol not in _PROTOCOLS:
        yield Problem(
            f"{base}.protocol", f"A protocol is one of {', '.join(_PROTOCOLS[:-1])} or all."
        )
    if rule.protocol not in ("tcp", "udp"):
        return
    first, last = rule.from_port, rule.to_port
    if first is None or last is None:
        yield Problem(f"{base}.ports", "Give a port, or a range of ports.")
    elif not (0 <= first <= MAX_PORT and 0 <= last <= MAX_PORT):
        yield Problem(f"{base}.ports", f"Ports are 0 to {MAX_PORT:,}.")
    elif first > last:
        yield Problem(f"{base}.ports", f"The range {first}–{last} ends before it starts.")


def _source(field: str, source: str) -> Iterator[Problem]:
    if _ID_SOURCE.fullmatch(source):
        return
    if not source:
        yield Problem(field, "Your address is not known: give a block such as 198.51.100.24/32.")
        return
    address, slash, length = source.partition("/")
    if not slash and network(source) is not None:
        size = ipaddress.ip_address(address).max_prefixlen
        yield Problem(field, f"A block needs its length: {source}/{size} for this address alone.")
        return
    block = network(source)
    # The library reads 10.0.0.0/255.0.0.0 and fe80::1%eth0/64 too; EC2 does not.
    if block is None or not length.isdigit() or "%" in address:
        yield Problem(field, f"{source} is no block such as 198.51.100.24/32, and no group's id.")
    elif str(block.network_address) != str(ipaddress.ip_address(address)):
        yield warning(field, f"{source} means all of {block}.")


def _reach(rules: Sequence[IngressRule], draft: LaunchDraft, my_address: str) -> Iterator[Problem]:
    for rule in world_open(rules):
        if not draft.world_consent:
            yield Problem("world_consent", f"{words(rule)}: anyone may try to log in.")
        else:
            yield warning("world_consent", f"{words(rule)}: open to the world, as you agreed.")
    if my_address and not lets_in(rules, 22, my_address):
        yield warning(
            "security_group", f"SSH from {my_address} is not let in: the console can't log in."
        )
    elif not my_address and not any(_opens_ssh(rule) for rule in rules):
        yield warning("security_group", "No rule lets SSH in: the console can't log in.")


def _opens_ssh(rule: IngressRule) -> bool:
    return covers_port(rule, 22) and bool(rule.source)
