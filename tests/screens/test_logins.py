"""Jobs whose login is over wait together, and go on by themselves after the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.support import running, screen_text, until
from tui.aws import relogin
from tui.aws.calls import CallLog
from tui.aws.connection import Connection
from tui.aws.gateway import Gateway
from tui.aws.outages import outage_of
from tui.core.jobs import Job, JobManager, JobState
from tui.core.records import Identity
from tui.screens.jobs.logins import Logins

GROUP = "dev"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relogin, "EVERY_SECONDS", 0.05)
    monkeypatch.setattr(relogin, "LOOK_SECONDS", 0.01)


@pytest.fixture
def gateway(clean_sandbox: Any) -> Iterator[Gateway]:
    info = clean_sandbox.info
    keys = {"access_key_id": info.access_key_id, "secret_access_key": info.secret_access_key}
    made = Gateway(Connection("", info.region, info.endpoint_url, **keys, sandbox=True), CallLog())
    yield made
    made.close()


@pytest.fixture
async def jobs() -> AsyncIterator[JobManager]:
    made = JobManager()
    yield made
    await made.close()


def watched(gateway: Gateway, jobs: JobManager, account: str = "") -> tuple[Logins, list[str]]:
    identity = Identity(account, "arn", gateway.region, GROUP)
    logins, told = Logins(gateway, identity, jobs, GROUP), []
    logins.say = lambda text, **_: told.append(text)
    return logins, told


class Expired:
    """A job's body that fails with an expired token until its gateway is renewed."""

    def __init__(self, gateway: Gateway, *, waits: bool = False, always: bool = False) -> None:
        self.gateway, self.waits, self.always = gateway, waits, always
        self.runs = 0

    async def __call__(self, job: Job) -> str:
        import botocore.exceptions as boto

        self.runs += 1
        client = await self.gateway.client("s3")
        if self.runs == 1:
            self.client = client
            while self.waits:
                job.progress.check()
                await asyncio.sleep(0.01)
        if client is self.client or self.always:
            error = boto.ClientError({"Error": {"Code": "ExpiredToken"}}, "PutObject")
            outage = outage_of(error, self.gateway.connection)
            assert outage is not None
            raise outage
        return "through"


async def met(condition: Callable[[], object]) -> None:
    for _ in range(2_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited in vain")


async def test_all_jobs_of_the_profile_wait_and_go_on(gateway: Gateway, jobs: JobManager) -> None:
    first, second, other = Expired(gateway), Expired(gateway, waits=True), Expired(gateway)
    logins, told = watched(gateway, jobs)
    sleeper = jobs.start("upload", "b", second, pausable=True, group=GROUP)
    elsewhere = jobs.start("upload", "c", Expired(gateway), pausable=True, group="prod")
    await met(lambda: elsewhere.state is JobState.PAUSED)
    job = jobs.start("upload", "a", first, pausable=True, group=GROUP)
    await met(lambda: job.state is sleeper.state is JobState.DONE)
    assert (first.runs, second.runs, other.runs) == (2, 2, 0)
    assert elsewhere.state is JobState.PAUSED  # it waits for another login
    assert told == ["the 2 jobs that waited go on"]
    logins.close()


async def test_the_app_watches_for_the_login_of_its_connection(clean_sandbox: Any) -> None:
    async with running(clean_sandbox) as (app, pilot):
        services = app.services
        assert services is not None
        job = app.jobs.start(
            *("upload", "a", Expired(services.gateway)), pausable=True, group=services.group
        )
        await until(pilot, lambda: job.state is JobState.DONE)
        await until(pilot, lambda: "the job that waited goes on" in screen_text(app))


async def test_a_login_that_does_not_help_is_not_tried_in_a_loop(
    gateway: Gateway, jobs: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relogin, "EVERY_SECONDS", 600.0)
    logins, _ = watched(gateway, jobs)
    logins._relogin._renewed_at = -600.0
    body = Expired(gateway, always=True)
    job = jobs.start("upload", "a", body, pausable=True, group=GROUP)
    await met(lambda: body.runs == 2 and job.state is JobState.PAUSED)
    await asyncio.sleep(0.2)
    assert body.runs == 2
    logins.close()


async def test_another_accounts_login_is_told_and_resumes_nothing(
    gateway: Gateway, jobs: JobManager
) -> None:
    body = Expired(gateway)
    logins, told = watched(gateway, jobs, account="111122223333")
    job = jobs.start("upload", "a", body, pausable=True, group=GROUP)
    await met(lambda: told)
    await asyncio.sleep(0.2)
    assert (job.state, body.runs, len(told)) == (JobState.PAUSED, 1, 1)
    assert "the jobs that wait belong to 111122223333" in told[0]
    logins.close()


async def test_a_closed_connection_is_not_watched(gateway: Gateway, jobs: JobManager) -> None:
    body = Expired(gateway)
    logins, told = watched(gateway, jobs)
    logins.close()
    job = jobs.start("upload", "a", body, pausable=True, group=GROUP)
    await met(lambda: job.state is JobState.PAUSED)
    await asyncio.sleep(0.2)
    assert (body.runs, told, jobs.listeners) == (1, [], [])
