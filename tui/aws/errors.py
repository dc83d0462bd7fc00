"""Turn whatever boto3 or the file system raised into one clear sentence.

`error_texts` is the table; this module fills it in. A code that the table lacks gets AWS's own
first sentence, without request ids, ARNs' noise or keys.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.aws.error_texts import (
    BY_MESSAGE,
    BY_OPERATION,
    CODES,
    EXCEPTIONS,
    EXCEPTIONS_BY_MESSAGE,
    FULL,
    LOCAL,
    LOCAL_SETTING,
    NO_HOST,
    NO_SANDBOX,
    NO_SERVER,
    VERBS,
    Text,
)
from tui.aws.profiles import credentials_hint, profiles
from tui.aws.redaction import redact
from tui.core.errors import AwsError, DiskFull, LocalError, UserError
from tui.core.format import duration

if TYPE_CHECKING:
    from tui.aws.connection import Connection

_SUBJECTS = ("KeyName", "GroupName", "GroupId", "RoleName", "InstanceProfileName", "InstanceId")
_MESSAGE_LIMIT = 200
_READ_LIMIT = 4000  # of what is said; the rest can't be of the first sentence

_NOISE = re.compile(
    r"\s*(?:\((?:Service|Request ID|Status Code)[^)]*\)|Request ?ID:?\s*[\w-]+|"
    r"Encoded authorization failure message:\s*\S+)",
    re.IGNORECASE,
)
_CALLING = re.compile(r"^An error occurred \([^)]*\) when calling the \S+ operation[^:]*:\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'])|\n")
_WHO = re.compile(r"arn:aws[\w-]*:(?:iam|sts)::\d*:([\w+=,.@/-]+)")
_NEEDS = re.compile(r"not authorized to perform:?\s+([\w-]+:\w+)")
_EXPECTING = re.compile(r"expecting '([\w-]+)'")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}")
_CLASS = r"<class '[\w.]+'>"
_LIMIT = re.compile(rf", valid (?:min \w+: -?[\d.]+|types: {_CLASS}(?:, {_CLASS})*)$")
_CLASS_NAME = re.compile(r"<class '(?:\w+\.)*(\w+)'>")
# What botocore itself says of a credential_process; all else is the program's stderr.
_PROCESS = re.compile(
    r"Missing required key in response: '\w{1,20}'"
    r"|Unsupported version '(?:\d{1,3}|<Version key not provided>)' for credential process .*"
)
# A password may hold anything; boto3 writes what comes after the host without an @.
_ENDPOINT_USER = re.compile(r"^([a-z]+://)?.*@", re.IGNORECASE | re.DOTALL)
_BAD_ENDPOINT = "Invalid endpoint: "  # botocore's words before the whole address


def explain(
    error: BaseException, operation: str, subject: str = "", connection: Connection | None = None
) -> AwsError:
    """Return the sentence for `error`; an `AwsError` comes back as it is.

    `operation` is the boto3 method's name, or "upload" or "download"; `subject` is what it acted
    on ("logs-prod/raw/a.csv").
    """
    if isinstance(error, AwsError):
        return error
    if isinstance(error, UserError):
        return AwsError(error.title, error.message, error.hint, code=error.code)
    code, said = _answer(error)
    text = _answer_text(operation, code, said) if code else _failure_text(error, connection)
    facts = _facts(error, said, connection)
    return AwsError(
        f"Can't {_verb(operation, subject)}",
        text.message.format_map(facts),
        text.hint.format_map(facts),
        code=code or type(error).__name__,
        retryable=text.retryable,
    )


def error_code(error: BaseException) -> str:
    """Return the service's code of a boto3 error ("NoSuchKey", "404"), or ""."""
    if isinstance(error, UserError):
        return error.code
    return _answer(error)[0]


def explain_local(error: OSError, verb: str, path: str | os.PathLike[str]) -> LocalError:
    """Return the sentence for a file that could not be read or written.

    `verb` is "read", "write", "save", ...
    """
    message, hint = _local(error)
    title, code = f"Can't {verb} {os.fspath(path)}", errno.errorcode.get(error.errno or 0, "")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(title, message, hint, folder=Path(path).parent, code=code)
    return LocalError(title, message, hint, code=code)


