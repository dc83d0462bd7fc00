"""Changes of what S3 keeps beside an object's bytes: how they merge, and what S3 takes of them."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

METADATA_BYTES = 2048  # of all names and values: AmazonS3/latest/userguide/UsingMetadata.html
TAGS_AT_MOST = 10  # AmazonS3/latest/userguide/object-tagging.html, as the two below
TAG_KEY_LENGTH, TAG_VALUE_LENGTH = 128, 256
_TAG_SIGNS = frozenset("+-=._:/@")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2
_TYPE = re.compile(rf"{_TOKEN.pattern}/{_TOKEN.pattern}(\s*;.*)?")
_ENCODED = re.compile(r"=\?utf-8\?(b|q)\?([^?]*)\?=", re.IGNORECASE)

# boto3's names of the headers that one may set, and HTTP's.
HEADERS: Mapping[str, str] = {
    "ContentType": "Content-Type",
    "CacheControl": "Cache-Control",
    "ContentDisposition": "Content-Disposition",
    "ContentEncoding": "Content-Encoding",
    "ContentLanguage": "Content-Language",
}


@dataclass(frozen=True, slots=True)
class Edits:
    """Names to set and names to drop; all others stay as they are."""

    put: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.put or self.drop)

    def applied(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """What these make of what there is."""
        kept = {name: value for name, value in pairs if name not in self.drop}
        return kept | dict(self.put)

    @staticmethod
    def between(before: Mapping[str, str], after: Mapping[str, str]) -> Edits:
        """What leads from one to the other."""
        return Edits(
            tuple((name, value) for name, value in after.items() if before.get(name) != value),
            tuple(name for name in before if name not in after),
        )


@dataclass(frozen=True, slots=True)
class Encryption:
    """How an object is encrypted: S3's word (`AES256`, `aws:kms`), the KMS key or ""."""

    kind: str
    key_id: str = ""
    bucket_key: bool | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become another thing; all else of the object stays.

    Attributes:
        headers: by boto3's names, see `HEADERS`.
        storage_class: the new one, "" for the present one.
    """

    metadata: Edits = field(default_factory=Edits)
    headers: Edits = field(default_factory=Edits)
    storage_class: str = ""
    encryption: Encryption | None = None


def metadata_problem(name: str, value: str) -> str | None:
    """What S3 would refuse of one metadata entry, or None."""
    if not name:
        return "it needs a name"
    if not _TOKEN.fullmatch(name):
        return "a name is of letters, digits and - . _ without spaces"
    if name.lower().startswith("x-amz-meta-"):
        return "leave out x-amz-meta-: S3 adds it"
    return _value_problem(value) or metadata_size_problem({name: value})


def metadata_size_problem(pairs: Mapping[str, str]) -> str | None:
    """Whether all metadata of an object is more than S3 keeps, or None."""
    size = metadata_bytes(pairs)
    return f"{size:,} of {METADATA_BYTES:,} bytes" if size > METADATA_BYTES else None


def metadata_bytes(pairs: Mapping[str, str]) -> int:
    """The size that S3 limits: all names and values as they are sent."""
    return sum(len(name.encode()) + len(wire(value)) for name, value in pairs.items())


def header_problem(name: str, value: str) -> str | None:
    """What is wrong with the value of one of `HEADERS`, or None."""
    if name == "ContentType" and value and not _TYPE.fullmatch(value):
        return "a type looks like text/csv"
    if not value.isascii():
        return "only plain ASCII can be sent"
    return _value_problem(value)


def tag_problem(key: str, value: str) -> str | None:
    """What S3 would refuse of one tag, or None."""
    if not key:
        return "it needs a key"
    if key.lower().startswith("aws:"):
        return "keys that begin with aws: are Amazon's"
    if len(key) > TAG_KEY_LENGTH:
        return f"the key has {len(key)} characters, {TAG_KEY_LENGTH} are allowed"
    if len(value) > TAG_VALUE_LENGTH:
        return f"the value has {len(value)} characters, {TAG_VALUE_LENGTH} are allowed"
    if wrong := next((sign for sign in key + value if not _may_tag(sign)), None):
        return f"{wrong} is not allowed: letters, digits, spaces and + - = . _ : / @ are"
    return None


def wire(value: str) -> str:
    """A metadata value as it is sent: what is not ASCII as S3 itself shows it (RFC 2047)."""
    if value.isascii():
        return value
    return f"=?UTF-8?B?{base64.b64encode(value.encode()).decode()}?="


def unwired(value: str) -> str:
    """A metadata value as people read it; what can't be decoded stays as it is."""
    return _ENCODED.sub(_decoded, value) if "=?" in value else value


def _decoded(found: re.Match[str]) -> str:
    try:
        if found[1].lower() == "b":
            return base64.b64decode(found[2], validate=True).decode()
        import quopri

        return quopri.decodestring(found[2].replace("_", " ").encode()).decode()
    except ValueError:
        return found[0]


def _value_problem(value: str) -> str | None:
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value):
        return "control characters can't be sent"
    if value != value.strip():
        return "spaces at its ends would be lost"
    return None


def _may_tag(sign: str) -> bool:
    return sign in _TAG_SIGNS or unicodedata.category(sign)[0] in "LZN"
