"""The one RunInstances that a draft makes."""

from __future__ import annotations

import pytest

from tui.launch import (
    LaunchDraft,
    NoKey,
    VolumeSpec,
    edit,
    request,
    reviewed,
    with_market,
    with_tag,
)


def test_the_default_request_to_the_letter(draft: LaunchDraft) -> None:
    tags = [{"Key": "Name", "Value": "skydeck-1"}]
    assert request(draft, security_group_id="sg-1") == {
        "ImageId": "ami-x86_64",
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 1,
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {
                    "VolumeSize": 8,
                    "VolumeType": "gp3",
                    "Encrypted": True,
                    "DeleteOnTermination": True,
                },
            }
        ],
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required"},
        "SecurityGroupIds": ["sg-1"],
        "InstanceInitiatedShutdownBehavior": "stop",
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": tags},
            {"ResourceType": "volume", "Tags": tags},
        ],
        "KeyName": "skydeck-key-1",
        "ClientToken": draft.client_token,
    }


def test_spot_asks_for_the_market_and_no_shutdown_behavior(draft: LaunchDraft) -> None:
    spot = edit(with_market(draft, "spot"), max_price=" $0.05 ")
    params = request(spot, security_group_id="sg-1")
    assert params["InstanceMarketOptions"] == {
        "MarketType": "spot",
        "SpotOptions": {
            "SpotInstanceType": "one-time",
            "InstanceInterruptionBehavior": "terminate",
            "MaxPrice": "0.05",
        },
    }
    assert "InstanceInitiatedShutdownBehavior" not in params
    assert "ClientToken" not in params
    blank = request(with_market(draft, "spot"), security_group_id="sg-1")
    assert "MaxPrice" not in blank["InstanceMarketOptions"]["SpotOptions"]


def test_a_subnet_moves_groups_and_address_to_the_interface(draft: LaunchDraft) -> None:
    params = request(edit(draft, subnet_id="subnet-0a1b2c3d"), security_group_id="sg-1")
    assert params["NetworkInterfaces"] == [
        {
            "DeviceIndex": 0,
            "AssociatePublicIpAddress": True,
            "DeleteOnTermination": True,
            "SubnetId": "subnet-0a1b2c3d",
            "Groups": ["sg-1"],
        }
    ]
    assert "SecurityGroupIds" not in params
    assert "SubnetId" not in params


def test_no_public_address_is_said_even_without_a_subnet(draft: LaunchDraft) -> None:
    [interface] = request(edit(draft, public_ip=False), security_group_id="sg-1")[
        "NetworkInterfaces"
    ]
    assert interface["AssociatePublicIpAddress"] is False
    assert "SubnetId" not in interface


def test_options_are_sent_only_when_chosen(draft: LaunchDraft) -> None:
    full = edit(
        with_tag(draft, "team", "ml"),
        count=3,
        role="lake-reader",
        termination_protection=True,
        monitoring=True,
        imdsv2=False,
        user_data="#!/bin/sh\nuptime\n",
        shutdown_behavior="terminate",
        volumes=(*draft.volumes, VolumeSpec("/dev/sdf", 100, "gp3", 4000, 500, encrypted=False)),
    )
    params = request(full, security_group_id="sg-1")
    assert (params["MinCount"], params["MaxCount"]) == (3, 3)
    assert params["IamInstanceProfile"] == {"Name": "lake-reader"}
    assert params["DisableApiTermination"] is True
    assert params["Monitoring"] == {"Enabled": True}
    assert params["MetadataOptions"]["HttpTokens"] == "optional"
    assert params["UserData"] == "#!/bin/sh\nuptime\n"  # boto3 encodes it
    assert params["InstanceInitiatedShutdownBehavior"] == "terminate"
    assert len(params["TagSpecifications"][0]["Tags"]) == 2
    assert params["BlockDeviceMappings"][1] == {
        "DeviceName": "/dev/sdf",
        "Ebs": {
            "VolumeSize": 100,
            "VolumeType": "gp3",
            "Encrypted": False,
            "DeleteOnTermination": True,
            "Iops": 4000,
            "Throughput": 500,
        },
    }


def test_the_key_pair_may_be_another_or_none(draft: LaunchDraft) -> None:
    assert request(draft, security_group_id="sg-1", key_name="dev")["KeyName"] == "dev"
    none = edit(draft, key=NoKey(acknowledged=True))
    assert "KeyName" not in request(none, security_group_id="sg-1")


def test_an_existing_group_is_sent_by_its_id(draft: LaunchDraft) -> None:
    assert request(edit(draft, security_group="sg-9"))["SecurityGroupIds"] == ["sg-9"]


def test_a_new_group_has_to_be_made_first(draft: LaunchDraft) -> None:
    with pytest.raises(ValueError, match="security group"):
        request(draft)
    with pytest.raises(ValueError, match="image"):
        request(LaunchDraft("us-east-1"))


def test_one_review_sends_one_token_however_often(draft: LaunchDraft) -> None:
    first = request(draft, security_group_id="sg-1")
    again = request(reviewed(draft), security_group_id="sg-1")
    assert first == again


def test_botocore_s_own_model_accepts_every_shape(draft: LaunchDraft) -> None:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel
    from botocore.validate import ParamValidator

    model = ServiceModel(Loader().load_service_model("ec2", "service-2"))
    shape = model.operation_model("RunInstances").input_shape
    full = edit(with_market(draft, "spot"), subnet_id="subnet-0a1b2c3d", role="r", monitoring=True)
    for each in (draft, full, edit(draft, public_ip=False, user_data="#!x")):
        params = request(each, security_group_id="sg-1")
        report = ParamValidator().validate(params, shape)
        assert not report.has_errors(), report.generate_report()
        known = set(shape.members)
        assert params.keys() <= known
