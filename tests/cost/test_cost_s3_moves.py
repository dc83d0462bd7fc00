"""What rewriting, moving and restoring objects costs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tui.core.records import S3Object
from tui.cost import Price, PriceBook
from tui.cost.s3 import SMALLEST_BILLED
from tui.cost.s3_moves import (
    WAITS,
    Charges,
    months_in,
    months_to_pay_back,
    objects_month,
    restore_charges,
    rewrite_charges,
)

GB = 2**30
NOW = datetime(2026, 6, 30, tzinfo=UTC)
HERE = "us-east-1"


def rows(count: int, size: int, kind: str = "STANDARD", days: int = 400) -> list[S3Object]:
    at = NOW - timedelta(days=days)
    return [S3Object(f"k{n}", size, at, kind) for n in range(count)]


def parts(charges: Charges) -> dict[str, Decimal]:
    return {line.label: line.known for line in charges.lines}


def test_a_copy_of_each_is_a_request_of_its_class(book: PriceBook) -> None:
    charges = rewrite_charges(book, HERE, rows(2000, 5), NOW)
    assert parts(charges) == {"requests": Decimal("0.010")}
    cold = rewrite_charges(book, HERE, rows(1000, 5), NOW, "DEEP_ARCHIVE")
    assert cold.known == Decimal("0.05")
    assert cold.source is not None
    assert cold.source.as_of == date(2025, 10, 28)


def test_leaving_an_infrequent_class_pays_for_reading_and_for_leaving_early(
    book: PriceBook,
) -> None:
    objects = rows(10, GB, "STANDARD_IA", days=20)
    charges = rewrite_charges(book, HERE, objects, NOW, "STANDARD")
    assert parts(charges) == {
        "requests": Decimal("0.00005"),
        "retrieval": Decimal("0.10"),
        # 10 of 30 days are left, of 10 GB at 0.0125.
        "early removal": Decimal("0.0125") * 10 / 3,
    } or abs(charges.known - Decimal("0.14171667")) < Decimal("0.000001")
    old = rewrite_charges(book, HERE, rows(10, GB, "STANDARD_IA", days=31), NOW, "STANDARD")
    assert "early removal" not in parts(old)
    kept = rewrite_charges(book, HERE, objects, NOW, "STANDARD", replaced=False)
    assert "early removal" not in parts(kept)


def test_small_objects_leave_early_at_their_billed_size(book: PriceBook) -> None:
    objects = rows(8192, 1, "STANDARD_IA", days=0)  # 1 GB of 128 KB each
    early = parts(rewrite_charges(book, HERE, objects, NOW))["early removal"]
    assert abs(early - Decimal("0.0125")) < Decimal("1e-12")


def test_each_small_object_is_billed_as_128_kb_and_big_ones_as_they_are(book: PriceBook) -> None:
    mixed = [*rows(8192, 1), *rows(1, GB)]
    assert objects_month(book, HERE, mixed, "STANDARD_IA").per_month == Decimal("0.025")
    assert objects_month(book, HERE, rows(1, GB)).per_month == Decimal("0.023")


def test_in_several_classes_at_once_it_costs_what_it_costs_in_each(book: PriceBook) -> None:
    mixed = [*rows(5000, 100), *rows(3, GB)]
    names = ("STANDARD", "STANDARD_IA", "GLACIER", "NEW_CLASS")
    together = months_in(book, HERE, mixed, names)
    assert together == {name: objects_month(book, HERE, mixed, name) for name in names}
    assert set(SMALLEST_BILLED.values()) == {128 * 1024}


def test_an_unknown_price_makes_the_sum_a_least(book: PriceBook) -> None:
    charges = rewrite_charges(book, HERE, rows(1000, 5), NOW, "GLACIER_IR")
    assert not charges.whole
    assert charges.known == 0
    assert objects_month(book, "eu-west-1", rows(1, GB), "GLACIER").per_month is None


def test_a_restore_pays_for_requests_bytes_and_the_copies(book: PriceBook) -> None:
    objects = rows(1000, GB, "GLACIER")
    found = parts(restore_charges(book, HERE, objects, "Standard", 7))
    assert found["requests"] == Decimal("0.03")
    assert found["retrieval"] == 10
    copies = Decimal("0.023") * 1000 * 7 * 24 / 730
    assert abs(found["copies, 7 days"] - copies) < Decimal("1e-9")


def test_bulk_is_free_from_glacier_and_not_from_deep_archive(book: PriceBook) -> None:
    glacier = restore_charges(book, HERE, rows(1000, GB, "GLACIER"), "Bulk", 1)
    assert parts(glacier)["requests"] == parts(glacier)["retrieval"] == 0
    assert glacier.whole
    deep = restore_charges(book, HERE, rows(1000, GB, "DEEP_ARCHIVE"), "Bulk", 1)
    assert parts(deep)["retrieval"] == Decimal("2.5")
    assert ("DEEP_ARCHIVE", "Expedited") not in WAITS


def test_in_a_region_without_prices_a_restore_is_unknown_not_free(book: PriceBook) -> None:
    charges = restore_charges(book, "eu-north-1", rows(5, GB, "GLACIER"), "Standard", 1)
    assert [line.whole for line in charges.lines] == [False, False, True]
    nowhere = PriceBook.none()
    assert not restore_charges(nowhere, "x", rows(5, GB, "GLACIER"), "Bulk", 1).whole


def test_a_move_pays_back_only_if_it_saves(book: PriceBook) -> None:
    objects = rows(1000, GB)
    before, after = (objects_month(book, HERE, objects, kind) for kind in ("", "DEEP_ARCHIVE"))
    once = rewrite_charges(book, HERE, objects, NOW, "DEEP_ARCHIVE")
    months = months_to_pay_back(once, before, after)
    assert months is not None
    assert 0 < months < Decimal("0.01")
    assert months_to_pay_back(once, after, before) is None
    unknown = rewrite_charges(book, HERE, objects, NOW, "GLACIER_IR")
    assert months_to_pay_back(unknown, before, after) is None


def test_a_price_names_where_it_is_from(book: PriceBook) -> None:
    charges = restore_charges(book, HERE, rows(1, GB, "GLACIER"), "Standard", 1)
    assert isinstance(charges.source, Price)
    assert charges.source.source == "a public copy of the Price List"
