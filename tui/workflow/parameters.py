"""What the work flow works on: every value has a working default and can be changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tui.core import bucket_names
from tui.core.paths import NO_HOME, calm, expanded, is_file, nobodys
from tui.workflow import demo

SCRIPT_NAME = "fares.py"
SAMPLE_NAME = "sample.csv"
REMOTE_FOLDER = "skydeck"  # in the login user's home on the instance


@dataclass(frozen=True, slots=True)
class Parameters:
    """The choices of a run.

    Attributes:
        source: the CSV to upload; the demo file is made where it is missing.
        demo: where the demo file is, or will be.
        bucket: created if it is not there.
        key: the object that the CSV becomes.
        every: the subset keeps each `every`-th row.
        folder: where sample, script and results are on this machine.
        instance_id: the machine to run on, or "" for the newest that can be logged in to.
        results: the prefix that the script writes to, ending in a slash.
    """

    source: Path
    demo: Path
    bucket: str
    key: str
    folder: Path
    every: int = 50
    instance_id: str = ""
    results: str = "results/"

    @property
    def full_place(self) -> str:
        """The whole data set, as the script is told."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def results_place(self) -> str:
        """Where the results go, as the script is told."""
        return f"s3://{self.bucket}/{self.results}"

    @property
    def script(self) -> Path:
        """The script on this machine."""
        return self.folder / SCRIPT_NAME

    @property
    def sample(self) -> Path:
        """The subset on this machine."""
        return self.folder / SAMPLE_NAME

    @property
    def remote_script(self) -> str:
        """The script on the instance, from the login folder."""
        return f"{REMOTE_FOLDER}/{SCRIPT_NAME}"


def defaults(demo_folder: Path, work_folder: Path, account: str) -> Parameters:
    """Return a run that works as it is: the demo data and a bucket named after the account."""
    path = demo_folder / demo.FILE_NAME
    return Parameters(
        source=path,
        demo=path,
        bucket=f"skydeck-demo-{account}",
        key=f"raw/{path.name}",
        folder=work_folder,
    )


@dataclass(frozen=True, slots=True)
class Field:
    """One editable parameter.

    Attributes:
        first_step: the first step (1 to 6) whose outcome no longer holds when it is changed.
        judge: says what is wrong with a typed text, or None; it looks at the disk, and never
            raises.
        parse: turns an accepted text into the value.
    """

    name: str
    label: str
    about: str
    first_step: int
    judge: Callable[[str], str | None]
    parse: Callable[[str], object]


def text_of(parameters: Parameters, name: str) -> str:
    """Return a parameter as the text that one edits."""
    return str(getattr(parameters, name))


def changed(parameters: Parameters, name: str, text: str) -> Parameters:
    """Return the parameters with one changed to an accepted text.

    Another CSV gets a key of its own name.
    """
    field = FIELDS[name]
    values: dict[str, Any] = {name: field.parse(text.strip())}
    made = replace(parameters, **values)
    if name == "source":
        folder = parameters.key.rpartition("/")[0]
        return replace(made, key=f"{folder}/{made.source.name}".lstrip("/"))
    return made


def _source_problem(text: str) -> str | None:
    if not text.strip():
        return "type the path of a CSV"
    path = expanded(text.strip())
    if nobodys(text.strip()) and not is_file(path):
        return NO_HOME
    # The demo's own path may be typed before the file is there.
    if path.name != demo.FILE_NAME and not is_file(path):
        path.stat()  # raises what is in the way, for the dialog to say
        return "that is not a file"
    return None


def _key_problem(text: str) -> str | None:
    if not text.strip() or text.strip().endswith("/"):
        return "type a key, such as raw/trips.csv"
    return "at most 1,024 bytes" if len(text.encode()) > 1024 else None


def _every_problem(text: str) -> str | None:
    digits = text.strip()
    good = digits.isascii() and digits.isdigit() and len(digits) <= 7
    if not good or not 1 <= int(digits) <= 1_000_000:
        return "a whole number from 1"
    return None


def _folder_problem(text: str) -> str | None:
    path = expanded(text.strip())
    if nobodys(text.strip()):
        return NO_HOME
    if not text.strip() or not path.is_absolute():
        return "type a whole path, such as ~/skydeck-work"
    try:
        path.stat()
    except FileNotFoundError:
        return None  # it is made when it is needed
    return None if path.is_dir() else "that is a file"


def _prefix_problem(text: str) -> str | None:
    stripped = text.strip()
    if not stripped.endswith("/") or stripped.startswith("/"):
        return "a prefix such as results/, with a slash at its end"
    return None


_ALL = (
    Field("source", "data", "the CSV to upload", 1, calm(_source_problem), expanded),
    Field("bucket", "bucket", "made if it is not there", 1, bucket_names.problem, str),
    Field("key", "key", "the name of the data in the bucket", 1, calm(_key_problem), str),
    Field("every", "keep", "each how-many-th row goes into the sample", 2, _every_problem, int),
    Field(
        "folder", "folder", "where sample, script and results are", 2,
        calm(_folder_problem), expanded,
    ),
    Field("instance_id", "instance", "the machine to run on", 4, lambda _: None, str),
    Field("results", "results", "the prefix that the script writes to", 5, _prefix_problem, str),
)  # fmt: skip
FIELDS: Mapping[str, Field] = {field.name: field for field in _ALL}
