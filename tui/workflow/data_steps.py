"""Steps 1, 2, 3 and 6: the data up, a subset down, the script tried here, the results home."""

from __future__ import annotations

import asyncio
import csv
from datetime import timedelta
from functools import partial
from pathlib import Path

from tui.core import format as fmt
from tui.core.errors import LocalError, UserError
from tui.core.jobs import Progress
from tui.core.local_names import local_path
from tui.core.paths import is_file, size_of
from tui.core.plans import Plan, Risk, facts
from tui.core.records import ObjectDetails, ObjectQuery, S3Object
from tui.workflow.context import Context, Following, from_thread
from tui.workflow.demo import make_demo
from tui.workflow.local import ensure_script, run_script
from tui.workflow.parameters import SAMPLE_NAME, SCRIPT_NAME
from tui.workflow.sample import pull_sample, sample_code
from tui.workflow.steps import StepBlocked, ordinal
from tui.workflow.written import Cleared, Written, clear_to_write

ALREADY_OURS = "BucketAlreadyOwnedByYou"
GONE = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")
SHOWN_BYTES, SHOWN_ROWS = 4096, 5
MAX_RESULTS = 50
# The clocks of this machine and of S3 may differ a little.
CLOCK_SLACK = timedelta(minutes=2)


async def upload_data(context: Context) -> str:
    """Step 1: make the demo data if need be, make the bucket, upload."""
    p, ports = context.parameters, context.ports
    size = await _source_size(context)
    await _ensure_bucket(context)
    old = await _head_or_none(context)
    if old is not None:
        if await _is_there(context, old, size):
            context.good(f"{p.full_place} holds these very bytes already")
            return f"{fmt.size(size)}, there already"
        if not await _may_replace(context, old, size):
            raise StepBlocked(
                f"Didn't upload {p.source.name}",
                f"{p.key} is there already and was kept",
                "Press e to choose another key.",
            )
    context.progress.done = 0
    context.progress.expect(total=size)
    context.say(f"uploading {p.source.name} to {p.full_place}")
    began = asyncio.get_running_loop().time()
    await ports.carrier.upload(p.bucket, p.key, p.source, context.progress)
    seconds = max(0.001, asyncio.get_running_loop().time() - began)
    details = await ports.store.head(p.bucket, p.key)
    if details.size_bytes != size:
        raise UserError(
            f"Can't upload {p.source.name}",
            f"S3 has {fmt.size(details.size_bytes)} of {fmt.size(size)}",
            "Run the step again.",
        )
    context.good(f"{p.full_place}  {fmt.size(size)}  {fmt.rate(size / seconds)}")
    return f"{fmt.size(size)} at {fmt.rate(size / seconds)}"


async def pull_subset(context: Context) -> str:
    """Step 2: keep each n-th row of the object in a local CSV."""
    p, ports = context.parameters, context.ports
    details = await head_of(context, "pull a subset")
    cleared = await clear_to_write(context, (p.sample,))
    context.say(f"streaming {fmt.size(details.size_bytes)} from {p.full_place}")
    loop, stop = asyncio.get_running_loop(), context.progress.cancelled

    def read(start: int, length: int) -> bytes:
        return from_thread(
            loop, lambda: ports.store.read_range(p.bucket, p.key, start, length), stop
        )

    rows, kept = await ports.threaded(
        partial(pull_sample, check=cleared.check),
        read,
        details.size_bytes,
        p.every,
        p.sample,
        context.progress,
    )
    await ports.threaded(Written(p.folder).wrote, p.sample)
    after = await ports.store.head(p.bucket, p.key)
    if after.etag != details.etag:
        raise UserError(
            "Can't pull a subset", "the object changed while it was read", "Run the step again."
        )
    ports.note(
        f"Pull each {ordinal(p.every)} row of {p.full_place}",
        pandas=sample_code(p.bucket, p.key, p.every, SAMPLE_NAME),
    )
    size = await ports.threaded(size_of, p.sample)
    context.good(f"read {fmt.count(rows)} rows, kept {fmt.count(kept)}")
    context.good(f"{p.sample}  {fmt.size(size)}")
    context.say("press C for the pandas code of this")
    return f"{fmt.count(kept)} of {fmt.count(rows)} rows, {fmt.size(size)}"


