"""Edit an object in the user's editor, and put it back only over what was fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import ObjectQuery, S3Object
from tui.core.safe_text import visible
from tui.screens.s3.diff import DiffConfirm, DiffShow, diff_rows
from tui.screens.s3.editor import Draft, left_drafts, make_draft
from tui.screens.s3.jobs import refuse_read_only
from tui.screens.s3.messages import PlaceChanged
from tui.screens.s3.preview import ARCHIVED
from tui.screens.s3.rows import uri
from tui.widgets.chrome import hint
from tui.widgets.dialog import Ask, Choose, Confirm

if TYPE_CHECKING:
    from tui.screens.s3.writing import S3Writing

LIMIT_BYTES = 10_000_000
AT_ONCE_SECONDS = 2.0  # an editor that is back before has most likely only opened a window


@dataclass(frozen=True, slots=True)
class Editing:
    """One edit under way; `etag` is "" for an object that is to be new."""

    screen: S3Writing
    bucket: str
    key: str
    draft: Draft
    before: bytes = field(repr=False)
    etag: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict, repr=False)
    acl_lost: bool = False

    @property
    def name(self) -> str:
        """The key's last part."""
        return self.key.rpartition("/")[2] or self.key


async def edit_object(screen: S3Writing, place: ObjectQuery, row: S3Object) -> None:
    """Fetch an object, have it edited, show what changed, put it back.

    Raises:
        UserError: it is too big, can't be read or put; what was written is kept then.
    """
    from tui.aws.calls import caused_by
    from tui.aws.s3.text import fetch

    services = screen.services
    refuse_read_only(screen, f"write {row.key}")
    await mention_left(screen)
    if row.storage_class in ARCHIVED:
        raise UserError(f"Can't edit {row.key}", "it is archived", "Restore it first.")
    if row.size_bytes > LIMIT_BYTES:
        raise UserError(
            f"Can't edit {row.key}",
            f"it is bigger than {fmt.size(LIMIT_BYTES)}",
            f"Download it with {hint('s3.download')[0]}, edit it, upload it.",
        )
    screen.working("reading it…")
    with caused_by(f"Edit {uri(place.bucket, row.key)}"):
        got = await fetch(services.s3, place.bucket, row.key, LIMIT_BYTES)
    screen.working("")
    if not is_text(got.data) and not await screen.app.push_screen_wait(Confirm(_no_text(row))):
        return
    draft = await services.gateway.run(make_draft, place.bucket, row.key, got.data)
    editing = Editing(
        screen, place.bucket, row.key, draft, got.data, got.etag, got.kept, got.acl_lost
    )
    await go_on(editing)


async def mention_left(screen: S3Writing) -> None:
    """Say once where drafts lie that an app has left behind."""
    if screen.told_of_drafts:
        return
    screen.told_of_drafts = True
    left = await screen.services.gateway.run(left_drafts)
    if left:
        address, path = left[-1]
        more = f" and {len(left) - 1} more in {path.parent.parent}" if len(left) > 1 else ""
        screen.say(f"{address}: {path}{more}", title="An edit was left", severity="warning")


