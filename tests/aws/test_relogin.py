"""Somebody logs in again: the gateway takes the new credentials, but only those of its account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.aws.transfer_support import noise
from tui.aws import relogin as module
from tui.aws.calls import CallLog
from tui.aws.connection import Connection
from tui.aws.gateway import Gateway
from tui.aws.identity import who_am_i
from tui.aws.relogin import Relogin
from tui.aws.s3.service import S3
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError, JobPaused
from tui.core.progress import Progress

Login = Callable[[str], None]


@pytest.fixture
def login(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """`login(secret)` writes keys of profile dev; only with the sandbox's own secret they work."""
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def write(key: str) -> None:
        secret = connection.secret_access_key
        file.write_text(f"[dev]\naws_access_key_id={key}\naws_secret_access_key={secret}\n")

    write("AKIAWRONGWRONGWRONG0")
    return write


@pytest.fixture
def dev(connection: Connection, login: Login) -> Iterator[Gateway]:
    """A gateway of profile dev, whose keys don't work."""
    made = Gateway(
        replace(connection, profile="dev", access_key_id="", secret_access_key=""), CallLog()
    )
    yield made
    made.close()


async def account_of(gateway: Gateway) -> str:
    return (await who_am_i(gateway)).account


async def test_a_renewed_gateway_reads_the_credentials_anew(
    dev: Gateway, gateway: Gateway, connection: Connection, login: Login
) -> None:
    with pytest.raises(AwsError):
        await dev.call("s3", "list_buckets")
    login(connection.access_key_id)
    with pytest.raises(AwsError):  # the session knows the old ones
        await dev.call("s3", "list_buckets")
    dev.renew()
    await dev.call("s3", "list_buckets")
    assert await account_of(dev) == await account_of(gateway)


async def test_calls_under_way_end_on_the_old_client(gateway: Gateway, bucket: str) -> None:
    old = await gateway.client("s3")
    gateway.renew()
    assert await gateway.client("s3") is not old
    assert old.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 200


async def test_the_fast_path_signs_with_the_new_keys(
    dev: Gateway, gateway: Gateway, connection: Connection, login: Login, bucket: str, folder: Path
) -> None:
    (folder / "a").write_bytes(noise(100))
    transfers = Transfers(dev, S3(dev))
    with pytest.raises(JobPaused) as caught:
        await transfers.upload(bucket, "k", folder / "a", Progress())
    assert caught.value.waits_for == "login"
    assert "profile dev" in caught.value.reason.title
    login(connection.access_key_id)
    dev.renew()
    asked: list[str] = []
    client = await dev.client("s3")
    client.meta.events.register(
        "request-created.s3.PutObject", lambda request, **_: asked.append(request.headers)
    )
    for name in ("k1", "k2", "k3"):
        await transfers.upload(bucket, name, folder / "a", Progress())
    assert len(asked) <= 1  # botocore made the pattern, and no more
    transfers.close()


async def test_keys_that_still_dont_work_change_nothing(dev: Gateway) -> None:
    client = await dev.client("s3")
    assert not await Relogin(dev, "").tried()
    assert await dev.client("s3") is client


async def test_new_keys_are_taken_once_they_work(
    dev: Gateway, gateway: Gateway, connection: Connection, login: Login
) -> None:
    relogin = Relogin(dev, await account_of(gateway))
    assert not await relogin.tried()
    login(connection.access_key_id)
    assert await relogin.tried()
    await dev.call("s3", "list_buckets")


async def test_another_accounts_keys_are_not_taken(
    dev: Gateway, gateway: Gateway, connection: Connection, login: Login
) -> None:
    login(connection.access_key_id)
    client = await dev.client("s3")
    relogin = Relogin(dev, "111122223333")
    assert not await relogin.tried()
    assert relogin.stranger == await account_of(gateway)
    assert await dev.client("s3") is client


async def test_what_has_just_been_renewed_is_not_renewed_again_at_once(
    dev: Gateway, connection: Connection, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(connection.access_key_id)
    relogin = Relogin(dev, "")
    assert await relogin.tried()
    assert not await relogin.tried()  # else a server that refuses them would be asked in a loop
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.0)
    assert await relogin.tried()


@pytest.mark.parametrize("how", ["file", "cache", "told", "time"])
async def test_it_is_time_to_try_again(
    how: str, dev: Gateway, login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.05 if how == "time" else 600.0)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    monkeypatch.setenv("HOME", str(tmp_path))
    relogin = Relogin(dev, "")
    await relogin.tried()
    waiting = asyncio.create_task(relogin.waited())
    await asyncio.sleep(0.1)
    assert waiting.done() is (how == "time")
    if how == "file":
        login("AKIAANOTHERANOTHER00")
    elif how == "cache":
        (tmp_path / ".aws/sso/cache").mkdir(parents=True)
        (tmp_path / ".aws/sso/cache/token.json").write_text("{}")
    elif how == "told":
        relogin.look_now()
    await asyncio.wait_for(waiting, 20)


async def test_a_program_that_gives_credentials_is_asked_seldom(
    dev: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[profile tool]\ncredential_process = give\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    dev.connection = replace(dev.connection, profile="tool")
    relogin = Relogin(dev, "")
    relogin._mark = module._mark_of_files()
    waiting = asyncio.create_task(relogin.waited())
    await asyncio.sleep(0.1)
    assert not waiting.done()
    relogin.look_now()
    await asyncio.wait_for(waiting, 20)


async def test_a_closed_gateway_ends_the_waiting(dev: Gateway) -> None:
    relogin = Relogin(dev, "")
    dev.close()
    for act in (relogin.tried, relogin.waited):
        with pytest.raises(RuntimeError):
            await act()
