"""Signatures of requests, checked as AWS does: version 4, and S3's version 2 of old presigned URLs.

The canonical forms follow AWS's 'Signature Version 4 signing process' and S3's 'Signing and
authenticating REST requests'. Nothing here knows moto or whose keys there are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from calendar import timegm
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_to_bytes

from tui.sandbox.front.claims import ALGORITHM, Claim
from tui.sandbox.replies import Environ, Refusal, read_body

UNSIGNED = "UNSIGNED-PAYLOAD"
MOST_EXPIRY = 7 * 24 * 3600
MOST_SKEW = 15 * 60
"""Seconds: what AWS allows a presigned URL to last, and a clock to be wrong."""
_PATH_ONCE = ("s3", "s3express", "s3-outposts", "s3-object-lambda")
"""Services whose canonical path is the path as it is sent; the others escape it once more."""
SPELLING_KEY = "moto.preserved_header_names"
"""Where moto's server notes headers that are spelt with underscores."""
_STANDARD = ("content-md5", "content-type")
_OLD_SUBRESOURCES = frozenset(
    """
    accelerate acl analytics cors defaultObjectAcl delete inventory lifecycle location logging
    metrics notification object-lock partNumber policy replication requestPayment
    response-cache-control response-content-disposition response-content-encoding
    response-content-language response-content-type response-expires restore select select-type
    storageClass tagging torrent uploadId uploads versionId versioning versions website
    """.split()  # noqa: SIM905 - one name a line would be a screenful
)
"""Query parameters that version 2 signs."""


def check_time(environ: Environ, claim: Claim) -> None:
    """Refuse what has expired, and clocks that are too wrong.

    Raises:
        Refusal: so it is.
    """
    now = time.time()
    if claim.version == 2 and claim.in_query:
        if not claim.expires.isdecimal() or now > int(claim.expires):
            raise Refusal(403, "AccessDenied", "Request has expired")
        return
    moment = _unix_time(environ.get("HTTP_X_AMZ_DATE", "") if claim.version == 2 else "", claim)
    if not claim.in_query:
        if abs(now - moment) > MOST_SKEW:
            message = "The difference between the request time and the current time is too large."
            raise Refusal(403, "RequestTimeTooSkewed", message)
        return
    if not claim.expires.isdecimal() or not 0 < int(claim.expires) <= MOST_EXPIRY:
        message = "X-Amz-Expires must be between 1 second and a week"
        raise Refusal(400, "AuthorizationQueryParametersError", message)
    if now > moment + int(claim.expires):
        raise Refusal(403, "AccessDenied", "Request has expired")
    if moment - now > MOST_SKEW:
        raise Refusal(403, "AccessDenied", "Request is not valid yet")


def _unix_time(other: str, claim: Claim) -> float:
    text = claim.moment or other
    try:
        if claim.version == 4 and "T" in text[8:9]:
            if text[:8] != claim.day:
                raise ValueError
            clock = text[9:11], text[11:13], text[13:15]
            return timegm((int(text[:4]), int(text[4:6]), int(text[6:8]), *map(int, clock)))
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        message = "The request's date is missing, unreadable, or not its signature's."
        raise Refusal(403, "AccessDenied", message) from None


def is_genuine(environ: Environ, claim: Claim, secret: str) -> bool:
    """Whether the request was signed with `secret`.

    Clients escape paths and queries in their own ways, so it may fit as it was sent, or as AWS
    writes it.
    """
    given = claim.signature.encode("utf-8", "replace")
    if claim.version == 2:
        texts = (_old_string(environ, claim, ending).encode() for ending in ("", "/"))
        digests = (hmac.digest(secret.encode(), text, "sha1") for text in texts)
        return any(hmac.compare_digest(base64.b64encode(digest), given) for digest in digests)
    if "host" not in claim.signed:
        return False
    key = _signing_key(secret, claim.day, claim.region, claim.service)
    scope = f"{claim.day}/{claim.region}/{claim.service}/aws4_request"
    moment = claim.moment
    if "T" not in moment[8:9]:  # a Date header
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(_unix_time("", claim)))
    for text in _canonical_requests(environ, claim):
        digest_hex = hashlib.sha256(text.encode()).hexdigest()
        proof = hmac.new(key, f"{ALGORITHM}\n{moment}\n{scope}\n{digest_hex}".encode(), "sha256")
        if hmac.compare_digest(proof.hexdigest().encode(), given):
            return True
    return False


