"""The expression that filters the type table."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.records import InstanceType
from tui.launch import FilterError, filter_types


@dataclass(frozen=True)
class Row:
    """Stands in for a row of `tui.cost`, which launch does not know."""

    type: InstanceType
    on_demand: Decimal | None = None
    spot: Decimal | None = None
    savings_pct: int | None = None
    interruption: int | None = None


ROWS = (
    Row(
        InstanceType("t3.micro", 2, 1024, ("x86_64",), burstable=True, free_tier=True),
        Decimal("0.0104"),
        Decimal("0.0031"),
        70,
        0,
    ),
    Row(
        InstanceType("m7g.2xlarge", 8, 32768, ("arm64",)),
        Decimal("0.3264"),
        Decimal("0.1411"),
        57,
        1,
    ),
    Row(
        InstanceType("m7gd.metal", 64, 262144, ("arm64",), local_gb=3800, bare_metal=True),
        Decimal("3.4"),
    ),
    Row(
        InstanceType(
            "g5.xlarge", 4, 16384, ("x86_64",), gpus=1, gpu_memory_mib=24576, local_gb=250
        ),
        Decimal("1.006"),
        Decimal("0.4"),
        60,
        4,
    ),
    Row(InstanceType("c1.medium", 2, 1740, ("i386", "x86_64"), current=False)),
)


def names(text: str) -> list[str]:
    """The names that are left."""
    return [row.type.name for row in filter_types(ROWS, text)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", ["t3.micro", "m7g.2xlarge", "m7gd.metal", "g5.xlarge", "c1.medium"]),
        ("   ", ["t3.micro", "m7g.2xlarge", "m7gd.metal", "g5.xlarge", "c1.medium"]),
        ("vcpu>=8 mem>=32 arch=arm64 price<0.4", ["m7g.2xlarge"]),
        ("vcpu >= 8  mem >= 32", ["m7g.2xlarge", "m7gd.metal"]),
        ("VCPU>=8 ARCH=ARM", ["m7g.2xlarge", "m7gd.metal"]),
        ("arch=x86", ["t3.micro", "g5.xlarge", "c1.medium"]),
        ("arch!=arm64", ["t3.micro", "g5.xlarge", "c1.medium"]),
        ("gpu", ["g5.xlarge"]),
        ("!gpu x86", ["t3.micro", "c1.medium"]),
        ("gpu>=1 gpumem>=24", ["g5.xlarge"]),
        ("disk", ["m7gd.metal", "g5.xlarge"]),
        ("family=m7g", ["m7g.2xlarge"]),
        ("family=m7*", ["m7g.2xlarge", "m7gd.metal"]),
        ("size=micro", ["t3.micro"]),
        ("m7g", ["m7g.2xlarge", "m7gd.metal"]),
        ("xlarge", ["m7g.2xlarge", "g5.xlarge"]),
        ("!metal arm", ["m7g.2xlarge"]),
        ("metal", ["m7gd.metal"]),
        ("free", ["t3.micro"]),
        ("burst", ["t3.micro"]),
        ("old", ["c1.medium"]),
        ("spot<0.2 saves>=57% risk<=1", ["t3.micro", "m7g.2xlarge"]),
        ("price<=$0.0104", ["t3.micro"]),
        ("mem=1gib", ["t3.micro"]),
        ("mem<1.7", ["t3.micro", "c1.medium"]),
        ("vcpu=2 vcpu!=2", []),
        ("[bold]", []),
    ],
)
def test_an_expression_keeps_what_matches_every_term(text: str, left: list[str]) -> None:
    assert names(text) == left


def test_an_unknown_price_meets_no_comparison() -> None:
    assert "c1.medium" not in names("price<1000")
    assert "c1.medium" not in names("price>=0")
    assert "c1.medium" not in names("price!=1")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("vcpu>=", "vcpu>= needs a number"),
        ("vcpu>=many", "many is no number"),
        ("price<-1", "-1 is no number"),
        ("mem>=1e9", "1e9 is no number"),
        ("colour=red", "colour is none of vcpu"),
        (">=8", ">=8 is none of"),
        ("arch>arm64", "arch takes = or !="),
        ("arch=", "arch= needs a word"),
    ],
)
def test_what_can_t_be_read_is_said(text: str, says: str) -> None:
    with pytest.raises(FilterError) as caught:
        filter_types(ROWS, text)
    assert says in str(caught.value)
    assert caught.value.hint


@given(st.text(max_size=30))
def test_any_text_filters_or_is_refused(text: str) -> None:
    try:
        left = filter_types(ROWS, text)
    except FilterError:
        return
    assert set(left) <= set(ROWS)
