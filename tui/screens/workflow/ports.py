"""The work flow's hands: S3, transfers and SSH machines of the present connection."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tui.aws.calls import caused_by
from tui.aws.checksums import Hasher, expected_digest
from tui.aws.ec2.keys import find_key
from tui.core.errors import AwsError, LocalError
from tui.core.jobs import Progress
from tui.core.paths import expanded
from tui.core.plans import Plan
from tui.core.records import Instance, ObjectDetails, ObjectPage, ObjectQuery
from tui.screens.console.tabs import host_key_plan
from tui.screens.demo_data import demo_folder
from tui.screens.ssh_target import (
    console_output_of,
    known_hosts_path,
    may_be_booting,
    target_for,
)
from tui.workflow.parameters import Parameters, defaults
from tui.workflow.ports import Machine, Ports

if TYPE_CHECKING:
    from tui.screens.services import Services
    from tui.ssh.host_keys import HostKey
    from tui.ssh.session import SshSession

WORK_FOLDER = Path("~/skydeck-work")
LOGIN_SECONDS = 60.0
READ_BYTES = 1024 * 1024

Confirm = Callable[[Plan], Awaitable[bool]]
Say = Callable[[str], None]


def ports_of(services: Services, confirm: Confirm) -> Ports:
    """Return what the steps are handed on this connection."""
    return Ports(
        store=_Store(services),
        carrier=services.transfers,
        machines=_Machines(services, confirm),
        threaded=services.gateway.run,
        confirm=confirm,
        note=services.log.note,
        region=services.region,
    )


def parameters_of(services: Services) -> Parameters:
    """Return the defaults on this connection."""
    return defaults(demo_folder(services), expanded(WORK_FOLDER), services.identity.account)


class _Store:
    """S3 as the steps use it."""

    def __init__(self, services: Services) -> None:
        self._s3, self._gateway = services.s3, services.gateway

    async def create_bucket(self, name: str, region: str = "") -> None:
        await self._s3.create_bucket(name, region)

    async def head(self, bucket: str, key: str) -> ObjectDetails:
        return await self._s3.head(bucket, key)

    def objects(self, query: ObjectQuery) -> AsyncIterator[ObjectPage]:
        return self._s3.objects(query)

    async def read_range(self, bucket: str, key: str, start: int, length: int) -> bytes:
        # A dozen ranges of one file would hide the pandas code that tells the same.
        with caused_by(None):
            return await self._s3.read_range(bucket, key, start, length)

    async def holds(self, bucket: str, key: str, path: Path) -> bool:
        params = {"Bucket": bucket, "Key": key, "ChecksumMode": "ENABLED"}
        region = self._s3.region_of(bucket)
        try:
            with caused_by(None):
                answer = await self._gateway.call("s3", "head_object", region=region, **params)
        except AwsError:
            return False  # asking for a checksum may want rights that plain reading does not
        wanted = expected_digest(answer)
        if wanted is None:
            return False
        return bool(await self._gateway.run(_digest_of, path, wanted.kind) == wanted.value)


class _Machines:
    """The running instances, and logging in to them."""

    def __init__(self, services: Services, confirm: Confirm) -> None:
        self._services, self._confirm = services, confirm

    async def running(self) -> tuple[Machine, ...]:
        services = self._services
        folder = services.settings.keys_folder
        with caused_by(None):
            instances = await services.ec2.instances()
        return tuple(
            [
                Machine(one, await services.gateway.run(find_key, folder, one.key_name) is not None)
                for one in instances
                if one.state == "running"
            ]
        )

    async def connect(self, instance: Instance, say: Say) -> _Remote:
        from tui.ssh.session import SshSession

        services = self._services
        target = await target_for(services, instance)
        say(f"logging in to {instance.label} as {target.user}")
        session = await SshSession.connect(
            target,
            columns=80,
            rows=24,
            confirm_host_key=lambda key: self._judge(key, instance, say),
            on_step=lambda _step: None,
            known_hosts=known_hosts_path(services),
            deadline_seconds=LOGIN_SECONDS,
            console_output=console_output_of(services, instance),
            booting=may_be_booting(instance),
            shell=False,
        )
        return _Remote(session)

    async def _judge(self, key: HostKey, instance: Instance, say: Say) -> bool:
        """Take a key that the console output confirms; ask about any other."""
        if key.matches:
            say(f"host key {key.fingerprint} is the one in its console output: remembered")
            return True
        return await self._confirm(host_key_plan(key, instance))


class _Remote:
    """A login without a terminal."""

    def __init__(self, session: SshSession) -> None:
        self._session = session

    async def run(self, command: str) -> tuple[int, str]:
        ended = await self._session.run(command)
        return ended.status, ended.out.decode("utf-8", "replace")

    async def stream(
        self, command: str, on_line: Callable[[str], None], cancelled: threading.Event
    ) -> int:
        return await self._session.stream(command, on_line, cancelled=cancelled)

    async def put(self, local: Path, remote: str, progress: Progress) -> str:
        from tui.ssh import sftp

        return await sftp.put(
            self._session, local, remote, progress.advance, cancelled=progress.cancelled
        )

    async def make_folder(self, remote: str) -> None:
        from tui.ssh import sftp

        await sftp.make_folder(self._session, remote)

    async def close(self) -> None:
        await self._session.close()


def _digest_of(path: Path, kind: str) -> bytes:
    hasher = Hasher(kind)
    try:
        with path.open("rb") as file:
            while data := file.read(READ_BYTES):
                hasher.update(data)
    except OSError as error:
        raise LocalError(f"Can't read {path.name}", (error.strerror or "").lower()) from error
    return hasher.digest()
