"""Checks of the key pair, the last choice before the launch."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from tui.launch.draft import ExistingKey, KeyChoice, NewKey, NoKey
from tui.launch.problem import Problem

KINDS = ("ed25519", "rsa")
# The service model of CreateKeyPair: up to 255 ASCII characters. The name becomes NAME.pem on this
# machine, so what a file name can't hold everywhere is left out.
MAX_FILE_NAME = 240
_PRINTABLE = re.compile(r"[ -~]+", re.ASCII)
_NOT_IN_FILES = '/\\:*?"<>|'


def check(key: KeyChoice, key_names: Collection[str] = ()) -> list[Problem]:
    """Return what is wrong with the choice of key pair."""
    if isinstance(key, NoKey):
        if key.acknowledged:
            return []
        return [Problem("key", "Choose a key pair, or confirm that there is no way in by SSH.")]
    if isinstance(key, ExistingKey):
        if not key.name:
            return [Problem("key", "Choose a key pair.")]
        gone = bool(key_names) and key.name not in key_names
        return [Problem("key", f"There is no key pair {key.name} here.")] if gone else []
    return list(_new(key, key_names))


def _new(key: NewKey, key_names: Collection[str]) -> Iterator[Problem]:
    name = key.name
    if key.kind not in KINDS:
        yield Problem("key.kind", f"A key pair is {' or '.join(KINDS)}.")
    if not name.strip():
        yield Problem("key.name", "A key pair needs a name.")
        return
    if len(name) > MAX_FILE_NAME:
        yield Problem("key.name", f"A key pair's name has {MAX_FILE_NAME} characters at most.")
    if not _PRINTABLE.fullmatch(name):
        yield Problem("key.name", "A key pair's name has plain ASCII characters only.")
    if name != name.strip():
        yield Problem("key.name", "A key pair's name can't start or end with a space.")
    if name.startswith(".") or any(char in _NOT_IN_FILES for char in name):
        yield Problem(
            "key.name", f"The name becomes a file: no dot first, and none of {_NOT_IN_FILES}"
        )
    if name in key_names:
        yield Problem("key.name", f"A key pair named {name} is there already.")
