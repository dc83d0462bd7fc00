"""Why an object's bytes can't be shown, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.core.errors import AwsError, UserError
from tui.core.records import S3Object
from tui.widgets.chrome import hint

if TYPE_CHECKING:
    from tui.aws.s3.restore_header import Restore

ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
CHANGED = frozenset({"PreconditionFailed", "412"})
_DENIED = frozenset({"AccessDenied", "403", "Forbidden"})
_PAYS = "pays for this bucket's requests"  # the words of `error_texts_s3`
_CLASSES = {
    "GLACIER": "in the archive class Glacier Flexible Retrieval",
    "DEEP_ARCHIVE": "in the archive class Glacier Deep Archive",
    "INTELLIGENT_TIERING": "in an archive tier of Intelligent-Tiering",
}


def archived(row: S3Object, restore: Restore | None) -> UserError | None:
    """What to say of an archived object; None where a restored copy can be read."""
    if restore is not None and not restore.ongoing:
        return None
    if restore is not None:
        return UserError(
            "Being restored",
            "S3 is bringing a copy out of the archive; it takes minutes to two days",
            f"Press {hint('s3.refresh')[0]} later to look again.",
            code="InvalidObjectState",
        )
    return _archived(row)


def _archived(row: S3Object) -> UserError:
    return UserError(
        "Archived",
        f"it is {_CLASSES.get(row.storage_class, 'in an archive')}; it can't be read as it is",
        f"Press {hint('s3.change')[0]} to restore a copy for some days.",
        code="InvalidObjectState",
    )


def understood(error: UserError, row: S3Object, *, foreign: bool = False) -> UserError:
    """The same error, told by what it means for reading an object."""
    if error.code == "InvalidObjectState":
        return _archived(row)
    if may_be_paid(error, foreign=foreign):
        return AwsError(
            error.title,
            error.message,
            "If its readers pay for this bucket (requester pays), "
            f"{hint('table.open')[0]} asks whether to pay.",
            code=error.code,
        )
    return error


def may_be_paid(error: UserError, *, foreign: bool) -> bool:
    """Whether paying for the requests oneself might help: AWS says so, or a stranger's denies."""
    if _PAYS in error.message:
        return True
    return foreign and error.code in _DENIED and "KMS" not in error.message
