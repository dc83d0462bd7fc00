"""How a job's requests meet a server that is too busy, or not there for a while.

botocore's own retries give up after seconds, and share a small quota that a minute of SlowDown uses
up; they also sleep where no cancel reaches. So a job's requests have a listener of their own
(`needs-retry`): it lowers the job's pace, waits as long as is reasonable, and ends with the job.
What is not made for a job keeps botocore's.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tui.aws.errors import error_code
from tui.aws.outages import BUSY, LOGIN, UNREACHABLE, login_needed, outage_of
from tui.aws.transfers.meter import Meter
from tui.core.errors import JobCancelled, JobPaused, UserError
from tui.core.progress import Progress

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway

BUSY_SECONDS: Final = 120.0  # of refusals (503, 429, SlowDown), for one request
BROKEN_SECONDS: Final = 30.0  # of faults of the server's own (500, 502, 504)
AWAY_SECONDS: Final = 45.0  # of no way to it
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 8.0
LONGEST_ASKED: Final = 30.0  # what of a Retry-After is believed
BUSY_STATUS: Final = frozenset({429, 500, 502, 503, 504})
_REFUSED: Final = frozenset({429, 503})
_BROKEN: Final = frozenset({"InternalError", "InternalFailure"})
_SINCE: Final = "skydeck-since"

T = TypeVar("T")

WORKING: ContextVar[Meter | None] = ContextVar("working", default=None)


@contextmanager
def patient(progress: Progress) -> Iterator[None]:
    """Requests made inside, also by the gateway's threads, are this job's: patient and paced."""
    token = WORKING.set(Meter(progress))
    try:
        yield
    finally:
        WORKING.reset(token)


@contextmanager
def on_behalf(meter: Meter, gateway: Gateway) -> Iterator[None]:
    """Requests made inside are the job's: patient, paced, and an outage holds the whole job.

    Raises:
        JobPaused: the job can't go on for now; its progress is suspended (see `Progress.hold`).
        JobCancelled: the job was cancelled.
    """
    token = WORKING.set(meter)
    try:
        yield
    except (JobCancelled, JobPaused):
        raise
    except Exception as error:
        meter.progress.check()  # what a cancel, or a pause, broke off has not failed
        if (outage := _outage(error, meter, gateway)) is not None:
            raise meter.progress.hold(outage) from error
        raise
    finally:
        WORKING.reset(token)


@asynccontextmanager
async def awaited(progress: Progress, gateway: Gateway) -> AsyncIterator[None]:
    """As `on_behalf`, for the gateway's own calls from the event loop."""
    with patient(progress):
        try:
            yield
        except UserError as error:
            outage = await gateway.run(outage_of, error, gateway.connection, progress)
            if outage is None:
                raise
            raise progress.hold(outage) from error


def behalf(
    call: Callable[[], T], meter: Meter, gateway: Gateway, *, moves: bool = False
) -> Callable[[], T]:
    """A call that runs inside `on_behalf`, for another thread.

    One that `moves` bytes shows that the server serves, unless it returns None: then it has failed.
    """

    def run() -> T:
        with on_behalf(meter, gateway):
            result = call()
        if moves and result is not None:
            meter.progress.limits.served()
        return result

    return run


def install(client: Any, loopback: bool) -> None:
    """Have an S3 client be patient for jobs. What runs on this machine does not come back."""

    def answered(**answer: Any) -> int | None:
        meter = WORKING.get()
        return None if meter is None or meter.ended else _again(meter, answer, loopback)

    client.meta.events.register_first("needs-retry.s3", answered, unique_id="transfer-patience")


def _again(meter: Meter, answer: dict[str, Any], loopback: bool) -> int | None:
    """Wait and return 0 where a request is to be sent again; None leaves it to botocore."""
    seconds = _patience(answer, loopback)
    if not seconds:
        return None
    if _status(answer):
        meter.progress.limits.slow_down()
    context: dict[str, Any] = answer["request_dict"]["context"]
    now = time.monotonic()
    if now - context.setdefault(_SINCE, now) > seconds:
        return None
    doubled = FIRST_WAIT * 2.0 ** min(answer["attempts"] - 1, 10)
    wait = min(LONGEST_WAIT, doubled) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads a crowd
    meter.pause(max(wait, _asked_for(answer)))
    return 0


def _patience(answer: dict[str, Any], loopback: bool) -> float:
    """How many seconds to bear with such an answer; 0 for one that is not of this kind."""
    if (lost := answer["caught_exception"]) is not None:
        names = {kind.__name__ for kind in type(lost).__mro__}
        return AWAY_SECONDS if names & UNREACHABLE and not loopback else 0.0
    status, code = _status(answer), _code(answer)
    if status < 400 or (status not in BUSY_STATUS and code not in BUSY):
        return 0.0
    refused = status in _REFUSED or code in BUSY - _BROKEN
    return BUSY_SECONDS if refused else BROKEN_SECONDS


def _asked_for(answer: dict[str, Any]) -> float:
    """The seconds of an answer's Retry-After."""
    if answer["response"] is None:
        return 0.0
    told = str(answer["response"][0].headers.get("Retry-After", ""))
    return min(float(told), LONGEST_ASKED) if told.isdecimal() else 0.0


def _status(answer: dict[str, Any]) -> int:
    return int(answer["response"][0].status_code) if answer["response"] is not None else 0


def _code(answer: dict[str, Any]) -> str:
    found = answer["response"][1].get("Error") if answer["response"] is not None else None
    return str(found.get("Code", "")) if isinstance(found, dict) else ""


def _outage(error: Exception, meter: Meter, gateway: Gateway) -> JobPaused | None:
    connection = gateway.connection
    if error_code(error) == "400" and (code := _expired_code(gateway)):
        return JobPaused(login_needed(code, connection), LOGIN)
    return outage_of(error, connection, meter.progress)


def _expired_code(gateway: Gateway) -> str:
    """The code of an expired login, which S3 answers to HEAD as a bare 400; "" where it is none."""
    from tui.aws.lookalikes import is_lookalike

    if is_lookalike(gateway.connection):
        return ""
    try:
        gateway.client_now("sts").get_caller_identity()
    except Exception as error:
        outage = outage_of(error, gateway.connection)
        return outage.reason.code if outage is not None and outage.waits_for == LOGIN else ""
    return ""
