"""What AWS refuses at a launch and moto lets through; a dry run is held to the same.

The limits of the disks are those of EC2's service model (EbsBlockDevice) and of EBS's pages on
each type: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tui.sandbox.hosts.user_data import MOST_BYTES, raw
from tui.sandbox.patches.base import refusal
from tui.sandbox.patches.spot import usd_per_hour_at

GP3_IOPS = 3000
MIBPS_PER_IOPS = 0.25


@dataclass(frozen=True, slots=True)
class DiskLimits:
    """What one type of volume may be; sizes in GiB, throughput in MiB/s."""

    sizes: tuple[int, int]
    iops: tuple[int, int] | None = None
    iops_per_gib: int = 0
    needs_iops: bool = False
    throughput: tuple[int, int] | None = None


DISKS = {
    "gp3": DiskLimits((1, 65536), (GP3_IOPS, 80000), 500, throughput=(125, 2000)),
    "gp2": DiskLimits((1, 16384)),
    "io1": DiskLimits((4, 16384), (100, 64000), 50, needs_iops=True),
    "io2": DiskLimits((4, 65536), (100, 256000), 1000, needs_iops=True),
    "st1": DiskLimits((125, 16384)),
    "sc1": DiskLimits((125, 16384)),
    "standard": DiskLimits((1, 1024)),
}


def check_user_data(data: Any) -> None:
    """Refuse what is longer than EC2 takes."""
    if len(raw(data)) > MOST_BYTES:
        raise refusal("InvalidParameterValue", f"User data is limited to {MOST_BYTES} bytes")


def check_network(backend: Any, kw: dict[str, Any], group_names: list[str]) -> None:
    """Refuse subnets and security groups that are not there."""
    from moto.ec2.exceptions import InvalidSecurityGroupNotFoundError

    if kw.get("subnet_id"):
        backend.get_subnet(kw["subnet_id"])  # raises
    for name in group_names or []:
        if backend.get_security_group_by_name_or_id(name) is None:
            raise InvalidSecurityGroupNotFoundError(name)
    for group in kw.get("security_group_ids") or []:
        if isinstance(group, str) and backend.get_security_group_from_id(group) is None:
            raise InvalidSecurityGroupNotFoundError(group)


def check_disks(mappings: list[dict[str, Any]]) -> None:
    """Refuse sizes and performance that a type of volume does not have."""
    for mapping in mappings:
        if mapping.get("NoDevice") == "" or "Ebs" not in mapping:
            continue
        disk = mapping["Ebs"]
        kind = disk.get("VolumeType") or "gp2"
        if (limits := DISKS.get(kind)) is None:
            raise refusal(
                "InvalidParameterValue", f"Value ({kind}) for parameter volumeType is invalid."
            )
        size = int(disk["VolumeSize"]) if disk.get("VolumeSize") else None
        if size is not None:
            _within("Volume size", size, limits.sizes, " GiB")
        _check_iops(kind, limits, size, disk.get("Iops"))
        _check_throughput(kind, limits, disk)


def _check_iops(kind: str, limits: DiskLimits, size: int | None, asked: Any) -> None:
    if not asked:
        if limits.needs_iops:
            raise refusal(
                "InvalidParameterCombination",
                f"The parameter iops must be specified for {kind} volumes.",
            )
        return
    if limits.iops is None:
        raise refusal(
            "InvalidParameterCombination",
            f"The parameter iops is not supported for {kind} volumes.",
        )
    iops = int(asked)
    _within("Volume iops", iops, limits.iops)
    granted = GP3_IOPS if kind == "gp3" else 0
    if size is not None and iops > max(granted, limits.iops_per_gib * size):
        raise refusal(
            "InvalidParameterValue",
            f"Iops to volume size ratio of {iops / size:.6f} is too high; "
            f"maximum is {limits.iops_per_gib}",
        )


def _check_throughput(kind: str, limits: DiskLimits, disk: dict[str, Any]) -> None:
    if not disk.get("Throughput"):
        return
    if limits.throughput is None:
        raise refusal(
            "InvalidParameterCombination", "throughput can only be specified for volumeType gp3."
        )
    throughput = int(disk["Throughput"])
    _within("Volume throughput", throughput, limits.throughput, " MiBps")
    ratio = throughput / int(disk.get("Iops") or GP3_IOPS)
    if ratio > MIBPS_PER_IOPS:
        raise refusal(
            "InvalidParameterValue",
            f"Throughput (MiBps) to iops ratio of {ratio:.6f} is too high; "
            f"maximum is {MIBPS_PER_IOPS:.6f} MiBps per iops",
        )


def _within(what: str, value: int, limits: tuple[int, int], unit: str = "") -> None:
    least, most = limits
    if value < least:
        raise refusal(
            "InvalidParameterValue",
            f"{what} of {value}{unit} is too low; minimum is {least}{unit}.",
        )
    if value > most:
        raise refusal(
            "InvalidParameterValue",
            f"{what} of {value}{unit} is too high; maximum is {most}{unit}.",
        )


def check_spot(backend: Any, kw: dict[str, Any], options: dict[str, Any]) -> None:
    """Refuse a maximum price below today's: RunInstances answers at once, no request stays open."""
    asked = options.get("MaxPrice")
    if asked is None:
        return
    try:
        most = float(asked)
    except (TypeError, ValueError):
        most = math.nan
    if not 0 < most < math.inf:
        raise refusal("InvalidParameterValue", f"Invalid value '{asked}' for SpotPrice.")
    price = usd_per_hour_at(kw["instance_type"], _zone(backend, kw), datetime.now(UTC))
    if most < price:
        raise refusal(
            "SpotMaxPriceTooLow",
            f"Your Spot request price of {asked} is lower than the minimum required Spot request "
            f"fulfillment price of {price:.4f}.",
        )


def _zone(backend: Any, kw: dict[str, Any]) -> str:
    nics = kw.get("nics") or []
    subnet_id = kw.get("subnet_id") or next((n["SubnetId"] for n in nics if "SubnetId" in n), None)
    if subnet_id:
        return str(backend.get_subnet(subnet_id).availability_zone)
    return str(kw.get("placement") or f"{backend.region_name}a")
