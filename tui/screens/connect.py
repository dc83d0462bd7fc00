"""From what the command line or the first-run screen asked for to a record of services."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tui.core.jobs import JobManager
from tui.core.options import Options
from tui.settings import Settings

if TYPE_CHECKING:
    from tui.aws.connection import Connection
    from tui.core.ledger_folder import LedgerFolder
    from tui.core.records import Identity
    from tui.sandbox import Sandbox
    from tui.screens.services import Services


T = TypeVar("T")
SCREENS = (
    "ec2.screen",
    "launch.screen",
    "console.screen",
    "cost.screen",
    "workflow.screen",
    "workflow.ports",
    "help",
    "leaving",
)
# Credential programs take seconds; what is silent for longer than this is not there.
ANSWER_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class Wish:
    """Where the user wants to be."""

    sandbox: bool = False
    profile: str = ""
    region: str = ""
    endpoint_url: str = ""
    read_only: bool = False
    keep: Path | None = None
    fast: bool = False

    @classmethod
    def of(cls, options: Options) -> Wish:
        """What the command line asks for."""
        return cls(
            sandbox=options.sandbox,
            profile=options.profile,
            region=options.region,
            endpoint_url=options.endpoint_url,
            read_only=options.read_only,
            keep=options.keep,
            fast=options.fast,
        )

    def has_credentials(self) -> bool:
        """True where there is something to connect with; reads small local files only."""
        if self.sandbox or self.profile:
            return True
        from tui.aws.profiles import has_credentials

        return has_credentials()

    @property
    def waiting(self) -> tuple[str, str]:
        """What the pane says while this is being made: (what, why)."""
        if self.sandbox:
            return "Starting the sandbox…", "AWS on this machine: S3, EC2 with real SSH hosts"
        if self.profile:
            return f"Connecting as {self.profile}…", "asking AWS who these credentials belong to"
        return "Connecting…", "asking AWS who these credentials belong to"


async def connect(
    wish: Wish, settings: Settings, jobs: JobManager, sandbox: Sandbox | None
) -> Services:
    """Connect and ask AWS who we are.

    `sandbox` is the one that already runs, if any; the caller stops it when the app ends.

    Raises:
        UserError: no credentials, no network, no sandbox; the sentence says what to do.
    """
    used = sandbox if wish.sandbox else None
    connection = await _threaded(lambda: _connection(wish, used))
    if used is not None:
        settings = await _threaded(lambda: sandbox_settings(settings, used))
    return await _threaded_services(connection, settings, jobs, used)


def sandbox_settings(settings: Settings, sandbox: Sandbox) -> Settings:
    """Keep a sandbox's private keys with the sandbox: in `~/.ssh` they would outlive it.

    A folder that the user named in the settings is used as it is. Blocking.
    """
    if settings.keys_folder != Settings().keys_folder:
        return settings
    folder = sandbox.info.folder / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    return replace(settings, keys_folder=folder)


async def start_sandbox(
    wish: Wish,
    on_warnings: Callable[[tuple[str, ...]], None] | None = None,
    ended: Sandbox | None = None,
) -> Sandbox:
    """Start the sandbox in a thread; `on_warnings` hears late ones, from another thread.

    `ended` is the one before, whose child is gone; what it left is cleared away.

    Raises:
        SandboxError: the extra is not installed, or the child did not come up.
    """

    dropped = threading.Event()

    def start() -> Sandbox:
        from tui.sandbox import Sandbox

        if ended is not None:
            ended.stop()
        made = Sandbox(keep=wish.keep, fast=wish.fast, on_warnings=on_warnings)
        made.start()
        if dropped.is_set():
            made.stop()
        return made

    try:
        return await _threaded(start)
    except asyncio.CancelledError:  # something else was chosen: nobody would stop it
        dropped.set()
        raise


def _connection(wish: Wish, sandbox: Sandbox | None) -> Connection:
    from tui.aws.connection import Connection

    if wish.sandbox:
        assert sandbox is not None
        info = sandbox.info
        return Connection(
            region=wish.region or info.region,
            endpoint_url=info.endpoint_url,
            access_key_id=info.access_key_id,
            secret_access_key=info.secret_access_key,
            read_only=wish.read_only,
            sandbox=True,
        )
    return Connection(
        profile=wish.profile,
        region=wish.region,
        endpoint_url=wish.endpoint_url,
        read_only=wish.read_only,
    )


async def _threaded_services(
    connection: Connection, settings: Settings, jobs: JobManager, sandbox: Sandbox | None
) -> Services:
    await _threaded(_import_heavy)
    from tui.aws.calls import CallLog, caused_by
    from tui.aws.ec2.service import Ec2
    from tui.aws.gateway import Gateway
    from tui.aws.identity import who_am_i
    from tui.aws.lookalikes import is_lookalike
    from tui.aws.s3.service import S3
    from tui.aws.transfers.service import Transfers
    from tui.cost import PriceBook
    from tui.screens.fleet import Fleet
    from tui.screens.jobs.logins import Logins
    from tui.screens.services import Services

    log = CallLog()
    gateway = await _threaded(lambda: Gateway(connection, log))  # reads the config files
    try:
        with caused_by(None):
            identity = await _answered(who_am_i(gateway), gateway.connection)
        # Amazon's prices say nothing of other servers.
        priced = not is_lookalike(gateway.connection)
        book = await gateway.run(PriceBook.bundled if priced else PriceBook.none)
    except BaseException:  # also when another profile is chosen meanwhile
        threading.Thread(target=gateway.close, name="close", daemon=True).start()
        raise
    s3, ec2 = S3(gateway), Ec2(gateway)
    return Services(
        identity=identity,
        gateway=gateway,
        s3=s3,
        transfers=Transfers(gateway, s3, _ledgers(identity, gateway.connection, sandbox)),
        ec2=ec2,
        book=book,
        fleet=Fleet(ec2, book),
        jobs=jobs,
        log=log,
        settings=settings,
        sandbox=sandbox,
        logins=Logins(gateway, identity, jobs, identity.profile or identity.account),
    )


def _ledgers(identity: Identity, connection: Connection, sandbox: Sandbox | None) -> LedgerFolder:
    """Where the transfers of this account and place keep their ledgers."""
    from tui.aws.redaction import bare_endpoint
    from tui.core.ledger import SANDBOX, Owner
    from tui.core.ledger_folder import LedgerFolder
    from tui.settings import state_folder

    place = bare_endpoint(connection.endpoint_url) or "aws"
    if sandbox is not None:
        place = SANDBOX + (str(sandbox.info.folder) if sandbox.kept else place)
    owner = Owner(identity.account, place, identity.profile, identity.region)
    return LedgerFolder(state_folder() / "transfers", owner)


async def _answered(asking: Awaitable[T], connection: Connection) -> T:
    from tui.aws.redaction import bare_endpoint
    from tui.core.errors import UserError

    try:
        return await asyncio.wait_for(asking, ANSWER_SECONDS)
    except TimeoutError as error:
        who = bare_endpoint(connection.endpoint_url) or "AWS"
        raise UserError(
            "Can't log in to AWS",
            f"{who} gave no answer within {ANSWER_SECONDS:.0f} s",
            "Check the network and the address, then try again.",
            retryable=True,
        ) from error


def _import_heavy() -> None:
    """Import what takes long in a thread, so that the screen goes on painting."""
    import tui.aws.ec2.service
    import tui.aws.transfers.service
    import tui.cost
    import tui.screens.s3.screen  # noqa: F401


def import_screens() -> None:
    """Import the other panes in a thread, before their keys are pressed."""

    def work() -> None:
        from importlib import import_module

        for name in SCREENS:
            import_module(f"tui.screens.{name}")

    threading.Thread(target=work, name="screens", daemon=True).start()


async def _threaded(function: Callable[[], T]) -> T:
    """Run a blocking function in a thread of its own: before a gateway there is no pool."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(act: Callable[[], None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if future.done() else act())

    def work() -> None:
        try:
            made = function()
        except BaseException as error:
            failure = error
            settle(lambda: future.set_exception(failure))
        else:
            settle(lambda: future.set_result(made))

    threading.Thread(target=work, name="connect", daemon=True).start()
    return await future
