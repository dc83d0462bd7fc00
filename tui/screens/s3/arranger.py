"""Sorting and filtering in the S3 pane: at once where rows are few, else in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from textual import work

from tui.core.name_filter import NameFilter
from tui.screens.s3.arranging import FEW, Arranged, Going, Marks, arrange, carry
from tui.screens.s3.place_rows import PlaceRows
from tui.screens.s3.rows import Order
from tui.screens.s3.view import S3View

T = TypeVar("T")


class S3Arranger(S3View):
    """The part of the S3 pane that arranges what is loaded."""

    def sort_by(self, order: Order) -> None:
        """Sort what is loaded, and what still comes, in another order."""
        self.order = order
        self.show_lines()
        self._arrange(self.objects_table.place_rows.matches, to_first=True)

    def filter_by(self, text: str) -> None:
        """Show only the rows that match, of those loaded and those that still come."""
        prefix = self.place.prefix if self.place is not None else ""
        self._arrange(NameFilter(text, prefix) if text else None)

    def arrange_few(self) -> bool:
        """Arrange anew after rows came, if they are few enough to do that at every page."""
        rows = self.objects_table.place_rows
        if len(rows) > FEW:
            return False
        self._arrange(rows.matches)
        return True

    def settle(self, rows: PlaceRows) -> None:
        """Show the rows of a listing that has ended, in their order and with their selection."""
        old, order = self.objects_table.place_rows, self.order
        matches = old.matches
        if rows is old and order.id == "name" and rows.objects.ordered:
            self._shown(to_first=False)
        elif len(rows) + len(old) <= FEW:
            self._settled(old, rows, _settled(old, rows, order, matches), matches)
        else:
            self.show_place()
            self._settle_many(old, rows, order, matches)

    def _arrange(self, matches: NameFilter | None, *, to_first: bool = False) -> None:
        rows = self.objects_table.place_rows
        self.workers.cancel_group(self, "arrange")
        if len(rows) > FEW:
            self._arrange_many(rows, self.order, matches, to_first=to_first)
            return
        arranged = arrange(rows.stock, self.order, matches)
        assert arranged is not None
        self.objects_table.show_arranged(arranged, matches)
        self._shown(to_first=to_first)

    @work(group="arrange", exclusive=True, exit_on_error=False)
    async def _arrange_many(
        self, rows: PlaceRows, order: Order, matches: NameFilter | None, *, to_first: bool
    ) -> None:
        stock, known = rows.stock, rows.arranged.order
        arranged = await self.in_thread(lambda go: arrange(stock, order, matches, known, go))
        if arranged is not None and self.objects_table.rows is rows:
            self.objects_table.show_arranged(arranged, matches)
            self._shown(to_first=to_first)

    @work(group="arrange", exclusive=True, exit_on_error=False)
    async def _settle_many(
        self, old: PlaceRows, rows: PlaceRows, order: Order, matches: NameFilter | None
    ) -> None:
        settled = await self.in_thread(lambda _: _settled(old, rows, order, matches))
        if self.objects_table.rows is old:
            self._settled(old, rows, settled, matches)

    def _settled(
        self,
        old: PlaceRows,
        rows: PlaceRows,
        settled: tuple[Arranged, Marks],
        matches: NameFilter | None,
    ) -> None:
        arranged, marks = settled
        if rows is old:
            self.objects_table.show_arranged(arranged, matches)
        else:
            rows.marks = marks
            rows.arrange(arranged, matches)
            self.objects_table.adopt(rows)
        self._shown(to_first=False)

    def _shown(self, *, to_first: bool) -> None:
        if to_first:
            self.objects_table.move_to(0)
        self.show_place()

    async def in_thread(self, act: Callable[[Going], T]) -> T:
        """Do what takes long in a thread; `act` is told by its argument to give up."""
        stopped = threading.Event()
        try:
            return await self.services.gateway.run(act, lambda: not stopped.is_set())
        finally:
            stopped.set()


def _settled(
    old: PlaceRows, rows: PlaceRows, order: Order, matches: NameFilter | None
) -> tuple[Arranged, Marks]:
    arranged = arrange(rows.stock, order, matches, rows.arranged.order)
    assert arranged is not None
    return arranged, rows.marks if rows is old else carry(old, rows)
