"""Steps 4 and 5: the script on an instance, and its run over the full data set."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shlex
from datetime import UTC, datetime
from pathlib import Path

from tui.core import format as fmt
from tui.core.errors import JobCancelled, UserError
from tui.core.paths import size_of
from tui.core.plans import Plan, Risk, facts
from tui.core.records import Instance, ObjectDetails
from tui.workflow.context import Context, Following
from tui.workflow.data_steps import head_of
from tui.workflow.local import ensure_script, template
from tui.workflow.parameters import REMOTE_FOLDER, SCRIPT_NAME
from tui.workflow.ports import Remote
from tui.workflow.steps import StepBlocked
from tui.workflow.written import Written

PID_FILE = ".run.pid"
KILL_SECONDS = 5.0

# pip is missing on a fresh Amazon Linux 2023, and Debian's and Ubuntu's guards their own Python.
PREPARE = """\
ready() { python3 -c 'import pandas, boto3' 2>/dev/null; }
ready && { echo "python3 has pandas and boto3"; exit 0; }
echo "python3 lacks pandas or boto3: installing them for this user, once"
command -v python3 >/dev/null || sudo -n dnf install -y python3
python3 -m pip --version >/dev/null 2>&1 \\
  || sudo -n dnf install -y python3-pip 2>/dev/null \\
  || { sudo -n apt-get update && sudo -n apt-get install -y python3-pip; } \\
  || sudo -n zypper install -y python3-pip
python3 -m pip install --user --quiet pandas boto3 \\
  || python3 -m pip install --user --quiet --break-system-packages pandas boto3
