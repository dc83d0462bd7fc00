"""What the objects of S3 cost a month, by storage class, at tiered prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from tui.cost.book import PriceBook
from tui.cost.prices import Price, TieredPrice
from tui.cost.tiers import EXACT_DIGITS, TierShare, covers, tier_shares

BYTES_PER_GB = 2**30  # what AWS bills as a GB
# Smaller objects are billed as if they had 128 KB: https://aws.amazon.com/s3/storage-classes/
SMALLEST_BILLED = dict.fromkeys(("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR"), 128 * 1024)
# Each archived object carries an index of 32 KB at its class's rate and 8 KB at Standard's.
ARCHIVE_INDEX_BYTES = 32 * 1024
ARCHIVE_NAME_BYTES = 8 * 1024
ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
COLDER = ("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
CLASS_WORDS = {
    "STANDARD": "standard",
    "INTELLIGENT_TIERING": "intelligent",
    "STANDARD_IA": "infrequent",
    "ONEZONE_IA": "one zone infrequent",
    "GLACIER_IR": "glacier instant",
    "GLACIER": "glacier",
    "DEEP_ARCHIVE": "deep archive",
    "REDUCED_REDUNDANCY": "reduced redundancy",
    "EXPRESS_ONEZONE": "express one zone",
}


@dataclass(frozen=True, slots=True)
class StorageLine:
    """One storage class's month.

    Attributes:
        gb: what is billed, in GB of 2**30 bytes.
        per_month: USD, or None where the price is unknown.
        price: the first tier's price with its source and date.
        shares: how much falls into each tier.
        note: why the figure is not simply size by price, or "".
    """

    storage_class: str
    objects: int
    size_bytes: int
    gb: Decimal
    per_month: Decimal | None
    price: Price | None
    shares: tuple[TierShare, ...] = ()
    note: str = ""

    @property
    def label(self) -> str:
        """The class in words."""
        return CLASS_WORDS.get(self.storage_class, self.storage_class)


@dataclass(frozen=True, slots=True)
class StorageMonth:
    """All classes of a bucket or an account in one region."""

    lines: tuple[StorageLine, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """The classes without a known price."""
        return tuple(line.storage_class for line in self.lines if line.per_month is None)

    @property
    def known_per_month(self) -> Decimal:
        """USD a month of the classes with a known price: at least this much."""
        return sum((line.per_month or Decimal(0) for line in self.lines), Decimal(0))

    @property
    def per_month(self) -> Decimal | None:
        """USD a month, or None if a class has no known price."""
        return None if self.unknown else self.known_per_month


def gigabytes(size_bytes: int) -> Decimal:
    """Turn bytes into billed GB, exactly."""
    with localcontext(prec=EXACT_DIGITS):
        return Decimal(size_bytes) / BYTES_PER_GB


def s3_month(book: PriceBook, region: str, held: Mapping[str, tuple[int, int]]) -> StorageMonth:
    """Price what is held.

    Args:
        book: where the prices are from.
        region: of the buckets. Tiers are by account and region: sum the buckets of a region first.
        held: storage class -> (objects, bytes).

    Objects under 128 KB are billed as 128 KB in the infrequent classes, which the totals show only
    in part: the figure is then the least that is billed. Intelligent-Tiering is priced as if all
    of it were in its frequent tier, the most that it can cost.
    """
    return StorageMonth(
        tuple(
            storage_line(book, region, name, objects, size)
            for name, (objects, size) in sorted(held.items(), key=_class_order)
        )
    )


def storage_line(
    book: PriceBook, region: str, storage_class: str, objects: int, size_bytes: int
) -> StorageLine:
    """Price one class."""
    billed, note = _billed_bytes(storage_class, objects, size_bytes)
    tiers_of = "STANDARD" if storage_class == "INTELLIGENT_TIERING" else storage_class
    price = book.s3_price(region, tiers_of)
    gb = gigabytes(billed)
    shares = tier_shares(gb, price.tiers) if price and covers(gb, price.tiers) else ()
    extra = _per_object(book, region, storage_class, objects)
    with localcontext(prec=EXACT_DIGITS):
        cost = sum((share.cost for share in shares), extra) if extra is not None else None
    return StorageLine(
        storage_class=storage_class,
        objects=objects,
        size_bytes=size_bytes,
        gb=gb,
        per_month=cost if shares else None,
        price=price.first if price else None,
        shares=shares,
        note=note,
    )


def colder_classes(
    book: PriceBook, region: str, objects: int, size_bytes: int
) -> tuple[StorageLine, ...]:
    """What the same objects would cost in the colder classes that have a known price."""
    lines = (storage_line(book, region, name, objects, size_bytes) for name in COLDER)
    return tuple(line for line in lines if line.per_month is not None)


def _billed_bytes(storage_class: str, objects: int, size_bytes: int) -> tuple[int, str]:
    least = SMALLEST_BILLED.get(storage_class, 0) * objects
    if least > size_bytes:
        return least, "small objects are billed as 128 KB"
    if storage_class in ARCHIVES:
        return size_bytes + ARCHIVE_INDEX_BYTES * objects, "with 40 KB of index an object"
    if storage_class == "INTELLIGENT_TIERING":
        return size_bytes, "at most: all of it in the frequent tier"
    return size_bytes, ""


def _per_object(book: PriceBook, region: str, storage_class: str, objects: int) -> Decimal | None:
    """What is charged beside the class's own GB; None where unknown."""
    if storage_class == "INTELLIGENT_TIERING":
        price = book.s3_object_monitoring(region)
        return price.amount * objects / 1000 if price else None
    if storage_class in ARCHIVES:
        standard: TieredPrice | None = book.s3_price(region, "STANDARD")
        names = gigabytes(ARCHIVE_NAME_BYTES * objects)
        return standard.tiers[0].unit_price * names if standard else None
    return Decimal(0)


def _class_order(entry: tuple[str, tuple[int, int]]) -> tuple[int, str]:
    name = entry[0]
    known = list(CLASS_WORDS)
    return (known.index(name) if name in known else len(known), name)
