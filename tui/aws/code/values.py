"""Copies of a call's parameters that are safe to keep and to show.

Secrets become the names of environment variables, and bytes the names of files, when a call is
recorded: neither ever enters the operation log. Which values are secret is the service model's
word, plus a short list of what is secret in practice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tui.aws.code.models import Shape, xform

# Secret in practice, though the model does not always say so.
SECRET_NAMES = frozenset({
    "AuthenticationCode1", "AuthenticationCode2", "CopySourceSSECustomerKey", "KeyMaterial",
    "MasterUserPassword", "Password", "PrivateKey", "SSECustomerKey", "SecretAccessKey",
    "SecretString", "SessionToken", "TokenCode", "UserData",
})  # fmt: skip
# A pre-signed URL is as good as the right that it grants.
SIGNED_URL = re.compile(r"[?&](X-Amz-(Signature|Security-Token)|Signature)=", re.IGNORECASE)
# Variables that mean something to a shell already and must not be asked to hold a secret.
SHELL_OWN = frozenset({"HOME", "IFS", "LANG", "PATH", "PS1", "PWD", "SHELL", "TERM", "USER"})
NUMBERS = {"integer": "int", "long": "int", "float": "float", "double": "float"}


@dataclass(frozen=True, slots=True)
class FileRef:
    """Bytes that live in a file, or should.

    Attributes:
        path: the file's name as far as it is known; ``<parameter>.bin`` otherwise.
        stream: True when the service takes the open file itself, as S3's ``Body``.
    """

    path: str
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """A value left out of the log; the shown code reads it from the environment.

    Attributes:
        variable: an environment variable's name, ``[A-Z_][A-Z0-9_]*``.
        kind: the Python type to read it as: ``str``, ``int`` or ``float``.
    """

    variable: str
    kind: str = "str"


class Redaction:
    """One pass over one call's parameters.

    Attributes:
        size: how many plain values the copy holds: what it costs to keep.
    """

    def __init__(self) -> None:
        self.size = 0
        self._variables: set[str] = set()

    def copy(self, shape: Shape, value: Any, name: str = "", secret: bool = False) -> Any:
        """Return a copy of a parameter without secrets or bytes, going by the model's traits."""
        secret = secret or is_secret(shape, name)
        if shape.type_name == "structure" and isinstance(value, Mapping):
            members = shape.members
            known = ((key, item) for key, item in value.items() if key in members)
            return {key: self.copy(members[key], item, key, secret) for key, item in known}
        if shape.type_name == "map" and isinstance(value, Mapping):
            return {
                str(key): self.copy(shape.value, item, f"{name}_{key}", secret)
                for key, item in value.items()
            }
        if shape.type_name == "list" and isinstance(value, list | tuple):
            # A number tells one secret of a list from the next.
            names = [f"{name}{i}" for i in range(len(value))] if len(value) > 1 else [name]
            pairs = zip(names, value, strict=False)
            return [self.copy(shape.member, item, each, secret) for each, item in pairs]
        self.size += 1
        return self._leaf(shape, value, name, secret)

    def _leaf(self, shape: Shape, value: Any, name: str, secret: bool) -> Any:
        if shape.type_name == "blob":
            return _file(shape, value, name)
        if isinstance(value, str | bytes) and (secret or SIGNED_URL.search(_text(value))):
            return Secret(self._variable(name))
        if secret and isinstance(value, int | float) and not isinstance(value, bool):
            return Secret(self._variable(name), NUMBERS.get(shape.type_name, "str"))
        if isinstance(value, datetime) and value.tzinfo is None:
            return value.replace(tzinfo=UTC)  # what botocore takes it for, not a local time
        return value

    def _variable(self, name: str) -> str:
        variable = re.sub(r"\W", "_", xform(name or "value"), flags=re.ASCII).upper()
        if variable in SHELL_OWN or variable[0].isdigit():
            variable = f"SECRET_{variable}"
        unique, number = variable, 2
        while unique in self._variables:
            unique, number = f"{variable}_{number}", number + 1
        self._variables.add(unique)
        return unique


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _file(shape: Shape, value: Any, name: str) -> FileRef:
    if isinstance(value, FileRef):
        return value
    path = getattr(value, "name", None)  # a temporary file's is a number
    if not isinstance(path, str) or not path.isprintable():
        path = f"{xform(name, '-')}.bin"
    return FileRef(path, bool(shape.serialization.get("streaming")))


def is_secret(shape: Shape, name: str) -> bool:
    """Say whether a parameter or a part of an answer is secret by its model or by its name."""
    return bool(shape.metadata.get("sensitive")) or name in SECRET_NAMES


def secret_members(answer: Shape | None) -> dict[str, bool]:
    """Return the names of an answer's secret members, each with whether it lies below the top."""
    found: dict[str, bool] = {}
    met: set[str] = set()

    def look(shape: Shape, name: str, depth: int) -> None:
        if is_secret(shape, name):
            found[name] = found.get(name, False) or depth > 1
        elif shape.type_name == "list":
            look(shape.member, name, depth)
        elif shape.type_name == "map":
            look(shape.key, name, depth)
            look(shape.value, name, depth)
        elif shape.type_name == "structure" and shape.name not in met:
            met.add(shape.name)
            for key, member in shape.members.items():
                look(member, key, depth + 1)

    if answer is not None:
        look(answer, "", 0)
    return found


def secrets_in(value: Any) -> list[Secret]:
    """Return the secrets that a redacted value leaves out, in order."""
    if isinstance(value, Secret):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return [secret for item in value for secret in secrets_in(item)]
    return []


def with_suffix(value: Any, suffix: str) -> Any:
    """Return a redacted value with a suffix on the variable behind every secret."""
    match value:
        case Secret():
            return replace(value, variable=value.variable + suffix)
        case Mapping():
            return {key: with_suffix(item, suffix) for key, item in value.items()}
        case list():
            return [with_suffix(item, suffix) for item in value]
    return value
