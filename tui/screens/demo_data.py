"""The demo data set for whoever needs it: made once, by a job, in a thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import LocalError
from tui.core.jobs import Job, JobState

if TYPE_CHECKING:
    from tui.screens.services import Services


def demo_folder(services: Services) -> Path:
    """Return where the demo data is: with the sandbox's own files, else with Skydeck's."""
    if services.sandbox is not None:
        return services.sandbox.info.folder / "demo"
    from tui.settings import state_folder

    return state_folder() / "demo"


def demo_path(services: Services) -> Path:
    """Return the path of the demo CSV, whether it was made yet or not."""
    from tui.workflow.demo import FILE_NAME

    return demo_folder(services) / FILE_NAME


async def ready_demo(services: Services) -> Path:
    """Make the demo CSV as a job if it is not there (about 2 s, 52 MB); return its path.

    Raises:
        LocalError: it cannot be written, or the job was cancelled.
    """
    from tui.workflow.demo import make_demo

    path = demo_path(services)
    if await services.gateway.run(path.is_file):
        return path

    async def body(job: Job) -> str:
        await services.gateway.run(make_demo, path, job.progress)
        return f"{fmt.size(job.progress.done)} of invented taxi trips"

    ended = await services.jobs.start("make", path.name, body).wait()
    if ended.state is not JobState.DONE:
        raise ended.error or LocalError("Didn't make the demo data", "it was cancelled")
    return path
