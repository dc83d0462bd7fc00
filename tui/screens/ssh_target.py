"""Where to log in to an instance: address, user, key and known hosts, for every pane alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.aws.calls import caused_by
from tui.aws.ec2.images import DEFAULT_LOGIN_USER, describe
from tui.aws.ec2.keys import find_key
from tui.core.errors import AwsError, SshError
from tui.core.records import Instance
from tui.ssh.target import Target

if TYPE_CHECKING:
    from tui.sandbox import SshEndpoint
    from tui.screens.services import Services

SSH_PORT = 22
# cloud-init has put the key in place long before this.
BOOTING = timedelta(minutes=5)
GONE_HINT = "It will not come back: launch another one in the EC2 pane."
WAYS_ON = {
    "pending": "Wait until it runs, then connect again.",
    "stopping": "Once it has stopped, start it in the EC2 pane.",
    "stopped": "Start it in the EC2 pane, then connect again.",
}


async def as_now(services: Services, instance: Instance) -> Instance:
    """Return the instance as AWS tells it now: a stop changes its state, a start its address.

    Where AWS does not answer, what the fleet knew last has to do.

    Raises:
        SshError: there is no such instance any more.
    """
    state = await services.fleet.refresh()
    for one in state.instances:
        if one.id == instance.id:
            return one
    if state.error is not None:
        return instance
    raise SshError(
        f"Can't log in to {instance.label}",
        f"there is no {instance.id} in {services.region} any more: it was terminated",
        GONE_HINT,
    )


async def target_for(services: Services, instance: Instance) -> Target:
    """Return what to dial for an instance, as whom, with which key.

    `key_path` is None where the key pair's file is not in the keys folder: the SSH agent's keys
    are tried then.

    Raises:
        SshError: it does not run, or has no address to dial.
    """
    if instance.state != "running":
        raise SshError(
            f"Can't log in to {instance.label}",
            f"it is {instance.state}",
            WAYS_ON.get(instance.state, GONE_HINT),
            retryable=instance.state in WAYS_ON,
        )
    key_path = await services.gateway.run(
        find_key, services.settings.keys_folder, instance.key_name
    )
    aliases = tuple(name for name in (instance.public_ip, instance.public_dns) if name)
    if services.sandbox is not None:
        endpoint = await _sandbox_endpoint(services, instance)
        host, port, user = endpoint.host, endpoint.port, endpoint.user
    else:
        host, port = _address(instance), SSH_PORT
        user = await login_user_of(services, instance)
    return Target(
        host=host,
        port=port,
        user=user,
        key_path=key_path,
        label=instance.label,
        host_key_id=instance.id,
        host_key_aliases=aliases,
    )


async def login_user_of(services: Services, instance: Instance) -> str:
    """Return the user that the instance's image lets in; "ec2-user" where it is not told."""
    try:
        with caused_by(None):
            images = await describe(services.gateway, [instance.image_id])
    except AwsError:
        return DEFAULT_LOGIN_USER  # logging in may work all the same
    return images[0].login_user if images else DEFAULT_LOGIN_USER


def known_hosts_path(services: Services) -> Path:
    """Return the file of confirmed host keys; the sandbox's machines have one of their own.

    It is Skydeck's own file, not `~/.ssh/known_hosts`: entries are made under instance ids.
    """
    if services.sandbox is not None:
        return services.sandbox.info.folder / "confirmed_hosts"
    from tui.settings import state_folder

    return state_folder() / "known_hosts"


def console_output_of(services: Services, instance: Instance) -> Callable[[], Awaitable[str]]:
    """Return what asks for the instance's boot log, to compare host keys with."""

    async def ask() -> str:
        try:
            with caused_by(None):
                return await services.ec2.console_output(instance.id)
        except AwsError as error:
            raise SshError(error.title, error.message, error.hint) from error

    return ask


def may_be_booting(instance: Instance) -> bool:
    """True while refused logins are worth another try: it was launched a moment ago."""
    return datetime.now(UTC) - instance.launched_at < BOOTING


def _address(instance: Instance) -> str:
    # A private address is reachable from inside its network, or over a VPN.
    address = instance.public_ip or instance.public_dns or instance.private_ip
    if not address:
        raise SshError(
            f"Can't log in to {instance.label}",
            "it has no address",
            "Launch it with a public address.",
        )
    return address


async def _sandbox_endpoint(services: Services, instance: Instance) -> SshEndpoint:
    assert services.sandbox is not None
    endpoint = await services.gateway.run(services.sandbox.endpoint, instance.id)
    if endpoint is None:
        raise SshError(
            f"Can't log in to {instance.label}",
            "its SSH server is not up yet",
            "Try again in a moment.",
            retryable=True,
        )
    if not endpoint.ssh_open:
        raise SshError(
            f"Can't log in to {instance.label}",
            "no security group of it lets port 22 in",
            "Add a rule for SSH from your address, then try again.",
            retryable=True,
        )
    return endpoint
