"""Checks of the storage step against today's EBS limits.

The sizes, IOPS and throughput of each kind are those of EC2's own service model (EbsBlockDevice in
botocore, and https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html): gp3 grew to
64 TiB, 80,000 IOPS and 2,000 MiB/s in 2025. The ratios are from the pages of each kind there: gp3
500 IOPS a GiB and 0.25 MiB/s an IOPS, io1 50 IOPS a GiB, io2 1,000.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tui.launch.draft import LaunchDraft, VolumeSpec
from tui.launch.problem import Problem, warning


@dataclass(frozen=True, slots=True)
class VolumeLimits:
    """What a kind of volume may be; sizes in GiB, throughput in MiB/s."""

    sizes: tuple[int, int]
    iops: tuple[int, int] | None = None
    iops_per_gib: int = 0
    free_iops: int = 0  # granted at any size
    throughput: tuple[int, int] | None = None
    needs_iops: bool = False
    boots: bool = True


LIMITS = {
    "gp3": VolumeLimits((1, 65536), (3000, 80000), 500, 3000, (125, 2000)),
    "gp2": VolumeLimits((1, 16384)),
    "io1": VolumeLimits((4, 16384), (100, 64000), 50, needs_iops=True),
    "io2": VolumeLimits((4, 65536), (100, 256000), 1000, needs_iops=True),
    "st1": VolumeLimits((125, 16384), boots=False),
    "sc1": VolumeLimits((125, 16384), boots=False),
    "standard": VolumeLimits((1, 1024)),
}
KINDS = tuple(LIMITS)
MAX_VOLUMES = 27  # what an instance of the Nitro system takes in the least favourable case
GP3_DEFAULT_IOPS = 3000
_DEVICE = re.compile(r"(/dev/)?(sd[a-z][0-9]{0,2}|xvd[a-z][a-z]?[0-9]{0,2}|hd[a-z])", re.ASCII)


def check(draft: LaunchDraft) -> list[Problem]:
    """Return what is wrong with the volumes."""
    found: list[Problem] = list(_set_of(draft.volumes))
    for index, volume in enumerate(draft.volumes):
        found += (
            Problem(f"volumes.{index}.{problem.field}", problem.message, problem.blocking)
            for problem in _volume(volume, draft)
        )
    return found


def _set_of(volumes: tuple[VolumeSpec, ...]) -> Iterator[Problem]:
    roots = sum(volume.root for volume in volumes)
    if roots != 1:
        yield Problem("volumes", "An instance has exactly one root volume.")
    if len(volumes) > MAX_VOLUMES:
        yield Problem("volumes", f"An instance takes {MAX_VOLUMES} volumes at most.")
    for device, times in Counter(volume.device for volume in volumes).items():
        if times > 1:
            yield Problem("volumes", f"{times} volumes want the device name {device}.")


def _volume(volume: VolumeSpec, draft: LaunchDraft) -> Iterator[Problem]:
    limits = LIMITS.get(volume.kind)
    if limits is None:
        yield Problem("kind", f"{volume.kind} is no kind of volume; choose {', '.join(KINDS)}.")
        return
    yield from _size(volume, limits, draft)
    yield from _iops(volume, limits)
    yield from _throughput(volume, limits)
    if volume.root and not limits.boots:
        yield Problem("kind", f"An instance can't boot from {volume.kind}.")
    if not _DEVICE.fullmatch(volume.device):
        yield Problem("device", "A device name looks like /dev/sdf or /dev/xvda.")
    if not volume.encrypted:
        yield warning("encrypted", "Not encrypted.")
    if not volume.delete_on_termination:
        yield warning("delete_on_termination", "It stays after termination, and is paid for.")


def _size(volume: VolumeSpec, limits: VolumeLimits, draft: LaunchDraft) -> Iterator[Problem]:
    least, most = limits.sizes
    if not least <= volume.size_gib <= most:
        yield Problem("size_gib", f"{volume.kind} has {least:,} to {most:,} GiB.")
    snapshot = draft.image.root_size_gib if draft.image else 0
    if volume.root and volume.size_gib < snapshot:
        yield Problem("size_gib", f"The image needs at least {snapshot:,} GiB.")


def _iops(volume: VolumeSpec, limits: VolumeLimits) -> Iterator[Problem]:
    if volume.iops is None:
        if limits.needs_iops:
            yield Problem("iops", f"{volume.kind} needs its IOPS said.")
        return
    if limits.iops is None:
        yield Problem("iops", f"{volume.kind} takes no IOPS.")
        return
    least, most = limits.iops
    if not least <= volume.iops <= most:
        yield Problem("iops", f"{volume.kind} has {least:,} to {most:,} IOPS.")
        return
    allowed = max(limits.free_iops, limits.iops_per_gib * volume.size_gib)
    if volume.iops > allowed:
        yield Problem(
            "iops",
            f"{volume.size_gib:,} GiB of {volume.kind} take {allowed:,} IOPS at most "
            f"({limits.iops_per_gib:,} a GiB).",
        )


def _throughput(volume: VolumeSpec, limits: VolumeLimits) -> Iterator[Problem]:
    wanted = volume.throughput_mibps
    if wanted is None:
        return
    if limits.throughput is None:
        yield Problem("throughput_mibps", f"{volume.kind} takes no throughput.")
        return
    least, most = limits.throughput
    if not least <= wanted <= most:
        yield Problem("throughput_mibps", f"{volume.kind} has {least:,} to {most:,} MiB/s.")
        return
    iops = volume.iops or GP3_DEFAULT_IOPS
    if wanted * 4 > iops:
        yield Problem(
            "throughput_mibps",
            f"{wanted:,} MiB/s need {wanted * 4:,} IOPS (0.25 MiB/s an IOPS); it has {iops:,}.",
        )
