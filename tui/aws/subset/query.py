"""A query on rows, as pandas' `DataFrame.query` has it: judged before it is run, so it can only
compare and add up columns. Pure but for pandas.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LONGEST = 2_000  # characters
_DIGITS = 18
_PIECES = re.compile(
    r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|`([^`\n]*)`""",
)
_ALLOWED: tuple[type[ast.AST], ...] = (
    *(ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd),
    *(ast.Invert, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod),
    *(ast.BitAnd, ast.BitOr, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
    *(ast.In, ast.NotIn, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple),
)
_REFUSED = {
    ast.Call: "functions can't be called here",
    ast.Attribute: "a dot can't be used here: write `a name` with dots in backticks",
    ast.Subscript: "brackets can't be used here, but for a list: zone in ['A', 'B']",
    ast.Pow: "** can't be used here",
}
CONSTANTS = ("True", "False", "None", "inf", "nan", "pi")
EXAMPLE = "fare > 10 and zone in ['Harlem', 'SoHo']"


class QueryError(ValueError):
    """A query that can't be run; the message is a clause that says why."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was judged: its text, and the columns that it reads, in the table's order."""

    text: str
    columns: tuple[str, ...]

    def mask(self, frame: Any) -> Any:
        """Which rows of a frame it takes, as a numpy array of bools. Blocks; imports pandas.

        Raises:
            QueryError: the values can't be compared so, or it says no yes or no.
        """
        import numpy as np

        try:
            # Without numexpr, and with no variables but the columns.
            found = frame.eval(
                self.text, engine="python", parser="pandas", local_dict={}, global_dict={}
            )
        except Exception as error:  # pandas raises whatever it meets
            raise QueryError(_clause(error)) from error
        kind = str(getattr(found, "dtype", ""))
        if kind not in ("bool", "boolean") or len(found) != len(frame):
            raise QueryError("it must say yes or no of each row, as in " + EXAMPLE)
        return np.asarray(found.fillna(False) if kind == "boolean" else found, dtype=bool)


def judged(text: str, columns: Sequence[str]) -> Query:
    """Return the query if it only compares and adds up these columns (and `index`).

    Raises:
        QueryError: it is none, names what is not there, or does more.
    """
    if len(text) > LONGEST:
        raise QueryError(f"it is longer than {LONGEST:,} characters")
    if "\n" in text or "\0" in text:
        raise QueryError("it must be one line")
    plain, quoted = _without_backticks(text)
    if "@" in _PIECES.sub("", text):
        raise QueryError("@ can't be used here: there are no variables, only columns")
    try:
        tree = ast.parse(plain.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise QueryError(_syntax(plain)) from error
    names: set[str] = set()
    for node in ast.walk(tree):
        _refuse(node)
        if isinstance(node, ast.Name):
            names.add(quoted.get(node.id, node.id))
    known = set(columns)
    for name in sorted(names - known - {"index", *CONSTANTS}):
        raise QueryError(f"there is no column {name}")
    if not names & (known | {"index"}):
        raise QueryError("it names no column, as in " + EXAMPLE)
    return Query(text.strip(), tuple(one for one in columns if one in names))


def _without_backticks(text: str) -> tuple[str, dict[str, str]]:
    """The text with each `name` as an identifier, and what these stand for."""
    quoted: dict[str, str] = {}

    def plain(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        stand_in = f"backticked_{len(quoted)}"
        quoted[stand_in] = found[2]
        return stand_in

    return _PIECES.sub(plain, text), quoted


def _refuse(node: ast.AST) -> None:
    for kind, why in _REFUSED.items():
        if isinstance(node, kind):
            raise QueryError(why)
    if not isinstance(node, _ALLOWED):
        raise QueryError(f"it may only compare columns, as in {EXAMPLE}")
    if isinstance(node, ast.Name) and node.id.startswith("__"):
        raise QueryError(f"{node.id} can't be used here")
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        if abs(node.value) >= 10**_DIGITS:
            raise QueryError("a number there is too long")
    elif isinstance(node, ast.Constant) and not isinstance(node.value, str | float | None):
        raise QueryError("only numbers, texts, True, False and None")
    if isinstance(node, ast.BinOp):
        for side in (node.left, node.right):
            # "x" * 999999999 would be a gigabyte.
            if isinstance(side, ast.Constant) and isinstance(side.value, str):
                raise QueryError("a text can't be added to or multiplied here")


def _syntax(plain: str) -> str:
    if re.search(r"(?<![=!<>])=(?!=)", _PIECES.sub("", plain)):
        return "two equals signs compare: zone == 'Harlem'"
    return "it can't be read as a query, as in " + EXAMPLE


def _clause(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    first = said[0].rstrip(".") if said else type(error).__name__
    if isinstance(error, TypeError):
        return f"a column holds another kind of value ({first[:120]})"
    return first[:160]
