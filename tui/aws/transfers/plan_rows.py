"""Plans of transfers as rows of a ledger, and back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, TypeVar

from tui.aws.s3.copy_plan import CopyItem, CopyPlan
from tui.aws.s3.sync_plan import (
    COPY,
    DELETE,
    OVERWRITE,
    LocalFile,
    RemoteFile,
    SyncAction,
    SyncOptions,
    SyncPlan,
)
from tui.aws.transfers.plan import (
    DownloadPlan,
    PlannedDownload,
    PlannedUpload,
    Skipped,
    UploadPlan,
)
from tui.core.ledger import Intent
from tui.core.ledger_folder import Row, new_intent

UPLOAD, UPLOADS = "upload", "uploads"
DOWNLOAD, DOWNLOADS, VERSION = "download", "downloads", "version"
COPIES, RESTORE, SYNC = "copies", "restore", "sync"

ITEM, SKIPPED, FOLDER = "i", "s", "f"
_PATHS: Final = frozenset({"path", "folder"})

T = TypeVar("T")
AnyPlan = UploadPlan | DownloadPlan | CopyPlan | SyncPlan


@dataclass(frozen=True, slots=True)
class Work:
    """What one job is to do: a plan, and what it is called.

    Attributes:
        items: what is done one by one, in the order of the ledger's numbers.
        about: what else a ledger has to say, to make the plan of its rows again.
    """

    kind: str
    verb: str
    subject: str
    bucket: str
    plan: AnyPlan
    items: tuple[Any, ...]
    size_bytes: int
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def buckets(self) -> tuple[str, ...]:
        """All that its requests go to."""
        target = self.plan.target if isinstance(self.plan, CopyPlan) else self.bucket
        return tuple(dict.fromkeys((self.bucket, target)))

    @staticmethod
    def bytes_of(item: Any) -> int:
        """How much of the whole one item is: nothing, where it is deleted."""
        deleted = isinstance(item, SyncAction) and item.kind == DELETE
        return 0 if deleted else int(item.size_bytes)

    def intent(self) -> Intent:
        """What a ledger begins with."""
        count = len(self.items)
        return new_intent(
            self.kind, self.verb, self.subject, self.bucket, count, self.size_bytes, **self.about
        )

    def rows(self) -> Iterator[Row]:
        """Yield the plan's rows: its items first."""
        if isinstance(self.plan, SyncPlan):
            return ((ITEM, *_sync_row(item)) for item in self.items)
        return _rows(self.plan)


def upload_work(plan: UploadPlan, bucket: str) -> Work:
    """The upload of a folder's files."""
    subject = f"to {bucket}/{plan.target}"
    about = {"target": plan.target}
    return Work(UPLOADS, "upload", subject, bucket, plan, plan.items, plan.size_bytes, about)


def one_upload_work(item: PlannedUpload, bucket: str) -> Work:
    """The upload of one file."""
    subject = f"{item.path.name} to {bucket}/{item.key}"
    plan = UploadPlan((item,), (), item.key)
    about = {"target": item.key}
    return Work(UPLOAD, "upload", subject, bucket, plan, plan.items, item.size_bytes, about)


def download_work(plan: DownloadPlan, bucket: str) -> Work:
    """The download of many objects."""
    subject = f"{bucket} to {plan.folder.name or plan.folder}"
    about = {"folder": _text(plan.folder)}
    return Work(DOWNLOADS, "download", subject, bucket, plan, plan.items, plan.size_bytes, about)


def one_download_work(item: PlannedDownload, bucket: str, version_id: str = "") -> Work:
    """The download of one object, or of one of its versions."""
    plan = DownloadPlan(item.path.parent, (item,))
    kind = VERSION if version_id else DOWNLOAD
    about = {"folder": _text(plan.folder), "version": version_id}
    subject = f"{bucket}/{item.key}"
    return Work(kind, "download", subject, bucket, plan, plan.items, item.size_bytes, about)


def copy_work(plan: CopyPlan) -> Work:
    """The copying, or moving, of many objects."""
    verb = "move" if plan.moves else "copy"
    subject = f"{plan.source} to {plan.target}"
    about = {"target": plan.target, "moves": plan.moves}
    return Work(COPIES, verb, subject, plan.source, plan, plan.items, plan.size_bytes, about)


def restore_work(item: CopyItem, bucket: str, version_id: str) -> Work:
    """The copying of one version onto its key."""
    plan = CopyPlan(bucket, bucket, (item,))
    about = {"target": bucket, "moves": False, "version": version_id}
    subject = f"{bucket}/{item.target}"
    return Work(RESTORE, "restore", subject, bucket, plan, plan.items, item.size_bytes, about)


