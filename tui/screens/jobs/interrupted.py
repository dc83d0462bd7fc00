"""Transfers that another run of the app has left: found at the start, offered to go on with."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.core import format as fmt
from tui.core.errors import JobPaused, UserError
from tui.core.job import Job
from tui.core.jobs import JobState
from tui.core.ledger import SANDBOX, Interrupted, dies_with_its_app
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.progress import Progress
from tui.widgets.chrome import hint
from tui.widgets.dialog import Confirm
from tui.widgets.line import Line
from tui.widgets.paint import Spans, content, key_hint
from tui.widgets.record_table import Column, RecordTable
from tui.widgets.styles import style_path
from tui.widgets.unasked import Unasked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.screens.deck import Deck
    from tui.screens.services import Services

GO_ON, CLEAN = "go on", "clean"
MODAL_SECONDS = 0.3  # between two looks whether another dialog is open still


class Leftovers:
    """What this app knows of such jobs: each is a paused job, until it goes on or is cleaned up."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._jobs: dict[str, int] = {}  # a ledger's id: the job
        self._offered: set[str] = set()

    async def look(self, services: Services) -> None:
        """Find what is left, for a connection that now stands; offer what is new of its own.

        What has died with its sandbox is cleaned up without a word.
        """
        from tui.aws.calls import caused_by

        with caused_by(None):
            found = await self._living(services, await services.transfers.interrupted())
        if self._deck.services is not services:
            return
        busy = self._busy()
        found = [one for one in found if one.id not in busy]
        self._jobs = busy | {one.id: self._adopt(services, one) for one in found}
        new = [one for one in found if one.mine and one.id not in self._offered]
        self._offered |= {one.id for one in new}
        if new:
            await self._offer(new, [one for one in found if not one.mine])

    def _busy(self) -> dict[str, int]:
        """Those that an earlier connection works on still; its others are adopted anew."""
        busy, jobs = {}, self._deck.jobs
        for ledger_id, job_id in self._jobs.items():
            job = jobs.get(job_id)
            if job is None or job.state.ended:
                continue
            if job.state is JobState.PAUSED and job.progress.ledger is None:
                jobs.drop(job_id)
            else:
                busy[ledger_id] = job_id
        return busy

    @staticmethod
    async def _living(services: Services, found: Sequence[Interrupted]) -> list[Interrupted]:
        living = []
        for one in found:
            if one.mine or not dies_with_its_app(one.place):
                living.append(one)
            else:
                with suppress(UserError):
                    await services.transfers.discard(one.id, Progress())
        return living

    def _adopt(self, services: Services, one: Interrupted) -> int:
        from tui.aws.calls import caused_by

        title = f"{one.verb.capitalize()} {one.subject}"

        async def go_on(job: Job) -> str:
            try:
                with caused_by(title):
                    note = (await services.transfers.resume(one.id, job.progress)).finish()
            except UserError as error:
                self._deck.complain(error)
                raise
            except JobPaused as stop:
                self._deck.say(str(stop.reason), title=f"{title}: paused", severity="warning")
                raise
            finally:
                self._deck.places_signal.publish((one.bucket, ""))
            self._deck.say(note, title=title)
            return note

        async def clean(job: Job) -> str:
            try:
                with caused_by(None):
                    await services.transfers.discard(one.id, job.progress)
            except UserError as error:
                if error.code != "Gone":
                    raise
                return "another Skydeck has ended it, or cleaned it up"
            return ""

        progress = Progress(services.settings.limits())
        progress.expect(one.bytes_total, one.items_total)
        progress.found(one.bytes_done, one.items_done)
        job = self._deck.jobs.adopt(
            one.verb,
            one.subject,
            go_on if one.mine else None,
            clean if one.mine else None,
            progress,
            _note(one),
            group=services.group,
            started_at=one.begun_at,
        )
        return job.id

    async def _offer(self, mine: Sequence[Interrupted], others: Sequence[Interrupted]) -> None:
        deck = self._deck
        while deck.screen.is_modal:  # noqa: ASYNC110 - one question at a time; it has no event
            await asyncio.sleep(MODAL_SECONDS)
        dialog = InterruptedDialog(mine, others)
        while (chosen := await deck.push_screen_wait(dialog)) == CLEAN:
            if await deck.push_screen_wait(Confirm(clean_plan(mine))):
                break
            dialog = InterruptedDialog(mine, others, asked=True)
        act = {GO_ON: deck.jobs.resume, CLEAN: deck.jobs.cancel}.get(chosen or "")
        for one in mine:
            job = deck.jobs.get(self._jobs.get(one.id, 0))
            if act is not None and job is not None and job.state is JobState.PAUSED:
                act(job.id)


