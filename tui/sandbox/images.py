"""The AMIs the sandbox offers, and the public SSM parameters that name them.

Names, owners, root devices and parameter paths follow the publishers' own; ids are made up from
the names, so that they stay the same in every sandbox.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AMAZON, CANONICAL, DEBIAN = "137112412989", "099720109477", "136693071363"
REDHAT, SUSE = "309956199498", "013907871322"
ROOT_GIB = 8
"""The root disk of an AMI that says nothing else."""


@dataclass(frozen=True, slots=True)
class SeededImage:
    """One public AMI.

    Attributes:
        arch: x86_64 or arm64.
        root_gib: the size of its root disk, GiB.
        created: ISO 8601, UTC.
        parameters: the public SSM parameters whose value it is.
    """

    name: str
    description: str
    owner: str
    arch: str
    root_device: str
    root_gib: int
    created: str
    parameters: tuple[str, ...] = ()

    @property
    def ami_id(self) -> str:
        """`ami-` and 17 hex digits, made from the name."""
        return "ami-0" + hashlib.sha256(self.name.encode()).hexdigest()[:16]

    def moto_row(self) -> dict[str, Any]:
        """The row for the file that MOTO_AMIS_PATH names."""
        return {
            "ami_id": self.ami_id,
            "name": self.name,
            "description": self.description,
            "owner_id": self.owner,
            "architecture": self.arch,
            "root_device_name": self.root_device,
            "root_device_type": "ebs",
            "creation_date": self.created,
            "state": "available",
            "public": True,
            "virtualization_type": "hvm",
            "hypervisor": "xen",
            "sriov": "simple",
            "image_type": "machine",
            "image_location": f"amazon/{self.name}",
            "platform": None,
            "boot_mode": "uefi" if self.arch == "arm64" else "uefi-preferred",
        }


def _amazon_2023(version: str, created: str, arch: str, newest: bool) -> SeededImage:
    short = version.split(".20", 1)[0]
    base = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel"
    return SeededImage(
        name=f"al2023-ami-{version}-kernel-6.1-{arch}",
        description=f"Amazon Linux 2023 AMI {version} {arch} HVM kernel-6.1 ({short})",
        owner=AMAZON,
        arch=arch,
        root_device="/dev/xvda",
        root_gib=ROOT_GIB,
        created=created,
        parameters=(f"{base}-default-{arch}", f"{base}-6.1-{arch}") if newest else (),
    )


def _amazon_2(version: str, created: str, arch: str, newest: bool) -> SeededImage:
    base = "/aws/service/ami-amazon-linux-latest"
    return SeededImage(
        name=f"amzn2-ami-kernel-5.10-hvm-{version}-{arch}-gp2",
        description=f"Amazon Linux 2 Kernel 5.10 AMI {version} {arch} HVM gp2",
        owner=AMAZON,
        arch=arch,
        root_device="/dev/xvda",
        root_gib=ROOT_GIB,
        created=created,
        parameters=(
            f"{base}/amzn2-ami-kernel-5.10-hvm-{arch}-gp2",
            f"{base}/amzn2-ami-hvm-{arch}-gp2",
        )
        if newest
        else (),
    )


def _ubuntu(release: tuple[str, str, str], created: str, arch: str, newest: bool) -> SeededImage:
    number, word, disk = release
    short = "amd64" if arch == "x86_64" else "arm64"
    stamp = created[:10].replace("-", "")
    path = f"/aws/service/canonical/ubuntu/server/{number}/stable/current/{short}/hvm"
    kind = "ebs-gp3" if disk == "hvm-ssd-gp3" else "ebs-gp2"
    return SeededImage(
        name=f"ubuntu/images/{disk}/ubuntu-{word}-{number}-{short}-server-{stamp}",
        description=f"Canonical, Ubuntu, {number} LTS, {short} {word} image of {created[:10]}",
        owner=CANONICAL,
        arch=arch,
        root_device="/dev/sda1",
        root_gib=ROOT_GIB,
        created=created,
        parameters=(f"{path}/{kind}/ami-id",) if newest else (),
    )


def _debian(stamp: str, created: str, arch: str, newest: bool) -> SeededImage:
    short = "amd64" if arch == "x86_64" else "arm64"
    return SeededImage(
        name=f"debian-12-{short}-{stamp}",
        description=f"Debian 12 ({stamp})",
        owner=DEBIAN,
        arch=arch,
        root_device="/dev/xvda",
        root_gib=ROOT_GIB,
        created=created,
        parameters=(f"/aws/service/debian/release/12/latest/{short}",) if newest else (),
    )


def _red_hat(version: str, created: str, arch: str) -> SeededImage:
    stamp = created[:10].replace("-", "")
    return SeededImage(
        name=f"RHEL-{version}.0_HVM-{stamp}-{arch}-0-Hourly2-GP3",
        description=f"Red Hat Enterprise Linux version {version} HVM {arch}",
        owner=REDHAT,
        arch=arch,
        root_device="/dev/sda1",
        root_gib=10,
        created=created,
    )


def _suse(pack: int, created: str, arch: str) -> SeededImage:
    stamp = created[:10].replace("-", "")
    return SeededImage(
        name=f"suse-sles-15-sp{pack}-v{stamp}-hvm-ssd-{arch}",
        description=f"SUSE Linux Enterprise Server 15 SP{pack} (HVM, 64-bit, SSD-Backed)",
        owner=SUSE,
        arch=arch,
        root_device="/dev/sda1",
        root_gib=10,
        created=created,
        parameters=(f"/aws/service/suse/sles/15-sp{pack}/{arch}/latest",),
    )


def _catalogue() -> tuple[SeededImage, ...]:
    jammy = ("22.04", "jammy", "hvm-ssd")
    noble = ("24.04", "noble", "hvm-ssd-gp3")
    rows: list[SeededImage] = []
    for arch in ("x86_64", "arm64"):
        rows += [
            _amazon_2023("2023.9.20250929.0", "2025-09-26T22:18:41.000Z", arch, True),
            _amazon_2023("2023.7.20250512.0", "2025-05-09T20:40:53.000Z", arch, False),
            _amazon_2("2.0.20250929.2", "2025-09-25T19:06:13.000Z", arch, True),
            _amazon_2("2.0.20250428.0", "2025-04-25T21:12:37.000Z", arch, False),
            _ubuntu(noble, "2025-09-11T05:12:29.000Z", arch, True),
            _ubuntu(noble, "2025-03-05T09:41:02.000Z", arch, False),
            _ubuntu(jammy, "2025-09-16T06:33:54.000Z", arch, True),
            _ubuntu(jammy, "2025-03-07T08:02:44.000Z", arch, False),
            _debian("20250910-2231", "2025-09-10T11:25:32.000Z", arch, True),
            _debian("20250316-2053", "2025-03-16T10:03:41.000Z", arch, False),
            _red_hat("9.6", "2025-09-10T10:21:08.000Z", arch),
            _suse(7, "2025-09-23T14:30:17.000Z", arch),
        ]
    rows.append(_suse(6, "2025-03-20T12:11:39.000Z", "x86_64"))
    return tuple(rows)


CATALOGUE: tuple[SeededImage, ...] = _catalogue()


def parameters() -> dict[str, str]:
    """Every public SSM parameter and the AMI id it holds."""
    return {name: image.ami_id for image in CATALOGUE for name in image.parameters}


def write_catalogue(path: Path) -> None:
    """Write the file that MOTO_AMIS_PATH names."""
    path.write_text(json.dumps([image.moto_row() for image in CATALOGUE]), encoding="utf-8")
