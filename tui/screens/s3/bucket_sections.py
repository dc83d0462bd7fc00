"""What each section of a bucket's settings shows: text, rows one can act on, hints. No widgets."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.aws.bucket import words
from tui.aws.bucket.lifecycle import draft_of, sentence
from tui.aws.bucket.lifecycle_checks import deletes_everything
from tui.aws.bucket.policy import pretty
from tui.aws.bucket.policy_access import openings
from tui.aws.bucket.settings import (
    QUESTIONS,
    SWITCH_NAMES,
    Answer,
    Settings,
    State,
    policy_of,
    rules_of,
    switches_of,
    tags_of,
)
from tui.aws.bucket.verdict import (
    Level,
    Verdict,
    effective,
    grants,
    ownership_of,
    verdict,
)
from tui.core.safe_text import visible
from tui.screens.s3.bucket_plans import OWNERSHIP_WORDS, SWITCH_WORDS
from tui.widgets.chrome import hint
from tui.widgets.json_text import json_line
from tui.widgets.line import fact
from tui.widgets.paint import Span, Spans

LABEL = 16
ALL = "all"
OWNERSHIP = "ownership"
Hints = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Section:
    """One section: `asks` are the properties that it shows, the first one's summary in the list."""

    id: str
    title: str
    asks: tuple[str, ...]


