"""What a copy or a move inside S3 would do, known before its first request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tui.aws.s3.seen import SeenObject
from tui.aws.transfers.plan import KEY_LIMIT_BYTES, Skipped
from tui.core.errors import UserError


@dataclass(frozen=True, slots=True)
class CopyItem:
    """One object and the key that it goes to.

    `etag` is the source's as it was listed. `seen` is the ETag of the object that was at the
    target, "" where none was, None where one may not look.
    """

    key: str
    target: str
    size_bytes: int
    etag: str
    storage_class: str = "STANDARD"
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """The objects of one bucket that go to another place, and what is left out.

    Where it `moves`, each source is deleted once its copy was checked.

    Attributes:
        size_bytes: all items together.
        replaced: the items that would replace an object.
        unsure: those of which nobody knows whether they would replace one.
    """

    source: str
    target: str
    items: tuple[CopyItem, ...]
    skipped: tuple[Skipped, ...] = ()
    moves: bool = False
    size_bytes: int = field(init=False, repr=False, compare=False)
    replaced: tuple[CopyItem, ...] = field(init=False, repr=False, compare=False)
    unsure: tuple[CopyItem, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look through the items once, where the plan is made: dialogs ask many times."""
        known = {
            "size_bytes": sum(item.size_bytes for item in self.items),
            "replaced": tuple(item for item in self.items if item.seen),
            "unsure": tuple(item for item in self.items if item.seen is None),
        }
        for name, value in known.items():
            object.__setattr__(self, name, value)

    def with_seen(self, there: Mapping[str, str | None]) -> CopyPlan:
        """Return the plan with what was there when one looked: {target key: ETag}."""
        items = (replace(item, seen=there.get(item.target)) for item in self.items)
        return replace(self, items=tuple(items))

    def only_where_nothing_is(self) -> CopyPlan:
        """Return the plan that writes only where nothing is, of targets one may not look at."""
        items = (replace(item, seen="") if item.seen is None else item for item in self.items)
        return replace(self, items=tuple(items))

    def without_replaced(self) -> CopyPlan:
        """Return the plan that leaves alone what is there."""
        kept = tuple(item for item in self.items if not item.seen)
        left = tuple(Skipped(item.key, "something is there") for item in self.replaced)
        return replace(self, items=kept, skipped=self.skipped + left)


def plan_copies(
    found: Iterable[SeenObject],
    source: str,
    old: str,
    target: str,
    new: str,
    *,
    moves: bool = False,
    folders: Iterable[str] = (),
) -> CopyPlan:
    """Plan to copy objects of bucket `source` to bucket `target`; `old` of each key becomes `new`.

    `folders` are those that go as a whole.

    Raises:
        UserError: it would overwrite what is still to be copied.
    """
    objects = tuple(found)
    sources = {entry.key for entry in objects} if source == target else set()
    items: list[CopyItem] = []
    skipped: list[Skipped] = []
    for entry in objects:
        key = new + entry.key.removeprefix(old)
        if source == target and key == entry.key:
            skipped.append(Skipped(entry.key, "it is there already"))
        elif key in sources:
            raise _into_itself(moves, old, f"{key} is to be {_done(moves)} too")
        elif reason := key_problem(key):
            skipped.append(Skipped(entry.key, reason))
        else:
            items.append(
                CopyItem(entry.key, key, entry.size_bytes, entry.etag, entry.storage_class)
            )
    into = next((folder for folder in folders if new.startswith(folder)), None)
    if moves and items and source == target and into is not None:
        raise _into_itself(moves, into, "the target lies inside of it")
    return CopyPlan(source, target, tuple(items), tuple(skipped), moves)


def key_problem(key: str) -> str:
    """Say what is wrong with a key, or ""."""
    if not key:
        return "the name is empty"
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        return "the name is not UTF-8"
    return "the key would be over 1,024 bytes" if length > KEY_LIMIT_BYTES else ""


def _done(moves: bool) -> str:
    return "moved" if moves else "copied"


def _into_itself(moves: bool, old: str, why: str) -> UserError:
    return UserError(
        f"Can't {'move' if moves else 'copy'} {old} into itself",
        why,
        "Choose a target outside of it.",
    )
