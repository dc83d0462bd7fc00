"""The review: what was checked, how one will log in, what will be asked. Then the launch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult

from tui.launch import ExistingKey, NewKey, NoKey, edit, planned_calls, suggest_name
from tui.launch.problem import Problem
from tui.screens.launch import preflight
from tui.screens.launch.dialogs import no_key_plan
from tui.screens.launch.preflight import Check
from tui.screens.launch.state import Wizard
from tui.screens.launch.step import Hints, StepPane
from tui.widgets.chrome import hint
from tui.widgets.dialog import Ask, Confirm
from tui.widgets.line import Block, Heading
from tui.widgets.paint import Span, Spans
from tui.widgets.record_table import Column, RecordTable

COLUMNS = (Column("", 1), Column(""), Column("", 24))
NEW_KINDS = ("ed25519", "rsa")
NO_KEY = "-"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One way to log in; `kind` is set for a new key pair."""

    id: str
    name: str
    kind: str
    note: Spans
    chosen: bool


class ReviewPane(StepPane):
    """The last page. The checks run when it opens; the key pair is chosen here."""

    step = "review"

    def __init__(self, wizard: Wizard) -> None:
        super().__init__(wizard)
        self.asked: list[Check] = []
        self._answered = asyncio.Event()

    def hints(self) -> Hints:
        """(key, verb) of the footer."""
        first, last = hint("launch.one")[0], hint("launch.six")[0]
        return (
            *(hint("launch.launch"), (f"{first}-{last}", "edit a step")),
            *(hint("launch.edit", "key's name"), hint("launch.recheck", "re-check")),
            hint("launch.back"),
        )

    def compose(self) -> ComposeResult:
        """Preflight, key pairs, calls, and on small screens the launch bar."""
        yield Heading("Preflight", id="review-head")
        yield Block(id="review-checks")
        yield Heading(
            "Key pair",
            (("muted", "how you will log in"),),
            follows="review-keys",
            id="review-keys-head",
            classes="below",
        )
        table: RecordTable[KeyRow] = RecordTable(
            COLUMNS,
            key_cells,
            keyed=lambda row: row.id,
            id="review-keys",
            classes="-fit",
            gutter=1,
            head=False,
        )
        yield table
        yield Heading(
            "What will be asked",
            (("muted", "C for the code"),),
            id="review-calls-head",
            classes="below",
        )
        yield Block(id="review-calls")

    @property
    def table(self) -> RecordTable[KeyRow]:
        """The ways to log in."""
        return self.query_one("#review-keys", RecordTable)

    # -- showing ---------------------------------------------------------------------------

    def paint(self) -> None:
        """Show checks, key pairs and calls."""
        if "review" not in self.wizard.seen:
            return
        checks = self.checks()
        self.query_one("#review-head", Heading).show(meta=tally(checks))
        self.query_one("#review-checks", Block).show(
            [preflight.check_row(check) for check in checks]
        )
        rows, chosen = self._key_rows(), self._chosen_id()
        table = self.table
        if table.records != rows:
            table.show(rows)
        if table.record is None or table.record.id != chosen:
            table.move_to_key(chosen)
        calls: list[Spans] = [
            (("spot", name), ("muted", f"  {text}"))
            for name, text in planned_calls(self.wizard.draft)
        ]
        if self.wizard.makes_role:
            calls.insert(-1, (("spot", "CreateRole"), ("muted", f"  {self.wizard.draft.role}")))
        self.query_one("#review-calls", Block).show(calls)

    def checks(self) -> list[Check]:
        """All checks, those that AWS answers first."""
        waiting = [Check("permission", preflight.CHECKING, "asking AWS…")]
        asked = self.asked if self._answered.is_set() else waiting
        return [*asked, *preflight.known_checks(self.wizard)]

    @property
    def failed(self) -> list[Check]:
        """The checks that forbid the launch."""
        return [check for check in self.checks() if check.verdict == preflight.FAILED]

    # -- checking --------------------------------------------------------------------------

    def do_recheck(self) -> None:
        """Ask AWS; called when the page opens, and by the user."""
        self.asked = []
        self._answered.clear()
        self._check()
        self.wizard.on_change()

    @work(group="preflight", exclusive=True, exit_on_error=False)
    async def _check(self) -> None:
        found = [check async for check in preflight.asked_checks(self.wizard)]
        self.asked = found
        self._answered.set()
        self.wizard.on_change()

    async def checked(self) -> None:
        """Wait until AWS has answered the checks."""
        await self._answered.wait()

    # -- the key pair ----------------------------------------------------------------------

    def _chosen_id(self) -> str:
        key = self.wizard.draft.key
        if isinstance(key, ExistingKey):
            return f"={key.name}"
        return f"+{key.kind}" if isinstance(key, NewKey) else NO_KEY

    def _key_rows(self) -> list[KeyRow]:
        facts, key, chosen = self.wizard.facts, self.wizard.draft.key, self._chosen_id()
        rows = []
        for pair in sorted(facts.key_pairs, key=lambda pair: pair.name not in facts.keys_here):
            here = pair.name in facts.keys_here
            note: Spans = (
                (("muted", f"{pair.kind} · key here "), ("run", "✓"))
                if here
                else (("muted", f"{pair.kind} · "), ("warn", "not on this disk"))
            )
            rows.append(KeyRow(f"={pair.name}", pair.name, "", note, chosen == f"={pair.name}"))
        for kind in NEW_KINDS:
            name = key.name if isinstance(key, NewKey) else self._free_name()
            note = (("muted", f"{kind} · new, mode 600"),)
            rows.append(KeyRow(f"+{kind}", name, kind, note, chosen == f"+{kind}"))
        none: Spans = (("muted", "and so no way in by SSH"),)
        return [*rows, KeyRow(NO_KEY, "no key pair", "", none, chosen == NO_KEY)]

    def _free_name(self) -> str:
        return suggest_name(
            self.wizard.facts.key_names | self.wizard.facts.key_files, "skydeck-key"
        )

    @on(RecordTable.Moved, "#review-keys")
    def _moved(self, event: RecordTable.Moved) -> None:
        row: KeyRow | None = event.record
        if row is None or self.table.record is not row or row.id == self._chosen_id():
            return
        key: ExistingKey | NewKey | NoKey
        if row.id == NO_KEY:
            key = NoKey()
        else:
            key = NewKey(row.name, row.kind) if row.kind else ExistingKey(row.name)
        self.wizard.change(edit(self.wizard.draft, key=key))

    @work(group="key-name", exclusive=True, exit_on_error=False)
    async def do_edit(self) -> None:
        """Give the new key pair another name."""
        key = self.wizard.draft.key
        if not isinstance(key, NewKey):
            self.app.bell()
            return
        facts = self.wizard.facts

        def judge(name: str) -> str | None:
            from tui.launch import problems

            draft = edit(self.wizard.draft, key=NewKey(name, key.kind))
            found = problems(draft, "review", key_names=facts.key_names)
            if found:
                return found[0].message
            return "A file of that name exists already." if name in facts.key_files else None

        folder = self.wizard.services.settings.keys_folder
        name = await self.app.push_screen_wait(
            Ask(
                "New key pair",
                f"Saved as {folder}/NAME.pem.",
                key.name,
                verb="take it",
                judge=judge,
            )
        )
        if name:
            self.wizard.change(edit(self.wizard.draft, key=NewKey(name, key.kind)))

    async def may_leave(self) -> bool:
        """Whether the launch may begin: no check failed, and no key pair only if that is meant."""
        wizard = self.wizard
        if isinstance(wizard.draft.key, NoKey) and not wizard.draft.key.acknowledged:
            if not await self.app.push_screen_wait(Confirm(no_key_plan())):
                return False
            wizard.change(edit(wizard.draft, key=NoKey(acknowledged=True)))
        return not self.failed

    def blocker(self) -> Problem | None:
        """The first thing that forbids the launch."""
        failed = self.failed
        return Problem(failed[0].step, f"{failed[0].name}: {failed[0].text}") if failed else None


def tally(checks: Sequence[Check]) -> Spans:
    """How many passed, warn, failed, are being asked."""
    spans: list[Span] = []
    for verdict, (role, glyph) in preflight.MARKS.items():
        number = sum(check.verdict == verdict for check in checks)
        if number:
            spans += [("text", "   ")] if spans else []
            spans += [(role, f"{glyph} "), ("text", str(number))]
    return spans


def key_cells(row: KeyRow) -> Sequence[Spans]:
    """One way to log in as a row."""
    return (
        (("bold cool", "●") if row.chosen else ("muted", "○"),),
        (("bold text" if row.chosen else "text", row.name),),
        row.note,
    )