_PERMISSIONS = (
    *("public_access_block", "account_block", "ownership", "acl", "policy_status", "policy"),
)
SECTIONS: tuple[Section, ...] = (
    Section("overview", "Overview", ()),
    Section("permissions", "Permissions", _PERMISSIONS),
    Section("policy", "Policy", ("policy", "policy_status")),
    Section("versioning", "Versioning", ("versioning",)),
    Section("encryption", "Encryption", ("encryption",)),
    Section("lifecycle", "Lifecycle", ("lifecycle",)),
    Section("tags", "Tags", ("tags",)),
    Section("cors", "CORS", ("cors",)),
    Section("website", "Website", ("website",)),
    Section("logging", "Logging", ("logging",)),
    Section("notifications", "Notifications", ("notifications",)),
    Section(
        "others",
        "Others",
        ("object_lock", "payment", "replication", "acceleration", "inventory", "tiering"),
    ),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One row that can be acted on: a switch, the ownership, a rule, a tag.

    Attributes:
        on: True and False are switches; None is no switch.
        more: what stands below while the cursor is on it.
    """

    kind: str
    key: str
    label: str
    note: str
    role: str = "text"
    on: bool | None = None
    more: str = ""


_LEVELS = {
    Level.PRIVATE: ("run", "●"),
    Level.PUBLIC: ("danger", "▲"),
    Level.UNCLEAR: ("warn", "◐"),
    Level.WAITING: ("dim", "◐"),
}


# -- the list of sections ------------------------------------------------------------------


def section_summary(section: Section, settings: Settings) -> tuple[str, str]:
    """A few words for the list, and their role."""
    if section.id in ("overview", "permissions"):
        found = verdict(settings)
        return found.level.value if found.level is not Level.WAITING else "…", _LEVELS[found.level][
            0
        ]
    if section.id == "policy":
        return _policy_summary(settings)
    if section.id == "others":
        missing = [name for name in section.asks if name not in settings]
        return ("…", "dim") if missing else ("", "dim")
    return words.summary(section.asks[0], settings)


def _policy_summary(settings: Settings) -> tuple[str, str]:
    answer = settings.get("policy")
    if answer is None:
        return "…", "dim"
    if answer.state is State.NONE:
        return "none", "dim"
    if not answer.known:
        return answer.state.value, "warn"
    return ("public", "danger") if openings(policy_of(answer)) else ("not public", "text")


# -- text ----------------------------------------------------------------------------------


def section_text(
    section: Section, settings: Settings, bucket: str, region: str, width: int
) -> list[Spans]:
    """What a section says, in lines of at most `width` cells."""
    if section.id == "overview":
        return _overview(settings, bucket, region, width)
    if section.id == "permissions":
        return _permissions(settings, width)
    if section.id == "others":
        return laid_out(words.other_lines(settings), width)
    answer = settings.get(section.asks[0])
    if answer is None:
        return [(("dim", "◐ asking…"),)]
    if (gap := words.missing(answer)) is not None:
        return laid_out([gap], width)
    return _told(section.id, answer, bucket, region, width)


def _told(section: str, answer: Answer, bucket: str, region: str, width: int) -> list[Spans]:
    if section == "policy":
        return _policy(answer, width)
    if section == "lifecycle":
        return [] if rules_of(answer) else [(("muted", "no rule: objects stay as they are"),)]
    if section == "tags":
        return [] if tags_of(answer) else [(("muted", "no tags"),)]
    if section == "website":
        return laid_out(words.website_lines(answer, bucket, region), width)
    tell = {
        "versioning": words.versioning_lines,
        "encryption": words.encryption_lines,
        "cors": words.cors_lines,
        "logging": words.logging_lines,
        "notifications": words.notification_lines,
    }[section]
    return laid_out(tell(answer), width)


def _overview(settings: Settings, bucket: str, region: str, width: int) -> list[Spans]:
    rows = [*verdict_rows(verdict(settings), width), ()]
    rows += laid_out([("bucket", bucket, "text"), ("region", region, "text")], width)
    for section in SECTIONS[2:-1]:
        said, role = section_summary(section, settings)
        rows += laid_out([(section.title.lower(), said, role)], width)
    rows += laid_out(words.other_lines(settings), width)
    unknown = [name for name, answer in settings.items() if answer.state is State.DENIED]
    if unknown:
        told = f"{len(unknown)} of {len(QUESTIONS)} settings may not be read by you"
        rows += [(), (("warn", "▲ "), ("text", told))]
    return rows


def verdict_rows(found: Verdict, width: int) -> list[Spans]:
    """The verdict, in its colour."""
    role, glyph = _LEVELS[found.level]
    parts = textwrap.wrap(visible(found.words), max(10, width - 2)) or [""]
    rows: list[Spans] = [((role, f"{glyph} "), (f"bold {role}", parts[0]))]
    return rows + [((f"bold {role}", f"  {part}"),) for part in parts[1:]]


def _permissions(settings: Settings, width: int) -> list[Spans]:
    found = verdict(settings)
    rows = verdict_rows(found, width)
    more = [one for one in found.reasons if one not in found.words]
    rows += laid_out([("", f"· {one}", "muted") for one in more], width)
    lines: list[words.Line] = []
    account = settings.get("account_block")
    if account is not None:
        lines.append(("the account", *_account(account)))
    status = settings.get("policy_status")
    if status is not None and status.state is State.SET:
        public = bool(status.value.get("PolicyStatus", {}).get("IsPublic"))
        said = "S3 calls it public" if public else "S3 calls it not public"
        lines.append(("policy", said, "danger" if public else "text"))
    elif status is not None:
        lines.append(("policy", "none" if status.known else status.state.value, "muted"))
    acl = settings.get("acl")
    if acl is not None:
        lines += _acl(acl)
    return [*rows, (), *laid_out(lines, width)]


def _account(answer: Answer) -> tuple[str, str]:
    if not answer.known:
        return answer.state.value, "warn" if answer.state is State.DENIED else "muted"
    on = [name for name, one in zip(SWITCH_NAMES, switches_of(answer), strict=True) if one]
    if len(on) == len(SWITCH_NAMES):
        return "blocks all public access, whatever the bucket says", "run"
    return (
        (f"has {', '.join(on)} on for all buckets", "text") if on else ("blocks nothing", "muted")
    )


def _acl(answer: Answer) -> list[words.Line]:
    if not answer.known:
        return [("ACL", answer.state.value, "warn")]
    rows: list[words.Line] = []
    for grant in grants(answer):
        role = "danger" if grant.everyone else "text"
        rows.append(("" if rows else "ACL", f"{grant.who} may {grant.may}", role))
    return rows or [("ACL", "grants nothing", "muted")]


def _policy(answer: Answer, width: int) -> list[Spans]:
    text = policy_of(answer)
    if not text:
        return [(("muted", "no policy: only who has rights by IAM comes in"),)]
    rows: list[Spans] = []
    for opening in openings(text):
        rows += laid_out([("", f"▲ {opening.sid}: {opening.words}", "danger")], width)
    size = len(text.encode("utf-8", "surrogatepass"))
    return [*rows, (("muted", f"{size:,} of 20,480 bytes"),)]


def laid_out(lines: Sequence[words.Line], width: int, at: int = LABEL) -> list[Spans]:
    """Label and text; a text that is too long goes on below itself."""
    rows: list[Spans] = []
    column = at if any(label for label, _, _ in lines) else 0
    for label, text, role in lines:
        room = max(12, width - column)
        safe = visible(text)
        parts = textwrap.wrap(safe, room, drop_whitespace=True) or [safe]
        for number, part in enumerate(parts):
            rows.append(fact(visible(label) if not number else "", (role, part), at=column))
    return rows


# -- lines and rows ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Numbered:
    """One line of JSON."""

    number: int
    text: str


def numbered(text: str) -> list[Numbered]:
    """JSON, line by line."""
    rows = text.rstrip("\n").split("\n") if text else []
    return [Numbered(number, row) for number, row in enumerate(rows, 1)]


def section_lines(section: Section, settings: Settings) -> list[Numbered]:
    """The JSON that a section shows as it is: the policy."""
    return numbered(pretty(policy_of(settings.get("policy")))) if section.id == "policy" else []


def line_cells(row: Numbered) -> Sequence[Spans]:
    """A line of JSON with its number."""
    return ((("dim", str(row.number)),), json_line(row.text))


def section_items(section: Section, settings: Settings) -> list[Item]:
    """What can be acted on, row by row."""
    answer = settings.get(section.asks[0]) if section.asks else None
    if answer is None or not answer.known:
        return []
    if section.id == "permissions":
        return _switch_items(settings)
    if section.id == "lifecycle":
        return [_rule_item(number, rule) for number, rule in enumerate(rules_of(answer))]
    if section.id == "tags":
        return [Item("tag", key, key, value) for key, value in tags_of(answer)]
    return []


def _switch_items(settings: Settings) -> list[Item]:
    own, effect = switches_of(settings["public_access_block"]), effective(settings)
    both = own.all_on
    note = "partly blocked" if any(own) else "not blocked: a policy or an ACL can open it"
    note = "blocked: no policy and no ACL can open it" if both else note
    first = Item("switch", ALL, "all public access", note, _role(both), both, _ABOUT[ALL])
    items = [first]
    for (name, about), one, any_on in zip(SWITCH_WORDS, own, effect, strict=True):
        told = f"{about} (the account does)" if any_on and not one else about
        items.append(Item("switch", name, name, told, _role(any_on), one, _ABOUT[name]))
    ownership = settings.get("ownership")
    if ownership is not None and ownership.known:
        named = ownership_of(ownership)
        acls, about = OWNERSHIP_WORDS.get(named, (named or "not set: ACLs are on", ""))
        told = f"{acls}; {about}" if about else acls
        more = "Who owns what others upload. With ACLs off only policies say who comes in."
        items.append(Item("ownership", OWNERSHIP, "ownership", told, "text", None, more))
    return items


def _role(on: bool) -> str:
    return "run" if on else "warn"


_ABOUT = {
    ALL: "All four switches at once. New buckets have them on; few buckets ever need them off.",
    "BlockPublicAcls": "S3 refuses an ACL that grants something to everyone, of the bucket or of "
    "an object. What is there already stays.",
    "IgnorePublicAcls": "ACLs that grant something to everyone count for nothing, old ones too.",
    "BlockPublicPolicy": "S3 refuses a bucket policy that lets everyone in. A policy that is there "
    "already stays.",
    "RestrictPublicBuckets": "Where the policy lets everyone in, only AWS services and this "
    "account's own users come in.",
}


def _rule_item(number: int, rule: Mapping[str, object]) -> Item:
    draft, said = draft_of(rule), sentence(rule)
    role = "text" if draft.enabled else "dim"
    role = "danger" if deletes_everything(rule) else role
    return Item(
        "rule", str(number), draft.id or f"rule {number + 1}", said, role, draft.enabled, said
    )


def item_cells(item: Item) -> Sequence[Spans]:
    """One row: whether it is on, what it is called, what it says."""
    glyph: Span = ("text", "")
    if item.on is not None:
        glyph = (item.role if item.on else "muted", "●" if item.on else "○")
    label = "bold text" if item.key == ALL else "text"
    return ((glyph,), ((label, item.label),), ((item.role, item.note),))


# -- hints ---------------------------------------------------------------------------------

_ACTS: Mapping[str, Hints] = {  # the key map's id, and what it is here
    "permissions": (("switch", "switch"),),
    "policy": (("edit", "edit"), ("remove", "delete")),
    "versioning": (("switch", "on or suspended"),),
    "encryption": (("edit", "change"),),
    "lifecycle": (
        *(("add", "new rule"), ("edit", "edit")),
        *(("switch", "on or off"), ("remove", "delete")),
    ),
    "tags": (("add", "new"), ("edit", "edit"), ("remove", "delete")),
}


def section_hints(section: Section) -> Hints:
    """The keys that do something in a section."""
    ways = (*_ACTS.get(section.id, ()), ("raw", "raw JSON"), ("again", "ask again"))
    return [hint(f"settings.{name}", verb) for name, verb in ways]
