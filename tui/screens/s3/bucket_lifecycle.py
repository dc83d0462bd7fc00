"""Lifecycle rules: a new one, a changed one, on or off, deleted; always the whole configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tui.aws.bucket import changes
from tui.aws.bucket.lifecycle import Rule, RuleDraft, draft_of, sentence
from tui.aws.bucket.lifecycle_checks import deletes, deletes_everything
from tui.aws.bucket.settings import rules_of
from tui.core.plans import Plan, PlanFact, Risk
from tui.screens.s3.bucket_review import Review
from tui.screens.s3.bucket_rule import RuleForm
from tui.widgets.paint import Spans

if TYPE_CHECKING:
    from tui.screens.s3.bucket_view import BucketView

_ASKED = ("lifecycle",)


async def edit(view: BucketView, number: int | None) -> Sequence[str]:
    """Change a rule by a form; without a number, make one.

    Raises:
        AwsError: it could not be saved; code Changed where somebody else changed the rules.
    """
    rules = rules_of(view.readable("lifecycle"))
    if number is not None and number >= len(rules):
        view.app.bell()
        return ()
    rule = rules[number] if number is not None else None
    draft: RuleDraft | None = None
    others = [one for at, one in enumerate(rules) if at != number]
    ids = [str(one.get("ID", "")) for one in others]
    while True:
        form = RuleForm(rule, ids, len(others), draft)
        made: dict[str, Any] | None = await view.app.push_screen_wait(form)
        if made is None:
            return ()
        after = _with(rules, number, made)
        if await _agreed(view, rules, after, "Save the rule"):
            return await _put(view, after)
        draft = form.draft  # back to what was typed


async def toggle(view: BucketView, number: int) -> Sequence[str]:
    """Switch a rule on or off."""
    rules = rules_of(view.readable("lifecycle"))
    if number >= len(rules):
        return ()
    draft = draft_of(rules[number])
    status = "Disabled" if draft.enabled else "Enabled"
    after = _with(rules, number, {**rules[number], "Status": status})
    verb = "Switch the rule off" if draft.enabled else "Switch the rule on"
    return await _put(view, after) if await _agreed(view, rules, after, verb) else ()


async def delete(view: BucketView, number: int) -> Sequence[str]:
    """Delete a rule."""
    rules = rules_of(view.readable("lifecycle"))
    if number >= len(rules):
        return ()
    after = [one for at, one in enumerate(rules) if at != number]
    return await _put(view, after) if await _agreed(view, rules, after, "Delete the rule") else ()


def _with(rules: Sequence[Rule], number: int | None, made: Mapping[str, Any]) -> list[Rule]:
    if number is None:
        return [*rules, made]
    return [made if at == number else one for at, one in enumerate(rules)]


async def _agreed(
    view: BucketView, before: Sequence[Rule], after: Sequence[Rule], verb: str
) -> bool:
    plan = rules_plan(view.bucket, before, after, verb)
    review = Review(plan, rule_lines(before, after))
    agreed: bool | None = await view.app.push_screen_wait(review)
    return bool(agreed)


async def _put(view: BucketView, after: Sequence[Rule]) -> Sequence[str]:
    before = view.settings["lifecycle"]
    act = partial(changes.put_rules, view.services.s3, view.bucket, after, before)
    return await view.change("Set the lifecycle rules", act, _ASKED)


def rules_plan(bucket: str, before: Sequence[Rule], after: Sequence[Rule], verb: str) -> Plan:
    """What saving does; a rule that begins to empty the whole bucket wants its name typed."""
    new = _without(after, before)
    everything = any(deletes_everything(rule) for rule in new)
    deleting = everything or any(_takes_away(rule) for rule in new)
    warning = ""
    if everything:
        warning = "It deletes every object of the bucket as it comes of age."
    elif deleting:
        warning = "What a rule has deleted cannot be brought back."
    return Plan(
        title=f"{verb} of {bucket}",
        verb=verb,
        intro="S3 acts by its rules once a day, on what is there already too.",
        risk=Risk.DESTROYS if deleting else Risk.CAREFUL,
        facts=(
            PlanFact("bucket", bucket, "bold bright"),
            PlanFact("rules", f"{len(before)} → {len(after)}"),
        ),
        warning=warning,
        typed=bucket if everything else "",
        keep="leave them as they are",
    )


def _takes_away(rule: Rule) -> bool:
    draft = draft_of(rule)
    dated = bool((rule.get("Expiration") or {}).get("Date"))
    return deletes(draft) or (draft.enabled and (dated or bool(draft.old_expire_days)))


def rule_lines(before: Sequence[Rule], after: Sequence[Rule]) -> list[Spans]:
    """The rules that go, that come, and how many stay, in sentences."""
    come = _without(after, before)
    rows: list[Spans] = [(("danger", f"- {_told(one)}"),) for one in _without(before, after)]
    rows += [(("run", f"+ {_told(one)}"),) for one in come]
    kept = len(after) - len(come)
    if kept:
        rows.append((("muted", f"  {kept} {'rule stays' if kept == 1 else 'rules stay'}"),))
    return rows


def _without(rules: Sequence[Rule], others: Sequence[Rule]) -> list[Rule]:
    """The rules that are not among the others, of which nearly all are the very same."""
    same = {id(one) for one in others}
    return [one for one in rules if id(one) not in same and one not in others]


def _told(rule: Rule) -> str:
    draft = draft_of(rule)
    off = "" if draft.enabled else " (off)"
    return f"{draft.id or 'unnamed'}{off}: {sentence(rule)}"
