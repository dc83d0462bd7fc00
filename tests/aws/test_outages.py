"""What pauses a whole job, whom it waits for, and what its sentence says to do."""

from __future__ import annotations

import errno
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import botocore.exceptions as boto
import pytest

from tui.aws import outages
from tui.aws.connection import Connection
from tui.aws.errors import explain, explain_local
from tui.aws.outages import outage_of
from tui.core.errors import AwsError, JobPaused
from tui.core.progress import Progress

DEV = Connection(profile="dev", region="eu-west-1")


def answered(code: str, status: int = 400, **headers: str) -> boto.ClientError:
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": headers}
    return boto.ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": metadata}, "GetObject"
    )


def held(error: BaseException, connection: Connection = DEV, **more: Any) -> JobPaused:
    outage = outage_of(error, connection, **more)
    assert outage is not None
    return outage


@pytest.mark.parametrize(
    "error",
    [
        *map(answered, ("ExpiredToken", "ExpiredTokenException", "RequestExpired")),
        *map(answered, ("TokenRefreshRequired", "InvalidAccessKeyId", "InvalidToken")),
        boto.UnauthorizedSSOTokenError(),
        boto.SSOTokenLoadError(error_msg="gone"),
        boto.TokenRetrievalError(provider="sso", error_msg="gone"),
        boto.CredentialRetrievalError(provider="x", error_msg="gone"),
        boto.NoCredentialsError(),
        RuntimeError("the refreshed credentials are still expired."),
    ],
)
def test_a_login_that_is_over_waits_for_the_next(error: Exception) -> None:
    for told in (error, explain(error, "upload", "b/k", DEV)):
        if isinstance(error, RuntimeError) and told is not error:
            continue
        outage = held(told)
        assert outage.waits_for == "login"
        assert "profile dev" in outage.reason.title
        assert "go on by themselves" in outage.reason.hint


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ("sso_session = corp", "aws sso login --profile dev"),
        ("login_session = x", "aws login --profile dev"),
        ("credential_process = give", "credential_process"),
        ("aws_access_key_id = AKIA", "new keys"),
    ],
)
def test_the_hint_says_how_that_profile_logs_in(
    options: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(f"[profile dev]\n{options}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert hint in held(answered("ExpiredToken")).reason.hint


def test_keys_of_the_environment_want_a_new_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    hint = held(answered("ExpiredToken"), Connection()).reason.hint
    assert "start Skydeck again" in hint
    assert "by themselves" not in hint


def test_keys_that_somebody_gave_are_wrong_for_good() -> None:
    given = Connection(access_key_id="AKIA", secret_access_key="x")
    assert outage_of(answered("InvalidAccessKeyId"), given) is None
    assert held(answered("ExpiredToken"), given).waits_for == "login"


@pytest.mark.parametrize(
    "error",
    [
        *map(answered, ("AccessDenied", "NoSuchKey", "NoSuchBucket", "404", "PreconditionFailed")),
        answered("SignatureDoesNotMatch"),
        explain_local(OSError(errno.EACCES, "no"), "write", "/x/y"),
        explain_local(OSError(errno.EROFS, "no"), "write", "/x/y"),
        boto.ConnectionClosedError(endpoint_url="x"),
        AwsError("no"),
        ValueError("no"),
    ],
)
def test_all_else_fails_an_item_or_the_job(error: Exception) -> None:
    assert outage_of(error, DEV) is None


@pytest.mark.parametrize(
    ("number", "title"),
    [(errno.ENOSPC, "The disk of {} is full"), (errno.EDQUOT, "Your quota for {} is used up")],
)
def test_a_full_disk_says_which_and_how_much(
    number: int, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outages.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 2_000}))
    progress = Progress()
    progress.expect(9_000_000, 1)
    progress.advance(1_000_000)
    error = explain_local(OSError(number, "no"), "write", tmp_path / "a.csv")
    outage = held(error, progress=progress)
    assert outage.waits_for == "user"
    assert outage.reason.title == title.format(tmp_path)
    assert "8.0 MB needed" in outage.reason.message
    assert ("2.0 KB free" in outage.reason.message) is (number == errno.ENOSPC)
    assert held(OSError(number, "no", str(tmp_path / "x"))).reason.code == outage.reason.code


def test_no_way_to_the_server_waits_for_the_user() -> None:
    error = boto.EndpointConnectionError(endpoint_url="https://s3.example", error="refused")
    outage = held(error, Connection(endpoint_url="https://s3.example"))
    assert outage.waits_for == "user"
    assert str(outage.reason) == (
        "Nothing can be sent: nothing answers at https://s3.example. "
        "Check that a server runs there; then resume."
    )


def test_a_sandbox_that_has_ended_is_no_outage() -> None:
    error = boto.EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    assert outage_of(error, Connection(endpoint_url="http://127.0.0.1:1", sandbox=True)) is None


@pytest.mark.parametrize("error", [answered("SlowDown", 503), answered("503", 503)])
def test_a_busy_server_is_an_outage_unless_it_serves_others(error: Exception) -> None:
    progress = Progress()
    assert "too busy" in held(error, progress=progress).reason.title
    progress.limits.served()
    assert outage_of(error, DEV, progress) is None


@pytest.mark.parametrize(("hours", "word"), [(3.1, "h 06m ahead of"), (-3.1, "m behind AWS")])
def test_a_wrong_clock_says_how_wrong(hours: float, word: str) -> None:
    date = format_datetime(datetime.now(UTC) - timedelta(hours=hours), usegmt=True)
    outage = held(answered("RequestTimeTooSkewed", 403, date=date))
    assert word in outage.reason.message
    assert outage.reason.hint == "Set the clock; then resume."
    plain = held(answered("RequestTimeTooSkewed", 403, date="soon"))
    assert plain.reason.message == "this computer's clock is wrong"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("Connection refused", "the proxy http://proxy:3128 doesn't answer"),
        ("Tunnel connection failed: 407 Proxy Authentication Required", "wants a login"),
        ("Tunnel connection failed: 403 Forbidden", "doesn't let it through"),
    ],
)
def test_a_proxy_in_the_way_says_what_it_wants(said: str, message: str) -> None:
    error = boto.ProxyConnectionError(proxy_url="http://u:s3cret@proxy:3128", error=said)
    told = held(error).reason
    assert message in told.message
    assert "s3cret" not in str(told)


def test_the_first_outage_of_a_job_holds_it_and_keeps_what_is_begun() -> None:
    progress = Progress()
    first, second = held(answered("ExpiredToken")), held(answered("SlowDown", 503))
    assert progress.hold(first) is progress.hold(second) is first
    assert progress.cancelled.is_set()
    assert progress.suspended
