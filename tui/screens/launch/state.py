"""What the wizard's steps share: the draft, what there is to choose from, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui.core.errors import UserError
from tui.core.records import SecurityGroup
from tui.launch import (
    REVIEW,
    STEP_TITLES,
    STEPS,
    LaunchDraft,
    NewSecurityGroup,
    Problem,
    add_rule,
    default_draft,
    my_cidr,
    problems,
    remove_rule,
    rule_for,
    summary,
)
from tui.screens.launch.facts import Facts
from tui.widgets.stepper import Stage

if TYPE_CHECKING:
    from tui.cost import Estimate, TypeRow
    from tui.screens.services import Services

PAGES = (*STEPS, REVIEW)
S3_ROLE = "skydeck-s3"  # made at launch where it is missing; the work flow's scripts need it


def _nothing() -> None:
    """Nobody listens yet."""


@dataclass(eq=False)
class Wizard:
    """The state of one launch in the making; `on_change` is called after every change."""

    services: Services
    facts: Facts = field(default_factory=Facts)
    draft: LaunchDraft = field(default_factory=lambda: LaunchDraft(""))
    architecture: str = "x86_64"
    seen: set[str] = field(default_factory=set)
    on_change: Callable[[], None] = _nothing

    def change(self, draft: LaunchDraft) -> None:
        """Take another draft."""
        if draft != self.draft:
            self.draft = draft
            self.on_change()

    def begin(self, facts: Facts) -> None:
        """Make the default draft of what there is."""
        self.facts = facts
        images = facts.images.get(self.architecture, ())
        fleet = self.services.fleet.state.instances
        self.draft = default_draft(
            self.services.region,
            images[0] if images else None,
            types=facts.types,
            my_address=facts.my_address,
            groups=self.groups,
            key_names=facts.key_names | facts.key_files,
            key_name=facts.best_key,
            instance_names={one.name for one in fleet if one.name},
        )
        self.on_change()

    def learn_address(self, address: str) -> None:
        """The address came: fill it in where the new group still lacks it."""
        if not address:
            return
        self.facts = replace(self.facts, my_address=address)
        group = self.draft.security_group
        draft = self.draft
        if isinstance(group, NewSecurityGroup):
            for index, rule in enumerate(group.rules):
                if not rule.source:
                    draft = remove_rule(draft, index)
                    draft = add_rule(draft, replace(rule, source=my_cidr(address)))
        self.draft = draft
        self.on_change()

    # -- what there is ---------------------------------------------------------------------

    @property
    def vpc_id(self) -> str:
        """The network of the chosen subnet, else the default one."""
        chosen = (net.vpc_id for net in self.facts.subnets if net.id == self.draft.subnet_id)
        return next(chosen, self.facts.vpc_id)

    @property
    def groups(self) -> tuple[SecurityGroup, ...]:
        """The security groups that this launch can take: those of its network."""
        vpc_id = self.vpc_id
        return tuple(each for each in self.facts.groups if not vpc_id or each.vpc_id == vpc_id)

    @property
    def row(self) -> TypeRow | None:
        """The chosen type with its prices."""
        name = self.draft.instance_type
        return next((row for row in self.facts.rows if row.type.name == name), None)

    @property
    def makes_role(self) -> bool:
        """True if the launch has to make the role first."""
        return self.draft.role == S3_ROLE and S3_ROLE not in self.facts.profiles

    def new_group(self) -> NewSecurityGroup:
        """The group that the wizard would make: SSH from here."""
        taken = {group.name for group in self.groups}
        draft = default_draft(self.draft.region, None, my_address=self.facts.my_address)
        group = draft.security_group
        assert isinstance(group, NewSecurityGroup)
        number, name = 1, group.name
        while name in taken:
            number, name = number + 1, f"{group.name}-{number + 1}"
        return replace(group, name=name, rules=(rule_for("SSH", self.my_block),))

    @property
    def my_block(self) -> str:
        """This machine's address as a block, or ""."""
        return my_cidr(self.facts.my_address)

    # -- what is wrong, what it costs ------------------------------------------------------

    def problems(self, page: str) -> tuple[Problem, ...]:
        """What is wrong with one page."""
        row = self.row
        return problems(
            self.draft,
            page,
            types=self.facts.types,
            groups=self.groups,
            key_names=self.facts.key_names,
            my_address=self.facts.my_address,
            spot_price=row.spot if row else None,
        )

    def blocking(self, page: str) -> tuple[Problem, ...]:
        """What forbids the launch on one page."""
        return tuple(problem for problem in self.problems(page) if problem.blocking)

    def estimate(self, *, spot: bool | None = None) -> Estimate:
        """What the whole launch costs; `spot` asks for the other market."""
        from tui.cost import instance_cost

        draft = self.draft
        one = instance_cost(
            self.services.book,
            draft.region,
            draft.instance_type,
            draft.volumes,
            draft.public_ip,
            draft.spot if spot is None else spot,
            monitoring=draft.monitoring,
        )
        return one.times(draft.count)

    def stages(self) -> tuple[Stage, ...]:
        """The stepper's column."""
        return tuple(self._stage(page) for page in PAGES)

    def _stage(self, page: str) -> Stage:
        words = summary(self.draft, page, types=self.facts.types, groups=self.groups)
        if page == REVIEW:
            words = ("", "")
        wrong = bool(self.facts.images) and bool(self.blocking(page))
        return Stage(STEP_TITLES[page], *words, seen=page in self.seen, wrong=wrong)

    @property
    def subject(self) -> str:
        """`trainer-02`, or `3 × trainer-02`."""
        name = self.draft.name or self.draft.instance_type
        return name if self.draft.count == 1 else f"{self.draft.count} × {name}"


def as_error(title: str, problem: Problem) -> UserError:
    """A problem as an error for a toast."""
    return UserError(title, problem.message.rstrip("."))
