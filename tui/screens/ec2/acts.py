"""What is done to instances: the plan, the consent, the call, and a sentence either way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from tui.aws.calls import caused_by
from tui.core.errors import UserError
from tui.core.plans import Plan
from tui.core.records import Instance
from tui.screens.ec2 import plans
from tui.widgets.chrome import hint
from tui.widgets.dialog import Confirm

if TYPE_CHECKING:
    from tui.screens.ec2.screen import Ec2Screen

Call = Callable[[Sequence[str]], Awaitable[Any]]


async def confirmed(
    screen: Ec2Screen, plan: Plan, verb: str, instances: Sequence[Instance], call: Call
) -> None:
    """Show the plan; if the user agrees, do it to exactly these instances."""
    if not await screen.app.push_screen_wait(Confirm(plan)):
        return
    subject = plans.subject(instances)
    try:
        with caused_by(f"{verb} {subject}"):
            await call([one.id for one in instances])
    except UserError as error:
        screen.complain(error)
        screen.services.fleet.refresh_soon()
    else:
        screen.say(f"{verb} {subject}: AWS has it.")
        screen.acted()


async def terminate(screen: Ec2Screen, instances: Sequence[Instance], costs: plans.Costs) -> None:
    """Delete instances for good; none that is protected, and protection is not lifted here."""
    ec2 = screen.services.ec2
    try:
        with caused_by(None):
            kept = [one for one in instances if await ec2.termination_protected(one.id)]
    except UserError as error:
        screen.complain(error)
        return
    if kept:
        names = ", ".join(one.label for one in kept)
        why = "protected from termination"
        way = f"Press {hint('ec2.protect')[0]} to lift the protection first."
        screen.complain(UserError(f"Can't terminate {names}", why, way))
        return
    plan = plans.terminate_plan(instances, costs)
    await confirmed(screen, plan, "Terminate", instances, ec2.terminate)


async def protect(screen: Ec2Screen, instance: Instance) -> None:
    """Set the protection from termination, or lift it."""
    gateway = screen.services.gateway
    try:
        with caused_by(None):
            protected = await screen.services.ec2.termination_protected(instance.id)
    except UserError as error:
        screen.complain(error)
        return

    async def change(ids: Sequence[str]) -> None:
        value = {"Value": not protected}
        await gateway.call(
            "ec2", "modify_instance_attribute", InstanceId=ids[0], DisableApiTermination=value
        )

    plan = plans.protect_plan(instance, protected=protected)
    verb = "Unprotect" if protected else "Protect"
    await confirmed(screen, plan, verb, [instance], change)
