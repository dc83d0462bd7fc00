"""Make a bucket with its settings: one act, of which every step says whether it was done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.aws.bucket.changes import put_encryption, put_tags, put_versioning
from tui.aws.bucket.settings import SWITCH_NAMES, Switches, ask, switches_of
from tui.aws.calls import caused_by
from tui.aws.lookalikes import LACKING
from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.s3.service import S3


@dataclass(frozen=True, slots=True)
class BucketDraft:
    """A bucket to be made.

    Attributes:
        kms: encrypt by KMS instead of by S3's own keys; `key` names one, or is "".
        lock: object lock, which wants versions.
    """

    name: str
    region: str
    blocked: bool = True
    kms: bool = False
    key: str = ""
    versions: bool = False
    lock: bool = False
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: what was done, and what was not and why."""

    done: tuple[str, ...]
    failed: tuple[tuple[str, AwsError], ...] = ()
    lacking: tuple[str, ...] = ()  # what this server does not know; nobody asked for more


async def make(s3: S3, draft: BucketDraft) -> Made:
    """Create the bucket, then set it up; a step that fails does not stop the others.

    Raises:
        AwsError: there is no bucket.
    """
    more = {"lock": True} if draft.lock else {}
    await s3.create_bucket(draft.name, draft.region, **more)
    done = [f"bucket {draft.name} in {draft.region}"]
    failed: list[tuple[str, AwsError]] = []
    lacking: list[str] = []
    for what, step in _steps(s3, draft):
        try:
            await step()
        except AwsError as error:
            if error.code in LACKING and what == _BLOCKED:
                lacking.append(what)
            else:
                failed.append((what, error))
        else:
            done.append(what)
    return Made(tuple(done), tuple(failed), tuple(lacking))


_BLOCKED = "public access blocked"
Step = Callable[[], Awaitable[None]]


def _steps(s3: S3, draft: BucketDraft) -> list[tuple[str, Step]]:
    name = draft.name
    block = _BLOCKED if draft.blocked else "public access not blocked"
    steps: list[tuple[str, Step]] = [(block, lambda: _block(s3, name, on=draft.blocked))]
    if draft.kms:
        said = f"encryption by KMS key {draft.key}" if draft.key else "encryption by KMS"
        steps.append((said, lambda: put_encryption(s3, name, kms=True, key=draft.key)))
    if draft.versions and not draft.lock:  # with object lock they are on from the start
        steps.append(("versioning on", lambda: put_versioning(s3, name, on=True)))
    if draft.tags:
        steps.append(("tags", lambda: put_tags(s3, name, draft.tags, ())))
    return steps


async def _block(s3: S3, bucket: str, *, on: bool) -> None:
    """Block all public access, or none; S3 blocks it in new buckets of its own accord."""
    wanted = Switches(on, on, on, on)
    with caused_by(None):
        answer = await ask(s3, bucket, "public_access_block")
    if answer.known and switches_of(answer) == wanted:
        return
    configuration = dict(zip(SWITCH_NAMES, wanted, strict=True))
    await s3.ask("put_public_access_block", bucket, PublicAccessBlockConfiguration=configuration)
