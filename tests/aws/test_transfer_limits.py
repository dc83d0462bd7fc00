"""A job keeps to its limits on every path, and outlasts a server that is too busy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.aws.transfer_support import noise
from tests.faults.proxy import FaultProxy
from tests.faults.rules import Fault, Refuse, Reply
from tests.faults.wire import Ask
from tui.aws.calls import CallLog
from tui.aws.connection import Connection
from tui.aws.gateway import Gateway
from tui.aws.s3.copy_plan import plan_copies
from tui.aws.s3.seen import listed
from tui.aws.s3.service import S3
from tui.aws.transfers import patience
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError, JobCancelled, JobPaused
from tui.core.limits import Limits
from tui.core.progress import Progress

SMALL, MANY = 5_000, 30


@pytest.fixture
def proxy(connection: Connection) -> Iterator[FaultProxy]:
    there = urlsplit(connection.endpoint_url)
    with FaultProxy(there.hostname or "", there.port or 0) as made:
        yield made


@pytest.fixture
def proxied(proxy: FaultProxy, connection: Connection) -> Iterator[Transfers]:
    gateway = Gateway(replace(connection, endpoint_url=proxy.url), CallLog())
    made = Transfers(gateway, S3(gateway))
    yield made
    made.close()
    gateway.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are short."""
    monkeypatch.setattr(patience, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(patience, "LONGEST_WAIT", 0.05)


@dataclass(frozen=True)
class Work:
    """A transfer: the operation that moves its bytes, how many those are, what does it."""

    operation: str
    size_bytes: int
    act: Callable[[Transfers, Progress], Awaitable[Any]]


@pytest.fixture
def work(verb: str, bucket: str, outside: Any, folder: Path, big_bytes: bytes) -> Work:
    """The verb's, with all that it needs in place."""
    many, up = "many" in verb, "upload" in verb
    names = [f"many/{number:02}" for number in range(MANY)] if many else ["big"]
    data = noise(SMALL) if many else big_bytes
    for name in names:
        if up:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(data)
        else:
            outside.put_object(Bucket=bucket, Key=name, Body=data)
    operation, method, *args = {
        "upload": ("UploadPart", "upload", "new", folder / "big"),
        "download": ("GetObject", "download", "big", folder / "got"),
        "upload many": ("PutObject", "upload_folder", "new/", folder / "many"),
        "download many": ("GetObject", "download_prefix", "many/", folder / "gots"),
    }[verb]

    def act(transfers: Transfers, progress: Progress) -> Any:
        return getattr(transfers, str(method))(bucket, *args, progress)

    return Work(str(operation), len(data) * len(names), act)


VERBS = ["upload", "download", "upload many", "download many"]
verbs = pytest.mark.parametrize("verb", VERBS)
uploads_many = pytest.mark.parametrize("verb", ["upload many"])
downloads_many = pytest.mark.parametrize("verb", ["download many"])


@dataclass(eq=False)
class Counting(Limits):
    """Says how many bytes have passed, and lets them."""

    passed: int = 0
    lowered: list[int | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(10**13)  # as good as none; but a crowd leaves it to the lanes
        self._counting = threading.Lock()

    def free(self, amount: int) -> bool:
        with self._counting:
            self.passed += amount
        return super().free(amount)

    def slow_down(self, at_work: int | None = None) -> bool:
        changed = super().slow_down(at_work)
        self.lowered.append(self.lowered_to)
        return changed


@pytest.mark.parametrize("fast", [True, False])
@verbs
async def test_all_bytes_pass_the_limit(fast: bool, transfers: Transfers, work: Work) -> None:
    transfers._engine.fast.enabled = fast
    progress = Progress(Counting())
    await work.act(transfers, progress)
    assert isinstance(progress.limits, Counting)
    assert progress.done == work.size_bytes
    assert progress.limits.passed == work.size_bytes


@pytest.mark.parametrize("fast", [True, False])
@verbs
async def test_a_limit_holds_a_job_until_it_is_lifted(
    fast: bool, transfers: Transfers, work: Work
) -> None:
    transfers._engine.fast.enabled = fast
    progress = Progress(Limits(100))
    doing = asyncio.create_task(work.act(transfers, progress))
    for _ in range(200):
        await asyncio.sleep(0.01)
        if progress.limits._asked:
            break
    await asyncio.sleep(0.3)
    assert progress.done <= 200  # not even one piece has passed
    progress.limits.bytes_per_second = None
    report = await asyncio.wait_for(doing, 30)
    assert (report.size_bytes, report.failures, progress.done) == (
        work.size_bytes,
        (),
        work.size_bytes,
    )


@pytest.mark.parametrize("suspend", [True, False])
@verbs
async def test_a_job_that_waits_for_its_bandwidth_ends_when_it_is_told_to(
    suspend: bool, transfers: Transfers, work: Work
) -> None:
    progress = Progress(Limits(1))
    doing = asyncio.create_task(work.act(transfers, progress))
    for _ in range(200):
        await asyncio.sleep(0.01)
        if progress.limits._asked:
            break
    progress.cancel(suspend=suspend)
    with pytest.raises(JobCancelled):
        await asyncio.wait_for(doing, 10)  # at its rate it would take days


@dataclass(eq=False)
class Crowd:
    """Counts the requests of one operation that are under way."""

    inside: int = 0
    most: int = 0
    seen: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, by: int) -> None:
        with self.lock:
            self.inside += by
            self.seen += by > 0
            self.most = max(self.most, self.inside)


@dataclass(eq=False)
class Counted(Fault):
    crowd: Crowd

    def arrived(self, ask: Ask) -> Reply | None:
        self.crowd.change(1)
        threading.Event().wait(0.02)  # long enough to meet the others
        return None

    def answered(self, ask: Ask, head: Any) -> None:
        self.crowd.change(-1)


@verbs
async def test_no_more_are_at_work_than_the_job_may(
    proxy: FaultProxy, proxied: Transfers, work: Work
) -> None:
    crowd = Crowd()
    proxy.add(partial(Counted, crowd), work.operation, times=None)
    await work.act(proxied, Progress(Limits(at_once=2)))
    assert crowd.most <= 2
    assert crowd.seen >= 3


@uploads_many
async def test_more_and_fewer_may_be_at_work_while_it_runs(
    proxy: FaultProxy, proxied: Transfers, work: Work
) -> None:
    crowd, progress = Crowd(), Progress(Limits(at_once=1))
    proxy.add(partial(Counted, crowd), "PutObject", times=None)
    doing = asyncio.create_task(work.act(proxied, progress))
    while progress.items_done < 3:
        await asyncio.sleep(0.005)
    assert crowd.most == 1
    progress.limits.at_once = 8
    while crowd.most < 4:
        await asyncio.sleep(0.005)
        assert not doing.done()
    progress.limits.at_once = 1
    await asyncio.sleep(0.1)  # what has begun ends
    crowd.most = 0
    await doing
    assert crowd.most <= 1


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("status", [(503, "SlowDown"), (500, "InternalError"), (429, "Slow")])
@verbs
async def test_a_busy_server_is_outlasted_and_spared(
    status: tuple[int, str],
    proxy: FaultProxy,
    proxied: Transfers,
    work: Work,
) -> None:
    # Each of a few requests is refused oftener than botocore would bear with.
    proxy.add(partial(Refuse, *status), work.operation, times=30)
    progress = Progress(Counting())
    report = await work.act(proxied, progress)
    assert (report.size_bytes, report.failures) == (work.size_bytes, ())
    assert isinstance(progress.limits, Counting)
    assert len(progress.limits.lowered) == 30  # each refusal is heard of
    if report.files > 1:
        assert min(filter(None, progress.limits.lowered)) <= 8
    assert proxy.errors == []


@pytest.mark.usefixtures("hasty")
@downloads_many
async def test_copies_outlast_a_busy_server_too(
    proxy: FaultProxy, proxied: Transfers, bucket: str, work: Work, outside: Any
) -> None:
    objects = await listed(proxied._s3, bucket, "many/")
    plan = plan_copies(objects, bucket, "many/", bucket, "copies/")
    proxy.add(partial(Refuse, 503, "SlowDown"), "CopyObject", times=20)
    progress = Progress(Counting())
    report = await proxied.copy_planned(plan, progress)
    assert (report.files, report.failures) == (MANY, ())
    assert isinstance(progress.limits, Counting)
    assert progress.limits.lowered


@pytest.mark.usefixtures("hasty")
@verbs
async def test_a_server_that_stays_busy_pauses_the_job(
    proxy: FaultProxy,
    proxied: Transfers,
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "BUSY_SECONDS", 0.2)
    proxy.add(Refuse, work.operation, times=None)
    progress = Progress()
    with pytest.raises(JobPaused) as caught:
        await work.act(proxied, progress)
    assert caught.value.reason.title == "The server is too busy"
    assert caught.value.waits_for == "user"
    assert progress.suspended


@verbs
async def test_a_job_that_waits_for_a_busy_server_ends_when_it_is_told_to(
    proxy: FaultProxy,
    proxied: Transfers,
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "FIRST_WAIT", 600.0)
    monkeypatch.setattr(patience, "LONGEST_WAIT", 600.0)
    proxy.add(Refuse, work.operation, times=None)
    progress = Progress()
    doing = asyncio.create_task(work.act(proxied, progress))
    while not progress.limits.note:
        await asyncio.sleep(0.01)
    progress.cancel()
    with pytest.raises(JobCancelled):
        await asyncio.wait_for(doing, 15)


@pytest.mark.usefixtures("hasty")
@uploads_many
async def test_an_item_that_alone_is_refused_fails_alone(
    proxy: FaultProxy, proxied: Transfers, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "BUSY_SECONDS", 0.3)
    proxy.add(Refuse, "PutObject", key="new/07", times=None)
    report = await work.act(proxied, Progress())
    assert (report.files, [one.name for one in report.failures]) == (MANY - 1, ["new/07"])


EXPIRED = partial(Refuse, 400, "ExpiredToken")


@verbs
async def test_an_expired_token_pauses_the_job_until_the_login(
    proxy: FaultProxy, proxied: Transfers, work: Work
) -> None:
    proxy.add(EXPIRED, work.operation, times=None, skip=2)
    progress = Progress()
    with pytest.raises(JobPaused) as caught:
        await work.act(proxied, progress)
    assert (caught.value.waits_for, caught.value.reason.code) == ("login", "ExpiredToken")
    assert progress.suspended
    proxy.drop()
    proxied._gateway.renew()
    report = await work.act(proxied, progress.successor())
    assert (report.size_bytes, report.failures) == (work.size_bytes, ())


@downloads_many
async def test_an_expired_token_pauses_it_before_its_first_object_too(
    proxy: FaultProxy, proxied: Transfers, work: Work
) -> None:
    proxy.add(EXPIRED, "GETBucket", times=None)
    progress = Progress()
    with pytest.raises(JobPaused) as caught:
        await work.act(proxied, progress)
    assert (caught.value.waits_for, progress.suspended) == ("login", True)


@pytest.mark.parametrize("verb", ["download"])
@pytest.mark.parametrize("expired", [True, False])
async def test_a_bare_400_is_an_expired_token_where_sts_says_so(
    expired: bool, proxy: FaultProxy, proxied: Transfers, work: Work
) -> None:
    """S3 answers HEAD without a body, so without a code."""
    proxy.add(EXPIRED, "HeadObject", times=None)
    sts = await proxied._gateway.client("sts")
    if expired:
        sts.meta.events.register_first("before-send.sts", _expired)
    with pytest.raises(JobPaused if expired else AwsError) as caught:
        await work.act(proxied, Progress())
    if isinstance(caught.value, JobPaused):
        assert caught.value.waits_for == "login"


def _expired(request: Any, **_: Any) -> Any:
    from botocore.awsrequest import AWSResponse

    class Body:
        def stream(self) -> Iterator[bytes]:
            yield b"<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>"

    return AWSResponse(request.url, 403, {}, Body())
