"""What is stored, at tiered prices."""

from __future__ import annotations

from decimal import Decimal

from tui.cost import PriceBook, colder_classes, s3_month

GB = 2**30


def test_420_gb_of_standard_as_in_the_mock_up(book: PriceBook) -> None:
    found = s3_month(book, "us-east-1", {"STANDARD": (29, 420 * GB)})
    line = found.lines[0]
    assert found.per_month == Decimal("9.66")
    assert (line.label, line.objects, line.gb) == ("standard", 29, 420)
    assert [share.quantity for share in line.shares] == [420, 0, 0]
    assert line.price is not None
    assert line.price.source == "a public copy of the Price List"


def test_all_tiers_take_their_part(book: PriceBook) -> None:
    found = s3_month(book, "us-east-1", {"STANDARD": (1, 600 * 1024 * GB)})
    assert found.per_month == Decimal("51200") * Decimal("0.023") + Decimal("460800") * Decimal(
        "0.022"
    ) + Decimal("102400") * Decimal("0.021")


def test_small_objects_are_billed_as_128_kb_when_infrequent(book: PriceBook) -> None:
    line = s3_month(book, "us-east-1", {"STANDARD_IA": (8192, 8192)}).lines[0]
    assert line.gb == 1
    assert line.per_month == Decimal("0.0125")
    assert "128 KB" in line.note


def test_archived_objects_carry_an_index(book: PriceBook) -> None:
    # 32,768 objects: 1 GB of index at Glacier's rate, a quarter GB of names at Standard's.
    line = s3_month(book, "us-east-1", {"GLACIER": (32768, 10 * GB)}).lines[0]
    assert line.per_month == Decimal("0.0036") * 11 + Decimal("0.023") / 4


def test_intelligent_tiering_pays_for_watching(book: PriceBook) -> None:
    line = s3_month(book, "us-east-1", {"INTELLIGENT_TIERING": (2000, 100 * GB)}).lines[0]
    assert line.per_month == Decimal("2.30") + Decimal("0.005")


def test_a_class_without_a_price_is_named(book: PriceBook) -> None:
    held = {"STANDARD": (1, GB), "EXPRESS_ONEZONE": (1, GB), "NEW_CLASS": (1, GB)}
    found = s3_month(book, "us-east-1", held)
    assert found.per_month is None
    assert found.known_per_month == Decimal("0.023")
    assert found.unknown == ("EXPRESS_ONEZONE", "NEW_CLASS")
    assert next(line.storage_class for line in found.lines) == "STANDARD"


def test_a_region_s_colder_classes_are_not_another_region_s(book: PriceBook) -> None:
    assert s3_month(book, "eu-west-1", {"GLACIER": (1, GB)}).per_month is None
    assert colder_classes(book, "eu-west-1", 1, GB) == ()
    assert len(colder_classes(book, "us-east-1", 1, GB)) == 5


def test_above_the_known_tiers_the_month_is_unknown(book: PriceBook) -> None:
    size = 50 * 1024 * GB
    assert s3_month(book, "us-west-2", {"STANDARD": (1, size)}).per_month == Decimal("1177.6")
    assert s3_month(book, "us-west-2", {"STANDARD": (1, size + 1)}).per_month is None


def test_an_empty_bucket_costs_nothing(book: PriceBook) -> None:
    assert s3_month(book, "us-east-1", {}).per_month == 0
    assert s3_month(book, "us-east-1", {"STANDARD": (0, 0)}).per_month == 0
