"""Instances, from launch to termination; answers that lack something; the role for S3."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tui.aws.ec2 import service as ec2_module
from tui.aws.ec2.service import Ec2
from tui.aws.gateway import Gateway
from tui.core.errors import AwsError
from tui.core.records import Image, Instance, Tag

Request = dict[str, Any]


@pytest.fixture
async def request_of(ec2: Ec2, image: Image) -> Request:
    await ec2.create_key_pair("dev")
    return {
        "ImageId": image.id,
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 1,
        "KeyName": "dev",
        "ClientToken": "token-1",
        "TagSpecifications": [
            {
                "ResourceType": "instance",
                "Tags": [{"Key": "team", "Value": "x"}, {"Key": "Name", "Value": "etl [b]"}],
            }
        ],
        "BlockDeviceMappings": [
            {
                "DeviceName": image.root_device,
                "Ebs": {"VolumeSize": 20, "VolumeType": "gp3", "DeleteOnTermination": True},
            },
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 125, "VolumeType": "st1"}},
        ],
    }


async def settled(ec2: Ec2, instance_id: str, state: str) -> Instance:
    for _ in range(100):
        [one] = [one for one in await ec2.instances() if one.id == instance_id]
        if one.state == state:
            return one
        await asyncio.sleep(0.1)
    raise AssertionError(f"{instance_id} is {one.state}, not {state}")


async def test_a_launch_is_listed_with_its_volumes_and_tags(ec2: Ec2, request_of: Request) -> None:
    [launched] = await ec2.run(request_of)
    assert launched.state in ("pending", "running")
    one = await settled(ec2, launched.id, "running")
    assert (one.name, one.type, one.key_name) == ("etl [b]", "t3.micro", "dev")
    assert one.tags == (Tag("Name", "etl [b]"), Tag("team", "x"))
    assert one.architecture == "x86_64"
    assert one.region == "us-east-1"
    assert one.public_ip
    assert one.launched_at.tzinfo is not None
    assert sorted((volume.size_gib, volume.kind) for volume in one.volumes) == [
        (20, "gp3"),
        (125, "st1"),
    ]


async def test_the_life_of_an_instance(ec2: Ec2, request_of: Request) -> None:
    [launched] = await ec2.run(request_of)
    await settled(ec2, launched.id, "running")
    await ec2.reboot([launched.id])
    [change] = await ec2.stop([launched.id])
    assert change.id == launched.id
    assert change.after in ("stopping", "stopped")
    await settled(ec2, launched.id, "stopped")
    await ec2.start([launched.id])
    await settled(ec2, launched.id, "running")
    assert isinstance(await ec2.console_output(launched.id), str)
    await ec2.terminate([launched.id])
    await settled(ec2, launched.id, "terminated")


async def test_the_same_intent_sent_twice_launches_once(ec2: Ec2, request_of: Request) -> None:
    first, second = await ec2.run(request_of), await ec2.run(request_of)
    assert first[0].id == second[0].id
    assert len(await ec2.instances()) == 1


async def test_the_newest_instance_comes_first(ec2: Ec2, request_of: Request) -> None:
    for token in ("a", "b"):
        await ec2.run(request_of | {"ClientToken": token})
    launched = [one.launched_at for one in await ec2.instances()]
    assert launched == sorted(launched, reverse=True)


async def test_a_dry_run_launches_nothing(ec2: Ec2, request_of: Request) -> None:
    await ec2.dry_run(request_of)
    assert await ec2.instances() == ()
    assert len(await ec2.run(request_of)) == 1  # the dry run did not use up the token


async def test_a_dry_run_says_what_would_fail(
    ec2: Ec2, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def call(*_: Any, **params: Any) -> dict[str, Any]:
        assert params["DryRun"] is True
        raise AwsError("Can't launch", "access denied", code="UnauthorizedOperation")

    monkeypatch.setattr(gateway, "call", call)
    with pytest.raises(AwsError, match="launch"):
        await ec2.dry_run({"ImageId": "ami-1"})


async def test_a_type_that_does_not_fit_the_image_says_so(ec2: Ec2, request_of: Request) -> None:
    with pytest.raises(AwsError) as caught:
        await ec2.run(request_of | {"InstanceType": "t4g.micro"})
    assert "doesn't fit the image's architecture" in str(caught.value)
    assert await ec2.instances() == ()


async def test_instances_that_are_not_there_say_so(ec2: Ec2) -> None:
    for act in (ec2.start, ec2.stop, ec2.terminate):
        with pytest.raises(AwsError) as caught:
            await act(["i-0123456789abcdef0"])
        assert "there is no such instance" in str(caught.value)


async def test_a_protected_instance_is_not_terminated(ec2: Ec2, request_of: Request) -> None:
    [one] = await ec2.run(request_of | {"DisableApiTermination": True})
    await settled(ec2, one.id, "running")
    assert await ec2.termination_protected(one.id)
    with pytest.raises(AwsError) as caught:
        await ec2.terminate([one.id])
    assert "protected against termination" in str(caught.value)


async def test_instances_show_even_where_volumes_are_denied(
    ec2: Ec2, gateway: Gateway, request_of: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    [launched] = await ec2.run(request_of)
    await settled(ec2, launched.id, "running")
    real = gateway.pages

    def pages(service: str, operation: str, *rest: Any, **params: Any) -> Any:
        if operation == "describe_volumes":
            raise AwsError("Can't list the volumes", "access denied")
        return real(service, operation, *rest, **params)

    monkeypatch.setattr(gateway, "pages", pages)
    [one] = await ec2.instances()
    assert one.id == launched.id
    assert {volume.size_gib for volume in one.volumes} == {0}


async def test_a_role_that_is_too_new_is_waited_for(
    ec2: Ec2, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ec2_module, "ROLE_PATIENCE_SECONDS", 0)
    calls: list[Mapping[str, Any]] = []

    async def call(*_: Any, **params: Any) -> dict[str, Any]:
        calls.append(params)
        if len(calls) < 3:
            from botocore.exceptions import ClientError

            from tui.aws.errors import explain

            message = "Value (etl) for parameter iamInstanceProfile.name is invalid."
            answer = {"Error": {"Code": "InvalidParameterValue", "Message": message}}
            raise explain(ClientError(answer, "RunInstances"), "run_instances")  # type: ignore[arg-type]
        return {"Instances": []}

    monkeypatch.setattr(gateway, "call", call)
    await ec2.run({"IamInstanceProfile": {"Name": "etl"}, "ClientToken": "t"})
    assert [params["ClientToken"] for params in calls] == ["t"] * 3


# -- answers that lack something -----------------------------------------------------------------


class Canned:
    """A client that gives one answer to everything, and notes what it was asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer, self.asked = answer, [""]

    def can_paginate(self, _: str) -> bool:
        return False

    def __getattr__(self, operation: str) -> Any:
        def answer(**_: Any) -> dict[str, Any]:
            self.asked.append(operation)
            return self.answer

        return answer


