"""Create a bucket: its name is judged as it is typed, and asked for again while it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.core.errors import UserError
from tui.widgets.chrome import hint
from tui.widgets.dialog import Confirm

if TYPE_CHECKING:
    from tui.aws.bucket.making import BucketDraft, Made
    from tui.screens.s3.acting import S3Acting

# After these another name may do.
_NAME_CODES = frozenset({"BucketAlreadyExists", "BucketAlreadyOwnedByYou", "InvalidBucketName"})
_RULES = "3 to 63 of a-z, 0-9, hyphens and dots. The name is taken for all of AWS."


async def create_bucket(screen: S3Acting) -> None:
    """Ask for a name and settings until they will do, then create the bucket and open it.

    Raises:
        AwsError: it could not be created, and another name would not help.
    """
    from tui.aws.bucket.making import BucketDraft
    from tui.screens.s3.bucket_form import NewBucket
    from tui.screens.s3.bucket_plans import open_bucket_plan

    draft, intro = BucketDraft("", screen.services.region), _RULES
    while True:
        answer: BucketDraft | None = await screen.app.push_screen_wait(NewBucket(draft, intro))
        if answer is None:
            return
        draft, intro = answer, _RULES
        if not draft.blocked:
            plan = open_bucket_plan(draft.name, draft.region)
            if not await screen.app.push_screen_wait(Confirm(plan)):
                continue
        try:
            made = await _make(screen, draft)
        except UserError as error:
            if error.code not in _NAME_CODES:
                raise
            intro = str(error)
            continue
        _tell(screen, draft, made)
        screen.list_buckets()
        screen.open_place(draft.name)
        return


async def _make(screen: S3Acting, draft: BucketDraft) -> Made:
    from tui.aws.bucket.making import make
    from tui.aws.calls import caused_by

    screen.working(f"creating {draft.name}…")
    try:
        with caused_by(f"Create bucket {draft.name}"):
            return await make(screen.services.s3, draft)
    finally:
        screen.working("")


def _tell(screen: S3Acting, draft: BucketDraft, made: Made) -> None:
    """Say what was done; what was not, and why, is an error that the bucket outlives."""
    title = f"Bucket {draft.name} is there"
    if not made.failed:
        missing = f"; this server knows no {', '.join(made.lacking)}" if made.lacking else ""
        told = ", ".join(made.done[1:]) or "as the server makes it"
        screen.say(f"in {draft.region}: {told}{missing}", title=title)
        return
    undone = "; ".join(f"{what} ({error.message})" for what, error in made.failed)
    done = f"Done: {', '.join(made.done[1:])}. " if made.done[1:] else ""
    key, _ = hint("s3.settings")
    screen.complain(
        UserError(
            f"{title}, but not as it should be",
            f"not done: {undone}",
            f"{done}{key} shows its settings, to try again.",
            code=made.failed[0][1].code,
        )
    )