class InterruptedDialog(Unasked):
    """What is left unfinished; dismissed with `GO_ON`, `CLEAN`, or None for later."""

    CSS_PATH: ClassVar = [style_path("widgets/dialogs.tcss"), style_path("screens/jobs.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "answer('go on')", "Go on", tooltip="Have all of them go on", priority=True
        ),
        Binding("x", "answer('clean')", "Clean up", tooltip="Clean all of them away"),
    ]
    risk = Risk.CAREFUL

    def __init__(
        self, mine: Sequence[Interrupted], others: Sequence[Interrupted], *, asked: bool = False
    ) -> None:
        super().__init__(asked=asked)
        self._mine, self._others = mine, others

    def inner(self) -> ComposeResult:
        """How many, which, the three ways on."""
        many = len(self._mine)
        noun = "transfer" if many == 1 else "transfers"
        yield Line((("bold bright", f"{fmt.count(many)} {noun} did not end"),))
        they = ("it", "It") if many == 1 else ("they", "They")
        told = f"The app ended before {they[0]} did. {they[1]} can go on; what is done is kept."
        yield Static(content(("muted", told)), classes="prose")
        table: RecordTable[Interrupted] = RecordTable(
            _COLUMNS, interrupted_cells, gutter=1, id="interrupted-table", classes="-fit"
        )
        yield table
        if self._others:
            other = f"{fmt.count(len(self._others))} more of other places are in the jobs."
            yield Static(content(("muted", other)), classes="prose", id="interrupted-others")
        yield Static(id="interrupted-facts", classes="prose")
        ways = (
            *key_hint("x", "clean up all"),
            ("text", "   "),
            *key_hint("esc", f"later, in the jobs ({hint('app.jobs')[0]})"),
        )
        yield Line(key_hint("⏎", "go on with all"), ways, classes="foot")

    def on_mount(self) -> None:
        """Fill the table."""
        self.query_one(RecordTable).show(self._mine)

    def begin(self) -> None:
        """Let one look through the table."""
        self.query_one(RecordTable).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An Enter for what was below is no answer."""
        return self.begun if action == "answer" else super().check_action(action, parameters)

    def on_record_table_moved(self, event: RecordTable.Moved) -> None:
        """Tell in full what the table cuts."""
        one: Interrupted = event.record
        if one is not None:
            told = f"{one.verb} {one.subject}, begun {_when(one)}: {_done(one)}"
            self.query_one("#interrupted-facts", Static).update(content(("text", told)))

    def action_answer(self, answer: str) -> None:
        """Take one of the ways on."""
        self.dismiss(answer)


_COLUMNS = (
    Column("transfer"),
    Column("items", 14, "r"),
    Column("amount", 20, "r", 60),
    Column("begun", 13, "r", 76),
)


def interrupted_cells(one: Interrupted) -> tuple[Spans, ...]:
    """What, how much of it, since when."""
    return (
        (("bold text", one.verb), ("text", f" {one.subject}")),
        (("text", f"{fmt.few(one.items_done)} of {fmt.few(one.items_total)}"),),
        (("text", f"{fmt.size(one.bytes_done)} of {fmt.size(one.bytes_total)}"),),
        (("muted", _when(one)),),
    )


def clean_plan(mine: Sequence[Interrupted]) -> Plan:
    """What the dialog asks before unfinished transfers are cleaned away."""
    many = len(mine)
    return Plan(
        title=f"Clean up {fmt.count(many)} transfer{'s' * (many > 1)}",
        verb="Clean up",
        intro="Files and objects that are whole stay. What is half done is cleaned away, here and "
        "at S3, and the transfers are forgotten.",
        risk=Risk.CAREFUL,
        facts=(PlanFact("done so far", fmt.size(sum(one.bytes_done for one in mine))),),
        items=tuple((f"{one.verb} {one.subject}", _done(one)) for one in mine),
        keep="back",
    )


def _done(one: Interrupted) -> str:
    items = f"{fmt.count(one.items_done)} of {fmt.count(one.items_total)} done"
    return f"{items}, {fmt.size(one.bytes_done)} of {fmt.size(one.bytes_total)}"


def _when(one: Interrupted) -> str:
    begun = one.begun_at.astimezone()
    return f"{begun.day} {begun:%b %H:%M}"


def _note(one: Interrupted) -> str:
    begun = f"begun {_when(one)}, not ended"
    if one.mine:
        return begun
    return f"{begun}: {where_to(one)} to go on"


def where_to(one: Interrupted) -> str:
    """How one gets to where an interrupted transfer belongs."""
    if one.place.startswith(SANDBOX):
        return f"start the sandbox with --keep {one.place.removeprefix(SANDBOX)}"
    if one.profile:
        return f"connect as {one.profile}"
    return f"connect to {one.place if one.place != 'aws' else f'account {one.account}'}"
