"""Connecting: no secret of an address is shown, no file is read on the event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from tui.aws import gateway as gateways
from tui.aws.calls import CallLog
from tui.aws.connection import Connection
from tui.aws.gateway import Gateway
from tui.core.errors import AwsError, UserError
from tui.core.jobs import JobManager
from tui.screens import connect
from tui.settings import Settings


def watched(monkeypatch: pytest.MonkeyPatch, name: str) -> list[threading.Thread]:
    """The threads in which a function of the gateway's module runs."""
    real, threads = getattr(gateways, name), []

    def called(*args: Any) -> Any:
        threads.append(threading.current_thread())
        return real(*args)

    monkeypatch.setattr(gateways, name, called)
    return threads


async def test_an_address_that_is_silent_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connect, "ANSWER_SECONDS", 0.01)
    for url, who in (("http://me:s3cret@127.0.0.1:9", "http://127.0.0.1:9"), ("", "AWS")):
        with pytest.raises(UserError) as caught:
            await connect._answered(asyncio.sleep(60), Connection(endpoint_url=url))
        assert caught.value.message == f"{who} gave no answer within 0 s"


async def test_the_config_files_are_read_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    region = watched(monkeypatch, "default_region")
    explained = watched(monkeypatch, "explain")
    wish = connect.Wish(endpoint_url="http://me:s3cret@127.0.0.1:9")
    with pytest.raises(UserError) as caught:
        await connect.connect(wish, Settings(), JobManager(), None)
    assert "nothing answers at http://127.0.0.1:9" in str(caught.value)
    assert region
    assert explained
    assert threading.main_thread() not in [*region, *explained]


async def test_a_closed_gateway_is_told_all_the_same() -> None:
    gateway = Gateway(Connection(region="us-east-1"), CallLog())
    gateway.close()
    with pytest.raises(AwsError, match="list the buckets"):
        await gateway.call("s3", "list_buckets")
