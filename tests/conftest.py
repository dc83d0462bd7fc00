"""What every test shares: an environment that knows nothing of the user's, and one sandbox.

Nothing here may read the real `~/.aws`, `~/.ssh` or settings, so the environment is replaced
before any test module is imported.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

_STATE = Path(tempfile.mkdtemp(prefix="skydeck-tests-"))


def _isolate_environment() -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "BOTO_", "SKYDECK_")):
            del os.environ[name]
    os.environ.pop("NO_COLOR", None)  # it would change every snapshot
    empty = _STATE / "aws-empty"
    empty.touch()
    for name in ("config", "cache", "data", "state", "runtime"):
        (_STATE / name).mkdir(mode=0o700)
    os.environ.update(
        HOME=str(_STATE),
        AWS_CONFIG_FILE=str(empty),
        AWS_SHARED_CREDENTIALS_FILE=str(empty),
        AWS_EC2_METADATA_DISABLED="true",
        XDG_CONFIG_HOME=str(_STATE / "config"),
        XDG_CACHE_HOME=str(_STATE / "cache"),
        XDG_DATA_HOME=str(_STATE / "data"),
        XDG_STATE_HOME=str(_STATE / "state"),
        XDG_RUNTIME_DIR=str(_STATE / "runtime"),
    )


_isolate_environment()

# Imported after the environment is safe.
from hypothesis import settings

from tests import thrift
from tests.clients import ClientFactory, make_client
from tui.sandbox import Sandbox
from tui.settings import state_folder

thrift.share_botocore_models()
# An example's 200 ms say how busy the machine is, not whether the code is right.
settings.register_profile("skydeck", deadline=None)
settings.load_profile("skydeck")


def pytest_unconfigure() -> None:
    """Leave nothing behind; a worker that is ended by force would not come to `atexit`."""
    shutil.rmtree(_STATE, ignore_errors=True)


def pytest_collection_finish() -> None:
    """What was imported and collected stays: no pass need walk it."""
    thrift.leave_alone_what_is_there()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Between two tests nothing holds the apps of the one before."""
    thrift.let_go_of_ended_apps()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One running sandbox for this worker's whole session; state changes take no time.

    Tests that need it empty take `clean_sandbox`.
    """
    shared = Sandbox(fast=True)
    shared.start(timeout=60)
    yield shared
    shared.stop()


@pytest.fixture
def clean_sandbox(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The session's sandbox, emptied before and after; no transfer is left to go on with."""

    def empty() -> None:
        sandbox.reset()
        shutil.rmtree(state_folder() / "transfers", ignore_errors=True)

    empty()
    yield sandbox
    empty()


@pytest.fixture
def aws_client() -> ClientFactory:
    """`aws_client(sandbox, "s3")`: a boto3 client for the sandbox."""
    return make_client


@pytest.fixture
def full_disk() -> Callable[..., Any]:
    """What stands in for a call that writes: the disk has no room."""

    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return full
