"""The S3 pane's lines of text: breadcrumb, state of the listing, headings, hints, notices."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.records import Identity, ObjectQuery
from tui.screens.s3.place_rows import PlaceRows
from tui.widgets.chrome import hint
from tui.widgets.line import fact
from tui.widgets.paint import Span, Spans, key_hint, length

Hints = Sequence[tuple[str, str]]
WHY_COLUMNS = 48  # a notice is 62 wide, its labels 12
DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "403", "Forbidden"})


@dataclass(eq=False)
class Listing:
    """The listing that is shown: how far it came, and what it waits to do.

    Attributes:
        state: "loading", "done", "stopped" or "failed".
        folders: the common prefixes that came.
        held: rows of a refresh, shown once it has ended; None while rows are shown as they come.
        wanted: the key that the cursor goes to as soon as it arrives.
    """

    query: ObjectQuery
    state: str = "loading"
    objects: int = 0
    size_bytes: int = 0
    folders: Sequence[str] = ()
    held: PlaceRows | None = None
    wanted: str = ""
    error: UserError | None = None

    @property
    def goes_on(self) -> bool:
        """Whether it was stopped and can go on behind its last row."""
        return self.state == "stopped" and self.held is None and not self.query.recursive

    @property
    def rows(self) -> int:
        """How many rows came so far."""
        return self.objects + len(self.folders)


def plural(count: int, word: str) -> str:
    """Return "1 object", "1,204 objects"."""
    return f"{fmt.count(count)} {word}{'' if count == 1 else 's'}"


def crumbs(query: ObjectQuery | None, room: int) -> Spans:
    """Where one is; the middle gives way to … where there is no room."""
    if query is None:
        return (("bold bright", "s3"),)
    names = [query.bucket, *query.prefix.split("/")[:-1]]
    made = _crumbs(names)
    while length(made) > room and len(names) > 2:
        middle = 2 if names[1] == "…" and len(names) > 3 else 1
        names[1 : middle + 1] = ["…"]
        made = _crumbs(names)
        if names[1] == "…" and len(names) == 3:
            break
    return made


def _crumbs(names: Sequence[str]) -> Spans:
    spans: list[Span] = [("muted", "s3")]
    for at, name in enumerate(names):
        last = at == len(names) - 1
        role = "bold bright" if last else "text" if at == 0 else "muted"
        spans += [("dim", " › "), (role, name or "/")]
    return spans


def state(listing: Listing | None, buckets: int | None, working: str) -> Spans:
    """What stands at the right of the breadcrumb."""
    if working:
        return (("warn", "◐ "), ("muted", working))
    if listing is None:
        told = "listing buckets…" if buckets is None else ""
        return (("warn", "◐ "), ("muted", told)) if told else ()
    loaded = f"{fmt.count(listing.rows)} loaded"
    if listing.state == "loading":
        told = f"{loaded}, loading…" if listing.rows else "loading…"
        return (("dim", "◐"), ("muted", f" {told}"))
    if listing.state == "stopped":
        way: Spans = ()
        if listing.goes_on:
            key, verb = hint("s3.refresh", "goes on")
            way = (("dim", " · "), ("bold cool", key), ("muted", f" {verb}"))
        return (("warn", "‖"), ("muted", f" {loaded}, stopped"), *way)
    if listing.state == "failed":
        return (("danger", "✗"), ("muted", " not listed" if not listing.rows else f" {loaded}"))
    parts = [plural(len(listing.folders), "folder")] if listing.folders else []
    parts += [plural(listing.objects, "object")] if listing.objects or not parts else []
    return (("muted", ", ".join(parts)),)


def objects_meta(
    listing: Listing, chosen: tuple[int, int] | None, shown: int, filtered: bool
) -> Spans:
    """The heading's right: what is selected (how many, bytes), or filtered, or how big all is."""
    if listing.state == "failed" and listing.error is not None:
        denied = listing.error.code in DENIED
        return (("danger", "not allowed" if denied else "not listed"),)
    if chosen is not None:
        number, unit = fmt.size_parts(chosen[1])
        size: Spans = (("dim", " · "), ("text", number), ("muted", f" {unit}")) if chosen[1] else ()
        return (("cool", fmt.count(chosen[0])), ("muted", " selected"), *size)
    if filtered:
        return (("cool", fmt.count(shown)), ("muted", f" of {fmt.count(listing.rows)}"))
    number, unit = fmt.size_parts(listing.size_bytes)
    return (("text", number), ("muted", f" {unit}")) if listing.objects else ()


FILTER_HINTS: Hints = (("⏎", "keep"), ("↓", "to the rows"), ("esc", "drop"))  # the field's own


def root_hints() -> Hints:
    """The footer among the buckets."""
    ids = ("s3.open", "s3.create", "s3.goto", "s3.settings", "s3.total", "s3.delete")
    return tuple(hint(action_id) for action_id in ids)


def failed_hints(error: UserError) -> Hints:
    """The footer where a place could not be listed."""
    denied = error.code in DENIED
    return (
        hint("s3.refresh", "retry"),
        hint("app.profile"),
        hint("s3.copy", "copy details") if denied else hint("app.region"),
        hint("s3.up", "go back"),
    )


def empty_hints() -> Hints:
    """The footer of an empty place."""
    ids = ("s3.upload", "s3.create", "s3.refresh")
    return (*(hint(action_id) for action_id in ids), hint("s3.up", "go back"))


def denied_rows(identity: Identity, query: ObjectQuery, error: UserError) -> list[Spans]:
    """What a refused listing says: who asked for what, where, and what may help."""
    rows: list[Spans] = [
        (("bold danger", "✗ Not allowed"),),
        (),
        (("text", "You may not list this bucket."),),
        (("muted", "AWS answered "), ("text", error.code), ("muted", "; nothing was changed.")),
        (),
        fact("you are", ("text", identity.user), ("dim", " in "), ("text", identity.account)),
        fact("you asked", ("text", "s3:ListBucket")),
        fact("on", ("text", f"arn:aws:s3:::{query.bucket}")),
    ]
    if query.prefix:
        rows.append(fact("prefix", ("text", query.prefix)))
    why = textwrap.wrap(error.message, WHY_COLUMNS)
    rows += [fact("" if at else "why", ("text", part)) for at, part in enumerate(why)]
    copy = hint("s3.copy", "copy these lines for whoever grants access")
    ways = (*ways_after(error, at_root=False), copy)
    rows += [(), (("bold text", "What may help"),)]
    return rows + [key_hint(f"{key:<3}", verb) for key, verb in ways]


def ways_after(error: UserError, at_root: bool) -> Hints:
    """What may help after a listing failed."""
    profile = hint("app.profile", "use another profile")
    region = hint("app.region", "work in another region")
    ways = [hint("s3.refresh", "try again")]
    if error.code in DENIED:
        ways.insert(0, profile)
        if not at_root:
            ways.append(hint("s3.info", "pay for its requests, if that is why"))
    elif error.code in ("NoSuchBucket", "404", "PermanentRedirect", "301"):
        ways.append(region)
    else:
        ways += [profile, region]
    if not at_root:
        ways.append(hint("s3.up", "go back"))
    return tuple(ways)
