"""Rows of one chunk, as their source has them: texts of a CSV, lines of JSON, an Arrow table.

Each kind keeps what it was given, so that a value goes from CSV to CSV as the text that it is. All
of it blocks and imports pandas or pyarrow: for threads.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

R = TypeVar("R", bound="Rows")


class Rows(Protocol):
    """Some rows, in the order of their object."""

    def __len__(self) -> int: ...

    def take(self: R, which: Any) -> R:
        """The rows at these positions (numpy integers), or where these bools are true."""
        ...

    def frame(self, names: Sequence[str]) -> Any:
        """Columns as pandas reads them, indexed from where the rows begin, for a query."""
        ...

    def texts(self, names: Sequence[str]) -> Any:
        """Columns as a frame whose values `to_csv` writes as they are."""
        ...

    def records(self, names: Sequence[str]) -> Iterator[str]:
        """A JSON text a row; no names for all that a row has."""
        ...

    def table(self, names: Sequence[str]) -> Any:
        """Columns as an Arrow table."""
        ...

    def joined(self: R, others: Sequence[R]) -> R:
        """These rows and those after them."""
        ...


@dataclass(slots=True)
class TextKinds:
    """Which columns of a CSV hold texts, as its first rows tell: `0123` stays one further on."""

    texts: set[str] = field(default_factory=set)
    learnt: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class TextRows:
    """Rows of a CSV: a frame of Python strings."""

    held: Any
    start: int
    kinds: TextKinds

    def __len__(self) -> int:
        return len(self.held)

    def take(self, which: Any) -> TextRows:
        """See `Rows`."""
        return TextRows(
            self.held[which] if which.dtype == bool else self.held.iloc[which],
            self.start,
            self.kinds,
        )

    def frame(self, names: Sequence[str]) -> Any:
        """Typed as `read_csv` does; a column that began as text stays text."""
        import pandas as pd

        text = io.StringIO()
        self.held[list(names)].to_csv(text, index=False)
        kinds: Any = {name: "str" for name in names if name in self.kinds.texts}
        data = text.getvalue().encode("utf-8", "surrogateescape")
        frame = pd.read_csv(io.BytesIO(data), dtype=kinds, encoding_errors="replace")
        self._learn(frame)
        frame.index = pd.RangeIndex(self.start, self.start + len(frame))
        return frame

    def texts(self, names: Sequence[str]) -> Any:
        """See `Rows`."""
        return self.held[list(names)]

    def records(self, names: Sequence[str]) -> Iterator[str]:
        """See `Rows`."""
        frame = self.frame(names or list(self.held.columns))
        values = frame.astype(object).where(frame.notna(), None)
        for record in values.to_dict("records"):
            yield json.dumps(record, ensure_ascii=False, default=str)

    def table(self, names: Sequence[str]) -> Any:
        """See `Rows`."""
        import pyarrow as pa

        frame = self.frame(names)
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        for at, name in enumerate(table.column_names):
            if table.column(at).null_count == len(table):  # of no kind yet; pandas says float
                table = table.set_column(at, name, pa.nulls(len(table)))
        return table

    def joined(self, others: Sequence[TextRows]) -> TextRows:
        """See `Rows`."""
        import pandas as pd

        held = pd.concat([self.held, *(one.held for one in others)], ignore_index=True)
        return TextRows(held, self.start, self.kinds)

    def _learn(self, frame: Any) -> None:
        for name in frame.columns:
            if name in self.kinds.learnt or not frame[name].notna().any():
                continue
            self.kinds.learnt.add(name)
            if str(frame[name].dtype) in ("str", "object", "string"):
                self.kinds.texts.add(name)


@dataclass(frozen=True, slots=True)
class RecordRows:
    """Rows of a JSONL: the lines as they are, and what they say."""

    lines: tuple[bytes, ...]
    said: tuple[dict[str, Any], ...]
    start: int

    def __len__(self) -> int:
        return len(self.lines)

    def take(self, which: Any) -> RecordRows:
        """See `Rows`."""
        places = which.nonzero()[0] if which.dtype == bool else which
        return RecordRows(
            tuple(self.lines[at] for at in places),
            tuple(self.said[at] for at in places),
            self.start,
        )

    def frame(self, names: Sequence[str]) -> Any:
        """See `Rows`; a name that a row lacks is missing there."""
        import pandas as pd

        columns = {name: [one.get(name) for one in self.said] for name in names}
        return pd.DataFrame(columns, index=pd.RangeIndex(self.start, self.start + len(self)))

    def texts(self, names: Sequence[str]) -> Any:
        """See `Rows`: lists and objects as JSON."""
        import pandas as pd

        return pd.DataFrame(
            {name: [_plain(one.get(name)) for one in self.said] for name in names}, dtype=object
        )

    def records(self, names: Sequence[str]) -> Iterator[str]:
        """The very lines, unless some of their names are wanted."""
        for line, one in zip(self.lines, self.said, strict=True):
            if not names:
                yield line.decode("utf-8", "surrogateescape")
            else:
                kept = {name: one[name] for name in names if name in one}
                yield json.dumps(kept, ensure_ascii=False)

    def table(self, names: Sequence[str]) -> Any:
        """See `Rows`."""
        import pyarrow as pa

        return pa.table({name: pa.array([one.get(name) for one in self.said]) for name in names})

    def joined(self, others: Sequence[RecordRows]) -> RecordRows:
        """See `Rows`."""
        every = (self, *others)
        return RecordRows(
            tuple(line for one in every for line in one.lines),
            tuple(record for one in every for record in one.said),
            self.start,
        )


@dataclass(frozen=True, slots=True)
class ArrowRows:
    """Rows of a Parquet."""

    held: Any
    start: int

    def __len__(self) -> int:
        return int(self.held.num_rows)

    def take(self, which: Any) -> ArrowRows:
        """See `Rows`."""
        import pyarrow as pa

        mine = pa.array(which)
        return ArrowRows(
            self.held.filter(mine) if which.dtype == bool else self.held.take(mine), self.start
        )

    def frame(self, names: Sequence[str]) -> Any:
        """See `Rows`."""
        import pandas as pd

        frame = self.held.select(list(names)).to_pandas()
        frame.index = pd.RangeIndex(self.start, self.start + len(frame))
        return frame

    def texts(self, names: Sequence[str]) -> Any:
        """See `Rows`: whole numbers stay whole beside missing ones; lists and structs as JSON."""
        frame = self.held.select(list(names)).to_pandas(integer_object_nulls=True)
        for name in names:
            if str(self.held.schema.field(name).type).startswith(_NESTED):
                frame[name] = [_plain(one) for one in self.held.column(name).to_pylist()]
        return frame

    def records(self, names: Sequence[str]) -> Iterator[str]:
        """See `Rows`."""
        held = self.held.select(list(names)) if names else self.held
        for record in held.to_pylist():
            yield json.dumps(record, ensure_ascii=False, default=_said)

    def table(self, names: Sequence[str]) -> Any:
        """See `Rows`."""
        return self.held.select(list(names)).replace_schema_metadata(None)

    def joined(self, others: Sequence[ArrowRows]) -> ArrowRows:
        """See `Rows`."""
        import pyarrow as pa

        return ArrowRows(pa.concat_tables([self.held, *(one.held for one in others)]), self.start)


_NESTED = ("list", "large_list", "fixed_size_list", "struct", "map")


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=_said)
    return value


def _said(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
