"""A bucket policy as text: is it JSON, is it a policy, and one for this bucket? Pure.

Whom it lets in is `policy_access`; ready-made statements are `policy_templates`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import Any

from tui.aws.bucket.json_places import JsonProblem, Node, line_and_column, parse
from tui.aws.bucket.policy_words import (
    ACTIONS,
    BUCKET_ACTIONS,
    OBJECT_ACTIONS,
    OPERATORS,
    PRINCIPALS,
    STATEMENT,
    TOP,
    VERSIONS,
)

MOST = 100  # problems
JUDGED_BYTES = 128 * 1024
MAX_BYTES = 20 * 1024  # Amazon S3 User Guide: "Bucket policies are limited to 20 KB in size"

_ARN = re.compile(r"arn:(aws[\w-]*):s3:::(.*)", re.ASCII | re.DOTALL)
_PRINCIPAL = re.compile(
    r"\*|\d{12}|A[A-Z0-9]{15,}"  # everyone; an account; the id of one who was deleted
    r"|arn:aws[\w-]*:iam::\d{12}:(?:root|(?:user|role)/[^\s*?]+)"
    r"|arn:aws[\w-]*:(?:sts::\d{12}:(?:assumed-role|federated-user)/[^\s*?]+|iam::cloudfront:user/.+)",
    re.ASCII,
)
_ACTION = re.compile(r"s3:[A-Za-z0-9*?]+", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9-]+:\S+", re.ASCII)
_PREFIXES = ("ForAllValues:", "ForAnyValue:")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a policy, and where. `fatal` is False for what S3 would take."""

    message: str
    line: int
    column: int
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class _Found:
    message: str
    at: int
    fatal: bool = True
    missing: bool = False  # told after what is there and wrong: often a name was misspelt


def problems(text: str, bucket: str) -> tuple[Problem, ...]:
    """Return what is wrong with a policy of this bucket, the fatal ones first.

    It is asked on every key: of a text that is far too long, only that is said.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    found: list[_Found] = []
    try:
        if size <= JUDGED_BYTES:
            found = list(islice(_policy(parse(text), bucket), MOST))
    except JsonProblem as problem:
        found = [_Found(problem.message, problem.offset)]
    if size > MAX_BYTES:
        found.append(_Found(f"{size:,} bytes: S3 takes at most {MAX_BYTES:,}", len(text)))
    found.sort(key=lambda one: (not one.fatal, one.missing, one.at))
    made = (Problem(one.message, *line_and_column(text, one.at), one.fatal) for one in found)
    return tuple(made)


def statements(policy: Any) -> list[dict[str, Any]]:
    """A parsed policy's statements; what is no statement is left out."""
    found = policy.get("Statement") if isinstance(policy, dict) else None
    rows = found if isinstance(found, list) else [found]
    return [row for row in rows if isinstance(row, dict)]


def texts(value: Any) -> list[str]:
    """A value that may be one string or a list of them, as a list."""
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, str)]


