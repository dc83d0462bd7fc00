"""What the keys of a bucket's settings do: ask by a plan, change, and say what to ask for anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from tui.aws.bucket import changes
from tui.aws.bucket.policy_access import openings
from tui.aws.bucket.settings import SWITCH_NAMES, Switches, policy_of, switches_of, tags_of
from tui.aws.bucket.tag_text import TAGS_AT_MOST, tag_problem
from tui.aws.bucket.verdict import ENFORCED, effective, grants, ownership_of
from tui.aws.bucket.words import summary
from tui.core.errors import UserError
from tui.core.plans import Plan
from tui.screens.s3 import bucket_lifecycle as lifecycle
from tui.screens.s3 import bucket_policy as policy
from tui.screens.s3.bucket_plans import (
    OWNERSHIP_WORDS,
    encryption_plan,
    ownership_plan,
    switches_plan,
    versioning_plan,
)
from tui.screens.s3.bucket_sections import ALL, OWNERSHIP, Item, Section
from tui.widgets.dialog import Ask, Choose, Confirm

if TYPE_CHECKING:
    from tui.screens.s3.bucket_view import BucketView

Names = Sequence[str]
Act = Callable[[], Awaitable[None]]
NOTHING: Names = ()
_ACCESS = ("public_access_block", "policy_status", "policy", "acl", "ownership")


async def switch(view: BucketView, section: Section, item: Item | None) -> Names:
    """Turn on or off: a public access switch, versioning, a lifecycle rule."""
    if section.id == "versioning":
        return await _versioning(view)
    if item is None:
        return _bell(view)
    if item.kind == "switch":
        return await _switch(view, item)
    if item.kind == "rule":
        return await lifecycle.toggle(view, int(item.key))
    return await edit(view, section, item)


async def edit(view: BucketView, section: Section, item: Item | None) -> Names:
    """Change what a section shows, by a form or an editor."""
    if section.id in ("permissions", "versioning"):
        if item is not None and item.key == OWNERSHIP:
            return await _ownership(view)
        return await switch(view, section, item)
    if section.id == "policy":
        return await policy.edit(view)
    if section.id == "encryption":
        return await _encryption(view)
    if section.id == "lifecycle":
        return await lifecycle.edit(view, None if item is None else int(item.key))
    if section.id == "tags":
        return await _edit_tag(view, item.key if item is not None else "")
    return _bell(view)


async def add(view: BucketView, section: Section) -> Names:
    """Something new: a rule, a tag, a policy."""
    if section.id == "lifecycle":
        return await lifecycle.edit(view, None)
    if section.id == "tags":
        return await _edit_tag(view, "")
    return await policy.edit(view) if section.id == "policy" else _bell(view)


async def remove(view: BucketView, section: Section, item: Item | None) -> Names:
    """Delete the policy, a rule or a tag."""
    if section.id == "policy":
        return await policy.delete(view)
    if item is not None and item.kind == "rule":
        return await lifecycle.delete(view, int(item.key))
    if item is not None and item.kind == "tag":
        before = tags_of(view.settings.get("tags"))
        kept = [tag for tag in before if tag[0] != item.key]
        return await _put_tags(view, kept, before)
    return _bell(view)


def _bell(view: BucketView) -> Names:
    view.app.bell()
    return NOTHING


async def do(view: BucketView, plan: Plan, doing: str, act: Act, names: Names) -> Names:
    """Ask by a plan; if the user agrees, do it and say what to ask for anew."""
    agreed = await view.app.push_screen_wait(Confirm(plan))
    return await view.change(doing, act, names) if agreed else NOTHING


# -- permissions ---------------------------------------------------------------------------


async def _switch(view: BucketView, item: Item) -> Names:
    before = switches_of(view.settings.get("public_access_block"))
    if item.key == ALL:
        on = not before.all_on
        wanted = Switches(on, on, on, on)
    else:
        wanted = Switches(
            *(
                not one if name == item.key else one
                for name, one in zip(SWITCH_NAMES, before, strict=True)
            )
        )
    plan = switches_plan(view.bucket, before, wanted, _exposed(view, wanted))
    act = partial(changes.put_switches, view.services.s3, view.bucket, wanted, before)
    return await do(view, plan, "Set the public access block", act, _ACCESS)


def _exposed(view: BucketView, wanted: Switches) -> list[str]:
    """What becomes public at once with these switches, of what is held back now."""
    now = effective(view.settings)
    then = wanted.merged(switches_of(view.settings.get("account_block")))
    told = []
    if now.restrict and not then.restrict:
        found = openings(policy_of(view.settings.get("policy")))
        told += [f"{one.words}, by the policy" for one in found]
    acl, owned = view.settings.get("acl"), ownership_of(view.settings.get("ownership"))
    if now.ignore_acls and not then.ignore_acls and acl is not None and owned != ENFORCED:
        told += [f"{one.who} may {one.may}, by the ACL" for one in grants(acl) if one.everyone]
        told.append("objects with ACLs for everyone are public again")
    return told


async def _ownership(view: BucketView) -> Names:
    before = ownership_of(view.readable("ownership"))
    choices = [(name, name, f"{acls}: {about}") for name, (acls, about) in OWNERSHIP_WORDS.items()]
    wanted = await view.app.push_screen_wait(Choose("Who owns the objects", choices, before))
    if not wanted or wanted == before:
        return NOTHING
    act = partial(changes.put_ownership, view.services.s3, view.bucket, wanted, before)
    plan = ownership_plan(view.bucket, before, wanted)
    return await do(view, plan, "Set the object ownership", act, ("ownership", "acl"))


# -- versioning, encryption ----------------------------------------------------------------


async def _versioning(view: BucketView) -> Names:
    answer = view.readable("versioning")
    on = answer.value.get("Status") != "Enabled"
    act = partial(changes.put_versioning, view.services.s3, view.bucket, on=on, before=answer)
    plan = versioning_plan(view.bucket, on=on)
    return await do(view, plan, "Set the versioning", act, ("versioning",))


async def _encryption(view: BucketView) -> Names:
    answer = view.readable("encryption")
    before, _ = summary("encryption", view.settings)
    choices = [
        ("s3", "SSE-S3", "Amazon's keys, nothing to pay"),
        ("aws", "KMS, the account's key", "aws/s3: other accounts can't be let in"),
        ("key", "KMS, a key of yours…", "its ARN, id or alias"),
    ]
    chosen = await view.app.push_screen_wait(Choose("Encrypt new objects by", choices))
    if chosen is None:
        return NOTHING
    key = ""
    if chosen == "key":
        typed = await view.app.push_screen_wait(
            Ask(
                "Which KMS key",
                "An ARN says its region and account; an id or alias is looked for here.",
                placeholder="arn:aws:kms:eu-west-1:111122223333:key/…",
                verb="take it",
                judge=lambda text: None if text.strip() else "type its ARN, id or alias",
            )
        )
        if not typed:
            return NOTHING
        key = typed.strip()
    kms = chosen != "s3"
    wanted = f"KMS key {key}" if key else "KMS, the account's key" if kms else "SSE-S3"
    s3 = view.services.s3
    act = partial(changes.put_encryption, s3, view.bucket, kms=kms, key=key, before=answer)
    plan = encryption_plan(view.bucket, before, wanted, kms=kms)
    return await do(view, plan, "Set the encryption", act, ("encryption",))


# -- tags ----------------------------------------------------------------------------------


async def _edit_tag(view: BucketView, key: str) -> Names:
    before = tags_of(view.readable("tags"))
    others = [tag for tag in before if tag[0] != key]
    if not key and len(before) >= TAGS_AT_MOST:
        raise UserError("No more tags", f"a bucket has at most {TAGS_AT_MOST}", "Delete one first.")
    taken = [name for name, _ in others]

    def judge(text: str) -> str | None:
        name, _, value = text.partition("=")
        return tag_problem(name.strip(), value.strip(), taken)

    now = next((f"{name}={value}" for name, value in before if name == key), "")
    typed = await view.app.push_screen_wait(
        Ask(
            f"Tag of {view.bucket}",
            "A key, =, and its value. Rules and cost reports may look at tags.",
            now,
            placeholder="team=data",
            verb="save it",
            judge=judge,
        )
    )
    if not typed or typed == now:
        return NOTHING
    name, _, value = typed.partition("=")
    made = (name.strip(), value.strip())
    after = [made if tag[0] == key else tag for tag in before] if key else [*before, made]
    return await _put_tags(view, after, before)


async def _put_tags(
    view: BucketView, after: Sequence[tuple[str, str]], before: Sequence[tuple[str, str]]
) -> Names:
    act = partial(changes.put_tags, view.services.s3, view.bucket, after, before)
    return await view.change("Set the tags", act, ("tags",))
