"""Links that read or write one object without credentials, for as long as they last."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tui.aws.calls import caused_by
from tui.aws.code.python import client_code, literal, quoted
from tui.aws.code.shell import printing, word
from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.s3.service import S3

LIMIT_SECONDS = 7 * 24 * 3600  # what version 4 of the signature allows


@dataclass(frozen=True, slots=True)
class LinkWish:
    """What a link is to do.

    Attributes:
        upload: it writes; else it reads.
        seconds: how long it lasts, a week at most.
        file_name: what a browser saves the object as, "" for the key's last part.
        content_type: what a download is said to be; what an upload must say that it is.
        only_new: an upload that replaces nothing.
    """

    bucket: str
    key: str
    upload: bool = False
    seconds: int = 3600
    file_name: str = ""
    content_type: str = ""
    version_id: str = ""
    only_new: bool = False

    @property
    def params(self) -> dict[str, str]:
        """The signed call's parameters."""
        params = {"Bucket": self.bucket, "Key": self.key}
        if self.upload:
            params |= {"ContentType": self.content_type} if self.content_type else {}
            return params | ({"IfNoneMatch": "*"} if self.only_new else {})
        if self.version_id:
            params["VersionId"] = self.version_id
        if self.content_type:
            params["ResponseContentType"] = self.content_type
        if self.file_name:
            params["ResponseContentDisposition"] = disposition(self.file_name)
        return params

    @property
    def headers(self) -> dict[str, str]:
        """What whoever uses the link must send with it."""
        if not self.upload:
            return {}
        made = {"Content-Type": self.content_type} if self.content_type else {}
        return made | ({"If-None-Match": "*"} if self.only_new else {})


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was made. Its `url` is a secret: it goes nowhere that was not asked for.

    Attributes:
        temporary: signed by credentials that expire; it ends with them, at `signer_ends` if known.
    """

    wish: LinkWish
    url: str = field(repr=False)
    made_at: datetime
    temporary: bool = False
    signer_ends: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """When it stops working, as far as that is known; UTC."""
        signed = self.made_at + timedelta(seconds=self.wish.seconds)
        return min(signed, self.signer_ends) if self.signer_ends else signed

    def curl(self) -> str:
        """The command line that uses it."""
        name = _word(self.wish.file_name or self.wish.key.rpartition("/")[2] or "object")
        headers = "".join(f" -H {_word(f'{k}: {v}')}" for k, v in self.wish.headers.items())
        if self.wish.upload:
            return f"curl --fail --upload-file {name}{headers} {_word(self.url)}"
        return f"curl --fail --output {name} {_word(self.url)}"


async def make_link(s3: S3, wish: LinkWish) -> Link:
    """Sign a link on this machine: nothing is sent but, once, the question for the region.

    Raises:
        AwsError: an upload link in read-only mode, no credentials.
    """
    gateway = s3.gateway
    if wish.upload and gateway.connection.read_only:
        raise AwsError(
            f"Didn't make an upload link for {wish.bucket}/{wish.key}",
            "Skydeck is in read-only mode",
            "Start it without --read-only to change things.",
            code="ReadOnly",
        )
    if not gateway.connection.endpoint_url:
        with suppress(AwsError), caused_by(None):
            await s3.bucket_region(wish.bucket)  # a link for another region is dead
    method = "put_object" if wish.upload else "get_object"
    seconds = max(1, min(wish.seconds, LIMIT_SECONDS))

    def sign() -> Link:
        client = gateway.client_now("s3", s3.region_of(wish.bucket))
        ends, temporary = _signer(client)
        now = datetime.now(UTC)
        url = client.generate_presigned_url(method, Params=wish.params, ExpiresIn=seconds)
        return Link(wish, url, now, temporary, ends)

    return await gateway.explained(sign, method, f"{wish.bucket}/{wish.key}")


def link_code(wish: LinkWish, region: str) -> tuple[str, str]:
    """(Python, CLI) that makes such a link; the link itself is in neither."""
    method = "put_object" if wish.upload else "get_object"
    call = (
        f"client.generate_presigned_url({quoted(method)}, Params=params, ExpiresIn={wish.seconds})"
    )
    python = (
        f"import boto3\n\nclient = {client_code('s3', region, None, None)}\n"
        f"params = {literal(wish.params)}\nprint({call})\n"
    )
    if wish.upload or set(wish.params) > {"Bucket", "Key"}:
        return python, "# aws s3 presign makes plain download links only; the program makes this"
    address = _word(f"s3://{wish.bucket}/{wish.key}")
    return python, f"aws s3 presign {address} --expires-in {wish.seconds} --region {region}"


def disposition(name: str) -> str:
    """The header that has a browser save under a name (RFC 6266)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    made = f'attachment; filename="{plain}"'
    return made if plain == name else f"{made}; filename*=UTF-8''{quote(name, safe='')}"


def _word(text: str) -> str:
    """Quote a word; what can't be pasted into a terminal as it is comes from printf."""
    return word(text) if text.isprintable() else f'"$({printing(text)})"'


def _signer(client: Any) -> tuple[datetime | None, bool]:
    """When the credentials that sign expire, if that is known, and whether they do at all."""
    credentials = getattr(client._request_signer, "_credentials", None)
    if credentials is None:
        return None, False
    ends = getattr(credentials, "_expiry_time", None)
    return ends, bool(credentials.get_frozen_credentials().token)
