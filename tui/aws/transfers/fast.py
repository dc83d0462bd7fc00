"""Small objects without botocore's cost for each request: 0.1-0.2 ms of CPU in place of 1.5-2.5.

Requests follow a pattern that botocore made for their bucket (`fast_sign`), over
connections that botocore opened (`fast_wire`). Only the plain success is dealt with here.
Whatever else comes raises `Unsure`: the caller has botocore do the very same once more, with its
retries, redirects and errors. A conditional write that had arrived meets itself then, which
`condition.write_as_seen` tells from another's object.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tui.aws.checksums import crc32_text
from tui.aws.gateway import TRANSFER_THREADS
from tui.aws.transfers.fast_sign import Pattern, Unsure, install, pattern_of
from tui.aws.transfers.fast_wire import Answer, Lines, asked, boto_answer
from tui.aws.transfers.lanes import hands_off
from tui.aws.transfers.patience import BUSY_STATUS

if TYPE_CHECKING:
    from tui.aws.transfers.engine import Engine, Remote
    from tui.core.progress import Progress
from tui.aws.transfers.meter import Meter

__all__ = ["Fast", "Fetched", "Ready", "Unsure"]

STRIKES: Final = 3  # unsure answers in a row after which a bucket is left to botocore for a while
REST_SECONDS: Final = 30.0
KEPT_LINES: Final = 8
_CONDITIONS: Final = {"IfMatch": "if-match", "IfNoneMatch": "if-none-match"}
_NOTHING: Final[Mapping[str, str]] = {}
_NO_STRIKE: Final = (404, 412)  # a verdict on one key


@dataclass(eq=False)
class _Way:
    """How one bucket is asked for one operation; `strikes` in a row and it rests."""

    client: Any
    pattern: Pattern | None
    strikes: int = 0
    rests_until: float = 0.0

    @property
    def rested(self) -> bool:
        return self.pattern is None and time.monotonic() > self.rests_until

    @property
    def session(self) -> Any:
        return self.client._endpoint.http_session


@dataclass(frozen=True, slots=True)
class Ready:
    """A request that is ready to go, and where to."""

    session: Any
    origin: str
    head: bytes = field(repr=False)  # a session's token may be in it
    _fast: Fast = field(repr=False)
    _way: _Way = field(repr=False)

    def judge(self, status: int, progress: Progress) -> None:
        """Raise `Unsure` unless the answer is the plain success."""
        try:
            self._fast._refuse(self._way, status, (200,), progress)
        except Unsure:
            self.broke()
            raise
        self._way.strikes = 0

    def broke(self) -> None:
        """It came to nothing."""
        self._fast._strike(self._way)


@dataclass(eq=False)
class Fetched:
    """An object on its way: what boto3 would say of it, and its bytes."""

    about: dict[str, Any]
    _answer: Answer = field(repr=False)

    def chunks(self) -> Iterator[memoryview]:
        """Yield its bytes; each piece is good until the next is asked for.

        Raises:
            Unsure: it broke off.
        """
        return self._answer.chunks()


class Fast:
    """PutObject and GetObject for one engine. Methods block and may be called by many threads.

    Attributes:
        lines: the connections.
        enabled: False leaves everything to botocore.
        refusals: how often a server was too busy.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.lines = Lines()
        self._ways: dict[tuple[Any, ...], _Way] = {}
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(TRANSFER_THREADS)
        self.enabled = True
        self.refusals = 0

    def put(
        self,
        remote: Remote,
        data: bytes,
        meter: Meter,
        *,
        crc: int | None = None,
        content_type: str = "",
        condition: Mapping[str, str] | None = None,
    ) -> str:
        """Write an object and return its ETag, as sent (in quotes).

        `crc` is the data's CRC-32, where the server takes checksums; `condition` is boto3's
        IfMatch or IfNoneMatch. Bytes are counted as they leave, and taken back where it fails.

        Raises:
            Unsure: nothing can be said; have botocore do it.
            JobCancelled: the job was cancelled.
        """
        more = {_CONDITIONS[name]: value for name, value in (condition or {}).items()}
        if content_type:
            more["content-type"] = content_type
        if crc is not None:
            more["x-amz-checksum-crc32"] = crc32_text(crc)
        before = meter.counted
        way = self._way("put_object", remote, checked=crc is not None)
        try:
            what = self._sent(way, remote, more, meter, data)
            with asked(*what, body=data, sent=meter.advance) as answer:
                self._refuse(way, answer.status, (200,), meter.progress)
                answer.drain()
                etag = answer.headers.get("etag", "")
        except BaseException as error:
            meter.take_back(meter.counted - before)
            if isinstance(error, Unsure):
                self._strike(way)
            raise
        if not etag:
            raise Unsure
        way.strikes = 0
        return etag

    @contextmanager
    def get(
        self, remote: Remote, meter: Meter, *, pin: str = "", span: tuple[int, int] | None = None
    ) -> Iterator[Fetched]:
        """Ask for an object (or `span`, first and last byte); its bytes are read inside.

        `pin` is the ETag that it must have, as S3 writes it.

        Raises:
            Unsure: nothing can be said, or it broke off; have botocore do it.
            JobCancelled: the job was cancelled.
        """
        more = {"if-match": pin} if pin else {}
        if span is not None:
            more["range"] = f"bytes={span[0]}-{span[1]}"
        way = self._way("get_object", remote, checked=span is None)
        try:
            with asked(*self._sent(way, remote, more, meter)) as answer:
                self._refuse(way, answer.status, (200,) if span is None else (206,), meter.progress)
                about = boto_answer(answer.headers, answer.length)
                if not about["ETag"] or (pin and about["ETag"] != pin):
                    raise Unsure
                if span is not None and not _is_span(answer, *span):
                    raise Unsure
                yield Fetched(about, answer)
                way.strikes = 0
        except Unsure:
            self._strike(way)
            raise

    def ready(self, remote: Remote) -> Ready:
        """Return a request for a whole object.

        Raises:
            Unsure: have botocore do it.
        """
        way = self._way("get_object", remote, checked=True)
        if (pattern := way.pattern) is None:
            raise Unsure
        head = pattern.head(remote.key, _NOTHING, b"", 0)
        return Ready(way.session, pattern.origin, head, self, way)

    @contextmanager
    def instead(self, meter: Meter) -> Iterator[None]:
        """Have botocore do it inside: no more at a time than its pool has connections for.

        Raises:
            JobCancelled: the job was cancelled while others had their turn.
        """
        with hands_off():
            while not self._turns.acquire(timeout=0.1):
                meter.check()
            try:
                yield
            finally:
                self._turns.release()

    def rest(self) -> None:
        """Let go of what a crowd of small items has opened."""
        self.lines.keep(KEPT_LINES)

    def close(self) -> None:
        """Let go of the connections."""
        self.lines.close()

    def _sent(
        self, way: _Way, remote: Remote, more: Mapping[str, str], meter: Meter, body: bytes = b""
    ) -> tuple[Lines, Any, str, Meter, bytes]:
        """What `asked` wants to know: by which lines, where to, who counts, the head."""
        if (pattern := way.pattern) is None:
            raise Unsure
        head = pattern.head(remote.key, more, body, len(body))
        return self.lines, way.session, pattern.origin, meter, head

    def _way(self, operation: str, remote: Remote, *, checked: bool) -> _Way:
        """Return how the bucket is asked; the first one to ask has botocore say it."""
        if remote.version_id or not self.enabled:
            raise Unsure
        client = self._engine.client(remote.region)
        pays = self._engine.gateway.requester.pays(remote.bucket)
        key = remote.region, operation, remote.bucket, checked, pays
        way = self._ways.get(key)
        if way is not None and way.client is client and way.pattern is not None:
            return way
        with self._lock:
            way = self._ways.get(key)
            if way is None or way.client is not client or way.rested:
                way = self._ways[key] = self._learned(client, operation, remote.bucket, checked)
        if way.pattern is None:
            raise Unsure
        return way

    def _learned(self, client: Any, operation: str, bucket: str, checked: bool) -> _Way:
        install(client)
        params: dict[str, Any] = {"Bucket": bucket}
        if operation == "put_object":
            params |= {"Body": b"", **({"ChecksumCRC32": "AAAAAA=="} if checked else {})}
        elif checked:
            params["ChecksumMode"] = "ENABLED"
        try:
            return _Way(client, pattern_of(client, operation, params))
        except Exception:  # botocore will say it again, to who can tell it
            return _Way(client, None, rests_until=time.monotonic() + REST_SECONDS)

    def _refuse(self, way: _Way, status: int, good: tuple[int, ...], progress: Progress) -> None:
        if status in good:
            return
        if status in BUSY_STATUS:
            self.refusals += 1
            progress.limits.slow_down()
        elif status not in _NO_STRIKE:
            way.strikes = STRIKES  # a redirect, a refusal: botocore learns from it, then we do
        else:
            way.strikes -= 1  # what follows counts it
        raise Unsure

    def _strike(self, way: _Way) -> None:
        with self._lock:
            way.strikes += 1
            if way.strikes >= STRIKES:
                way.pattern, way.rests_until = None, time.monotonic() + REST_SECONDS


def _is_span(answer: Answer, first: int, last: int) -> bool:
    told = answer.headers.get("content-range", f"bytes {first}-{last}/")
    return answer.length == last - first + 1 and told.startswith(f"bytes {first}-{last}/")
