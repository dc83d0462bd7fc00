"""Which images are offered, and who logs in to them."""

from __future__ import annotations

from typing import Any

import pytest

from tui.aws.ec2.images import FAMILIES, describe, login_user, quick_start
from tui.aws.gateway import Gateway
from tui.core.errors import AwsError
from tui.core.records import Image


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
async def test_the_usual_systems_are_offered(gateway: Gateway, architecture: str) -> None:
    images = await quick_start(gateway, architecture)
    names = [image.family for image in images]
    assert "Amazon Linux 2023" in names
    assert len(names) >= 6
    order = [family.name for family in FAMILIES]
    assert names == sorted(names, key=order.index)
    for image in images:
        assert image.architecture == architecture
        assert image.root_device.startswith("/dev/")
        assert image.root_size_gib > 0
        assert image.login_user == login_user(image.family)


async def test_without_ssm_the_images_are_searched(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_ssm = await quick_start(gateway, "x86_64")
    real = gateway.call

    async def call(service: str, operation: str, **params: Any) -> dict[str, Any]:
        if service == "ssm":
            raise AwsError("Can't get parameters", "access denied")
        return await real(service, operation, **params)

    monkeypatch.setattr(gateway, "call", call)
    without = await quick_start(gateway, "x86_64")
    assert [image.family for image in without] == [image.family for image in with_ssm]


async def test_images_that_are_gone_are_left_out(gateway: Gateway, image: Image) -> None:
    found = await describe(gateway, ["ami-0123456789abcdef0", image.id])
    assert [one.id for one in found] == [image.id]
    assert await describe(gateway, []) == ()


@pytest.mark.parametrize(
    ("name", "user"),
    [
        ("al2023-ami-2023.6.20241010.0-kernel-6.1-x86_64", "ec2-user"),
        ("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20241004", "ubuntu"),
        ("debian-12-amd64-20241004-1890", "admin"),
        ("RHEL-9.4.0_HVM-20240605-x86_64-82-Hourly2-GP3", "ec2-user"),
        ("suse-sles-15-sp6-v20240808-hvm-ssd-x86_64", "ec2-user"),
        ("Fedora-Cloud-Base-40", "fedora"),
        ("mine", "ec2-user"),
    ],
)
def test_who_logs_in(name: str, user: str) -> None:
    assert login_user(name) == user
