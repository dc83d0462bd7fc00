"""Saves the sandbox's state into a folder and brings it back: moto has neither.

The state is a pickle of moto's backends in the user's own folder, with moto's version and ours
on it; another version's state is set aside, never read.
"""

from __future__ import annotations

import copyreg
import json
import os
import pickle
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from tui.sandbox.hosts.manager import HostManager

FORMAT = 1
SERVICES = ("s3", "ec2", "iam", "sts")
DISCARDED = (
    "The kept state was made by another version and was set aside as {name}; the sandbox is empty."
)


def _store_from(kind: type, items: list[tuple[str, Any]], attributes: dict[str, Any]) -> Any:
    """Rebuild a versioned key store, whose own item access would lose old versions."""
    store: Any = kind()
    store.__dict__.update(attributes)
    for name, versions in items:
        dict.__setitem__(store, name, versions)
    return store


class _Pickler(pickle.Pickler):
    """Knows the few things in moto's state that pickle cannot take as they are."""

    def reducer_override(self, value: Any) -> Any:
        from moto.ec2.models.key_pairs import KeyPair
        from moto.s3.utils import _VersionedKeyStore

        if isinstance(value, KeyPair):
            # The private half was handed out when the pair was made: AWS keeps none, nor do we.
            return copyreg.__newobj__, (KeyPair,), {**value.__dict__, "material": b""}  # type: ignore[attr-defined]
        if isinstance(value, _VersionedKeyStore):
            attributes = {k: v for k, v in value.__dict__.items() if k != "skydeck_order"}
            items = [(name, list(v) if isinstance(v, list) else v) for name, v in dict.items(value)]
            return _store_from, (type(value), items, attributes)
        if callable(value) and getattr(value, "__name__", "") == "<lambda>":
            return bool, ()
        return NotImplemented


def _backends(name: str) -> Any:
    """moto's backends of one service, by account and region."""
    from moto import backends

    find: Any = backends.get_backend
    return find(name)


class Keeper:
    """The state's file in the kept folder."""

    def __init__(self, folder: Path, hosts: HostManager) -> None:
        self._file = folder / "state.pickle"
        self._stamp_file = folder / "state.json"
        self._hosts = hosts
        self._lock = threading.Lock()

    @staticmethod
    def _stamp() -> dict[str, Any]:
        from moto import __version__

        return {"format": FORMAT, "moto": __version__}

    def save(self) -> None:
        """Write the state, whole or not at all."""
        with self._lock:
            state: dict[str, Any] = {
                name: {account: dict(regions) for account, regions in _backends(name).items()}
                for name in SERVICES
            }
            state["hosts"] = self._hosts.kept()
            fresh = self._file.with_suffix(".new")
            with fresh.open("wb") as handle:
                _Pickler(handle, protocol=5).dump(state)
            fresh.chmod(0o600)
            self._stamp_file.write_text(json.dumps(self._stamp()), encoding="utf-8")
            os.replace(fresh, self._file)  # noqa: PTH105 - atomic by contract

    def load(self) -> str | None:
        """Bring the state back; a warning when there was one that could not be read."""
        if not self._file.exists():
            return None
        try:
            if json.loads(self._stamp_file.read_text(encoding="utf-8")) != self._stamp():
                return self._set_aside()
            with self._file.open("rb") as handle:
                state = pickle.load(handle)
            self._restore(state)
        except Exception:
            # Whatever a foreign or half-written pickle does, the sandbox must start.
            traceback.print_exc(file=sys.stderr)
            return self._set_aside()
        return None

    def _set_aside(self) -> str:
        old = self._file.with_suffix(".old")
        os.replace(self._file, old)  # noqa: PTH105
        return DISCARDED.format(name=old.name)

    def _restore(self, state: dict[str, Any]) -> None:
        self._hosts.restore(state.pop("hosts"))
        for name, accounts in state.items():
            backends = _backends(name)
            for account, regions in accounts.items():
                for region, backend in regions.items():
                    _ = backends[account][region]  # makes the slot
                    dict.__setitem__(backends[account], region, backend)
        for regions in state["ec2"].values():
            for backend in regions.values():
                self._restart_hosts(backend)

    def _restart_hosts(self, backend: Any) -> None:
        """What ran when the state was saved runs again; what was stopped stays so."""
        for reservation in backend.reservations.values():
            for instance in reservation.instances:
                if instance._state.final == "running":
                    instance._state.gate = self._hosts.started(instance)
                elif instance._state.final == "stopped":
                    self._hosts.adopt(instance)
