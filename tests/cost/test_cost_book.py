"""The price book: what is known with its source, and that nothing stands in for the unknown."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest

from tui.cost import BookError, PriceBook, RegionPrices, book_from_json, tiered_cost


def test_a_price_carries_its_source_and_date(book: PriceBook) -> None:
    price = book.instance_hour("us-east-1", "t3.micro")
    assert price is not None
    assert (price.amount, price.unit) == (Decimal("0.0104"), "hour")
    assert price.source == "aws/karpenter-provider-aws"
    assert price.as_of == date(2026, 7, 20)


def test_each_region_has_its_own_price(book: PriceBook) -> None:
    amounts = {
        region: price.amount
        for region in ("us-east-1", "sa-east-1", "eu-central-1")
        if (price := book.instance_hour(region, "t3.micro"))
    }
    assert amounts == {
        "us-east-1": Decimal("0.0104"),
        "sa-east-1": Decimal("0.0168"),
        "eu-central-1": Decimal("0.0120"),
    }


@pytest.mark.parametrize("region", ["", "mars-east-1", "us-east-1a", "../types"])
def test_an_unknown_region_has_no_price_at_all(book: PriceBook, region: str) -> None:
    assert book.instance_hour(region, "t3.micro") is None
    assert book.volume_gb_month(region, "gp3") is None
    assert book.public_ipv4_hour(region) is None
    assert book.s3_tiers(region, "STANDARD") is None
    assert book.instance_types(region) == ()


def test_what_only_one_region_has_a_price_for_is_unknown_elsewhere(book: PriceBook) -> None:
    assert book.s3_tiers("us-east-1", "GLACIER") is not None
    assert book.s3_tiers("eu-west-1", "GLACIER") is None
    assert book.snapshot_gb_month("us-east-1") is not None
    assert book.snapshot_gb_month("us-west-2") is None
    assert book.volume_iops("us-east-1", "io2") is not None
    assert book.volume_iops("us-east-2", "io2") is None


def test_no_price_in_the_snapshot_is_zero(book: PriceBook) -> None:
    for region in book.regions:
        for each in book.instance_types(region):
            price = book.instance_hour(region, each.name)
            assert price is None or price.amount > 0, (region, each.name)


def test_spot_is_on_demand_less_the_savings_and_says_that_it_is_an_estimate(
    book: PriceBook,
) -> None:
    full = book.instance_hour("us-east-1", "m7g.2xlarge")
    advice = book.spot_advice("us-east-1", "m7g.2xlarge")
    spot = book.spot_estimate("us-east-1", "m7g.2xlarge")
    assert full
    assert advice
    assert spot
    assert spot.amount == full.amount * (100 - advice.savings_pct) / 100
    assert spot.amount < full.amount
    assert "estimate" in spot.source
    assert spot.as_of == date(2025, 6, 28)  # the older of the two
    assert book.interruption("us-east-1", "m7g.2xlarge") in range(5)


def test_only_what_a_region_offers_is_listed(book: PriceBook) -> None:
    here = {each.name: each for each in book.instance_types("us-east-1")}
    assert len(here) == 1375
    assert here["t3.micro"].architectures == ("x86_64",)
    assert here["t3.micro"].memory_gib == 1
    assert here["p4d.24xlarge"].gpus == 8
    assert here["p4d.24xlarge"].gpu_memory_mib == 327680
    assert here["g6f.large"].gpus == 1
    assert here["t3.micro"].burstable
    assert here["t3.micro"].free_tier
    assert here["t3.micro"].current
    assert not here["m7g.large"].burstable
    assert not here["m7g.large"].free_tier
    assert not here["m4.large"].current
    assert here["m7g.metal"].bare_metal
    assert not here["m7g.large"].bare_metal
    assert len(book.instance_types("me-south-1")) == 254
    # me-central-1 has a price of t3.micro, but its list of offers does not name it.
    assert "t3.micro" not in {each.name for each in book.instance_types("me-central-1")}


def test_standard_above_50_tb_is_unknown_where_only_the_first_tier_is_known(
    book: PriceBook,
) -> None:
    tiers = book.s3_tiers("us-west-2", "STANDARD")
    assert tiers is not None
    assert [tier.upto for tier in tiers] == [Decimal(51200)]


@pytest.mark.parametrize(
    ("kind", "hours", "usd"),
    [("t2.micro", 730, "9.49"), ("m3.2xlarge", 730, "408.80"), ("m3.2xlarge", 744, "416.64")],
)
def test_the_2015_book_gives_its_published_months(
    book_2015: PriceBook, kind: str, hours: int, usd: str
) -> None:
    price = book_2015.instance_hour("us-east-1", kind)
    assert price is not None
    assert price.amount * hours == Decimal(usd)
    assert price.as_of == date(2015, 3, 31)


def test_a_book_of_ones_own_answers_from_itself_alone(book_2015: PriceBook) -> None:
    assert book_2015.instance_hour("us-east-1", "m7g.large") is None
    assert book_2015.instance_hour("us-west-2", "t2.micro") is None
    assert book_2015.public_ipv4_hour("us-east-1") is None
    assert {each.name for each in book_2015.instance_types("us-east-1")} >= {"t2.micro"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "line 1 is no JSON"),
        ("[]", "list"),
        ("{}", "has no as_of"),
        ('{"name": "x", "as_of": "soon", "regions": {}}', "isoformat"),
        (
            '{"name": "x", "as_of": "2026-01-01", "regions": {"r": {"instances": {"t": "-1"}}}}',
            "-1",
        ),
        (
            '{"name": "x", "as_of": "2026-01-01", "regions": {"r": {"instances": {"t": NaN}}}}',
            "nan",
        ),
        (
            (
                '{"name": "x", "as_of": "2026-01-01", "regions":'
                ' {"r": {"s3": {"STANDARD": [[null, 1], [5, 1]]}}}}'
            ),
            "order",
        ),
    ],
)
def test_a_book_that_is_none_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(BookError, match=why):
        book_from_json(text)


def test_a_book_without_a_region_knows_nothing() -> None:
    empty = PriceBook.of("empty", date(2026, 1, 1), {"us-east-1": RegionPrices()})
    assert empty.instance_hour("us-east-1", "t3.micro") is None
    assert empty.regions == ("us-east-1",)


def test_a_region_loads_alone() -> None:
    """What a region's prices take to load is its own file: no other region's is read."""
    program = (
        "from tui.cost import PriceBook, bundled, type_rows\n"
        "rows = type_rows(PriceBook.bundled(), 'us-east-1')\n"
        "print(len(rows), bundled.region.cache_info().currsize)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["1375", "1"]


def test_asking_for_a_price_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from tui.cost import PriceBook\n"
        "import tui.launch\n"
        "PriceBook.bundled().instance_hour('us-east-1', 't3.micro')\n"
        "print(*(m for m in ('boto3', 'pandas', 'textual', 'asyncio') if m in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == ""


def test_what_it_costs_to_read_back_depends_on_class_and_speed(book: PriceBook) -> None:
    found = {
        (name, speed): price.amount
        for name in ("STANDARD", "STANDARD_IA", "GLACIER")
        for speed in ("standard", "expedited")
        if (price := book.s3_retrieval_gb("us-east-1", name, speed))
    }
    assert found == {
        ("STANDARD_IA", "standard"): Decimal("0.01"),
        ("STANDARD_IA", "expedited"): Decimal("0.01"),
        ("GLACIER", "standard"): Decimal("0.01"),
        ("GLACIER", "expedited"): Decimal("0.03"),
    }
    put = book.s3_requests("us-east-1", "STANDARD", "put")
    assert put is not None
    assert (put.amount, put.unit) == (Decimal("0.005"), "1,000 requests")
    assert book.s3_requests("eu-west-1", "STANDARD", "put") is None


def test_transfer_out_is_tiered_and_only_where_it_is_known(book: PriceBook) -> None:
    found = book.transfer_out("us-east-1")
    assert found is not None
    assert found.first.amount == Decimal("0.09")
    assert tiered_cost(Decimal(20480), found.tiers) == Decimal("1792.0")
    assert book.transfer_out("eu-south-2") is None


def test_true_is_no_amount() -> None:
    text = '{"name": "x", "as_of": "2026-01-01", "regions": {"r": {"public_ipv4_hour": true}}}'
    with pytest.raises(BookError, match="True is no amount"):
        book_from_json(text)


def test_a_book_s_volumes_address_and_transfer_are_read() -> None:
    text = """{"name": "x", "as_of": "2026-01-01", "regions": {"r": {"public_ipv4_hour": 0.005,
      "volumes": {"gp2": "0.1"}, "transfer_out": [[10, 0.09], [null, 0]]}}}"""
    book = book_from_json(text)
    address, disk, out = (
        book.public_ipv4_hour("r"),
        book.volume_gb_month("r", "gp2"),
        book.transfer_out("r"),
    )
    assert address is not None
    assert disk is not None
    assert out is not None
    assert (address.amount, disk.amount, len(out.tiers)) == (Decimal("0.005"), Decimal("0.1"), 2)
