"""Files to and from an instance: what is asked, what would be replaced, and the jobs."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import LocalError, SshError
from tui.core.local_names import local_path
from tui.core.paths import NO_HOME, exists, expanded, is_file, is_folder, nobodys, size_of, why
from tui.core.plans import Plan, PlanFact, Risk
from tui.widgets.ask_path import AskPath, Verdict
from tui.widgets.dialog import Confirm

if TYPE_CHECKING:
    from tui.core.jobs import Job
    from tui.screens.console.files import FilesPanel
    from tui.screens.console.screen import ConsoleScreen
    from tui.ssh.session import SshSession
    from tui.ssh.sftp import RemoteEntry


async def send(screen: ConsoleScreen, panel: FilesPanel, session: SshSession) -> Job | None:
    """Ask for a local file, and before one there is replaced; start the copy as a job.

    Raises:
        UserError: the place cannot be looked at, or a folder is in the way.
    """
    from tui.ssh import sftp
    from tui.ssh.threads import in_thread

    label, folder = session.target.label, panel.path
    given = await screen.app.push_screen_wait(
        AskPath(
            "Send a file",
            f"to {panel.shown} on {label}",
            look=look_at_file,
            run=screen.services.gateway.run,
            verb="send",
        )
    )
    if not given:
        return None
    local = expanded(given)
    remote = f"{folder.rstrip('/')}/{local.name}"
    there = await sftp.look_up(session, remote)
    if there is not None:
        if there.is_folder:
            raise SshError(
                f"Can't send {local.name}",
                f"a folder of that name is in {panel.shown} on {label}",
                "Open that folder, or give the file another name.",
            )
        size = await in_thread(size_of, local)
        plan = replace_plan(local.name, f"{remote} on {label}", there, size)
        if not await screen.app.push_screen_wait(Confirm(plan)):
            return None

    async def body(job: Job) -> str:
        job.progress.expect(total=await in_thread(size_of, local), items=1)
        advance, cancelled = job.progress.advance, job.progress.cancelled
        target = await sftp.put(
            session, local, remote, advance, cancelled=cancelled, replace=there is not None
        )
        return f"sent to {target}"

    return screen.services.jobs.start("send", f"{local.name} to {label}", body)


async def fetch(
    screen: ConsoleScreen, panel: FilesPanel, session: SshSession, entry: RemoteEntry
) -> Job | None:
    """Ask for a local folder, and before a file there is replaced; start the copy as a job.

    Raises:
        UserError: the remote name has no safe local one, or a folder is in the way.
    """
    from tui.ssh import sftp
    from tui.ssh.threads import in_thread

    remote, label = panel.child(entry.name), session.target.label
    folder = await screen.app.push_screen_wait(
        AskPath(
            f"Fetch {entry.name}",
            "into a local folder",
            value=str(screen.services.settings.downloads),
            look=look_at_folder,
            run=screen.services.gateway.run,
            verb="fetch",
            folders_only=True,
        )
    )
    if not folder:
        return None
    target = local_path(expanded(folder), entry.name)
    plan = await in_thread(overwrite_plan, target, entry.size_bytes)
    if plan is not None and not await screen.app.push_screen_wait(Confirm(plan)):
        return None

    async def body(job: Job) -> str:
        job.progress.expect(total=entry.size_bytes, items=1)
        advance, cancelled = job.progress.advance, job.progress.cancelled
        await sftp.get(
            session, remote, target, advance, cancelled=cancelled, replace=plan is not None
        )
        return f"saved as {target}"

    return screen.services.jobs.start("fetch", f"{entry.name} from {label}", body)


def look_at_file(text: str) -> Verdict:
    """Whether a path is a file to read. Reads the disk."""
    path = expanded(text)
    if not text.strip():
        return Verdict(problem="type a path; tab completes it")
    if is_folder(path):
        return Verdict(problem="that is a folder: send one file at a time")
    if not exists(path):
        return Verdict(problem=NO_HOME if nobodys(text) else "there is no such file")
    return _told(path) if is_file(path) else Verdict(problem="that is not a file")


def _told(path: Path) -> Verdict:
    try:
        with path.open("rb"):
            return Verdict(told=f"a file of {fmt.size(path.stat().st_size)}")
    except OSError as error:
        return Verdict(problem=why(error))


def look_at_folder(text: str) -> Verdict:
    """Whether a path is a folder to write to. Reads the disk."""
    path = expanded(text)
    if not text.strip():
        return Verdict(problem="type a folder; tab completes it")
    if not exists(path):
        return Verdict(problem=NO_HOME if nobodys(text) else "there is no such folder")
    if not is_folder(path):
        return Verdict(problem="that is not a folder")
    return Verdict(told="it is there")


def overwrite_plan(target: Path, size_bytes: int) -> Plan | None:
    """What is asked before a local file is replaced; None where there is none. Reads the disk.

    Raises:
        LocalError: a folder is in the way.
    """
    from tui.ssh.sftp import RemoteEntry

    try:
        now = target.stat() if exists(target) else target.lstat()
    except OSError:
        return None
    if stat.S_ISDIR(now.st_mode):
        raise LocalError(
            f"Can't write {target.name}",
            f"a folder of that name is in {target.parent}",
            "Choose another folder.",
        )
    there = RemoteEntry(target.name, now.st_size, now.st_mode, now.st_mtime)
    return replace_plan(target.name, str(target), there, size_bytes)


def replace_plan(name: str, place: str, there: RemoteEntry, size_bytes: int) -> Plan:
    """What is asked before a file, here or there, is replaced by one of that size."""
    age = fmt.age(datetime.fromtimestamp(there.modified_at, UTC), datetime.now(UTC))
    return Plan(
        title=f"Replace {name}",
        verb="Replace it",
        intro="A file of this name is there already. It is kept until the new one is whole.",
        risk=Risk.CAREFUL,
        facts=(
            PlanFact("file", place),
            PlanFact("now", f"{fmt.size(there.size_bytes)}, {age} old"),
            PlanFact("then", fmt.size(size_bytes)),
        ),
    )
