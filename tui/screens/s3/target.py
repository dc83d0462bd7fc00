"""Ask where objects are to go: an s3:// address, prefilled, completed and judged as one types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.core.records import ObjectQuery
from tui.core.s3_address import Address
from tui.screens.s3.lines import plural
from tui.screens.s3.rows import Folder, Row, name_in, uri
from tui.widgets.ask_path import Verdict

if TYPE_CHECKING:
    from tui.screens.s3.acting import S3Acting


@dataclass(frozen=True, slots=True)
class Target:
    """Where to: `old` at the beginning of each key becomes `new`, in a bucket."""

    bucket: str
    old: str
    new: str


async def ask_target(
    screen: S3Acting, place: ObjectQuery, rows: Sequence[Row], *, moves: bool
) -> Target | None:
    """Ask for the address; one object's or folder's is its own, new name and all."""
    verb = "Move or rename" if moves else "Copy"
    address = await screen.app.push_screen_wait(
        screen.ask_address(
            f"{verb} {_what(rows, place)}",
            _intro(rows, moves),
            value=uri(place.bucket, rows[0].key if len(rows) == 1 else place.prefix),
            verb="go on",
            judge=lambda address: judged(address, place, rows),
        )
    )
    return resolved(address, place, rows) if address is not None else None


def resolved(address: Address, place: ObjectQuery, rows: Sequence[Row]) -> Target:
    """Where it goes. One object to a folder keeps its name; folders end in a slash."""
    bucket, key = address.bucket, address.key
    if len(rows) != 1:
        return Target(bucket, place.prefix, _slashed(key))
    row = rows[0]
    if isinstance(row, Folder):
        return Target(bucket, row.key, _slashed(key))
    into_folder = not key or (key.endswith("/") and not row.key.endswith("/"))
    return Target(bucket, row.key, key + row.key.rpartition("/")[2] if into_folder else key)


def judged(address: Address, place: ObjectQuery, rows: Sequence[Row]) -> Verdict:
    """What would become of the rows at an address."""
    from tui.aws.s3.copy_plan import key_problem

    target = resolved(address, place, rows)
    if target.new and (wrong := key_problem(target.new)):
        return Verdict(problem=wrong)
    if (target.bucket, target.new) == (place.bucket, target.old):
        return Verdict(problem="that is where it is: change the name or the place")
    there = uri(target.bucket, target.new)
    if len(rows) != 1:
        return Verdict(told=f"into {there}")
    if isinstance(rows[0], Folder):
        return Verdict(told=f"all below it goes to {there}")
    return Verdict(told=f"it becomes {there}")


def _what(rows: Sequence[Row], place: ObjectQuery) -> str:
    return name_in(rows[0].key, place.prefix) if len(rows) == 1 else plural(len(rows), "item")


def _intro(rows: Sequence[Row], moves: bool) -> str:
    if len(rows) > 1:
        return "Into which folder? The names stay."
    kind = "folder" if isinstance(rows[0], Folder) else "object"
    return f"The {kind}'s new address" + (
        ": another name renames it." if moves else ", its name too."
    )


def _slashed(key: str) -> str:
    return key if not key or key.endswith("/") else key + "/"
