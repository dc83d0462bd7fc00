"""What AWS refuses at a launch is refused, dry or not, and leaves nothing behind."""

from __future__ import annotations

import gzip
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.machines import run
from tui.sandbox import Sandbox
from tui.sandbox.patches import images, lifecycle, network
from tui.sandbox.records import ACCOUNT, REGION


def disk(**options: Any) -> dict[str, Any]:
    return {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": options}]}


def spot(**options: Any) -> dict[str, Any]:
    return {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": options}}


REFUSED = [
    (disk(VolumeType="gp3", VolumeSize=100, Iops=2999), "InvalidParameterValue", "minimum is 3000"),
    (disk(VolumeType="gp3", VolumeSize=1000, Iops=80001), "InvalidParameterValue", "too high"),
    (disk(VolumeType="gp3", VolumeSize=7, Iops=3501), "InvalidParameterValue", "maximum is 500"),
    (disk(VolumeType="gp3", VolumeSize=100, Throughput=124), "InvalidParameterValue", "is 125"),
    (disk(VolumeType="gp3", VolumeSize=100, Throughput=751), "InvalidParameterValue", "0.250000"),
    (disk(VolumeType="gp3", VolumeSize=70000), "InvalidParameterValue", "maximum is 65536"),
    (disk(VolumeType="io1", VolumeSize=100), "InvalidParameterCombination", "must be specified"),
    (disk(VolumeType="io2", VolumeSize=100), "InvalidParameterCombination", "must be specified"),
    (disk(VolumeType="io1", VolumeSize=10, Iops=501), "InvalidParameterValue", "maximum is 50"),
    (disk(VolumeType="io2", VolumeSize=3, Iops=100), "InvalidParameterValue", "minimum is 4"),
    (disk(VolumeType="gp2", VolumeSize=10, Iops=100), "InvalidParameterCombination", "gp2"),
    (disk(VolumeType="io2", VolumeSize=9, Iops=900, Throughput=125), "InvalidParameterComb", "gp3"),
    (disk(VolumeType="st1", VolumeSize=100), "InvalidParameterValue", "minimum is 125"),
    ({"UserData": "#!/bin/sh\n" + "#" * 16375}, "InvalidParameterValue", "limited to 16384"),
    (spot(MaxPrice="0.0001"), "SpotMaxPriceTooLow", "Your Spot request price of 0.0001"),
    (spot(MaxPrice="cheap"), "InvalidParameterValue", "cheap"),
    (spot(MaxPrice="-1"), "InvalidParameterValue", "-1"),
    ({"InstanceType": "t4g.micro"}, "InvalidParameterValue", "architecture"),
    ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound", "ami-0123456789abcdef0"),
    ({"KeyName": "nobody"}, "InvalidKeyPair.NotFound", "nobody"),
    ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound", "sg-0123456789"),
    ({"SubnetId": "subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound", "subnet-0123456789"),
]


@pytest.mark.parametrize(("options", "code", "message"), REFUSED)
def test_what_aws_refuses_is_refused_dry_or_not(
    ec2: Any, options: dict[str, Any], code: str, message: str
) -> None:
    for dry in ({}, {"DryRun": True}):
        with pytest.raises(ClientError) as caught:
            run(ec2, **options, **dry)
        error = caught.value.response["Error"]
        assert error["Code"].startswith(code), error
        assert message in error["Message"]
    assert ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_volumes()["Volumes"] == []


def test_what_lies_on_the_limits_is_launched(ec2: Any) -> None:
    run(ec2, **disk(VolumeType="gp3", VolumeSize=7, Iops=3500, Throughput=875))
    run(ec2, **disk(VolumeType="gp3", VolumeSize=1, Throughput=750))
    run(ec2, **disk(VolumeType="io1", VolumeSize=10, Iops=500))
    run(ec2, UserData="#!/bin/sh\n" + "#" * 16374)
    run(ec2, UserData=gzip.compress(b"#!/bin/sh\n" + b"#" * 100_000))
    assert len(ec2.describe_instances()["Reservations"]) == 5


def test_a_dry_run_that_would_work_says_so_and_launches_nothing(ec2: Any) -> None:
    for options in ({}, spot(MaxPrice="1"), disk(VolumeType="gp3", VolumeSize=9, Iops=4000)):
        with pytest.raises(ClientError, match="DryRunOperation"):
            run(ec2, DryRun=True, **options)
    assert ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_spot_instance_requests()["SpotInstanceRequests"] == []


def test_the_price_that_a_spot_launch_needs_is_the_newest_of_the_history(ec2: Any) -> None:
    zone = ec2.describe_subnets()["Subnets"][0]
    rows = ec2.describe_spot_price_history(
        InstanceTypes=["m5.large"],
        AvailabilityZone=zone["AvailabilityZone"],
        StartTime=datetime.now(UTC),
    )["SpotPriceHistory"]
    price = float(rows[0]["SpotPrice"])
    options = {"InstanceType": "m5.large", "SubnetId": zone["SubnetId"]}
    with pytest.raises(ClientError, match="SpotMaxPriceTooLow"):
        run(ec2, **options, **spot(MaxPrice=f"{price - 0.00001:.6f}"))
    assert len(run(ec2, **options, **spot(MaxPrice=f"{price + 0.00001:.6f}"))) == 1


def test_every_instance_of_a_launch_has_the_profile_also_when_it_is_repeated(
    ec2: Any, clean_sandbox: Sandbox, aws_client: Callable[..., Any]
) -> None:
    iam = aws_client(clean_sandbox, "iam")
    iam.create_instance_profile(InstanceProfileName="shared")
    options = {
        "IamInstanceProfile": {"Name": "shared"},
        "ClientToken": str(uuid.uuid4()),
        "MaxCount": 3,
    }
    first, second = run(ec2, **options), run(ec2, **options)
    assert [row["InstanceId"] for row in first] == [row["InstanceId"] for row in second]
    rows = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    assert {row["InstanceId"] for row in rows} == {row["InstanceId"] for row in first}


@pytest.mark.parametrize("module", ["patches", "front", "daemon", "guest.main"])
def test_any_part_of_the_sandbox_may_be_imported_first(module: str) -> None:
    code = f"import tui.sandbox.{module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_state_that_was_reached_does_not_go_back_with_its_gate() -> None:
    state = lifecycle.TimedState()
    state.until = 0.0
    is_open = False
    state.gate = lambda: is_open
    assert state.name == "pending"
    is_open = True
    assert state.name == "running"
    is_open = False
    assert state.name == "running"
    state.name = "stopped"
    state.until = 0.0
    state.gate = lambda: is_open
    assert state.name == "stopping"


@pytest.fixture
def backend() -> Iterator[Any]:
    from moto.ec2.models import ec2_backends

    found = ec2_backends[ACCOUNT]["us-east-1"]
    yield found
    found.reset()


def test_an_address_of_a_kept_sandbox_is_not_given_out_again(
    backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = {f"203.0.113.{last}" for last in range(1, 255)}
    monkeypatch.setattr(network, "BLOCKS", ("203.0.113",))
    monkeypatch.setattr(network, "_used", everything - {"203.0.113.7", "203.0.113.9"})
    backend.allocate_address("vpc", address="203.0.113.7")
    assert network.new_address() == "203.0.113.9"
    # All were given out once: what was let go of is used again, and nothing that is in use.
    everything.remove("203.0.113.7")
    for address in everything - {"203.0.113.20"}:
        backend.allocate_address("vpc", address=address)
    assert {network.new_address() for _ in range(20)} == {"203.0.113.20"}


def test_who_asks_while_the_public_parameters_are_made_finds_them_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from moto.ssm.models import ParameterDict

    check, make = ParameterDict._check_loading_status, images._parameter
    monkeypatch.setattr(ParameterDict, "_check_loading_status", check)  # put back at the end
    images._install_parameters()
    names = images.parameters()
    store: Any = ParameterDict(ACCOUNT, REGION)
    found: list[bool] = []

    def ask_meanwhile(*args: Any) -> Any:
        monkeypatch.setattr(images, "_parameter", make)
        found.extend(name in store for name in names)
        return make(*args)

    monkeypatch.setattr(images, "_parameter", ask_meanwhile)
    assert all(name in store for name in names)
    assert found == [True] * len(names)
