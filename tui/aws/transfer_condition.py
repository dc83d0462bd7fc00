"""Uploads that replace what their plan has seen, and nothing else (S3's conditional writes).

"seen" is the ETag of the object that was there, "" where there was none, None where nobody looked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tui.aws.errors import error_code
from tui.aws.transfer_engine import Engine, Remote
from tui.core.errors import AwsError

Condition = dict[str, str]

_CHANGED: Final = ("PreconditionFailed", "412")
_AT_ONCE: Final = ("ConditionalRequestConflict", "409")
_GONE: Final = ("NoSuchKey", "404")
_UNKNOWN_TO_IT: Final = ("NotImplemented", "501")
_DENIED: Final = ("AccessDenied", "403")


def write_as_seen(
    engine: Engine,
    remote: Remote,
    seen: str | None,
    write: Callable[[Condition], None],
    landed: Callable[[], bool],
) -> bool:
    """Call `write(parameters)`, and once more without where the server knows no conditions.

    `landed()` says whether the object that stands there is the very one that was to be written:
    botocore's retry after a lost answer, and a job's retry, meet their own first try.

    Returns:
        False where nothing was written because it was there already.

    Raises:
        AwsError: another object stands there by now, or the one to be replaced is gone.
        Exception: whatever else `write` raises.
    """
    condition = _condition(seen) if engine.conditional else {}
    try:
        write(condition)
    except Exception as error:
        code = error_code(error)
        if not condition:
            raise
        if code in _UNKNOWN_TO_IT:
            engine.conditional = False
        elif not (code in _DENIED and seen):  # If-Match also wants the right to read
            refusal = _refusal(remote, seen, code)
            if refusal is None:
                raise
            if landed():
                return False
            raise refusal from error
        write({})
    return True


def _condition(seen: str | None) -> Condition:
    if seen is None:
        return {}
    return {"IfMatch": f'"{seen}"'} if seen else {"IfNoneMatch": "*"}


def _refusal(remote: Remote, seen: str | None, code: str) -> AwsError | None:
    if code in _CHANGED:
        why = "the object there changed meanwhile" if seen else "an object appeared there meanwhile"
    elif code in _GONE and seen:
        why = "the object that it was to replace is gone"
    elif code in _AT_ONCE:
        why = "something else was writing it at the same time"
    else:
        return None
    return AwsError(
        f"Can't upload {remote}",
        why,
        "Nothing was replaced. Upload it again: you are asked before an object is replaced.",
        code=code,
        retryable=code in _AT_ONCE,
    )
