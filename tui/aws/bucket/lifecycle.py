"""Lifecycle rules as sentences, and as drafts that a form can edit. Pure.

A rule stays the mapping that S3 gave; a draft is what a form shows of it. `applied` puts back only
what the form changed, so that what this module does not understand is kept as it was.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

Rule = Mapping[str, Any]

# From warm to cold: a later transition must go further down (Amazon S3 User Guide,
# "Supported transitions").
CLASSES: Mapping[str, str] = {
    "STANDARD_IA": "Standard-IA",
    "INTELLIGENT_TIERING": "Intelligent-Tiering",
    "ONEZONE_IA": "One Zone-IA",
    "GLACIER_IR": "Glacier Instant",
    "GLACIER": "Glacier",
    "DEEP_ARCHIVE": "Deep Archive",
}


@dataclass(frozen=True, slots=True)
class Move:
    """A transition: after so many days into a storage class; `newer` versions are kept out."""

    days: int
    storage_class: str
    newer: int = 0


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """What a form shows of a rule; 0 days (and 0 bytes) stand for "not at all".

    Attributes:
        larger_than, smaller_than: bytes.
        markers: whether delete markers that hide nothing go.
        old_*: of versions that are not the newest.
        old_kept: how many of these stay whatever their age.
    """

    id: str = ""
    enabled: bool = True
    prefix: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    larger_than: int = 0
    smaller_than: int = 0
    moves: tuple[Move, ...] = ()
    expire_days: int = 0
    markers: bool = False
    old_moves: tuple[Move, ...] = ()
    old_expire_days: int = 0
    old_kept: int = 0
    abort_days: int = 0

    @property
    def whole_bucket(self) -> bool:
        """Whether no filter narrows the rule."""
        return not (self.prefix or self.tags or self.larger_than or self.smaller_than)


_FILTER = ("prefix", "tags", "larger_than", "smaller_than")


def draft_of(rule: Rule) -> RuleDraft:
    """What a form shows of a rule; dates are not shown, and so stay as they are."""
    scope = _scope(rule)
    expiration = rule.get("Expiration") or {}
    old = rule.get("NoncurrentVersionExpiration") or {}
    return RuleDraft(
        id=str(rule.get("ID") or ""),
        enabled=rule.get("Status") == "Enabled",
        prefix=str(scope.get("Prefix") or rule.get("Prefix") or ""),
        tags=tuple((tag["Key"], tag.get("Value", "")) for tag in _tags(scope)),
        larger_than=int(scope.get("ObjectSizeGreaterThan") or 0),
        smaller_than=int(scope.get("ObjectSizeLessThan") or 0),
        moves=_moves(rule.get("Transitions"), "Days"),
        expire_days=int(expiration.get("Days") or 0),
        markers=bool(expiration.get("ExpiredObjectDeleteMarker")),
        old_moves=_moves(rule.get("NoncurrentVersionTransitions"), "NoncurrentDays"),
        old_expire_days=int(old.get("NoncurrentDays") or 0),
        old_kept=int(old.get("NewerNoncurrentVersions") or 0),
        abort_days=int(
            (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation") or 0
        ),
    )


def applied(draft: RuleDraft, rule: Rule | None = None) -> dict[str, Any]:
    """The rule with what the draft changed; all else of it is left as it was."""
    made: dict[str, Any] = copy.deepcopy(dict(rule)) if rule is not None else {"Filter": {}}
    before = draft_of(made)
    changed = {
        one.name
        for one in fields(RuleDraft)
        if rule is None or getattr(draft, one.name) != getattr(before, one.name)
    }
    if "id" in changed and draft.id:
        made["ID"] = draft.id
    if "enabled" in changed:
        made["Status"] = "Enabled" if draft.enabled else "Disabled"
    if changed & {*_FILTER}:
        made.pop("Prefix", None)
        made["Filter"] = _filter(draft)
    if "moves" in changed:
        dated = [one for one in made.get("Transitions") or () if "Date" in one]
        _put(made, "Transitions", dated + [_transition(one, "Days") for one in draft.moves])
    if changed & {"expire_days", "markers"}:
        _put(made, "Expiration", _expiration(draft, made.get("Expiration") or {}))
    if "old_moves" in changed:
        moves = [_transition(one, "NoncurrentDays") for one in draft.old_moves]
        _put(made, "NoncurrentVersionTransitions", moves)
    if changed & {"old_expire_days", "old_kept"}:
        _put(made, "NoncurrentVersionExpiration", _old_expiration(draft))
    if "abort_days" in changed:
        after = {"DaysAfterInitiation": draft.abort_days} if draft.abort_days else {}
        _put(made, "AbortIncompleteMultipartUpload", after)
    return made


def _put(made: dict[str, Any], name: str, value: Any) -> None:
    if value:
        made[name] = value
    else:
        made.pop(name, None)


def _scope(rule: Rule) -> Mapping[str, Any]:
    """What a filter holds, whether or not it is wrapped into And."""
    found = rule.get("Filter") or {}
    return found.get("And") or found


def _tags(scope: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    tags: Sequence[Mapping[str, str]] = scope.get("Tags") or ()
    return [scope["Tag"]] if scope.get("Tag") else tags


def _filter(draft: RuleDraft) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if draft.prefix:
        parts["Prefix"] = draft.prefix
    if draft.larger_than:
        parts["ObjectSizeGreaterThan"] = draft.larger_than
    if draft.smaller_than:
        parts["ObjectSizeLessThan"] = draft.smaller_than
    tags = [{"Key": key, "Value": value} for key, value in draft.tags]
    if len(parts) + len(tags) > 1:
        return {"And": {**parts, "Tags": tags} if tags else parts}
    return {**parts, "Tag": tags[0]} if tags else parts


def _moves(rows: Any, unit: str) -> tuple[Move, ...]:
    return tuple(
        Move(
            int(row.get(unit) or 0),
            str(row.get("StorageClass")),
            int(row.get("NewerNoncurrentVersions") or 0),
        )
        for row in rows or ()
        if "Date" not in row
    )


def _transition(move: Move, unit: str) -> dict[str, Any]:
    made: dict[str, Any] = {unit: move.days, "StorageClass": move.storage_class}
    if move.newer:
        made["NewerNoncurrentVersions"] = move.newer
    return made


def _expiration(draft: RuleDraft, before: Mapping[str, Any]) -> dict[str, Any]:
    if draft.expire_days:
        return {"Days": draft.expire_days}
    if draft.markers:
        return {"ExpiredObjectDeleteMarker": True}
    return {"Date": before["Date"]} if "Date" in before else {}


def _old_expiration(draft: RuleDraft) -> dict[str, Any]:
    if not draft.old_expire_days:
        return {}
    made = {"NoncurrentDays": draft.old_expire_days}
    return {**made, "NewerNoncurrentVersions": draft.old_kept} if draft.old_kept else made


# -- sentences -----------------------------------------------------------------------------


def sentence(rule: Rule) -> str:
    """A rule as people would say it: "Objects under logs/ are deleted after 30 days."."""
    draft, expiration = draft_of(rule), rule.get("Expiration") or {}
    which = _which(draft)
    acts = _move_words(rule.get("Transitions"), "Days", "move ")
    if draft.expire_days:
        acts.append(f"are deleted after {_days(draft.expire_days, bare=bool(acts))}")
    elif expiration.get("Date"):
        acts.append(f"are deleted on {_day(expiration['Date'])}")
    said = [f"Objects{which} {_joined(acts)}."] if acts else []
    old = _move_words(rule.get("NoncurrentVersionTransitions"), "NoncurrentDays", "move ")
    if draft.old_expire_days:
        kept = f", {draft.old_kept} kept" if draft.old_kept else ""
        old.append(f"go after {_days(draft.old_expire_days, bare=bool(old))}{kept}")
    if old:
        said.append(f"Old versions{'' if said else which} {_joined(old)}.")
    if draft.markers:
        said.append(f"Delete markers{'' if said else which} that hide nothing are removed.")
    if draft.abort_days:
        told = "" if said else which
        said.append(f"Unfinished uploads{told} are aborted after {_days(draft.abort_days)}.")
    return " ".join(said) or f"Objects{which}: nothing that is known here happens."


def _which(draft: RuleDraft) -> str:
    parts = [f" under {draft.prefix}"] if draft.prefix else []
    if draft.tags:
        parts.append(" tagged " + _joined([f"{key}={value}" for key, value in draft.tags]))
    if draft.larger_than and draft.smaller_than:
        parts.append(f" of {draft.larger_than:,} to {draft.smaller_than:,} bytes")
    elif draft.larger_than:
        parts.append(f" larger than {draft.larger_than:,} bytes")
    elif draft.smaller_than:
        parts.append(f" smaller than {draft.smaller_than:,} bytes")
    return "".join(parts)


def _move_words(rows: Any, unit: str, first: str) -> list[str]:
    words: list[str] = []
    for row in rows or ():
        name = class_words(str(row.get("StorageClass")))
        lead = "" if words else first
        if row.get("Date"):
            words.append(f"{lead}to {name} on {_day(row['Date'])}")
            continue
        days = int(row.get(unit) or 0)
        after = f"after {_days(days, bare=bool(words))}" if days else "at once"
        kept = row.get("NewerNoncurrentVersions")
        words.append(f"{lead}to {name} {after}" + (f" ({kept} kept)" if kept else ""))
    return words


def class_words(storage_class: str) -> str:
    """A storage class as sentences name it."""
    return CLASSES.get(storage_class, storage_class)


def _joined(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + (", and " if len(parts) > 2 else " and ") + parts[-1]


def _days(days: int, *, bare: bool = False) -> str:
    """Days in words; `bare` where a number before it has said that these are days."""
    if bare:
        return f"{days:,}"
    return "1 day" if days == 1 else f"{days:,} days"


def _day(moment: Any) -> str:
    return f"{moment:%Y-%m-%d}" if isinstance(moment, datetime) else str(moment)[:10]
