"""Words for a POSIX shell: quoted so that pasting them runs nothing and hides nothing.

A name on S3 may hold any character. Quotes stop the shell from reading it, but a terminal acts on
control characters while they are pasted, and bidi characters show a line other than the one that
runs. So nothing unprintable goes into a word: it travels as a JSON or `printf` escape.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tui.aws.code.python import literal
from tui.aws.code.values import FileRef, Secret

# The AWS CLI's shorthand (Key=a,Values=b,c) needs no quotes for these, and a list no JSON.
TAME = re.compile(r"[A-Za-z0-9_./:*+@][A-Za-z0-9_./:*+@-]*")
# No @ in a key: Key@=a is the content of the file a.
TAME_KEY = re.compile(r"[A-Za-z0-9_./:*+][A-Za-z0-9_./:*+-]*")
# The AWS CLI (version 1) reads the file or fetches the address, whatever the parameter is for.
FETCHED = ("file://", "fileb://", "http://", "https://")


def word(text: str) -> str:
    """Quote one word for the shell, if it needs quotes."""
    return shlex.quote(text)


def json_text(value: Any) -> str:
    """Return JSON on one line, printable characters as they are and all others escaped."""
    text = json.dumps(plain(value), ensure_ascii=False)
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def plain(value: Any) -> Any:
    """Return a redacted value in JSON's own types; secrets stay `Secret`."""
    match value:
        case FileRef(path=path):
            return f"REPLACE_WITH_THE_CONTENT_OF_{path}"
        case datetime():
            return value.isoformat()
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return value


def printing(text: str) -> str:
    """Return a command that writes a text to its standard output, byte for byte."""
    if text.isprintable():
        return f"printf %s {word(text)}"
    octal = "".join(char if char.isalnum() and char.isascii() else _octal(char) for char in text)
    return f"printf '{octal}'"


def _octal(char: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogatepass"))


def revealing(value: Any) -> str:
    """Return a command that writes a value with its secrets.

    A lone secret is written as it is, anything around one as JSON. The command names the variables
    only, so `ps` shows no secret.
    """
    if isinstance(value, Secret):
        return f"printf %s {revealed(value)}"
    program = f"import json, os; print(json.dumps({literal(plain(value))}))"
    return f"python3 -c {word(program)}"


def revealed(value: Any) -> str:
    """Return one word that the shell turns into a value with its secrets, as `revealing` does."""
    if isinstance(value, Secret):
        return f'"${{{value.variable}}}"'
    return f'"$({revealing(value)})"'


def option_words(shape: Any, value: Any) -> list[str]:
    """Return the words, not yet quoted, of one option's value, as awscli's own parser reads them.

    Args:
        shape: botocore's shape of the parameter.
        value: a redacted value without secrets.
    """
    value = plain(value)
    if shape.type_name == "list" and value:
        tame = all(isinstance(item, str) and TAME.fullmatch(item) for item in value)
        if tame and not value[0].startswith(FETCHED):
            return list(value)
        short = [_shorthand(shape.member, item) for item in value]
        if all(short):
            return [text for text in short if text]
    if text := _shorthand(shape, value):
        return [text]
    if isinstance(value, Mapping | list):
        return [json_text(value)]
    return [str(value)]


def _shorthand(shape: Any, value: Any) -> str | None:
    """``Key=a,Values=b,c`` for a flat structure of tame values, or None."""
    if not isinstance(value, Mapping) or getattr(shape, "is_document_type", False):
        return None
    parts = []
    for key, item in value.items():
        items = item if isinstance(item, list) and item else [item]
        words = [str(each).lower() if isinstance(each, bool) else str(each) for each in items]
        scalar = all(isinstance(each, str | int | float) for each in items)
        if not (scalar and TAME_KEY.fullmatch(key) and all(map(TAME.fullmatch, words))):
            return None
        parts.append(f"{key}={','.join(words)}")
    return ",".join(parts) or None
