"""What the dialogs show before versions are restored, undeleted or deleted for good. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.frozen import Sums
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.versions import NULL_VERSION, ObjectVersion
from tui.screens.s3.delete import samples, saved, typable
from tui.screens.s3.lines import plural
from tui.widgets.dialog import SAMPLES

if TYPE_CHECKING:
    from tui.cost import PriceBook


def restore_plan(
    bucket: str,
    version: ObjectVersion,
    versions: Sequence[ObjectVersion],
    status: str,
    costs: tuple[str, str],
) -> Plan:
    """What the dialog shows before a version is copied onto its key."""
    current = next((one for one in versions if one.latest), None)
    replaced = status == "Suspended" and any(one.version_id == NULL_VERSION for one in versions)
    facts = [
        PlanFact("object", version.key),
        PlanFact("bucket", bucket),
        PlanFact("version", version.version_id),
        PlanFact("written", _moment(version)),
        PlanFact("bytes", fmt.size(version.size_bytes), "bold bright"),
        PlanFact("comes along", "metadata, tags, class; not the ACL"),
        PlanFact("now current", _state(current)),
        PlanFact("more paid", costs[0], "warm" if costs[1] == "run" else costs[1]),
    ]
    if not replaced:
        intro = "The version is copied onto its key and becomes the newest; all others stay."
        return Plan(
            title="Restore a version",
            verb="Restore it",
            intro=intro,
            risk=Risk.PLAIN,
            facts=tuple(facts),
            keep="change nothing",
        )
    return Plan(
        title="Restore a version",
        verb="Restore it",
        intro="The version is copied onto its key and becomes the newest.",
        risk=Risk.DESTROYS,
        facts=tuple(facts),
        warning="Versioning is suspended: the present null version is replaced for good.",
        typed=typable(version.key, bucket),
        keep="change nothing",
    )


def undelete_plan(
    bucket: str, found: Sequence[tuple[str, int, ObjectVersion]], left_out: int
) -> Plan:
    """What the dialog shows before markers are taken away.

    `found` has a key, how many markers hide it, and the version that comes back.
    """
    markers = sum(many for _, many, _ in found)
    sums = Sums()
    for key, _, newest in found:
        sums.add(key, newest.size_bytes, newest.modified_at, newest.storage_class)
    noun = plural(len(found), "object")
    facts = [
        PlanFact("objects", fmt.count(len(found)), "bold bright"),
        PlanFact("come back", fmt.size(sums.size_bytes), "bold bright"),
        PlanFact("bucket", bucket),
        PlanFact("taken away", plural(markers, "delete marker")),
        PlanFact("more paid", "nothing: the bytes were there all the time", "run"),
    ]
    if left_out:
        facts.append(PlanFact("left out", f"{fmt.count(left_out)} with no version left", "warn"))
    return Plan(
        title=f"Undelete {noun}",
        verb=f"Undelete {noun}",
        intro="The delete markers are deleted, so that the newest version shows again.",
        risk=Risk.PLAIN,
        facts=tuple(facts),
        items=samples(sums),
        keep="change nothing",
    )


def erase_plan(
    bucket: str,
    prefix: str,
    sums: Sums,
    *,
    markers: int,
    money: tuple[PriceBook, str],
    after: str,
    key: str = "",
    chosen: Sequence[ObjectVersion] = (),
) -> Plan:
    """What the dialog shows before versions are deleted for good.

    `sums` are of the versions, `markers` more are deleted with them; `after` says what a listing
    shows then. `key` is the one whose versions they all are, if it is one; `chosen` are all of
    them where they are few.
    """
    versions = sums.count
    parts = [plural(versions, "version")] if versions else []
    parts += [plural(markers, "delete marker")] if markers else []
    what = " and ".join(parts)
    facts = [PlanFact("object", key)] if key else []
    facts += [PlanFact("versions", fmt.count(versions), "bold bright")] if versions else []
    facts += [PlanFact("delete markers", fmt.count(markers))] if markers else []
    facts += [
        PlanFact("bytes", fmt.size(sums.size_bytes), "bold bright"),
        PlanFact("bucket", bucket),
    ]
    facts += [PlanFact("prefix", prefix)] if prefix and not key else []
    facts += [
        PlanFact("no longer paid", *saved(sums.classes, *money)),
        PlanFact("afterwards", after, "warn"),
    ]
    return Plan(
        title=f"Delete {what} for good",
        verb="Delete for good",
        intro="This is the whole plan, frozen now, by version id. Nothing else is touched.",
        risk=Risk.DESTROYS,
        facts=tuple(facts),
        items=_items(chosen) if chosen else samples(sums, prefix),
        warning="These bytes cannot be brought back by anyone." if versions else "",
        typed=typable(key or prefix, bucket),
        keep="keep them",
    )


def _items(chosen: Sequence[ObjectVersion]) -> tuple[tuple[str, str], ...]:
    shown = chosen if len(chosen) <= SAMPLES else chosen[: SAMPLES - 1]
    items = [
        (one.version_id, "delete marker" if one.marker else f"{fmt.size(one.size_bytes)}")
        for one in shown
    ]
    if len(shown) < len(chosen):
        items.append((f"and {fmt.count(len(chosen) - len(shown))} more", ""))
    return tuple(items)


def afterwards(versions: Sequence[ObjectVersion], gone: Sequence[ObjectVersion]) -> str:
    """What a key is once some of its versions, all of which are given, are gone."""
    left = [one for one in versions if one not in gone]
    if not left:
        return "the key is gone, with no version left"
    top, was = left[0], versions[0]
    if top == was:
        return "what is current stays current"
    if top.marker:
        return "the key stays deleted"
    return f"the version of {_moment(top)} becomes current"


def _state(current: ObjectVersion | None) -> str:
    if current is None:
        return fmt.ABSENT
    return "deleted" if current.marker else f"{_moment(current)}, {fmt.size(current.size_bytes)}"


def _moment(version: ObjectVersion) -> str:
    local = version.modified_at.astimezone()
    return f"{local.day} {local:%b %Y %H:%M:%S}"
