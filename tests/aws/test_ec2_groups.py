"""Security groups and networks: made whole or not at all."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from tui.aws.ec2.records import group_of, permissions_of
from tui.aws.ec2.service import Ec2
from tui.aws.gateway import Gateway
from tui.core.errors import AwsError
from tui.core.records import IngressRule

RULES = (
    IngressRule("tcp", 22, 22, "203.0.113.7/32", "me"),
    IngressRule("tcp", 80, 443, "::/0"),
    IngressRule("-1", None, None, "10.0.0.0/8"),
)


async def test_a_security_group_is_made_with_its_rules(ec2: Ec2) -> None:
    vpc = await ec2.default_vpc()
    made = await ec2.create_security_group("web", "Web server", vpc, RULES)
    [found] = [group for group in await ec2.security_groups(vpc) if group.name == "web"]
    assert found.id == made.id
    assert set(found.ingress) == set(RULES)
    assert found.vpc_id == vpc
    await ec2.delete_security_group(made.id)
    assert "web" not in [group.name for group in await ec2.security_groups()]


async def test_a_refused_rule_leaves_no_group(ec2: Ec2) -> None:
    bad = IngressRule("tcp", 22, 22, "sg-0123456789abcdef0")
    with pytest.raises(AwsError):
        await ec2.create_security_group("web", "x", await ec2.default_vpc(), [bad])
    assert "web" not in [group.name for group in await ec2.security_groups()]


async def test_a_taken_group_name_says_so(ec2: Ec2) -> None:
    vpc = await ec2.default_vpc()
    await ec2.create_security_group("web", "x", vpc, ())
    with pytest.raises(AwsError) as caught:
        await ec2.create_security_group("web", "x", vpc, ())
    assert "a security group of that name exists" in str(caught.value)


class Held:
    """A client whose call of one operation is held in its thread until it is let go."""

    def __init__(self, real: Any, operation: str) -> None:
        self.real, self.operation = real, operation
        self.begun, self.go_on, self.ended = (threading.Event() for _ in range(3))

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.real, name)
        return self._held(call) if name == self.operation else call

    def _held(self, call: Any) -> Any:
        def later(**params: Any) -> Any:
            self.begun.set()
            assert self.go_on.wait(10)
            try:
                return call(**params)
            finally:
                self.ended.set()

        return later


@pytest.mark.parametrize("operation", ["create_security_group", "authorize_security_group_ingress"])
async def test_a_cancel_at_any_step_leaves_no_group(
    operation: str, ec2: Ec2, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = await ec2.default_vpc()
    held = Held(await gateway.client("ec2"), operation)
    with monkeypatch.context() as patched:
        patched.setattr(gateway, "client_now", lambda *_: held)
        task = asyncio.create_task(ec2.create_security_group("web", "x", vpc, RULES))
        assert await asyncio.to_thread(held.begun.wait, 10)
        task.cancel()
        await asyncio.sleep(0.05)
        held.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(held.ended.wait, 10)
    assert "web" not in [group.name for group in await ec2.security_groups()]


async def test_a_group_that_stays_behind_is_told(ec2: Ec2, monkeypatch: pytest.MonkeyPatch) -> None:
    async def denied(_: str) -> None:
        raise AwsError("Can't delete", "access denied")

    monkeypatch.setattr(ec2, "delete_security_group", denied)
    bad = IngressRule("tcp", 22, 22, "sg-0123456789abcdef0")
    with pytest.raises(AwsError) as caught:
        await ec2.create_security_group("web", "x", await ec2.default_vpc(), [bad])
    assert "security group" in str(caught.value)
    assert "is left at AWS: delete it." in caught.value.hint


async def test_a_rule_that_is_no_network_makes_no_group(ec2: Ec2) -> None:
    bad = IngressRule("tcp", 22, 22, "nowhere")
    with pytest.raises(AwsError, match="create security group web"):
        await ec2.create_security_group("web", "x", await ec2.default_vpc(), [bad])
    assert "web" not in [group.name for group in await ec2.security_groups()]


def test_rules_survive_the_way_to_ec2_and_back() -> None:
    rules = (*RULES, IngressRule("tcp", 5432, 5432, "sg-1"), IngressRule("udp", 53, 53, "pl-1"))
    entry = {"GroupId": "sg-9", "IpPermissions": permissions_of(rules)}
    assert group_of(entry).ingress == rules


async def test_the_default_network_and_its_subnets(ec2: Ec2) -> None:
    vpc, subnets = await ec2.default_vpc(), await ec2.subnets()
    assert vpc.startswith("vpc-")
    assert subnets
    assert subnets[0].vpc_id == vpc
    assert subnets[0].default_for_zone
    assert subnets[0].free_addresses > 0
