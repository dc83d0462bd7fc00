"""Public addresses from the blocks reserved for documentation: nothing real can be reached."""

from __future__ import annotations

import secrets

from tui.sandbox.patches.base import PatchContext, need, put
from tui.sandbox.records import ACCOUNT

BLOCKS = ("203.0.113", "198.51.100", "192.0.2")  # RFC 5737
_used: set[str] = set()


def new_address() -> str:
    """An address that no instance had before, or, when all were (there are 762), that none has."""
    everything = {f"{block}.{last}" for block in BLOCKS for last in range(1, 255)}
    free = everything - _in_use()  # a kept sandbox brings back what this process never gave out
    address = secrets.choice(sorted(free - _used or free or everything))
    _used.add(address)
    return address


def _in_use() -> set[str]:
    """Every public address in moto's state, whoever put it there."""
    from moto.ec2.models import ec2_backends

    found: set[str] = set()
    for backend in list(ec2_backends[ACCOUNT].values()):
        found |= {str(nic.public_ip) for nic in list(backend.enis.values())}
        found |= {str(address.public_ip) for address in list(backend.addresses)}
    return found


def install(context: PatchContext) -> None:
    """Replace moto's random addresses."""
    from moto.ec2.models import elastic_ip_addresses, elastic_network_interfaces

    need(elastic_network_interfaces, "random_public_ip")
    need(elastic_ip_addresses, "random_ip")
    put(elastic_network_interfaces, random_public_ip=new_address)
    put(elastic_ip_addresses, random_ip=new_address)