def pretty(text: str) -> str:
    """A policy as it is shown and edited: two spaces a level. What is no JSON stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    except (ValueError, RecursionError):
        return text


def same(one: str, other: str) -> bool:
    """Whether two texts say the same policy, in whatever form they are written."""
    try:
        return bool(json.loads(one) == json.loads(other))
    except (ValueError, RecursionError):
        return one == other


# -- grammar -------------------------------------------------------------------------------


def _policy(node: Node, bucket: str) -> Iterator[_Found]:
    if not isinstance(node.value, dict):
        yield _Found('a policy is an object: {"Version": ..., "Statement": [...]}', node.at)
        return
    yield from _fields(node, TOP, "a policy")
    version = node.get("Version")
    if version is None:
        yield _Found('without "Version": "2012-10-17" no variables work', node.at, False)
    elif version.value not in VERSIONS:
        yield _Found(f'"Version" is "{VERSIONS[0]}"', version.at)
    if (name := node.get("Id")) is not None and not isinstance(name.value, str):
        yield _Found('"Id" is a string', name.at)
    body = node.get("Statement")
    if body is None:
        yield _Found('a policy wants "Statement"', node.at, missing=True)
        return
    rows = body.items if isinstance(body.value, list) else (body,)
    if not rows:
        yield _Found('"Statement" holds nothing: delete the policy instead', body.at)
    sids: set[str] = set()
    for row in rows:
        yield from _statement(row, bucket, sids)


def _fields(node: Node, known: Sequence[str], what: str) -> Iterator[_Found]:
    for member in node.members:
        if member.name not in known:
            near = _nearest(member.name, known, 0.5)
            guess = f', did you mean "{near}"?' if near else ""
            yield _Found(f'"{member.name}" is no field of {what}{guess}', member.at)
    for member in node.repeated():
        yield _Found(f'"{member.name}" is there twice', member.at)


@lru_cache(maxsize=256)
def _nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """What was probably meant, whatever its case; or ""."""
    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), by_lower, 1, cutoff)
    return by_lower[near[0]] if near else ""


def _statement(node: Node, bucket: str, sids: set[str]) -> Iterator[_Found]:
    if not isinstance(node.value, dict):
        yield _Found("a statement is an object", node.at)
        return
    yield from _fields(node, STATEMENT, "a statement")
    sid = node.get("Sid")
    if sid is not None and not isinstance(sid.value, str):
        yield _Found('"Sid" is a string', sid.at)
    elif sid is not None and sid.value in sids:
        yield _Found(f'another statement has the Sid "{sid.value}"', sid.at)
    elif sid is not None:
        sids.add(sid.value)
    effect = node.get("Effect")
    if effect is None:
        yield _Found('a statement wants "Effect": "Allow" or "Deny"', node.at, missing=True)
    elif effect.value not in ("Allow", "Deny"):
        yield _Found('"Effect" is "Allow" or "Deny", written so', effect.at)
    principal = yield from _one_of(node, "Principal", "NotPrincipal")
    if principal is not None:
        yield from _principal(principal)
    if node.get("NotPrincipal") is not None and effect is not None and effect.value == "Allow":
        yield _Found('"Allow" with "NotPrincipal" lets in everyone else', effect.at, False)
    action = yield from _one_of(node, "Action", "NotAction")
    resource = yield from _one_of(node, "Resource", "NotResource")
    if action is not None:
        yield from _each(action, '"Action"', _action)
    if resource is not None:
        yield from _each(resource, '"Resource"', lambda text: _resource(text, bucket))
    if node.get("Action") is not None and node.get("Resource") is not None:
        yield from _fit(node)
    if (condition := node.get("Condition")) is not None:
        yield from _condition(condition)


def _one_of(node: Node, name: str, other: str) -> Generator[_Found, None, Node | None]:
    """Exactly one of two fields; its value."""
    one, two = node.get(name), node.get(other)
    if one is None and two is None:
        yield _Found(f'a statement wants "{name}" (or "{other}")', node.at, missing=True)
    if one is not None and two is not None:
        yield _Found(f'either "{name}" or "{other}", not both', two.at)
    return one if one is not None else two


def _each(node: Node, what: str, judge: Any) -> Iterator[_Found]:
    """A string or a list of strings, each judged; (message, fatal) is what a judge says."""
    rows = node.items if isinstance(node.value, list) else (node,)
    if not rows:
        yield _Found(f"{what} holds nothing", node.at)
    for row in rows:
        if not isinstance(row.value, str):
            yield _Found(f"{what} is a string or a list of strings", row.at)
        elif said := judge(row.value):
            yield _Found(said[0], row.at, said[1])


def _principal(node: Node) -> Iterator[_Found]:
    if node.value == "*":
        return
    if not isinstance(node.value, dict) or not node.value:
        yield _Found('a principal is "*" or {"AWS": "arn:aws:iam::ACCOUNT:root"}', node.at)
        return
    yield from _fields(node, PRINCIPALS, "a principal")
    for member in node.members:
        judge = _aws_principal if member.name == "AWS" else _named
        yield from _each(member.node, f'"{member.name}"', judge)


def _aws_principal(text: str) -> tuple[str, bool] | None:
    if _PRINCIPAL.fullmatch(text):
        return None
    if "*" in text and text != "*":
        return 'only "*" alone stands for everyone: no patterns in a principal', True
    return "an account's number, or the ARN of an account, user or role", True


def _named(text: str) -> tuple[str, bool] | None:
    return None if text.strip() else ("this is empty", True)


def _action(text: str) -> tuple[str, bool] | None:
    if text == "*":
        return None
    if not _ACTION.fullmatch(text):
        return 'an action of S3, such as "s3:GetObject"', True
    name = text[3:]
    if "*" in name or "?" in name:
        pattern = wildcard(name)
        known = any(pattern.fullmatch(action) for action in ACTIONS)
        return None if known else (f"{text} matches no action that is known here", False)
    if name.lower() in {action.lower() for action in ACTIONS}:
        return None
    near = _nearest(name, ACTIONS)
    guess = f": did you mean s3:{near}?" if near else ""
    return f"{text} is no action that is known here{guess}", False


def _resource(text: str, bucket: str) -> tuple[str, bool] | None:
    found = _ARN.fullmatch(text)
    if found is None:
        return f"a resource is arn:aws:s3:::{bucket} or arn:aws:s3:::{bucket}/*", True
    if not found[2].startswith(bucket) or found[2][len(bucket) :][:1] not in ("", "/", "*"):
        return f"a policy of {bucket} can only speak of {bucket}", True
    return None


def _fit(node: Node) -> Iterator[_Found]:
    """S3 refuses an action that none of its statement's resources is for."""
    action, resource = node.get("Action"), node.get("Resource")
    assert action is not None
    assert resource is not None
    places = [text.partition(":::")[2] for text in texts(resource.value)]
    objects = any("/" in place or place.endswith("*") for place in places)
    whole = any("/" not in place for place in places)
    for row in action.items if isinstance(action.value, list) else (action,):
        name = row.value[3:] if isinstance(row.value, str) and row.value.startswith("s3:") else ""
        if name in OBJECT_ACTIONS and not objects:
            yield _Found(f"s3:{name} is about objects: the resource must end in /*", row.at)
        elif name in BUCKET_ACTIONS and not whole:
            said = f"s3:{name} is about the bucket: add its own ARN, without /*"
            yield _Found(said, row.at)


