"""The operation log: every AWS call that the user caused, ready to be shown as code.

A client's own events feed it, so no service writes its calls down. A call belongs to the
`caused_by` block that it was made in; outside of one, or in `caused_by(None)`, nothing is logged.
The cause is a context variable: a thread sees it only when it is run by
`contextvars.copy_context().run`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import wraps
from itertools import islice
from typing import Any

from tui.aws.code.cli import cli_call
from tui.aws.code.models import page_tokens, remember
from tui.aws.code.place import place_cli, place_python
from tui.aws.code.python import python_call
from tui.aws.code.script import one_program
from tui.aws.code.script import session_script as _session_script
from tui.aws.code.values import Redaction, with_suffix

MAX_ENTRIES = 1_000
MAX_VALUES = 200_000  # about 40 MB: a thousand DeleteObjects of a thousand keys would be 300
PAGES_APART = 32  # how many entries back the earlier pages of a listing are looked for

_cause: ContextVar[str | None] = ContextVar("cause", default=None)


@contextmanager
def caused_by(cause: str | None) -> Iterator[None]:
    """Attribute the AWS calls made in this block to what the user did.

    Args:
        cause: a few words ("List logs-prod"), or None to leave the block's calls out of the log,
            as for background refreshes, and around a managed transfer that notes itself.
    """
    token = _cause.set(cause)
    try:
        yield
    finally:
        _cause.reset(token)


def current_cause() -> str | None:
    """Return what the calls made here and now are attributed to."""
    return _cause.get()


@dataclass(slots=True)
class Call:
    """One call that left this computer, or one listing with all its pages so far.

    Attributes:
        cause: what the user did.
        service, operation: botocore's names, such as ``ec2`` and ``RunInstances``.
        params: as the caller wrote them, secrets and bytes replaced by their stand-ins.
        region: the client's region.
        pages: how many requests of a listing were made.
        outcome: ``sent`` until it is answered, then the HTTP status (``200``), the service's error
            code, or the name of the exception that the network gave.
        at: when it was first sent, UTC.
    """

    cause: str
    service: str
    operation: str
    params: dict[str, Any]
    region: str
    pages: int = 1
    outcome: str = "sent"
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def succeeded(self) -> bool:
        """Whether the service did what was asked."""
        return len(self.outcome) == 3 and self.outcome.startswith("2")

    def python(
        self, suffix: str = "", *, endpoint_url: str | None = None, profile: str | None = None
    ) -> str:
        """Return the call as a boto3 program; a suffix tells its secrets from other calls'."""
        return python_call(
            self.service,
            self.operation,
            with_suffix(self.params, suffix),
            self.region,
            endpoint_url=endpoint_url,
            profile=profile,
            all_pages=self.pages > 1,
        )

    def cli(self, profile: str | None = None, *, endpoint_url: str | None = None) -> str:
        """Return the call as an AWS CLI command, or as a comment when the CLI has none."""
        return cli_call(
            self.service,
            self.operation,
            self.params,
            self.region,
            profile,
            endpoint_url=endpoint_url,
            all_pages=self.pages > 1,
        )


@dataclass(frozen=True, slots=True)
class Note:
    """Ready-made code for what no single call tells: a managed transfer, or a read by pandas.

    Attributes:
        cause: what the user did.
        at: when, UTC.
        python, cli, pandas: whole programs or commands without secrets, or "".
    """

    cause: str
    at: datetime
    python: str = ""
    cli: str = ""
    pandas: str = ""

    def placed(self, endpoint_url: str | None, profile: str | None) -> Note:
        """Return the note with code that connects there, wherever it does not say where."""
        return replace(
            self,
            python=place_python(self.python, endpoint_url, profile),
            cli=place_cli(self.cli, endpoint_url, profile),
            pandas=place_python(self.pandas, endpoint_url, profile),
        )


def _quiet(handler: Callable[..., None]) -> Callable[..., None]:
    """Wrap a listener to botocore's events: its own trouble must not fail the user's call."""

    @wraps(handler)
    def listen(*args: Any, **named: Any) -> None:
        with suppress(Exception):
            handler(*args, **named)

    return listen


