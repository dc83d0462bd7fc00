"""The sandbox starts quickly, answers, empties itself, and explains what keeps it from starting."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.machines import Launch, until
from tui.sandbox import Sandbox, SandboxError


def test_reset_empties_everything(clean_sandbox: Sandbox, aws_client: Callable[..., Any]) -> None:
    s3 = aws_client(clean_sandbox, "s3")
    s3.create_bucket(Bucket="to-be-gone")
    clean_sandbox.reset()
    assert s3.list_buckets()["Buckets"] == []


def test_a_missing_extra_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.sandbox.client.NEEDED", ("no_such_package",))
    with pytest.raises(SandboxError, match=r"pip install 'skydeck\[sandbox\]'"):
        Sandbox().start()


def test_stop_is_idempotent_and_wipes_the_folder() -> None:
    box = Sandbox(fast=True)
    folder = box.start().folder
    box.stop()
    box.stop()
    assert not folder.exists()
    assert not box.running


def test_secrets_are_not_in_the_repr(sandbox: Sandbox) -> None:
    assert sandbox.info.secret_access_key not in repr(sandbox.info)


def test_no_patch_misfits(sandbox: Sandbox) -> None:
    # The second warning list arrives when EC2 is imported.
    assert until(lambda: sandbox.settled, 60)
    misfits = ("patch", "could not start")
    assert [text for text in sandbox.warnings if any(word in text for word in misfits)] == []


def test_warnings_reach_who_listens_once_they_are_complete() -> None:
    heard: list[tuple[str, ...]] = []
    box = Sandbox(fast=True, isolate=False, on_warnings=heard.append)
    box.start(timeout=60)
    assert until(lambda: bool(heard), 60)
    assert heard == [box.warnings]
    assert any("your own files" in text for text in heard[0])
    box.stop()


def test_a_listener_that_fails_does_the_sandbox_no_harm() -> None:
    def fail(warnings: tuple[str, ...]) -> None:
        raise RuntimeError

    box = Sandbox(fast=True, on_warnings=fail)
    box.start(timeout=60)
    assert until(lambda: box.settled, 60)
    box.stop()


def test_the_users_environment_stays_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    psutil = pytest.importorskip("psutil")
    for name in ("GITHUB_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "https_proxy"):
        monkeypatch.setenv(name, "s3cret")
    monkeypatch.setenv("LC_TIME", "C.UTF-8")
    box = Sandbox(fast=True)
    box.start(timeout=60)
    try:
        found = psutil.Process(box.pid).environ()
    finally:
        box.stop()
    assert "s3cret" not in found.values()
    assert found["LC_TIME"] == "C.UTF-8"
    assert found["PATH"] == os.environ["PATH"]


def test_a_folder_that_its_user_made_read_only_is_wiped_too() -> None:
    box = Sandbox(fast=True)
    folder = box.start(timeout=60).folder
    shut = folder / "instances" / "i-1" / "home" / "shut"
    shut.mkdir(parents=True)
    (shut / "file").touch()
    shut.chmod(0o555)
    box.stop()
    assert not folder.exists()


def test_a_start_after_the_child_died_leaves_no_folder_behind() -> None:
    box = Sandbox(fast=True)
    first = box.start(timeout=60).folder
    assert box.pid is not None
    os.kill(box.pid, signal.SIGKILL)
    assert until(lambda: not box.running)
    second = box.start(timeout=60).folder
    assert not first.exists()
    assert second.exists()
    box.stop()
    assert not second.exists()


def test_a_child_that_dies_at_once_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.sandbox.client.launch_code", lambda *_: "raise SystemExit('no luck')")
    with pytest.raises(SandboxError, match="its process ended: no luck"):
        Sandbox().start()


def test_an_instances_shell_has_the_usual_umask(launch: Launch) -> None:
    assert launch().ssh("umask").stdout == "0022\n"
