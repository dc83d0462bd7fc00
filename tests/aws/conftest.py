"""The backend under test, talking to the suite's sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.resume_support import ME, Asked
from tests.aws.transfer_faults import Faults
from tests.aws.transfer_support import BIG, noise
from tui.aws.calls import CallLog
from tui.aws.ec2.images import quick_start
from tui.aws.ec2.service import Ec2
from tui.aws.gateway import Connection, Gateway
from tui.aws.s3.service import S3
from tui.aws.transfers.service import Transfers
from tui.core.ledger_folder import LedgerFolder
from tui.core.records import Image


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
def ledgers(tmp_path: Path) -> LedgerFolder:
    return LedgerFolder(tmp_path / "ledgers", ME)


@pytest.fixture
async def asked(gateway: Gateway) -> Asked:
    """What the gateway's S3 client asks for."""
    return Asked(await gateway.client("s3"))


@pytest.fixture
def transfers(gateway: Gateway, s3: S3, ledgers: LedgerFolder) -> Iterator[Transfers]:
    made = Transfers(gateway, s3, ledgers)
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


@pytest.fixture(scope="module")
def big_bytes() -> bytes:
    """Bytes of two parts and some."""
    return noise(BIG)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to work in."""
    made = tmp_path / "work"
    made.mkdir()
    return made


@pytest.fixture
async def faults(gateway: Gateway, transfers: Transfers) -> Faults:
    """A way to spoil what the gateway's S3 client is answered; all requests go through it."""
    transfers._engine.fast.enabled = False
    return Faults(await gateway.client("s3"))


@pytest.fixture
async def image(gateway: Gateway) -> Image:
    return (await quick_start(gateway, "x86_64"))[0]