def _condition(node: Node) -> Iterator[_Found]:
    if not isinstance(node.value, dict):
        yield _Found('a condition is an object: {"IpAddress": {"aws:SourceIp": "..."}}', node.at)
        return
    for member in node.repeated():
        yield _Found(f'"{member.name}" is there twice', member.at)
    for member in node.members:
        if bare_operator(member.name) not in OPERATORS:
            near = _nearest(member.name, OPERATORS)
            guess = f", did you mean {near}?" if near else ""
            yield _Found(f'"{member.name}" is no condition operator{guess}', member.at)
        if not isinstance(member.node.value, dict) or not member.node.value:
            yield _Found("an operator holds keys: {...}", member.node.at)
            continue
        for key in member.node.members:
            if not _KEY.fullmatch(key.name):
                yield _Found(f'"{key.name}" is no condition key, such as aws:SourceIp', key.at)
            values = key.node.value if isinstance(key.node.value, list) else [key.node.value]
            if not values or not all(isinstance(one, str | int | float | bool) for one in values):
                yield _Found("a value is a string, or a list of them", key.node.at)


def bare_operator(name: str) -> str:
    """A condition operator without its set prefix and without IfExists."""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    bare = name.removesuffix("IfExists")
    return name if bare == "Null" and name != "Null" else bare


def wildcard(pattern: str) -> re.Pattern[str]:
    """IAM's `*` and `?` as an expression; actions are compared without case."""
    parts = {"*": ".*", "?": "."}
    made = "".join(parts.get(mark) or re.escape(mark) for mark in pattern)
    return re.compile(made, re.IGNORECASE | re.DOTALL)
