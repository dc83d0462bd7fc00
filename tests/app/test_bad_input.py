"""What goes wrong ends in one clear sentence, and leaves nothing half-done."""

from __future__ import annotations

import errno
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

from tests.screens.ec2_support import at_ec2, launched, settled
from tests.screens.ec2_support import listed as instances_listed
from tests.screens.s3_support import fill, idle_jobs, s3_pane, type_text
from tests.support import running, screen_text, until
from tui.app import SkydeckApp
from tui.aws.calls import Call
from tui.core.errors import UserError
from tui.core.jobs import JobState
from tui.core.options import Options
from tui.settings import Settings
from tui.widgets.ask_path import AskPath
from tui.widgets.dialog import Ask, Confirm

CHANGING = ("Create", "Put", "Delete", "Run", "Terminate", "Upload", "Modify")
SECRET = "wJalrXUtnFEMI-secret"
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


def sentence(app: SkydeckApp, *parts: str) -> None:
    """The pane says all these parts, what may help, and nothing of our insides."""
    shown = " ".join(screen_text(app).split())
    for part in (*parts, "What may help"):
        assert part in shown, shown
    for inside in ("Traceback", "Error", "botocore", "fault", SECRET):
        assert inside not in shown, shown


def said(app: SkydeckApp) -> str:
    """The screen's words, without a toast's edge and line ends."""
    return " ".join(screen_text(app).replace("▌", " ").split())


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
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        made.server_close()


# -- connecting ----------------------------------------------------------------------------


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
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)


# -- S3 ------------------------------------------------------------------------------------


async def test_an_object_that_vanished_is_told_wherever_it_is_met(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"a": b"1", "gone": b"2"})
    settings = Settings(downloads=tmp_path / "got")
    async with s3_pane(clean_sandbox, "acme-lake", settings=settings) as (app, pilot, screen):
        client.delete_object(Bucket="acme-lake", Key="gone")
        await pilot.press("down")
        await until(pilot, lambda: "it isn't there any more" in screen_text(app))
        assert "Press r to refresh" in screen_text(app)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, AskPath))
        await until(pilot, lambda: "it will be created" in screen_text(app))
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        ended = app.jobs.snapshots()[0]
        assert ended.state is JobState.FAILED
        assert "it isn't there any more" in str(ended.error)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        client.delete_bucket_policy(Bucket="acme-lake")
        client.delete_object(Bucket="acme-lake", Key="a")
        client.delete_bucket(Bucket="acme-lake")
        await pilot.press("r")
        await until(pilot, lambda: "there is no such bucket" in screen_text(app))
        sentence(app, "Can't list acme-lake", "go back")
        await pilot.press("backspace")
        await until(pilot, lambda: screen.place is None)


@pytest.mark.parametrize(
    ("code", "words"),
    [("AccessDenied", "You may not list this bucket."), ("NoSuchBucket", "there is no such")],
)
async def test_a_bucket_that_is_not_ours_is_told_in_the_pane(
    clean_sandbox: Any, aws_client: Any, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    from tui.aws.errors import explain

    class RefusedError(Exception):
        response = {"Error": {"Code": code, "Message": "no"}}  # noqa: RUF012

    async def objects(query: Any) -> Any:
        raise explain(RefusedError(), "list_objects_v2", query.bucket)
        yield

    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {"a": b"1"})
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        monkeypatch.setattr(app.services.s3, "objects", objects)
        screen.open_place("somebody-elses")
        await until(pilot, lambda: words in screen_text(app))
        sentence(app, words)
        await pilot.press("backspace")
        await until(pilot, lambda: screen.place is None)


async def test_a_full_disk_leaves_no_file(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {"a": b"1", "dir/b": b"2"})
    (tmp_path / "got").mkdir()
    (tmp_path / "got" / "a").write_bytes(b"old")
    settings = Settings(downloads=tmp_path / "got")
    async with s3_pane(clean_sandbox, "acme-lake", settings=settings) as (app, pilot, _screen):
        monkeypatch.setattr("tui.aws.transfer_download.os.pwrite", full)
        await pilot.press("a", "d")
        await until(pilot, lambda: isinstance(app.screen, AskPath))
        await until(pilot, lambda: "it is there" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        ended = app.jobs.snapshots()[0]
        assert ended.state is JobState.FAILED
        assert "the disk is full. Free some space, then retry." in str(ended.error)
        assert "fault" not in screen_text(app)
    files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"a": b"old"}


