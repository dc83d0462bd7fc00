"""Is a bucket open to the world? One verdict from all that has a say, in words. Pure.

Public access block (bucket's and account's), policy, ACL and object ownership add up as S3 adds
them (Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from tui.aws.bucket.policy_access import Opening, openings
from tui.aws.bucket.settings import (
    Answer,
    Settings,
    State,
    Switches,
    policy_of,
    switches_of,
)

ENFORCED = "BucketOwnerEnforced"
_GROUPS = {
    "http://acs.amazonaws.com/groups/global/AllUsers": "anyone",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "anyone with an AWS account",
}
_GROUP_NAMES = {
    **_GROUPS,
    "http://acs.amazonaws.com/groups/s3/LogDelivery": "S3's log delivery",
}
_PERMISSIONS = {
    "FULL_CONTROL": "do everything",
    "READ": "list the keys",
    "WRITE": "write and delete objects",
    "READ_ACP": "read the ACL",
    "WRITE_ACP": "change the ACL",
}


class Level(Enum):
    """How open a bucket is."""

    PRIVATE = "private"
    PUBLIC = "public"
    UNCLEAR = "unclear"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict and the reasons for it, the weightiest first.

    Attributes:
        gap: of UNCLEAR: why what matters is not known.
        opened: of UNCLEAR: it is public, unless the block that is not known undoes that.
    """

    level: Level
    words: str
    reasons: tuple[str, ...] = ()
    gap: State | None = None
    opened: bool = False


class _Says(NamedTuple):
    """What policy or ACL alone come to."""

    level: Level
    reason: str
    gap: State | None = None
    opened: bool = False


NEEDED = ("public_access_block", "policy", "policy_status", "acl", "ownership", "account_block")


def verdict(settings: Settings) -> Verdict:
    """Add up what is known; says so where something that matters is not."""
    if any(name not in settings for name in NEEDED):
        return Verdict(Level.WAITING, "still asking…")
    return judged(settings)


def judged(settings: Settings) -> Verdict:
    """The verdict by what was asked for; the rest must not matter, as a policy that is blocked."""
    blocked = effective(settings)
    policy, acl = _by_policy(settings, blocked), _by_acl(settings, blocked)
    block_reason = _block_reason(settings, blocked)
    reasons = (policy.reason, acl.reason, block_reason, *_object_acls(settings, blocked))
    if public := [one.reason for one in (policy, acl) if one.level is Level.PUBLIC]:
        return Verdict(Level.PUBLIC, f"Public: {'; '.join(public)}", reasons)
    if unclear := [one for one in (policy, acl) if one.level is Level.UNCLEAR]:
        first = next((one for one in unclear if one.opened), unclear[0])
        words = f"Unclear: {first.reason}"
        return Verdict(Level.UNCLEAR, words, reasons, first.gap, first.opened)
    return Verdict(
        Level.PRIVATE, f"Private: {block_reason}, {policy.reason}, {acl.reason}", reasons
    )


def effective(settings: Settings) -> Switches:
    """What bucket and account block together, as far as it may be read."""
    own, account = settings.get("public_access_block"), settings.get("account_block")
    return switches_of(own).merged(switches_of(account))


def _block_reason(settings: Settings, blocked: Switches) -> str:
    own = settings["public_access_block"]
    if blocked.all_on:
        by = "" if switches_of(own).all_on else " by the account"
        return f"public access is blocked{by}"
    if own.state is State.LACKING:
        return "this server blocks no public access"
    if not own.known:
        return f"the public access block is not known ({said(own)})"
    return "public access is blocked in part" if any(blocked) else "public access is not blocked"


