"""The checks that the review runs before anyone asks for the launch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from tui.aws.calls import caused_by
from tui.core import format as fmt
from tui.core.errors import UserError
from tui.launch import (
    STEP_TITLES,
    STEPS,
    ExistingKey,
    NewSecurityGroup,
    NoKey,
    Problem,
    fits,
    request,
    words,
)
from tui.screens.launch.firewall import ingress
from tui.screens.launch.state import Wizard
from tui.widgets.paint import Spans

PASSED, WARNS, FAILED, CHECKING = "passed", "warns", "failed", "checking"
MARKS = {
    PASSED: ("run", "✓"),
    WARNS: ("warn", "▲"),
    FAILED: ("danger", "✗"),
    CHECKING: ("warn", "◐"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the preflight; `verdict` is one of the four above."""

    name: str
    verdict: str
    text: str
    step: str = ""  # where it can be put right


def known_checks(wizard: Wizard) -> list[Check]:
    """The checks that need no call."""
    found = [*_steps(wizard), _image_fits(wizard), _offered(wizard), _subnet(wizard)]
    found += [_firewall(wizard), _role(wizard), _metadata(wizard), _key(wizard)]
    return [check for check in found if check is not None]


async def asked_checks(wizard: Wizard) -> AsyncIterator[Check]:
    """The checks that ask AWS; each yielded when its answer is there."""
    yield await _permission(wizard)


async def _permission(wizard: Wizard) -> Check:
    """Have AWS judge the launch without what the launch would make first."""
    draft = wizard.draft
    if draft.image is None:
        return Check("permission", FAILED, "no image is chosen", "image")
    if isinstance(draft.security_group, NewSecurityGroup):
        draft = replace(draft, security_group="")
    if wizard.makes_role:
        draft = replace(draft, role="")
    key = draft.key_name if isinstance(draft.key, ExistingKey) else ""
    try:
        with caused_by(None):
            await wizard.services.ec2.dry_run(request(draft, key_name=key))
    except UserError as error:
        return Check("permission", FAILED, error.message or error.title)
    return Check("permission", PASSED, "dry run passed")


def _steps(wizard: Wizard) -> list[Check]:
    checks = []
    for step in STEPS:
        for problem in wizard.blocking(step):
            checks.append(Check(STEP_TITLES[step].lower(), FAILED, problem.message, step))
    return checks


def _image_fits(wizard: Wizard) -> Check | None:
    row, image = wizard.row, wizard.draft.image
    if row is None or image is None or not fits(row.type, image):
        return None  # said by the step's own problem
    return Check("image fits", PASSED, f"{image.architecture}, {image.virtualization}")


def _offered(wizard: Wizard) -> Check | None:
    row = wizard.row
    if row is None:
        return None
    return Check("type", PASSED, f"offered in {wizard.draft.region}")


def _subnet(wizard: Wizard) -> Check | None:
    draft, nets = wizard.draft, wizard.facts.subnets
    if not nets:
        return Check("network", WARNS, "subnets could not be listed", "details")
    chosen = [net for net in nets if net.id == draft.subnet_id]
    if not chosen and not wizard.facts.vpc_id:
        return Check("network", FAILED, "no default network: choose a subnet", "details")
    chosen = chosen or [net for net in nets if net.default_for_zone]
    free = max((net.free_addresses for net in chosen), default=0)
    if free < draft.count:
        return Check("network", FAILED, f"{free} free addresses, needs {draft.count}", "details")
    where = f" in {chosen[0].zone}" if draft.subnet_id else ""
    return Check("network", PASSED, f"{fmt.count(free)} addresses free{where}")


def _firewall(wizard: Wizard) -> Check | None:
    problems = wizard.problems("firewall")
    if any(problem.blocking for problem in problems):
        return None
    if problems:
        return Check("firewall", WARNS, problems[0].message, "firewall")
    group = wizard.draft.security_group
    existing = next((each for each in wizard.groups if each.id == group), None)
    rules = group.rules if isinstance(group, NewSecurityGroup) else ingress(existing)
    return Check("firewall", PASSED, ", ".join(words(rule) for rule in rules) or "lets nothing in")


def _role(wizard: Wizard) -> Check:
    role = wizard.draft.role
    if not role:
        return Check("role", WARNS, "none: S3 will want keys there", "details")
    return Check("role", PASSED, f"{role}, made first" if wizard.makes_role else role)


def _metadata(wizard: Wizard) -> Check:
    if wizard.draft.imdsv2:
        return Check("metadata", PASSED, "IMDSv2 required")
    return Check("metadata", WARNS, "IMDSv1 too", "details")


def _key(wizard: Wizard) -> Check:
    key, problems = wizard.draft.key, wizard.problems("review")
    if isinstance(key, NoKey):
        return Check("key pair", WARNS, "none: no way in by SSH")
    if problems:
        return Check("key pair", FAILED, problems[0].message)
    if isinstance(key, ExistingKey):
        if key.name in wizard.facts.keys_here:
            return Check("key pair", PASSED, f"{key.name}, private key here")
        return Check("key pair", WARNS, f"{key.name}: its private key is not on this disk")
    if taken := file_problem(wizard):
        return Check("key pair", FAILED, taken.message)
    return Check("key pair", PASSED, f"{key.name}, made and saved first")


def file_problem(wizard: Wizard) -> Problem | None:
    """A new key's file that exists already; a private key is never written over."""
    name = wizard.draft.key_name
    if name not in wizard.facts.key_files:
        return None
    folder = wizard.services.settings.keys_folder
    return Problem("key.name", f"{folder}/{name}.pem exists already: choose another name.")


def check_row(check: Check, width: int = 10) -> Spans:
    """A check as a line."""
    role, glyph = MARKS[check.verdict]
    text = {FAILED: "danger", WARNS: "text"}.get(check.verdict, "muted")
    return ((role, f"{glyph} "), ("text", f" {check.name:<{width}}  "), (text, check.text))
