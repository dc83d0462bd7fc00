"""Instances, key pairs, security groups, networks and roles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tui.aws.ec2 import roles
from tui.aws.ec2.images import login_user
from tui.aws.ec2.records import (
    group_of,
    instance_of,
    key_pair_of,
    permissions_of,
    subnet_of,
    volumes_by_instance,
)
from tui.aws.errors import understood
from tui.aws.undo import kept, whole
from tui.core.errors import AwsError
from tui.core.records import (
    IngressRule,
    Instance,
    KeyPair,
    NewKeyPair,
    SecurityGroup,
    Subnet,
    Volume,
)

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway

__all__ = ["Ec2", "StateChange", "login_user"]

T = TypeVar("T")

DRY_RUN_PASSED: Final = "DryRunOperation"  # the "error" that says it would have worked
# A new role's profile reaches EC2 some seconds after IAM has it.
ROLE_PATIENCE_SECONDS = 3.0
ROLE_TRIES = 6


@dataclass(frozen=True, slots=True)
class StateChange:
    """What EC2 says about one instance right after start, stop or terminate."""

    id: str
    before: str
    after: str


class Ec2:
    """EC2 in the gateway's region. Every method raises `AwsError` with a clear sentence."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    # -- instances ---------------------------------------------------------------------------

    async def instances(self, region: str | None = None) -> tuple[Instance, ...]:
        """Return all instances with their volumes, the newest first; terminated ones too.

        Volumes whose size may not be read come with size 0.
        """
        answers, volumes = await asyncio.gather(
            self._described("describe_instances", "Reservations", _as_it_is, region),
            self._volumes(region),
        )
        with self._understood("describe_instances"):
            found = [
                instance_of(entry, volumes)
                for reservation in answers
                for entry in reservation.get("Instances", ())
            ]
        return tuple(sorted(found, key=lambda one: (one.launched_at, one.id), reverse=True))

    async def start(self, ids: Sequence[str]) -> tuple[StateChange, ...]:
        """Start stopped instances."""
        return await self._changed("start_instances", "StartingInstances", ids)

    async def stop(self, ids: Sequence[str]) -> tuple[StateChange, ...]:
        """Stop instances; their disks stay, and cost."""
        return await self._changed("stop_instances", "StoppingInstances", ids)

    async def reboot(self, ids: Sequence[str]) -> None:
        """Restart the operating systems of running instances."""
        await self.gateway.call("ec2", "reboot_instances", InstanceIds=list(ids))

    async def terminate(self, ids: Sequence[str]) -> tuple[StateChange, ...]:
        """Delete instances for good, with the volumes that are marked so."""
        return await self._changed("terminate_instances", "TerminatingInstances", ids)

    async def run(self, request: Mapping[str, Any]) -> tuple[Instance, ...]:
        """Launch instances. The request carries its intent's own ClientToken.

        Sent again after a lost answer, the same token launches nothing new.
        """
        for attempt in range(ROLE_TRIES):
            try:
                answer = await self.gateway.call("ec2", "run_instances", **request)
            except AwsError as error:
                if not _role_not_there_yet(error, request) or attempt == ROLE_TRIES - 1:
                    raise
                await asyncio.sleep(ROLE_PATIENCE_SECONDS)
            else:
                with self._understood("run_instances"):
                    return tuple(instance_of(entry, {}) for entry in answer.get("Instances", ()))
        raise AssertionError("unreachable")

    async def dry_run(self, request: Mapping[str, Any]) -> None:
        """Have AWS check a launch without doing it; returns when it would have worked."""
        # A dry run under the launch's own token would make the real one a repetition.
        params = {name: value for name, value in request.items() if name != "ClientToken"}
        try:
            await self.gateway.call("ec2", "run_instances", **params | {"DryRun": True})
        except AwsError as error:
            if error.code != DRY_RUN_PASSED:
                raise

    async def console_output(self, instance_id: str) -> str:
        """Return the boot log, or "" where there is none yet."""
        answer = await self.gateway.call("ec2", "get_console_output", InstanceId=instance_id)
        return str(answer.get("Output") or "")

    async def termination_protected(self, instance_id: str) -> bool:
        """Say whether an instance refuses to be terminated (one call each, so asked late)."""
        answer = await self.gateway.call(
            "ec2",
            "describe_instance_attribute",
            InstanceId=instance_id,
            Attribute="disableApiTermination",
        )
        return bool(answer.get("DisableApiTermination", {}).get("Value"))

    # -- key pairs ---------------------------------------------------------------------------

    async def key_pairs(self) -> tuple[KeyPair, ...]:
        """Return the region's key pairs, by name."""
        answer = await self.gateway.call("ec2", "describe_key_pairs")
        found = (key_pair_of(entry) for entry in answer.get("KeyPairs", ()))
        return tuple(sorted(found, key=lambda pair: pair.name))

    async def create_key_pair(self, name: str, kind: str = "ed25519") -> NewKeyPair:
        """Create a key pair ("rsa" or "ed25519"); the answer is the private key's only sight.

        `tui.aws.ec2.keys.create_and_save` also puts it on the disk, and takes it back if it can't.
        """
        answer = await self.gateway.call("ec2", "create_key_pair", KeyName=name, KeyType=kind)
        try:
            with self._understood("create_key_pair", name):
                return NewKeyPair(
                    name=answer.get("KeyName") or name,
                    id=answer.get("KeyPairId", ""),
                    fingerprint=answer.get("KeyFingerprint", ""),
                    private_key=answer["KeyMaterial"],
                )
        except AwsError:  # a key pair without its key opens nothing
            with suppress(AwsError):
                await kept(self.delete_key_pair(name))
            raise

    async def delete_key_pair(self, name: str) -> None:
        """Delete a key pair at AWS; the file on this disk stays, and still opens instances."""
        await self.gateway.call("ec2", "delete_key_pair", KeyName=name)

    # -- networks ----------------------------------------------------------------------------

    async def security_groups(self, vpc_id: str | None = None) -> tuple[SecurityGroup, ...]:
        """Return the region's (or one network's) security groups, by name."""
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}] if vpc_id else []
        groups = await self._described(
            "describe_security_groups", "SecurityGroups", group_of, Filters=filters
        )
        return tuple(sorted(groups, key=lambda group: (group.name, group.id)))

    async def create_security_group(
        self, name: str, description: str, vpc_id: str, rules: Sequence[IngressRule]
    ) -> SecurityGroup:
        """Create a group with its inbound rules.

        If a rule is refused, or this is cancelled, no group is left.
        """
        try:
            permissions = permissions_of(rules)
        except ValueError as error:
            raise AwsError(f"Can't create security group {name}", str(error)) from error
        group_id = await whole(
            self._new_group(name, description, vpc_id), self.delete_security_group
        )
        try:
            if permissions:
                await whole(self._allow(group_id, permissions))
        except BaseException as error:
            await kept(self._group_taken_back(group_id, error))
            raise
        return SecurityGroup(group_id, name, description, vpc_id, tuple(rules))

    async def delete_security_group(self, group_id: str) -> None:
        """Delete a security group that nothing uses."""
        await self.gateway.call("ec2", "delete_security_group", GroupId=group_id)

    async def subnets(self) -> tuple[Subnet, ...]:
        """Return the region's subnets, by zone; a zone's default one first."""
        subnets = await self._described("describe_subnets", "Subnets", subnet_of)
        return tuple(sorted(subnets, key=lambda net: (net.zone, not net.default_for_zone, net.id)))

    async def default_vpc(self) -> str:
        """Return the id of the region's default network, or "" where it was deleted."""
        filters = [{"Name": "is-default", "Values": ["true"]}]
        answer = await self.gateway.call("ec2", "describe_vpcs", Filters=filters)
        return next((str(entry.get("VpcId", "")) for entry in answer.get("Vpcs", ())), "")

    # -- roles -------------------------------------------------------------------------------

    async def instance_profiles(self) -> tuple[str, ...]:
        """Return the names of the instance profiles that a launch can take, sorted."""
        return await roles.instance_profiles(self.gateway)

    async def create_s3_role(self, name: str, buckets: Sequence[str] = ()) -> str:
        """Create a role (and its instance profile) that reads and writes S3; see `roles`."""
        return await roles.create_s3_role(self.gateway, name, buckets)

    # -- answers -----------------------------------------------------------------------------

    def _understood(self, operation: str, subject: str = "") -> AbstractContextManager[None]:
        return understood(operation, subject, self.gateway.connection)

    async def _described(
        self,
        operation: str,
        field: str,
        make: Callable[[dict[str, Any]], T],
        region: str | None = None,
        **params: Any,
    ) -> list[T]:
        """List with `make(entry)` for each entry of `field`; `make` runs in the thread."""

        def made(page: Mapping[str, Any]) -> list[T]:
            return [make(entry) for entry in page.get(field, ())]

        found: list[T] = []
        async for page in self.gateway.pages("ec2", operation, made, region=region, **params):
            found += page
        return found

    async def _changed(
        self, operation: str, field: str, ids: Sequence[str]
    ) -> tuple[StateChange, ...]:
        answer = await self.gateway.call("ec2", operation, InstanceIds=list(ids))
        with self._understood(operation):
            return _changes(answer.get(field, ()))

    async def _new_group(self, name: str, description: str, vpc_id: str) -> str:
        answer = await self.gateway.call(
            "ec2", "create_security_group", GroupName=name, Description=description, VpcId=vpc_id
        )
        with self._understood("create_security_group", name):
            return str(answer["GroupId"])

    async def _allow(self, group_id: str, permissions: list[dict[str, Any]]) -> None:
        await self.gateway.call(
            "ec2", "authorize_security_group_ingress", GroupId=group_id, IpPermissions=permissions
        )

    async def _group_taken_back(self, group_id: str, error: BaseException) -> None:
        """Delete the group; if that fails too, have the error say so."""
        try:
            await self.delete_security_group(group_id)
        except AwsError:
            if isinstance(error, AwsError):
                left = f"Security group {group_id} is left at AWS: delete it."
                error.hint = f"{error.hint} {left}".strip()

    async def _volumes(self, region: str | None) -> dict[str, tuple[Volume, ...]]:
        try:
            found = await self._described("describe_volumes", "Volumes", _as_it_is, region)
            with self._understood("describe_volumes"):
                return volumes_by_instance(found)
        except AwsError:
            return {}  # instances are still worth showing; the first call tells what is wrong


def _as_it_is(entry: dict[str, Any]) -> dict[str, Any]:
    return entry


def _changes(entries: Sequence[Mapping[str, Any]]) -> tuple[StateChange, ...]:
    return tuple(
        StateChange(
            entry["InstanceId"],
            entry.get("PreviousState", {}).get("Name", ""),
            entry.get("CurrentState", {}).get("Name", ""),
        )
        for entry in entries
    )


def _role_not_there_yet(error: AwsError, request: Mapping[str, Any]) -> bool:
    return "IamInstanceProfile" in request and error.retryable and "role" in error.message