@contextmanager
def understood(
    operation: str, subject: str = "", connection: Connection | None = None
) -> Iterator[None]:
    """Make records of an answer inside; what the answer lacks becomes an `AwsError`."""
    try:
        yield
    except LookupError as error:
        raise explain(error, operation, subject, connection) from error


def subject_of(params: Mapping[str, Any]) -> str:
    """Name what a call acts on, from its parameters ("bucket/key", a name, an id)."""
    if bucket := params.get("Bucket"):
        key = params.get("Key") or params.get("Prefix") or ""
        return f"{bucket}/{key}" if key else str(bucket)
    if ids := params.get("InstanceIds"):
        return str(ids[0]) if len(ids) == 1 else f"{len(ids)} instances"
    return next((str(params[name]) for name in _SUBJECTS if params.get(name)), "")


def clean(message: str) -> str:
    """Return AWS's message as one clause: its first sentence, without ids and secrets."""
    text = redact(_NOISE.sub("", _CALLING.sub("", message[:_READ_LIMIT].strip())))
    text = _SENTENCE_END.split(text, maxsplit=1)[0].strip().rstrip(".")
    if len(text) > _MESSAGE_LIMIT:
        text = text[: _MESSAGE_LIMIT - 1].rstrip() + "…"
    plain_start = len(text) > 1 and text[0].isupper() and text[1].islower()
    return text[0].lower() + text[1:] if plain_start else text


def _local(error: OSError) -> tuple[str, str]:
    """Say what a file's error means, and what to do about it."""
    message, hint = LOCAL.get(error.errno or 0, ("", ""))
    said = error.strerror.lower() if error.strerror else clean(str(error))
    return message or said or type(error).__name__, hint


def _answer(error: BaseException) -> tuple[str, str]:
    """Split a ClientError into its code and message; others have no code."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return "", _said(error)
    found = response.get("Error") or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    code = str(found.get("Code") or status or "")
    return code, str(found.get("Message") or "")


def _said(error: BaseException) -> str:
    """Return an exception's own words, without those that may quote a value or a secret."""
    details = getattr(error, "kwargs", {})
    kind = type(error).__name__
    if kind == "CredentialRetrievalError" and details.get("provider") == "custom-process":
        said = str(details.get("error_msg") or "")
        ours = _PROCESS.fullmatch(said)
        return said if ours else "its credential_process failed; run it in a shell to see why"
    if kind == "ParamValidationError":
        return _report(str(details.get("report") or ""))
    return str(error)


def _report(report: str) -> str:
    """Return the first complaint of a parameter check, without the value that it quotes."""
    line = next(iter(report.strip().splitlines()), "")
    head, value, rest = line.partition(", value: ")
    limit = _LIMIT.search(rest) if value else None
    return _CLASS_NAME.sub(r"\1", head + (limit[0] if limit else ""))


def _failure_text(error: BaseException, connection: Connection | None) -> Text:
    """Choose the text for an exception that is no answer of AWS."""
    names = [kind.__name__ for kind in type(error).__mro__]
    if names[0] in ("EndpointConnectionError", "ConnectTimeoutError"):
        if connection is not None and connection.endpoint_url:
            return NO_SANDBOX if connection.sandbox else NO_SERVER
        if "resolve" in str(getattr(error, "kwargs", {}).get("error", "")).lower():
            return NO_HOST
    said = f"{error} {getattr(error, 'kwargs', {}).get('error', '')}".lower()
    for kind, piece, text in EXCEPTIONS_BY_MESSAGE:
        if kind in names and piece in said:
            return text
    return next((EXCEPTIONS[name] for name in names if name in EXCEPTIONS), _UNKNOWN)


def _answer_text(operation: str, code: str, said: str) -> Text:
    for wanted, piece, text in BY_MESSAGE:
        if code == wanted and piece.lower() in said.lower():
            return text
    return BY_OPERATION.get((operation, code)) or CODES.get(code) or _by_ending(code)


def _by_ending(code: str) -> Text:
    if code.endswith((".NotFound", "NotFoundException", "NotFound")):
        return Text("{message}", "Press r to refresh the list.")
    if code.endswith("LimitExceeded"):
        return CODES["LimitExceeded"]
    return Text("{message}")


_UNKNOWN = Text("something unexpected happened ({kind})", "Retry; if it stays, report it.", True)


def _verb(operation: str, subject: str) -> str:
    phrase = VERBS.get(operation) or operation.replace("_", " ").strip() + " {}"
    if phrase.endswith("{}") and not phrase.endswith(" {}"):
        return phrase.format(f" {subject}" if subject else "")
    return phrase.format(subject).strip()