async def test_a_file_that_cannot_be_read_sends_nothing(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {})
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "big").write_bytes(bytes(20_000_000))
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, AskPath))
        await type_text(pilot, str(tmp_path / "pipe"))
        await pilot.press("enter")
        await until(pilot, lambda: "neither a file nor a folder" in screen_text(app))
        await type_text(pilot, str(tmp_path / "big"))
        await until(pilot, lambda: "a file of" in screen_text(app))

        async def vanishing(*arguments: Any) -> Any:
            (tmp_path / "big").unlink(missing_ok=True)
            return await upload(*arguments)

        transfers = app.services.transfers
        upload = transfers.upload
        object.__setattr__(transfers, "upload", vanishing)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        ended = app.jobs.snapshots()[0]
        assert ended.state is JobState.FAILED
        assert "there is no such file" in str(ended.error)
    assert "Contents" not in client.list_objects_v2(Bucket="acme-lake")
    assert "Uploads" not in client.list_multipart_uploads(Bucket="acme-lake")


async def test_a_taken_bucket_name_is_asked_for_again(clean_sandbox: Any, aws_client: Any) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {})
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        for name in ("test", "acme-lake"):
            await pilot.press("n")
            await until(pilot, lambda: isinstance(app.screen, Ask))
            first = app.screen
            await type_text(pilot, name)
            await pilot.press("enter")
            await until(pilot, lambda first=first: app.screen is not first)
            await until(pilot, lambda: isinstance(app.screen, Ask) or screen.place is not None)
            await pilot.pause()
            shown = " ".join(screen_text(app).split())
            if name == "test":
                assert "taken by someone else" in shown
            await pilot.press("escape")
            await pilot.pause()
    names = [one["Name"] for one in aws_client(clean_sandbox, "s3").list_buckets()["Buckets"]]
    assert names == ["acme-lake"]


# -- read-only -----------------------------------------------------------------------------


async def test_read_only_refuses_in_a_sentence_before_anything_is_sent(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    s3, ec2 = aws_client(clean_sandbox, "s3"), aws_client(clean_sandbox, "ec2")
    fill(s3, "acme-lake", {"a": b"1"})
    (tmp_path / "new").write_bytes(b"new")
    async with at_ec2(clean_sandbox, tmp_path) as (app, pilot):
        made = await launched(app, "box")
        await instances_listed(app, pilot, 1)
        await settled(app, pilot, made.id, "running")
    async with s3_pane(clean_sandbox, read_only=True) as (app, pilot, screen):

        async def refused() -> None:
            await until(pilot, lambda: "Skydeck is in read-only mode" in said(app))
            assert "Start it without --read-only" in said(app)
            app.clear_notifications()
            await until(pilot, lambda: "Skydeck is in read-only mode" not in said(app))

        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await type_text(pilot, "acme-new")
        await pilot.press("enter")
        await refused()
        screen.open_place("acme-lake")
        await until(pilot, lambda: screen.listing is not None and screen.listing.state == "done")
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, AskPath))
        await type_text(pilot, str(tmp_path / "new"))
        await pilot.press("enter")
        await refused()
        await pilot.press("2")
        await instances_listed(app, pilot, 1)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await type_text(pilot, "box")
        await pilot.press("enter")
        await refused()
        assert app.services is not None
        calls = [entry for entry in app.services.log.entries() if isinstance(entry, Call)]
        changing = [call for call in calls if call.operation.startswith(CHANGING)]
        assert not [call for call in changing if call.outcome.isdigit()]  # an HTTP status
        with pytest.raises(UserError, match="read-only mode"):
            await app.services.ec2.run({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1})
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["acme-lake"]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="acme-lake")["Contents"]] == ["a"]
    (found,) = ec2.describe_instances()["Reservations"][0]["Instances"]
    assert found["State"]["Name"] == "running"
