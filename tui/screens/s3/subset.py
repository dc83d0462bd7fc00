"""Pull a subset: look at the object, ask which rows and where to, and do it as a job."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.jobs import Progress
from tui.core.local_names import local_part
from tui.core.paths import NO_HOME, exists, expanded, is_folder, nobodys, why
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import S3Object
from tui.screens.s3.jobs import start
from tui.screens.s3.rows import Folder, Row, uri
from tui.screens.s3.subset_form import Draft, SubsetForm
from tui.widgets.ask_path import AskPath, Verdict
from tui.widgets.dialog import Confirm

if TYPE_CHECKING:
    from tui.aws.subset.pull import Probe, Wish
    from tui.aws.subset.range_stream import Pinned
    from tui.screens.s3.acting import S3Acting

MOST_OBJECTS = 1_000  # each is looked up before it is read


async def pull_subset(
    screen: S3Acting, bucket: str, rows: Sequence[Row], version_id: str = ""
) -> None:
    """Ask which rows and columns of these objects to pull, and where to; start the job.

    Raises:
        UserError: they have no rows, are archived or of several kinds, or can't be read.
    """
    from tui.aws.calls import caused_by
    from tui.aws.subset.pull import probe

    services, objects = screen.services, sorted_objects(rows)
    first = objects[0]
    screen.working("looking at the first rows…")
    with caused_by(None):
        probed = await probe(services.s3, bucket, first.key, version_id)
    screen.working("")
    size = sum(one.size_bytes for one in objects)
    draft = await screen.app.push_screen_wait(
        SubsetForm(probed, len(objects), size, services.gateway.run)
    )
    if draft is None:
        return
    typed = await screen.app.push_screen_wait(
        AskPath(
            f"Pull {_rows_words(draft)}",
            "Into the file; .csv, .csv.gz, .jsonl, .jsonl.gz or .parquet say what it is.",
            value=str(services.settings.downloads / default_name(first.key, probed.shape.format)),
            look=_look,
            run=services.gateway.run,
            verb="pull it",
        )
    )
    if not typed:
        return
    target = expanded(typed).absolute()
    replaces = await services.gateway.run(exists, target)
    if replaces and not await screen.app.push_screen_wait(Confirm(_plan(draft, target, first))):
        return
    _start(screen, probed, _wish(draft, target, replaces), objects)


def sorted_objects(rows: Sequence[Row]) -> list[S3Object]:
    """The chosen objects, checked to be of one kind by their names, in the order of these.

    What a name does not tell (`part-0000`), the first bytes will.

    Raises:
        UserError: they are not.
    """
    from tui.aws.subset.shape import format_of

    title = "Can't pull a subset"
    if len(rows) > MOST_OBJECTS:
        raise UserError(title, f"more than {MOST_OBJECTS:,} objects are selected", "Select fewer.")
    objects = sorted((row for row in rows if not isinstance(row, Folder)), key=lambda row: row.key)
    if not objects or len(objects) != len(rows):
        raise UserError(title, "folders have no rows", "Select objects of one kind.")
    kinds = {format_of(row.key) for row in objects}
    if len(kinds) > 1:
        raise UserError(title, "the objects are of several kinds", "Select objects of one kind.")
    return objects


def default_name(key: str, kind: str) -> str:
    """Return a file's name for a subset: `raw/trips.csv.gz` becomes `trips-subset.csv`."""
    from tui.aws.subset.shape import ENDINGS, FORMATS

    name = key.rstrip("/").rpartition("/")[2]
    for ending in (*ENDINGS, *FORMATS):
        if name.lower().endswith(f".{ending}"):
            name = name[: -len(ending) - 1]
    return local_part(f"{name[:120]}-subset.{kind}")


def _wish(draft: Draft, target: Path, replaces: bool) -> Wish:
    from tui.aws.subset.pull import Wish

    return Wish(draft.which, target, draft.names, draft.query, replaces)


def _start(screen: S3Acting, probed: Probe, wish: Wish, objects: list[S3Object]) -> None:
    from tui.aws.subset.code import subset_code
    from tui.aws.subset.pull import pin, pull

    services, bucket = screen.services, probed.pinned.bucket
    first = uri(bucket, probed.pinned.key)
    subject = f"a subset of {first}"
    if len(objects) > 1:
        subject += f" and {len(objects) - 1} more"

    async def work(progress: Progress) -> str:
        others: list[Pinned] = []
        for row in objects[1:]:
            progress.say(f"looking at {row.key}")
            others.append(await pin(services.s3, bucket, row.key))
        pays = services.gateway.requester.pays(bucket)
        code = subset_code(probed, wish, services.region, others, pays=pays)
        services.log.note(f"Pull {subject}", python=code, pandas=code)
        done = await pull(services.s3, probed, wish, progress, tuple(others))
        return f"{done}; in {wish.target}"

    start(screen, "pull", subject, work)


def _rows_words(draft: Draft) -> str:
    which = draft.which
    number = fmt.count(which.count)
    words = {
        "first": f"the first {number} rows",
        "every": f"every {number}th row",
        "share": f"{which.share:.4g} of the rows, at random",
        "sample": f"{number} random rows",
    }.get(which.kind, "all rows")
    if draft.query is not None:
        words += " that match"
    if draft.names:
        words += f", {len(draft.names)} column" + ("s" if len(draft.names) > 1 else "")
    return words


def _plan(draft: Draft, target: Path, first: S3Object) -> Plan:
    return Plan(
        title="Replace a file",
        verb="Replace it",
        intro="The file there is replaced once the subset is whole.",
        risk=Risk.CAREFUL,
        facts=(
            PlanFact("file", str(target), "warn"),
            PlanFact("by", _rows_words(draft)),
            PlanFact("of", first.key),
        ),
        warning="What is in the file now is lost.",
        keep="keep the file",
    )


def _look(text: str) -> Verdict:
    """Whether a subset can be written to a path. Blocks."""
    if not text.strip():
        return Verdict(problem="type a file's name; tab completes it")
    if nobodys(text):
        return Verdict(problem=NO_HOME)
    path = expanded(text)
    if is_folder(path) or text.endswith("/"):
        return Verdict(problem="that is a folder: name a file in it")
    if not _has_kind(path.name):
        return Verdict(problem="the name must end in .csv, .csv.gz, .jsonl, .jsonl.gz or .parquet")
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()  # raises what makes it no path at all
        return _place(path)
    except (OSError, ValueError) as error:
        return Verdict(problem=why(error))


def _place(path: Path) -> Verdict:
    from tui.aws.subset.writers import output_of

    if exists(path) and not path.is_file():
        return Verdict(problem="something stands there that is no file")
    if exists(path):
        size = fmt.size(path.stat().st_size)
        return Verdict(told=f"a file of {size} is there: you are asked before it is replaced")
    nearest = path.parent
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not is_folder(nearest) or not os.access(nearest, os.W_OK):
        return Verdict(problem=f"{nearest} cannot be written to")
    kind = {"csv": "CSV", "jsonl": "JSON lines", "parquet": "Parquet"}[output_of(path.name)]
    return Verdict(told=f"a new file, as {kind}")


def _has_kind(name: str) -> bool:
    from tui.aws.subset.writers import output_of

    return bool(output_of(name))
