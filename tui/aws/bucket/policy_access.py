"""Whom a bucket policy lets in, and whether it shuts its own author out. Pure.

Public means what S3 means by it (Amazon S3 User Guide, "The meaning of public"): a statement that
allows everyone, and that no condition holds to fixed addresses, networks, accounts or callers.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from tui.aws.bucket.policy import bare_operator, statements, texts, wildcard

# Condition keys whose fixed value makes a statement non-public.
_RESTRICTING = frozenset(
    """
    aws:sourcearn aws:sourcevpc aws:sourcevpce aws:sourceowner aws:sourceaccount aws:sourceorgid
    aws:sourceorgpaths aws:principalorgid aws:principalorgpaths aws:principalaccount
    aws:principalarn aws:userid aws:username s3:dataaccesspointarn s3:dataaccesspointaccount
    s3:x-amz-server-side-encryption-aws-kms-key-id
    """.split()  # noqa: SIM905 - one name a line would be a screenful
)
_EQUAL = frozenset(("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"))
_WIDEST = {4: 8, 6: 32}  # shorter prefixes than these count as the whole internet
_ARN_PARTS = 6
_ROLE = re.compile(r"arn:(aws[\w-]*):sts::(\d{12}):assumed-role/([^/]+)/.+", re.ASCII)

_GUARDED = ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:GetBucketPolicy")
_READS = frozenset(("s3:ListBucket", "s3:GetObject"))
_WORK = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")


@dataclass(frozen=True, slots=True)
class Opening:
    """A statement that lets everyone in, in words."""

    sid: str
    words: str
    writes: bool


class Certainty(IntEnum):
    """How sure it is that one is shut out."""

    NO = 0
    MAYBE = 1
    SURE = 2


@dataclass(frozen=True, slots=True)
class Lockout:
    """What a policy takes away from the one who saves it; `words` are sentences."""

    certainty: Certainty = Certainty.NO
    policy_itself: bool = False  # the right to read, change and delete the policy
    words: tuple[str, ...] = ()


def openings(text: str) -> tuple[Opening, ...]:
    """The statements that make a policy public; none for what is no JSON."""
    found = []
    for number, row in enumerate(_statements(text), 1):
        if row.get("Effect") == "Allow" and _everyone(row) and not _restricted(row):
            actions = texts(row.get("Action")) or [f"all but {', '.join(_not_actions(row))}"]
            verbs = _verbs(actions)
            sid = str(row.get("Sid") or f"statement {number}")
            found.append(Opening(sid, f"anyone may {verbs}", _writes(row)))
    return tuple(found)


def is_public(text: str) -> bool:
    """Whether S3 would call the policy public."""
    return bool(openings(text))


def lockout(text: str, arn: str, bucket_arn: str) -> Lockout:
    """What the Deny statements of a policy take from the caller with this ARN."""
    worst, policy_itself, words = Certainty.NO, False, []
    for number, row in enumerate(_statements(text), 1):
        if row.get("Effect") != "Deny" or not _means(row, arn):
            continue
        guarded = [name for name in _GUARDED if _covers(row, name, bucket_arn)]
        work = [name for name in _WORK if _covers(row, name, f"{bucket_arn}/key", bucket_arn)]
        sure = _holds(row.get("Condition"), arn) if guarded or work else Certainty.NO
        if sure is Certainty.NO or (
            sure is Certainty.MAYBE and not guarded and not _READS & {*work}
        ):
            continue  # a rule for uploads, such as encryption, shuts nobody out
        worst = max(worst, sure)
        policy_itself = policy_itself or bool(guarded)
        words.append(_denied_words(row, number, guarded, work, sure))
    return Lockout(worst, policy_itself, tuple(words))


def _denied_words(
    row: Mapping[str, Any], number: int, guarded: list[str], work: list[str], sure: Certainty
) -> str:
    name = str(row.get("Sid") or f"statement {number}")
    what = ["change this policy"] if guarded else []
    if len(work) == len(_WORK):
        what.append("use what is in the bucket")
    elif work:
        what.append(_verbs(work))
    unless = "" if sure is Certainty.SURE else f", unless {_unless(row.get('Condition'))}"
    return f"{name} denies you too to {' and to '.join(what)}{unless}"


# -- whom ----------------------------------------------------------------------------------


def _statements(text: str) -> list[dict[str, Any]]:
    try:
        return statements(json.loads(text))
    except (ValueError, RecursionError):
        return []


def _everyone(row: Mapping[str, Any]) -> bool:
    if "NotPrincipal" in row:
        return True
    principal = row.get("Principal")
    if isinstance(principal, Mapping):
        return any("*" in texts(value) for value in principal.values())
    return principal == "*"


def _means(row: Mapping[str, Any], arn: str) -> bool:
    """Whether a statement's principal is everyone, the caller, or the caller's account."""
    if "NotPrincipal" in row:
        return not _named(row["NotPrincipal"], arn)
    return _everyone(row) or _named(row.get("Principal"), arn)


def _named(principal: Any, arn: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    me = _selves(arn)
    return any(one in me or _same_role(one, arn) for one in texts(principal.get("AWS")))


def _selves(arn: str) -> set[str]:
    """The names a policy may call the caller by."""
    parts = arn.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        return {arn}
    account = parts[4]
    return {arn, account, f"{parts[0]}:{parts[1]}:iam::{account}:root"}


def _same_role(principal: str, arn: str) -> bool:
    """A session's ARN has no path, its role's may."""
    session = _ROLE.fullmatch(arn)
    if session is None:
        return False
    head = f"arn:{session[1]}:iam::{session[2]}:role/"
    return principal.startswith(head) and principal.rpartition("/")[2] == session[3]


# -- conditions ----------------------------------------------------------------------------


def _unless(condition: Any) -> str:
    """When a Deny does not hold, in words."""
    parts = []
    for operator, keys in _pairs(condition):
        for key, value in keys.items():
            told = ", ".join(texts(value)) or str(value)
            if key.lower() == "aws:sourceip":
                subject = "your address"
                verb = "is in" if "Not" in operator else "is not in"
            else:
                subject, verb = key, "is" if "Not" in operator else "is not"
            parts.append(f"{subject} {verb} {told}")
    return " or ".join(parts) or "its conditions fail"


def _pairs(condition: Any) -> Iterable[tuple[str, Mapping[str, Any]]]:
    if isinstance(condition, Mapping):
        for operator, keys in condition.items():
            if isinstance(keys, Mapping):
                yield operator, keys


def _restricted(row: Mapping[str, Any]) -> bool:
    """Whether a condition holds a statement to fixed callers, networks or addresses."""
    for operator, keys in _pairs(row.get("Condition")):
        if operator.endswith("IfExists") or operator.startswith("ForAllValues:"):
            continue  # these hold where the key is absent, as it is for a stranger
        bare = bare_operator(operator)
        for key, value in keys.items():
            values = value if isinstance(value, list) else [value]
            address = key.lower() == "aws:sourceip" and bare == "IpAddress"
            if address and values and all(_narrow(str(one)) for one in values):
                return True
            known = key.lower() in _RESTRICTING and bare in _EQUAL
            if known and values and all(_fixed(str(one)) for one in values):
                return True
    return False


def _narrow(block: str) -> bool:
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return False
    return network.is_private or network.prefixlen >= _WIDEST[network.version]


def _fixed(value: str) -> bool:
    """A value without wildcard or variable; of an ARN the account must be fixed."""
    if "${" in value:
        return False
    parts = value.split(":", _ARN_PARTS - 1)
    if value.startswith("arn:") and len(parts) == _ARN_PARTS:
        account, place = parts[4], parts[5]
        return "*" not in account and "?" not in account and bool(account or "*" not in place)
    return "*" not in value and "?" not in value


def _holds(condition: Any, arn: str) -> Certainty:
    """Whether a Deny's conditions hold for the caller: for sure, perhaps, or not."""
    worst = Certainty.SURE
    for operator, keys in _pairs(condition):
        for key, value in keys.items():
            one = _one_holds(operator, key.lower(), value, arn)
            if one is Certainty.NO:
                return Certainty.NO
            worst = min(worst, one)
    return worst