def is_genuine_policy(policy: str, claim: Claim, secret: str) -> bool:
    """Whether a form's policy was signed with `secret`."""
    given = claim.signature.encode("utf-8", "replace")
    if claim.version == 2:
        digest = base64.b64encode(hmac.digest(secret.encode(), policy.encode(), "sha1"))
        return hmac.compare_digest(digest, given)
    key = _signing_key(secret, claim.day, claim.region, claim.service)
    return hmac.compare_digest(hmac.digest(key, policy.encode(), "sha256").hex().encode(), given)


@lru_cache(maxsize=256)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key of one day, region and service; made once, as every request needs it."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def raw_target(environ: Environ) -> tuple[str, str]:
    """The path and the query as they were sent."""
    target = environ.get("REQUEST_URI")
    if target is None:
        return quote(str(environ["PATH_INFO"]), encoding="latin-1"), environ.get("QUERY_STRING", "")
    path, _, query = str(target).partition("?")
    return path or "/", query


def _canonical_requests(environ: Environ, claim: Claim) -> Iterator[str]:
    """The texts that a client may have signed, the likely one first."""
    path, query = raw_target(environ)
    pairs = [(name, value) for name, _, value in (p.partition("=") for p in query.split("&"))]
    if claim.in_query:
        pairs = [pair for pair in pairs if pair[0] != "X-Amz-Signature"]
    headers = "".join(f"{name}:{_header(environ, name)}\n" for name in claim.signed)
    ending = f"{headers}\n{';'.join(claim.signed)}\n{_payload(environ, claim)}"
    method = environ["REQUEST_METHOD"]
    once = claim.service in _PATH_ONCE
    sent = path if once or path == "/" else quote(path, safe="/~")
    yield f"{method}\n{sent}\n{_joined(pairs)}\n{ending}"
    tidy = quote(unquote_to_bytes(path), safe="/~")
    tidy = tidy if once else quote(tidy, safe="/~")
    tidy_pairs = [(_tidy(name), _tidy(value)) for name, value in pairs]
    yield f"{method}\n{tidy}\n{_joined(tidy_pairs)}\n{ending}"


def _joined(pairs: list[tuple[str, str]]) -> str:
    if pairs == [("", "")]:
        return ""
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _tidy(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", " ")), safe="-_.~")


def _header(environ: Environ, name: str) -> str:
    """A header's value, trimmed and with its blanks made single."""
    key = name.upper().replace("-", "_")
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
    return " ".join(str(environ.get(key, "")).split())


def _payload(environ: Environ, claim: Claim) -> str:
    """The body's hash, or the word that stands for it."""
    sent = str(environ.get("HTTP_X_AMZ_CONTENT_SHA256", ""))
    if sent and (claim.service in _PATH_ONCE or not _is_hash(sent)):
        return sent
    if claim.in_query and claim.service in _PATH_ONCE:
        return UNSIGNED
    return hashlib.sha256(read_body(environ)).hexdigest()


def _is_hash(text: str) -> bool:
    return len(text) == 64 and not text.strip("0123456789abcdef")


def unsigned_headers(environ: Environ, claim: Claim) -> list[str]:
    """The x-amz headers that the signature leaves out: whoever found a URL may have added them."""
    if claim.version != 4:
        return []
    names = (
        name[5:].lower().replace("_", "-") for name in environ if name.startswith("HTTP_X_AMZ_")
    )
    folded = {name.replace("_", "-") for name in claim.signed} | {"x-amz-content-sha256"}
    return [name for name in names if name not in folded]


def _old_string(environ: Environ, claim: Claim, ending: str) -> str:
    """What version 2 signs. In a presigned URL the query stands in for headers too.

    botocore signs a slash behind a bucket's name that it does not send: `ending`.
    """
    path, query = raw_target(environ)
    pairs = [part.split("=", 1) for part in query.split("&")]
    spelt = environ.get(SPELLING_KEY) or {}
    headers = {
        str(spelt.get(name) or name[5:].replace("_", "-")).lower(): str(value).strip()
        for name, value in environ.items()
        if name.startswith("HTTP_X_AMZ_")
    }
    headers |= {name: _header(environ, name) for name in _STANDARD}
    if claim.in_query:
        asked = {pair[0].lower(): unquote(pair[1]) for pair in pairs if len(pair) == 2}
        headers |= {n: v for n, v in asked.items() if n.startswith("x-amz-") or n in _STANDARD}
    lines = [environ["REQUEST_METHOD"], *(headers.pop(name) for name in _STANDARD), claim.moment]
    lines += [f"{name}:{value}" for name, value in sorted(headers.items())]
    kept = sorted(
        ([pair[0], *map(unquote, pair[1:])] for pair in pairs if pair[0] in _OLD_SUBRESOURCES),
        key=lambda pair: pair[0],
    )
    resource = f"{path}{ending}" + ("?" if kept else "") + "&".join(map("=".join, kept))
    return "\n".join([*lines, resource])
