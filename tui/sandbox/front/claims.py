"""What a request says of who it is from: its signature's parts, not yet believed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from tui.sandbox.replies import SERVICE_KEY, Environ, Refusal

ALGORITHM = "AWS4-HMAC-SHA256"
CLAIM_KEY = "skydeck.claim"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a request says it is from, and its proof.

    Attributes:
        version: 4 or 2; 0 when the request is not signed.
        in_query: True for a presigned URL.
        moment: the time of signing as it is written in the request.
        expires: a presigned URL's life in seconds (version 4) or its end as Unix time (version 2).
        token: the session token, or "".
    """

    version: int = 0
    in_query: bool = False
    key_id: str = ""
    day: str = ""
    region: str = ""
    service: str = ""
    signed: tuple[str, ...] = ()
    signature: str = field(default="", repr=False)
    moment: str = ""
    expires: str = ""
    token: str = field(default="", repr=False)


ANONYMOUS = Claim()
VERSION_2 = Claim(version=2, region="us-east-1", service="s3")


def claim_of(environ: Environ) -> Claim:
    """The request's claim, read once.

    Raises:
        Refusal: it is signed in a form that AWS does not know.
    """
    claim: Claim | None = environ.get(CLAIM_KEY)
    if claim is None:
        claim = environ[CLAIM_KEY] = _read(environ)
        environ[SERVICE_KEY] = claim.service
    return claim


def _read(environ: Environ) -> Claim:
    header = str(environ.get("HTTP_AUTHORIZATION", ""))
    token = str(environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""))
    if header.startswith(ALGORITHM):
        parts = (part.strip().partition("=") for part in header[len(ALGORITHM) :].split(","))
        found = {name: value for name, _, value in parts}
        moment = environ.get("HTTP_X_AMZ_DATE") or environ.get("HTTP_DATE", "")
        return version_4(found, in_query=False, moment=str(moment), token=token)
    if header.startswith("AWS "):
        key_id, _, signature = header[4:].partition(":")
        moment = "" if "HTTP_X_AMZ_DATE" in environ else str(environ.get("HTTP_DATE", ""))
        return replace(VERSION_2, key_id=key_id, signature=signature, moment=moment, token=token)
    return _read_query(str(environ.get("QUERY_STRING", "")), token)


def _read_query(text: str, token: str) -> Claim:
    """The claim of a presigned URL, in either version's words."""
    if "X-Amz-Signature=" in text or "X-Amz-Credential=" in text:
        query = dict(parse_qsl(text, keep_blank_values=True))
        found = {name.removeprefix("X-Amz-"): value for name, value in query.items()}
        token = found.get("Security-Token", token)
        claim = version_4(found, in_query=True, moment=found.get("Date", ""), token=token)
        return replace(claim, expires=found.get("Expires", ""))
    if "AWSAccessKeyId=" not in text:
        return ANONYMOUS
    query = dict(parse_qsl(text, keep_blank_values=True))
    expires = query.get("Expires", "")
    return replace(
        VERSION_2,
        in_query=True,
        key_id=query.get("AWSAccessKeyId", ""),
        signature=query.get("Signature", ""),
        moment=expires,
        expires=expires,
        token=query.get("x-amz-security-token", token),
    )


def version_4(found: dict[str, str], *, in_query: bool, moment: str, token: str) -> Claim:
    """A claim of version 4 from its parts.

    Raises:
        Refusal: a part is missing.
    """
    scope = found.get("Credential", "").split("/")
    signed, signature = found.get("SignedHeaders", ""), found.get("Signature", "")
    if len(scope) != 5 or scope[4] != "aws4_request" or not signed or not signature:
        raise Refusal(400, "IncompleteSignature", "The request's signature is not complete.")
    return Claim(
        version=4,
        in_query=in_query,
        key_id=scope[0],
        day=scope[1],
        region=scope[2],
        service=scope[3].lower(),
        signed=tuple(signed.lower().split(";")),
        signature=signature,
        moment=moment,
        token=token,
    )