def is_text(data: bytes) -> bool:
    """Whether an editor would show it as it is."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


class _LeftOpen(Exception):  # noqa: N818 - a fact, not a failure
    """The user closed the question whether the editor is through."""


async def go_on(editing: Editing, *, edited: bool = False) -> None:
    """Edit (unless it was `edited` already) until it is put, thrown away, or kept as a file."""
    screen, draft = editing.screen, editing.draft
    run = screen.services.gateway.run
    while True:
        try:
            data = await run(draft.read) if edited else await _edited(editing)
        except _LeftOpen:
            _tell_kept(editing)
            return
        edited = False
        if data is None or (data == editing.before and editing.etag):
            await run(draft.remove)
            screen.say("It is as it was: nothing was put.")
            return
        rows = await run(diff_rows, editing.before, data)
        if await screen.app.push_screen_wait(DiffConfirm(edit_plan(editing, data), rows)):
            await _put(editing, data)
            return
        if not data and not editing.etag:  # nothing was written into something new
            await run(draft.remove)
            return
        chosen = await screen.app.push_screen_wait(_instead(editing))
        if chosen == "drop":
            await run(draft.remove)
            screen.say("What you wrote was thrown away.")
            return
        if chosen != "again":
            _tell_kept(editing)
            return


async def _edited(editing: Editing) -> bytes | None:
    """Run the editor; None where the text did not change.

    Raises:
        _LeftOpen: the file is perhaps still open in a window of its own.
    """
    screen, run = editing.screen, editing.screen.services.gateway.run
    before = await run(editing.draft.read)
    try:
        seconds = await screen.run_an_editor(editing.draft.path)
    except UserError:
        if await run(editing.draft.read) == before:
            await run(editing.draft.remove)
        else:
            _tell_kept(editing)
        raise
    data: bytes = await run(editing.draft.read)
    if data == before and seconds < AT_ONCE_SECONDS:
        chosen = await screen.app.push_screen_wait(_back_at_once())
        if chosen is None:
            raise _LeftOpen
        if chosen != "ready":
            return None
        data = await run(editing.draft.read)
    return data


def _back_at_once() -> Choose:
    choices = [
        ("ready", "I have saved it", "compare now"),
        ("drop", "Nothing to change", "leave the object as it is"),
    ]
    intro = "If it works in a window of its own: save there, then come back here."
    return Choose("Your editor came back at once", choices, "ready", intro)


def edit_plan(editing: Editing, data: bytes) -> Plan:
    """What the dialog asks before the object is written."""
    new = not editing.etag
    facts = [PlanFact("object", uri(editing.bucket, editing.key))]
    sizes = f"{fmt.size(len(editing.before))} to {fmt.size(len(data))}"
    facts.append(PlanFact("size", fmt.size(len(data)) if new else sizes))
    facts.append(PlanFact("type", str(editing.kept.get("ContentType", "")) or fmt.ABSENT))
    if editing.acl_lost:
        told = "may not be read: only its owner can get it after"
        facts.append(PlanFact("access list", told, "warn"))
    return Plan(
        title=f"{'Create' if new else 'Put back'} {editing.name}",
        verb="Create it" if new else "Put it back",
        intro="Only if nothing of that name is there."
        if new
        else "Only if nobody changed it meanwhile; metadata, tags and class stay as they are.",
        risk=Risk.PLAIN if new else Risk.CAREFUL,
        facts=tuple(facts),
        keep="not yet",
    )


async def _put(editing: Editing, data: bytes) -> None:
    """Write it; where something else stands there by now, the user decides."""
    from tui.aws.s3.text import CONFLICTS

    try:
        await _write(editing, editing.key, data, editing.etag)
    except UserError as error:
        if error.code not in CONFLICTS:
            raise _kept(editing, error) from error
        await _settle(editing, data)


async def _write(editing: Editing, key: str, data: bytes, etag: str) -> None:
    from tui.aws.calls import caused_by
    from tui.aws.s3.text import write

    screen, services = editing.screen, editing.screen.services
    screen.working("writing it…")
    try:
        with caused_by(f"{'Edit' if etag else 'Create'} {uri(editing.bucket, key)}"):
            await write(services.s3, editing.bucket, key, data, etag, **editing.kept)
    finally:
        screen.working("")
    await services.gateway.run(editing.draft.remove)
    screen.say(uri(editing.bucket, key), title="Put back" if etag else "Created")
    screen.post_message(PlaceChanged(editing.bucket, key[: key.rfind("/") + 1]))


async def _settle(editing: Editing, data: bytes) -> None:
    """Something else is there by now: show it, write elsewhere, overwrite, or keep the file."""
    from tui.aws.s3.text import CONFLICTS, etag_now

    screen = editing.screen
    while True:
        try:
            now = await etag_now(screen.services.s3, editing.bucket, editing.key)
            chosen = await screen.app.push_screen_wait(_conflict(editing, gone=not now))
            if chosen == "theirs":
                await _show_theirs(editing, data)
                continue
            key, etag = editing.key, now
            if chosen == "new":
                typed = await screen.app.push_screen_wait(_new_name(editing))
                key, etag = typed or "", ""
            elif chosen != "over":
                _tell_kept(editing)
                return
            elif now and not await screen.app.push_screen_wait(Confirm(_overwrite(editing))):
                continue
            if key:
                await _write(editing, key, data, etag)
                return
        except UserError as error:
            if error.code not in CONFLICTS:
                raise _kept(editing, error) from error


async def _show_theirs(editing: Editing, data: bytes) -> None:
    from tui.aws.calls import caused_by
    from tui.aws.s3.text import fetch

    screen = editing.screen
    with caused_by(None):
        got = await fetch(screen.services.s3, editing.bucket, editing.key, LIMIT_BYTES)
    rows = await screen.services.gateway.run(partial(diff_rows, got.data, data))
    intro = "From what is there now (−) to what you wrote (+)."
    await screen.app.push_screen_wait(DiffShow(editing.name, intro, rows))


def _conflict(editing: Editing, *, gone: bool) -> Choose:
    over = ("over", "Write it all the same", "") if gone else ("over", "Overwrite theirs", "asks")
    choices = [
        ("theirs", "Show what differs", "what is there now, and yours"),
        ("new", "Put mine elsewhere", "under another name"),
        over,
        ("keep", "Keep my file", "put nothing"),
    ]
    if gone:
        title = "The object is gone meanwhile"
    elif editing.etag:
        title = "Somebody changed it meanwhile"
    else:
        title = "Something of that name is there"
    intro = f"Nothing was written. Yours is in {editing.draft.path}"
    return Choose(title, choices[gone:], "new", intro)


def _new_name(editing: Editing) -> Ask:
    from tui.aws.s3.copy_plan import key_problem

    def judge(text: str) -> str | None:
        if text == editing.key:
            return "that is the one that changed"
        return key_problem(text) or None

    stem, dot, end = editing.name.rpartition(".")
    folder = editing.key[: len(editing.key) - len(editing.name)]
    mine = f"{stem}-mine.{end}" if dot and stem else f"{editing.name}-mine"
    intro = "Only if nothing is there yet."
    return Ask("Put it under another key", intro, folder + mine, verb="put it", judge=judge)


def _overwrite(editing: Editing) -> Plan:
    typable = visible(editing.name) == editing.name and len(editing.name) <= 60
    return Plan(
        title=f"Overwrite {editing.name}",
        verb="Overwrite theirs",
        intro="What is there now is replaced, if it does not change once more.",
        risk=Risk.DESTROYS,
        facts=(PlanFact("object", uri(editing.bucket, editing.key)),),
        warning="What somebody else wrote is lost, unless the bucket keeps versions.",
        typed=editing.name if typable else editing.bucket,
        keep="keep theirs",
    )


def _instead(editing: Editing) -> Choose:
    choices = [
        ("again", "Edit on", "back to the editor"),
        ("keep", "Keep the file", "put nothing now"),
        ("drop", "Throw it away", "what you wrote is lost"),
    ]
    return Choose("What you wrote is not put", choices, "again", f"It is in {editing.draft.path}")


def _no_text(row: S3Object) -> Plan:
    return Plan(
        title="This is no text",
        verb="Open it all the same",
        intro="It has bytes that are not UTF-8. Many editors change more than you do on saving.",
        risk=Risk.CAREFUL,
        facts=(PlanFact("object", row.key), PlanFact("size", fmt.size(row.size_bytes))),
        keep="leave it",
    )


def _tell_kept(editing: Editing) -> None:
    editing.screen.say(str(editing.draft.path), title="What you wrote is in", severity="warning")


def _kept(editing: Editing, error: UserError) -> UserError:
    where = f"What you wrote is in {editing.draft.path}."
    return UserError(error.title, error.message, where, code=error.code)
