"""The six steps as data: what each is called, does with the present parameters, and has come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from tui.core.errors import UserError
from tui.workflow.demo import ROWS
from tui.workflow.parameters import REMOTE_FOLDER, Parameters

DEMO_NOTE = f"{ROWS:,} invented taxi trips, made when first used"


class StepState(Enum):
    """Where a step is."""

    TODO = "to do"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


class StepBlocked(UserError):  # noqa: N818 - a fact
    """Something that the step needs is not there yet; the hint says how to get it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One of the six steps.

    Attributes:
        verb: the job's verb.
        unit: what its job counts.
        fields: the parameters that one may change here.
        about: what it is for, a sentence.
    """

    number: int
    id: str
    title: str
    verb: str
    unit: str
    fields: tuple[str, ...]
    about: str


STEPS = (
    Step(
        1, "upload", "Upload to S3", "upload", "bytes", ("source", "bucket", "key"),
        "Puts the whole data set where both machines reach it.",
    ),
    Step(
        2, "subset", "Pull a subset", "sample", "bytes", ("every", "folder"),
        "Streams the object in chunks and keeps a sample here.",
    ),
    Step(
        3, "develop", "Develop locally", "run", "bytes", ("folder",),
        "Tries the script on the sample, on this machine.",
    ),
    Step(
        4, "send", "Upload the script", "send", "bytes", ("instance_id",),
        "Copies the script to a running instance over SFTP.",
    ),
    Step(
        5, "run", "Run on the full set", "run", "bytes", ("instance_id", "results"),
        "Runs the script there, next to the data.",
    ),
    Step(
        6, "results", "Results in S3", "fetch", "bytes", ("results", "folder"),
        "Checks what was written to S3, shows it, brings it home.",
    ),
)  # fmt: skip
BY_ID: Mapping[str, Step] = {step.id: step for step in STEPS}


@dataclass(frozen=True, slots=True)
class StepReport:
    """What a step has come to. `result` is a short line; `error` says why it did not get there."""

    state: StepState = StepState.TODO
    result: str = ""
    seconds: float | None = None
    error: UserError | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a step's log. `kind`: say, command, out, good, bad."""

    kind: str
    text: str


def intent(step: Step, parameters: Parameters) -> str:
    """Say in a few words what the step will do with the present parameters."""
    p = parameters
    return {
        "upload": f"{p.source.name} → {p.bucket}",
        "subset": f"each {ordinal(p.every)} row → {p.sample.name}",
        "develop": f"{p.script.name} on {p.sample.name}",
        "send": f"{p.script.name} → {p.instance_id or 'the newest instance'}",
        "run": f"{p.script.name} on all of {p.key.rpartition('/')[2]}",
        "results": f"check {p.results}, bring it home",
    }[step.id]


def subject(step: Step, parameters: Parameters) -> str:
    """Return what the step's job is about."""
    p = parameters
    return {
        "upload": p.source.name,
        "subset": f"each {ordinal(p.every)} row of {p.key.rpartition('/')[2]}",
        "develop": f"{p.script.name} on {p.sample.name}",
        "send": f"{p.script.name} to EC2",
        "run": f"{p.script.name} on {p.key.rpartition('/')[2]}",
        "results": p.results_place,
    }[step.id]


def facts(step: Step, parameters: Parameters, home: str = "") -> tuple[tuple[str, str], ...]:
    """Return what the step will do as (label, value) rows."""
    p = parameters
    folder = short_path(p.folder, home)
    rows: dict[str, tuple[tuple[str, str], ...]] = {
        "upload": (
            ("data", short_path(p.source, home)),
            *((("", DEMO_NOTE),) if p.source == p.demo else ()),
            ("bucket", p.bucket),
            ("key", p.key),
        ),
        "subset": (
            ("from", p.full_place),
            ("keep", f"each {ordinal(p.every)} row"),
            ("to", f"{folder}/{p.sample.name}"),
        ),
        "develop": (
            ("script", f"{folder}/{p.script.name}"),
            ("reads", p.sample.name),
            ("writes", "local-results/"),
        ),
        "send": (
            ("script", f"{folder}/{p.script.name}"),
            ("instance", p.instance_id or "the newest that runs and whose key is here"),
            ("to", f"~/{p.remote_script}"),
        ),
        "run": (
            ("instance", p.instance_id or "the one that has the script"),
            ("reads", p.full_place),
            ("writes", p.results_place),
        ),
        "results": (
            ("checks", p.results_place),
            ("shows", "the first rows of each table"),
            ("to", f"{folder}/results/"),
        ),
    }
    return rows[step.id]


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th, ..."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{'th' if number % 100 in (11, 12, 13) else ending}"


def short_path(path: object, home: str) -> str:
    """Return a path with the home folder as ~."""
    text = str(path)
    return "~" + text[len(home) :] if home and text.startswith(home + "/") else text


__all__ = [
    "BY_ID",
    "REMOTE_FOLDER",
    "STEPS",
    "LogLine",
    "Step",
    "StepBlocked",
    "StepReport",
    "StepState",
    "facts",
    "intent",
    "ordinal",
    "short_path",
    "subject",
]
