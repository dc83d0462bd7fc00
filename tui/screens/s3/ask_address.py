"""Ask for an address of S3: judged and completed as it is typed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from tui.core.errors import UserError
from tui.core.s3_address import Address, NoAddressError, parsed
from tui.screens.s3.rows import uri
from tui.widgets.ask_path import Verdict, common_beginning
from tui.widgets.dialog import Dialog
from tui.widgets.field import Field
from tui.widgets.line import Block, Line
from tui.widgets.paint import Spans, content, key_hint
from tui.widgets.styles import style_path

SHOWN = 8
RESTS_SECONDS = 0.15  # while one types on, S3 is not asked
_PLAIN = ("s3://", "s3a://", "s3n://")

Look = Callable[[Address], Awaitable[list[str]]]
"""The keys and folders that begin with an address's key, in its bucket."""
Judge = Callable[[Address], Verdict]
"""What is wrong with an address for what it is asked for, or what becomes of it there."""


@dataclass(frozen=True, slots=True)
class Known:
    """What completes without asking: buckets, and the folders of places that were listed."""

    buckets: tuple[str, ...] = ()
    folders: Mapping[tuple[str, str], tuple[str, ...]] | None = None

    def begun(self, address: Address) -> list[str]:
        """The known folders that begin as typed."""
        above = address.key[: address.key.rfind("/") + 1]
        found = (self.folders or {}).get((address.bucket, above), ())
        return [name for name in found if name.startswith(address.key)]


class AskAddress(Dialog[Address]):
    """Ask for an address of S3; dismissed with it, or None. Tab completes."""

    CSS_PATH: ClassVar = [
        style_path("widgets/dialogs.tcss"),
        style_path("screens/s3_finding.tcss"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", tooltip="Complete the address", priority=True)
    ]

    def __init__(
        self,
        title: str,
        intro: str,
        *,
        known: Known,
        look: Look,
        value: str = "",
        verb: str = "go there",
        endpoint: str = "",
        judge: Judge | None = None,
    ) -> None:
        """`look` asks S3 (it may raise `UserError`); `endpoint` is as `parsed` takes it.

        Without a `judge`, any address will do, and what lies there is told. With one, the text
        that is there is meant to be changed.
        """
        super().__init__()
        self._title, self._intro, self._value, self._verb = title, intro, value, verb
        self._known, self._look, self._endpoint, self._judges = known, look, endpoint, judge
        self._found: list[str] = []  # whole texts that what is typed could become

    def inner(self) -> ComposeResult:
        """Title, field, verdict, what it could become."""
        yield Line((("bold bright", self._title),))
        yield Static(content(("muted", self._intro)), classes="prose")
        yield Field(
            self._value,
            placeholder="s3://bucket/folder/",
            classes="field",
            id="address-field",
            select_on_focus=self._judges is None,
        )
        yield Block([()], classes="said", id="address-said")
        yield Block([() for _ in range(SHOWN)], id="address-found")
        ways = (*key_hint("tab", "complete"), ("text", "   "), *key_hint("esc", "close"))
        yield Line(key_hint("⏎", self._verb), ways, classes="foot")

    def on_mount(self) -> None:
        """Judge what stands there from the start."""
        self._judge(self._value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judge again."""
        self._judge(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the address, if it is one."""
        try:
            address = parsed(event.value, self._endpoint)
        except NoAddressError:
            self.app.bell()
            return
        if self._judges is not None and self._judges(address).problem:
            self.app.bell()
        else:
            self.dismiss(address)

    def action_complete(self) -> None:
        """Complete as far as it is clear."""
        field = self.query_one("#address-field", Input)
        common = common_beginning(self._found)
        if len(common) > len(field.value) and common.startswith(field.value):
            field.value = common
            field.cursor_position = len(common)
        elif not self._found:
            self.app.bell()

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _judge(self, text: str) -> None:
        self._show_found([])
        try:
            address = parsed(text, self._endpoint)
        except NoAddressError as problem:
            self._say_problem(text, str(problem))
            head, rest = _head(text)
            self._show_found([head + n + "/" for n in self._known.buckets] if not rest else [])
            return
        head, rest = _head(text)
        if rest is not None and "/" not in rest:
            names = [name for name in self._known.buckets if name.startswith(rest)]
            self._show_found([f"{head}{name}/" for name in names])
            self._say(self._said(text, address))
            return
        self._say(self._said(text, address))
        self._show_keys(text, address, self._known.begun(address))
        await asyncio.sleep(RESTS_SECONDS)
        try:
            found = await self._look(address)
        except UserError as error:
            self._say((("warn", "▲ "), ("text", error.message or error.title)))
            return
        self._show_keys(text, address, found)
        self._say(self._said(text, address, found))

    def _said(self, text: str, address: Address, found: list[str] | None = None) -> Spans:
        if self._judges is None:
            return _judged(text, address, found)
        verdict = self._judges(address)
        if verdict.problem:
            return (("danger", "✗ "), ("text", verdict.problem))
        return (("run", "✓ "), ("muted", verdict.told))

    def _show_keys(self, text: str, address: Address, found: Iterable[str]) -> None:
        head, rest = _head(text)
        # A web address has its own spelling of a key: what completes is the s3:// form.
        begin = f"{head}{address.bucket}/" if rest is not None else uri(address.bucket)
        self._show_found([begin + name for name in found])

    def _show_found(self, texts: list[str]) -> None:
        self._found = texts
        rows: list[Spans] = [(("dim", _last(text)),) for text in texts[:SHOWN]]
        if len(texts) > SHOWN:
            rows[-1] = (("dim", f"and {len(texts) - SHOWN + 1} more"),)
        rows += [()] * (SHOWN - len(rows))
        self.query_one("#address-found", Block).show(rows)

    def _say_problem(self, text: str, problem: str) -> None:
        said: Spans = (("dim", problem),)
        if text.strip() and _head(text)[1] != "":
            said = (("danger", "✗ "), ("text", problem))
        self._say(said)

    def _say(self, said: Spans) -> None:
        self.query_one("#address-said", Block).show([said])


def _head(text: str) -> tuple[str, str | None]:
    """The scheme as typed, and the rest; None for the rest of what is spelt another way."""
    for scheme in _PLAIN:
        if text[: len(scheme)].lower() == scheme:
            return text[: len(scheme)], text[len(scheme) :]
    return ("", text) if ":" not in text.partition("/")[0] else ("", None)


def _judged(text: str, address: Address, found: list[str] | None = None) -> Spans:
    """What the address is, as far as it is known."""
    meant: Spans = ()
    if not text.lstrip().startswith(address.uri) and address.uri != f"s3://{text.strip()}":
        meant = (("muted", f"  {address.uri}"),)
    key = address.key
    if found is None:
        return (("run", "✓ "), ("muted", "fine"), *meant)
    if key in found and key and not key.endswith("/"):
        return (("run", "✓ "), ("muted", "an object: opens its folder"), *meant)
    if not key or key.endswith("/"):
        told = "a folder" if key else "a bucket"
        empty = "an empty folder" if key else "an empty bucket"
        return (("run", "✓ "), ("muted", told if found else empty), *meant)
    if key + "/" in found:
        return (("run", "✓ "), ("muted", "a folder"), *meant)
    if found:
        return (("dim", "the beginning of a name: tab completes it"), *meant)
    return (("warn", "▲ "), ("text", "nothing is there"), *meant)


def _last(text: str) -> str:
    trimmed = text.rstrip("/")
    return trimmed.rpartition("/")[2] + text[len(trimmed) :]
