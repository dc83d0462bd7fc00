"""The keys of the S3 pane that find: places, bookmarks, a search, a total."""

from __future__ import annotations

from tui.screens.s3.bucket_facts import S3BucketFacts
from tui.screens.s3.goto import S3Goto
from tui.screens.s3.history import History, Visit
from tui.screens.s3.places import S3Places
from tui.screens.s3.search import S3Searching
from tui.screens.s3.total import S3Totalling


class S3Finding(S3Goto, S3Places, S3Searching, S3Totalling, S3BucketFacts):
    """The part of the S3 pane that goes to places and looks through them."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History()

    def connected(self) -> None:
        """Another connection has another past."""
        self.history = History()
        super().connected()

    # -- every way to another place --------------------------------------------------------

    def open_place(self, bucket: str, prefix: str = "", wanted: str = "") -> None:
        """List a place, remembering where one came from."""
        self._note_cursor()
        self.history.arrive(Visit(bucket, prefix))
        super().open_place(bucket, prefix, wanted)
        self.note_visit(bucket, prefix)

    def open_search(
        self, bucket: str, prefix: str, text: str, wanted: str = "", *, again: bool = True
    ) -> None:
        """List what matches, remembering where one came from."""
        self._note_cursor()
        self.history.arrive(Visit(bucket, prefix, text))
        super().open_search(bucket, prefix, text, wanted, again=again)

    def to_buckets(self) -> None:
        """To the root, remembering where one came from."""
        self._note_cursor()
        self.history.arrive(Visit())
        super().to_buckets()

    def _note_cursor(self) -> None:
        if self.listing is not None:
            row = self.objects_table.record
            # Of a listing that still waits for its row, that one is meant.
            self.history.leave(self.listing.wanted or (row.key if row is not None else ""))
        elif (bucket := self.buckets_table.record) is not None:
            self.history.leave(bucket.name)

    # -- back and forward ------------------------------------------------------------------

    def action_back(self) -> None:
        """To the place before."""
        self._step(-1)

    def action_forward(self) -> None:
        """To the place after."""
        self._step(1)

    def _step(self, by: int) -> None:
        self._note_cursor()
        visit = self.history.step(by)
        if visit is None:
            self.app.bell()
        elif not visit.bucket:
            super().to_buckets()
            self.buckets_table.move_to_key(visit.cursor)
        elif visit.found:
            place = visit.bucket, visit.prefix, visit.found, visit.cursor
            super().open_search(*place, again=False)
        else:
            super().open_place(visit.bucket, visit.prefix, visit.cursor)
