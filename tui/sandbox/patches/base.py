"""The means of patching: replace a callable only where it still takes what we rely on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tui.sandbox.hosts.manager import HostManager


class MisfitError(Exception):
    """moto no longer has what a patch replaces."""


@dataclass(slots=True)
class Clock:
    """Seconds that state changes take."""

    pending: float = 2.5
    stopping: float = 2.0
    shutting_down: float = 2.0
    status_ok: float = 8.0
    restoring: float = 15.0  # of an archived object, at the quickest

    @classmethod
    def fast(cls) -> Clock:
        """No waiting at all: for tests."""
        return cls(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(slots=True)
class PatchContext:
    """What patches work with."""

    hosts: HostManager
    clock: Clock = field(default_factory=Clock)


@dataclass(frozen=True, slots=True)
class Patch:
    """One named change to moto.

    Attributes:
        name: what is lost without it, for the warning.
        install: makes the change; raises MisfitError before changing anything.
    """

    name: str
    install: Callable[[PatchContext], None]


def apply(patches: Iterable[Patch], context: PatchContext) -> list[str]:
    """Install the patches; returns one warning for each that did not fit."""
    warnings: list[str] = []
    for patch in patches:
        try:
            patch.install(context)
        except (MisfitError, ImportError, AttributeError, TypeError, ValueError) as error:
            warnings.append(f"This moto does not take the patch '{patch.name}' ({error}).")
    return warnings


def need(owner: Any, name: str, *parameters: str) -> Any:
    """The attribute `name` of `owner`, checked to exist and to take `parameters`.

    Raises:
        MisfitError: it is missing, or a parameter is.
    """
    where = f"{getattr(owner, '__name__', owner)}.{name}"
    if not hasattr(owner, name):
        raise MisfitError(f"{where} is gone")
    found = getattr(owner, name)
    if parameters:
        known = inspect.signature(found).parameters
        open_ended = any(p.kind is p.VAR_KEYWORD for p in known.values())
        missing = [p for p in parameters if p not in known and not open_ended]
        if missing:
            raise MisfitError(f"{where} no longer takes {', '.join(missing)}")
    return found


def put(owner: Any, **replacements: Any) -> None:
    """Replace attributes of one of moto's modules or classes."""
    for name, value in replacements.items():
        setattr(owner, name, value)


def refusal(code: str, message: str) -> Exception:
    """An EC2 client error."""
    from moto.ec2.exceptions import EC2ClientError

    error: Exception = EC2ClientError(code, message)
    return error
