"""The one door to AWS: async calls over boto3's blocking clients, on threads of our own.

Only this module knows threads and clients. asyncio's default pool stays free (it has six threads
on two cores, and whatever else blocks lives there).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import replace
from typing import Any, Final, TypeVar

from tui.aws.calls import CallLog
from tui.aws.connection import Connection
from tui.aws.errors import explain, subject_of
from tui.aws.profiles import configured_endpoint, default_region
from tui.aws.requester import Requester
from tui.aws.threads import DaemonPool
from tui.core.errors import JobCancelled, UserError

__all__ = ["TRANSFER_THREADS", "Connection", "Gateway"]

TRANSFER_THREADS: Final = 8  # part workers of `tui.aws.transfers.service`, beside the gateway's own

T = TypeVar("T")
_END: Final = object()


class Gateway:
    """Clients, threads and the call log of one connection. Methods may be called concurrently."""

    def __init__(self, connection: Connection, log: CallLog, workers: int = 16) -> None:
        self.region = connection.region or default_region(connection.profile)
        endpoint = connection.endpoint_url or configured_endpoint()
        self.connection = replace(connection, region=self.region, endpoint_url=endpoint)
        self.log = log
        self.requester = Requester()
        self._workers = workers
        self._pool = DaemonPool(workers, "aws")
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str, str], Any] = {}

    async def call(
        self, service: str, operation: str, /, *, region: str | None = None, **params: Any
    ) -> dict[str, Any]:
        """Make one call and return boto3's answer.

        `operation` is the boto3 method's name ("describe_instances").

        Raises:
            AwsError: whatever went wrong, in a sentence.
        """

        def ask() -> dict[str, Any]:
            answer: dict[str, Any] = getattr(self.client_now(service, region), operation)(**params)
            return answer

        return await self.explained(ask, operation, subject_of(params))

    async def pages(
        self,
        service: str,
        operation: str,
        make: Callable[[dict[str, Any]], T],
        *,
        region: str | None = None,
        **params: Any,
    ) -> AsyncIterator[T]:
        """Yield `make(page)` for each page of a listing; `make` runs in the thread.

        Cancelling, or leaving the loop, stops asking for pages. An operation without pages
        yields one.

        Raises:
            AwsError: a page could not be had.
        """
        asked: Iterator[dict[str, Any]] | None = None
        subject = subject_of(params)

        def step() -> Any:
            nonlocal asked
            if asked is None:
                asked = self._ask_pages(service, operation, region, params)
            page = next(asked, None)
            return _END if page is None else make(page)

        while (made := await self.explained(step, operation, subject)) is not _END:
            yield made

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Run a blocking function on the gateway's threads, with the caller's context.

        The function's own errors come through as they are. If the caller is cancelled, the
        function runs on and its result is dropped.
        """
        return await asyncio.wrap_future(self.submit(function, *args))

    async def explained(self, function: Callable[[], T], operation: str, subject: str = "") -> T:
        """Run a function that uses a client; what goes wrong becomes an `AwsError`.

        `operation` and `subject` say what it tried, for the error's sentence.
        """

        def told() -> T:
            # In the thread too: a sentence about credentials reads the config files.
            try:
                return function()
            except (UserError, JobCancelled):
                raise
            except Exception as error:
                raise explain(error, operation, subject, self.connection) from error

        try:
            return await self.run(told)
        except (UserError, JobCancelled):
            raise
        except RuntimeError as error:  # the threads are gone: it was closed
            raise explain(error, operation, subject, self.connection) from error

    def submit(self, function: Callable[..., T], *args: Any) -> Future[T]:
        """Queue a blocking function on the gateway's threads, with the caller's context."""
        context = copy_context()
        return self._pool.submit(lambda: context.run(function, *args))

    async def client(self, service: str, region: str | None = None) -> Any:
        """Return the boto3 client, made once for each service and region.

        Raises:
            AwsError: the profile, region or endpoint is no good.
        """
        return await self.explained(lambda: self.client_now(service, region), "")

    def client_now(self, service: str, region: str | None = None) -> Any:
        """Return the client; blocks for up to a second the first time, so only in a thread."""
        key = (self.connection.profile, region or self.region, service)
        # Building a client is CPU work under the GIL: a second builder would gain nothing.
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make_client(service, key[1])
            return self._clients[key]

    def renew(self) -> None:
        """Read the credentials anew: later calls use a new session and new clients.

        Calls under way end on the clients that they began with; who keeps one asks for it again.
        """
        with self._lock:
            self._session, self._clients = None, {}

    def close(self) -> None:
        """Take no more calls and drop the connections. Calls under way end on their own."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def _make_client(self, service: str, region: str) -> Any:
        from tui.aws import lookalikes
        from tui.aws.s3 import listing, versions_rows
        from tui.aws.sessions import make_client, make_session
        from tui.aws.transfers import body, patience

        if self._session is None:
            self._session = make_session(self.connection)
        connections = self._workers + TRANSFER_THREADS
        client = make_client(self._session, self.connection, service, region, connections)
        if service == "s3":
            listing.install(client)
            versions_rows.install(client)
            body.install(client)
            patience.install(client, self.connection.on_loopback)
            if lookalikes.is_lookalike(self.connection):
                lookalikes.install(client)
            self.requester.install(client)
        self.log.attach(client)
        return client

    def _ask_pages(
        self, service: str, operation: str, region: str | None, params: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        client = self.client_now(service, region)
        if client.can_paginate(operation):
            return iter(client.get_paginator(operation).paginate(**params))
        return iter((getattr(client, operation)(**params),))
