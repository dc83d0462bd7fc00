"""The form for a new bucket: name, region, and what it allows and keeps from the start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from tui.aws.bucket.making import BucketDraft
from tui.aws.bucket.tag_text import parsed, tags_problem, written
from tui.core import bucket_names
from tui.core.regions import REGIONS
from tui.screens.s3.bucket_review import STYLES
from tui.widgets.dialog import Choose, Dialog
from tui.widgets.form import FieldChanged, FieldOpened, Form, Opener, Pick, TextField
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, content, key_hint

ACCESS = (
    ("blocked", "blocked", "nothing in it can become public"),
    ("open", "not blocked", "a policy or an ACL may open it to the world"),
)
ENCRYPTION = (
    ("s3", "SSE-S3", "Amazon's keys, nothing to pay"),
    ("kms", "KMS", "a key of yours, paid per use"),
)
VERSIONS = (
    ("off", "off", "what is overwritten or deleted is gone"),
    ("on", "on", "old versions stay, each is paid like an object"),
)
LOCK = (
    ("off", "off", ""),
    ("on", "on", "versions can be made undeletable; never off again"),
)


class NewBucket(Dialog[BucketDraft]):
    """Ask for a bucket's name and settings; dismissed with them, or None."""

    CSS_PATH: ClassVar = STYLES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "make", "Create", tooltip="Create the bucket"),
    ]

    def __init__(self, draft: BucketDraft, intro: str) -> None:
        super().__init__()
        self.draft, self._intro = draft, intro

    def inner(self) -> ComposeResult:
        """Title, rules, name and its verdict, the settings."""
        yield Line((("bold bright", "New bucket"),))
        yield Static(content(("muted", self._intro)), classes="prose")
        draft = self.draft
        with Form(id="new-bucket"):
            yield TextField("name", "name", draft.name, placeholder="acme-lake-dev")
            yield Block([()], classes="said", id="new-bucket-said")
            yield Opener("region", "region")
            access = "blocked" if draft.blocked else "open"
            yield Pick("access", "public access", ACCESS, access)
            yield Pick("encryption", "encryption", ENCRYPTION, "kms" if draft.kms else "s3")
            yield TextField("key", "KMS key", draft.key, placeholder="the account's own key for S3")
            yield Pick("versions", "versioning", VERSIONS, "on" if draft.versions else "off")
            yield Pick("lock", "object lock", LOCK, "on" if draft.lock else "off")
            yield TextField("tags", "tags", written(draft.tags), placeholder="team=data, env=dev")
        yield Line(classes="foot", id="new-bucket-foot")

    def on_mount(self) -> None:
        """Type the name at once."""
        self.query_one("#field-name", TextField).focus_input()
        self._show()

    def _problem(self) -> str | None:
        if said := bucket_names.problem(self.draft.name):
            return said
        if said := tags_problem(self.query_one("#field-tags", TextField).value):
            return f"tags: {said}"
        return None

    def _show(self) -> None:
        draft, problem = self.draft, self._problem()
        said: Spans = (("run", "✓ "), ("muted", "fine"))
        if problem:
            typed = bool(draft.name)
            said = (("danger", "✗ "), ("text", problem)) if typed else (("dim", problem),)
        self.query_one("#new-bucket-said", Block).show([(("text", " " * 20), *said)])
        where = (("text", draft.region), ("muted", f"  {REGIONS.get(draft.region, '')}"))
        self.query_one("#field-region", Opener).put(where)
        self.query_one("#field-key").set_class(not draft.kms, "gone")
        if draft.lock:
            note = (("muted", "  on: object lock wants it"),)
            self.query_one("#field-versions", Pick).put("on", note=note)
        else:
            self.query_one("#field-versions", Pick).put("on" if draft.versions else "off")
        ways = (*key_hint("↑↓", "fields"), ("text", "   "), *key_hint("esc", "close"))
        self.query_one("#new-bucket-foot", Line).show(key_hint("⏎", "create it"), ways)

    @on(FieldChanged)
    def _changed(self, event: FieldChanged) -> None:
        event.stop()
        name, value = event.name, event.value
        changes: dict[str, dict[str, Any]] = {
            "name": {"name": value},
            "access": {"blocked": value == "blocked"},
            "encryption": {"kms": value == "kms"},
            "key": {"key": value.strip()},
            "versions": {"versions": value == "on"},
            "lock": {"lock": value == "on"},
            "tags": {"tags": parsed(value)},
        }
        self.draft = replace(self.draft, **changes[name])
        self._show()

    @on(FieldOpened)
    @work(group="region", exclusive=True, exit_on_error=False)
    async def _choose_region(self, event: FieldOpened) -> None:
        event.stop()
        choices = [(region, region, place) for region, place in REGIONS.items()]
        if self.draft.region not in REGIONS:
            choices.insert(0, (self.draft.region, self.draft.region, ""))
        chosen = await self.app.push_screen_wait(
            Choose("Create the bucket where", choices, self.draft.region)
        )
        if chosen:
            self.draft = replace(self.draft, region=chosen)
            self._show()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_make()

    def action_make(self) -> None:
        """Take the form if nothing is wrong with it."""
        if self._problem():
            self.app.bell()
        else:
            self.dismiss(self.draft)
