"""What is no fault of one item: an expired login, a full disk, a server that is not there.

Such an outage pauses the whole job where it is; all else fails an item, or the job.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui.aws.connection import Connection
from tui.aws.errors import error_code, explain
from tui.aws.profiles import profile_kind
from tui.core import format as texts
from tui.core.errors import AwsError, DiskFull, JobPaused, UserError
from tui.core.progress import Progress

EXPIRED: Final = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"),
        *("UnauthorizedSSOTokenError", "SSOTokenLoadError", "SSOError", "TokenRetrievalError"),
        *("LoginRefreshRequired", "LoginTokenLoadError", "LoginError"),
        *("CredentialRetrievalError", "RefreshWithMFAUnsupportedError", "MfaRequired"),
    }
)
# Keys that worked and don't any more: exchanged, withdrawn, or taken out of the files.
WITHDRAWN: Final = frozenset(
    {
        *("InvalidAccessKeyId", "InvalidClientTokenId", "InvalidToken", "NoCredentialsError"),
        *("UnrecognizedClientException", "PartialCredentialsError"),
    }
)
BUSY: Final = frozenset(
    {
        *("SlowDown", "ServiceUnavailable", "Unavailable", "Throttling", "ThrottlingException"),
        *("ThrottledException", "RequestThrottled", "RequestThrottledException"),
        *("RequestLimitExceeded", "TooManyRequestsException", "BandwidthLimitExceeded"),
        *("InternalError", "InternalFailure", "429", "500", "502", "503", "504"),
    }
)
UNREACHABLE: Final = frozenset(
    {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"}
)
SERVED_SECONDS: Final = 30.0  # who was served within them has met no outage, but a fault of an item
_FULL: Final = {errno.ENOSPC: "ENOSPC", errno.EDQUOT: "EDQUOT"}
LOGIN, USER = "login", "user"


def outage_of(
    error: BaseException, connection: Connection, progress: Progress | None = None
) -> JobPaused | None:
    """Return why the whole job has to wait, or None where only an item, or the job, has failed.

    `progress` is the job's: its rest tells how much room a full disk would need, and a server that
    has served it a moment ago is not out. Reads the configuration files or asks the disk for its
    free space: only in a thread.
    """
    if isinstance(error, JobPaused):
        return error
    code = _code(error)
    if code in EXPIRED or (code in WITHDRAWN and not connection.access_key_id):
        return JobPaused(login_needed(code, connection), LOGIN)
    reason = _reason(error, code, connection, progress)
    return JobPaused(reason, USER) if reason is not None else None


def _reason(
    error: BaseException, code: str, connection: Connection, progress: Progress | None
) -> UserError | None:
    """Why somebody has to see to it first, or None where it is no outage."""
    if code in _FULL.values():
        return disk_full(error, code, _left(progress))
    if code == "RequestTimeTooSkewed":
        return _told("Nothing can be sent", error, code, connection)
    if code in UNREACHABLE and not connection.sandbox:  # which is not coming back
        return _told("Nothing can be sent", error, code, connection)
    if progress is not None and progress.limits.served_since(SERVED_SECONDS):
        return None
    if code == "ReadTimeoutError":
        return _told("Nothing comes back", error, code, connection)
    if code in BUSY:
        why, hint = "it has refused all requests for a while", "Resume later; what is done stays."
        return AwsError("The server is too busy", why, hint, code=code, retryable=True)
    return None


def login_needed(code: str, connection: Connection) -> AwsError:
    """Say whose login is over, and how to renew it."""
    whose = f"profile {connection.profile}" if connection.profile else "this profile"
    what = f"AWS no longer takes the credentials of {whose}"
    if code in EXPIRED:
        what = f"The session of {whose} has expired"
    hint = login_hint(connection)
    hint += "." if "start Skydeck" in hint else ": the transfers go on by themselves."
    return AwsError(what, "", hint, code=code, retryable=True)


def login_hint(connection: Connection) -> str:
    """Say how one logs in again there; reads the configuration files."""
    if not connection.profile and os.environ.get("AWS_ACCESS_KEY_ID"):
        return "Its keys come from the environment: start Skydeck again with new ones"
    option = f" --profile {connection.profile}" if connection.profile else ""
    kind = profile_kind(connection.profile)
    if kind in ("SSO", "role", ""):
        return f"Log in again (aws sso login{option})"
    if kind == "login":
        return f"Log in again (aws login{option})"
    if kind == "process":
        return "Log in again, as its credential_process wants it"
    return "Put new keys into ~/.aws/credentials"


def disk_full(error: BaseException, code: str, left_bytes: int | None = None) -> UserError:
    """Say which disk is full, how much is free there and, where one knows, how much it takes.

    `left_bytes` is what the job has left to do.
    """
    folder, needed = _where(error)
    needed = max(needed or 0, left_bytes or 0) or None
    free: int | None = None
    if folder is not None:
        with suppress(OSError):
            free = shutil.disk_usage(folder).free
    told = [f"{texts.size(free)} free"] if free is not None and code == "ENOSPC" else []
    told += [f"{texts.size(needed)} needed"] if needed is not None else []
    place = f" of {folder}" if folder is not None else ""
    title = f"The disk{place} is full"
    if code == "EDQUOT":
        title = f"Your quota{place.replace(' of ', ' for ', 1)} is used up"
    return UserError(title, ", ".join(told), "Free some space, then resume.", code=code)


def _told(title: str, error: BaseException, code: str, connection: Connection) -> AwsError:
    why = explain(error, "", "", connection)
    hint = (why.hint or "Check the network.").replace(", then retry", "").rstrip(".")
    return AwsError(title, why.message, f"{hint}; then resume.", code=code, retryable=True)


def _code(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in _FULL:
        return _FULL[error.errno]
    if isinstance(error, RuntimeError) and "still expired" in str(error):
        return "ExpiredToken"  # a program, or a role, gave credentials that are over already
    if code := error_code(error):
        return code
    known = EXPIRED | WITHDRAWN | UNREACHABLE | {"ReadTimeoutError"}
    return next((kind.__name__ for kind in type(error).__mro__ if kind.__name__ in known), "")


def _left(progress: Progress | None) -> int | None:
    if progress is None or progress.total is None:
        return None
    return max(0, progress.total - progress.done)


def _where(error: BaseException) -> tuple[Path | None, int | None]:
    """The folder of a full disk, and how many bytes would have been needed."""
    if isinstance(error, DiskFull):
        return error.folder, error.needed_bytes
    name = getattr(error, "filename", None)
    return (Path(str(name)).parent, None) if isinstance(name, str) else (None, None)
