"""Archives as lists of their members: zip by its directory at the end, tar by its beginning."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from datetime import UTC, datetime
from typing import IO, cast

from tui.core import format as fmt
from tui.core.reads import BeyondAllowanceError, Reads, ReadsFile
from tui.widgets.preview_data import (
    CHUNK_BYTES,
    READ_BYTES,
    HexData,
    PlainPages,
    PreviewData,
    TableColumn,
    TableData,
)
from tui.widgets.preview_source import Source
from tui.widgets.preview_table import clipped

ZIP_ENDINGS = {
    "zip": "zip archive", "npz": "NumPy arrays", "xlsx": "Excel workbook",
    "docx": "Word document", "pptx": "PowerPoint slides", "jar": "Java archive",
    "whl": "Python wheel", "kmz": "map", "ods": "spreadsheet", "epub": "book",
}  # fmt: skip
MEMBERS_AT_MOST = 20_000
_COLUMNS = (
    TableColumn("name", "str"),
    TableColumn("size", "i64"),
    TableColumn("packed", "i64"),
    TableColumn("modified", "datetime"),
)
_TAR_COLUMNS = (_COLUMNS[0], _COLUMNS[1], _COLUMNS[3])
_DAMAGED = (
    zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, OSError, EOFError,
    IndexError, OverflowError,
)  # fmt: skip
Row = tuple[str | None, ...]


def is_archive(ending: str, head: bytes) -> bool:
    """Whether it is a zip file, by name or by its first bytes."""
    return ending in ZIP_ENDINGS or head[:4] in (b"PK\x03\x04", b"PK\x05\x06")


class ArchiveDocument(PlainPages):
    """One page: the members. Nothing of them is unpacked."""

    def __init__(self, reads: Reads | None, ending: str, *, packed: str) -> None:
        self.packing = packed
        self._reads, self._label = reads, ending if ending in ZIP_ENDINGS else "zip"
        self._made: PreviewData | None = None
        self.grows = reads is not None

    @classmethod
    def of_tar(cls, ending: str, data: bytes, last: bool, source: Source) -> ArchiveDocument | None:
        """The members of a tar file that are seen in its beginning, or None if it is none."""
        if data[257:262] != b"ustar" and ending != "tar":
            return None
        if not last:
            data, last = source.read(0, CHUNK_BYTES)
        rows = _tar_rows(data)
        if not rows:
            return None
        label = f"tar.{source.packing}" if source.packing else "tar"
        made = cls(None, "tar", packed=source.packing)
        note = "" if last else f"seen in its first {fmt.size(len(data))}"
        made._made = TableData(
            label, _TAR_COLUMNS, tuple(rows), "", len(rows), last, unit="member", note=note
        )
        return made

    def page(self, number: int) -> PreviewData:
        """The list, or some bytes where it cannot be read."""
        if number:
            raise IndexError(number)
        if self._reads is not None and (self._made is None or not self._made.whole):
            self._made = self._read(self._reads)
        assert self._made is not None
        return self._made

    def _read(self, reads: Reads) -> PreviewData:
        what = ("what", ZIP_ENDINGS[self._label])
        try:
            tail = reads.tail(READ_BYTES)  # the directory of most archives, and the size
        except BeyondAllowanceError:
            tail = b""
        try:
            rows = _zip_rows(reads)
        except BeyondAllowanceError as more:
            said = f"longer than was read; {fmt.size(more.needed)} more would do"
            return HexData(self._label, tail[-512:], more=True, facts=(what, ("list", said)))
        except _DAMAGED:
            facts = (what, ("list", "none, or it is damaged"))
            return HexData(self._label, tail[:512], facts=facts)
        held = tuple(rows[:MEMBERS_AT_MOST])
        return TableData(self._label, _COLUMNS, held, "", len(rows), True, unit="member")


def _zip_rows(reads: Reads) -> list[Row]:
    with zipfile.ZipFile(cast("IO[bytes]", ReadsFile(reads, READ_BYTES))) as archive:
        return [
            (
                clipped(member.filename),
                str(member.file_size),
                str(member.compress_size),
                "{}-{:02}-{:02} {:02}:{:02}".format(*member.date_time),
            )
            for member in archive.infolist()
        ]


def _tar_rows(data: bytes) -> list[Row]:
    rows: list[Row] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            while (member := archive.next()) is not None and len(rows) < MEMBERS_AT_MOST:
                modified = datetime.fromtimestamp(max(0, member.mtime), UTC)
                name = member.name + ("/" if member.isdir() else "")
                rows.append((clipped(name), str(member.size), f"{modified:%Y-%m-%d %H:%M}"))
                archive.members.clear()  # type: ignore[attr-defined]  # it keeps them all
    except (tarfile.TarError, OSError, ValueError, OverflowError, RecursionError):
        return rows  # cut off, most likely
    return rows