def _by_policy(settings: Settings, blocked: Switches) -> _Says:
    status, policy = settings.get("policy_status"), settings.get("policy")
    by_status = status is not None and status.known  # S3's own word, where it may be had
    first = status if by_status else policy
    if first is not None and first.state is State.NONE:
        return _Says(Level.PRIVATE, "there is no policy")
    found: tuple[Opening, ...] = openings(policy_of(policy))
    if by_status and status is not None:
        public = bool(status.value.get("PolicyStatus", {}).get("IsPublic"))
    elif policy is not None and policy.state is State.SET:
        public = bool(found)
    elif blocked.restrict:
        return _Says(Level.PRIVATE, "whatever the policy says, it lets no stranger in")
    else:
        return _unknown("policy", policy or status)
    if not public:
        return _Says(Level.PRIVATE, "the policy is not public")
    if blocked.restrict:
        return _Says(Level.PRIVATE, "the policy is public but held back by the block")
    told = "; ".join(dict.fromkeys(one.words for one in found)) or "its policy lets anyone in"
    if (gap := _gap(settings["public_access_block"])) is not None:
        words = f"{told}, unless the block holds it back, which is not known"
        return _Says(Level.UNCLEAR, words, gap, opened=True)
    return _Says(Level.PUBLIC, f"{told}, by the policy" if found else told)


def _by_acl(settings: Settings, blocked: Switches) -> _Says:
    acl, ownership = settings.get("acl"), ownership_of(settings.get("ownership"))
    if ownership == ENFORCED:
        return _Says(Level.PRIVATE, "ACLs are off")
    if acl is None or not acl.known:
        if blocked.ignore_acls:
            return _Says(Level.PRIVATE, "ACLs for everyone are ignored")
        return _unknown("ACL", acl)
    open_to = [grant for grant in grants(acl) if grant.everyone]
    if not open_to:
        return _Says(Level.PRIVATE, "no ACL grants it to everyone")
    if blocked.ignore_acls:
        return _Says(Level.PRIVATE, "the ACL is public but ignored")
    told = "; ".join(f"{grant.who} may {grant.may}" for grant in open_to)
    if (gap := _gap(settings["public_access_block"])) is not None:
        words = f"{told}, unless the block ignores the ACL, which is not known"
        return _Says(Level.UNCLEAR, words, gap, opened=True)
    return _Says(Level.PUBLIC, f"{told}, by the ACL")


def _unknown(what: str, answer: Answer | None) -> _Says:
    why = f" ({said(answer)})" if answer is not None else ""
    gap = answer.state if answer is not None else None
    return _Says(Level.UNCLEAR, f"the {what} is not known{why}", gap)


def _gap(block: Answer) -> State | None:
    """Why a block is not known; a server that has none blocks nothing."""
    return None if block.known or block.state is State.LACKING else block.state


def _object_acls(settings: Settings, blocked: Switches) -> tuple[str, ...]:
    off = ownership_of(settings.get("ownership")) == ENFORCED
    return (
        () if off or blocked.ignore_acls else ("objects may have ACLs of their own, not read here",)
    )


def ownership_of(answer: Answer | None) -> str:
    """S3's word for who owns objects, or "" where it is not set or not known."""
    rules = answer.value.get("OwnershipControls", {}).get("Rules", ()) if answer else ()
    return str(rules[0].get("ObjectOwnership", "")) if rules else ""


def said(answer: Answer) -> str:
    """Why there is no value, in a few words."""
    if answer.state is State.FAILED and answer.error is not None:
        return answer.error.message or answer.error.code
    return answer.state.value


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant of an ACL, in words."""

    who: str
    may: str
    everyone: bool = False


def grants(acl: Answer) -> tuple[Grant, ...]:
    """The grants of an ACL."""
    owner = acl.value.get("Owner", {}).get("ID", "")
    return tuple(_grant(row, owner) for row in acl.value.get("Grants", ()))


def _grant(row: Mapping[str, Any], owner: str) -> Grant:
    grantee, permission = row.get("Grantee", {}), str(row.get("Permission", ""))
    may = _PERMISSIONS.get(permission, permission)
    uri = grantee.get("URI", "")
    if uri:
        return Grant(_GROUP_NAMES.get(uri, uri), may, uri in _GROUPS)
    name = grantee.get("DisplayName") or grantee.get("EmailAddress") or grantee.get("ID", "")
    mine = bool(owner) and grantee.get("ID") == owner
    return Grant("the owner" if mine else f"the account {name}", may)
