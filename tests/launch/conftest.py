"""Images, types and a default draft for the tests of launch."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tui.core.records import Image, InstanceType
from tui.launch import LaunchDraft, default_draft, reviewed

MY_ADDRESS = "198.51.100.24"


def image_of(architecture: str = "x86_64", root_gib: int = 8) -> Image:
    """An Amazon Linux image."""
    return Image(
        id=f"ami-{architecture}",
        name="al2023",
        description="",
        architecture=architecture,
        root_device="/dev/xvda",
        root_size_gib=root_gib,
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
        family="Amazon Linux 2023",
        login_user="ec2-user",
    )


@pytest.fixture
def x86_image() -> Image:
    return image_of("x86_64")


@pytest.fixture
def arm_image() -> Image:
    return image_of("arm64")


@pytest.fixture
def types() -> tuple[InstanceType, ...]:
    """A small region."""
    return (
        InstanceType("t3.micro", 2, 1024, ("x86_64",), burstable=True, free_tier=True),
        InstanceType("t4g.micro", 2, 1024, ("arm64",), burstable=True, free_tier=True),
        InstanceType("m7g.2xlarge", 8, 32768, ("arm64",)),
        InstanceType("m3.large", 2, 7680, ("x86_64",), current=False),
    )


@pytest.fixture
def draft(x86_image: Image, types: tuple[InstanceType, ...]) -> LaunchDraft:
    """What `enter` through all six steps gives."""
    made = default_draft("us-east-1", x86_image, types=types, my_address=MY_ADDRESS)
    return reviewed(made)
