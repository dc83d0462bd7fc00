"""A bucket's keys that know their order, so that a page of a listing costs a page."""

from __future__ import annotations

import bisect
import threading
from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put


class KeyOrder:
    """The sorted names of one store; kept in step by the store's own writes.

    Names that arrive in order (an upload of a folder) are appended; others are inserted.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.lock = threading.Lock()
        """Held while the names change, and while they are walked."""

    def add(self, name: str) -> None:
        """A name that is there now; whoever made this order may have seen it already."""
        with self.lock:
            if not self.names or name > self.names[-1]:
                self.names.append(name)
                return
            at = bisect.bisect_left(self.names, name)
            if self.names[at] != name:
                self.names.insert(at, name)

    def drop(self, name: str) -> None:
        """A name that is gone."""
        with self.lock:
            at = bisect.bisect_left(self.names, name)
            if at < len(self.names) and self.names[at] == name:
                del self.names[at]


def install(context: PatchContext) -> None:
    """Teach moto's key store to keep its order once somebody asked for it."""
    from moto.s3.utils import _VersionedKeyStore as Store

    write, remove = need(Store, "__setitem__"), need(Store, "pop")
    write_list = need(Store, "setlist")

    def setitem(self: Any, key: str, value: Any) -> None:
        known = dict.__contains__(self, key)
        write(self, key, value)
        _added(self, key, known)

    def setlist(self: Any, key: str, values: Any) -> None:
        known = dict.__contains__(self, key)
        write_list(self, key, values)
        _added(self, key, known)

    def pop(self: Any, key: str) -> None:
        remove(self, key)
        if (order := self.__dict__.get("skydeck_order")) is not None:
            order.drop(key)

    put(Store, __setitem__=setitem, setlist=setlist, pop=pop)


def _added(store: Any, key: str, known: bool) -> None:
    if not known and (order := store.__dict__.get("skydeck_order")) is not None:
        order.add(key)


def order_of(store: Any) -> KeyOrder:
    """The store's names in S3's order (by UTF-8 bytes, which is by code point)."""
    order: KeyOrder | None = store.__dict__.get("skydeck_order")
    if order is None or len(order.names) != len(store):
        order = store.__dict__["skydeck_order"] = KeyOrder(sorted(dict.keys(store)))
    return order
