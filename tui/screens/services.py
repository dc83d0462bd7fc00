"""What the screens work with: one record of services, made when a connection stands."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.aws.calls import CallLog
    from tui.aws.ec2.service import Ec2
    from tui.aws.gateway import Gateway
    from tui.aws.s3.service import S3
    from tui.aws.transfers.service import Transfers
    from tui.core.jobs import JobManager
    from tui.core.records import Identity
    from tui.cost import PriceBook
    from tui.sandbox import Sandbox
    from tui.screens.fleet import Fleet
    from tui.screens.jobs.logins import Logins
    from tui.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Everything of one connection. A new profile or region makes a new record."""

    identity: Identity
    gateway: Gateway
    s3: S3
    transfers: Transfers
    ec2: Ec2
    book: PriceBook
    fleet: Fleet
    jobs: JobManager
    log: CallLog
    settings: Settings
    sandbox: Sandbox | None = None
    logins: Logins | None = None

    @property
    def region(self) -> str:
        """The region one works in."""
        return self.identity.region

    @property
    def group(self) -> str:
        """Whose credentials it is that its jobs work with."""
        return self.identity.profile or self.identity.account

    def close(self) -> None:
        """Let go of the connection's threads and sockets; calls under way end on their own."""
        if self.logins is not None:
            self.logins.close()
        self.transfers.close()
        # It waits while a client is being built, a second perhaps: not on the event loop.
        threading.Thread(target=self.gateway.close, name="close", daemon=True).start()
