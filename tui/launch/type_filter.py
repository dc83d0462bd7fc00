"""The filter of the type table: `vcpu>=8 mem>=32 arch=arm64 price<0.4 gpu`, and plain words."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar

from tui.core.errors import UserError
from tui.core.records import InstanceType


class PricedType(Protocol):
    """A row that can be filtered; `tui.cost.TypeRow` is one."""

    @property
    def type(self) -> InstanceType:
        """What the type is."""

    @property
    def on_demand(self) -> Decimal | None:
        """USD an hour, or None for unknown."""

    @property
    def spot(self) -> Decimal | None:
        """USD an hour on spot, or None for unknown."""

    @property
    def savings_pct(self) -> int | None:
        """Per cent that spot saves."""

    @property
    def interruption(self) -> int | None:
        """Bucket 0 to 4."""


class FilterError(UserError):
    """The expression can't be read; the message says which part and why."""


Row = TypeVar("Row", bound=PricedType)
Test = Callable[[PricedType], bool]
Number = Decimal | int | None

_COMPARE: dict[str, Callable[[Decimal, Decimal], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_TERM = re.compile(r"(?P<name>[^<>=!]*)(?P<operator>>=|<=|!=|==|=|>|<)(?P<value>.*)")
_SPACED = re.compile(r"\s*(>=|<=|!=|==|=|>|<)\s*")
_NUMBERS: dict[str, Callable[[PricedType], Number]] = {
    "vcpu": lambda row: row.type.vcpus,
    "mem": lambda row: row.type.memory_gib,
    "gpu": lambda row: row.type.gpus,
    "gpumem": lambda row: Decimal(row.type.gpu_memory_mib) / 1024,
    "disk": lambda row: row.type.local_gb,
    "ghz": lambda row: row.type.clock_ghz,
    "price": lambda row: row.on_demand,
    "spot": lambda row: row.spot,
    "saves": lambda row: row.savings_pct,
    "risk": lambda row: row.interruption,
}
_ALIASES = {
    "vcpus": "vcpu",
    "cpu": "vcpu",
    "cpus": "vcpu",
    "memory": "mem",
    "ram": "mem",
    "gib": "mem",
    "gpus": "gpu",
    "gpu_mem": "gpumem",
    "storage": "disk",
    "local": "disk",
    "clock": "ghz",
    "cost": "price",
    "$": "price",
    "savings": "saves",
    "interruption": "risk",
    "architecture": "arch",
    "net": "network",
    "type": "name",
}
_TEXTS: dict[str, Callable[[PricedType], tuple[str, ...]]] = {
    "arch": lambda row: row.type.architectures,
    "family": lambda row: (row.type.name.partition(".")[0],),
    "size": lambda row: (row.type.name.partition(".")[2],),
    "name": lambda row: (row.type.name,),
    "network": lambda row: (row.type.network.lower(),),
}
_ARCHITECTURES = {
    "arm": "arm64",
    "graviton": "arm64",
    "x86": "x86_64",
    "amd64": "x86_64",
    "x64": "x86_64",
}
_FLAGS: dict[str, Test] = {
    "gpu": lambda row: row.type.gpus > 0,
    "arm": lambda row: "arm64" in row.type.architectures,
    "arm64": lambda row: "arm64" in row.type.architectures,
    "graviton": lambda row: "arm64" in row.type.architectures,
    "x86": lambda row: "x86_64" in row.type.architectures,
    "x86_64": lambda row: "x86_64" in row.type.architectures,
    "free": lambda row: row.type.free_tier,
    "burst": lambda row: row.type.burstable,
    "burstable": lambda row: row.type.burstable,
    "disk": lambda row: row.type.local_gb > 0,
    "current": lambda row: row.type.current,
    "old": lambda row: not row.type.current,
    "spot": lambda row: row.spot is not None,
    "priced": lambda row: row.on_demand is not None,
}
HELP = "Try vcpu>=8 mem>=32 arch=arm64 price<0.4 gpu, or a part of a name."


def filter_types(rows: Iterable[Row], text: str) -> tuple[Row, ...]:
    """Return the rows that match every term of the expression, in their order.

    A term is one of:
        a comparison of `vcpu`, `mem` (GiB), `gpu`, `gpumem` (GiB), `disk` (GB), `ghz`, `price` and
        `spot` (USD an hour), `saves` (per cent), `risk` (0-4); what is unknown meets none;
        `arch`, `family`, `size`, `name`, `network` with = or !=, and * as a wildcard;
        a flag: `gpu`, `arm`, `x86`, `free`, `burst`, `disk`, `current`, `old`, `spot`, `priced`;
        a part of the type's name. `!` in front of a flag or a part negates it.

    Raises:
        FilterError: a term can't be read.
    """
    tests = parse(text)
    return tuple(row for row in rows if all(test(row) for test in tests))


def parse(text: str) -> tuple[Test, ...]:
    """Read an expression as tests that all have to hold.

    Raises:
        FilterError: a term can't be read.
    """
    terms = _SPACED.sub(r"\1", text.strip().lower()).split()
    return tuple(_term(term) for term in terms)


def _term(term: str) -> Test:
    match = _TERM.fullmatch(term)
    if match is None:
        return _word(term)
    name = _ALIASES.get(match["name"], match["name"])
    sign = "=" if match["operator"] == "==" else match["operator"]
    if name in _NUMBERS:
        return _number(name, sign, match["value"])
    if name in _TEXTS:
        return _text(name, sign, match["value"])
    known = ", ".join((*_NUMBERS, *_TEXTS))
    raise FilterError("Can't filter", f"{name or term} is none of {known}", HELP)


def _word(word: str) -> Test:
    if word.startswith("!") and len(word) > 1:
        inner = _word(word[1:])
        return lambda row: not inner(row)
    flag = _FLAGS.get(word)
    return flag if flag is not None else lambda row: word in row.type.name


def _number(name: str, sign: str, value: str) -> Test:
    wanted = _decimal(name, sign, value)
    compare, read = _COMPARE[sign], _NUMBERS[name]

    def test(row: PricedType) -> bool:
        found = read(row)
        return found is not None and compare(Decimal(found), wanted)

    return test


def _decimal(name: str, sign: str, value: str) -> Decimal:
    cleaned = value.removeprefix("$").removesuffix("%").removesuffix("gib").removesuffix("gb")
    if not cleaned:
        raise FilterError("Can't filter", f"{name}{sign} needs a number", HELP)
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", cleaned, re.ASCII):
        raise FilterError("Can't filter", f"{name}{sign}{value}: {value} is no number", HELP)
    return Decimal(cleaned)


def _text(name: str, sign: str, value: str) -> Test:
    if sign not in ("=", "!="):
        raise FilterError("Can't filter", f"{name} takes = or !=, not {sign}", HELP)
    if not value:
        raise FilterError("Can't filter", f"{name}{sign} needs a word", HELP)
    wanted = _ARCHITECTURES.get(value, value) if name == "arch" else value
    # A network is a sentence ("Up to 5 Gigabit"), so a part of it is enough.
    pattern = f"*{wanted}*" if name == "network" else wanted
    read, negated = _TEXTS[name], sign == "!="
    return lambda row: any(fnmatchcase(text, pattern) for text in read(row)) != negated
