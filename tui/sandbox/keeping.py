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
import time
import traceback
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

from tui.sandbox.folder import open_private, write_private
from tui.sandbox.hosts.manager import HostManager

FORMAT = 1
NEW = ".new"
SERVICES = ("s3", "ec2", "iam", "sts", "ssm")
TRIES = 6
TRY_AGAIN_SECONDS = 0.05
SYNCED_BYTES = 64 << 20
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
        from moto.ssm.models import ParameterDict

        if isinstance(value, KeyPair):
            # The private half was handed out when the pair was made: AWS keeps none, nor do we.
            return copyreg.__newobj__, (KeyPair,), {**value.__dict__, "material": b""}  # type: ignore[attr-defined]
        if isinstance(value, _VersionedKeyStore):
            attributes = {k: v for k, v in value.__dict__.items() if k != "skydeck_order"}
            rows = list(dict.items(value))  # at once: others may write meanwhile
            items = [(name, list(v) if isinstance(v, list) else v) for name, v in rows]
            return _store_from, (type(value), items, attributes)
        if isinstance(value, ParameterDict):
            kind, made_from = type(value), (value.account_id, value.region_name)
            return kind, made_from, value.__dict__, None, iter(list(dict.items(value)))
        if type(value) is defaultdict and _is_lambda(value.default_factory):
            make: Any = value.default_factory
            factory = _like(make())
            return defaultdict, (factory,), None, None, iter(list(value.items()))
        if _is_lambda(value):
            return bool, ()
        return NotImplemented


def _is_lambda(value: Any) -> bool:
    return callable(value) and getattr(value, "__name__", "") == "<lambda>"


def _like(value: Any) -> Any:
    """What makes an empty value like this one, in a form that pickle takes."""
    if type(value) is defaultdict:
        return partial(defaultdict, value.default_factory)
    return type(value)


def _backends(name: str) -> Any:
    """moto's backends of one service, by account and region."""
    from moto import backends

    find: Any = backends.get_backend
    return find(name)


class _Writer:
    """A file that counts what is written, and brings it to the disk in small enough bites."""

    def __init__(self, path: Path) -> None:
        self._file = open_private(path)
        self._synced = 0
        self.written = 0

    def write(self, data: Any) -> int:
        """What pickle needs of a file."""
        size = self._file.write(data)
        self.written += size
        if self.written - self._synced >= SYNCED_BYTES:
            self.sync()
        return size

    def sync(self) -> None:
        """Wait until the disk has it all."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._synced = self.written

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


class Keeper:
    """The state's file in the kept folder."""

    def __init__(self, folder: Path, hosts: HostManager) -> None:
        self._file = folder / "state.pickle"
        self._stamp_file = folder / "state.json"
        self._hosts = hosts
        self._lock = threading.Lock()
        self._writer: _Writer | None = None
        self._written = 0
        self._loaded = False
        self._file.with_suffix(NEW).unlink(missing_ok=True)  # of a save that never ended

    @staticmethod
    def _stamp() -> dict[str, Any]:
        from moto import __version__

        return {"format": FORMAT, "moto": __version__}

    @property
    def written(self) -> int:
        """The bytes that saving has written so far."""
        return self._written + (self._writer.written if self._writer is not None else 0)

    def save(self) -> None:
        """Write the state, whole or not at all; not over one that was never brought back.

        Raises:
            OSError: the disk does not take it.
            RuntimeError: others change the state faster than it can be read.
        """
        with self._lock:
            if not self._loaded:
                return
            for attempt in range(TRIES):
                try:
                    self._write()
                except RuntimeError:  # a dictionary changed its size while it was read
                    if attempt == TRIES - 1:
                        raise
                    time.sleep(TRY_AGAIN_SECONDS * 2**attempt)
                else:
                    return

    def _write(self) -> None:
        fresh = self._file.with_suffix(NEW)
        self._writer = writer = _Writer(fresh)
        try:
            _Pickler(writer, protocol=5).dump(self._state())
            writer.sync()
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        finally:
            writer.close()
            self._written += writer.written
            self._writer = None
        self._write_stamp()
        os.replace(fresh, self._file)  # noqa: PTH105 - atomic by contract

    def _write_stamp(self) -> None:
        """Say which versions' state it is; what says so already is not touched.

        A crash between the old stamp and the new one would leave a state that nobody reads.
        """
        stamp = json.dumps(self._stamp()).encode()
        if not self._stamp_file.exists() or self._stamp_file.read_bytes() != stamp:
            write_private(self._stamp_file, stamp)

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = {
            name: {account: dict(regions) for account, regions in list(_backends(name).items())}
            for name in SERVICES
        }
        state["hosts"] = self._hosts.kept()
        return state

    def load(self) -> str | None:
        """Bring the state back; a warning when there was one that could not be read."""
        trouble = self._load() if self._file.exists() else None
        self._loaded = True
        return trouble

    def _load(self) -> str | None:
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
