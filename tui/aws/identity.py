"""Who we are at AWS, and which identities this machine could take."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.aws.lookalikes import is_lookalike
from tui.aws.profiles import (
    ProfileInfo,
    credentials_hint,
    default_region,
    has_credentials,
    profiles,
)
from tui.aws.redaction import bare_endpoint
from tui.core.errors import AwsError
from tui.core.records import Identity

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway

__all__ = [
    "ProfileInfo",
    "credentials_hint",
    "default_region",
    "has_credentials",
    "profiles",
    "who_am_i",
]


async def who_am_i(gateway: Gateway) -> Identity:
    """Ask AWS who the credentials belong to (sts:GetCallerIdentity).

    Most servers that are not Amazon's can't tell; there it is enough that S3 takes the credentials.

    Raises:
        AwsError: no or bad credentials, an unknown profile or region, or no way to AWS.
    """
    connection = gateway.connection
    try:
        answer = await gateway.call("sts", "get_caller_identity")
    except AwsError as refused:
        if not is_lookalike(connection):
            raise
        answer = await _nameless(gateway, refused)
    return Identity(
        account=answer.get("Account", ""),
        arn=answer.get("Arn", ""),
        region=gateway.region,
        profile=connection.profile,
        sandbox=connection.sandbox,
        read_only=connection.read_only,
    )


async def _nameless(gateway: Gateway, refused: AwsError) -> dict[str, str]:
    """Whoever a look-alike lets list its buckets, or refuses by name.

    Raises:
        AwsError: it doesn't know the credentials, or is no such server either.
    """
    from tui.aws.s3.service import S3

    try:
        await S3(gateway).buckets()
    except AwsError as error:
        if not error.code or error.code[0].isdigit():
            raise refused from error  # a bare status: S3 is not spoken there either
        if error.code not in ("AccessDenied", "AllAccessDisabled", "Forbidden"):
            raise AwsError(
                refused.title, error.message, error.hint, code=error.code, retryable=error.retryable
            ) from error
    host = urlsplit(bare_endpoint(gateway.connection.endpoint_url)).netloc
    return {"Account": host, "Arn": f"{host}:unnamed user"}
