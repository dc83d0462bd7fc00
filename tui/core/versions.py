"""Records of versions and unfinished uploads, and what the versions of one key add up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

NULL_VERSION = "null"  # of what was written while versioning was off or suspended


@dataclass(frozen=True, slots=True)
class Versioning:
    """What a bucket keeps.

    Attributes:
        status: "Enabled", "Suspended", "" for never, "?" where one may not ask.
        mfa_delete: whether deleting a version wants a one-time code.
        why: what was answered where one may not ask.
    """

    status: str = ""
    mfa_delete: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of a key, or a delete marker (which has no bytes, class or ETag)."""

    key: str
    version_id: str  # "" where the server knows no versions
    modified_at: datetime
    size_bytes: int = 0
    etag: str = ""
    storage_class: str = ""
    latest: bool = False
    marker: bool = False


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Up to 1,000 versions and markers, by key, the newest of each first."""

    versions: tuple[ObjectVersion, ...]
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnfinishedUpload:
    """A multi-part upload that was neither completed nor aborted; its parts are paid for."""

    key: str
    upload_id: str
    begun_at: datetime
    initiator: str = ""
    storage_class: str = "STANDARD"


@dataclass(frozen=True, slots=True)
class UploadParts:
    """What an unfinished upload holds."""

    parts: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """What the versions of one key add up to.

    Attributes:
        versions: how many hold bytes, the current one among them.
        hidden_bytes: of all that is not current.
        hiding: ids of the delete markers above the newest version, newest first.
        newest: the newest version with bytes; None where there are markers alone.
        changed_at: of the newest version or marker.
    """

    key: str
    versions: int
    markers: int
    size_bytes: int
    hidden_bytes: int
    hiding: tuple[str, ...]
    newest: ObjectVersion | None
    changed_at: datetime

    @property
    def deleted(self) -> bool:
        """True where a listing of objects does not show the key."""
        return bool(self.hiding)

    @property
    def restorable(self) -> bool:
        """True where taking the markers away brings an object back."""
        return self.deleted and self.newest is not None

    @property
    def hides(self) -> bool:
        """True where there is more than what a listing of objects shows."""
        return self.deleted or self.versions + self.markers > 1


def history_of(versions: list[ObjectVersion]) -> KeyHistory:
    """Add up all versions of one key, newest first."""
    holding = [one for one in versions if not one.marker]
    hiding: list[str] = []
    for one in versions:
        if not one.marker:
            break
        hiding.append(one.version_id)
    current = versions[0].size_bytes
    size = sum(one.size_bytes for one in holding)
    return KeyHistory(
        key=versions[0].key,
        versions=len(holding),
        markers=len(versions) - len(holding),
        size_bytes=size,
        hidden_bytes=size - current,
        hiding=tuple(hiding),
        newest=holding[0] if holding else None,
        changed_at=versions[0].modified_at,
    )


class Histories:
    """Adds up versions key by key as their pages come; a key may go on over pages."""

    def __init__(self) -> None:
        self._open: list[ObjectVersion] = []

    def add(self, page: Iterable[ObjectVersion]) -> Iterator[KeyHistory]:
        """Yield the keys that have ended with this page."""
        for version in page:
            if self._open and self._open[0].key != version.key:
                yield history_of(self._open)
                self._open = []
            self._open.append(version)

    def end(self) -> Iterator[KeyHistory]:
        """Yield the last key."""
        if self._open:
            yield history_of(self._open)
            self._open = []
