"""Errors that are meant for people: what failed, why, and what to do next."""

from __future__ import annotations

from pathlib import Path


class UserError(Exception):
    """An error whose sentence may be shown as it is.

    Attributes:
        title: what failed, a few words ("Can't list logs-prod").
        message: why, in a clause ("access denied for role Dev").
        hint: what to do next, one sentence, or "".
        code: the service's own error code, or "".
        retryable: True when the same act may succeed later.

    The texts may quote remote names; widgets still pass them through `safe_text`.
    """

    def __init__(
        self,
        title: str,
        message: str = "",
        hint: str = "",
        *,
        code: str = "",
        retryable: bool = False,
    ) -> None:
        super().__init__(title)
        self.title = title
        self.message = message
        self.hint = hint
        self.code = code
        self.retryable = retryable

    def __str__(self) -> str:
        text = f"{self.title}: {self.message}" if self.message else self.title
        if text and text[-1] not in ".!?…":
            text += "."
        return f"{text} {self.hint}".strip()


class AwsError(UserError):
    """An AWS call failed; made from botocore's errors by the table in `tui.aws.errors`."""


class SshError(UserError):
    """A connection, login, or file copy over SSH failed."""


class LocalError(UserError):
    """A local file could not be read or written."""


class DiskFull(LocalError):  # noqa: N818 - a fact, not a failure
    """A disk, or a user's part of it, has no room for a file in `folder`."""

    def __init__(
        self,
        title: str,
        message: str = "",
        hint: str = "",
        *,
        folder: Path,
        needed_bytes: int | None = None,
        code: str = "ENOSPC",
    ) -> None:
        super().__init__(title, message, hint, code=code, retryable=True)
        self.folder = folder
        self.needed_bytes = needed_bytes


class NotConnected(UserError):  # noqa: N818 - a fact, not a failure
    """Something was asked for between two connections; what asked is out of date."""

    def __init__(self) -> None:
        super().__init__("Not connected", "", "Wait for the connection, or press P.")


class JobCancelled(Exception):  # noqa: N818 - a fact, not a failure
    """Raised inside a job's thread or task at the next step after a cancel."""


class JobPaused(Exception):  # noqa: N818 - a fact, not a failure
    """Raised by a job that can't go on for now, and can go on later where it stopped.

    Attributes:
        reason: what is in the way, as an error that may be shown.
        waits_for: "login" where new credentials of its profile let it go on by itself, else "user".
    """

    def __init__(self, reason: UserError, waits_for: str = "user") -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.waits_for = waits_for