@pytest.mark.parametrize(
    ("act", "answer"),
    [
        (lambda ec2: ec2.create_key_pair("dev"), {"KeyName": "dev"}),
        (lambda ec2: ec2.create_security_group("web", "x", "vpc-1", ()), {}),
        (lambda ec2: ec2.start(["i-1"]), {"StartingInstances": [{}]}),
        (lambda ec2: ec2.run({"ImageId": "ami-1"}), {"Instances": [{}]}),
        (lambda ec2: ec2.instances(), {"Reservations": [{"Instances": [{}]}]}),
        (lambda ec2: ec2.subnets(), {"Subnets": [{}]}),
        (lambda ec2: ec2.security_groups(), {"SecurityGroups": [{}]}),
    ],
)
async def test_an_answer_that_lacks_something_is_a_sentence(
    act: Any, answer: dict[str, Any], ec2: Ec2, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    canned = Canned(answer)
    monkeypatch.setattr(gateway, "client_now", lambda *_: canned)
    with pytest.raises(AwsError) as caught:
        await act(ec2)
    assert "the server doesn't answer as AWS does" in str(caught.value)
    assert ("delete_key_pair" in canned.asked) == ("create_key_pair" in canned.asked)


async def test_a_key_pair_without_its_name_in_the_answer_has_the_one_that_was_asked(
    ec2: Ec2, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "client_now", lambda *_: Canned({"KeyMaterial": "secret"}))
    assert (await ec2.create_key_pair("dev")).name == "dev"


# -- roles ---------------------------------------------------------------------------------------


async def test_a_role_for_s3_can_be_made_twice(
    ec2: Ec2, clean_sandbox: Any, aws_client: Any
) -> None:
    for buckets in ((), ("logs-prod",)):
        assert await ec2.create_s3_role("skydeck-s3", buckets) == "skydeck-s3"
    assert await ec2.instance_profiles() == ("skydeck-s3",)
    iam = aws_client(clean_sandbox, "iam")
    profile = iam.get_instance_profile(InstanceProfileName="skydeck-s3")["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == ["skydeck-s3"]
    policy = iam.get_role_policy(RoleName="skydeck-s3", PolicyName="skydeck-s3")["PolicyDocument"]
    assert policy["Statement"][1]["Resource"] == ["arn:aws:s3:::logs-prod/*"]
