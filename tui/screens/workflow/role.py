"""A role with S3 access for an instance that was launched without one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.core.errors import AwsError, UserError
from tui.core.plans import Plan, Risk, facts
from tui.core.records import Instance
from tui.workflow.flow import WorkFlow

if TYPE_CHECKING:
    from tui.core.jobs import Job
    from tui.screens.services import Services

NAME_LIMIT = 64  # of a role
# IAM tells EC2 of a new profile within seconds.
TRIES, PATIENCE_SECONDS = 6, 3.0


async def instance_without_role(services: Services, flow: WorkFlow) -> Instance:
    """Return the machine that the flow would run on, if it has no role.

    Raises:
        UserError: there is no such machine, or it has a role.
    """
    from tui.core.jobs import Progress
    from tui.workflow.context import Context
    from tui.workflow.remote import choose_instance

    def unheard(_kind: str, _text: str) -> None:
        """No step runs, so nobody reads along."""

    context = Context(flow.parameters, flow.ports, Progress(), flow.memory, unheard)
    instance = await choose_instance(context)
    if instance.role:
        raise UserError(
            f"{instance.label} has a role already",
            f"it is called {instance.role}",
            "If it may not use the bucket, change its policies in IAM.",
        )
    return instance


def role_name(bucket: str) -> str:
    """Return the role's name: one role a bucket, so that no other one's rights change."""
    return f"s3-{bucket}"[:NAME_LIMIT]


def role_plan(instance: Instance, bucket: str) -> Plan:
    """Return what will be done, to be agreed to."""
    return Plan(
        title=f"Give {instance.label} a role",
        verb="Give it the role",
        intro="Programs on the instance, and whoever logs in there, may then use the bucket.",
        risk=Risk.CAREFUL,
        facts=facts(
            (
                ("instance", f"{instance.label}  {instance.id}"),
                ("role", role_name(bucket)),
                ("may", "list, read, write and delete objects"),
                ("in", bucket),
                ("costs", "nothing"),
            )
        ),
        keep="leave it as it is",
    )


async def give_role(services: Services, instance: Instance, bucket: str, job: Job) -> str:
    """Create the role and attach it; run again after a failure it goes on where it stopped.

    Raises:
        AwsError: IAM or EC2 refused.
    """
    name = role_name(bucket)
    job.progress.say("creating the role")
    await services.ec2.create_s3_role(name, [bucket])
    job.progress.say(f"attaching it to {instance.label}")
    for attempt in range(TRIES):
        try:
            await services.gateway.call(
                "ec2",
                "associate_iam_instance_profile",
                IamInstanceProfile={"Name": name},
                InstanceId=instance.id,
            )
        except AwsError as error:
            if error.code != "InvalidParameterValue" or attempt == TRIES - 1:
                raise
            await asyncio.sleep(PATIENCE_SECONDS)
        else:
            break
    services.fleet.refresh_soon()
    return f"{instance.label} has the role {name}"