class _Facts(dict[str, str]):
    """Braces in the table that nothing fills stand for nothing."""

    def __missing__(self, name: str) -> str:
        return ""


def _facts(error: BaseException, said: str, connection: Connection | None) -> _Facts:
    who, needs = _WHO.search(said), _NEEDS.search(said)
    facts = _Facts(
        message=clean(said) or "AWS gave no reason",
        kind=type(error).__name__,
        who=_identity(who[1]) if who else "this identity",
        needs=f" (it needs {needs[1]})" if needs else "",
        where=_elsewhere(error, said),
        endpoint=_endpoint(error, connection),
        region=connection.region if connection and connection.region else "region",
        profile=_profile(error, connection),
        proxy=_proxy(error),
        skew=_skew(error),
    )
    if isinstance(error, Exception) and "Credentials" in type(error).__name__:
        facts["credentials"] = _credentials_hint(connection)
    if type(error).__name__ == "ProfileNotFound":
        facts["profiles"] = _profiles_hint()
    if isinstance(error, OSError):
        facts["local"], facts["local_hint"] = _local_facts(error)
    return facts


def _elsewhere(error: BaseException, said: str) -> str:
    """The region that a redirect points to, as " (eu-west-1)"; "" where it doesn't say."""
    answer: Any = getattr(error, "response", None)
    headers: Mapping[str, str] = {}
    if isinstance(answer, dict):
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders") or {}
    expected = _EXPECTING.search(said)
    region = headers.get("x-amz-bucket-region") or (expected[1] if expected else "")
    return f" ({region})" if _REGION.fullmatch(region) else ""


def _local_facts(error: OSError) -> tuple[str, str]:
    """Say what is wrong with a file that boto3 wanted: a program, a token, a certificate."""
    message, hint = _local(error)
    if not isinstance(error.filename, (str, bytes)):
        return message, hint
    return (
        f"{message}: {os.fsdecode(error.filename)}",
        hint if error.errno in FULL else LOCAL_SETTING,
    )


def _identity(tail: str) -> str:
    kind, _, name = tail.partition("/")
    if kind == "assumed-role":
        return f"role {name.partition('/')[0]}"
    return f"{kind} {name}".strip()


def _endpoint(error: BaseException, connection: Connection | None) -> str:
    details, said = getattr(error, "kwargs", {}), str(error)
    address = str(details.get("endpoint_url") or "")
    if not address and said.startswith(_BAD_ENDPOINT):
        address = said.removeprefix(_BAD_ENDPOINT)
    if not address and connection is not None:
        address = connection.endpoint_url
    address = _ENDPOINT_USER.sub(r"\1", address)
    return re.sub(r"[?#].*", "", address).removesuffix("/") or "AWS"


def _proxy(error: BaseException) -> str:
    """A proxy's address, after a space and without its password."""
    address = str(getattr(error, "kwargs", {}).get("proxy_url") or "")
    return " " + re.sub(r"[?#].*", "", _ENDPOINT_USER.sub(r"\1", address)) if address else ""


def _skew(error: BaseException) -> str:
    """How far the clock is off, by the time in an answer, as " (3h ahead of AWS's)"."""
    answer: Any = getattr(error, "response", None)
    metadata = answer.get("ResponseMetadata", {}) if isinstance(answer, dict) else {}
    try:
        then = parsedate_to_datetime((metadata.get("HTTPHeaders") or {}).get("date", ""))
        seconds = (datetime.now(UTC) - then).total_seconds()
    except (ValueError, TypeError):
        return ""
    return f" ({duration(abs(seconds))} {'ahead of' if seconds > 0 else 'behind'} AWS's)"


def _profile(error: BaseException, connection: Connection | None) -> str:
    named = getattr(error, "kwargs", {}).get("profile")
    return str(named or (connection.profile if connection else "") or "default")


def _credentials_hint(connection: Connection | None) -> str:
    if connection is not None and connection.endpoint_url:
        return "An endpoint wants keys too: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    return credentials_hint()


def _profiles_hint() -> str:
    names = [profile.name for profile in profiles()]
    if not names:
        return "Run `aws configure`, or start with --sandbox."
    return f"Choose one of {', '.join(names[:5])}{', …' if len(names) > 5 else ''}."
