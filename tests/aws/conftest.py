"""The backend under test, talking to the suite's sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tui.aws.calls import CallLog
from tui.aws.ec2 import Ec2
from tui.aws.gateway import Connection, Gateway
from tui.aws.s3 import S3
from tui.aws.transfers import Transfers


@pytest.fixture
def connection(clean_sandbox: Any) -> Connection:
    info = clean_sandbox.info
    return Connection(
        region=info.region,
        endpoint_url=info.endpoint_url,
        access_key_id=info.access_key_id,
        secret_access_key=info.secret_access_key,
        sandbox=True,
    )


@pytest.fixture
def gateway(connection: Connection) -> Iterator[Gateway]:
    made = Gateway(connection, CallLog())
    yield made
    made.close()


@pytest.fixture
def s3(gateway: Gateway) -> S3:
    return S3(gateway)


@pytest.fixture
def ec2(gateway: Gateway) -> Ec2:
    return Ec2(gateway)


@pytest.fixture
def transfers(gateway: Gateway, s3: S3) -> Iterator[Transfers]:
    made = Transfers(gateway, s3)
    yield made
    made.close()


@pytest.fixture
def outside(clean_sandbox: Any, aws_client: Any) -> Any:
    """A plain boto3 S3 client: what the world sees from outside the app."""
    return aws_client(clean_sandbox, "s3")


@pytest.fixture
def bucket(outside: Any) -> str:
    """The name of an empty bucket."""
    name = "skydeck-test-7421"
    outside.create_bucket(Bucket=name)
    return name
