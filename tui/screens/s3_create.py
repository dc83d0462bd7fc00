"""Create a bucket: its name is judged as it is typed, and asked for again while it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.core import bucket_names
from tui.core.errors import UserError
from tui.widgets.dialog import Ask

if TYPE_CHECKING:
    from tui.screens.s3_acting import S3Acting

# After these another name may do.
_NAME_CODES = frozenset({"BucketAlreadyExists", "BucketAlreadyOwnedByYou", "InvalidBucketName"})


async def create_bucket(screen: S3Acting) -> None:
    """Ask for a name until one is free, then create the bucket and open it.

    Raises:
        AwsError: it could not be created, and another name would not help.
    """
    from tui.aws.calls import caused_by

    services, name = screen.services, ""
    rules = "3 to 63 of a-z, 0-9, hyphens and dots. The name is taken for all of AWS."
    intro = f"In {services.region}. {rules}"
    while True:
        answer = await screen.app.push_screen_wait(
            Ask(
                "New bucket",
                intro,
                value=name,
                placeholder="acme-lake-dev",
                verb="create it",
                judge=bucket_names.problem,
            )
        )
        if not answer:
            return
        name = answer
        screen.working(f"creating {name}…")
        try:
            with caused_by(f"Create bucket {name}"):
                await services.s3.create_bucket(name, services.region)
        except UserError as error:
            if error.code not in _NAME_CODES:
                raise
            intro = str(error)
            continue
        finally:
            screen.working("")
        screen.say(f"in {services.region}", title=f"Bucket {name} is there")
        screen.list_buckets()
        screen.open_place(name)
        return
