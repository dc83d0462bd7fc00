"""A requester-pays bucket is paid for where the user agreed to, and nowhere else."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from tui.aws.calls import Call, caused_by
from tui.aws.errors import explain
from tui.aws.gateway import Gateway
from tui.aws.requester import who_pays
from tui.aws.s3.service import S3
from tui.core.records import ObjectQuery


@pytest.fixture
async def sent(gateway: Gateway) -> list[tuple[str, str]]:
    """(operation, who pays) of each request that leaves."""
    found: list[tuple[str, str]] = []

    def note(model: Any, params: Any, **_: Any) -> None:
        found.append((model.name, str(params["headers"].get("x-amz-request-payer", ""))))

    (await gateway.client("s3")).meta.events.register("before-call.s3", note)
    return found


async def test_only_requests_about_an_accepted_bucket_say_who_pays(
    s3: S3, gateway: Gateway, bucket: str, outside: Any, sent: list[tuple[str, str]]
) -> None:
    outside.create_bucket(Bucket="skydeck-other-1")
    outside.put_object(Bucket=bucket, Key="k", Body=b"12")
    gateway.requester.accept(bucket)
    with caused_by("look"):
        async for _ in s3.objects(ObjectQuery(bucket)):
            pass
        await s3.head(bucket, "k")
        await s3.ask("get_bucket_versioning", bucket)  # it has no such parameter
        await s3.ask("copy_object", "skydeck-other-1", Key="k", CopySource=f"{bucket}/k")
        async for _ in s3.objects(ObjectQuery("skydeck-other-1")):
            pass
    assert sent == [
        ("ListObjectsV2", "requester"),
        ("HeadObject", "requester"),
        ("GetBucketVersioning", ""),
        ("CopyObject", "requester"),
        ("ListObjectsV2", ""),
    ]
    noted = [entry for entry in gateway.log.entries() if isinstance(entry, Call)]
    assert "RequestPayer" in noted[0].python()
    assert "RequestPayer" not in noted[-1].python()
    gateway.requester.forget(bucket)
    await s3.head(bucket, "k")
    assert sent[-1] == ("HeadObject", "")


async def test_a_link_says_it_in_its_address_and_wants_no_header(
    s3: S3, gateway: Gateway, bucket: str, outside: Any
) -> None:
    outside.put_object(Bucket=bucket, Key="k", Body=b"12")
    assert "payer" not in await s3.presign(bucket, "k")
    gateway.requester.accept(bucket)
    link = await s3.presign(bucket, "k")
    assert "x-amz-request-payer=requester&" in link  # before the signature, which covers it
    assert "X-Amz-SignedHeaders=host&" in link
    assert urllib.request.urlopen(link, timeout=10).read() == b"12"


async def test_who_pays_is_known_to_the_owner(s3: S3, bucket: str, outside: Any) -> None:
    assert await who_pays(s3, bucket) == "BucketOwner"
    outside.put_bucket_request_payment(
        Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"}
    )
    assert await who_pays(s3, bucket) == "Requester"
    assert await who_pays(s3, "skydeck-none-such") == ""


class RefusedError(Exception):
    def __init__(self, code: str, said: str, **headers: str) -> None:
        super().__init__(said)
        self.response = {
            "Error": {"Code": code, "Message": said},
            "ResponseMetadata": {"HTTPStatusCode": 403, "HTTPHeaders": headers},
        }


DECRYPT = (
    "User: arn:aws:iam::1:user/dana is not authorized to perform: kms:Decrypt on resource: "
    "arn:aws:kms:eu-west-1:1:key/abc because no identity-based policy allows it"
)


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (RefusedError("AccessDenied", DECRYPT), "KMS key that user dana may not use", "Decrypt"),
        (RefusedError("KMS.DisabledException", "x"), "disabled", "switched on"),
        (RefusedError("KMS.KMSInvalidStateException", "x"), "about to be deleted", "key"),
        (
            RefusedError(
                "InvalidRequest",
                "The object was stored using a form of Server Side Encryption. The correct "
                "parameters must be provided to retrieve the object.",
            ),
            "SSE-C",
            "given the key",
        ),
        (RefusedError("InvalidObjectState", "x"), "archived", "Restore"),
        (
            RefusedError("PermanentRedirect", "x", **{"x-amz-bucket-region": "eu-west-1"}),
            "another region (eu-west-1)",
            "choose it",
        ),
        (
            RefusedError(
                "AuthorizationHeaderMalformed",
                "The authorization header is malformed; the region 'us-east-1' is wrong; "
                "expecting 'ap-south-1'",
            ),
            "another region (ap-south-1)",
            "choose it",
        ),
        (RefusedError("IllegalLocationConstraintException", "x"), "another region", "choose it"),
        (
            RefusedError("PermanentRedirect", "x", **{"x-amz-bucket-region": "[b]\x1b"}),
            "another region",
            "choose it",
        ),
        (
            RefusedError(
                "AccessDenied", "Bucket is requester pays bucket but no requester pays header"
            ),
            "whoever asks pays",
            "agree to pay",
        ),
    ],
)
def test_each_special_refusal_has_its_sentence_and_next_step(
    error: RefusedError, message: str, hint: str
) -> None:
    told = explain(error, "get_object", "acme/k")
    assert message in told.message
    assert "\x1b" not in told.message
    assert hint in told.hint
