"""Machine images: the current ones of the usual systems, and who logs in on them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.core.errors import AwsError
from tui.core.records import Image

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway

_PARAMETERS_A_CALL = 10  # ssm:GetParameters takes no more


@dataclass(frozen=True, slots=True)
class _Family:
    """A system: its public SSM parameter ("" where its maker has none), owner and name pattern.

    `{arch}` is x86_64 or arm64, `{deb}` is amd64 or arm64.
    """

    name: str
    parameter: str
    owner: str
    pattern: str


# Sources: the makers' own pages on finding their images (AWS, Canonical, Debian, SUSE, Red Hat).
FAMILIES = (
    _Family(
        "Amazon Linux 2023",
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{arch}",
        "amazon",
        "al2023-ami-2023.*-{arch}",
    ),
    _Family(
        "Ubuntu 24.04 LTS",
        "/aws/service/canonical/ubuntu/server/24.04/stable/current/{deb}/hvm/ebs-gp3/ami-id",
        "099720109477",
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{deb}-server-*",
    ),
    _Family(
        "Ubuntu 22.04 LTS",
        "/aws/service/canonical/ubuntu/server/22.04/stable/current/{deb}/hvm/ebs-gp2/ami-id",
        "099720109477",
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{deb}-server-*",
    ),
    _Family(
        "Debian 12",
        "/aws/service/debian/release/12/latest/{deb}",
        "136693071363",
        "debian-12-{deb}-*",
    ),
    _Family("RHEL 9", "", "309956199498", "RHEL-9.*_HVM-*-{arch}-*"),
    _Family("SLES 15", "", "013907871322", "suse-sles-15-sp?-v????????-hvm-ssd-{arch}"),
    _Family(
        "Amazon Linux 2",
        "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-{arch}-gp2",
        "amazon",
        "amzn2-ami-kernel-5.10-hvm-2.*-{arch}-gp2",
    ),
)

# By a piece of the image's name; the first that fits counts.
_LOGIN_USERS = (
    ("ubuntu", "ubuntu"),
    ("debian", "admin"),
    ("bitnami", "bitnami"),
    ("fedora", "fedora"),
    ("rocky", "rocky"),
    ("flatcar", "core"),
    ("coreos", "core"),
    ("kali", "kali"),
    ("nixos", "root"),
    ("centos", "centos"),
    ("windows", "Administrator"),
)
DEFAULT_LOGIN_USER = "ec2-user"  # Amazon Linux, RHEL, SLES, AlmaLinux, FreeBSD

_FAMILY_NAMES = (
    (r"al2023", "Amazon Linux 2023"),
    (r"amzn2", "Amazon Linux 2"),
    (r"ubuntu.*?(\d\d\.\d\d)", "Ubuntu {0} LTS"),
    (r"debian-(\d+)", "Debian {0}"),
    (r"rhel-(\d+)", "RHEL {0}"),
    (r"sles-(\d+)", "SLES {0}"),
    (r"windows", "Windows"),
)


def login_user(name: str) -> str:
    """Return the user that one logs in as, from an image's (or family's) name."""
    lowered = name.lower()
    return next((user for piece, user in _LOGIN_USERS if piece in lowered), DEFAULT_LOGIN_USER)


async def quick_start(gateway: Gateway, architecture: str) -> tuple[Image, ...]:
    """Return the current image of each usual system, in the order of `FAMILIES`.

    `architecture` is x86_64 or arm64. A system whose image this region lacks is left out.

    Raises:
        AwsError: images may not be looked up at all.
    """
    by_parameter = await _from_parameters(gateway, architecture)
    known, found = await asyncio.gather(
        describe(gateway, list(by_parameter.values())),
        asyncio.gather(
            *(
                _newest(gateway, family, architecture)
                for family in FAMILIES
                if family.name not in by_parameter
            )
        ),
    )
    images = {image.id: image for image in known}
    by_family = {name: images.get(image_id) for name, image_id in by_parameter.items()}
    by_family.update({image.family: image for image in found if image})
    return tuple(image for family in FAMILIES if (image := by_family.get(family.name)))


async def describe(gateway: Gateway, ids: Sequence[str]) -> tuple[Image, ...]:
    """Return the images of these ids that exist in the region."""
    if not ids:
        return ()
    # A filter leaves out what is gone, where ImageIds would fail as a whole.
    filters = [{"Name": "image-id", "Values": list(ids)}]
    answer = await gateway.call("ec2", "describe_images", Filters=filters, IncludeDeprecated=True)
    return tuple(image_of(entry) for entry in answer.get("Images", ()))


def image_of(entry: Mapping[str, Any], family: str = "") -> Image:
    """Make the record of one image."""
    name = entry.get("Name", "")
    described = f"{name} {entry.get('Description', '')}"
    root = entry.get("RootDeviceName", "")
    return Image(
        id=entry["ImageId"],
        name=name,
        description=entry.get("Description", ""),
        architecture=entry.get("Architecture", ""),
        root_device=root,
        root_size_gib=_root_size(entry, root),
        created_at=_created(entry.get("CreationDate", "")),
        family=family or _family_name(name),
        login_user=login_user(
            f"{described} {'windows' if entry.get('Platform') == 'windows' else ''}"
        ),
        owner=entry.get("ImageOwnerAlias") or entry.get("OwnerId", ""),
        virtualization=entry.get("VirtualizationType", "hvm"),
        boot_mode=entry.get("BootMode", ""),
    )


async def _from_parameters(gateway: Gateway, architecture: str) -> dict[str, str]:
    """Map family names to image ids by the public parameters; empty where SSM is denied."""
    names = {
        _filled(family.parameter, architecture): family.name
        for family in FAMILIES
        if family.parameter
    }
    try:
        answer = await gateway.call("ssm", "get_parameters", Names=list(names)[:_PARAMETERS_A_CALL])
    except AwsError:
        return {}
    return {
        names[entry["Name"]]: entry["Value"]
        for entry in answer.get("Parameters", ())
        if entry["Name"] in names and entry.get("Value", "").startswith("ami-")
    }


async def _newest(gateway: Gateway, family: _Family, architecture: str) -> Image | None:
    filters = [
        {"Name": "name", "Values": [_filled(family.pattern, architecture)]},
        {"Name": "architecture", "Values": [architecture]},
        {"Name": "state", "Values": ["available"]},
    ]
    answer = await gateway.call("ec2", "describe_images", Owners=[family.owner], Filters=filters)
    entries = answer.get("Images", ())
    if not entries:
        return None
    newest = max(entries, key=lambda entry: str(entry.get("CreationDate", "")))
    return image_of(newest, family.name)


def _filled(pattern: str, architecture: str) -> str:
    debian = "amd64" if architecture == "x86_64" else architecture
    return pattern.format(arch=architecture, deb=debian)


def _family_name(name: str) -> str:
    for pattern, family in _FAMILY_NAMES:
        if match := re.search(pattern, name, re.IGNORECASE):
            return family.format(*match.groups())
    return name


def _root_size(entry: Mapping[str, Any], root: str) -> int:
    for mapping in entry.get("BlockDeviceMappings", ()):
        if mapping.get("DeviceName") == root:
            return int(mapping.get("Ebs", {}).get("VolumeSize") or 0)
    return 0


def _created(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