class CallLog:
    """Listens to clients and keeps the calls that have a cause, the newest thousand of them.

    ``provide-client-params`` sees the parameters as the caller wrote them, before botocore adds
    checksums and encodings. It also fires for pre-signed URLs and for calls that fail validation,
    so a call is kept only at ``before-call``, when it is about to leave.

    Attributes:
        on_change: called without arguments whenever an entry came or changed, from any thread.
    """

    def __init__(self, on_change: Callable[[], None] | None = None) -> None:
        self.on_change = on_change
        self._entries: deque[tuple[Call | Note, int]] = deque()
        self._values = 0
        self._lock = threading.Lock()
        self._key = f"call-log-{id(self)}"  # its own: a client may feed several logs

    def attach(self, client: Any) -> None:
        """Start listening to one boto3 client; a second time changes nothing."""
        events, region = client.meta.events, client.meta.region_name

        def prepare(params: Any, model: Any, context: Any, **_: Any) -> None:
            if (cause := _cause.get()) is None or not isinstance(params, dict):
                return
            remember(model)
            redaction = Redaction()
            safe = redaction.copy(model.input_shape, params) if model.input_shape else {}
            call = Call(cause, model.service_model.service_name, model.name, safe, region)
            context[self._key] = call, redaction.size

        own = self._key
        events.register_first("provide-client-params", _quiet(prepare), unique_id=f"{own}-params")
        events.register("before-call", _quiet(self._sent), unique_id=f"{own}-sent")
        events.register("after-call", _quiet(self._answered), unique_id=f"{own}-answered")
        events.register("after-call-error", _quiet(self._failed), unique_id=f"{own}-failed")

    def note(self, cause: str, *, python: str = "", cli: str = "", pandas: str = "") -> None:
        """Log what the caller has done, with its own code for it."""
        entry = Note(cause, datetime.now(UTC), python, cli, pandas)
        with self._lock:
            self._append(entry, 1)
        self._changed()

    def entries(self) -> tuple[Call | Note, ...]:
        """Return what is logged, the oldest first."""
        with self._lock:
            return tuple(entry for entry, _ in self._entries)

    def _sent(self, context: Any, **_: Any) -> None:
        if (logged := context.get(self._key)) is None:
            return
        call, size = logged
        tokens = page_tokens(call.service, call.operation)
        with self._lock:
            if earlier := self._earlier_page(call, tokens):
                earlier.pages += 1
                context[self._key] = earlier, size
            else:
                self._append(call, size)
        self._changed()

    def _earlier_page(self, call: Call, tokens: list[str]) -> Call | None:
        """The listing that a call asks a further page of, unless it is long ago."""
        if not any(token in call.params for token in tokens):
            return None
        kept = {name: value for name, value in call.params.items() if name not in tokens}
        wanted = call.cause, call.service, call.operation, call.region, kept
        for entry, _ in islice(reversed(self._entries), PAGES_APART):
            if isinstance(entry, Call) and wanted == (
                *(entry.cause, entry.service, entry.operation, entry.region),
                entry.params,
            ):
                return entry
        return None

    def _append(self, entry: Call | Note, size: int) -> None:
        self._entries.append((entry, size))
        self._values += size
        while len(self._entries) > MAX_ENTRIES or (
            self._values > MAX_VALUES and len(self._entries) > 1
        ):
            self._values -= self._entries.popleft()[1]

    def _answered(self, http_response: Any, parsed: Any, context: Any, **_: Any) -> None:
        error = parsed.get("Error", {}).get("Code") if isinstance(parsed, dict) else None
        self._finish(context, str(error or http_response.status_code))

    def _failed(self, exception: BaseException, context: Any, **_: Any) -> None:
        self._finish(context, type(exception).__name__)

    def _finish(self, context: Any, outcome: str) -> None:
        if (logged := context.get(self._key)) is not None:
            logged[0].outcome = outcome
            self._changed()

    def _changed(self) -> None:
        if self.on_change is not None:
            # A drawer that is being closed must not fail the user's call.
            with suppress(Exception):
                self.on_change()


Entries = Sequence[Call | Note]


def action_program(
    entries: Entries, *, endpoint_url: str | None = None, profile: str | None = None
) -> str:
    """Return the calls and notes of one action as one Python program, in order.

    Calls that failed are left out, unless all did. The secrets of one of several calls are numbered
    as in `session_script`; for the arguments see there.
    """
    worked = [entry for entry in entries if isinstance(entry, Note) or entry.succeeded]
    kept = worked or list(entries)
    suffixes = [f"_{number}" for number in range(1, len(kept) + 1)] if len(kept) > 1 else [""]
    return one_program(
        _program(entry, suffix, endpoint_url, profile)
        for entry, suffix in zip(kept, suffixes, strict=False)
    )


def session_script(
    entries: Entries,
    *,
    endpoint_url: str | None = None,
    profile: str | None = None,
    config_file: str | None = None,
) -> str:
    """Return one runnable Python program of the successful calls and the notes, in order.

    Each step stands under its cause as a comment; calls that failed are left out. Secrets come from
    environment variables, numbered by step, and files from the folder that it runs in: the head
    of the program lists both.

    Args:
        endpoint_url: where to talk to, when that is not AWS.
        profile: the profile to use, or None for the reader's default.
        config_file: an AWS configuration file to use instead of the reader's own; the sandbox's
            holds the only keys that it takes.
    """
    steps = [
        (entry.cause, _program(entry, f"_{number}", endpoint_url, profile))
        for number, entry in enumerate(entries, 1)
        if isinstance(entry, Note) or entry.succeeded
    ]
    return _session_script(
        steps, endpoint_url=endpoint_url, profile=profile, config_file=config_file
    )


def _program(entry: Call | Note, suffix: str, endpoint_url: str | None, profile: str | None) -> str:
    if isinstance(entry, Call):
        return entry.python(suffix, endpoint_url=endpoint_url, profile=profile)
    note = entry.placed(endpoint_url, profile)
    return note.python or note.pandas
