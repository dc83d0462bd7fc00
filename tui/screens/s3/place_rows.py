"""The rows of an open place: folders first, then objects, however many there are.

Nothing here is a list of records. The view is two arrays of row numbers (or none: all, as they
came), the selection a byte a row. What walks over all rows is in `arranging`, for a thread.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator, Sequence, Set
from itertools import compress
from typing import overload

from tui.core.name_filter import NameFilter
from tui.core.packed import Keys, PackedKeys, PackedObjects, packed
from tui.core.records import S3Object
from tui.screens.s3.arranging import AS_LISTED, Arranged, Marks, Mask, Stock
from tui.screens.s3.rows import Folder, Row
from tui.widgets.table_rows import TableRows

Numbers = Sequence[int]


class PlaceRows(TableRows[Row]):
    """The folders and objects of one listing; they only become more.

    Attributes:
        folders: the common prefixes.
        objects: the objects.
        marks: which of them are selected.
        arranged: their order, and which are shown.
        matches: the filter; None where all are shown.
    """

    matches: NameFilter | None

    def __init__(self) -> None:
        self.folders, self.objects = PackedKeys(), PackedObjects()
        self.marks = Marks()
        self.arranged: Arranged = AS_LISTED
        self.matches = None

    def __len__(self) -> int:
        return len(self.folders) + len(self.objects)

    # -- content ---------------------------------------------------------------------------

    @property
    def stock(self) -> Stock:
        """All rows as they are now, for a thread."""
        ordered = self.objects.ordered
        return Stock(tuple(self.folders.parts), tuple(self.objects.parts), ordered)

    @property
    def records(self) -> Sequence[Row]:
        """All rows, as they were listed."""
        return RowView(self, range(len(self.folders)), range(len(self.objects)))

    @property
    def view(self) -> Sequence[Row]:
        """What is shown."""
        return RowView(self, self._folder_rows, self._object_rows)

    @property
    def _folder_rows(self) -> Numbers:
        shown = self.arranged.folders
        return range(len(self.folders)) if shown is None else shown

    @property
    def _object_rows(self) -> Numbers:
        shown = self.arranged.objects
        return range(len(self.objects)) if shown is None else shown

    def grow(self, prefixes: Sequence[str], objects: Sequence[S3Object]) -> tuple[int, int]:
        """Add a page; returns at which row of the view how many folders came in between."""
        at = len(self._folder_rows)
        page, keys = packed(objects), Keys(prefixes)
        self.folders.append(keys)
        self.objects.append(page)
        self.marks.grow(len(self.folders), len(self.objects))
        self.arranged.grow(self.stock, self.matches)
        return at, len(self._folder_rows) - at

    def arrange(self, arranged: Arranged, matches: NameFilter | None) -> None:
        """Show the rows as they were arranged; those that came since, behind them."""
        self.arranged, self.matches = arranged, matches
        arranged.grow(self.stock, matches)

    # -- keys ------------------------------------------------------------------------------

    def key_of(self, record: Row) -> Hashable | None:
        """The row's key."""
        return record.key

    def find(self, key: Hashable) -> int | None:
        """The row of the view that has a key."""
        text = str(key)
        if text.endswith("/"):
            row = self.folders.find(text)
            if row is not None and (at := _place(self._folder_rows, row)) is not None:
                return at
        row = self.objects.find(text)
        at = _place(self._object_rows, row) if row is not None else None
        return at + len(self._folder_rows) if at is not None else None

    # -- selection -------------------------------------------------------------------------

    @property
    def selected(self) -> Set[Hashable]:
        """The selected rows' keys; how many there are is known at once."""
        return SelectedKeys(self)

    @property
    def chosen(self) -> Sequence[Row]:
        """The selected rows, as they are now; a record is made where one looks."""
        folders = array("I", compress(range(len(self.folders)), self.marks.folders))
        objects = array("I", compress(range(len(self.objects)), self.marks.objects))
        return RowView(self, folders, objects)

    def is_picked(self, row: int) -> bool:
        """Whether a row of the view is selected."""
        split = len(self._folder_rows)
        if row < split:
            return bool(self.marks.folders[self._folder_rows[row]])
        return bool(self.marks.objects[self._object_rows[row - split]])

    def toggle(self, row: int) -> None:
        """Select or unselect a row of the view."""
        split = len(self._folder_rows)
        if row < split:
            self.marks.toggle_folder(self._folder_rows[row])
        else:
            at = self._object_rows[row - split]
            self.marks.toggle_object(at, self.objects.size(at))

    def select_all(self) -> None:
        """Select all that is shown, or nothing if all was."""
        every = self.arranged.shown(len(self.folders), len(self.objects))
        if not self.marks.add(every, self.objects):
            self.unselect()

    def pick(self, mask: Mask) -> int:
        """Select what the mask means and is shown; returns how many rows that are."""
        shown = self.arranged.shown(len(self.folders), len(self.objects))
        both = mask.within(shown)
        self.marks.add(both, self.objects)
        return both.count

    def invert(self) -> None:
        """Select what is shown and was not, and the other way round."""
        self.marks.flip(self.arranged.shown(len(self.folders), len(self.objects)), self.objects)

    def unselect(self) -> None:
        """Select nothing."""
        self.marks = Marks()
        self.marks.grow(len(self.folders), len(self.objects))


class RowView(Sequence[Row]):
    """Some rows of a place in some order; a row is made where one looks."""

    def __init__(self, rows: PlaceRows, folders: Numbers, objects: Numbers) -> None:
        self._rows, self._folders, self._objects = rows, folders, objects

    def __len__(self) -> int:
        return len(self._folders) + len(self._objects)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        if isinstance(at, slice):
            return [self[row] for row in range(*at.indices(len(self)))]
        at = at + len(self) if at < 0 else at
        split = len(self._folders)
        if 0 <= at < split:
            return Folder(self._rows.folders[self._folders[at]])
        if not split <= at < len(self):
            raise IndexError(at)
        return self._rows.objects[self._objects[at - split]]

    def __iter__(self) -> Iterator[Row]:
        yield from (Folder(self._rows.folders[row]) for row in self._folders)
        if self._objects == range(len(self._rows.objects)):
            yield from self._rows.objects  # a page at a time is quicker
        else:
            yield from map(self._rows.objects.__getitem__, self._objects)


class SelectedKeys(Set[Hashable]):
    """The keys of the selected rows, without a set of them."""

    def __init__(self, rows: PlaceRows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return self._rows.marks.count

    def __iter__(self) -> Iterator[Hashable]:
        rows = self._rows
        yield from compress(rows.folders.keys(), rows.marks.folders)
        yield from compress(rows.objects.keys(), rows.marks.objects)

    def __contains__(self, key: object) -> bool:
        rows, text = self._rows, str(key)
        folder, row = rows.folders.find(text), rows.objects.find(text)
        picked = folder is not None and bool(rows.marks.folders[folder])
        return picked or (row is not None and bool(rows.marks.objects[row]))


def _place(rows: Numbers, row: int) -> int | None:
    try:
        return rows.index(row)
    except ValueError:
        return None
