"""One bucket's requests as botocore makes them, taken once and filled in for each key.

botocore resolves endpoints, addressing, headers and checksums for each request anew, which costs
1-2 ms of CPU. Here it does so once for a bucket: the request is caught just before it would leave
(`before-send`), and serves as a pattern. Its signature has to be the one that `Pattern` finds for
the very same request; whatever else is not understood raises `Unsure`.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

STAND_IN: Final = "skydeck-stand-in-key"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_KEY_SAFE: Final = "/~"  # what botocore leaves as it is in a key
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/s3/aws4_request, "
    r"SignedHeaders=(?P<signed>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)
# Made anew for each request, or of no use to one that is sent once.
_OWN: Final = frozenset(
    {
        *("authorization", "host", "content-length", "x-amz-date", "x-amz-content-sha256"),
        *("x-amz-security-token", "x-amz-checksum-crc32", "amz-sdk-invocation-id"),
        *("amz-sdk-request", "expect", "accept-encoding"),
    }
)
_STRANGE: Final = (
    *("x-amz-trailer", "x-amz-decoded-", "x-amz-s3session-", "x-amz-region-set"),
    *("x-amz-server-side-encryption-customer-", "x-amz-copy-source"),
)


class Unsure(Exception):  # noqa: N818 - no error: botocore is to do it
    """The fast path met what it does not know; botocore does this one."""


@dataclass(eq=False)
class _Catch:
    request: Any = None


_CATCHING: ContextVar[_Catch | None] = ContextVar("catching", default=None)


@dataclass(eq=False)
class Pattern:
    """A bucket's PutObject or GetObject, to be filled in with a key, headers and a signature."""

    method: str
    origin: str  # "https://bucket.s3.eu-west-1.amazonaws.com"
    host: str
    before_key: str  # "/", or "/bucket/"
    region: str
    hashed: bool  # whether the body's SHA-256 is signed
    headers: dict[str, str]
    signed: frozenset[str]
    credentials: Any = field(repr=False)
    _key: tuple[str, str, bytes] = field(default=("", "", b""), repr=False)

    def head(self, key: str, more: Mapping[str, str], body: bytes | memoryview, size: int) -> bytes:
        """Return the signed head of a request, up to and with its empty line.

        Raises:
            Unsure: a header that can't be sent as it is; no credentials.
        """
        try:
            keys = self.credentials.get_frozen_credentials()
        except Exception as error:  # botocore tells it better
            raise Unsure from error
        path = self.before_key + quote(key, safe=_KEY_SAFE)
        headers = {**self.headers, **more}
        headers["host"] = self.host
        headers["x-amz-date"] = now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        hashed = hashlib.sha256(body).hexdigest() if self.hashed else UNSIGNED
        headers["x-amz-content-sha256"] = hashed
        if keys.token:
            headers["x-amz-security-token"] = keys.token
        headers["authorization"] = self._authorization(path, headers, now, keys)
        if self.method == "PUT":
            headers["content-length"] = str(size)
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if lines.count("\n") != len(headers) or lines.count("\r") != len(headers):
            raise Unsure
        try:
            return f"{self.method} {path} HTTP/1.1\r\n{lines}\r\n".encode("ascii")
        except UnicodeEncodeError as error:
            raise Unsure from error

    def _authorization(self, path: str, headers: Mapping[str, str], now: str, keys: Any) -> str:
        unsigned = self.headers.keys() - self.signed
        names = sorted(name for name in headers if name not in unsigned)
        signature = self.signature(path, headers, names, now, keys.secret_key)
        scope = f"{keys.access_key}/{now[:8]}/{self.region}/s3/aws4_request"
        return (
            f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={';'.join(names)}, "
            f"Signature={signature}"
        )

    def signature(
        self, path: str, headers: Mapping[str, str], names: list[str], now: str, secret: str
    ) -> str:
        """Return the signature of a request whose signed headers are `names`, in order."""
        canonical = "\n".join([f"{name}:{' '.join(headers[name].split())}" for name in names])
        asked = (
            f"{self.method}\n{path}\n\n{canonical}\n\n{';'.join(names)}\n"
            f"{headers['x-amz-content-sha256']}"
        )
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        digest = hashlib.sha256(asked.encode()).hexdigest()
        said = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest}"
        return hmac.digest(self._signing_key(secret, now[:8]), said.encode(), "sha256").hex()

    def _signing_key(self, secret: str, day: str) -> bytes:
        held = self._key
        if held[:2] != (secret, day):
            made = f"AWS4{secret}".encode()
            for step in (day, self.region, "s3", "aws4_request"):
                made = hmac.digest(made, step.encode(), "sha256")
            held = self._key = secret, day, made
        return held[2]


