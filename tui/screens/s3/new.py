"""Something new: a bucket at the root; inside of one a folder, a text object or a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.core.errors import UserError
from tui.core.records import ObjectQuery
from tui.screens.s3 import create as s3_create
from tui.screens.s3.edit import Editing, go_on, mention_left
from tui.screens.s3.editor import editor_command, make_draft
from tui.screens.s3.jobs import refuse_read_only
from tui.screens.s3.messages import PlaceChanged
from tui.screens.s3.rows import uri
from tui.widgets.dialog import Ask, Choose

if TYPE_CHECKING:
    from tui.screens.s3.writing import S3Writing

FOLDER_TYPE = "application/x-directory"  # as the web console writes it


async def create(screen: S3Writing) -> None:
    """Ask what, then make it.

    Raises:
        UserError: it is there already, or could not be made.
    """
    place = screen.place
    if place is None:
        await s3_create.create_bucket(screen)
        return
    choices = [
        ("text", "Text object", "written in your editor"),
        ("folder", "Folder", "an empty object that ends in a slash"),
        ("bucket", "Bucket", ""),
    ]
    chosen = await screen.app.push_screen_wait(
        Choose("New", choices, "text", f"In {uri(place.bucket, place.prefix)}")
    )
    if chosen == "text":
        await _text(screen, place)
    elif chosen == "folder":
        await _folder(screen, place)
    elif chosen == "bucket":
        await s3_create.create_bucket(screen)


async def _folder(screen: S3Writing, place: ObjectQuery) -> None:
    refuse_read_only(screen, f"write to {place.bucket}")
    name = await _named(screen, place, "New folder", "2026", "create it", folder=True)
    if not name:
        return
    key = f"{place.prefix}{name.rstrip('/')}/"
    await _write(screen, place.bucket, key, FOLDER_TYPE)
    shown = place.prefix + name.partition("/")[0] + "/"
    screen.open_place(place.bucket, place.prefix, wanted=shown)


async def _text(screen: S3Writing, place: ObjectQuery) -> None:
    from tui.aws.s3.text import content_type_of

    refuse_read_only(screen, f"write to {place.bucket}")
    await mention_left(screen)
    name = await _named(screen, place, "New text object", "notes.md", "write it", folder=False)
    if not name:
        return
    key, kind = place.prefix + name, content_type_of(name)
    if screen.run_editor is None and editor_command() is None:
        await _write(screen, place.bucket, key, kind)
        screen.say("It is empty: there is no editor here.", title=uri(place.bucket, key))
        screen.post_message(PlaceChanged(place.bucket, place.prefix))
        return
    draft = await screen.services.gateway.run(make_draft, place.bucket, key, b"")
    await go_on(Editing(screen, place.bucket, key, draft, b"", kept={"ContentType": kind}))


async def _named(
    screen: S3Writing, place: ObjectQuery, title: str, example: str, verb: str, *, folder: bool
) -> str | None:
    from tui.aws.s3.copy_plan import key_problem

    def judge(text: str) -> str | None:
        if not text.strip("/") or text.startswith("/"):
            return "type a name; slashes inside make folders"
        if text.endswith("/") and not folder:
            return "a name that ends in a slash is a folder's"
        return key_problem(place.prefix + text.rstrip("/") + "/" * folder) or None

    intro = f"In {uri(place.bucket, place.prefix)}"
    answer: str | None = await screen.app.push_screen_wait(
        Ask(title, intro, placeholder=example, verb=verb, judge=judge)
    )
    return answer


async def _write(screen: S3Writing, bucket: str, key: str, kind: str) -> None:
    from tui.aws.calls import caused_by
    from tui.aws.s3.text import CONFLICTS, write

    screen.working("creating it…")
    try:
        with caused_by(f"Create {uri(bucket, key)}"):
            await write(screen.services.s3, bucket, key, b"", "", ContentType=kind)
    except UserError as error:
        if error.code in CONFLICTS:
            raise UserError(
                f"Can't create {key}", "it is there already", code=error.code
            ) from error
        raise
    finally:
        screen.working("")
