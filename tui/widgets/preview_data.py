"""What a preview shows: a table, text, bytes, or a description with a picture. Pure records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

READ_BYTES = 64 * 1024  # the first range read
CHUNK_BYTES = 256 * 1024  # each further one
MOST_BYTES = 1024 * 1024  # what a page may grow to when its rows are wide
ROWS_A_PAGE = 1_000  # pandas' `chunksize`
CELLS_A_PAGE = 20_000  # a table of many columns has fewer rows a page
LINES_A_PAGE = 4_000
LINE_AT_MOST = 1_000  # a longer line goes on in the next
CELL_CHARACTERS = 300
WINDOW_PAGES = 6  # pages held at once; older ones are read again

Spans = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table: its name and its type, in short: i64, f64, str, bool, datetime.

    `read` is False where its values were not read, since that costs more than was asked for.
    """

    name: str
    kind: str
    read: bool = True

    @property
    def numeric(self) -> bool:
        """Numbers stand at the right."""
        return self.kind[:1] in "iuf" and self.kind[-1:].isdigit()


@dataclass(frozen=True, slots=True)
class TableData:
    """Some rows of a table. A missing value is None.

    Attributes:
        separator: of a delimited text; "" for what is none.
        rows_in_all: of the whole object, estimated unless `exact`.
        first: the number of the first row, from 0.
        more: whether rows follow these.
        odd: rows that have more or fewer cells than the head.
        unit: what a row is.
        note: what else is to be known ("3 row groups").
    """

    label: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]
    separator: str
    rows_in_all: int
    exact: bool
    first: int = 0
    more: bool = False
    odd: int = 0
    unit: str = "row"
    note: str = ""

    @property
    def whole(self) -> bool:
        """Whether this is all of it."""
        return not self.first and not self.more


@dataclass(frozen=True, slots=True)
class TextData:
    """Some lines of text.

    Attributes:
        colours: the same lines as spans of (role, text), or empty until they are coloured.
        language: the name that pygments' lexers are found by, or "".
    """

    label: str
    lines: tuple[str, ...]
    first: int = 0
    more: bool = False
    colours: tuple[Spans, ...] = ()
    language: str = ""
    note: str = ""

    @property
    def whole(self) -> bool:
        """Whether this is all of it."""
        return not self.first and not self.more


@dataclass(frozen=True, slots=True)
class HexData:
    """Bytes that are no text; `first` is the offset of the first."""

    label: str
    data: bytes
    first: int = 0
    more: bool = False
    facts: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def whole(self) -> bool:
        """Whether this is all of it."""
        return not self.first and not self.more


@dataclass(frozen=True, slots=True)
class Picture:
    """An image in pixels: red, green, blue, row by row."""

    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True, slots=True)
class PictureData:
    """An image: its description, and pictures of it in some widths, the narrowest first."""

    label: str
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...] = ()
    more: bool = False
    note: str = ""
    first: int = 0

    @property
    def whole(self) -> bool:
        """Whether all of it was read."""
        return not self.more


PreviewData = TableData | TextData | HexData | PictureData


def count_of(shown: PreviewData) -> int:
    """How many rows, lines or bytes these are."""
    if isinstance(shown, TableData):
        return len(shown.rows)
    if isinstance(shown, TextData):
        return len(shown.lines)
    return len(shown.data) if isinstance(shown, HexData) else 0


def joined(before: PreviewData, after: PreviewData) -> PreviewData:
    """Two pages that follow each other, as one. What the later page knows better, counts."""
    if isinstance(before, TableData) and isinstance(after, TableData):
        columns = max(before.columns, after.columns, key=len)
        return replace(
            after,
            columns=columns,
            rows=before.rows + after.rows,
            first=before.first,
            odd=before.odd + after.odd,
        )
    if isinstance(before, TextData) and isinstance(after, TextData):
        coloured = bool(before.colours or after.colours)
        return replace(
            after,
            lines=before.lines + after.lines,
            colours=_spans_of(before) + _spans_of(after) if coloured else (),
            first=before.first,
        )
    if isinstance(before, HexData) and isinstance(after, HexData):
        return replace(after, data=before.data + after.data, first=before.first, facts=before.facts)
    return after


def _spans_of(text: TextData) -> tuple[Spans, ...]:
    return text.colours or tuple((("text", line),) for line in text.lines)


class PlainPages:
    """What most documents answer: their pages follow each other, a page is one read."""

    grows = False
    gathers = False

    def wants(self, _number: int) -> list[tuple[int, int]]:
        """Nothing."""
        return []

    def choose(self, _columns: Sequence[int]) -> None:
        """All columns come together."""

    def refined(self, _number: int, page: PreviewData) -> PreviewData:
        """Nothing is better known later."""
        return page


class Window:
    """The pages that are held: some that follow each other, `WINDOW_PAGES` at most.

    Attributes:
        pages: by their numbers.
        moved: by how many rows (lines, bytes) what is shown moved down when the last one came.
    """

    def __init__(self) -> None:
        self.pages: dict[int, PreviewData] = {}
        self.moved = 0

    @property
    def first(self) -> int:
        """The number of the first page held."""
        return min(self.pages, default=0)

    @property
    def last(self) -> int:
        """The number of the last page held; -1 if there is none."""
        return max(self.pages, default=-1)

    @property
    def shown(self) -> PreviewData | None:
        """All pages held as one."""
        made: PreviewData | None = None
        for number in sorted(self.pages):
            made = self.pages[number] if made is None else joined(made, self.pages[number])
        return made

    def hold(self, number: int, page: PreviewData) -> None:
        """Take a page in. One that does not follow what is held replaces it all."""
        if not self.first - 1 <= number <= self.last + 1:
            self.pages = {}
        before = bool(self.pages) and number < self.first
        self.pages[number] = page
        self.moved = count_of(page) if before else 0
        while len(self.pages) > WINDOW_PAGES:
            if before:
                del self.pages[self.last]
            else:
                self.moved -= count_of(self.pages.pop(self.first))

    def refine(self, number: int, page: PreviewData) -> bool:
        """Replace a page that is still held by a better one of the same content."""
        if number not in self.pages:
            return False
        self.pages[number] = page
        return True
