"""What it costs to write objects anew, to move them to another class, and to restore them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext

from tui.core.records import S3Object
from tui.cost.book import PriceBook
from tui.cost.estimate import HOURS_PER_MONTH
from tui.cost.prices import Price
from tui.cost.s3 import ARCHIVES, SMALLEST_BILLED, StorageMonth, gigabytes, s3_month
from tui.cost.tiers import EXACT_DIGITS

# Days that are billed even if an object goes before: https://aws.amazon.com/s3/pricing/
LEAST_DAYS = {
    "STANDARD_IA": 30,
    "ONEZONE_IA": 30,
    "GLACIER_IR": 90,
    "GLACIER": 90,
    "DEEP_ARCHIVE": 180,
}
RETRIEVED_FOR_MONEY = ("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR")  # reading, so copying, costs
# What each speed takes: AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
WAITS = {
    ("GLACIER", "Expedited"): "1–5 minutes",
    ("GLACIER", "Standard"): "3–5 hours",
    ("GLACIER", "Bulk"): "5–12 hours",
    ("DEEP_ARCHIVE", "Standard"): "within 12 hours",
    ("DEEP_ARCHIVE", "Bulk"): "within 48 hours",
}
_FREE_BULK = Price(Decimal(0), "GB", "bulk retrievals from Glacier are free", date(2021, 11, 30))
_PADDED_BYTES = max(SMALLEST_BILLED.values())  # the same for all of them
_DAYS_PER_MONTH = Decimal(HOURS_PER_MONTH) / 24


@dataclass(frozen=True, slots=True)
class Charge:
    """One kind of cost: what is known of it, USD; `whole` is False where a price is unknown."""

    label: str
    known: Decimal
    whole: bool = True
    source: Price | None = None


@dataclass(frozen=True, slots=True)
class Charges:
    """What an act costs once."""

    lines: tuple[Charge, ...]

    @property
    def known(self) -> Decimal:
        """USD of all parts with a known price."""
        return sum((line.known for line in self.lines), Decimal(0))

    @property
    def whole(self) -> bool:
        """True where no price is unknown."""
        return all(line.whole for line in self.lines)

    @property
    def source(self) -> Price | None:
        """The oldest of the prices, as the one to name."""
        found = [line.source for line in self.lines if line.source is not None]
        return min(found, key=lambda price: price.as_of) if found else None


def held_by_class(objects: Iterable[S3Object]) -> dict[str, tuple[int, int]]:
    """Storage class -> (objects, bytes)."""
    held: dict[str, tuple[int, int]] = {}
    for row in objects:
        count, size = held.get(row.storage_class, (0, 0))
        held[row.storage_class] = count + 1, size + row.size_bytes
    return held


def objects_month(
    book: PriceBook, region: str, objects: Iterable[S3Object], storage_class: str = ""
) -> StorageMonth:
    """What these objects cost a month, each billed with at least its class's smallest size.

    With `storage_class`, what they would cost there. As if the region held nothing else: an
    account that is in a later tier already pays a little less.
    """
    held: dict[str, tuple[int, int]] = {}
    for row in objects:
        name = storage_class or row.storage_class
        count, size = held.get(name, (0, 0))
        held[name] = count + 1, size + max(row.size_bytes, SMALLEST_BILLED.get(name, 0))
    return s3_month(book, region, held)


def months_in(
    book: PriceBook, region: str, objects: Sequence[S3Object], classes: Iterable[str]
) -> dict[str, StorageMonth]:
    """What all of these objects would cost a month in each of several classes, in one pass."""
    plain = padded = 0
    for row in objects:
        plain += row.size_bytes
        padded += max(row.size_bytes, _PADDED_BYTES)
    return {
        name: s3_month(
            book, region, {name: (len(objects), padded if name in SMALLEST_BILLED else plain)}
        )
        for name in classes
    }


def rewrite_charges(
    book: PriceBook,
    region: str,
    objects: Sequence[S3Object],
    now: datetime,
    storage_class: str = "",
    *,
    replaced: bool = True,
) -> Charges:
    """What copying objects onto themselves costs once.

    Args:
        storage_class: the class that they are written to, "" for each one's own.
        replaced: False where the old ones stay as versions, so that none ends early.
    """
    counts: Counter[str] = Counter(storage_class or row.storage_class for row in objects)
    charges = [_requests(book, region, counts)]
    read = held_by_class(row for row in objects if row.storage_class in RETRIEVED_FOR_MONEY)
    if read:
        charges.append(_retrieved(book, region, {name: size for name, (_, size) in read.items()}))
    if replaced and (early := _early(book, region, objects, now)) is not None:
        charges.append(early)
    return Charges(tuple(charges))


def restore_charges(
    book: PriceBook, region: str, objects: Sequence[S3Object], speed: str, days: int
) -> Charges:
    """What a restore costs once: requests, bytes, and the copies for as long as they stay."""
    held = held_by_class(row for row in objects if row.storage_class in ARCHIVES)
    requests, fetched = _Sum("requests"), _Sum("retrieval")
    for name, (count, size) in held.items():
        free = (name, speed) == ("GLACIER", "Bulk")
        asked = book.s3_requests(region, name, f"retrieval_{speed.lower()}")
        requests.add(_FREE_BULK if free else asked, Decimal(count) / 1000)
        per_gb = book.s3_retrieval_gb(region, name, speed.lower())
        fetched.add(_FREE_BULK if free else per_gb, gigabytes(size))
    copies = _Sum(f"copies, {days} day{'' if days == 1 else 's'}")
    standard = book.s3_price(region, "STANDARD")
    total = gigabytes(sum(size for _, size in held.values()))
    copies.add(standard.first if standard else None, total * days / _DAYS_PER_MONTH)
    return Charges((requests.charge, fetched.charge, copies.charge))


def months_to_pay_back(once: Charges, before: StorageMonth, after: StorageMonth) -> Decimal | None:
    """Months until what is saved has paid for the move; None if unknown, or never."""
    if before.per_month is None or after.per_month is None or not once.whole:
        return None
    saved = before.per_month - after.per_month
    return once.known / saved if saved > 0 else None


class _Sum:
    """Adds up one kind of cost, and whether all of its prices are known."""

    def __init__(self, label: str) -> None:
        self._label, self._known, self._whole = label, Decimal(0), True
        self._source: Price | None = None

    def add(self, price: Price | None, quantity: Decimal) -> None:
        """So much at a price, or at one that is unknown."""
        if not quantity:
            return
        if price is None:
            self._whole = False
            return
        with localcontext(prec=EXACT_DIGITS):
            self._known += price.amount * quantity
        if self._source is None or price.as_of < self._source.as_of:
            self._source = price if price is not _FREE_BULK else self._source

    @property
    def charge(self) -> Charge:
        """The sum."""
        return Charge(self._label, self._known, self._whole, self._source)


def _requests(book: PriceBook, region: str, counts: Counter[str]) -> Charge:
    found = _Sum("requests")
    for name, count in counts.items():
        found.add(book.s3_requests(region, name, "put"), Decimal(count) / 1000)
    return found.charge


def _retrieved(book: PriceBook, region: str, sizes: dict[str, int]) -> Charge:
    found = _Sum("retrieval")
    for name, size in sizes.items():
        found.add(book.s3_retrieval_gb(region, name), gigabytes(size))
    return found.charge


def _early(
    book: PriceBook, region: str, objects: Sequence[S3Object], now: datetime
) -> Charge | None:
    """The rest of the least time of what is replaced before; None where nothing is.

    By when they were written: a lifecycle rule may have moved them here later.
    """
    found, any_early = _Sum("early removal"), False
    for row in objects:
        least = LEAST_DAYS.get(row.storage_class, 0)
        left = least - (now - row.modified_at).days
        if left <= 0:
            continue
        any_early = True
        price = book.s3_price(region, row.storage_class)
        billed = max(row.size_bytes, SMALLEST_BILLED.get(row.storage_class, 0))
        found.add(price.first if price else None, gigabytes(billed) * left / 30)
    return found.charge if any_early else None
