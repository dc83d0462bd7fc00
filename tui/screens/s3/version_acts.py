"""What the keys of the versions dialog do, each after a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.core.errors import UserError
from tui.core.frozen import Sums, Targets
from tui.core.jobs import Progress
from tui.core.local_names import local_part
from tui.core.paths import expanded
from tui.core.versions import ObjectVersion, Versioning, history_of
from tui.screens.s3.delete import saved
from tui.screens.s3.delete_job import Deletion
from tui.screens.s3.jobs import start
from tui.screens.s3.lines import plural
from tui.screens.s3.new_file import look
from tui.screens.s3.preview import ARCHIVED
from tui.screens.s3.rows import parent
from tui.screens.s3.version_plans import afterwards, erase_plan, restore_plan, undelete_plan
from tui.widgets.ask_path import AskPath
from tui.widgets.chrome import hint
from tui.widgets.dialog import Confirm

if TYPE_CHECKING:
    from tui.screens.s3.versions import VersionsOfKey

__all__ = ["ARCHIVED", "download", "erase", "refuse_mfa", "restore", "undelete_key"]


def _version(dialog: VersionsOfKey) -> ObjectVersion:
    version = dialog.table.record
    if not isinstance(version, ObjectVersion):
        raise UserError("There is no version", "", "Nothing is left of this key.")
    return version


def _refuse_half(dialog: VersionsOfKey) -> None:
    """What becomes of a key can be told only once all its versions are listed."""
    if not dialog.whole:
        why = "not all of its versions are listed" + (" yet" if dialog.lists else "")
        raise UserError(
            "Can't tell what would be left",
            why,
            f"Wait for the end, or press {hint('versions.refresh')[0]}.",
        )


def _holding(dialog: VersionsOfKey, verb: str) -> ObjectVersion:
    """The version under the cursor, which must have bytes."""
    version = _version(dialog)
    if version.marker:
        raise UserError(
            f"Can't {verb} a delete marker",
            "it has no bytes",
            f"Choose a version below it; {hint('versions.undelete')[0]} undeletes the object.",
        )
    return version


async def restore(dialog: VersionsOfKey) -> None:
    """Copy the version under the cursor onto its key.

    Raises:
        UserError: it is the current one, or archived.
    """
    version = _holding(dialog, "restore")
    if version.latest:
        raise UserError("It is the current version already", "", "Choose an older one.")
    if version.storage_class in ARCHIVED:
        raise UserError(
            "Can't restore this version yet",
            "it is archived, and S3 copies only what can be read",
            "Bring it back from the archive first (aws s3api restore-object --version-id …).",
        )
    services, bucket = dialog.services, dialog.place.bucket
    status = dialog.versioning.status if dialog.versioning else "?"
    held = {version.storage_class: (1, version.size_bytes)}
    plan = restore_plan(
        bucket, version, dialog.versions, status, saved(held, services.book, dialog.bucket_region)
    )
    if not await dialog.app.push_screen_wait(Confirm(plan)):
        return

    async def work(progress: Progress) -> str:
        from tui.aws.s3.copy_plan import CopyItem

        item = CopyItem(
            version.key, version.key, version.size_bytes, version.etag, version.storage_class
        )
        try:
            await services.transfers.restore_version(bucket, item, version.version_id, progress)
        finally:
            dialog.changed()
        return "it is the newest version now"

    changes = (bucket, parent(version.key))
    start(dialog.pane, "restore", version.key, work, changes=changes)


async def undelete_key(dialog: VersionsOfKey) -> None:
    """Delete the markers above the newest version.

    Raises:
        UserError: it is not deleted, or there is nothing to bring back.
    """
    versions = dialog.versions
    _refuse_half(dialog)
    if not versions:
        raise UserError("There is nothing to undelete", "no version and no marker is left")
    history = history_of(versions)
    if not history.deleted:
        raise UserError("It is not deleted", "its newest version shows in the listing")
    if history.newest is None:
        raise UserError(
            "Nothing can be brought back",
            "there are markers but no version",
            f"Delete the markers with {hint('versions.erase')[0]} to tidy up.",
        )
    refuse_mfa(dialog.versioning)
    found = [(history.key, len(history.hiding), history.newest)]
    if not await dialog.app.push_screen_wait(Confirm(undelete_plan(dialog.place.bucket, found, 0))):
        return
    targets = Targets()
    for version_id in history.hiding:
        targets.add(history.key, version_id)
    _begin(dialog, targets, "delete marker", "it is back", verb="undelete")


async def erase(dialog: VersionsOfKey) -> None:
    """Delete the chosen versions and markers for good, each by its id."""
    _version(dialog)
    _refuse_half(dialog)
    chosen: list[ObjectVersion] = list(dialog.table.chosen)
    refuse_mfa(dialog.versioning)
    sums = Sums()
    for one in chosen:
        if not one.marker:
            sums.add(one.key, one.size_bytes, one.modified_at, one.storage_class)
    plan = erase_plan(
        dialog.place.bucket,
        "",
        sums,
        markers=len(chosen) - sums.count,
        money=(dialog.services.book, dialog.bucket_region),
        after=afterwards(dialog.versions, chosen),
        key=dialog.key,
        chosen=chosen,
    )
    if not await dialog.app.push_screen_wait(Confirm(plan)):
        return
    dialog.table.unselect()
    targets = Targets()
    for one in chosen:
        targets.add(one.key, one.version_id)
    _begin(dialog, targets, "version", f"{plural(len(chosen), 'version')} gone for good")


def _begin(
    dialog: VersionsOfKey, targets: Targets, noun: str, told: str, verb: str = "delete"
) -> None:
    place = dialog.place
    changes = (place.bucket, parent(dialog.key))
    services, key = dialog.services, dialog.key
    deletion = Deletion(services, place.bucket, targets, key, changes, noun, told, verb)
    deletion.ended = dialog.changed
    deletion.begin(dialog.pane)


async def download(dialog: VersionsOfKey) -> None:
    """Download the version under the cursor to a new file."""
    version = _holding(dialog, "download")
    services, bucket = dialog.services, dialog.place.bucket
    typed = await dialog.app.push_screen_wait(
        AskPath(
            "Download a version",
            f"{version.key}, {version.version_id}. To the new file:",
            look=look,
            run=services.gateway.run,
            value=str(services.settings.downloads / _file_name(version)),
        )
    )
    if not typed:
        return
    target = expanded(typed).absolute()

    async def work(progress: Progress) -> str:
        report = await services.transfers.download_version(
            bucket, version, target, progress, replaces=False
        )
        return f"{report.finish()}, to {target}"

    start(dialog.pane, "download", f"a version of {version.key}", work, pausable=True)


def _file_name(version: ObjectVersion) -> str:
    """The key's last part, with when the version was written before its ending."""
    name = local_part(version.key.rstrip("/").rpartition("/")[2] or "object")
    if version.latest:
        return name
    stem, dot, ending = name.rpartition(".")
    stamp = f"{version.modified_at.astimezone():%Y%m%d-%H%M%S}"
    return f"{stem}.{stamp}.{ending}" if dot and stem else f"{name}.{stamp}"


def refuse_mfa(versioning: Versioning | None) -> None:
    """Say what MFA delete means, before anything is asked of S3.

    Raises:
        UserError: MFA delete is on.
    """
    if versioning is not None and versioning.mfa_delete:
        raise UserError(
            "Versions can't be deleted here",
            "MFA delete is on: only the account's root user may, with a one-time code",
            "aws s3api delete-object --mfa '<device> <code>' does it.",
            code="MfaDelete",
        )
