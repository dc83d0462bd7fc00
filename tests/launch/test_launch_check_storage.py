"""What the storage step refuses, and what it only warns of."""

from __future__ import annotations

import pytest

from tests.launch.checks_support import fields
from tui.launch import (
    LaunchDraft,
    VolumeSpec,
    edit,
    problems,
)


def storage(draft: LaunchDraft, volume: VolumeSpec) -> list[str]:
    """Blocking problems of a data volume beside the root."""
    return fields(problems(edit(draft, volumes=(draft.volumes[0], volume)), "storage"))


@pytest.mark.parametrize(
    ("kind", "least", "most", "iops"),
    [
        ("gp3", 1, 65536, None),
        ("gp2", 1, 16384, None),
        ("io1", 4, 16384, 100),
        ("io2", 4, 65536, 100),
        ("st1", 125, 16384, None),
        ("sc1", 125, 16384, None),
        ("standard", 1, 1024, None),
    ],
)
def test_each_kind_has_its_sizes(
    draft: LaunchDraft, kind: str, least: int, most: int, iops: int | None
) -> None:
    for size, blocked in ((least - 1, True), (least, False), (most, False), (most + 1, True)):
        volume = VolumeSpec("/dev/sdf", size, kind, iops)
        found = [field for field in storage(draft, volume) if field.endswith("size_gib")]
        assert found == ["volumes.1.size_gib"] * blocked, (kind, size)


@pytest.mark.parametrize(
    ("volume", "blocked"),
    [
        (VolumeSpec("/dev/sdf", 1, "gp3", 3000), []),
        (VolumeSpec("/dev/sdf", 1, "gp3", 3001), ["iops"]),
        (VolumeSpec("/dev/sdf", 8, "gp3", 4000), []),
        (VolumeSpec("/dev/sdf", 8, "gp3", 2999), ["iops"]),
        (VolumeSpec("/dev/sdf", 160, "gp3", 80000, 2000), []),
        (VolumeSpec("/dev/sdf", 159, "gp3", 80000), ["iops"]),
        (VolumeSpec("/dev/sdf", 200, "gp3", 80001), ["iops"]),
        (VolumeSpec("/dev/sdf", 8, "gp3", None, 750), []),
        (VolumeSpec("/dev/sdf", 8, "gp3", None, 751), ["throughput_mibps"]),
        (VolumeSpec("/dev/sdf", 8, "gp3", None, 124), ["throughput_mibps"]),
        (VolumeSpec("/dev/sdf", 200, "gp3", 80000, 2001), ["throughput_mibps"]),
        (VolumeSpec("/dev/sdf", 8, "gp2", 3000), ["iops"]),
        (VolumeSpec("/dev/sdf", 8, "gp2", None, 125), ["throughput_mibps"]),
        (VolumeSpec("/dev/sdf", 8, "io1"), ["iops"]),
        (VolumeSpec("/dev/sdf", 8, "io1", 400), []),
        (VolumeSpec("/dev/sdf", 8, "io1", 401), ["iops"]),
        (VolumeSpec("/dev/sdf", 4, "io2", 4000), []),
        (VolumeSpec("/dev/sdf", 4, "io2", 4001), ["iops"]),
        (VolumeSpec("/dev/sdf", 300, "io2", 256001), ["iops"]),
        (VolumeSpec("/dev/sdf", 8, "gp9"), ["kind"]),
        (VolumeSpec("nonsense", 8), ["device"]),
    ],
)
def test_iops_and_throughput_have_limits_and_ratios(
    draft: LaunchDraft, volume: VolumeSpec, blocked: list[str]
) -> None:
    assert storage(draft, volume) == [f"volumes.1.{field}" for field in blocked]


def test_the_root_is_not_smaller_than_its_snapshot(draft: LaunchDraft) -> None:
    small = VolumeSpec("/dev/xvda", 7, root=True)
    [problem] = problems(edit(draft, volumes=(small,)), "storage")
    assert problem.message == "The image needs at least 8 GiB."


@pytest.mark.parametrize("kind", ["st1", "sc1"])
def test_an_instance_does_not_boot_from_a_slow_disk(draft: LaunchDraft, kind: str) -> None:
    root = VolumeSpec("/dev/xvda", 125, kind, root=True)
    assert fields(problems(edit(draft, volumes=(root,)), "storage")) == ["volumes.0.kind"]


def test_there_is_one_root_and_each_device_name_once(draft: LaunchDraft) -> None:
    data = VolumeSpec("/dev/sdf", 8)
    assert fields(problems(edit(draft, volumes=(data,)), "storage")) == ["volumes"]
    assert fields(problems(edit(draft, volumes=(*draft.volumes, data, data)), "storage")) == [
        "volumes"
    ]


def test_what_stays_or_is_not_encrypted_is_warned_of(draft: LaunchDraft) -> None:
    data = VolumeSpec("/dev/sdf", 8, encrypted=False, delete_on_termination=False)
    found = problems(edit(draft, volumes=(*draft.volumes, data)), "storage")
    assert fields(found) == []
    assert fields(found, blocking=False) == [
        "volumes.1.encrypted",
        "volumes.1.delete_on_termination",
    ]


def test_27_volumes_are_the_most(draft: LaunchDraft) -> None:
    data = tuple(VolumeSpec(f"/dev/xvdb{letter}", 8) for letter in "abcdefghijklmnopqrstuvwxyz")
    assert fields(problems(edit(draft, volumes=(*draft.volumes, *data)), "storage")) == []
    more = (*draft.volumes, *data, VolumeSpec("/dev/sdf", 8))
    assert fields(problems(edit(draft, volumes=more), "storage")) == ["volumes"]
