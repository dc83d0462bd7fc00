"""EC2 behaves as the launch wizard expects."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.machines import AMAZON_LINUX, Machine, run
from tests.sandbox.signing import error
from tui.sandbox import Sandbox

ARM = AMAZON_LINUX.replace("x86_64", "arm64")


def refused(ec2: Any, **options: Any) -> str:
    return error(run, ec2=ec2, **options)


def volumes(ec2: Any, instance_id: str) -> dict[str, dict[str, Any]]:
    found = ec2.describe_volumes(
        Filters=[{"Name": "attachment.instance-id", "Values": [instance_id]}]
    )["Volumes"]
    return {volume["Attachments"][0]["Device"]: volume for volume in found}


def test_state_changes_take_their_time(aws_client: Callable[..., Any], tmp_path: Path) -> None:
    box = Sandbox()
    box.start()
    try:
        ec2 = aws_client(box, "ec2")
        made = run(ec2)[0]
        machine = Machine(box, ec2, made["InstanceId"], tmp_path)
        assert made["State"]["Name"] == machine.describe()["State"]["Name"] == "pending"
        machine.wait_for("running")
        status = ec2.describe_instance_status(InstanceIds=[made["InstanceId"]])
        assert status["InstanceStatuses"][0]["InstanceStatus"]["Status"] == "initializing"
        change = ec2.stop_instances(InstanceIds=[made["InstanceId"]])["StoppingInstances"][0]
        assert change["CurrentState"]["Name"] == "stopping"
        with pytest.raises(ClientError, match="IncorrectInstanceState"):
            ec2.start_instances(InstanceIds=[made["InstanceId"]])
    finally:
        box.stop()


def test_max_count_is_launched(ec2: Any) -> None:
    assert len(run(ec2, MinCount=1, MaxCount=3)) == 3
    assert refused(ec2, MinCount=3, MaxCount=1) == "InvalidParameterValue"


def test_the_same_client_token_launches_once(ec2: Any) -> None:
    token = str(uuid.uuid4())
    first, second = run(ec2, ClientToken=token), run(ec2, ClientToken=token)
    assert first[0]["InstanceId"] == second[0]["InstanceId"]
    assert refused(ec2, ClientToken=token, InstanceType="t3.large") == (
        "IdempotentParameterMismatch"
    )


def test_termination_protection_counts_from_the_launch(ec2: Any) -> None:
    made = run(ec2, DisableApiTermination=True)[0]
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    ec2.modify_instance_attribute(
        InstanceId=made["InstanceId"], DisableApiTermination={"Value": False}
    )
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])


def test_a_launch_without_a_network_gets_the_default_one(ec2: Any) -> None:
    made = run(ec2)[0]
    subnet = ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"][0]
    assert subnet["DefaultForAz"]
    assert made["PrivateIpAddress"].startswith("172.31.")
    assert made["PublicIpAddress"].rpartition(".")[0] in ("203.0.113", "198.51.100", "192.0.2")
    assert [group["GroupName"] for group in made["SecurityGroups"]] == ["default"]


def test_the_root_disk_stays_when_data_disks_are_given(ec2: Any) -> None:
    made = run(
        ec2,
        BlockDeviceMappings=[
            {
                "DeviceName": "/dev/sdf",
                "Ebs": {"VolumeSize": 50, "VolumeType": "io2", "Iops": 4000},
            },
            {
                "DeviceName": "/dev/sdg",
                "Ebs": {
                    "VolumeSize": 60,
                    "VolumeType": "gp3",
                    "Iops": 5000,
                    "Throughput": 300,
                    "DeleteOnTermination": False,
                },
            },
        ],
    )[0]
    disks = volumes(ec2, made["InstanceId"])
    assert (disks["/dev/xvda"]["Size"], disks["/dev/xvda"]["VolumeType"]) == (8, "gp3")
    assert (disks["/dev/sdf"]["VolumeType"], disks["/dev/sdf"]["Iops"]) == ("io2", 4000)
    assert (disks["/dev/sdg"]["Iops"], disks["/dev/sdg"]["Throughput"]) == (5000, 300)
    assert disks["/dev/xvda"]["Attachments"][0]["DeleteOnTermination"] is True
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    left = ec2.describe_volumes()["Volumes"]
    assert [volume["Size"] for volume in left] == [60]


def test_a_root_disk_below_the_amis_is_refused(ec2: Any) -> None:
    small = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 4}}]
    assert refused(ec2, BlockDeviceMappings=small) == "InvalidBlockDeviceMapping"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"ImageId": ARM}, "InvalidParameterValue"),
        ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "resolve:ssm:/no/such"}, "InvalidParameterValue"),
        ({"InstanceType": "t9.gigantic"}, "InvalidParameterValue"),
        ({"KeyName": "nobody"}, "InvalidKeyPair.NotFound"),
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
    ],
)
def test_what_aws_refuses_is_refused(ec2: Any, options: dict[str, Any], code: str) -> None:
    assert refused(ec2, **options) == code
    assert ec2.describe_instances()["Reservations"] == []


def test_dry_run_launches_nothing(ec2: Any) -> None:
    assert refused(ec2, DryRun=True) == "DryRunOperation"
    assert ec2.describe_instances()["Reservations"] == []


def test_a_spot_launch_has_a_request_with_an_id(ec2: Any) -> None:
    market = {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.02"}}
    made = run(ec2, InstanceMarketOptions=market)[0]
    found = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]
    instance = found["Instances"][0]
    assert instance["InstanceLifecycle"] == "spot"
    request_id = instance["SpotInstanceRequestId"]
    request = ec2.describe_spot_instance_requests(SpotInstanceRequestIds=[request_id])
    row = request["SpotInstanceRequests"][0]
    assert (row["State"], row["InstanceId"]) == ("active", made["InstanceId"])
    assert float(row["SpotPrice"]) == 0.02
    with pytest.raises(ClientError, match="UnsupportedOperation"):
        ec2.stop_instances(InstanceIds=[made["InstanceId"]])
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    row = ec2.describe_spot_instance_requests()["SpotInstanceRequests"][0]
    assert row["State"] == "closed"


def test_spot_history_is_plausible_and_always_the_same(ec2: Any) -> None:
    def history() -> list[tuple[Any, ...]]:
        rows = ec2.describe_spot_price_history(
            InstanceTypes=["m5.large"],
            ProductDescriptions=["Linux/UNIX"],
            StartTime=datetime.now(UTC) - timedelta(days=3),
        )["SpotPriceHistory"]
        return [(r["Timestamp"], r["AvailabilityZone"], r["SpotPrice"]) for r in rows]

    rows = history()
    assert rows == history()
    assert len({moment for moment, _, _ in rows}) > 5
    assert all(0.01 < float(price) < 0.096 for _, _, price in rows)


def test_instance_types_come_by_the_page(ec2: Any) -> None:
    page = ec2.describe_instance_types(MaxResults=50)
    assert len(page["InstanceTypes"]) == 50
    names = [
        row["InstanceType"]
        for page in ec2.get_paginator("describe_instance_types").paginate()
        for row in page["InstanceTypes"]
    ]
    assert len(names) == len(set(names)) > 700


def test_the_seeded_amis_are_there_with_what_a_list_shows(ec2: Any) -> None:
    images = ec2.describe_images(Owners=["amazon"])["Images"]
    assert 20 <= len(images) <= 30
    assert {image["Architecture"] for image in images} == {"x86_64", "arm64"}
    for image in images:
        assert image["Description"]
        assert image["CreationDate"].startswith("2025-")
        root = image["BlockDeviceMappings"][0]
        assert root["DeviceName"] == image["RootDeviceName"]
        assert root["Ebs"]["VolumeSize"] in (8, 10)
    newest = ec2.describe_images(Filters=[{"Name": "name", "Values": ["al2023-ami-2023*x86_64"]}])[
        "Images"
    ]
    assert len(newest) == 2


@pytest.mark.parametrize(
    "name",
    [
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
        "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-x86_64-gp2",
        "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
        "/aws/service/debian/release/12/latest/amd64",
    ],
)
def test_public_parameters_name_seeded_amis(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any], ec2: Any, name: str
) -> None:
    ssm = aws_client(clean_sandbox, "ssm")
    value = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    assert ec2.describe_images(ImageIds=[value])["Images"][0]["ImageId"] == value


def test_parameters_are_found_by_path_and_in_bulk(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any]
) -> None:
    ssm = aws_client(clean_sandbox, "ssm")
    path = "/aws/service/ami-amazon-linux-latest"
    rows = ssm.get_parameters_by_path(Path=path)["Parameters"]
    assert len(rows) == 8
    both = ssm.get_parameters(Names=[rows[0]["Name"], "/aws/service/debian/nothing"])
    assert len(both["Parameters"]) == 1
    assert both["InvalidParameters"] == ["/aws/service/debian/nothing"]


def test_what_the_sandbox_lacks_is_said_cleanly(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any], ec2: Any
) -> None:
    with pytest.raises(ClientError, match="SandboxNotSupported"):
        ec2.create_spot_datafeed_subscription(Bucket="x")
    with pytest.raises(ClientError, match="SandboxNotSupported"):
        aws_client(clean_sandbox, "pricing").describe_services()


def test_prices_and_quotas_are_answered(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any]
) -> None:
    import json

    pricing = aws_client(clean_sandbox, "pricing")
    rows = pricing.get_products(
        ServiceCode="AmazonEC2",
        Filters=[{"Type": "TERM_MATCH", "Field": "instanceType", "Value": "m5.large"}],
    )["PriceList"]
    terms = json.loads(rows[0])["terms"]["OnDemand"]
    dimension = next(iter(next(iter(terms.values()))["priceDimensions"].values()))
    assert float(dimension["pricePerUnit"]["USD"]) == 0.096
    quotas = aws_client(clean_sandbox, "service-quotas")
    quota = quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]
    assert quota["Value"] > 0


def test_a_limited_user_is_told_unauthorized_operation(
    clean_sandbox: Sandbox, aws_client: Callable[..., Any]
) -> None:
    iam = aws_client(clean_sandbox, "iam")
    iam.create_user(UserName="dev")
    iam.attach_user_policy(
        UserName="dev", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
    )
    key = iam.create_access_key(UserName="dev")["AccessKey"]
    limited = aws_client(
        clean_sandbox,
        "ec2",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    assert limited.describe_instances()["Reservations"] == []
    assert refused(limited) == "UnauthorizedOperation"


def test_the_identity_is_the_sandboxs(sandbox: Sandbox, aws_client: Callable[..., Any]) -> None:
    assert aws_client(sandbox, "sts").get_caller_identity()["Account"] == sandbox.info.account