def _one_holds(operator: str, key: str, value: Any, arn: str) -> Certainty:
    bare = bare_operator(operator)
    values = [str(one).lower() for one in (value if isinstance(value, list) else [value])]
    if key == "aws:securetransport" and bare == "Bool":
        return Certainty.NO if values == ["false"] else Certainty.SURE  # Skydeck speaks TLS
    negated = "Not" in bare
    if key == "aws:principalarn" and bare.startswith(("Arn", "String")):
        matches = any(wildcard(one).fullmatch(name) for one in values for name in _arns(arn))
        return Certainty.SURE if matches != negated else Certainty.NO
    if key == "aws:principalaccount" and bare.startswith("String"):
        matches = any(wildcard(one).fullmatch(_account(arn)) for one in values)
        return Certainty.SURE if matches != negated else Certainty.NO
    return Certainty.MAYBE


def _arns(arn: str) -> list[str]:
    """What aws:PrincipalArn may be: a role's own ARN for its sessions, its path unknown."""
    session = _ROLE.fullmatch(arn)
    return [arn] if session is None else [f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}"]


def _account(arn: str) -> str:
    parts = arn.split(":", _ARN_PARTS - 1)
    return parts[4] if len(parts) == _ARN_PARTS else ""


# -- what ----------------------------------------------------------------------------------


def _covers(row: Mapping[str, Any], action: str, *resources: str) -> bool:
    if "NotAction" in row:
        acts = not any(wildcard(one).fullmatch(action) for one in texts(row["NotAction"]))
    else:
        acts = any(wildcard(one).fullmatch(action) for one in texts(row.get("Action")))
    if not acts:
        return False
    if "NotResource" in row:
        return True
    patterns = [wildcard(one) for one in texts(row.get("Resource"))]
    return any(pattern.fullmatch(place) for pattern in patterns for place in resources)


def _not_actions(row: Mapping[str, Any]) -> list[str]:
    return texts(row.get("NotAction")) or ["nothing"]


def _writes(row: Mapping[str, Any]) -> bool:
    wanted = ("s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy", "s3:PutObjectAcl")
    if "NotAction" in row:
        return not all(any(wildcard(p).fullmatch(w) for p in _not_actions(row)) for w in wanted)
    return any(wildcard(one).fullmatch(w) for one in texts(row.get("Action")) for w in wanted)


_PLAIN = {
    "s3:GetObject": "read objects",
    "s3:GetObjectVersion": "read old versions",
    "s3:ListBucket": "list the keys",
    "s3:PutObject": "write objects",
    "s3:DeleteObject": "delete objects",
    "s3:*": "do everything",
    "*": "do everything",
}
_NAMED_AT_MOST = 4


def _verbs(actions: list[str]) -> str:
    words = list(dict.fromkeys(_PLAIN.get(one, one) for one in actions))
    if "do everything" in words:
        return "do everything"
    more = len(words) - _NAMED_AT_MOST
    if more > 0:
        words = [*words[:_NAMED_AT_MOST], f"{more} more"]
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]
