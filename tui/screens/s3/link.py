"""Links that read or write one object: how long, for what, and never shown unasked."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from rich.cells import chop_cells
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from tui.core import format as fmt
from tui.core.object_changes import header_problem
from tui.core.plans import Risk
from tui.core.records import ObjectQuery, S3Object
from tui.core.safe_text import visible
from tui.screens.s3.preview import ARCHIVED
from tui.screens.s3.rows import Row, name_in
from tui.widgets.dialog import Dialog
from tui.widgets.form import FieldChanged, Form, Pick, TextField
from tui.widgets.line import Block, Line, fact
from tui.widgets.paint import Spans, content, key_hint
from tui.widgets.styles import style_path

if TYPE_CHECKING:
    from tui.aws.s3.presign import Link, LinkWish
    from tui.screens.s3.acting import S3Acting

LONGEST = 7 * 24 * 3600
_TERM = re.compile(r"(\d{1,6})\s*(m|min|h|d)", re.ASCII)
_UNITS = {"m": 60, "min": 60, "h": 3600, "d": 24 * 3600}
_TERMS = [
    ("15m", "15 minutes", ""),
    ("1h", "1 hour", ""),
    ("12h", "12 hours", ""),
    ("1d", "1 day", ""),
    ("7d", "7 days", "the longest there is"),
    ("other", "other", "typed below"),
]
_KEY_BYTES = 1024
_SHEETS: list[str | PurePath] = [
    style_path("widgets/dialogs.tcss"),
    style_path("widgets/form.tcss"),
    style_path("screens/s3_changing.tcss"),
]


async def link(screen: S3Acting, place: ObjectQuery, row: Row | None) -> None:
    """Ask what the link is for, make it, and keep it back until it is asked for.

    Raises:
        AwsError: it could not be made.
    """
    from tui.aws.calls import caused_by
    from tui.aws.s3.presign import link_code, make_link

    services = screen.services
    target = row if isinstance(row, S3Object) else None
    folder = row.key if row is not None and target is None else place.prefix
    form = LinkForm(place, target, folder, read_only=services.identity.read_only)
    wish = await screen.app.push_screen_wait(form)
    if wish is None:
        return
    with caused_by(None):
        made = await make_link(services.s3, wish)
    region = services.s3.region_of(wish.bucket) or services.region
    python, cli = link_code(wish, region)
    services.log.note(f"Link to {wish.key}", python=python, cli=cli)
    archived = target is not None and not wish.upload and target.storage_class in ARCHIVED
    await screen.app.push_screen_wait(LinkReady(made, archived=archived))


def seconds_of(text: str) -> int | None:
    """Read `90m`, `36h` or `2d`; None if it is none, or is longer than a link may last."""
    found = _TERM.fullmatch(text.strip().lower())
    if found is None:
        return None
    seconds = int(found[1]) * _UNITS[found[2]]
    return seconds if 60 <= seconds <= LONGEST else None


class LinkForm(Dialog["LinkWish | None"]):
    """What a link is for; dismissed with the wish, or None."""

    CSS_PATH: ClassVar = _SHEETS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "make", "Make it", tooltip="Make the link")
    ]

    def __init__(
        self, place: ObjectQuery, target: S3Object | None, folder: str, *, read_only: bool
    ) -> None:
        super().__init__()
        self._place, self._target, self._folder = place, target, folder
        self._kinds = []
        if target is not None:
            name = name_in(target.key, place.prefix) or target.key
            self._kinds.append(("read", "download", name))
        if not read_only:
            self._kinds.append(("write", "upload", "whoever has it may write this one object"))

    def inner(self) -> ComposeResult:
        """Fields, a verdict."""
        yield Line((("bold bright", "Make a link"), ("muted", "  for who has no AWS account")))
        if not self._kinds:
            told = "Read-only mode makes no upload links. Choose an object to link to."
            yield Static(content(("muted", told)), classes="prose")
        with Form(id="link-form"):
            if self._kinds:
                yield Pick("kind", "for", self._kinds, self._kinds[0][0])
            key = self._target.key if self._target is not None else self._folder
            yield TextField("key", "object", key)
            yield Pick("term", "lasts", _TERMS, "1h")
            yield TextField("other", "how long", placeholder="90m, 36h, 2d", width=20)
            yield TextField("name", "saved as", placeholder="the object's own name")
            yield TextField("type", "content type", placeholder="as it is")
            yield Pick(
                "only_new",
                "if it exists",
                [("", "replace it", ""), ("yes", "refuse", "the upload then fails")],
                "yes",
            )
        yield Block([()], classes="said", id="link-said")
        yield Line(key_hint("⏎", "make it"), key_hint("esc", "close"), classes="foot")

    def on_mount(self) -> None:
        """Show the fields of the kind of link."""
        self._refresh()
        self.query_one(Form).start()

    def _text(self, field: str) -> str:
        return self.query_one(f"#field-{field}", TextField).value

    def _pick(self, field: str) -> str:
        return self.query_one(f"#field-{field}", Pick).value

    @property
    def _upload(self) -> bool:
        return bool(self._kinds) and self._pick("kind") == "write"

    def _refresh(self) -> None:
        upload, other = self._upload, self._pick("term") == "other"
        shown = {"key": upload, "only_new": upload, "name": not upload, "other": other}
        for field, there in shown.items():
            self.query_one(f"#field-{field}").set_class(not there, "gone")
        problem = self._problem()
        told: Spans = (("run", "✓ "), ("muted", "fine"))
        if problem:
            told = (("danger", "✗ "), ("text", problem))
        self.query_one("#link-said", Block).show([told])

    def _seconds(self) -> int | None:
        term = self._pick("term")
        return seconds_of(self._text("other") if term == "other" else term)

    def _problem(self) -> str | None:
        if not self._kinds:
            return "there is nothing to make"
        if self._seconds() is None:
            return "lasts: type 90m, 36h or 2d; seven days are the longest"
        key = self._text("key")
        if self._upload and (not key or key.endswith("/")):
            return "object: type the name that is uploaded to"
        if len(key.encode("utf-8", "surrogatepass")) > _KEY_BYTES:
            return "object: the name is longer than 1,024 bytes"
        if wrong := header_problem("ContentType", self._text("type")):
            return f"content type: {wrong}"
        if any(ord(sign) < 32 or sign in "/\\" for sign in self._text("name")):
            return "saved as: a file name has no slashes and no control characters"
        return None

    @property
    def wish(self) -> LinkWish:
        """What the fields say."""
        from tui.aws.s3.presign import LinkWish

        upload = self._upload
        return LinkWish(
            self._place.bucket,
            self._text("key") if upload or self._target is None else self._target.key,
            upload=upload,
            seconds=self._seconds() or 1,
            file_name="" if upload else self._text("name"),
            content_type=self._text("type"),
            only_new=upload and self._pick("only_new") == "yes",
        )

    def on_field_changed(self, event: FieldChanged) -> None:
        """Show what belongs to it, and what is wrong."""
        self._refresh()
        if event.name == "term" and event.value == "other":
            self.query_one("#field-other", TextField).focus_input()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a field."""
        self.action_make()

    def action_make(self) -> None:
        """Go on, if nothing is wrong."""
        if self._problem():
            self.app.bell()
        else:
            self.dismiss(self.wish)


