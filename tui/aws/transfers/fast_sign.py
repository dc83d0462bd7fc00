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
_HASH: Final = "x-amz-content-sha256"
_EMPTY: Final = hashlib.sha256(b"").hexdigest()
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


@dataclass(frozen=True, slots=True)
class _Mould:
    """A request's head, but for its key and for the headers that are each request's own.

    Attributes:
        lines: the headers that are the same for all.
        canonical: what is signed of each header, in order, with a gap at each of `open`.
        hashed: the body's digest, where it is the same for all.
    """

    second: int
    keys: Any = field(repr=False)
    lines: str = field(repr=False)  # a session's token is among them
    authorization: str = field(repr=False)
    canonical: list[str] = field(repr=False)
    open: list[tuple[int, str]]
    names: str
    hashed: str
    said: str
    key: bytes = field(repr=False)

    def signature(self, asked: str, values: Mapping[str, str]) -> str:
        """Return the signature; `asked` is the canonical request down to its query."""
        rows = self.canonical.copy()
        for place, name in self.open:
            rows[place] = _signed(name, values[name])
        hashed = self.hashed or values[_HASH]
        joined = "\n".join(rows)
        asked = f"{asked}{joined}\n\n{self.names}\n{hashed}"
        digest = hashlib.sha256(asked.encode()).hexdigest()
        return hmac.digest(self.key, f"{self.said}{digest}".encode(), "sha256").hex()


def _signed(name: str, value: str) -> str:
    return f"{name}:{' '.join(value.split())}"


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
    _moulds: dict[tuple[str, ...], _Mould] = field(default_factory=dict, repr=False)

    def head(self, key: str, more: Mapping[str, str], body: bytes | memoryview, size: int) -> bytes:
        """Return the signed head of a request, up to and with its empty line.

        Raises:
            Unsure: a header that can't be sent as it is; no credentials.
        """
        try:
            keys = self.credentials.get_frozen_credentials()
        except Exception as error:  # botocore tells it better
            raise Unsure from error
        names, second = tuple(more), int(time.time())
        mould = self._moulds.get(names)
        if mould is None or mould.second != second or mould.keys != keys:
            mould = self._moulds[names] = self._mould(names, second, keys)
        values = dict(more)
        if self.method == "PUT":
            values[_HASH] = hashlib.sha256(body).hexdigest() if self.hashed else UNSIGNED
        path = self.before_key + quote(key, safe=_KEY_SAFE)
        signature = mould.signature(f"{self.method}\n{path}\n\n", values)
        lines = "".join([f"{name}: {value}\r\n" for name, value in values.items()])
        if lines.count("\n") != len(values) or lines.count("\r") != len(values):
            raise Unsure
        length = f"content-length: {size}\r\n" if self.method == "PUT" else ""
        try:
            return (
                f"{self.method} {path} HTTP/1.1\r\n{mould.lines}{lines}{length}"
                f"{mould.authorization}{signature}\r\n\r\n"
            ).encode("ascii")
        except UnicodeEncodeError as error:
            raise Unsure from error

    def _mould(self, more: tuple[str, ...], second: int, keys: Any) -> _Mould:
        """What all requests with these further headers share for a second."""
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        fixed = {**self.headers, "host": self.host, "x-amz-date": now}
        if keys.token:
            fixed["x-amz-security-token"] = keys.token
        if self.method == "PUT":
            more = (*more, _HASH)
        else:
            fixed[_HASH] = _EMPTY if self.hashed else UNSIGNED
        for name in more:
            fixed.pop(name, None)
        lines = "".join([f"{name}: {value}\r\n" for name, value in fixed.items()])
        if lines.count("\n") != len(fixed) or lines.count("\r") != len(fixed):
            raise Unsure
        names = sorted((fixed.keys() - (self.headers.keys() - self.signed)) | set(more))
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        return _Mould(
            second=second,
            keys=keys,
            lines=lines,
            authorization=(
                f"authorization: AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, "
                f"SignedHeaders={';'.join(names)}, Signature="
            ),
            canonical=["" if name in more else _signed(name, fixed[name]) for name in names],
            open=[(place, name) for place, name in enumerate(names) if name in more],
            names=";".join(names),
            hashed=fixed.get(_HASH, ""),
            said=f"AWS4-HMAC-SHA256\n{now}\n{scope}\n",
            key=self._signing_key(keys.secret_key, now[:8]),
        )

    def signature(
        self, path: str, headers: Mapping[str, str], names: list[str], now: str, secret: str
    ) -> str:
        """Return the signature of a request whose signed headers are `names`, in order."""
        canonical = "\n".join([_signed(name, headers[name]) for name in names])
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
    host = f"[{host}]" if ":" in host else host  # IPv6
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
