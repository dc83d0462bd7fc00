"""A connection that does not come about, or breaks, ends in one clear sentence."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.app.bad_input_support import SECRET, sentence
from tests.support import running, screen_text, until
from tui.app import SkydeckApp
from tui.core.options import Options
from tui.settings import Settings

WEB_PAGE = b"<html><body>Welcome to <b>nginx</b>! \x1b[31m</body></html>"
EXPIRED = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security "
    b"token included in the request is expired</Message></Error></ErrorResponse>"
)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the environment that nobody gave out."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@contextmanager
def server(status: int, body: bytes) -> Iterator[str]:
    """A web server that gives everyone the same answer; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        made.server_close()


async def failed(pilot: Any, app: SkydeckApp) -> None:
    await until(pilot, lambda: app.connect_error is not None, 30)
    await until(pilot, lambda: "What may help" in screen_text(app))


async def test_a_wrong_profile_names_those_that_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile dev]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    async with running(profile="nobody[/x]") as (app, pilot):
        await failed(pilot, app)
        sentence(app, "there is no profile nobody[/x]", "Choose one of dev.")
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)


async def test_a_region_that_does_not_exist_can_be_changed(sandbox: Any) -> None:
    options = Options(sandbox=True, region="mars-1", fast=True)
    app = SkydeckApp(options, Settings(), sandbox=sandbox)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await failed(pilot, app)
        sentence(app, "Can't use region mars-1", "AWS has no region of that name", "Press R")
        await pilot.press("R")
        await until(pilot, lambda: "Work in another region" in screen_text(app))
        await until(pilot, lambda: app.screen.focused is not None)
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: app.services is not None)
        assert app.services is not None
        assert app.services.region == "us-east-1"
        await until(pilot, lambda: getattr(app.screen, "buckets", None) is not None)


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("status", [200, 404, 502])
async def test_a_web_page_is_no_answer_of_aws(status: int) -> None:
    with server(status, WEB_PAGE) as url:
        async with running(endpoint_url=url) as (app, pilot):
            await failed(pilot, app)
            sentence(app, "Can't log in to AWS")
            assert app.connect_error is not None
            assert "doesn't speak as AWS does" in str(app.connect_error) or status == 502


@pytest.mark.usefixtures("keys")
async def test_an_endpoint_that_refuses_is_named() -> None:
    async with running(endpoint_url="http://127.0.0.1:9") as (app, pilot):
        await failed(pilot, app)
        sentence(app, "nothing answers at http://127.0.0.1:9", "Check that a server runs there.")
        for pane in "2345":  # every pane says so, and none acts
            await pilot.press(pane, "n", "x", "enter", "r")
            await pilot.pause()
            sentence(app, "nothing answers")


@pytest.mark.usefixtures("keys")
async def test_an_endpoint_that_hangs_does_not_hang_the_app(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.screens.connect.ANSWER_SECONDS", 6.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with running(endpoint_url=url) as (app, pilot):
            await until(pilot, lambda: "Connecting" in screen_text(app))
            await pilot.press("2", "1")
            assert app.connect_error is None  # the keys did not wait for the answer
            await failed(pilot, app)
            sentence(app, "gave no answer within 6 s", "Check the network")
        async with running(endpoint_url=url) as (app, pilot):
            await until(pilot, lambda: "Connecting" in screen_text(app))
            await pilot.press("q")
            await until(pilot, lambda: not app.is_running)
            assert app.connect_error is None


@pytest.mark.usefixtures("keys")
async def test_keys_that_nobody_gave_out_are_refused(sandbox: Any) -> None:
    async with running(endpoint_url=sandbox.info.endpoint_url) as (app, pilot):
        await failed(pilot, app)
        sentence(app, "AWS doesn't accept these credentials", "Press P to switch profile.")


@pytest.mark.usefixtures("keys")
async def test_an_expired_session_says_to_log_in_again() -> None:
    with server(403, EXPIRED) as url:
        async with running(endpoint_url=url) as (app, pilot):
            await failed(pilot, app)
            sentence(app, "the session has expired", "Log in again")


async def test_without_credentials_nobody_is_asked_for_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    dialled: list[object] = []
    connect = socket.socket.connect

    def watched(self: socket.socket, address: Any) -> None:
        dialled.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **_: dialled.append(a) or [])
    async with running() as (app, pilot):
        await until(pilot, lambda: "Where do you want to start?" in screen_text(app))
    async with running(profile="missing") as (app, pilot):
        await failed(pilot, app)
    assert not [one for one in dialled if "169.254" in str(one)]
    assert not dialled


async def test_a_sandbox_that_is_not_installed_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.sandbox.client.NEEDED", ("moto_is_not_here",))
    app = SkydeckApp(Options(sandbox=True, fast=True), Settings())
    async with app.run_test(size=(120, 40)) as pilot:
        await failed(pilot, app)
        sentence(app, "Can't start the sandbox", "pip install 'skydeck[sandbox]'")


async def test_a_killed_sandbox_is_said_in_every_pane_and_can_be_started_anew() -> None:
    app = SkydeckApp(Options(sandbox=True, fast=True), Settings())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: app.services is not None and app.current_mode == "s3", 40)
        assert app._sandbox is not None
        assert app._sandbox.pid is not None
        left = app._sandbox.info.folder
        os.kill(app._sandbox.pid, signal.SIGKILL)
        await pilot.press("r")
        await until(pilot, lambda: "the sandbox has ended" in screen_text(app), 40)
        sentence(app, "Can't list the buckets", "Press P and choose the sandbox")
        assert app.services is not None
        await app.services.fleet.refresh()
        await pilot.press("2")
        await until(pilot, lambda: "Can't list the instances" in screen_text(app))
        await pilot.press("4")
        await until(pilot, lambda: "✗" in screen_text(app))
        assert "nothing is charged" not in screen_text(app)
        await pilot.press("P")
        await until(pilot, lambda: "Where do you want to start?" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "There are no buckets yet" in screen_text(app), 40)
        await until(pilot, lambda: not app.jobs.running)
        assert not left.exists()
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)
