"""A URL or a form that somebody signed does what they may, until it expires."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

from tests.sandbox.machines import BUCKET
from tests.sandbox.signing import Answer, new_user, root_of, send
from tui.sandbox import Sandbox

Factory = Callable[..., Any]


@pytest.fixture
def s3(s3: Any) -> Any:
    s3.put_object(Bucket=BUCKET, Key="private", Body=b"secret")
    return s3


# -- presigned URLs


def presigned(sandbox: Sandbox, path: str, method: str = "GET", **options: Any) -> str:
    """A URL of version 4; `options` are the key's and `expires`."""
    key = options.get("credentials") or root_of(sandbox)
    request = AWSRequest(method=method, url=f"{sandbox.info.endpoint_url}/{BUCKET}/{path}")
    S3SigV4QueryAuth(key, "s3", "us-east-1", options.get("expires", 60)).add_auth(request)
    return str(request.url)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_opens_its_object_until_it_expires(
    s3: Any, clean_sandbox: Sandbox, aws_client: Factory, version: str
) -> None:
    client = aws_client(clean_sandbox, "s3", config=Config(signature_version=version))
    where = {"Bucket": BUCKET, "Key": "private"}
    url = client.generate_presigned_url("get_object", Params=where, ExpiresIn=2)
    assert send(url).body == b"secret"
    assert send(url.replace("/private?", "/other?")).says("SignatureDoesNotMatch")
    assert send(url, "DELETE").says("SignatureDoesNotMatch")
    as_file = where | {"ResponseContentType": "text/x-mine"}
    named = client.generate_presigned_url("get_object", Params=as_file)
    assert send(named).headers["content-type"] == "text/x-mine"
    write = client.generate_presigned_url("put_object", Params=where | {"Key": "new"})
    assert send(write, "PUT", b"body").status == 200
    assert client.get_object(Bucket=BUCKET, Key="new")["Body"].read() == b"body"
    time.sleep(3.1)
    late = send(url)
    assert late.status == 403
    assert late.says("AccessDenied")
    assert b"Request has expired" in late.body


@pytest.mark.parametrize("expires", [0, -1, 7 * 24 * 3600 + 1])
def test_a_presigned_url_lasts_a_week_at_most(
    s3: Any, clean_sandbox: Sandbox, expires: int
) -> None:
    answer = send(presigned(clean_sandbox, "private", expires=expires))
    assert answer.status == 400
    assert answer.says("AuthorizationQueryParametersError")


def test_headers_added_to_a_presigned_url_do_nothing(s3: Any, clean_sandbox: Sandbox) -> None:
    url = presigned(clean_sandbox, "new", "PUT")
    stolen = send(url, "PUT", b"", {"x-amz-copy-source": f"/{BUCKET}/private"})
    assert stolen.says("AccessDenied")
    assert send(url, "PUT", b"mine").status == 200
    assert s3.get_object(Bucket=BUCKET, Key="new")["Body"].read() == b"mine"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_may_do_what_its_signer_may(
    s3: Any, clean_sandbox: Sandbox, aws_client: Factory, version: str
) -> None:
    s3.put_object(Bucket=BUCKET, Key="big", Body=bytes(1 << 20))
    iam = aws_client(clean_sandbox, "iam")
    key = new_user(iam)
    config = Config(signature_version=version)
    client = aws_client(clean_sandbox, "s3", config=config, **key)
    urls = [
        client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": name})
        for name in ("private", "big")
    ]
    write = {"Bucket": BUCKET, "Key": "new"}
    put = client.generate_presigned_url("put_object", Params=write)
    assert [send(url).status for url in urls] == [403, 403]
    assert send(put, "PUT", b"x").status == 403
    policy = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.attach_user_policy(UserName="dev", PolicyArn=policy)
    assert [len(send(url).body) for url in urls] == [6, 1 << 20]
    assert send(put, "PUT", b"x").status == 403


# -- uploads by HTML form


def post(given: dict[str, Any], body: bytes = b"hello", **changed: str) -> Answer:
    """Send the form that `generate_presigned_post` gave, with fields changed."""
    mark = "the-boundary"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (given["fields"] | changed).items()
    ]
    file = 'Content-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    text = "".join(parts).encode() + f"--{mark}\r\n{file}".encode() + body
    form = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    return send(str(given["url"]), "POST", text + f"\r\n--{mark}--\r\n".encode(), form)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_form_uploads_what_its_policy_allows(
    s3: Any, clean_sandbox: Sandbox, aws_client: Factory, version: str
) -> None:
    client = aws_client(clean_sandbox, "s3", config=Config(signature_version=version))
    conditions = [["starts-with", "$key", "in/"], ["content-length-range", 2, 8]]
    given = client.generate_presigned_post(BUCKET, "in/${filename}", None, conditions)
    assert post(given).status == 204
    assert s3.get_object(Bucket=BUCKET, Key="in/f")["Body"].read() == b"hello"
    assert post(given, b"much too long").says("EntityTooLarge")
    assert post(given, b"x").says("EntityTooSmall")
    assert post(given, key="private").says("AccessDenied")
    assert post(given, acl="public-read").says("AccessDenied")
    assert post(given | {"url": given["url"].replace(BUCKET, "other")}).says("AccessDenied")
    name = "x-amz-signature" if version == "s3v4" else "signature"
    assert post(given, **{name: given["fields"][name][::-1]}).says("SignatureDoesNotMatch")
    late = client.generate_presigned_post(BUCKET, "late", ExpiresIn=-1)
    assert post(late).says("AccessDenied")
    assert post(given, policy="bm9uZQ==").says("SignatureDoesNotMatch")
    unsigned = given | {"fields": {"key": "in/g"}}
    assert post(unsigned).says("AccessDenied")
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 2


def test_a_form_may_do_what_its_signer_may(
    s3: Any, clean_sandbox: Sandbox, aws_client: Factory
) -> None:
    key = new_user(aws_client(clean_sandbox, "iam"), "AmazonS3ReadOnlyAccess")
    given = aws_client(clean_sandbox, "s3", **key).generate_presigned_post(BUCKET, "new")
    assert post(given).says("AccessDenied")
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1
