"""The files of an instance beside its terminal: list a folder, walk, send and fetch as jobs."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.core import format as fmt
from tui.core.plans import Plan, PlanFact, Risk
from tui.widgets.line import Heading, Line
from tui.widgets.paint import Span, Spans
from tui.widgets.record_table import Column, RecordTable

if TYPE_CHECKING:
    from tui.core.jobs import Job
    from tui.ssh.session import SshSession
    from tui.ssh.sftp import RemoteEntry


class FilesPanel(Vertical):
    """One remote folder. It knows its session and its path; the screen tells it which."""

    def __init__(self) -> None:
        super().__init__(id="console-files")
        self.session: SshSession | None = None
        self.path = "~"

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

    async def show_folder(self, session: SshSession | None, path: str = "~") -> None:
        """List a folder of this session; nothing without one.

        Raises:
            SshError: it cannot be listed.
        """
        self.session, self.path = session, path
        line = self.query_one("#console-path", Line)
        if session is None:
            self.table.clear()
            line.show((("dim", "not connected"),))
            return
        from tui.ssh import sftp

        entries = await sftp.listdir(session, path)
        if session is not self.session or path != self.path:
            return  # an answer to an old question
        up = (sftp.RemoteEntry("..", 0, stat.S_IFDIR, 0.0),) if path not in ("~", "/") else ()
        self.table.show((*up, *entries))
        parts = PurePosixPath(path)
        where: list[Span] = [("muted", f"{parts.parent} › " if path != "~" else "")]
        where.append(("bold bright", parts.name or path))
        line.show(where, (("muted", f"{len(entries)} items"),))

    def child(self, name: str) -> str:
        """The path of an entry, or of the folder above for `..`."""
        if name == "..":
            return self.path.rpartition("/")[0] or "/"
        return f"{self.path.rstrip('/')}/{name}"


def entry_cells(entry: RemoteEntry) -> Sequence[Spans]:
    """One remote entry as a row."""
    name = entry.name
    if entry.is_folder:
        when = _age(entry) if entry.modified_at else ""
        return (("cool", "▸ "), ("text", f"{name}/")), (("dim", fmt.ABSENT),), (("muted", when),)
    number, unit = fmt.size_parts(entry.size_bytes)
    size: Spans = (("text", number), ("muted", f" {unit:>2}"))
    return (("text", f"  {name}"),), size, (("muted", _age(entry)),)


def _age(entry: RemoteEntry) -> str:
    return fmt.age(datetime.fromtimestamp(entry.modified_at, UTC), datetime.now(UTC))


async def send(job: Job, session: SshSession, local: Path, folder: str) -> str:
    """Copy a local file into a remote folder; the body of a job."""
    from tui.ssh import sftp
    from tui.ssh.threads import in_thread

    job.progress.expect(total=await in_thread(_size, local), items=1)
    target = await sftp.put(
        session,
        local,
        f"{folder.rstrip('/')}/{local.name}",
        job.progress.advance,
        cancelled=job.progress.cancelled,
    )
    return f"sent to {target}"


async def fetch(job: Job, session: SshSession, remote: str, size: int, target: Path) -> str:
    """Copy a remote file to a local path; the body of a job."""
    from tui.ssh import sftp

    job.progress.expect(total=size, items=1)
    await sftp.get(session, remote, target, job.progress.advance, cancelled=job.progress.cancelled)
    return f"saved as {target}"


def _size(path: Path) -> int:
    return path.stat().st_size


def overwrite_plan(target: Path, size_bytes: int) -> Plan | None:
    """What is asked before a local file is replaced; None where there is none. Reads the disk."""
    try:
        there = target.stat()
    except OSError:
        return None
    age = fmt.age(datetime.fromtimestamp(there.st_mtime, UTC), datetime.now(UTC))
    return Plan(
        title=f"Replace {target.name}",
        verb="Replace it",
        intro="A file of this name is there already. It is kept until the new one is whole.",
        risk=Risk.CAREFUL,
        facts=(
            PlanFact("file", str(target)),
            PlanFact("now", f"{fmt.size(there.st_size)}, {age} old"),
            PlanFact("then", fmt.size(size_bytes)),
        ),
    )
