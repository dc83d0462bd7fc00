"""Orders, filters and selections over all rows of a place, made for a thread.

Nothing here holds the interpreter for long: it goes page by page, and numpy sorts without it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress
from typing import TYPE_CHECKING, Any

from tui.core.name_filter import NameFilter
from tui.core.packed import Keys, PackedObjects, PackedPage
from tui.screens.s3.rows import Order

if TYPE_CHECKING:
    from tui.screens.s3.place_rows import PlaceRows

FEW = 20_000  # rows; so many are arranged at once, more in a thread
Going = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Stock:
    """All rows that there were at some time; `ordered` if their keys came in order."""

    folders: tuple[Keys, ...]
    objects: tuple[PackedPage, ...]
    ordered: bool

    @property
    def folder_count(self) -> int:
        """How many folders."""
        return sum(map(len, self.folders))

    @property
    def object_count(self) -> int:
        """How many objects."""
        return sum(map(len, self.objects))


@dataclass(eq=False, slots=True)
class Mask:
    """A byte for each row: 1 where it is meant."""

    folders: bytearray = field(default_factory=bytearray)
    objects: bytearray = field(default_factory=bytearray)

    @classmethod
    def of_all(cls, folders: int, objects: int) -> Mask:
        """Every row."""
        return cls(bytearray(b"\1") * folders, bytearray(b"\1") * objects)

    @property
    def columns(self) -> tuple[bytearray, bytearray]:
        """Those of the folders and of the objects."""
        return self.folders, self.objects

    @property
    def count(self) -> int:
        """How many rows are meant."""
        return self.folders.count(1) + self.objects.count(1)

    def within(self, other: Mask) -> Mask:
        """What both mean."""
        folders = _both(self.folders, other.folders, int.__and__)
        return Mask(folders, _both(self.objects, other.objects, int.__and__))


@dataclass(eq=False, slots=True)
class Arranged:
    """Which rows are shown and in what order, by their numbers; None is all, as listed.

    Attributes:
        mask: what the filter lets through; None without a filter.
        seen: how many folders and pages of objects went into it.
        order: the objects in the order asked for, all of them.
    """

    folders: array[int] | None = None
    objects: array[int] | None = None
    mask: Mask | None = None
    seen: tuple[int, int] = (0, 0)
    order: tuple[str, array[int] | None] = ("name", None)

    def grow(self, stock: Stock, matches: NameFilter | None) -> None:
        """Put the rows that came since at the end."""
        if self is AS_LISTED:
            return
        folder_parts, object_parts = self.seen
        folders, objects = (None, None) if self.mask is None else self.mask.columns
        row = sum(map(len, stock.folders[:folder_parts]))
        for keys in stock.folders[folder_parts:]:
            self._grow(self.folders, folders, row, keys, matches)
            row += len(keys)
        if object_parts < len(stock.objects):
            row = stock.object_count - sum(map(len, stock.objects[object_parts:]))
            for page in stock.objects[object_parts:]:
                self._grow(self.objects, objects, row, page.keys, matches)
                row += len(page)
        self.seen = len(stock.folders), len(stock.objects)

    @staticmethod
    def _grow(
        rows: array[int] | None,
        mask: bytearray | None,
        row: int,
        keys: Keys,
        matches: NameFilter | None,
    ) -> None:
        numbers: Iterable[int] = range(row, row + len(keys))
        if matches is not None and mask is not None:
            found = matches.mask(keys)
            mask += found
            numbers = compress(numbers, found)
        if rows is not None:
            rows.extend(numbers)

    def shown(self, folders: int, objects: int) -> Mask:
        """The rows that are shown, of so many."""
        return self.mask if self.mask is not None else Mask.of_all(folders, objects)


AS_LISTED = Arranged()


def arrange(
    stock: Stock,
    order: Order,
    matches: NameFilter | None,
    known: tuple[str, array[int] | None] = AS_LISTED.order,
    going: Going = lambda: True,
) -> Arranged | None:
    """Sort and filter all rows: folders first. None if it was told to stop.

    `known` is the order of the same objects as it was made before; it is taken if it is this one.
    """
    rows = known[1]
    still_right = stock.ordered if rows is None else len(rows) == stock.object_count
    objects = rows if known[0] == order.id and still_right else sorted_numbers(stock, order)
    kept = (order.id, objects)
    if matches is None and order.id == "name" and objects is None:
        return AS_LISTED
    folders = array("I", range(stock.folder_count))
    mask = None
    if matches is not None:
        mask = mask_of(stock, matches, going)
        if mask is None:
            return None
        folders = array("I", compress(folders, mask.folders))
        objects = _let_through(stock, objects, mask.objects)
    if order.id == "name-down":
        folders.reverse()
    if objects is None:
        objects = array("I", range(stock.object_count))
    elif objects is kept[1]:
        objects = objects[:]  # it grows, the kept one does not
    return Arranged(folders, objects, mask, (len(stock.folders), len(stock.objects)), kept)


def mask_of(stock: Stock, matches: NameFilter, going: Going = lambda: True) -> Mask | None:
    """What a filter lets through; None if it was told to stop."""
    mask = Mask()
    for keys in stock.folders:
        mask.folders += matches.mask(keys)
    for page in stock.objects:
        mask.objects += matches.mask(page.keys)
        if not going():
            return None
    return mask


def _let_through(stock: Stock, order: array[int] | None, mask: bytearray) -> array[int]:
    rows: array[int] = array("I")
    step = 1000
    for at in range(0, stock.object_count, step):
        if order is None:
            rows.extend(compress(range(at, at + step), mask[at : at + step]))
        else:
            part = order[at : at + step]
            rows.extend(compress(part, map(mask.__getitem__, part)))
    return rows


def sorted_numbers(stock: Stock, order: Order) -> array[int] | None:
    """The objects' numbers in an order; None where that is how they were listed."""
    count = stock.object_count
    listed: array[int] | None = None
    if not stock.ordered:  # a directory bucket's
        keys = list(chain.from_iterable(page.keys for page in stock.objects))
        listed = array("I", sorted(range(count), key=keys.__getitem__))
    if order.by == "name":
        if not order.reverse:
            return listed
        return (listed or array("I", range(count)))[::-1]
    if count <= FEW or listed is not None:
        column = list(_column(stock, order))
        rows = listed if listed is not None else range(count)
        return array("I", sorted(rows, key=column.__getitem__, reverse=order.reverse))
    return _sorted_by_numpy(stock, order)


