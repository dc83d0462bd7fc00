"""boto3 sessions and clients as Skydeck wants them. The gateway is the only caller.

Sessions are not thread-safe: everything here runs under the gateway's lock.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from tui.aws.connection import Connection
from tui.aws.profiles import metadata_allowed
from tui.core.errors import AwsError

if TYPE_CHECKING:
    from boto3.session import Session

CONNECT_SECONDS = 5
READ_SECONDS = 60  # CompleteMultipartUpload of many parts takes its time
ATTEMPTS = 4

# Parsing holds the GIL: with 16 parsers at once the event loop would wait 16 turns for its own.
PARSING = threading.BoundedSemaphore(2)

_READING = ("Get", "List", "Head", "Describe", "BatchGet", "Search", "Lookup", "Select", "Query")
_READING_SERVICES = ("sts", "pricing", "sso", "sso-oidc")
_REGION_FORM = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")


def make_session(connection: Connection) -> Session:
    """Build the session of one connection.

    Raises:
        botocore's ProfileNotFound: there is no such profile.
    """
    import botocore.session
    from boto3.compat import filter_python_deprecation_warnings
    from boto3.session import Session

    filter_python_deprecation_warnings()  # it would be printed across the screen
    if connection.access_key_id:
        core = botocore.session.Session(session_vars=_isolated())
        core.set_credentials(
            connection.access_key_id,
            connection.secret_access_key,
            connection.session_token or None,
        )
    else:
        core = botocore.session.Session(profile=connection.profile or None)
        _limit_credentials(core)
    core.register_component("response_parser_factory", _parsers())
    return Session(botocore_session=core)


def make_client(session: Session, connection: Connection, service: str, region: str, n: int) -> Any:
    """Build a client whose pool holds `n` connections, with read-only mode wired in.

    Raises:
        AwsError: there is no such region.
        botocore's errors: bad configuration files, an endpoint that is no URL.
    """
    from botocore.config import Config

    check_region(session, connection, region)
    # The adaptive mode's limiter waits where no cancel of a transfer reaches, and slows down what
    # else goes on at S3; the jobs there set their own pace (`transfers.patience`).
    mode = "standard" if service == "s3" else "adaptive"
    options: dict[str, Any] = {
        "max_pool_connections": n,
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"mode": mode, "total_max_attempts": ATTEMPTS},
        # "auto" in a configuration file would ask the instance-metadata service.
        "defaults_mode": "legacy",
    }
    if service == "s3":
        options["signature_version"] = "s3v4"  # else links are signed the old way, without KMS
    if connection.endpoint_url:
        options |= _endpoint_options(connection)
    client = session.client(
        service,
        region_name=region,
        endpoint_url=connection.endpoint_url or None,
        config=Config(**options),
    )
    if connection.read_only:
        client.meta.events.register_first("before-call", refuse_changes)
    return client


def refuse_changes(model: Any, **_: Any) -> None:
    """Raise unless the operation is known to only read (event `before-call`)."""
    service, operation = model.service_model.service_name, model.name
    if service in _READING_SERVICES or operation.startswith(_READING):
        return
    raise AwsError(
        f"Didn't run {operation}",
        "Skydeck is in read-only mode",
        "Start it without --read-only to change things.",
        code="ReadOnly",
    )


def check_region(session: Session, connection: Connection, region: str) -> None:
    """Refuse a region that AWS does not have, before a look-up of its host name fails.

    Servers that are not Amazon's name their regions as they like.
    """
    if connection.endpoint_url and not connection.sandbox:
        return
    known = _known_regions(session)
    if region in known:
        return
    # A region younger than the installed botocore is known to DNS only.
    if not connection.sandbox and _REGION_FORM.fullmatch(region):
        return
    near = get_close_matches(region, known, n=1)
    raise AwsError(
        f"Can't use region {region}",
        "AWS has no region of that name",
        f"Did you mean {near[0]}?" if near else "Press R to choose a region.",
        code="UnknownRegion",
    )


def parse_time(value: Any) -> datetime:
    """Parse a timestamp of an answer; aware UTC.

    botocore's own parser (dateutil) takes four fifths of the time of a listing.
    """
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    from botocore.utils import parse_timestamp

    slow: datetime = parse_timestamp(value)
    return slow.astimezone(UTC)


def _known_regions(session: Session) -> list[str]:
    # The small file that botocore reads anyway; its endpoints.json costs 50 CPU-ms.
    loader = session._session.get_component("data_loader")
    return [
        region
        for partition in loader.load_data("partitions")["partitions"]
        for region in partition["regions"]
        if not region.endswith("-global")
    ]


def _endpoint_options(connection: Connection) -> dict[str, Any]:
    # FIPS or dual-stack in the environment would make botocore refuse a custom endpoint.
    options: dict[str, Any] = {"use_fips_endpoint": False, "use_dualstack_endpoint": False}
    if connection.wants_path_style:
        options["s3"] = {"addressing_style": "path"}
    if connection.on_loopback:
        options["proxies"] = {}
    if not connection.full_checksums:
        options["request_checksum_calculation"] = "when_required"
        options["response_checksum_validation"] = "when_required"
    return options


def _isolated() -> Mapping[str, tuple[Any, ...]]:
    """Session variables under which nothing of the user's own configuration leaks in."""
    return {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }


def _limit_credentials(core: Any) -> None:
    """Keep the credential chain from blocking: no metadata look-up, no prompt on the terminal."""
    resolver = core.get_component("credential_provider")
    if not metadata_allowed():
        resolver.remove("iam-role")
    for provider in resolver.providers:
        if provider.METHOD == "assume-role":
            provider._prompter = _refuse_prompt
        elif provider.METHOD == "custom-process":
            # The keys typed into this terminal are the app's.
            provider._popen = partial(subprocess.Popen, stdin=subprocess.DEVNULL)


def _refuse_prompt(*_: Any) -> NoReturn:
    raise AwsError(
        "Can't take on the profile's role",
        "it asks for an MFA code, which Skydeck can't type for you",
        "Log in on the command line first (aws sts get-session-token) or choose another profile.",
        code="MfaRequired",
    )


def _parsers() -> Any:
    """Return botocore's response parsers, quicker with dates and never more than two at a time."""
    from botocore.parsers import ResponseParserError, ResponseParserFactory

    class BoundedParsers(ResponseParserFactory):  # type: ignore[misc]
        def create_parser(self, protocol_name: str) -> Any:
            parser = super().create_parser(protocol_name)
            parse = parser.parse

            def bounded(response: Any, shape: Any) -> Any:
                with PARSING:
                    try:
                        return parse(response, shape)
                    except (LookupError, TypeError, AttributeError) as error:
                        # A web page, say, where an answer of AWS has its parts.
                        raise ResponseParserError(type(error).__name__) from error

            parser.parse = bounded
            return parser

    factory = BoundedParsers()
    factory.set_parser_defaults(timestamp_parser=parse_time)
    return factory