ready
"""
NO_CREDENTIALS = ("no aws credentials", "unable to locate credentials", "nocredentialserror")
DENIED = ("accessdenied", "access denied", "(403)", "forbidden")
NO_MEMORY = ("killed", "memoryerror", "cannot allocate memory")


async def send_script(context: Context) -> str:
    """Step 4: copy the script to the instance and compare the two."""
    p, ports = context.parameters, context.ports
    kind = await ports.threaded(ensure_script, p.script)
    if kind == "new":
        context.say(f"wrote {p.script}: step 3 had not been run")
    instance = await choose_instance(context)
    remote = await ports.machines.connect(instance, context.say)
    try:
        await remote.make_folder(REMOTE_FOLDER)
        here = await ports.threaded(_digest, p.script)
        await _clear_there(context, remote, instance, here)
        context.say(f"copying {p.script.name} to {instance.label}")
        context.progress.expect(total=await ports.threaded(size_of, p.script))
        path = await remote.put(p.script, p.remote_script, context.progress)
        if await _remote_digest(remote) != here:
            raise UserError(
                "Can't upload the script", "what arrived differs from what was sent", "Try again."
            )
        await ports.threaded(Written(p.folder).keep, _place(instance), here)
    finally:
        await remote.close()
    context.memory.machine_id = instance.id
    context.good(f"{path} on {instance.label} is the same as here (SHA-256)")
    return f"{p.script.name} is on {instance.label}"


async def _clear_there(context: Context, remote: Remote, instance: Instance, here: str) -> None:
    """Ask before a script is replaced there that is neither this one, nor one that was sent.

    Raises:
        StepBlocked: the user keeps it.
    """
    p, ports = context.parameters, context.ports
    there = await _remote_digest(remote)
    if there in ("", here, hashlib.sha256(template().encode()).hexdigest()):
        return
    if await ports.threaded(Written(p.folder).knows, _place(instance), there):
        return
    plan = Plan(
        title=f"Replace {SCRIPT_NAME} on {instance.label}",
        verb="Replace it",
        intro="The script there is not one that was sent from here: it may have been edited there.",
        risk=Risk.CAREFUL,
        facts=facts(
            (
                ("instance", f"{instance.label}  {instance.id}"),
                ("there now", f"~/{p.remote_script}"),
                ("replaced by", str(p.script), "warn"),
            )
        ),
        warning="What is there now is lost.",
    )
    if not await ports.confirm(plan):
        raise StepBlocked(
            f"Didn't send {SCRIPT_NAME}",
            f"the one on {instance.label} was kept",
            "Fetch it in the console pane, or press e to choose another instance.",
        )


def _place(instance: Instance) -> str:
    return f"{instance.id}:{SCRIPT_NAME}"


async def run_remote(context: Context) -> str:
    """Step 5: run the script on the instance over the whole object."""
    ports = context.ports
    details = await head_of(context, "run on the full set")
    instance = await choose_instance(context)
    context.progress.expect(total=details.size_bytes)
    remote = await ports.machines.connect(instance, context.say)
    try:
        await _check_script(context, remote, instance)
        await _prepare(context, remote, instance)
        context.memory.ran_at = datetime.now(UTC)
        seconds = await _run(context, remote, instance, details)
    finally:
        await remote.close()
    context.good(f"finished on {instance.label}, exit status 0")
    return f"{fmt.size(details.size_bytes)} on {instance.label} in {seconds:.1f} s"


async def choose_instance(context: Context) -> Instance:
    """Return the machine to use: the chosen one, the one that has the script, or the newest.

    Raises:
        StepBlocked: none runs, or none can be logged in to.
    """
    machines = await context.ports.machines.running()
    wanted = context.parameters.instance_id
    if not machines:
        raise StepBlocked(
            "No instance to run on",
            "nothing is running in this region",
            "Press w to launch one with a new key pair and a role with S3 access.",
        )
    if wanted:
        chosen = next((one for one in machines if one.instance.id == wanted), None)
        if chosen is None:
            raise StepBlocked(
                "No instance to run on",
                f"{wanted} is not running",
                "Press e to choose another one, or start it in the EC2 pane.",
            )
        return chosen.instance
    able = [one.instance for one in machines if one.has_key]
    if not able:
        names = ", ".join(sorted({one.instance.key_name or "no key" for one in machines}))
        raise StepBlocked(
            "No instance to log in to",
            f"the private keys of those that run are not in the keys folder ({names})",
            "Press w to launch one with a new key pair, or e to choose one anyway.",
        )
    # One with a role can reach S3; sorting is stable, so the newest stays first.
    able.sort(key=lambda one: (one.id != context.memory.machine_id, not one.role))
    return able[0]


async def _check_script(context: Context, remote: Remote, instance: Instance) -> None:
    there = await _remote_digest(remote)
    if not there:
        raise StepBlocked(
            f"{SCRIPT_NAME} is not on {instance.label}",
            "it was not uploaded there",
            "Run step 4 first.",
        )
    script = context.parameters.script
    here = await context.ports.threaded(_digest, script)
    if here and here != there:
        raise StepBlocked(
            f"{SCRIPT_NAME} on {instance.label} is an older one",
            "the script here was edited since",
            "Run step 4 again.",
        )


async def _prepare(context: Context, remote: Remote, instance: Instance) -> None:
    context.say(f"checking Python on {instance.label}")
    lines = Following(context, 0)
    status = await remote.stream(PREPARE, lines.line, context.progress.cancelled)
    if status:
        raise UserError(
            f"Can't prepare {instance.label}",
            "python3 with pandas and boto3 could not be installed there",
            "The lines above say why. Does it reach the internet?",
        )


async def _run(
    context: Context, remote: Remote, instance: Instance, details: ObjectDetails
) -> float:
    p = context.parameters
    arguments = f"{shlex.quote(p.full_place)} {shlex.quote(p.results_place)}"
    context.command(f"python3 {SCRIPT_NAME} {arguments}")
    context.progress.say(f"{SCRIPT_NAME} runs on {instance.label}")
    region = shlex.quote(context.ports.region)
    command = (
        f"cd {REMOTE_FOLDER} && echo $$ > {PID_FILE} && "
        f"exec env AWS_DEFAULT_REGION=${{AWS_DEFAULT_REGION:-{region}}} "
        f"python3 -u {SCRIPT_NAME} {arguments}"
    )
    lines = Following(context, details.size_bytes)
    began = asyncio.get_running_loop().time()
    try:
        status = await remote.stream(command, lines.line, context.progress.cancelled)
    except (asyncio.CancelledError, JobCancelled):
        await _kill(remote)
        raise
    if status:
        raise _failure(status, lines.text, instance, p.bucket)
    return asyncio.get_running_loop().time() - began


async def _kill(remote: Remote) -> None:
    """End the program itself: a server may ignore the signal that goes with a closed channel."""
    command = f"kill $(cat {REMOTE_FOLDER}/{PID_FILE}) 2>/dev/null"
    with contextlib.suppress(UserError, TimeoutError, JobCancelled):
        await asyncio.shield(asyncio.wait_for(remote.run(command), KILL_SECONDS))


def _failure(status: int, output: str, instance: Instance, bucket: str) -> UserError:
    said = output.lower()
    title = f"{SCRIPT_NAME} failed on {instance.label}"
    if any(words in said for words in NO_CREDENTIALS):
        return UserError(
            title,
            f"the instance has no role, so it has no credentials for {bucket}"
            if not instance.role
            else f"the role {instance.role} gave it no credentials",
            "Press i to give it a role for this bucket, then run this step again."
            if not instance.role
            else "Look at the role in IAM, or launch an instance with another one.",
        )
    if any(words in said for words in DENIED):
        return UserError(
            title,
            f"its role {instance.role or '(none)'} may not read or write {bucket}",
            "Use a role that may, then run this step again.",
        )
    if status == 137 or status < 0 or any(words in said for words in NO_MEMORY):
        return UserError(
            title,
            "it was killed, most likely for want of memory",
            "Use a larger instance type, or smaller chunks in the script.",
        )
    lines = [line for line in output.strip().splitlines() if line.strip()]
    why = lines[-1] if lines else "it printed nothing"
    return UserError(title, f"exit status {status}: {why}", "The output says more.")


async def _remote_digest(remote: Remote) -> str:
    """The script's SHA-256 on the instance, or "" where it is not there."""
    status, printed = await remote.run(f"sha256sum {REMOTE_FOLDER}/{SCRIPT_NAME}")
    return printed.split(maxsplit=1)[0] if not status and printed.strip() else ""


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
