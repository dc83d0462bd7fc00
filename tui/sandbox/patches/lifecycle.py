"""Instances that take time to start and to end, and whose SSH server follows their state."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

from tui.sandbox.patches.base import Clock, PatchContext, need, put, refusal

CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
VIA = {"running": "pending", "stopped": "stopping", "terminated": "shutting-down"}


class FrozenState:
    """A state as it was when somebody asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.code = CODES[name]


class TimedState:
    """moto sets the final state at once; readers see the transitional one for its time.

    `gate` holds the transition open until the host manager is done (SSH answers, or is gone). Once
    it was seen open it is done with: a reboot closes it again, and AWS says `running` all along.
    """

    clock = Clock()
    opened: Callable[[], bool] | None = None
    """The gate that was seen open."""

    def __init__(self, name: str = "running", code: int = 16) -> None:
        self.final = ""
        self.gate: Callable[[], bool] | None = None
        self.name = name

    @property
    def name(self) -> str:
        gate = self.gate
        if time.monotonic() < self.until:
            return VIA.get(self.final, self.final)
        if gate is not None and gate is not self.opened and not gate():
            return VIA.get(self.final, self.final)
        # Not `self.gate = None`: another thread may have put a new one there by now.
        self.opened = gate
        return self.final

    @name.setter
    def name(self, value: str) -> None:
        if value == self.final:
            return
        times = {
            "running": self.clock.pending,
            "stopped": self.clock.stopping,
            "terminated": self.clock.shutting_down,
        }
        self.final = value
        self.gate = None
        self.since = time.monotonic()
        self.until = self.since + times.get(value, 0.0)

    @property
    def code(self) -> int:
        return CODES[self.name]

    @code.setter
    def code(self, value: int) -> None:
        """moto sets it beside the name; the name alone counts."""

    def __copy__(self) -> FrozenState:
        return FrozenState(self.name)

    def __getstate__(self) -> dict[str, Any]:
        # The gate is a closure, and the monotonic clock means nothing to the next process.
        return {"final": self.final, "gate": None, "until": 0.0, "since": 0.0}


def install_states(context: PatchContext) -> None:
    """Let every instance have a TimedState."""
    from moto.ec2.models import instances

    need(instances, "InstanceState", "name", "code")
    TimedState.clock = context.clock
    put(instances, InstanceState=TimedState)


def install_changes(context: PatchContext) -> None:
    """Refuse changes that the state forbids, and tell the host manager of the others."""
    from moto.ec2.models.instances import Instance

    hosts = context.hosts
    start, stop = need(Instance, "start"), need(Instance, "stop")
    terminate = need(Instance, "terminate")
    need(Instance, "reboot")

    def patched_start(self: Any) -> Any:
        if self._state.name not in ("stopped", "running", "pending"):
            raise _wrong_state(self)
        if self._state.name != "stopped":
            return copy.copy(self._state)
        before = start(self)
        from moto.core.utils import utcnow

        self.launch_time = utcnow()
        self._state.gate = hosts.started(self)
        return before

    def patched_stop(self: Any) -> Any:
        if self._state.name not in ("running", "pending", "stopping", "stopped"):
            raise _wrong_state(self)
        if getattr(self, "lifecycle", None) == "spot" and not _stoppable_spot(self):
            raise _unsupported_spot(self)
        if self._state.final == "stopped":
            return copy.copy(self._state)
        before = stop(self)
        self._state.gate = hosts.stopped(self)
        return before

    def patched_terminate(self: Any) -> Any:
        if self._state.final == "terminated":
            return copy.copy(self._state)
        before = terminate(self)
        self._state.gate = hosts.terminated(self)
        return before

    def patched_reboot(self: Any) -> None:
        if self._state.name != "running":
            raise _wrong_state(self)
        hosts.rebooted(self)

    put(Instance, start=patched_start, stop=patched_stop)
    put(Instance, terminate=patched_terminate, reboot=patched_reboot)


def install_status(context: PatchContext) -> None:
    """Status checks that initialise for a while, as on AWS."""
    from moto.ec2.models.instances import Instance

    need(Instance, "instance_status")
    need(Instance, "system_status")
    wait = context.clock.pending + context.clock.status_ok

    def system_status(self: Any) -> dict[str, Any]:
        if self._state.name != "running":
            return {"Status": "not-applicable"}
        done = time.monotonic() - self._state.since >= wait
        detail = {"Name": "reachability", "Status": "passed" if done else "initializing"}
        return {"Status": "ok" if done else "initializing", "Details": [detail]}

    def instance_status(self: Any) -> dict[str, Any]:
        if self._state.name == "running" and context.hosts.failed(self.id):
            return {
                "Status": "impaired",
                "Details": [{"Name": "reachability", "Status": "failed"}],
            }
        return system_status(self)

    put(Instance, instance_status=property(instance_status))
    put(Instance, system_status=property(system_status))


def _stoppable_spot(instance: Any) -> bool:
    """Only a persistent spot request's instance may be stopped."""
    return getattr(instance, "spot_request_type", "one-time") == "persistent"


def _wrong_state(instance: Any) -> Exception:
    return refusal(
        "IncorrectInstanceState",
        f"The instance '{instance.id}' is not in a state from which it can be started or stopped.",
    )


def _unsupported_spot(instance: Any) -> Exception:
    return refusal(
        "UnsupportedOperation",
        f"You can't stop the Spot Instance '{instance.id}' because it is associated with a "
        "one-time Spot Instance request. You can only stop Spot Instances associated with "
        "persistent Spot Instance requests.",
    )
