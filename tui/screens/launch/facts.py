"""What a launch can choose from: asked for all at once when the wizard opens."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tui.aws.calls import caused_by
from tui.core.errors import UserError
from tui.core.paths import expanded
from tui.core.records import Image, InstanceType, KeyPair, SecurityGroup, Subnet
from tui.launch import my_cidr

if TYPE_CHECKING:
    from tui.cost import TypeRow
    from tui.screens.services import Services

T = TypeVar("T")
ARCHITECTURES = ("x86_64", "arm64")
ADDRESS_URL = "https://checkip.amazonaws.com"
ADDRESS_SECONDS = 3.0
SANDBOX_ADDRESS = "127.0.0.1"  # the sandbox's hosts listen on loopback alone


@dataclass(frozen=True, slots=True)
class Facts:
    """What the account and the region have.

    Attributes:
        images: by architecture; a missing one was not asked for yet.
        rows: the region's instance types with their prices.
        keys_here: names of key pairs whose private half is in the keys folder.
        key_files: names that a new key's file may not take.
        vpc_id: the default network, or "".
        my_address: this machine as AWS sees it, or "".
        complaints: what could not be asked, as sentences.
    """

    images: Mapping[str, tuple[Image, ...]] = field(default_factory=dict)
    rows: tuple[TypeRow, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    key_pairs: tuple[KeyPair, ...] = ()
    keys_here: frozenset[str] = frozenset()
    key_files: frozenset[str] = frozenset()
    profiles: tuple[str, ...] = ()
    vpc_id: str = ""
    my_address: str = ""
    complaints: tuple[UserError, ...] = ()

    @property
    def types(self) -> tuple[InstanceType, ...]:
        """The region's instance types."""
        return tuple(row.type for row in self.rows)

    @property
    def key_names(self) -> frozenset[str]:
        """Names of the key pairs that EC2 knows."""
        return frozenset(pair.name for pair in self.key_pairs)

    @property
    def best_key(self) -> str:
        """A key pair that EC2 knows and whose private half is here, or ""."""
        return next((pair.name for pair in self.key_pairs if pair.name in self.keys_here), "")


async def load_facts(
    services: Services, architecture: str, images: Mapping[str, tuple[Image, ...]] | None = None
) -> Facts:
    """Ask for everything at once. What fails is complained of, and empty.

    Args:
        images: what was asked before, by architecture: images change seldom and take longest.
    """
    known = {name: found for name, found in (images or {}).items() if found}
    from tui.cost import type_rows

    complaints: list[UserError] = []
    ec2 = services.ec2

    async def asked(question: Awaitable[T], otherwise: T) -> T:
        try:
            return await question
        except UserError as error:
            complaints.append(error)
            return otherwise

    with caused_by(None):
        # Two gathers at the same time: its types know six answers at most.
        lists = asyncio.gather(
            asked(ec2.security_groups(), ()),
            asked(ec2.subnets(), ()),
            asked(ec2.key_pairs(), ()),
            asked(ec2.instance_profiles(), ()),
        )
        current, rows, vpc_id = await asyncio.gather(
            asked(_known_or_asked(services, architecture, known), ()),
            services.gateway.run(type_rows, services.book, services.region),
            asked(ec2.default_vpc(), ""),
        )
        groups, subnets, pairs, profiles = await lists
    folder = services.settings.keys_folder
    here, files = await services.gateway.run(_keys_on_disk, folder, [pair.name for pair in pairs])
    return Facts(
        images={**known, architecture: current},
        rows=rows,
        groups=groups,
        subnets=subnets,
        key_pairs=pairs,
        keys_here=here,
        key_files=files,
        profiles=profiles,
        vpc_id=vpc_id,
        my_address=SANDBOX_ADDRESS if services.identity.sandbox else "",
        complaints=tuple(complaints),
    )


async def _known_or_asked(
    services: Services, architecture: str, known: Mapping[str, tuple[Image, ...]]
) -> tuple[Image, ...]:
    from tui.aws.ec2.images import quick_start

    return known.get(architecture) or await quick_start(services.gateway, architecture)


async def find_my_address(services: Services) -> str:
    """Return this machine's address as AWS sees it, or "" where it can't be found out."""
    if services.identity.sandbox:
        return SANDBOX_ADDRESS
    return await services.gateway.run(_asked_address)


def _asked_address(fetch: Callable[[str], str] | None = None) -> str:
    try:
        said = (fetch or _fetched)(ADDRESS_URL).strip()
    except (OSError, urllib.error.URLError, ValueError):
        return ""
    return said if my_cidr(said) else ""


def _fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=ADDRESS_SECONDS) as answer:  # noqa: S310 - https
        return str(answer.read(64).decode("ascii", "replace"))


def _keys_on_disk(folder: Path, names: list[str]) -> tuple[frozenset[str], frozenset[str]]:
    from tui.aws.ec2.keys import find_key

    try:
        files = frozenset(path.stem for path in expanded(folder).glob("*.pem"))
    except (OSError, ValueError):
        files = frozenset()
    return frozenset(name for name in names if find_key(folder, name) is not None), files