async def develop(context: Context) -> str:
    """Step 3: write the script if it is missing, run it on the sample."""
    p, ports = context.parameters, context.ports
    if not await ports.threaded(is_file, p.sample):
        raise StepBlocked(
            f"{SAMPLE_NAME} is not there", f"{p.folder} has no sample yet", "Run step 2 first."
        )
    kind = await ports.threaded(ensure_script, p.script)
    context.say(
        {
            "new": f"wrote {p.script}",
            "as written": f"{p.script} is as Skydeck wrote it: v edits it",
            "edited": f"{p.script} is your own version",
        }[kind]
    )
    size = await ports.threaded(size_of, p.sample)
    context.progress.expect(total=size)
    context.command(f"python {SCRIPT_NAME} {SAMPLE_NAME} local-results/")
    lines = Following(context, size)
    began = asyncio.get_running_loop().time()
    status = await run_script(p.script, [SAMPLE_NAME, "local-results/"], lines.line)
    seconds = asyncio.get_running_loop().time() - began
    if status:
        said = [line for line in lines.text.strip().splitlines() if line.strip()]
        raise UserError(
            f"{SCRIPT_NAME} failed on the sample",
            f"exit status {status}: {said[-1] if said else 'it printed nothing'}",
            "Press v to edit it, then run this step again.",
        )
    context.good(f"exit status 0 after {seconds:.1f} s, Python and pandas starting included")
    return f"{SCRIPT_NAME} ran on {fmt.size(size)} in {seconds:.1f} s"


async def fetch_results(context: Context) -> str:
    """Step 6: check that the results are in S3, show their first rows, download them."""
    p = context.parameters
    found = await _listed(context)
    if not found:
        raise StepBlocked("No results yet", f"{p.results_place} is empty", "Run step 5 first.")
    since = context.memory.ran_at
    context.progress.expect(items=len(found))
    folder = p.folder / "results"
    targets = [local_path(folder, one.key.removeprefix(p.results)) for one in found]
    cleared = await clear_to_write(context, targets)
    for one, target in zip(found, targets, strict=True):
        stale = since is not None and one.modified_at < since - CLOCK_SLACK
        note = "  from an earlier run" if stale else ""
        context.log(
            "say" if stale else "good",
            f"s3://{p.bucket}/{one.key}  {fmt.size(one.size_bytes)}{note}",
        )
        await _show_rows(context, one)
        await _bring_home(context, one, target, cleared)
        context.progress.advance(one.size_bytes, items=1)
    context.good(f"downloaded to {folder}")
    many = "1 object" if len(found) == 1 else f"{len(found)} objects"
    return f"{many}, also in {folder.name}/ here"


async def _bring_home(context: Context, one: S3Object, target: Path, cleared: Cleared) -> None:
    p, ports = context.parameters, context.ports
    await ports.threaded(_make_folder, target.parent)
    await ports.threaded(cleared.check, target)
    own = Progress()  # a transfer says itself how much it expects
    own.cancelled, own.keeps = context.progress.cancelled, False
    try:
        await ports.carrier.download(p.bucket, one.key, target, own)
    finally:
        if own.ledger is not None:  # it failed: no job's retry takes its ledger over
            await ports.threaded(own.ledger.release)
    await ports.threaded(Written(p.folder).wrote, target)


async def head_of(context: Context, purpose: str) -> ObjectDetails:
    """Return the uploaded object's properties.

    Raises:
        StepBlocked: it is not there.
    """
    details = await _head_or_none(context)
    if details is None:
        raise StepBlocked(
            f"Can't {purpose}",
            f"{context.parameters.full_place} is not there",
            "Run step 1 first.",
        )
    return details