def install(client: Any) -> None:
    """Let `pattern_of` catch what an S3 client is about to send; a second time changes nothing."""
    client.meta.events.register_first("before-send.s3", _caught, unique_id="transfer-fast")


def pattern_of(client: Any, operation: str, params: Mapping[str, Any]) -> Pattern:
    """Have botocore make a request for a stand-in key, send nothing, and take its pattern.

    `operation` is "put_object" or "get_object"; `params` are boto3's, without the key.

    Raises:
        Unsure: it is none that `Pattern` knows.
        AwsError, Exception: it may not be made (read-only mode, no credentials).
    """
    catch = _Catch()
    token = _CATCHING.set(catch)
    try:
        getattr(client, operation)(Key=STAND_IN, **params)
    finally:
        _CATCHING.reset(token)
    if catch.request is None:
        raise Unsure
    return _understood(catch.request, client._request_signer._credentials)


def _caught(request: Any, **_: Any) -> Any:
    catch = _CATCHING.get()
    if catch is None:
        return None
    from botocore.awsrequest import AWSResponse

    catch.request = request
    return AWSResponse(request.url, 200, {}, _Nothing())


class _Nothing:
    """The body of an answer that nobody sent."""

    def stream(self) -> Iterator[bytes]:
        """Yield nothing."""
        return iter(())

    def close(self) -> None:
        """There is nothing to close."""


def _understood(request: Any, credentials: Any) -> Pattern:
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    url = urlsplit(request.url)
    if found is None or credentials is None or url.query or url.scheme not in ("http", "https"):
        raise Unsure
    if not url.path.endswith(f"/{STAND_IN}") or url.username or url.fragment:
        raise Unsure
    if any(name.startswith(_STRANGE) or name == "transfer-encoding" for name in headers):
        raise Unsure
    hashed = headers.get("x-amz-content-sha256", "")
    if hashed != UNSIGNED and not re.fullmatch(r"[0-9a-f]{64}", hashed):
        raise Unsure
    host, port = url.hostname or "", url.port
    if port is not None and port != {"http": 80, "https": 443}[url.scheme]:
        host = f"{host}:{port}"
    headers["host"] = host
    names = found["signed"].split(";")
    pattern = Pattern(
        method=request.method,
        origin=f"{url.scheme}://{url.netloc}",
        host=host,
        before_key=url.path.removesuffix(STAND_IN),
        region=found["region"],
        hashed=hashed != UNSIGNED,
        headers={
            **{name: value for name, value in headers.items() if name not in _OWN},
            "accept-encoding": "identity",
        },
        signed=frozenset(names),
        credentials=credentials,
    )
    _refuse_another_signature(pattern, url.path, headers, found, names)
    return pattern


def _refuse_another_signature(
    pattern: Pattern, path: str, headers: dict[str, str], found: re.Match[str], names: list[str]
) -> None:
    """Sign what botocore has signed: another result means that it signs in some other way."""
    keys = pattern.credentials.get_frozen_credentials()
    if keys.access_key != found["id"] or not headers.keys() >= set(names):
        raise Unsure
    now = headers.get("x-amz-date", "")
    if pattern.signature(path, headers, names, now, keys.secret_key) != found["signature"]:
        raise Unsure


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
