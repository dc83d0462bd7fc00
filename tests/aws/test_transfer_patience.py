"""How long a job bears with what kind of refusal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import botocore.exceptions as boto
import pytest

from tests.aws.transfer_faults import Faults
from tui.aws.gateway import Gateway
from tui.aws.s3.service import S3
from tui.aws.transfers import patience
from tui.aws.transfers.meter import Meter
from tui.aws.transfers.patience import (
    AWAY_SECONDS,
    BROKEN_SECONDS,
    BUSY_SECONDS,
    on_behalf,
    patient,
)
from tui.core.errors import AwsError, JobCancelled
from tui.core.progress import Progress


def answer(status: int, code: str = "", attempts: int = 1, **headers: str) -> dict[str, Any]:
    http = SimpleNamespace(status_code=status, headers=headers)
    return {
        "response": (http, {"Error": {"Code": code}} if code else {}),
        "caught_exception": None,
        "request_dict": {"context": {}},
        "attempts": attempts,
    }


def lost(error: Exception) -> dict[str, Any]:
    return {**answer(0), "response": None, "caught_exception": error}


AWAY = boto.EndpointConnectionError(endpoint_url="http://x")


@pytest.mark.parametrize(
    ("met", "seconds"),
    [
        (answer(503, "SlowDown"), BUSY_SECONDS),
        (answer(503), BUSY_SECONDS),
        (answer(429), BUSY_SECONDS),
        (answer(400, "Throttling"), BUSY_SECONDS),
        (answer(500, "InternalError"), BROKEN_SECONDS),
        (answer(502), BROKEN_SECONDS),
        (answer(200), 0),
        (answer(403, "AccessDenied"), 0),
        (answer(404), 0),
        (lost(AWAY), AWAY_SECONDS),
        (lost(boto.ConnectTimeoutError(endpoint_url="http://x")), AWAY_SECONDS),
        (lost(boto.ReadTimeoutError(endpoint_url="http://x")), 0),
        (lost(boto.ConnectionClosedError(endpoint_url="http://x")), 0),
    ],
)
def test_a_refusal_is_borne_with_for_its_time(met: dict[str, Any], seconds: float) -> None:
    assert patience._patience(met, loopback=False) == seconds


def test_what_ran_on_this_machine_does_not_come_back() -> None:
    assert patience._patience(lost(AWAY), loopback=True) == 0


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses made, without their time."""
    made: list[float] = []
    monkeypatch.setattr(Meter, "pause", lambda _, seconds: made.append(seconds))
    return made


def test_waits_become_longer_and_end(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: now[0]))
    meter, met = Meter(Progress()), answer(503)
    for attempts in range(1, 1_000):
        met["attempts"] = attempts
        if patience._again(meter, met, False) is None:
            break
        now[0] += waits[-1]
    assert 0.25 <= waits[0] <= 0.5
    assert max(waits) <= 8
    assert 60 < sum(waits) <= BUSY_SECONDS + 8  # a minute of SlowDown is outlasted


@pytest.mark.parametrize(
    ("told", "least", "most"), [("7", 7, 8), ("9999", 30, 30), ("soon", 0, 1), ("-1", 0, 1)]
)
def test_a_server_may_say_how_long_to_wait(
    told: str, least: float, most: float, waits: list[float]
) -> None:
    patience._again(Meter(Progress()), answer(503, **{"Retry-After": told}), False)
    assert least <= waits[0] <= most


async def test_other_calls_of_a_job_are_patient_too(
    gateway: Gateway, s3: S3, faults: Faults, bucket: str, waits: list[float]
) -> None:
    from botocore.awsrequest import AWSResponse

    client = await gateway.client("s3")
    left = iter(range(12))

    def refuse(request: Any, **_: Any) -> Any:
        if next(left, None) is None:
            return None
        return AWSResponse(request.url, 503, {}, _Nothing())

    client.meta.events.register_first("before-send.s3.ListObjectsV2", refuse)
    progress = Progress()
    with patient(progress):
        await gateway.call("s3", "list_objects_v2", Bucket=bucket)
    assert len(waits) == 12
    assert progress.limits.note


async def test_a_cancelled_jobs_requests_are_botocores_again(
    gateway: Gateway, bucket: str, waits: list[float]
) -> None:
    """Those clean up: they neither wait for minutes nor end with the job."""
    from botocore.awsrequest import AWSResponse

    client = await gateway.client("s3")
    client.meta.events.register_first(
        "before-send.s3.ListObjectsV2",
        lambda request, **_: AWSResponse(request.url, 503, {}, _Nothing()),
    )
    progress = Progress()
    progress.cancel()
    with patient(progress), pytest.raises(AwsError) as caught:
        await gateway.call("s3", "list_objects_v2", Bucket=bucket)
    assert (caught.value.code, waits) == ("503", [])


class _Nothing:
    """An empty body."""

    def stream(self) -> Any:
        return iter(())

    def close(self) -> None:
        return


async def test_what_a_pause_broke_off_has_not_failed(gateway: Gateway) -> None:
    """A body that is being sent ends inside the HTTP client, which makes an error of its own."""
    progress = Progress()

    def send() -> None:
        progress.cancel(suspend=True)
        raise boto.HTTPClientError(error="JobCancelled")

    with pytest.raises(JobCancelled), on_behalf(Meter(progress), gateway):
        send()
