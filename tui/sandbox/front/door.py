"""Who may come in: programs on this machine that hold a key, and readers of public objects.

A port on loopback is open to every web page in the user's browser and to every user of the
machine, and an instance runs whatever it is told to.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tui.sandbox.front.claims import Claim, claim_of
from tui.sandbox.front.post_form import Form, check_policy, read_form
from tui.sandbox.front.s3_read import buckets, is_object
from tui.sandbox.front.signature import (
    check_time,
    is_genuine,
    is_genuine_policy,
    unsigned_headers,
)
from tui.sandbox.patches.access import Identity, Keys
from tui.sandbox.replies import (
    SERVICE_KEY,
    Environ,
    Refusal,
    bucket_and_key,
    form_encoded,
    query_of,
    read_body,
)

HOSTS = ("127.0.0.1", "localhost")
PROOF = frozenset(
    """
    X-Amz-Algorithm X-Amz-Credential X-Amz-Date X-Amz-Expires X-Amz-SignedHeaders X-Amz-Signature
    X-Amz-Security-Token AWSAccessKeyId Signature Expires x-amz-security-token
    """.split()  # noqa: SIM905 - one name a line would be a screenful
)
"""What a presigned URL carries beside the request itself."""
PUBLIC_QUERY = {"x-id", "partNumber"}
HASHED_BYTES = 1 << 20
"""Bodies of more bytes are not compared with the hash that was signed: it would cost 1.6 ms/MiB."""
SIGN_IN_PATHS = frozenset(
    """
    /assignment/accounts /assignment/roles /federation/credentials /logout
    /client/register /device_authorization /token
    """.split()  # noqa: SIM905 - two services' paths, a line each
)
"""What sso and sso-oidc ask without a signature."""


def check_origin(environ: Environ) -> None:
    """Let no web page in, whatever name of this machine it uses.

    Raises:
        Refusal: the request is a browser's, or names another host.
    """
    host = str(environ.get("HTTP_HOST", "")).rpartition(":")
    name = (host[0] if host[0] and host[2].isdecimal() else "".join(host)).lower()
    if name not in HOSTS or "HTTP_ORIGIN" in environ or environ["REQUEST_METHOD"] == "OPTIONS":
        raise Refusal(403, "AccessDenied", "The sandbox answers programs on this machine only.")


def admit(environ: Environ, keys: Keys) -> None:
    """Check who sent a request; moto then reads whose it is from its Authorization header.

    Raises:
        Refusal: nobody whom the sandbox knows.
    """
    claim = claim_of(environ)
    if not claim.version:
        environ.pop("HTTP_AUTHORIZATION", None)  # a bearer's token, say
        if (form := read_form(environ)) is not None:
            _admit_form(environ, form, keys)
        else:
            _admit_anonymous(environ)
        return
    check_time(environ, claim)
    identity = keys.find(claim.key_id, claim.token)
    if not is_genuine(environ, claim, identity.secret):
        raise _forged()
    if claim.in_query and unsigned_headers(environ, claim):
        message = "There were headers present in the request which were not signed"
        raise Refusal(403, "AccessDenied", message)
    _check_body(environ, claim)
    _sign_for_moto(environ, claim, identity)


def _forged() -> Refusal:
    message = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    )
    return Refusal(403, "SignatureDoesNotMatch", message, {"ec2": "AuthFailure"})


def _admit_form(environ: Environ, form: Form, keys: Keys) -> None:
    claim = form.claim
    environ[SERVICE_KEY] = "s3"
    identity = keys.find(claim.key_id, claim.token)
    if not is_genuine_policy(form.fields["policy"], claim, identity.secret):
        raise _forged()
    check_policy(form)
    _sign_for_moto(environ, claim, identity)


def _sign_for_moto(environ: Environ, claim: Claim, identity: Identity) -> None:
    """Give every request the header that moto looks at, whatever form its proof had."""
    day = claim.day or "20000101"
    scope = f"{identity.key_id}/{day}/{claim.region}/{claim.service}/aws4_request"
    environ["HTTP_AUTHORIZATION"] = (
        f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=checked"
    )
    environ.pop("HTTP_X_AMZ_SECURITY_TOKEN", None)
    if identity.token:
        environ["HTTP_X_AMZ_SECURITY_TOKEN"] = identity.token
    if claim.in_query:
        parts = str(environ.get("QUERY_STRING", "")).split("&")
        kept = [part for part in parts if part.partition("=")[0] not in PROOF]
        environ["QUERY_STRING"] = "&".join(kept)


def _check_body(environ: Environ, claim: Claim) -> None:
    """Compare a body to S3 with the hash that was signed; other services' was just counted in."""
    signed = str(environ.get("HTTP_X_AMZ_CONTENT_SHA256", ""))
    size = int(environ.get("CONTENT_LENGTH") or 0)
    if claim.service != "s3" or len(signed) != 64 or not 0 < size <= HASHED_BYTES:
        return
    if hashlib.sha256(read_body(environ)).hexdigest() != signed:
        message = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise Refusal(400, "XAmzContentSHA256Mismatch", message)


def _admit_anonymous(environ: Environ) -> None:
    if environ.get("PATH_INFO") in SIGN_IN_PATHS:
        environ[SERVICE_KEY] = "sso"
        raise NotImplementedError("signing in through IAM Identity Center")
    if "HTTP_X_AMZ_TARGET" in environ or form_encoded(environ):
        message = "Request is missing Authentication Token"
        raise Refusal(403, "MissingAuthenticationToken", message)
    name, key_name = bucket_and_key(environ)
    plain = set(query_of(environ)) <= PUBLIC_QUERY
    reads = environ["REQUEST_METHOD"] in ("GET", "HEAD") and key_name and plain
    bucket = buckets().get(name) if reads else None
    if bucket is None or not _is_public(bucket, key_name):
        raise Refusal(403, "AccessDenied", "Access Denied")


def _is_public(bucket: Any, key_name: str) -> bool:
    """Whether everybody may read an object, by the bucket's policy or the object's own ACL."""
    key = bucket.keys.get(key_name)
    if not is_object(key):
        return False
    block = bucket.public_access_block
    if not (block and block.restrict_public_buckets) and _policy_allows(bucket, key_name):
        return True
    if block and block.ignore_public_acls:
        return False
    return bool(key.acl and key.acl.public_read)


def _policy_allows(bucket: Any, key_name: str) -> bool:
    """Weigh the statements about everybody; moto takes a statement about one user for one too."""
    from moto.iam.access_control import IAMPolicy, PermissionResult

    if not bucket.policy:
        return False
    statements = json.loads(bucket.policy).get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    public = [row for row in statements if _names_everybody(row.get("Principal"))]
    resource = f"arn:{bucket.partition}:s3:::{bucket.name}/{key_name}"
    policy = IAMPolicy(json.dumps({"Statement": public}))
    found = policy.is_action_permitted("s3:GetObject", resource)
    return bool(found == PermissionResult.PERMITTED)


def _names_everybody(principal: Any) -> bool:
    named = principal.get("AWS") if isinstance(principal, dict) else principal
    return named == "*" or (isinstance(named, list) and "*" in named)