async def _head_or_none(context: Context) -> ObjectDetails | None:
    p = context.parameters
    try:
        return await context.ports.store.head(p.bucket, p.key)
    except UserError as error:
        if error.code in GONE:
            return None
        raise


async def _source_size(context: Context) -> int:
    p, ports = context.parameters, context.ports
    if p.source == p.demo and not await ports.threaded(is_file, p.demo):
        context.say("making the demo data: a million invented taxi trips")
        # Its bytes are not those that the job is about to upload.
        making = Progress()
        making.cancelled = context.progress.cancelled
        digest = await ports.threaded(make_demo, p.demo, making)
        context.good(f"made {p.demo}  SHA-256 {digest[:16]}…")
    size: int = await ports.threaded(size_of, p.source, "Press e to choose another CSV.")
    return size


async def _ensure_bucket(context: Context) -> None:
    p, ports = context.parameters, context.ports
    try:
        await ports.store.create_bucket(p.bucket, ports.region)
    except UserError as error:
        if error.code != ALREADY_OURS:
            raise
        context.say(f"bucket {p.bucket} is there")
    else:
        context.good(f"made bucket {p.bucket} in {ports.region}")


async def _is_there(context: Context, old: ObjectDetails, size: int) -> bool:
    """Whether the object is the file already: of the same size and the same bytes."""
    p = context.parameters
    if old.size_bytes != size:
        return False
    context.say(f"comparing {p.source.name} with {p.full_place}")
    return await context.ports.store.holds(p.bucket, p.key, p.source)


async def _may_replace(context: Context, old: ObjectDetails, size: int) -> bool:
    p = context.parameters
    plan = Plan(
        title=f"Replace {p.key}",
        verb="Replace it",
        intro="An object of that key is in the bucket already, and its content is another one "
        "or cannot be told.",
        risk=Risk.CAREFUL,
        facts=facts(
            (
                ("bucket", p.bucket),
                ("there now", fmt.size(old.size_bytes)),
                ("changed", f"{old.modified_at:%Y-%m-%d %H:%M} UTC"),
                ("replaced by", f"{p.source.name}, {fmt.size(size)}", "warn"),
            )
        ),
    )
    return await context.ports.confirm(plan)


async def _listed(context: Context) -> list[S3Object]:
    p = context.parameters
    found: list[S3Object] = []
    async for page in context.ports.store.objects(ObjectQuery(p.bucket, p.results, recursive=True)):
        found += [one for one in page.objects if not one.key.endswith("/")]
        if len(found) > MAX_RESULTS:
            raise UserError(
                "Can't fetch the results",
                f"{p.results_place} holds more than {MAX_RESULTS} objects",
                "Press e to write to a prefix of its own, or fetch them in the S3 pane.",
            )
    return found


async def _show_rows(context: Context, one: S3Object) -> None:
    p = context.parameters
    data = await context.ports.store.read_range(p.bucket, one.key, 0, SHOWN_BYTES)
    for line in aligned(data.decode("utf-8", "replace"), SHOWN_ROWS + 1):
        context.log("out", line)


def aligned(text: str, rows: int) -> list[str]:
    """Return the first rows of a CSV, its columns under each other: names left, numbers right.

    What is no CSV comes as it is.
    """
    lines = text.splitlines()[:rows]
    try:
        table = list(csv.reader(lines))
    except csv.Error:
        return lines
    columns = len(table[0]) if table else 0
    if columns < 2 or any(len(row) != columns for row in table):
        return lines
    widths = [max(len(row[at]) for row in table) for at in range(columns)]
    numeric = [
        len(table) > 1 and all(_is_number(row[at]) for row in table[1:]) for at in range(columns)
    ]
    return ["  ".join(map(_padded, row, widths, numeric)).rstrip() for row in table]


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdigit()


def _padded(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LocalError(
            f"Can't make {folder.name}", (error.strerror or "unknown").lower()
        ) from error
