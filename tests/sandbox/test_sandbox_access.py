"""Nobody comes in without a key that the sandbox gave out, and nobody does more than theirs may."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from tests.sandbox.machines import BUCKET
from tests.sandbox.signing import FORM, Answer, ask, error, new_user, root_of, send, sign, with_key
from tui.sandbox import Sandbox
from tui.sandbox.front.claims import claim_of
from tui.sandbox.front.signature import check_time
from tui.sandbox.replies import Refusal

LEASE = "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/{}/aws4_request, "
LEASE += "SignedHeaders=host, Signature=" + "0" * 64
CALL = b"Action=GetCallerIdentity&Version=2011-06-15"
Factory = Callable[..., Any]


@pytest.fixture
def s3(s3: Any) -> Any:
    s3.put_object(Bucket=BUCKET, Key="private", Body=b"secret")
    return s3


# -- no key


@pytest.mark.parametrize("key", ["", "AKIAIOSFODNN7EXAMPLE", "AKIAEXAMPLE", "ASIA"])
@pytest.mark.parametrize("service", ["s3", "ec2", "sts"])
def test_a_key_that_nobody_was_given_opens_nothing(
    clean_sandbox: Sandbox, key: str, service: str
) -> None:
    now = time.strftime("%Y%m%d", time.gmtime())
    headers = {"Authorization": LEASE.format(key, service).replace("20260101", now), **FORM}
    headers["X-Amz-Date"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    answer = send(clean_sandbox.info.endpoint_url + "/", "POST", CALL, headers)
    assert answer.status in (400, 403)
    assert (
        b"InvalidAccessKeyId" in answer.body
        or b"AuthFailure" in answer.body
        or (b"InvalidClientTokenId" in answer.body)
    )


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("GET", "/the-bucket", {}),
        ("GET", "/the-bucket/private", {}),
        ("GET", "/the-bucket/private?acl", {}),
        ("GET", "/the-bucket/private?x=Signature=", {}),
        ("GET", "/the-bucket/private?Signature=1&Expires=9999999999", {}),
        ("PUT", "/the-bucket/new", {}),
        ("PUT", "/the-bucket/new?X-Amz-Signature=0", {}),
        ("DELETE", "/the-bucket/private?Signature=0", {}),
        ("POST", "/the-bucket?delete", {}),
        ("POST", "/", FORM),
        ("POST", "/", {"X-Amz-Target": "AmazonSSM.GetParameters"}),
        ("POST", "/moto-api/reset", {}),
        ("GET", "/moto-api/data.json", {}),
        ("GET", "/latest/meta-data/", {}),
        ("POST", "/", {"Authorization": "Bearer something", **FORM}),
    ],
)
def test_nothing_private_is_done_for_who_does_not_sign(
    s3: Any, clean_sandbox: Sandbox, method: str, path: str, headers: dict[str, str]
) -> None:
    body = CALL if headers is FORM or method == "POST" else None
    answer = send(clean_sandbox.info.endpoint_url + path, method, body, headers)
    assert answer.status in (400, 403), answer
    rows = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [row["Key"] for row in rows] == ["private"]


def test_a_role_without_a_key_is_not_to_be_had(clean_sandbox: Sandbox) -> None:
    body = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=x&"
    body += b"RoleArn=arn:aws:iam::000000000000:role/r&WebIdentityToken=t"
    answer = send(clean_sandbox.info.endpoint_url + "/", "POST", body, FORM)
    assert answer.says("MissingAuthenticationToken")


# -- a wrong secret, a changed request


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("s3", "list_buckets", "SignatureDoesNotMatch"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
        ("ssm", "describe_parameters", "SignatureDoesNotMatch"),
        ("ec2", "describe_instances", "AuthFailure"),
    ],
)
def test_a_wrong_secret_opens_nothing(
    sandbox: Sandbox, aws_client: Factory, service: str, operation: str, code: str
) -> None:
    client = aws_client(sandbox, service, aws_secret_access_key="wrong")
    assert error(getattr(client, operation)) == code


def test_the_secrets_of_users_count_too(s3: Any, clean_sandbox: Sandbox, aws_client: Any) -> None:
    key = new_user(aws_client(clean_sandbox, "iam"), "AmazonS3FullAccess")
    assert aws_client(clean_sandbox, "s3", **key).list_buckets()["Buckets"]
    wrong = key | {"aws_secret_access_key": sandbox_secret(clean_sandbox)}
    assert error(aws_client(clean_sandbox, "s3", **wrong).list_buckets) == "SignatureDoesNotMatch"


def sandbox_secret(sandbox: Sandbox) -> str:
    return sandbox.info.secret_access_key


def test_a_signature_is_good_for_its_request_alone(s3: Any, clean_sandbox: Sandbox) -> None:
    url = clean_sandbox.info.endpoint_url
    key = root_of(clean_sandbox)
    read = sign(f"{url}/{BUCKET}/private", "s3", key)
    assert send(f"{url}/{BUCKET}/private", headers=read).body == b"secret"
    for method, path in (("DELETE", "private"), ("GET", "other"), ("GET", "private?acl")):
        assert send(f"{url}/{BUCKET}/{path}", method, headers=read).says("SignatureDoesNotMatch")
    call = sign(f"{url}/", "sts", key, "POST", CALL, FORM)
    assert send(f"{url}/", "POST", CALL, call).status == 200
    other = CALL.replace(b"CallerIdentity", b"SessionToken")
    assert send(f"{url}/", "POST", other, call).says("SignatureDoesNotMatch")
    write = sign(f"{url}/{BUCKET}/new", "s3", key, "PUT", b"this")
    assert send(f"{url}/{BUCKET}/new", "PUT", b"that", write).says("XAmzContentSHA256Mismatch")


def test_an_old_signature_is_no_longer_good(sandbox: Sandbox) -> None:
    environ: dict[str, Any] = {
        "HTTP_AUTHORIZATION": LEASE.format("K", "s3"),
        "HTTP_X_AMZ_DATE": "20260101T000000Z",
    }
    with pytest.raises(Refusal) as caught:
        check_time(environ, claim_of(environ))
    assert caught.value.code == "RequestTimeTooSkewed"


# -- every way to sign that a client has


@pytest.mark.parametrize(
    "config",
    [
        Config(signature_version="s3v4"),
        Config(signature_version="s3v4", s3={"payload_signing_enabled": False}),
        Config(signature_version="s3"),
        Config(request_checksum_calculation="when_required"),
    ],
)
def test_every_way_of_signing_is_understood(
    s3: Any, clean_sandbox: Sandbox, aws_client: Factory, config: Config
) -> None:
    client = aws_client(clean_sandbox, "s3", config=config)
    for key in ("plain", "a b+c/é ü&=?~*'()", "tail  "):
        client.put_object(Bucket=BUCKET, Key=key, Body=b"x", Metadata={"a_b": "c  d", "e": "f"})
        found = client.get_object(Bucket=BUCKET, Key=key)
        assert (found["Body"].read(), found["Metadata"]["e"]) == (b"x", "f")
        assert client.list_objects_v2(Bucket=BUCKET, Prefix=key)["KeyCount"] == 1
        client.delete_object(Bucket=BUCKET, Key=key)
    wrong = aws_client(clean_sandbox, "s3", config=config, aws_secret_access_key="wrong")
    assert error(wrong.put_object, Bucket=BUCKET, Key="k", Body=b"x") == "SignatureDoesNotMatch"


def test_a_body_with_its_checksum_behind_is_understood(s3: Any, clean_sandbox: Sandbox) -> None:
    digest = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    body = f"5\r\nhello\r\n0\r\nx-amz-checksum-sha256:{digest}\r\n\r\n".encode()
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-trailer": "x-amz-checksum-sha256",
        "x-amz-decoded-content-length": "5",
        "x-amz-sdk-checksum-algorithm": "SHA256",
        "Content-Encoding": "aws-chunked",
    }
    url = f"{clean_sandbox.info.endpoint_url}/{BUCKET}/streamed"
    request = AWSRequest(method="PUT", url=url, data=body, headers=headers)
    from botocore.auth import S3SigV4Auth

    class Streaming(S3SigV4Auth):
        def payload(self, request: Any) -> str:
            return headers["x-amz-content-sha256"]

    Streaming(root_of(clean_sandbox), "s3", "us-east-1").add_auth(request)
    assert send(url, "PUT", body, dict(request.headers.items())).status == 200
    assert s3.get_object(Bucket=BUCKET, Key="streamed")["Body"].read() == b"hello"


def test_a_path_that_the_client_escapes_its_own_way_is_understood(
    s3: Any, clean_sandbox: Sandbox
) -> None:
    s3.put_object(Bucket=BUCKET, Key="a(1)", Body=b"x")
    url = f"{clean_sandbox.info.endpoint_url}/{BUCKET}/a"
    headers = sign(url + "%281%29", "s3", root_of(clean_sandbox))
    assert send(url + "(1)", headers=headers).body == b"x"


# -- everybody's objects


def test_a_public_object_is_read_by_everybody(s3: Any, clean_sandbox: Sandbox) -> None:
    url = f"{clean_sandbox.info.endpoint_url}/{BUCKET}/"
    s3.delete_public_access_block(Bucket=BUCKET)  # a new bucket has it on
    s3.put_object(Bucket=BUCKET, Key="open", Body=b"open", ACL="public-read")
    assert send(url + "open").body == b"open"
    assert send(url + "open", "HEAD").status == 200
    for path in ("private", "none", "open?acl", "open?tagging", "open?versionId=null", ""):
        assert send(url + path).status == 403, path
    block = {"IgnorePublicAcls": True}
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=block)
    assert send(url + "open").status == 403


@pytest.mark.parametrize(
    ("principal", "status"),
    [("*", 200), ({"AWS": "*"}, 200), ({"AWS": "arn:aws:iam::000000000000:user/dev"}, 403)],
)
def test_a_bucket_policy_opens_what_it_names(
    s3: Any, clean_sandbox: Sandbox, principal: Any, status: int
) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/shared/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.delete_public_access_block(Bucket=BUCKET)  # a new bucket has it on
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    s3.put_object(Bucket=BUCKET, Key="shared/a", Body=b"x")
    url = f"{clean_sandbox.info.endpoint_url}/{BUCKET}/"
    assert send(url + "shared/a").status == status
    assert send(url + "private").status == 403


# -- sessions


def test_a_session_token_is_a_key_of_its_own(
    s3: Any, clean_sandbox: Sandbox, aws_client: Any
) -> None:
    sts = aws_client(clean_sandbox, "sts")
    given = [sts.get_session_token()["Credentials"] for _ in range(2)]
    assert len({row["AccessKeyId"] for row in given}) == 2
    assert len({row["SecretAccessKey"] for row in given}) == 2
    session = with_key(given[0])
    assert aws_client(clean_sandbox, "s3", **session).list_buckets()["Buckets"]
    wrong = session | {"aws_session_token": given[1]["SessionToken"]}
    assert error(aws_client(clean_sandbox, "s3", **wrong).list_buckets) == "InvalidToken"
    clean_sandbox.reset()
    assert error(aws_client(clean_sandbox, "s3", **session).list_buckets) == "InvalidAccessKeyId"


def test_a_users_session_may_do_what_the_user_may(
    s3: Any, clean_sandbox: Sandbox, aws_client: Factory
) -> None:
    iam = aws_client(clean_sandbox, "iam")
    key = new_user(iam)
    allowed = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:GetSessionToken", "Resource": "*"}],
    }
    iam.put_user_policy(UserName="dev", PolicyName="p", PolicyDocument=json.dumps(allowed))
    sts = aws_client(clean_sandbox, "sts", **key)
    session = with_key(sts.get_session_token()["Credentials"])
    client = aws_client(clean_sandbox, "s3", **session)
    assert error(client.list_objects_v2, Bucket=BUCKET) == "AccessDenied"
    policy = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.attach_user_policy(UserName="dev", PolicyArn=policy)
    assert client.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1
    assert error(client.put_object, Bucket=BUCKET, Key="k") == "AccessDenied"
    iam.update_access_key(UserName="dev", AccessKeyId=key["aws_access_key_id"], Status="Inactive")
    for options in (session, key):
        gone = aws_client(clean_sandbox, "s3", **options)
        assert error(gone.list_buckets) == "InvalidAccessKeyId"


def test_a_roles_session_needs_its_token(s3: Any, clean_sandbox: Sandbox, aws_client: Any) -> None:
    iam = aws_client(clean_sandbox, "iam")
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument="{}")
    policy = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.attach_role_policy(RoleName="reader", PolicyArn=policy)
    sts = aws_client(clean_sandbox, "sts")
    arn = "arn:aws:iam::000000000000:role/reader"
    given = [sts.assume_role(RoleArn=arn, RoleSessionName=n)["Credentials"] for n in ("aa", "bb")]
    session = with_key(given[0])
    client = aws_client(clean_sandbox, "s3", **session)
    assert client.get_object(Bucket=BUCKET, Key="private")["Body"].read() == b"secret"
    assert error(client.put_object, Bucket=BUCKET, Key="k") == "AccessDenied"
    for token in (given[1]["SessionToken"], "x"):
        wrong = aws_client(clean_sandbox, "s3", **session | {"aws_session_token": token})
        assert error(wrong.list_buckets) == "InvalidToken"
    del session["aws_session_token"]
    assert error(aws_client(clean_sandbox, "s3", **session).list_buckets) == "InvalidToken"
    assert error(sts.get_federation_token, Name="me") == "SandboxNotSupported"


def test_a_limited_user_does_not_reach_motos_own_door(
    s3: Any, clean_sandbox: Sandbox, aws_client: Factory
) -> None:
    key = new_user(aws_client(clean_sandbox, "iam"))
    user = Credentials(key["aws_access_key_id"], key["aws_secret_access_key"])
    for path in ("/moto-api/reset", "/moto-api", "//moto-api/reset"):
        url = clean_sandbox.info.endpoint_url + path
        assert send(url, "POST", b"", sign(url, "s3", user, "POST")).status == 403
    assert s3.list_buckets()["Buckets"]


# -- web pages


def raw(sandbox: Sandbox, text: str) -> bytes:
    """What a socket answers to the very bytes of a request."""
    port = int(sandbox.info.endpoint_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        line.sendall(text.replace("\n", "\r\n").encode())
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65536), b""))


@pytest.mark.parametrize(
    "lines",
    [
        "GET /{path} HTTP/1.1\nHost: evil.example\n\n",
        "GET /{path} HTTP/1.1\nHost: evil.example:80\n\n",
        "GET /{path} HTTP/1.1\nHost: 127.0.0.1.evil.example\n\n",
        "GET /{path} HTTP/1.0\n\n",
        "GET /{path} HTTP/1.1\nHost: 127.0.0.1\nOrigin: http://evil.example\n\n",
        "OPTIONS /{path} HTTP/1.1\nHost: 127.0.0.1\n\n",
        "OPTIONS / HTTP/1.1\nHost: 127.0.0.1\nAccess-Control-Request-Method: PUT\n\n",
    ],
)
def test_a_web_page_gets_nothing(s3: Any, clean_sandbox: Sandbox, lines: str) -> None:
    s3.delete_public_access_block(Bucket=BUCKET)  # a new bucket has it on
    s3.put_object(Bucket=BUCKET, Key="open", Body=b"contents", ACL="public-read")
    for path in (f"{BUCKET}/open", "skydeck-sandbox/instances"):
        answer = raw(clean_sandbox, lines.format(path=path))
        assert answer.split(b" ", 2)[1] == b"403"
        assert b"contents" not in answer
        assert b"access-control" not in answer.lower()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "127.0.0.1:80"])
def test_this_machines_own_names_are_answered(s3: Any, clean_sandbox: Sandbox, host: str) -> None:
    s3.delete_public_access_block(Bucket=BUCKET)  # a new bucket has it on
    s3.put_object(Bucket=BUCKET, Key="open", Body=b"contents", ACL="public-read")
    answer = raw(clean_sandbox, f"GET /{BUCKET}/open HTTP/1.0\nHost: {host}\n\n")
    assert answer.endswith(b"contents")
    assert b"access-control" not in answer.lower()


def test_an_answer_to_a_signed_page_lets_no_page_read_it(clean_sandbox: Sandbox) -> None:
    answer: Answer = ask(clean_sandbox, "sts", body=CALL, headers=FORM)
    assert answer.status == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_date_header_will_do(s3: Any, clean_sandbox: Sandbox) -> None:
    claim = claim_of({"HTTP_AUTHORIZATION": LEASE.format("K", "s3"), "HTTP_DATE": "nonsense"})
    with pytest.raises(Refusal, match="date"):
        check_time({}, replace(claim))
    url = f"{clean_sandbox.info.endpoint_url}/{BUCKET}/private"
    headers = {"Date": "now"}
    signed = sign(url, "s3", root_of(clean_sandbox), headers=headers)
    assert "X-Amz-Date" not in signed
    assert send(url, headers=signed).body == b"secret"
