"""Security-group rules by service name, in words, and what they let in."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from tui.core.records import IngressRule

ANYWHERE = ("0.0.0.0/0", "::/0")
LOGIN_PORTS = {22: "SSH", 3389: "RDP"}
ALL_PROTOCOLS = "-1"
# What the user types to agree to a login port that the whole internet can try.
CONSENT_WORDS = "open to the world"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Service:
    """A well-known service: what a rule for it says."""

    name: str
    protocol: str
    from_port: int | None
    to_port: int | None


SERVICES = (
    Service("SSH", "tcp", 22, 22),
    Service("HTTP", "tcp", 80, 80),
    Service("HTTPS", "tcp", 443, 443),
    Service("Jupyter", "tcp", 8888, 8888),
    Service("Streamlit", "tcp", 8501, 8501),
    Service("PostgreSQL", "tcp", 5432, 5432),
    Service("MySQL", "tcp", 3306, 3306),
    Service("Redis", "tcp", 6379, 6379),
    Service("NFS", "tcp", 2049, 2049),
    Service("RDP", "tcp", 3389, 3389),
    Service("DNS", "udp", 53, 53),
    Service("ping", "icmp", 8, -1),
    Service("all ICMP", "icmp", -1, -1),
    Service("all TCP", "tcp", 0, 65535),
    Service("all UDP", "udp", 0, 65535),
    Service("all traffic", ALL_PROTOCOLS, None, None),
)


def rule_for(service: str, source: str, description: str = "") -> IngressRule:
    """Return the rule that lets a service in.

    Raises:
        KeyError: the service's name is not in `SERVICES` (compared without case).
    """
    for known in SERVICES:
        if known.name.lower() == service.lower():
            return IngressRule(known.protocol, known.from_port, known.to_port, source, description)
    raise KeyError(service)


def words(rule: IngressRule) -> str:
    """Say a rule in words: `SSH from 198.51.100.24/32`."""
    return f"{service_words(rule)} from {source_words(rule.source)}"


def service_words(rule: IngressRule) -> str:
    """Say what a rule lets in: `SSH`, `TCP 8000–8010`, `all traffic`."""
    for known in SERVICES:
        if (known.protocol, known.from_port, known.to_port) == (
            rule.protocol,
            rule.from_port,
            rule.to_port,
        ):
            return known.name
    protocol = rule.protocol.upper()
    if rule.protocol == ALL_PROTOCOLS:
        return "all traffic"
    if rule.from_port is None or rule.from_port == -1:
        return f"all {protocol}"
    if rule.protocol.startswith("icmp"):
        return f"{protocol} type {rule.from_port}"
    if rule.to_port in (None, rule.from_port):
        return f"{protocol} {rule.from_port}"
    return f"{protocol} {rule.from_port}–{rule.to_port}"


def source_words(source: str) -> str:
    """Say a source: `anywhere`, `anywhere (IPv6)`, else the block or id itself."""
    if source == ANYWHERE[0]:
        return "anywhere"
    if source == ANYWHERE[1]:
        return "anywhere (IPv6)"
    return source or "an address still to be given"


def network(source: str) -> Network | None:
    """Return the source as a network, or None for a group, a prefix list or no block at all."""
    try:
        return ipaddress.ip_network(source, strict=False)
    except ValueError:
        return None


def covers_port(rule: IngressRule, port: int) -> bool:
    """Tell whether the rule lets TCP to the port in."""
    if rule.protocol == ALL_PROTOCOLS:
        return True
    if rule.protocol not in ("tcp", "6"):
        return False
    if rule.from_port is None:
        return True
    last = rule.to_port if rule.to_port is not None else rule.from_port
    return rule.from_port <= port <= last


def lets_in(rules: Iterable[IngressRule], port: int, address: str) -> bool:
    """Tell whether the rules let TCP from an address to a port in; False where it is unknown."""
    try:
        who = ipaddress.ip_address(address)
    except ValueError:
        return False
    for rule in rules:
        block = network(rule.source)
        if block is not None and covers_port(rule, port) and who in block:
            return True
    return False


def world_open(rules: Iterable[IngressRule]) -> tuple[IngressRule, ...]:
    """Return the rules that open SSH or RDP to the whole internet."""
    return tuple(
        rule
        for rule in rules
        if _is_world(rule.source) and any(covers_port(rule, port) for port in LOGIN_PORTS)
    )


def _is_world(source: str) -> bool:
    # Two halves (0.0.0.0/1 and 128.0.0.0/1) are the world too, so a half counts.
    block = network(source)
    return block is not None and block.prefixlen <= 1
