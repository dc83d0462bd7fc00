"""Rows of a listing in packed columns: some 40 bytes a key where records take 300.

A bucket holds millions. Keys lie in one block of bytes a page, without what all of them begin with;
sizes, times and classes in arrays. A record is made when somebody looks at it.
"""

from __future__ import annotations

import operator
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain, islice
from typing import Any, Final, Generic, TypeVar, overload

from tui.core.records import S3Object

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST: Final = 2**64 - 1
T = TypeVar("T")
P = TypeVar("P", bound=Sequence[Any])


class Keys(Sequence[str]):
    """Keys of one page: one block of UTF-8, the common beginning kept once."""

    __slots__ = ("_blob", "_ends", "head", "ordered")

    def __init__(self, keys: Sequence[str]) -> None:
        self.ordered = all(map(operator.lt, keys, islice(keys, 1, None)))
        # In order, what the first and the last have in common is common to all.
        self.head = shared_head(keys[0], keys[-1]) if keys and self.ordered else ""
        cut = len(self.head)
        tails = [key[cut:] for key in keys] if cut else keys
        joined = "".join(tails)
        if joined.isascii():
            self._blob = joined.encode("ascii")
            lengths: Iterable[int] = map(len, tails)
        else:
            encoded = [tail.encode("utf-8", "surrogatepass") for tail in tails]
            self._blob = b"".join(encoded)
            lengths = map(len, encoded)
        self._ends = array("I", accumulate(lengths, initial=0))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return list(self)[at]
        at = _inside(at, len(self))
        tail = self._blob[self._ends[at] : self._ends[at + 1]]
        return self.head + tail.decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        head, ends = self.head, self._ends
        if self._blob.isascii():
            text = self._blob.decode("ascii")
            return iter([head + text[a:b] for a, b in zip(ends, islice(ends, 1, None))])  # noqa: B905
        return iter([self[at] for at in range(len(self))])

    @property
    def block(self) -> tuple[bytes, array[int]]:
        """The keys' tails in one block, and where each begins (and the last one ends)."""
        return self._blob, self._ends


class PackedPage(Sequence[S3Object]):
    """The objects of one page of a listing. Never changes."""

    __slots__ = ("classes", "keys", "kinds", "sizes", "stamps")

    def __init__(
        self,
        keys: Sequence[str],
        sizes: Iterable[int],
        stamps: Iterable[float],
        classes: Sequence[str],
    ) -> None:
        """`stamps` are seconds since 1970, exact to the microsecond for two more centuries."""
        self.keys = Keys(keys)
        self.sizes = array("Q", sizes)
        self.stamps = array("d", stamps)
        self.kinds = tuple(dict.fromkeys(classes))
        number = {name: at for at, name in enumerate(self.kinds)}
        self.classes = array("H", map(number.__getitem__, classes)) if len(number) > 1 else None

    def __len__(self) -> int:
        return len(self.sizes)

    @overload
    def __getitem__(self, at: int) -> S3Object: ...
    @overload
    def __getitem__(self, at: slice) -> list[S3Object]: ...
    def __getitem__(self, at: int | slice) -> S3Object | list[S3Object]:
        if isinstance(at, slice):
            return [self[row] for row in range(*at.indices(len(self)))]
        at = _inside(at, len(self))
        return S3Object(self.keys[at], self.sizes[at], moment(self.stamps[at]), self.kind(at))

    def __iter__(self) -> Iterator[S3Object]:
        return map(S3Object, self.keys, self.sizes, map(moment, self.stamps), self.kind_column())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(map(operator.eq, self, other))

    __hash__ = None  # type: ignore[assignment] # as for a list: equal to what is not hashed alike

    def part(self, begin: int, end: int) -> PackedPage:
        """Some of the rows as a page of their own."""
        rows = slice(begin, end)
        classes = list(self.kind_column())[rows]
        return PackedPage(self.keys[rows], self.sizes[rows], self.stamps[rows], classes)

    def kind(self, at: int) -> str:
        """The storage class of one object."""
        return self.kinds[self.classes[at] if self.classes is not None else 0]

    def kind_column(self) -> Iterable[str]:
        """The storage class of each object."""
        if self.classes is None:
            return list(self.kinds) * len(self)
        return map(self.kinds.__getitem__, self.classes)


