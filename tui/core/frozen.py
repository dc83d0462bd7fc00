"""Frozen lists of what will be deleted: keys and version ids, packed; a million take 70 MB."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Target(NamedTuple):
    """One thing to delete: a key (its current object), or one version of it."""

    key: str
    version_id: str = ""


class Targets:
    """A list of targets that only grows, as one run of bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q")

    def add(self, key: str, version_id: str = "") -> None:
        """Append one target."""
        # No key can hold half a surrogate pair, but a list must not fail over one.
        self._bytes += f"{version_id}\0{key}".encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends)

    def __bool__(self) -> bool:
        return bool(self._ends)

    def __getitem__(self, at: int) -> Target:
        begin = self._ends[at - 1] if at else 0
        text = bytes(self._bytes[begin : self._ends[at]]).decode("utf-8", "surrogatepass")
        version_id, _, key = text.partition("\0")
        return Target(key, version_id)

    def __iter__(self) -> Iterator[Target]:
        return (self[at] for at in range(len(self)))


@dataclass(slots=True)
class Sums:
    """What a frozen list adds up to, kept while it is made.

    Attributes:
        classes: storage class -> (objects, bytes).
        samples: (key, bytes) of the first few.
    """

    count: int = 0
    size_bytes: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    classes: dict[str, tuple[int, int]] = field(default_factory=dict)
    samples: list[tuple[str, int]] = field(default_factory=list)

    def add(
        self, key: str, size_bytes: int, modified_at: datetime, storage_class: str, most: int = 7
    ) -> None:
        """Count one object, version or marker (which has no class); `most` samples are kept."""
        self.count += 1
        self.size_bytes += size_bytes
        self.oldest = min(self.oldest or modified_at, modified_at)
        self.newest = max(self.newest or modified_at, modified_at)
        if storage_class:
            count, size = self.classes.get(storage_class, (0, 0))
            self.classes[storage_class] = count + 1, size + size_bytes
        if len(self.samples) < most:
            self.samples.append((key, size_bytes))
