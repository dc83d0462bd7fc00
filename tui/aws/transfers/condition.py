"""Uploads that replace what their plan has seen, and nothing else (S3's conditional writes).

"seen" is the ETag of the object that was there, "" where there was none, None where nobody looked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from tui.aws.errors import error_code
from tui.aws.transfers.engine import Engine, Remote
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
    *,
    verb: str = "upload",
) -> bool:
    """Call `write(parameters)`; where the server knows no conditions, look and write without.

    `landed()` says whether the object that stands there is the very one that was to be written:
    botocore's retry after a lost answer, and a job's retry, meet their own first try.

    Returns:
        False where nothing was written because it was there already.

    Raises:
        AwsError: another object stands there by now, or the one to be replaced is gone.
        Exception: whatever else `write` raises.
    """
    condition = _condition(seen)
    if condition and engine.conditional:
        try:
            write(condition)
        except Exception as error:
            refusal = _judged(engine, remote, seen, error, verb)
            if refusal is not None and not landed():
                raise refusal from error
            if refusal is not None:
                return False
        else:
            return True
    changed = _change(engine, remote, seen, verb) if condition else None
    if changed is not None and not landed():
        raise changed
    if changed is not None:
        return False
    write({})
    return True


def _judged(
    engine: Engine, remote: Remote, seen: str | None, error: Exception, verb: str
) -> AwsError | None:
    """The refusal that a conditional write's error means; None where it may go without.

    Raises:
        Exception: the error itself, where it has nothing to do with the condition.
    """
    code = error_code(error)
    if code in _UNKNOWN_TO_IT:
        engine.conditional = False
        return None
    if code in _DENIED and seen:  # If-Match also wants the right to read
        return None
    refusal = _refusal(remote, seen, code, verb)
    if refusal is None:
        raise error
    return refusal


def _change(engine: Engine, remote: Remote, seen: str | None, verb: str) -> AwsError | None:
    """Look just before an unconditional write: what is there is not what was seen."""
    try:
        now = etag_there(engine, remote)
    except Exception:  # one may not look: the write will tell
        return None
    if now == (seen or ""):
        return None
    return _refusal(remote, seen, _GONE[0] if not now else _CHANGED[0], verb)


def etag_there(engine: Engine, remote: Remote) -> str:
    """Return the ETag of what is at S3 now, "" for nothing. Blocks."""
    try:
        head = engine.client(remote.region).head_object(**remote.params)
    except Exception as error:
        if error_code(error) in _GONE:
            return ""
        raise
    return str(head.get("ETag", "")).strip('"')


def answer_lost(error: Exception) -> bool:
    """Whether a write may have been done all the same: only what stands there now can tell.

    No answer came, or the server failed after it had begun (also inside an answer that began as a
    success); or an earlier try was through, and what was to be completed is no more.
    """
    return error_code(error) in ("", "NoSuchUpload", *_GONE) or http_status(error) >= 500


def http_status(error: Exception) -> int:
    """Return the HTTP status of a boto3 error, 0 where there was no answer."""
    answer: Any = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return 0
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status if isinstance(status, int) else 0


def _condition(seen: str | None) -> Condition:
    if seen is None:
        return {}
    return {"IfMatch": f'"{seen}"'} if seen else {"IfNoneMatch": "*"}


def _refusal(remote: Remote, seen: str | None, code: str, verb: str) -> AwsError | None:
    if code in _CHANGED:
        why = "the object there changed meanwhile" if seen else "an object appeared there meanwhile"
    elif code in _GONE and seen:
        why = "the object that it was to replace is gone"
    elif code in _AT_ONCE:
        why = "something else was writing it at the same time"
    else:
        return None
    return AwsError(
        f"Can't {verb} {remote}",
        why,
        f"Nothing was replaced. {verb.capitalize()} it again: you are asked before an "
        "object is replaced.",
        code=code,
        retryable=code in _AT_ONCE,
    )


def etag_of_parts(etags: Sequence[str]) -> str:
    """Return the ETag that S3 gives to an object of these parts, where ETags are MD5 sums."""
    try:
        sums = b"".join(bytes.fromhex(etag.strip('"')) for etag in etags)
    except ValueError:
        return "unknown"
    return f"{hashlib.md5(sums, usedforsecurity=False).hexdigest()}-{len(etags)}"