NOTHING: Final = PackedPage((), (), (), ())


def moment(stamp: float) -> datetime:
    """A time of the column as an aware one."""
    return EPOCH + timedelta(seconds=stamp)


def shared_head(one: str, other: str) -> str:
    """What two keys begin with alike."""
    pairs = zip(one, other, strict=False)
    length = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    return one[:length]


def packed(objects: Sequence[S3Object]) -> PackedPage:
    """Return the objects in columns; they may be already."""
    if isinstance(objects, PackedPage):
        return objects
    return PackedPage(
        [row.key for row in objects],
        [min(row.size_bytes, _LARGEST) for row in objects],
        [row.modified_at.timestamp() for row in objects],
        [row.storage_class for row in objects],
    )


class _Parts(Sequence[T], Generic[T, P]):
    """A sequence that grows by whole parts. Rows keep their numbers for ever.

    Attributes:
        parts: what it was grown by, but what was empty.
        starts: the number of each part's first row.
        ordered: whether each key is greater than the one before.
    """

    def __init__(self) -> None:
        self.parts: list[P] = []
        self.starts: list[int] = []
        self.ordered = True
        self._rows = 0

    def append(self, part: P) -> None:
        """Put a part at the end."""
        if not len(part):
            return
        keys = self.keys_of(part)
        before = self.keys_of(self.parts[-1]) if self.parts else None
        goes_on = before is None or before[len(before) - 1] < keys[0]
        self.ordered = self.ordered and keys.ordered and goes_on
        self.parts.append(part)
        self.starts.append(self._rows)
        self._rows += len(part)

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> list[T]: ...
    def __getitem__(self, at: int | slice) -> T | list[T]:
        if isinstance(at, slice):
            return [self[row] for row in range(*at.indices(self._rows))]
        part, row = self.place(at)
        found: T = part[row]
        return found

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self.parts)

    def place(self, row: int) -> tuple[P, int]:
        """The part that a row is in, and its number there."""
        row = _inside(row, self._rows)
        at = bisect_right(self.starts, row) - 1
        return self.parts[at], row - self.starts[at]

    def key(self, row: int) -> str:
        """One row's key."""
        part, at = self.place(row)
        return self.keys_of(part)[at]

    def find(self, key: str) -> int | None:
        """The number of a key's row."""
        if not self.ordered:
            return next((row for row, other in enumerate(self.keys()) if other == key), None)
        at = bisect_right(self.parts, key, key=lambda part: self.keys_of(part)[0]) - 1
        if at < 0:
            return None
        keys = self.keys_of(self.parts[at])
        row = bisect_left(keys, key)
        return self.starts[at] + row if row < len(keys) and keys[row] == key else None

    def keys(self) -> Iterator[str]:
        """All keys, in the order of the rows."""
        return chain.from_iterable(map(self.keys_of, self.parts))

    def keys_of(self, part: P) -> Keys:
        """The keys of a part."""
        raise NotImplementedError


class PackedKeys(_Parts[str, Keys]):
    """Keys that come page by page: the common prefixes of a listing."""

    def keys_of(self, part: Keys) -> Keys:
        """The part itself."""
        return part


class PackedObjects(_Parts[S3Object, PackedPage]):
    """The objects of a listing, page by page.

    Attributes:
        size_bytes: all of them together.
    """

    def __init__(self, objects: Sequence[S3Object] = ()) -> None:
        super().__init__()
        self.size_bytes = 0
        self.append(packed(objects))

    def append(self, part: PackedPage) -> None:
        """Put a page at the end."""
        self.size_bytes += sum(part.sizes)
        super().append(part)

    def keys_of(self, part: PackedPage) -> Keys:
        """The keys of a page."""
        return part.keys

    def size(self, row: int) -> int:
        """One object's bytes."""
        part, at = self.place(row)
        return part.sizes[at]


def _inside(at: int, length: int) -> int:
    if at < 0:
        at += length
    if not 0 <= at < length:
        raise IndexError(at)
    return at
