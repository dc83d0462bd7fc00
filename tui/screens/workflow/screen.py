"""The work flow pane: six steps as a checklist, each run as a job, with its output beside it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.jobs import Job, JobState
from tui.core.plans import Plan
from tui.screens.base import BaseScreen, pane_bindings
from tui.screens.workflow.checklist import Checklist, Item, outcome
from tui.screens.workflow.dialogs import ScriptEditor, ask_parameter
from tui.screens.workflow.output import OutputView
from tui.widgets.chrome import hint
from tui.widgets.dialog import Confirm
from tui.widgets.line import Block, Heading, Line, fact
from tui.widgets.paint import Spans, content
from tui.widgets.paint import lines as lines_of
from tui.widgets.styles import style_path
from tui.widgets.unasked import agreed
from tui.workflow import steps
from tui.workflow.flow import WorkFlow
from tui.workflow.steps import BY_ID, STEPS, Step, StepBlocked, StepState

PAINT_SECONDS = 0.1


class WorkflowScreen(BaseScreen):
    """Upload, pull a subset, try the script, send it, run it there, bring the results home."""

    CSS_PATH: ClassVar = [
        style_path("widgets/drawers.tcss"),
        style_path("screens/workflow.tcss"),
    ]
    BINDINGS = pane_bindings("workflow")
    AUTO_FOCUS = "#workflow-steps"
    pane = "workflow"
    room = "workflow"

    def __init__(self) -> None:
        super().__init__()
        self.flow: WorkFlow | None = None
        self._of: tuple[str, str] = ("", "")  # account and region of the flow
        self._painted = -1
        self._told: tuple[Step | None, UserError | None] = (None, None)
        self._job: Job | None = None
        self._home = str(Path.home())

    # -- widgets ---------------------------------------------------------------------------

    def content(self) -> ComposeResult:
        """Crumb; the steps; the step one is on: what it does, why it stopped, its output."""
        yield Line(id="workflow-crumb")
        with Container(id="workflow-row"):
            with Container(id="workflow-left"):
                yield Heading("Steps", follows="workflow-steps", id="workflow-steps-head")
                yield Checklist(id="workflow-steps")
            with Container(id="workflow-right"):
                yield Heading("", id="workflow-head")
                yield Static(id="workflow-about")
                yield Block(id="workflow-facts")
                yield Static(id="workflow-trouble")
                yield Heading("Output", follows="workflow-output", id="workflow-output-head")
                yield OutputView(id="workflow-output")

    def on_mount(self) -> None:
        """Paint while something changes."""
        self.set_interval(PAINT_SECONDS, self._paint_changes)

    def connected(self) -> None:
        """Keep the checklist on the same account and region; begin anew elsewhere."""
        from tui.screens.workflow.ports import parameters_of, ports_of

        services = self.services
        where = (services.identity.account, services.region)
        ports = ports_of(services, self._confirm)
        if self.flow is None or where != self._of:
            self.flow, self._of = WorkFlow(ports, parameters_of(services)), where
        else:
            self.flow.ports = ports
        self._paint()

    # -- painting --------------------------------------------------------------------------

    def _paint_changes(self) -> None:
        flow = self.flow
        if flow is not None and self.is_current and (flow.running or flow.version != self._painted):
            self._paint()

    def on_screen_resume(self) -> None:
        """What changed while another pane was open."""
        self._paint_changes()

    def _paint(self) -> None:
        flow = self.flow
        if flow is None:
            return
        self._painted = flow.version
        running = self._job.snapshot() if self._job is not None and flow.running else None
        items = tuple(
            Item(
                step,
                flow.report(step),
                steps.intent(step, flow.parameters),
                running if step is flow.running else None,
            )
            for step in STEPS
        )
        self.query_one("#workflow-steps", Checklist).show(items)
        self.query_one("#workflow-steps-head", Heading).show(
            meta=(("bright", str(flow.done)), ("muted", f" of {len(STEPS)} done"))
        )
        self.query_one("#workflow-crumb", Line).show(*self._crumb(flow))
        self._paint_step(flow, self.step)

    def _paint_step(self, flow: WorkFlow, step: Step) -> None:
        report = flow.report(step)
        head = self.query_one("#workflow-head", Heading)
        head.show(f"{step.number}  {step.title}", outcome(report)[:1] if _shortly(report) else ())
        rows: list[Spans] = [
            fact(label, ("text", value), at=10)
            for label, value in steps.facts(step, flow.parameters, self._home)
        ]
        self.query_one("#workflow-facts", Block).show(rows)
        if (step, report.error) != self._told:  # a Static lays the screen out on each update
            self._told = (step, report.error)
            self._tell(step, report.error, report.state)
        lines = flow.log(step)
        many = "1 line" if len(lines) == 1 else f"{fmt.count(len(lines))} lines"
        self.query_one("#workflow-output-head", Heading).show(
            meta=(("muted", many),) if lines else (("dim", "nothing yet"),)
        )
        self.query_one("#workflow-output", OutputView).show(lines)

    def _tell(self, step: Step, error: UserError | None, state: StepState) -> None:
        """Say what the step is for, and what is wrong."""
        self.query_one("#workflow-about", Static).update(content(("muted", step.about)))
        trouble = self.query_one("#workflow-trouble", Static)
        trouble.set_class(error is not None, "-shown")
        if error is not None:
            trouble.update(lines_of(_trouble(error, state)))

    def _crumb(self, flow: WorkFlow) -> tuple[Spans, Spans]:
        left = (("muted", "workflow "), ("dim", "› "), ("bold bright", flow.parameters.bucket))
        running = flow.running
        if running is not None:
            return left, (("warn", "◐ "), ("text", running.title))
        if flow.done == len(STEPS):
            return left, (("run", "✓ all six steps done"),)
        return left, (("muted", "next: "), ("text", flow.remaining[0].title))

    @property
    def step(self) -> Step:
        """The step that the cursor is on."""
        return self.query_one("#workflow-steps", Checklist).step or STEPS[0]

    @on(Checklist.Moved)
    def _moved(self) -> None:
        if self.flow is not None:
            self._paint_step(self.flow, self.step)

    @on(Checklist.Opened)
    def _opened(self) -> None:
        self.action_run_step()

    # -- running ---------------------------------------------------------------------------

    def action_run_step(self) -> None:
        """Run the step that one is on."""
        self._run((self.step,))

    def action_run_all(self) -> None:
        """Run all that is not done, in order, until one stops."""
        flow = self.flow
        if flow is None:
            return
        if not flow.remaining:
            self.say(f"All six steps are done. {hint('workflow.over')[0]} starts over.")
        self._run(flow.remaining)

    def _run(self, wanted: tuple[Step, ...]) -> None:
        flow = self.flow
        if flow is None or not wanted:
            return
        if flow.running is not None:
            self.say(f"{flow.running.title} runs. x cancels it.", severity="warning")
            return
        self._run_steps(flow, wanted)

    @work(group="workflow", exclusive=True, exit_on_error=False)
    async def _run_steps(self, flow: WorkFlow, wanted: tuple[Step, ...]) -> None:
        checklist = self.query_one("#workflow-steps", Checklist)
        for step in wanted:
            checklist.move_to(step.number - 1)
            self._job = self._start(flow, step)
            ended = await self._job.wait()
            self._paint_changes()
            if ended.state is not JobState.DONE:
                if ended.error is not None and not self.is_current:
                    self.complain(ended.error)
                return
        if not self.is_current:
            self.say(f"{wanted[-1].title}: {flow.report(wanted[-1]).result}", title="Workflow")

    def _start(self, flow: WorkFlow, step: Step) -> Job:
        from tui.aws.calls import caused_by

        async def body(job: Job) -> str:
            self._job = job  # the jobs drawer may have started it once more
            with caused_by(f"Workflow: {step.title}"):
                return await flow.run(step.id, job.progress)

        subject = steps.subject(step, flow.parameters)
        return self.services.jobs.start(step.verb, subject, body, unit=step.unit)

    def action_cancel_step(self) -> None:
        """Stop the step that runs."""
        if self.flow is None or self.flow.running is None or self._job is None:
            self.say("No step runs.", severity="warning")
        else:
            self.services.jobs.cancel(self._job.id)

    async def _confirm(self, plan: Plan) -> bool:
        """Ask from inside a job, which is no worker and cannot wait for a screen."""
        return await agreed(self.app, plan)

    # -- changing --------------------------------------------------------------------------

    @work(group="workflow-edit", exclusive=True, exit_on_error=False)
    async def action_edit(self) -> None:
        """Change what the step works on."""
        flow = self.flow
        if flow is None:
            return
        try:
            if flow.running is not None:
                raise StepBlocked("Can't change this now", f"{flow.running.title} runs")
            answer = await ask_parameter(self.app, flow, self.step)
            if answer is not None:
                flow.change(*answer)
        except UserError as error:
            self.complain(error)
        self._paint()

    @work(group="workflow-edit", exclusive=True, exit_on_error=False)
    async def action_script(self) -> None:
        """Read and edit the script."""
        from tui.workflow.local import ensure_script, read_script, save_script

        flow = self.flow
        if flow is None:
            return
        script, run = flow.parameters.script, self.services.gateway.run
        try:
            await run(ensure_script, script)
            text = await run(read_script, script)
            edited = await self.app.push_screen_wait(ScriptEditor(script, text))
            if edited is not None and edited != text:
                await run(save_script, script, edited)
                flow.redo_from(BY_ID["develop"].number)
                self.say("Run it from step 3 on.", title=f"{script.name} saved")
        except UserError as error:
            self.complain(error)

    @work(group="workflow-edit", exclusive=True, exit_on_error=False)
    async def action_role(self) -> None:
        """Give the instance a role that may use the bucket."""
        from tui.aws.calls import caused_by
        from tui.screens.workflow.role import give_role, instance_without_role, role_plan

        flow, services = self.flow, self.services
        if flow is None:
            return
        try:
            bucket = flow.parameters.bucket
            instance = await instance_without_role(services, flow)
            if not await self.app.push_screen_wait(Confirm(role_plan(instance, bucket))):
                return
        except UserError as error:
            self.complain(error)
            return

        async def body(job: Job) -> str:
            with caused_by(f"Give {instance.label} a role"):
                return await give_role(services, instance, bucket, job)

        ended = await services.jobs.start("give", f"{instance.label} a role", body).wait()
        if ended.error is not None:
            self.complain(ended.error)
        elif ended.state is JobState.DONE:
            self.say("Run step 5 again.", title=ended.note)

    def action_start_over(self) -> None:
        """Mark all steps as to do."""
        if self.flow is None:
            return
        try:
            self.flow.start_over()
        except UserError as error:
            self.complain(error)
        self._paint()

    async def action_launch(self) -> None:
        """Open the launch wizard, its role preset to one that may use S3."""
        from tui.screens.ec2.screen import Ec2Screen
        from tui.screens.launch.screen import LaunchScreen
        from tui.screens.launch.state import S3_ROLE

        await self.app.switch_mode("ec2")
        top = self.app.screen
        if isinstance(top, Ec2Screen):
            self.deck.push_screen(LaunchScreen(top.select_instance, role=S3_ROLE))
        else:  # begun already: nobody's draft is changed unasked
            self.say(f"A launch is open already. Its third step gives it the role {S3_ROLE}.")


def _shortly(report: steps.StepReport) -> bool:
    """Whether the heading says the state: a result or an error has its own place."""
    return report.state in (StepState.RUNNING, StepState.TODO, StepState.CANCELLED)


def _trouble(error: UserError, state: StepState) -> list[Spans]:
    role, glyph = ("warn", "▲") if state is StepState.BLOCKED else ("danger", "✗")
    rows: list[Spans] = [((f"bold {role}", f"{glyph} {error.title}"),)]
    if error.message:
        rows.append((("text", f"{error.message[:1].upper()}{error.message[1:]}."),))
    if error.hint:
        rows.append((("muted", error.hint),))
    return rows
