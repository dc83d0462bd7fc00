"""The rows of a record table: all its records, those in view, those selected.

`ListRows` holds them in a list. What is too many for that brings its own `TableRows`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence, Set
from typing import Any, Generic, TypeVar

R = TypeVar("R")


class TableRows(ABC, Generic[R]):
    """What a table shows. Rows are counted in the view; keys are the records' identities.

    Attributes:
        matches: what narrows the view; None where all records are in it.
    """

    matches: Any = None

    @property
    @abstractmethod
    def records(self) -> Sequence[R]:
        """All records."""

    @property
    @abstractmethod
    def view(self) -> Sequence[R]:
        """The records that are shown, in their order."""

    @property
    @abstractmethod
    def selected(self) -> Set[Hashable]:
        """The keys of the selected records."""

    @property
    @abstractmethod
    def chosen(self) -> Sequence[R]:
        """The selected records; as they are now, whatever is selected later."""

    @abstractmethod
    def key_of(self, record: R) -> Hashable | None:
        """A record's key; None where records have none."""

    @abstractmethod
    def find(self, key: Hashable) -> int | None:
        """The row of a key."""

    @abstractmethod
    def is_picked(self, row: int) -> bool:
        """Whether a row is selected."""

    @abstractmethod
    def toggle(self, row: int) -> None:
        """Select or unselect a row."""

    @abstractmethod
    def select_all(self) -> None:
        """Select all that is shown, or nothing if all was."""

    @abstractmethod
    def invert(self) -> None:
        """Select what is shown and was not, and the other way round."""

    @abstractmethod
    def unselect(self) -> None:
        """Select nothing."""


class ListRows(TableRows[R]):
    """Records in a list; the selection is a set of keys, none without `keyed`."""

    def __init__(self, keyed: Callable[[R], Hashable] | None) -> None:
        self._keyed = keyed
        self._records: list[R] = []
        self._view = self._records
        self.picked: set[Hashable] = set()

    @property
    def records(self) -> list[R]:
        """All records."""
        return self._records

    @property
    def view(self) -> list[R]:
        """The records that match."""
        return self._view

    @property
    def selected(self) -> set[Hashable]:
        """The keys of the selected records."""
        return self.picked

    @property
    def chosen(self) -> list[R]:
        """The selected records."""
        return [record for record in self._records if self.key_of(record) in self.picked]

    def show(self, records: Iterable[R]) -> None:
        """Replace all records; the selection stays with those that are still there."""
        self._records = list(records)
        self.picked &= {self.key_of(record) for record in self._records}
        self.narrow(self.matches)

    def insert(self, at: int, page: Sequence[R]) -> None:
        """Put records before the record `at`."""
        if self.matches is not None and at == len(self._records):
            self._view.extend(filter(self.matches, page))
        self._records[at:at] = page
        if self.matches is not None and at + len(page) < len(self._records):
            self.narrow(self.matches)

    def narrow(self, matches: Callable[[R], bool] | None) -> None:
        """Show only what matches; None shows all."""
        self.matches = matches
        self._view = self._records if matches is None else list(filter(matches, self._records))

    def key_of(self, record: R) -> Hashable | None:
        """A record's key."""
        return self._keyed(record) if self._keyed is not None else None

    def find(self, key: Hashable) -> int | None:
        """The row of a key."""
        if self._keyed is None:
            return None
        return next((row for row, one in enumerate(self._view) if self._keyed(one) == key), None)

    def is_picked(self, row: int) -> bool:
        """Whether a row is selected."""
        return bool(self.picked) and self.key_of(self._view[row]) in self.picked

    def toggle(self, row: int) -> None:
        """Select or unselect a row."""
        if self._keyed is not None:
            self.picked ^= {self._keyed(self._view[row])}

    def select_all(self) -> None:
        """Select all that is shown, or nothing if all was."""
        every = self._shown()
        self.picked = set() if every <= self.picked else self.picked | every

    def invert(self) -> None:
        """Select what is shown and was not, and the other way round."""
        self.picked = self.picked ^ self._shown()

    def unselect(self) -> None:
        """Select nothing."""
        self.picked = set()

    def _shown(self) -> set[Hashable]:
        return {self._keyed(record) for record in self._view} if self._keyed is not None else set()
