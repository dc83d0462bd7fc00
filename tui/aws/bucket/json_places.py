"""JSON that remembers where each of its parts stands, so that a complaint can point at it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

DEEPEST = 40  # levels; no policy comes near, and Python's own stack ends somewhere

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None}


class JsonProblem(Exception):  # noqa: N818 - a finding about a text, not a failure
    """The text is no JSON; says why, and where it stopped being so."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Member:
    """One name of an object, where it stands, and its value."""

    name: str
    at: int
    node: Node


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its place.

    Attributes:
        at: offset of its first character.
        members: of an object, in the text's order, repeated names too.
        items: of an array.
    """

    value: Any
    at: int
    members: tuple[Member, ...] = field(default=())
    items: tuple[Node, ...] = field(default=())

    def get(self, name: str) -> Node | None:
        """The value of a name; the last one where it is repeated."""
        found = [member.node for member in self.members if member.name == name]
        return found[-1] if found else None

    def repeated(self) -> Iterator[Member]:
        """The members whose name was there before."""
        seen: set[str] = set()
        for member in self.members:
            if member.name in seen:
                yield member
            seen.add(member.name)


def parse(text: str) -> Node:
    """Read a whole text as JSON.

    Raises:
        JsonProblem: it is none.
    """
    node, end = _value(text, _skip(text, 0), 0)
    end = _skip(text, end)
    if end != len(text):
        raise JsonProblem("the JSON ends before this", end)
    return node


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Where an offset is, both counted from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, depth: int) -> tuple[Node, int]:
    if depth > DEEPEST:
        raise JsonProblem(f"nested deeper than {DEEPEST} levels", at)
    start = text[at : at + 1]
    if start == "{":
        return _object(text, at, depth)
    if start == "[":
        return _array(text, at, depth)
    if start == '"':
        value, end = _string(text, at)
        return Node(value, at), end
    if number := _NUMBER.match(text, at):
        return _number(number[0], at), number.end()
    for word, meant in _WORDS.items():
        if text.startswith(word, at):
            return Node(meant, at), at + len(word)
    what = f"not {start!r}" if start else "but the text ends"
    raise JsonProblem(f"a value belongs here, {what}", at)


def _number(text: str, at: int) -> Node:
    if len(text) > 30:
        raise JsonProblem("a number of that many digits", at)
    return Node(json.loads(text), at)


def _string(text: str, at: int) -> tuple[str, int]:
    try:
        value, end = scanstring(text, at + 1, True)
    except json.JSONDecodeError as error:
        unended = error.msg.startswith("Unterminated")
        message = "this string has no end" if unended else "a character no string may hold as it is"
        raise JsonProblem(message, at if unended else error.pos) from None
    return value, end


def _object(text: str, start: int, depth: int) -> tuple[Node, int]:
    members: list[Member] = []
    at = _skip(text, start + 1)
    if text[at : at + 1] == "}":
        return Node({}, start), at + 1
    while True:
        if text[at : at + 1] != '"':
            stray = members and text[at : at + 1] == "}"
            why = "a comma too many before this" if stray else 'a name in "quotes" belongs here'
            raise JsonProblem(why, at)
        name, end = _string(text, at)
        colon = _skip(text, end)
        if text[colon : colon + 1] != ":":
            raise JsonProblem(f'a colon belongs after "{name}"', colon)
        node, end = _value(text, _skip(text, colon + 1), depth + 1)
        members.append(Member(name, at, node))
        at, more = _next(text, end, "}")
        if not more:
            value = {member.name: member.node.value for member in members}
            return Node(value, start, members=tuple(members)), at


def _array(text: str, start: int, depth: int) -> tuple[Node, int]:
    items: list[Node] = []
    at = _skip(text, start + 1)
    if text[at : at + 1] == "]":
        return Node([], start), at + 1
    while True:
        if items and text[at : at + 1] == "]":
            raise JsonProblem("a comma too many before this", at)
        node, end = _value(text, at, depth + 1)
        items.append(node)
        at, more = _next(text, end, "]")
        if not more:
            return Node([item.value for item in items], start, items=tuple(items)), at


def _next(text: str, end: int, closing: str) -> tuple[int, bool]:
    at = _skip(text, end)
    mark = text[at : at + 1]
    if mark == ",":
        return _skip(text, at + 1), True
    if mark == closing:
        return at + 1, False
    raise JsonProblem(f"a comma or {closing} belongs here", at)
