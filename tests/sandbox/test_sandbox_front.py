"""The layer before moto keeps its word when moto does not."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.sandbox.signing import FORM, environ_of, root_of, send, sign
from tests.sandbox.signing import ask as ask_sandbox
from tui.sandbox import Sandbox
from tui.sandbox.front import Front
from tui.sandbox.front.claims import claim_of
from tui.sandbox.front.post_form import Form
from tui.sandbox.patches.access import Identity, Keys
from tui.sandbox.patches.base import MisfitError, Patch, apply, need

ROOT = Credentials("ROOT", "root's secret")
KEYS = Keys("ROOT", "root's secret")


def ask(moto: Callable[..., Any], service: str) -> tuple[str, bytes]:
    """The status and body of one request through the front."""
    said: list[str] = []

    def start(status: str, headers: Any, error: Any = None) -> None:
        said.append(status)

    front = Front(moto, lambda *_: [b"control"], lambda: None, KEYS)
    body: Iterable[bytes] = front(environ_of(service, ROOT), start)
    return said[0], b"".join(body)


def test_a_catalogue_is_asked_for_once_for_each_region_and_page() -> None:
    asked: list[bytes] = []

    def moto(environ: Any, start: Any) -> Any:
        asked.append(environ["wsgi.input"].read())
        start("200 OK", [])
        return [b"page of " + asked[-1]]

    front = Front(moto, lambda *_: [b"control"], lambda: None, KEYS)

    def types(region: str, page: bytes) -> bytes:
        body = b"Action=DescribeInstanceTypes&NextToken=" + page
        environ = environ_of("ec2", ROOT, body=body, region=region)
        return b"".join(front(environ, lambda *_: None))

    for region, page in [("us-east-1", b"1"), ("us-east-1", b"2"), ("eu-west-1", b"1")] * 3:
        assert types(region, page).endswith(b"NextToken=" + page)
    assert len(asked) == 3


def broken(environ: Any, start: Any) -> Any:
    raise RuntimeError("secret detail")


def lacking(environ: Any, start: Any) -> Any:
    raise NotImplementedError("no such thing")


@pytest.mark.parametrize("service", ["s3", "ec2", "iam", "dynamodb"])
def test_an_unexpected_exception_is_a_503_without_its_details(service: str) -> None:
    status, body = ask(broken, service)
    assert status.startswith("503")
    assert b"ServiceUnavailable" in body or b"RuntimeError" in body
    assert b"secret detail" not in body


def test_s3_does_not_wait_for_ec2() -> None:
    waited: list[str] = []

    def moto(environ: Any, start: Any) -> Any:
        start("200 OK", [])
        return [b"moto"]

    for service in ("s3", "sts", "iam", "ec2", "ssm"):
        front = Front(moto, lambda *_: [b"control"], partial(waited.append, service), KEYS)
        environ = environ_of(service, ROOT, "GET")
        assert b"".join(front(environ, lambda *_: None)) == b"moto"
    assert waited == ["ec2", "ssm"]


def test_what_moto_lacks_is_a_501() -> None:
    status, body = ask(lacking, "ec2")
    assert status.startswith("501")
    assert b"<Code>SandboxNotSupported</Code>" in body


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("ec2", "describe_instances", "AuthFailure"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
    ],
)
def test_a_key_that_the_sandbox_never_gave_out_is_refused(
    sandbox: Sandbox, aws_client: Callable[..., Any], service: str, operation: str, code: str
) -> None:
    client = aws_client(
        sandbox, service, aws_access_key_id="AKIAEXAMPLEEXAMPLE00", aws_secret_access_key="x"
    )
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)()
    assert caught.value.response["Error"]["Code"] == code


class Changed:
    """What a later moto might look like."""

    def renamed(self, new_name: str) -> None: ...


def test_a_patch_that_does_not_fit_is_named_and_left_out() -> None:
    def install(context: Any) -> None:
        need(Changed, "renamed", "old_name")

    warnings = apply([Patch("the old way", install)], None)  # type: ignore[arg-type]
    assert len(warnings) == 1
    assert "'the old way'" in warnings[0]
    assert "old_name" in warnings[0]
    with pytest.raises(MisfitError, match="is gone"):
        need(Changed, "missing")


# -- services and operations that the sandbox lacks


@pytest.mark.parametrize(
    ("service", "operation", "options"),
    [
        ("account", "get_contact_information", {}),
        ("apigateway", "get_rest_apis", {}),
        ("cloudformation", "list_stacks", {}),
        ("cognito-idp", "list_user_pools", {"MaxResults": 3}),
        ("compute-optimizer", "get_enrollment_status", {}),
        ("glue", "get_databases", {}),
        ("lightsail", "get_instances", {}),
        ("sso", "list_accounts", {"accessToken": "x"}),
        ("sso-oidc", "register_client", {"clientName": "x", "clientType": "public"}),
        ("sts", "get_federation_token", {"Name": "me"}),
    ],
)
def test_a_service_that_is_lacking_says_so_at_once(
    sandbox: Sandbox,
    aws_client: Callable[..., Any],
    service: str,
    operation: str,
    options: dict[str, Any],
) -> None:
    client = aws_client(sandbox, service)
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**options)
    answer = caught.value.response
    assert answer["Error"]["Code"] == "SandboxNotSupported"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0


JSON = {"Content-Type": "application/x-amz-json-1.1"}
GET = JSON | {"X-Amz-Target": "AmazonSSM.GetParameters"}
NO_SUCH = JSON | {"X-Amz-Target": "AmazonSSM.None"}
PRICES = JSON | {"X-Amz-Target": "AWSPriceListService.GetProducts"}
NUMBER = "InvalidParameterValue"


@pytest.mark.parametrize(
    ("service", "method", "path", "body", "headers", "code"),
    [
        ("s3", "PUT", "/{}?tagging", b"<Tagging>", {}, "MalformedXML"),
        ("s3", "PUT", "/{}?lifecycle", b"<a/>", {}, "MalformedXML"),
        ("s3", "PUT", "/{}?versioning", b"<a/>", {}, "MalformedXML"),
        ("s3", "POST", "/{}?delete", b"<D></D>", {}, "MalformedXML"),
        ("s3", "PUT", "/{}?policy", b"{", {}, "MalformedPolicy"),
        ("s3", "PUT", "/{}?policy", b"[]", {}, "MalformedPolicy"),
        ("s3", "POST", "/{}/k?uploadId=none", b"<x/>", {}, "NoSuchUpload"),
        ("s3", "PUT", "/{}/k?uploadId=none&partNumber=1", b"x", {}, "NoSuchUpload"),
        ("s3", "PUT", "/{}/k?uploadId=none&partNumber=a", b"x", {}, "InvalidArgument"),
        ("s3", "GET", "/{}?list-type=2&max-keys=a", b"", {}, "InvalidArgument"),
        ("s3", "GET", "/{}?list-type=2&max-keys=-1", b"", {}, "InvalidArgument"),
        ("s3", "GET", "/{}?versions&max-keys=a", b"", {}, "InvalidArgument"),
        ("s3", "PUT", "/{}/k", b"x", {"x-amz-acl": "none"}, "InvalidArgument"),
        ("s3", "PUT", "/{}/k", b"", {"x-amz-copy-source": "none"}, "InvalidArgument"),
        ("ec2", "POST", "/", b"Action=None&Version=2016-11-15", FORM, "InvalidAction"),
        ("ec2", "POST", "/", b"Action=DescribeInstances&MaxResults=a", FORM, NUMBER),
        ("ec2", "POST", "/", b"Action=DescribeInstances&NextToken=a", FORM, NUMBER),
        ("sts", "POST", "/", b"Action=None", FORM, "InvalidAction"),
        ("sts", "POST", "/", b"nothing", FORM, "InvalidAction"),
        ("ssm", "POST", "/", b"{", GET, "SerializationException"),
        ("ssm", "POST", "/", b"[1]", GET, "SerializationException"),
        ("ssm", "POST", "/", b"{}", NO_SUCH, "InvalidAction"),
        ("pricing", "POST", "/", b'{"Filters": [{}]}', PRICES, "InvalidParameterException"),
    ],
)
def test_the_callers_mistakes_are_not_the_sandboxs(
    clean_sandbox: Sandbox,
    aws_client: Callable[..., Any],
    service: str,
    method: str,
    path: str,
    body: bytes,
    headers: dict[str, str],
    code: str,
) -> None:
    aws_client(clean_sandbox, "s3").create_bucket(Bucket="the-bucket")
    answer = ask_sandbox(clean_sandbox, service, path.format("the-bucket"), method, body, headers)
    assert answer.status in (400, 404)
    assert answer.says(code), answer.body


def test_s3_refuses_in_its_own_words_whatever_the_body_is_called(clean_sandbox: Sandbox) -> None:
    url = clean_sandbox.info.endpoint_url + "/the-bucket/k"
    signed = sign(url, "s3", root_of(clean_sandbox), "PUT", b"x=1", FORM)
    for given in (signed, signed | {"X-Amz-Target": "AmazonSSM.GetParameters"}):
        answer = send(url, "PUT", b"x=2", given)
        assert (answer.status, answer.headers["content-type"]) == (400, "application/xml")
        root = ElementTree.fromstring(answer.body)
        assert (root.tag, root.findtext("Code")) == ("Error", "XAmzContentSHA256Mismatch")


def test_secrets_are_not_in_the_repr_of_a_request() -> None:
    claim = claim_of(environ_of("s3", Credentials("ROOT", "root's secret", "the-token")))
    form = Form({"policy": "the-policy", "x-amz-signature": "the-signature"}, 1)
    identity = Identity("ROOT", "the-token", "root's secret")
    assert (claim.token, len(claim.signature)) == ("the-token", 64)
    text = repr([claim, form, identity])
    assert "the-" not in text
    assert "secret" not in text.replace("secret=", "")
    assert claim.signature not in text


def test_a_body_that_comes_in_chunks_is_read_whole() -> None:
    from tui.sandbox.replies import read_body

    environ = {"wsgi.input": io.BytesIO(b"the body"), "wsgi.input_terminated": True}
    assert read_body(environ) == read_body(environ) == b"the body"


# -- prices and quotas


def products(sandbox: Sandbox, aws_client: Callable[..., Any], **asked: str) -> list[Any]:
    filters = [{"Type": "TERM_MATCH", "Field": n, "Value": v} for n, v in asked.items()]
    pages = aws_client(sandbox, "pricing").get_paginator("get_products")
    answers = pages.paginate(ServiceCode="AmazonEC2", Filters=filters, MaxResults=10)
    return [json.loads(text) for page in answers for text in page["PriceList"]]


def price(product: Any) -> str:
    (term,) = product["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    return str(dimension["pricePerUnit"]["USD"])


def test_a_price_is_its_own_regions(sandbox: Sandbox, aws_client: Callable[..., Any]) -> None:
    kind = {"instanceType": "m5.large"}
    (here,) = products(sandbox, aws_client, **kind, regionCode="us-east-1")
    (there,) = products(sandbox, aws_client, **kind, regionCode="eu-west-1")
    assert price(here) != price(there)
    for name in ("EU (Ireland)", "Europe (Ireland)"):
        (named,) = products(sandbox, aws_client, **kind, location=name, operatingSystem="Linux")
        assert named == there
    everywhere = products(sandbox, aws_client, **kind)
    regions = [row["product"]["attributes"]["regionCode"] for row in everywhere]
    assert len(regions) == len(set(regions)) > 10
    assert here in everywhere


@pytest.mark.parametrize(
    "asked",
    [
        {"regionCode": "mars-north-1"},
        {"location": "Mars (Olympus)"},
        {"regionCode": "us-east-1", "location": "EU (Ireland)"},
        {"operatingSystem": "Windows"},
        {"tenancy": "Dedicated"},
        {"preInstalledSw": "SQL Std"},
        {"instanceType": "none.large"},
        {"nonsense": "x"},
    ],
)
def test_a_price_that_nobody_knows_is_not_made_up(
    sandbox: Sandbox, aws_client: Callable[..., Any], asked: dict[str, str]
) -> None:
    assert products(sandbox, aws_client, **{"instanceType": "m5.large"} | asked) == []


def test_both_quotas_are_answered(sandbox: Sandbox, aws_client: Callable[..., Any]) -> None:
    quotas = aws_client(sandbox, "service-quotas")
    for code in ("L-1216C47A", "L-34B43A08"):
        quota = quotas.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]
        assert (quota["QuotaCode"], quota["Value"] > 0) == (code, True)
    listed = quotas.list_service_quotas(ServiceCode="ec2")["Quotas"]
    assert len(listed) == 2