def sync_work(plan: SyncPlan) -> Work:
    """A sync: what is written, then what is deleted."""
    items, size_bytes = plan.of(COPY, OVERWRITE, DELETE), plan.size_of(COPY, OVERWRITE)
    options = plan.options
    about = {
        "folder": _text(plan.folder),
        "prefix": plan.prefix,
        "up": options.up,
        "deletes": options.deletes,
    }
    here, there = plan.folder.name or str(plan.folder), f"{plan.bucket}/{plan.prefix}"
    subject = f"{here} to {there}" if options.up else f"{there} to {here}"
    return Work(SYNC, "sync", subject, plan.bucket, plan, items, size_bytes, about)


def plan_of(intent: Intent, rows: Iterable[list[Any]]) -> AnyPlan:
    """Make a job's plan again of its ledger.

    Raises:
        ValueError, TypeError, LookupError: it is another program's, or damaged.
    """
    plan = _made_again(intent, rows)
    items = plan.of(COPY, OVERWRITE, DELETE) if isinstance(plan, SyncPlan) else plan.items
    if len(items) != intent.items:
        raise ValueError(intent.items)
    return plan


def _made_again(intent: Intent, rows: Iterable[list[Any]]) -> AnyPlan:
    about = intent.about
    if intent.kind in (UPLOAD, UPLOADS):
        items, skipped, _ = _sorted_out(rows, _maker(PlannedUpload))
        return UploadPlan(items, skipped, about["target"])
    if intent.kind in (DOWNLOAD, DOWNLOADS, VERSION):
        found, skipped, folders = _sorted_out(rows, _maker(PlannedDownload))
        return DownloadPlan(Path(about["folder"]), found, folders, skipped)
    if intent.kind in (COPIES, RESTORE):
        copied, skipped, _ = _sorted_out(rows, _maker(CopyItem))
        return CopyPlan(intent.bucket, about["target"], copied, skipped, about["moves"])
    if intent.kind == SYNC:
        actions, _, _ = _sorted_out(rows, _sync_action)
        options = SyncOptions(up=about["up"], deletes=about["deletes"])
        return SyncPlan(Path(about["folder"]), intent.bucket, about["prefix"], options, actions)
    raise ValueError(intent.kind)


def targets_of(plan: AnyPlan | None) -> Iterator[Path | None]:
    """Yield the file that each item is downloaded to, None for one that is not."""
    if isinstance(plan, DownloadPlan):
        yield from (item.path for item in plan.items)
    elif isinstance(plan, SyncPlan) and not plan.options.up:
        for item in plan.of(COPY, OVERWRITE):
            yield plan.folder / item.remote.local_name if item.remote is not None else None


def _rows(plan: UploadPlan | DownloadPlan | CopyPlan) -> Iterator[Row]:
    if plan.items:
        names = [one.name for one in fields(plan.items[0])]
        read = attrgetter(*names)
        paths = [at for at, name in enumerate(names) if name in _PATHS]
        for item in plan.items:
            row = [ITEM, *read(item)]
            for at in paths:
                row[at + 1] = _text(row[at + 1])
            yield row
    for one in plan.skipped:
        yield SKIPPED, one.name, one.reason
    for folder in getattr(plan, "folders", ()):
        yield FOLDER, _text(folder)


def _text(path: Path) -> str:
    """A path that means the same in another process."""
    return os.fspath(path if path.is_absolute() else Path.cwd() / path)


def _maker(kind: Callable[..., T]) -> Callable[[list[Any]], T]:
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]  # a dataclass
    paths = [at for at, name in enumerate(names) if name in _PATHS]

    def made(values: list[Any]) -> T:
        for at in paths:
            values[at] = Path(values[at])
        return kind(*(tuple(one) if isinstance(one, list) else one for one in values))

    return made


def _sync_row(item: SyncAction) -> Row:
    local = None
    if item.local is not None:
        local = (item.local.name, item.local.size_bytes, item.local.mark)
    there = item.remote
    remote = None
    if there is not None:
        remote = tuple(getattr(there, one.name) for one in fields(there))
    return item.kind, item.name, item.size_bytes, item.why, local, remote


def _sync_action(values: list[Any]) -> SyncAction:
    kind, name, size, why, local, remote = values
    here = LocalFile(local[0], local[1], tuple(local[2])) if local is not None else None
    there = RemoteFile(*remote) if remote is not None else None
    return SyncAction(kind, name, size, why, here, there)


def _sorted_out(
    rows: Iterable[list[Any]], make: Callable[[list[Any]], T]
) -> tuple[tuple[T, ...], tuple[Skipped, ...], tuple[Path, ...]]:
    items: list[T] = []
    skipped: list[Skipped] = []
    folders: list[Path] = []
    for kind, *values in rows:
        if kind == ITEM:
            items.append(make(values))
        elif kind == SKIPPED:
            skipped.append(Skipped(*values))
        else:
            folders.append(Path(values[0]))
    return tuple(items), tuple(skipped), tuple(folders)
