"""The files of an instance beside its terminal: one folder, and the way through them."""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.core import format as fmt
from tui.core.errors import SshError
from tui.widgets.line import Heading, Line
from tui.widgets.paint import Span, Spans
from tui.widgets.record_table import Column, RecordTable

if TYPE_CHECKING:
    from tui.ssh.session import SshSession
    from tui.ssh.sftp import RemoteEntry

HOME = "~"


class FilesPanel(Vertical):
    """One remote folder. Its session, path and rows change together, and only when listed.

    Attributes:
        session: the connection that the rows came over.
        path: the folder that the rows are of; absolute, or `~` where the home is not told.
        home: the login folder's absolute path, or "".
        listed: whether there was an answer on this session yet.
    """

    def __init__(self) -> None:
        super().__init__(id="console-files")
        self.session: SshSession | None = None
        self.path, self.home = HOME, ""
        self.listed = False
        self._asked = object()

    def compose(self) -> ComposeResult:
        """Heading, path, table."""
        yield Heading("Files", (("muted", "sftp"),), follows="console-entries")
        yield Line(id="console-path")
        columns = [Column("name"), Column("size", 8, "r"), Column("age", 4, "r", 34)]
        table: RecordTable[RemoteEntry] = RecordTable(
            columns, entry_cells, keyed=lambda e: e.name, gap=1, gutter=1, id="console-entries"
        )
        yield table

    @property
    def table(self) -> RecordTable[RemoteEntry]:
        """The entries."""
        return self.query_one("#console-entries", RecordTable)

    async def show_folder(self, session: SshSession | None, path: str = HOME) -> bool:
        """List a folder of this session; False without one, and if another was asked for since.

        Until the answer is here, and if it is none, the rows stay that were shown, unless they are
        of another session.

        Raises:
            SshError: it cannot be listed.
        """
        asked = self._asked = object()
        if session is not self.session or session is None:
            self._forget(session)
        if session is None:
            return False
        from tui.ssh import sftp

        try:
            home = self.home or await _home_of(session)
            place = _absolute(path, home)
            entries = await sftp.listdir(session, place)
        except SshError:
            if asked is self._asked and not self.listed:
                self._say("could not be listed")
            raise
        if asked is not self._asked:
            return False  # an answer to an old question
        self.path, self.home, self.listed = place, home, True
        self._show(entries)
        return True

    def _forget(self, session: SshSession | None) -> None:
        """Another machine's rows must not be taken for this one's."""
        self.session, self.path, self.home, self.listed = session, HOME, "", False
        self.table.clear()
        self._say("not connected" if session is None else "listing…")

    def _say(self, what: str) -> None:
        self.query_one("#console-path", Line).show((("dim", what),))

    def _show(self, entries: Sequence[RemoteEntry]) -> None:
        from tui.ssh.sftp import RemoteEntry

        above = self.path not in (HOME, "/")
        up = (RemoteEntry("..", 0, stat.S_IFDIR, 0.0),) if above else ()
        self.table.show((*up, *entries))
        parts = PurePosixPath(self.shown)
        inner = str(parts.parent) != "." and parts.name != ""
        where: list[Span] = [("muted", f"{parts.parent} › ")] if inner else []
        where.append(("bold bright", parts.name or self.shown))
        self.query_one("#console-path", Line).show(where, (("muted", f"{len(entries)} items"),))

    @property
    def shown(self) -> str:
        """The path for people: the home folder as `~`."""
        if self.home and (self.path + "/").startswith(self.home.rstrip("/") + "/"):
            return HOME + self.path[len(self.home.rstrip("/")) :].rstrip("/")
        return self.path

    def child(self, name: str) -> str:
        """The path of an entry, or of the folder above for `..`."""
        if name == "..":
            return posixpath.dirname(self.path.rstrip("/")) or "/"
        return f"{self.path.rstrip('/')}/{name}"


async def _home_of(session: SshSession) -> str:
    from tui.ssh import sftp

    try:
        return await sftp.home(session)
    except SshError:
        if session.closed.is_set():
            raise
        return ""  # it can be listed all the same; only the way up is not known


def _absolute(path: str, home: str) -> str:
    if home and (path == HOME or path.startswith("~/")):
        return home.rstrip("/") + path[1:] or "/"
    return path


def entry_cells(entry: RemoteEntry) -> Sequence[Spans]:
    """One remote entry as a row."""
    name = entry.name
    if entry.is_folder:
        when = ("muted", _age(entry)) if entry.modified_at else ("dim", fmt.ABSENT)
        return (("cool", "▸ "), ("text", f"{name}/")), (("dim", fmt.ABSENT),), (when,)
    number, unit = fmt.size_parts(entry.size_bytes)
    size: Spans = (("text", number), ("muted", f" {unit:>2}"))
    return (("text", f"  {name}"),), size, (("muted", _age(entry)),)


def _age(entry: RemoteEntry) -> str:
    return fmt.age(datetime.fromtimestamp(entry.modified_at, UTC), datetime.now(UTC))