class LinkReady(Dialog[None]):
    """A link that was made: what it does and until when; itself only when asked for."""

    CSS_PATH: ClassVar = _SHEETS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "reveal", "Show", tooltip="Show the link, or hide it again"),
        Binding("y", "copy", "Copy", tooltip="Copy the link to the clipboard"),
        Binding("c", "copy_curl", "Copy curl", tooltip="Copy a curl command that uses it"),
        Binding("w", "reveal_curl", "curl", tooltip="Show the curl command, or hide it again"),
        Binding("enter", "dismiss_dialog", "Close", tooltip="Close; the link is not kept"),
    ]
    risk = Risk.CAREFUL

    def __init__(self, link: Link, *, archived: bool = False) -> None:
        super().__init__()
        self._link, self._archived = link, archived
        self._shown = ""  # "link", "curl" or ""

    def inner(self) -> ComposeResult:
        """Facts, what it means, the link's place."""
        verb = "upload" if self._link.wish.upload else "download"
        yield Line(((f"bold {self.risk.value}", f"The {verb} link is made"),))
        yield Block(self._facts(), classes="inset")
        yield Static(content(("warn", "▲ "), ("text", self._meaning)), classes="prose")
        yield Block([self._hidden()], id="link-url")
        yield Line(self._ways(), key_hint("esc", "close"), classes="foot")

    def _facts(self) -> list[Spans]:
        link, wish, now = self._link, self._link.wish, datetime.now(UTC)
        local, left = link.ends_at.astimezone(), (link.ends_at - now).total_seconds()
        until = f"{local.day} {local:%b %Y %H:%M}"
        utc = f"  {link.ends_at.astimezone(UTC):%d %b %H:%M} UTC, in {fmt.duration(left + 1)}"
        rows: list[Spans] = [
            fact("object", ("text", f"s3://{wish.bucket}/{wish.key}"), at=16),
            fact("works until", ("bold bright", until), ("muted", utc), at=16),
        ]
        if link.temporary:
            rows.append(fact("signed with", ("warn", self._signer), at=16))
        rows += [
            fact("sent with it", ("text", f"{name}: {value}"), at=16)
            for name, value in wish.headers.items()
        ]
        if wish.file_name:
            rows.append(fact("saved as", ("text", wish.file_name), at=16))
        if self._archived:
            rows.append(fact("archived", ("warn", "it works only while it is restored"), at=16))
        return rows

    @property
    def _signer(self) -> str:
        ends = self._link.signer_ends
        if ends is None:
            return "temporary credentials: it ends when they do, perhaps sooner"
        local = ends.astimezone()
        return f"temporary credentials: it ends with them, {local.day} {local:%b %H:%M}"

    @property
    def _meaning(self) -> str:
        does = "write to this name" if self._link.wish.upload else "read this object"
        return (
            f"Anyone who has the link can {does} until then, without an account. "
            "It can't be called back. It is kept nowhere."
        )

    def _ways(self) -> Spans:
        spans: list[tuple[str, str]] = []
        for way in (("y", "copy"), ("v", "show"), ("c", "copy as curl"), ("w", "show curl")):
            spans += [("text", "   "), *key_hint(*way)] if spans else key_hint(*way)
        return spans

    def _hidden(self) -> Spans:
        return (("dim", "the link is not shown"),)

    def _show(self, what: str) -> None:
        self._shown = "" if self._shown == what else what
        rows: list[Spans] = [self._hidden()]
        if self._shown:
            text = visible(self._link.curl() if what == "curl" else self._link.url)
            block = self.query_one("#link-url", Block)
            rows = [(("text", part),) for part in chop_cells(text, max(20, block.size.width))]
        self.query_one("#link-url", Block).show(rows)

    def action_reveal(self) -> None:
        """Show the link, or hide it again."""
        self._show("link")

    def action_reveal_curl(self) -> None:
        """Show the curl command, or hide it again."""
        self._show("curl")

    def action_copy(self) -> None:
        """Copy the link."""
        self.app.copy_to_clipboard(self._link.url)
        self.notify("The link is in the clipboard.", title="Copied", markup=False)

    def action_copy_curl(self) -> None:
        """Copy the curl command."""
        self.app.copy_to_clipboard(self._link.curl())
        self.notify("The curl command is in the clipboard.", title="Copied", markup=False)
