"""What S3 refuses in a lifecycle configuration, and what it allows but charges for. Pure.

Source: Amazon S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle" and "Lifecycle
configuration elements".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tui.aws.bucket.lifecycle import CLASSES, Move, Rule, RuleDraft, class_words, draft_of

MAX_RULES = 1_000
MAX_ID = 255
_KEPT_AT_MOST = 100
_IA = ("STANDARD_IA", "ONEZONE_IA")
_IA_DAYS = 30
# Less is charged as so many days: https://aws.amazon.com/s3/pricing/
_CHARGED_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30, "GLACIER_IR": 90, "GLACIER": 90}
_CHARGED_DAYS["DEEP_ARCHIVE"] = 180
_ORDER = {name: place for place, name in enumerate(CLASSES)}


class Finding(NamedTuple):
    """What is wrong with (or dear about) a field of a draft."""

    field: str
    message: str
    fatal: bool = True


def check(draft: RuleDraft, other_ids: Sequence[str] = (), others: int = 0) -> list[Finding]:
    """What S3 would refuse in a rule, and what it would charge for. `others` counts the rules."""
    found = [*_check_name(draft, other_ids), *_check_filter(draft)]
    found += _check_moves(draft.moves, draft.expire_days, "moves", "expire_days")
    found += _check_moves(draft.old_moves, draft.old_expire_days, "old_moves", "old_expire_days")
    found += _check_rest(draft)
    if others >= MAX_RULES:
        found.append(Finding("id", f"a bucket takes at most {MAX_RULES:,} rules"))
    return found


def deletes(draft: RuleDraft) -> bool:
    """Whether a rule that is on deletes current objects."""
    return draft.enabled and bool(draft.expire_days)


def deletes_everything(rule: Rule) -> bool:
    """Whether a rule deletes the current objects of the whole bucket, by days or on a date."""
    draft = draft_of(rule)
    dated = bool((rule.get("Expiration") or {}).get("Date"))
    return draft.enabled and draft.whole_bucket and bool(draft.expire_days or dated)


def _check_name(draft: RuleDraft, other_ids: Sequence[str]) -> list[Finding]:
    if len(draft.id) > MAX_ID:
        return [Finding("id", f"at most {MAX_ID} characters")]
    if draft.id and draft.id in other_ids:
        return [Finding("id", "another rule has this name")]
    return []


def _check_filter(draft: RuleDraft) -> list[Finding]:
    found = []
    if len(draft.prefix.encode()) > 1024:
        found.append(Finding("prefix", "longer than any key: 1,024 bytes"))
    if draft.prefix.startswith("/"):
        found.append(Finding("prefix", "keys rarely begin with a slash", False))
    keys = [key for key, _ in draft.tags]
    if len(set(keys)) < len(keys):
        found.append(Finding("tags", "a tag is there twice"))
    if any(not 0 < len(key) <= 128 or len(value) > 256 for key, value in draft.tags):
        found.append(Finding("tags", "a tag's key has 1 to 128 characters, its value up to 256"))
    if draft.larger_than and draft.smaller_than and draft.larger_than >= draft.smaller_than:
        found.append(Finding("smaller_than", "must be more than the other size"))
    return found


def _check_moves(
    moves: Sequence[Move], expire_days: int, field: str, expire_field: str
) -> list[Finding]:
    found: list[Finding] = []
    before: Move | None = None
    for move in sorted(moves, key=lambda one: one.days):
        name = class_words(move.storage_class)
        if move.storage_class not in _ORDER:
            found.append(Finding(field, f"{name} is no class that a rule can move to"))
            continue
        if move.storage_class in _IA and move.days < _IA_DAYS:
            found.append(Finding(field, f"{name} only after {_IA_DAYS} days or more"))
        if before is not None:
            found += _check_pair(before, move, field)
        before = move
    if before is not None and 0 < expire_days <= before.days:
        found.append(Finding(expire_field, f"must be after the last move, {before.days} days"))
    elif before is not None and expire_days:
        charged = _CHARGED_DAYS.get(before.storage_class, 0)
        if expire_days - before.days < charged:
            name = class_words(before.storage_class)
            said = f"{name} is charged for at least {charged} days"
            found.append(Finding(expire_field, said, False))
    return found


def _check_pair(before: Move, move: Move, field: str) -> list[Finding]:
    first, then = class_words(before.storage_class), class_words(move.storage_class)
    if before.storage_class == move.storage_class:
        return [Finding(field, f"{first} twice")]
    if before.days == move.days:
        return [Finding(field, f"{first} and {then} on the same day")]
    if _ORDER[before.storage_class] > _ORDER[move.storage_class]:
        return [Finding(field, f"nothing moves back from {first} to {then}")]
    if before.storage_class in _IA and move.days - before.days < _IA_DAYS:
        return [Finding(field, f"{then} at least {_IA_DAYS} days after {first}")]
    return []


def _check_rest(draft: RuleDraft) -> list[Finding]:
    found = []
    acts = draft.moves or draft.old_moves or draft.markers
    if not (acts or draft.expire_days or draft.old_expire_days or draft.abort_days):
        found.append(Finding("expire_days", "the rule does nothing yet"))
    if draft.markers and draft.expire_days:
        found.append(Finding("markers", "not together with a deletion after days"))
    if draft.markers and (draft.tags or draft.larger_than or draft.smaller_than):
        found.append(Finding("markers", "not with a filter by tags or size"))
    if draft.abort_days and (draft.tags or draft.larger_than or draft.smaller_than):
        found.append(Finding("abort_days", "not with a filter by tags or size"))
    if draft.old_kept and not draft.old_expire_days:
        found.append(Finding("old_kept", "wants the days after which older ones go"))
    if draft.old_kept > _KEPT_AT_MOST:
        found.append(Finding("old_kept", f"at most {_KEPT_AT_MOST}"))
    return found
