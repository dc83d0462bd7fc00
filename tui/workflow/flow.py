"""The work flow itself: its steps' states and logs, and the running of one step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from tui.core.errors import JobCancelled, JobPaused, UserError
from tui.core.jobs import Progress
from tui.workflow import data_steps, remote
from tui.workflow.context import Context, Memory
from tui.workflow.parameters import FIELDS, Parameters, changed
from tui.workflow.ports import Ports
from tui.workflow.steps import BY_ID, STEPS, LogLine, Step, StepBlocked, StepReport, StepState

MAX_LINES = 2_000

_BODIES: Mapping[str, Callable[[Context], Awaitable[str]]] = {
    "upload": data_steps.upload_data,
    "subset": data_steps.pull_subset,
    "develop": data_steps.develop,
    "send": remote.send_script,
    "run": remote.run_remote,
    "results": data_steps.fetch_results,
}


class WorkFlow:
    """Six steps, one running at a time. Lives on the event loop.

    Attributes:
        version: grows with every change, so that a screen knows when to paint.
    """

    def __init__(self, ports: Ports, parameters: Parameters) -> None:
        self.ports, self.parameters = ports, parameters
        self.memory = Memory()
        self.version = 0
        self._reports = {step.id: StepReport() for step in STEPS}
        self._logs: dict[str, list[LogLine]] = {step.id: [] for step in STEPS}

    def report(self, step: Step) -> StepReport:
        """What a step has come to."""
        return self._reports[step.id]

    def log(self, step: Step) -> list[LogLine]:
        """A step's lines of its last run, the oldest first; not to be changed."""
        return self._logs[step.id]

    @property
    def running(self) -> Step | None:
        """The step that runs."""
        return next((s for s in STEPS if self.report(s).state is StepState.RUNNING), None)

    @property
    def remaining(self) -> tuple[Step, ...]:
        """The steps that are not done, in order."""
        return tuple(s for s in STEPS if self.report(s).state is not StepState.DONE)

    @property
    def done(self) -> int:
        """How many steps are done."""
        return len(STEPS) - len(self.remaining)

    def change(self, name: str, text: str) -> None:
        """Set a parameter to an accepted text; steps that it touches are to do again.

        Raises:
            StepBlocked: a step runs.
        """
        if self.running is not None:
            raise StepBlocked("Can't change this now", f"{self.running.title} runs")
        self.parameters = changed(self.parameters, name, text)
        self.redo_from(FIELDS[name].first_step)

    def redo_from(self, number: int) -> None:
        """Mark a step (1 to 6) and those after it as to do: what they rest on has changed."""
        for step in STEPS:
            if step.number >= number and step is not self.running:
                self._reports[step.id] = StepReport()
        self.version += 1

    def start_over(self) -> None:
        """Forget what the steps have come to; what they made stays.

        Raises:
            StepBlocked: a step runs.
        """
        if self.running is not None:
            raise StepBlocked("Can't start over now", f"{self.running.title} runs")
        for step in STEPS:
            self._reports[step.id], self._logs[step.id] = StepReport(), []
        self.memory = Memory()
        self.version += 1

    async def run(self, step_id: str, progress: Progress) -> str:
        """Run a step as the body of a job; return its result line.

        Raises:
            UserError: why it failed, or (StepBlocked) what it still needs.
            JobCancelled, CancelledError: it was cancelled.
        """
        step = BY_ID[step_id]
        if self.running is not None:
            raise StepBlocked(
                f"Can't run {step.title}", f"{self.running.title} runs", "Wait for it, or press x."
            )
        self._logs[step.id] = []
        began = time.monotonic()
        self._set(step, StepReport(StepState.RUNNING))
        try:
            result = await _BODIES[step.id](self._context(step, progress))
        except (asyncio.CancelledError, JobCancelled):
            self._end(step, StepReport(StepState.CANCELLED, "cancelled"), began)
            raise
        except StepBlocked as error:
            self._end(step, StepReport(StepState.BLOCKED, error=error), began)
            raise
        except (UserError, JobPaused) as stop:
            failed = stop.reason if isinstance(stop, JobPaused) else stop  # a step can't wait
            self._end(step, StepReport(StepState.FAILED, error=failed), began)
            raise failed from stop.__cause__
        except Exception as error:
            # What it says may quote anything; the job's keeper writes it down and tells it.
            failure = UserError(f"{step.title} failed", type(error).__name__)
            self._end(step, StepReport(StepState.FAILED, error=failure), began)
            raise
        self._end(step, StepReport(StepState.DONE, result), began)
        return result

    def _context(self, step: Step, progress: Progress) -> Context:
        def log(kind: str, text: str) -> None:
            self._append(step, LogLine(kind, text))

        return Context(self.parameters, self.ports, progress, self.memory, log)

    def _append(self, step: Step, line: LogLine) -> None:
        lines = self._logs[step.id]
        lines.append(line)
        if len(lines) > MAX_LINES:
            del lines[: MAX_LINES // 4]
        self.version += 1

    def _end(self, step: Step, report: StepReport, began: float) -> None:
        if report.error is not None:
            self._append(step, LogLine("bad", report.error.title))
        elif report.state is StepState.CANCELLED:
            self._append(step, LogLine("bad", "cancelled"))
        self._set(step, replace(report, seconds=time.monotonic() - began))

    def _set(self, step: Step, report: StepReport) -> None:
        self._reports[step.id] = report
        self.version += 1
