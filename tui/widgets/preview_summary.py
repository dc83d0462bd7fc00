"""A summary of a table's columns, over the rows that are held. Blocks, imports pandas."""

from __future__ import annotations

from typing import Any

from tui.core import format as fmt
from tui.widgets.preview_data import TableColumn, TableData
from tui.widgets.preview_lines import cell_at
from tui.widgets.preview_table import clipped

COLUMNS_AT_MOST = 300
_TOP = 3
_RARE = 0.02  # no value that comes less often is a top one
_HEAD = (
    TableColumn("column", "str"),
    TableColumn("type", "str"),
    TableColumn("null", "i64"),
    TableColumn("distinct", "i64"),
    TableColumn("min", "str"),
    TableColumn("max", "str"),
    TableColumn("mean", "f64"),
    TableColumn("top values", "str"),
)
_MOMENTS = frozenset({"datetime", "date"})


def summary(table: TableData) -> TableData:
    """One row a column: its type, nulls, distinct values, range, mean, most frequent values.

    The rows it is of are in its note: never more than are held.
    """
    columns = [at for at, column in enumerate(table.columns) if column.read]
    rows = tuple(
        tuple(fmt.ABSENT if cell is None else cell for cell in _summed(table, at))
        for at in columns[:COLUMNS_AT_MOST]
    )
    held = len(table.rows)
    span = f"{fmt.count(table.first + 1)}–{fmt.count(table.first + held)}" if held else "none"
    whole = held == table.rows_in_all and table.exact
    note = f"over all {fmt.count(held)} rows" if whole else f"over rows {span} only"
    if len(rows) < len(table.columns):
        note += f", {fmt.count(len(rows))} of {fmt.count(len(table.columns))} columns"
    return TableData("summary", _HEAD, rows, "", len(rows), True, unit="column", note=note)


def _summed(table: TableData, at: int) -> tuple[str | None, ...]:
    import pandas as pd

    column = table.columns[at]
    values = pd.Series([cell_at(row, at) for row in table.rows], dtype=object)
    there = values.dropna()
    least, most, mean = _range(column, there)
    return (
        column.name,
        column.kind,
        str(len(values) - len(there)),
        str(int(there.nunique())),
        least,
        most,
        mean,
        _top(there),
    )


def _range(column: TableColumn, there: Any) -> tuple[str | None, str | None, str | None]:
    import pandas as pd

    if not len(there):
        return None, None, None
    if column.numeric or column.kind == "decimal":
        numbers = pd.to_numeric(there, errors="coerce").dropna()
        if not len(numbers):
            return None, None, None
        whole = column.kind[:1] in "iu"
        ends = (numbers.min(), numbers.max())
        told = [f"{int(end)}" if whole and end == end // 1 else f"{end:.6g}" for end in ends]
        return told[0], told[1], f"{float(numbers.mean()):.6g}"
    if column.kind == "bool":
        truths = there.astype(str).str.lower() == "true"
        return None, None, f"{float(truths.mean()):.3g}"
    texts = there.astype(str)
    return clipped(str(texts.min())), clipped(str(texts.max())), None


def _top(there: Any) -> str | None:
    """The most frequent values with their shares, if they are worth a word."""
    if not len(there):
        return None
    counts = there.value_counts().head(_TOP)
    if int(counts.iloc[0]) < 2:
        return "all differ"
    if int(counts.iloc[0]) < _RARE * len(there):
        return None
    shares = (
        f"{str(value)[:20]} {100 * count / len(there):.0f}%" for value, count in counts.items()
    )
    return ", ".join(shares)
