"""An object in memory behind the few calls that pulling a subset makes."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tui.aws.subset.pick import Which
from tui.aws.subset.pull import Probe, Pulled, Wish, probe, pull
from tui.aws.subset.query import judged
from tui.aws.subset.range_stream import Pinned
from tui.aws.subset.shape import Shape
from tui.core.jobs import Progress


class Body(io.BytesIO):
    """An answer's body."""

    _raw_stream = None


class AnswerError(Exception):
    """What botocore raises for a refusal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


@dataclass
class Memory:
    """boto3's client, S3 and gateway in one: `objects` by key, `spans` of what was asked for."""

    objects: dict[str, bytes]
    spans: list[tuple[int, int]] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    connection: Any = None

    @property
    def gateway(self) -> Any:
        return SimpleNamespace(
            client_now=lambda *_: self, run=self._run, explained=self._run, connection=None
        )

    @property
    def fetched(self) -> int:
        return sum(end - start for start, end in self.spans)

    def region_of(self, bucket: str) -> None:
        return None

    async def _run(self, function: Callable[[], Any], *_: Any) -> Any:
        import asyncio

        return await asyncio.to_thread(function)

    async def ask(self, operation: str, bucket: str, **params: Any) -> dict[str, Any]:
        data = self.objects[params["Key"]]
        return {"ContentLength": len(data), "ETag": self._etag(data)}

    def get_object(self, **params: Any) -> dict[str, Any]:
        self.before()
        data = self.objects[params["Key"]]
        if params.get("IfMatch", self._etag(data)) != self._etag(data):
            raise AnswerError("PreconditionFailed")
        start, end = params["Range"].removeprefix("bytes=").split("-")
        span = int(start), min(int(end) + 1, len(data))
        self.spans.append(span)
        meta = {"HTTPStatusCode": 206}
        return {"Body": Body(data[span[0] : span[1]]), "ResponseMetadata": meta}

    @staticmethod
    def _etag(data: bytes) -> str:
        return f'"{hash(data):x}"'


async def probed(memory: Memory, key: str) -> Probe:
    """Look at an object."""
    return await probe(memory, "bucket", key)  # type: ignore[arg-type]


async def pulled(
    memory: Memory,
    key: str,
    target: Path,
    which: Which,
    names: tuple[str, ...] = (),
    query: str = "",
    *,
    others: tuple[Pinned, ...] = (),
    progress: Progress | None = None,
    replaces: bool = False,
) -> Pulled:
    """Look at an object and pull a subset of it."""
    seen = await probed(memory, key)
    wanted = judged(query, seen.shape.names) if query else None
    wish = Wish(which, target, names, wanted, replaces)
    return await pull(memory, seen, wish, progress or Progress(), others)  # type: ignore[arg-type]


def small_chunks(monkeypatch: Any, rows: int) -> None:
    """Have every chunk hold so few rows."""
    monkeypatch.setattr(Shape, "chunk_rows", property(lambda _: rows))
