"""Edit and delete a bucket's policy: an editor that judges as one types, a diff, a warning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tui.aws.bucket import changes
from tui.aws.bucket.policy import pretty, same
from tui.aws.bucket.policy_access import Certainty, Lockout, Opening, lockout, openings
from tui.aws.bucket.policy_templates import arn_of
from tui.aws.bucket.settings import policy_of, switches_of
from tui.aws.bucket.verdict import effective
from tui.core.errors import UserError
from tui.core.plans import Plan, PlanFact, Risk
from tui.screens.s3.bucket_editor import PolicyEditor
from tui.screens.s3.bucket_review import Review
from tui.widgets.json_text import diff_lines

if TYPE_CHECKING:
    from tui.screens.s3.bucket_view import BucketView

_ASKED = ("policy", "policy_status")
_OWN_RIGHT = "Only the account's root user can then change or delete the policy."


@dataclass(frozen=True, slots=True)
class Effects:
    """What a policy does that one should know before it is saved.

    Attributes:
        new: openings that the policy before did not have.
        blocked: BlockPublicPolicy would refuse it.
        held: RestrictPublicBuckets would keep strangers out all the same.
    """

    opens: tuple[Opening, ...]
    new: tuple[Opening, ...]
    shut: Lockout
    blocked: bool
    held: bool


def effects(before: str, after: str, arn: str, bucket_arn: str, view: BucketView) -> Effects:
    """Compare two policies in the light of the public access block."""
    had = {one.words for one in openings(before)}
    opens = openings(after)
    block = effective(view.settings)
    return Effects(
        opens,
        tuple(one for one in opens if one.words not in had),
        lockout(after, arn, bucket_arn),
        bool(opens) and block.block_policy,
        bool(opens) and block.restrict,
    )


async def edit(view: BucketView) -> Sequence[str]:
    """Edit until it is saved or given up.

    Raises:
        AwsError: it could not be saved; code Changed where somebody else changed it.
    """
    before, me = policy_of(view.readable("policy")), view.services.identity.arn
    bucket_arn = arn_of(view.bucket, view.bucket_region)

    async def agree(text: str) -> bool:
        if before and same(text, before):
            return True  # nothing to do
        found = effects(before, text, me, bucket_arn, view)
        if found.blocked:
            view.deck.complain(blocked_error(view, found))
            return False
        plan = policy_plan(view.bucket, before, text, found)
        rows = diff_lines(pretty(before) if before else "", pretty(text))
        agreed: bool | None = await view.app.push_screen_wait(Review(plan, rows))
        return bool(agreed)

    editor = PolicyEditor(view.bucket, bucket_arn, me, before, agree, partial(_outside, view))
    text: str | None = await view.app.push_screen_wait(editor)
    if text is None or (before and same(text, before)):
        return ()
    shut = lockout(text, me, bucket_arn).policy_itself
    put = partial(
        changes.put_policy, view.services.s3, view.bucket, text, before, may_shut_out=shut
    )
    return await view.change("Set the policy", put, _ASKED)


async def _outside(view: BucketView, text: str) -> str:
    """The text after the user's own editor had it; as it was where that failed."""
    from tui.screens.s3 import editor as s3_editor

    run = view.services.gateway.run
    try:
        draft = await run(s3_editor.make_draft, view.bucket, "policy.json", text.encode())
        try:
            await s3_editor.run_editor(view.app, draft.path)
            return (await run(draft.read)).decode("utf-8")
        finally:
            await run(draft.remove)
    except UnicodeError:
        view.deck.complain(UserError("Can't take what was edited", "it is not UTF-8"))
    except UserError as error:
        view.deck.complain(error)
    return text


def blocked_error(view: BucketView, found: Effects) -> UserError:
    """S3 would refuse it: say so before anything is sent."""
    own = switches_of(view.settings.get("public_access_block")).block_policy
    where = "this bucket's" if own else "the account's"
    return UserError(
        "This policy would be refused",
        f"it is public ({'; '.join(one.words for one in found.opens)}) and {where} "
        "BlockPublicPolicy is on",
        "Switch that off first, under Permissions, if the world is to come in.",
        code="Blocked",
    )


def policy_plan(bucket: str, before: str, after: str, found: Effects) -> Plan:
    """What saving does; public and shutting out want the bucket's name typed."""
    shut = found.shut.certainty is not Certainty.NO
    facts = [PlanFact("bucket", bucket, "bold bright")]
    facts.append(PlanFact("size", f"{len(after.encode('utf-8', 'surrogatepass')):,} bytes"))
    facts += [PlanFact("public", one.words, "danger") for one in found.opens]
    if not found.opens:
        facts.append(PlanFact("public", "no", "run"))
    if found.opens and found.held:
        facts.append(PlanFact("but", "RestrictPublicBuckets keeps strangers out", "warn"))
    warnings = []
    if found.new:
        warnings.append("Anyone on the internet gets in; what was read cannot be called back.")
    if found.shut.policy_itself:
        warnings.append(_OWN_RIGHT)
    must = bool(found.new) or shut
    return Plan(
        title="Save the policy" if before else "Give the bucket a policy",
        verb="Save it",
        intro="It counts at once, for everybody.",
        risk=Risk.DESTROYS if must else Risk.CAREFUL,
        facts=tuple(facts),
        items=tuple((f"{words}.", "") for words in found.shut.words),
        warning=" ".join(warnings),
        typed=bucket if must else "",
        keep="go on editing",
    )


async def delete(view: BucketView) -> Sequence[str]:
    """Delete the policy after a plan."""
    before = policy_of(view.settings.get("policy"))
    if not before:
        view.app.bell()
        return ()
    plan = Plan(
        title=f"Delete the policy of {view.bucket}",
        verb="Delete it",
        intro="Who came in by it is shut out at once; what it denied is allowed again.",
        risk=Risk.DESTROYS,
        facts=(PlanFact("bucket", view.bucket, "bold bright"),),
        warning="S3 keeps no copy: copy it first if it may be wanted again.",
    )
    if not await view.app.push_screen_wait(Review(plan, diff_lines(pretty(before), ""))):
        return ()
    act = partial(changes.delete_policy, view.services.s3, view.bucket, before)
    return await view.change("Delete the policy", act, _ASKED)
