"""Where in S3 a typed or pasted address points: s3://, https://, an ARN, or just bucket/key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

# What botocore lets through: older buckets have capitals and underscores.
_BUCKET = re.compile(r"[a-zA-Z0-9.\-_]{1,255}", re.ASCII)
_S3 = re.compile(r"s3[an]?://", re.IGNORECASE)
_ARN = re.compile(r"arn:aws[\w-]*:s3:([^:]*):([^:]*):(.*)", re.ASCII | re.DOTALL)
_AMAZON = re.compile(r"\.amazonaws\.com(?:\.cn)?$")
# s3.amazonaws.com, s3-eu-west-1…, s3.dualstack.eu-west-1…, s3-website.eu-west-1…
_SERVICE = re.compile(r"s3(?:[.-][a-z0-9-]+)*", re.ASCII)
_HOSTED = re.compile(r"(.+?)\.(s3(?:[.-][a-z0-9-]+)*)", re.ASCII)
_CONSOLE = re.compile(r"(?:[\w-]+\.)*console\.(?:aws\.amazon|amazonaws)\.(?:com|cn)", re.ASCII)
LONGEST_KEY_BYTES = 1024

EXAMPLE = "s3://bucket/folder/ or a web address of it"


@dataclass(frozen=True, slots=True)
class Address:
    """A bucket and, below it, a key or a prefix; the key is what S3 has, byte by byte."""

    bucket: str
    key: str = ""

    @property
    def uri(self) -> str:
        """The s3:// form."""
        return f"s3://{self.bucket}/{self.key}"


class NoAddressError(ValueError):
    """The text is no address; the message says why, in a clause."""


def parsed(text: str, endpoint: str = "") -> Address:
    """Read an address.

    `endpoint` is the address of an S3-compatible server whose web addresses are understood too.
    Percent signs are decoded in web addresses alone: elsewhere they are the key's own.

    Raises:
        NoAddressError: it is none.
    """
    text = text.lstrip().rstrip("\r\n")
    if not text.strip():
        raise NoAddressError(EXAMPLE)
    scheme = text.partition("://")[0].lower()
    if _S3.match(text):
        found = _split(_S3.sub("", text, count=1))
    elif text[:4].lower() == "arn:":
        found = _of_arn(text)
    elif scheme in ("http", "https"):
        found = _of_web(text, endpoint)
    elif "://" in text:
        raise NoAddressError(f"{scheme}:// is not S3's")
    else:
        found = _split(text)
    return _checked(found)


def _split(path: str) -> Address:
    bucket, _, key = path.partition("/")
    return Address(bucket, key)


def _of_arn(text: str) -> Address:
    found = _ARN.fullmatch(text)
    if found is None:
        raise NoAddressError("only ARNs of buckets and objects: arn:aws:s3:::bucket/key")
    region, account, path = found.groups()
    if region or account:
        raise NoAddressError("access points can't be browsed: use the bucket's own name")
    return _split(path)


def _of_web(text: str, endpoint: str) -> Address:
    try:
        parts = urlsplit(text.replace("#", "%23"))  # a key may hold one, and no server sees it
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise NoAddressError("that is no web address") from error
    path = unquote(parts.path).removeprefix("/")
    if _CONSOLE.fullmatch(host):
        return _of_console(path, parse_qs(parts.query))
    if endpoint and _same_host(host, port, endpoint):
        return _split(path)
    amazon = _AMAZON.search(host)
    if amazon is None:
        raise NoAddressError(f"{host or 'that'} is no address of S3")
    name = host[: amazon.start()]
    if _SERVICE.fullmatch(name):
        return _split(path)
    if hosted := _HOSTED.fullmatch(name):
        return Address(hosted[1], path)
    raise NoAddressError(f"{host} is no address of S3")


def _of_console(path: str, query: dict[str, list[str]]) -> Address:
    """The web console's own: /s3/buckets/NAME?prefix=…, /s3/object/NAME?prefix=…"""
    steps = path.split("/")
    if len(steps) < 3 or steps[0] != "s3" or steps[1] not in ("buckets", "object"):
        raise NoAddressError("that page of the console is not of a bucket")
    return Address(steps[2], query.get("prefix", [""])[0])


def _same_host(host: str, port: int | None, endpoint: str) -> bool:
    try:
        there = urlsplit(endpoint)
        return (there.hostname or "").lower() == host and there.port == port
    except ValueError:
        return False


def _checked(found: Address) -> Address:
    if not found.bucket:
        raise NoAddressError("name a bucket")
    if not _BUCKET.fullmatch(found.bucket):
        raise NoAddressError("a bucket's name has letters, digits, dots and hyphens")
    if len(found.key.encode("utf-8", "surrogatepass")) > LONGEST_KEY_BYTES:
        raise NoAddressError(f"a key has at most {LONGEST_KEY_BYTES:,} bytes")
    return found
