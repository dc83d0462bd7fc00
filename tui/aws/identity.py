"""Who we are at AWS, and which identities this machine could take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.aws.profiles import (
    ProfileInfo,
    credentials_hint,
    default_region,
    has_credentials,
    profiles,
)
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

    Raises:
        AwsError: no or bad credentials, an unknown profile or region, or no way to AWS.
    """
    answer = await gateway.call("sts", "get_caller_identity")
    connection = gateway.connection
    return Identity(
        account=answer.get("Account", ""),
        arn=answer.get("Arn", ""),
        region=gateway.region,
        profile=connection.profile,
        sandbox=connection.sandbox,
        read_only=connection.read_only,
    )