def _column(stock: Stock, order: Order) -> Iterable[Any]:
    if order.by == "size":
        return chain.from_iterable(page.sizes for page in stock.objects)
    if order.by == "age":
        return chain.from_iterable(page.stamps for page in stock.objects)
    return chain.from_iterable(page.kind_column() for page in stock.objects)


def _sorted_by_numpy(stock: Stock, order: Order) -> array[int]:
    """The same, without holding the interpreter: Python's own sort of a million takes a second."""
    import numpy as np

    parts: list[Any] = []
    if order.by == "size":
        parts = [np.frombuffer(page.sizes, np.uint64) for page in stock.objects]
    elif order.by == "age":
        parts = [np.frombuffer(page.stamps, np.float64) for page in stock.objects]
    else:
        kinds = sorted({kind for page in stock.objects for kind in page.kinds})
        parts = [_ranks(page, kinds) for page in stock.objects]
    column = np.concatenate(parts)
    if order.reverse:  # equal ones stay in their order
        column = ~column if order.by == "size" else -column
    made: array[int] = array("I")
    made.frombytes(np.argsort(column, kind="stable").astype(np.uint32).tobytes())
    return made


def _ranks(page: PackedPage, kinds: Sequence[str]) -> Any:
    import numpy as np

    ranks = np.array([kinds.index(kind) for kind in page.kinds], np.int16)
    if page.classes is None:
        return np.full(len(page), ranks[0], np.int16)
    return ranks[np.frombuffer(page.classes, np.uint16)]


@dataclass(eq=False, slots=True)
class Marks:
    """Which rows are selected: a byte a row; how many and how many bytes, kept up to date."""

    folders: bytearray = field(default_factory=bytearray)
    objects: bytearray = field(default_factory=bytearray)
    count: int = 0
    size_bytes: int = 0

    def grow(self, folders: int, objects: int) -> None:
        """There are so many rows now; the new ones are not selected."""
        self.folders += bytes(folders - len(self.folders))
        self.objects += bytes(objects - len(self.objects))

    def toggle_folder(self, row: int) -> None:
        """Select or unselect a folder."""
        self.folders[row] ^= 1
        self.count += 1 if self.folders[row] else -1

    def toggle_object(self, row: int, size_bytes: int) -> None:
        """Select or unselect an object."""
        self.objects[row] ^= 1
        sign = 1 if self.objects[row] else -1
        self.count += sign
        self.size_bytes += sign * size_bytes

    def add(self, mask: Mask, objects: PackedObjects) -> bool:
        """Select what the mask means; False if all of it was."""
        was = self.folders, self.objects
        self.folders = _both(self.folders, mask.folders, int.__or__)
        self.objects = _both(self.objects, mask.objects, int.__or__)
        self._weigh(objects)
        return was != (self.folders, self.objects)

    def flip(self, mask: Mask, objects: PackedObjects) -> None:
        """Select what the mask means and was not, unselect what was."""
        self.folders = _both(self.folders, mask.folders, int.__xor__)
        self.objects = _both(self.objects, mask.objects, int.__xor__)
        self._weigh(objects)

    def _weigh(self, objects: PackedObjects) -> None:
        count = self.objects.count(1)
        self.count = self.folders.count(1) + count
        if count == len(objects):
            self.size_bytes = objects.size_bytes
            return
        size = 0
        for start, page in zip(objects.starts, objects.parts, strict=True):
            size += sum(compress(page.sizes, self.objects[start : start + len(page)]))
        self.size_bytes = size


def _both(one: bytearray, other: bytearray, operation: Callable[[int, int], int]) -> bytearray:
    """Combine two masks: as two numbers, a million rows take a millisecond."""
    numbers = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    return bytearray(operation(*numbers).to_bytes(len(one), "little"))


def carry(old: PlaceRows, new: PlaceRows) -> Marks:
    """The selection of an older listing of the same place, by its keys."""
    marks = Marks()
    marks.grow(len(new.folders), len(new.objects))
    if not old.marks.count:
        return marks
    for key in compress(old.folders.keys(), old.marks.folders):
        row = new.folders.find(key)
        if row is not None:
            marks.toggle_folder(row)
    wanted = compress(old.objects.keys(), old.marks.objects)
    merges = old.objects.ordered and new.objects.ordered and old.marks.count > FEW
    for row in _merged(wanted, new.objects.keys()) if merges else map(new.objects.find, wanted):
        if row is not None:
            marks.toggle_object(row, new.objects.size(row))
    return marks


def _merged(wanted: Iterable[str], keys: Iterable[str]) -> Iterator[int]:
    """The numbers of those keys that are wanted; both are in order."""
    numbered = enumerate(keys)
    row, key = next(numbered, (-1, None))
    for one in wanted:
        while key is not None and key < one:
            row, key = next(numbered, (-1, None))
        if key == one:
            yield row
