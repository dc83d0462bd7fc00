"""The proxy does what its rules say, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.clients import make_client
from tests.faults import rules
from tests.faults.world import BUCKET, World, noise, world
from tui.sandbox import Sandbox

ONCE = Config(retries={"total_max_attempts": 1}, response_checksum_validation="when_required")
DATA = noise(700_000)


@pytest.fixture
def place(clean_sandbox: Sandbox) -> Any:
    with world(clean_sandbox) as made:
        yield made


def client(place: World) -> Any:
    """boto3 by way of the proxy, which tries once and checks nothing."""
    return make_client(place.sandbox, "s3", endpoint_url=place.proxy.url, config=ONCE)


def test_what_no_rule_is_for_passes_as_it_is(place: World) -> None:
    s3 = client(place)
    place.proxy.add(rules.Lose, "GetObject", key="another")
    s3.put_object(Bucket=BUCKET, Key="a b/é", Body=DATA)
    assert s3.get_object(Bucket=BUCKET, Key="a b/é")["Body"].read() == DATA
    span = s3.get_object(Bucket=BUCKET, Key="a b/é", Range="bytes=5-9")["Body"].read()
    assert span == DATA[5:10]
    assert list(place.proxy.seen)[-2:] == [("GetObject", "a b/é")] * 2


@pytest.mark.parametrize("kind", ["flip", "zero", "swap", "stutter"])
def test_a_spoilt_body_keeps_its_length(place: World, kind: str) -> None:
    s3 = client(place)
    s3.put_object(Bucket=BUCKET, Key="k", Body=DATA)
    place.proxy.add(lambda: rules.Spoil("down", 0.4, kind), "GetObject")
    found = s3.get_object(Bucket=BUCKET, Key="k")["Body"].read()
    assert found != DATA
    assert len(found) == len(DATA)
    assert s3.get_object(Bucket=BUCKET, Key="k")["Body"].read() == DATA


def test_a_request_acts_though_its_answer_is_lost(place: World) -> None:
    place.proxy.add(rules.Lose, "PutObject")
    with pytest.raises(Exception, match="closed"):
        client(place).put_object(Bucket=BUCKET, Key="k", Body=DATA)
    assert place.body("k") == DATA


def test_a_cut_body_is_never_whole(place: World) -> None:
    place.proxy.add(lambda: rules.Cut("up", 0.5), "PutObject")
    with pytest.raises(Exception, match="closed"):
        client(place).put_object(Bucket=BUCKET, Key="k", Body=DATA)
    assert place.body("k") is None


def test_the_end_of_an_upload_with_another_checksum_is_refused(place: World) -> None:
    s3, named = client(place), {"Bucket": BUCKET, "Key": "k"}
    wanted = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}
    named["UploadId"] = s3.create_multipart_upload(**named, **wanted)["UploadId"]
    part = s3.upload_part(**named, PartNumber=1, Body=DATA)
    ended = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    with pytest.raises(ClientError, match="BadDigest"):
        s3.complete_multipart_upload(
            **named, MultipartUpload=ended, ChecksumCRC32="AAAAAA==", ChecksumType="FULL_OBJECT"
        )
    assert place.body("k") is None
