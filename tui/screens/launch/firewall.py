"""Step 6: the security group: one that is there, with its rules in words, or a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from textual import on, work
from textual.app import ComposeResult

from tui.core.records import IngressRule, SecurityGroup
from tui.launch import (
    NewSecurityGroup,
    add_rule,
    change_rule,
    edit,
    remove_rule,
    rule_for,
    words,
    world_open,
)
from tui.launch.firewall import network, service_words, source_words
from tui.screens.launch.dialogs import consent_plan, service_choices, typed_rule
from tui.screens.launch.state import Wizard
from tui.screens.launch.step import Hints, StepPane
from tui.widgets.chrome import hint, rows_hint
from tui.widgets.dialog import Ask, Choose, Confirm
from tui.widgets.form import FieldChanged, Form, TextField
from tui.widgets.line import Heading
from tui.widgets.paint import Spans
from tui.widgets.record_table import Column, RecordTable

GROUP_COLUMNS = (Column("", 1), Column("group", 24), Column("lets in"))
RULE_COLUMNS = (Column("service", 18), Column("from"), Column("", 24, "r", 60))
NEW = ""
MINE, ANYWHERE, OTHER = "mine", "0.0.0.0/0", "other"


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group that one may choose; the id of the new one is empty."""

    id: str
    name: str
    rules: tuple[IngressRule, ...]
    chosen: bool


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule with its place in the group."""

    index: int
    rule: IngressRule
    mine: bool


class FirewallPane(StepPane):
    """Groups above, the rules of the chosen one below; only a new group's can be changed."""

    step = "firewall"

    def __init__(self, wizard: Wizard) -> None:
        super().__init__(wizard)
        self._new: NewSecurityGroup | None = None

    def hints(self) -> Hints:
        """(key, verb) of the footer."""
        return (
            *(rows_hint("choose"), hint("launch.add", "add rule"), hint("launch.edit", "source")),
            *(hint("launch.remove"), hint("launch.next")),
        )

    def compose(self) -> ComposeResult:
        """Groups, name of the new one, rules."""
        yield Heading("Security group", follows="firewall-groups", id="firewall-head")
        groups: RecordTable[GroupRow] = RecordTable(
            GROUP_COLUMNS,
            group_cells,
            keyed=lambda row: row.id,
            id="firewall-groups",
            gutter=1,
            head=False,
            classes="-fit",
        )
        yield groups
        with Form(id="firewall-form", classes="below"):
            yield TextField("group_name", "name")
            yield TextField("group_description", "description")
        yield Heading(
            "Lets in", follows="firewall-rules", id="firewall-rules-head", classes="below"
        )
        rules: RecordTable[RuleRow] = RecordTable(
            RULE_COLUMNS, rule_cells, keyed=lambda row: row.index, id="firewall-rules", gutter=1
        )
        yield rules

    @property
    def groups(self) -> RecordTable[GroupRow]:
        """The groups."""
        return self.query_one("#firewall-groups", RecordTable)

    @property
    def rules(self) -> RecordTable[RuleRow]:
        """The rules of the chosen group."""
        return self.query_one("#firewall-rules", RecordTable)

    # -- showing ---------------------------------------------------------------------------

    def paint(self) -> None:
        """Show the groups, the cursor on the draft's, and its rules."""
        wizard, chosen = self.wizard, self.wizard.draft.security_group
        if isinstance(chosen, NewSecurityGroup):
            self._new = chosen
        elif self._new is None:
            self._new = wizard.new_group()
        new = self._new
        assert new is not None
        chosen_id = chosen if isinstance(chosen, str) else NEW
        rows = [GroupRow(NEW, new.name, new.rules, chosen_id == NEW)]
        rows += [
            GroupRow(each.id, each.name, each.ingress, each.id == chosen_id)
            for each in wizard.groups
        ]
        if self.groups.records != rows:
            self.groups.show(rows)
        if self.groups.record is None or self.groups.record.id != chosen_id:
            self.groups.move_to_key(chosen_id)
        self._paint_rules(rows, chosen_id)

    def _paint_rules(self, rows: Sequence[GroupRow], chosen_id: str) -> None:
        row = next((each for each in rows if each.id == chosen_id), rows[0])
        is_new, block = row.id == NEW, self.wizard.my_block
        self.query_one("#firewall-form").set_class(not is_new, "gone")
        if is_new and self._new is not None:
            self.query_one("#field-group_name", TextField).put(self._new.name)
            self.query_one("#field-group_description", TextField).put(self._new.description)
        shown = [
            RuleRow(index, rule, bool(block) and rule.source == block)
            for index, rule in enumerate(row.rules)
        ]
        if self.rules.records != shown:
            self.rules.show(shown)
        note = "yours to change" if is_new else "as it is; a launch does not change it"
        self.query_one("#firewall-rules-head", Heading).show(meta=(("muted", note),))

    @on(RecordTable.Moved, "#firewall-groups")
    def _moved(self, event: RecordTable.Moved) -> None:
        row: GroupRow | None = event.record
        if row is None or self.groups.record is not row or self._new is None:
            return
        group: str | NewSecurityGroup = row.id or self._new
        if group != self.wizard.draft.security_group:
            self.wizard.change(edit(self.wizard.draft, security_group=group))

    @on(FieldChanged)
    def _changed(self, event: FieldChanged) -> None:
        event.stop()
        group = self.wizard.draft.security_group
        if isinstance(group, NewSecurityGroup):
            name = event.name.removeprefix("group_")
            changed = (
                replace(group, name=event.value)
                if name == "name"
                else replace(group, description=event.value)
            )
            self.wizard.change(edit(self.wizard.draft, security_group=changed))

    # -- rules -----------------------------------------------------------------------------

    @property
    def _changeable(self) -> bool:
        if isinstance(self.wizard.draft.security_group, NewSecurityGroup):
            return True
        self.app.bell()
        return False

    @work(group="rules", exclusive=True, exit_on_error=False)
    async def do_add(self) -> None:
        """Let one more service in."""
        if not self._changeable:
            return
        service: str | None = await self.app.push_screen_wait(
            Choose("Let in", service_choices(), "SSH")
        )
        if service is None:
            return
        rule = rule_for(service, "") if service else await self._ask_ports()
        source = await self._ask_source("") if rule is not None else None
        if rule is not None and source is not None:
            self.wizard.change(add_rule(self.wizard.draft, replace(rule, source=source)))

    @work(group="rules", exclusive=True, exit_on_error=False)
    async def do_edit(self) -> None:
        """Let another source in by the rule under the cursor."""
        row = self.rules.record
        if row is None or not self._changeable:
            return
        source = await self._ask_source(row.rule.source)
        if source is not None:
            rule = replace(row.rule, source=source)
            self.wizard.change(change_rule(self.wizard.draft, row.index, rule))

    def do_remove(self) -> None:
        """Take out the rule under the cursor."""
        row = self.rules.record
        if row is not None and self._changeable:
            self.wizard.change(remove_rule(self.wizard.draft, row.index))

    async def _ask_ports(self) -> IngressRule | None:
        def judge(text: str) -> str | None:
            return (
                None if typed_rule(text, "") else "a port or a range: 8000, tcp 8000-8010, udp 53"
            )

        text = await self.app.push_screen_wait(
            Ask("Let in another port", "TCP unless you say udp.", verb="next", judge=judge)
        )
        return typed_rule(text, "") if text else None

    async def _ask_source(self, now: str) -> str | None:
        block = self.wizard.my_block
        choices = [(MINE, "my address", block)] if block else []
        choices += [
            (ANYWHERE, "anywhere", "0.0.0.0/0: the whole internet"),
            (OTHER, "another block…", "such as 198.51.100.0/24"),
        ]
        current = MINE if now == block else ANYWHERE if now == ANYWHERE else OTHER
        chosen = await self.app.push_screen_wait(Choose("From where", choices, current))
        if chosen == MINE:
            return block
        if chosen != OTHER:
            return chosen

        def judge(text: str) -> str | None:
            found = "/" in text and network(text.strip()) is not None
            return None if found else "a block such as 198.51.100.24/32"

        text = await self.app.push_screen_wait(
            Ask("From which block", "An address with its length.", now, verb="take it", judge=judge)
        )
        return text.strip() if text else None

    async def may_leave(self) -> bool:
        """A login port open to the world wants consent, typed."""
        wizard = self.wizard
        blocking = wizard.blocking(self.step)
        if {problem.field for problem in blocking} != {"world_consent"}:
            return not blocking
        group = wizard.draft.security_group
        existing = next((each for each in wizard.groups if each.id == group), None)
        rules = group.rules if isinstance(group, NewSecurityGroup) else ingress(existing)
        if not await self.app.push_screen_wait(Confirm(consent_plan(world_open(rules)))):
            return False
        wizard.change(edit(wizard.draft, world_consent=True))
        return True


def ingress(group: SecurityGroup | None) -> tuple[IngressRule, ...]:
    """A group's rules; none where there is no group."""
    return group.ingress if group is not None else ()


def group_cells(row: GroupRow) -> Sequence[Spans]:
    """One group as a row."""
    said = ", ".join(words(rule) for rule in row.rules) or "nothing"
    name: Spans = (("text", row.name), ("dim", "  new")) if not row.id else (("text", row.name),)
    return (
        (("bold cool", "●") if row.chosen else ("muted", "○"),),
        name,
        (("muted", said),),
    )


def rule_cells(row: RuleRow) -> Sequence[Spans]:
    """One rule as a row; one that is open to the world is marked."""
    open_to_all = bool(world_open([row.rule]))
    role = "danger" if open_to_all else "text"
    note = "your address" if row.mine else "anyone may try to log in" if open_to_all else ""
    return (
        (("text", service_words(row.rule)),),
        ((role, source_words(row.rule.source)),),
        (("muted", note),),
    )
