"""The sandbox starts quickly, answers, empties itself, and explains what keeps it from starting."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

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
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not sandbox.settled:
        time.sleep(0.05)
    assert [text for text in sandbox.warnings if "patch" in text] == []
