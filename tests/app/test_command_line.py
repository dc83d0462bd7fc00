"""The command line: what it takes, what it refuses, what it does not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tui import __version__
from tui.__main__ import main, options


def test_options_are_read() -> None:
    chosen = options(["--profile", "dev", "--region", "eu-west-1", "--read-only"])
    assert (chosen.profile, chosen.region, chosen.read_only) == ("dev", "eu-west-1", True)
    assert not chosen.sandbox


@pytest.mark.parametrize(
    "arguments",
    [
        ["--keep", "x"],
        ["--sandbox", "--profile", "dev"],
        ["--sandbox", "--endpoint-url", "http://127.0.0.1:1"],
        ["--endpoint-url", "localhost:9000"],
        ["--what"],
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        options(arguments)
    assert ended.value.code == 2
    assert "skydeck: error:" in capsys.readouterr().err


def test_version_and_help_work_as_a_module() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tui", "--version"], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == f"skydeck {__version__}"
    run = subprocess.run(
        [sys.executable, "-m", "tui", "--help"], capture_output=True, text=True, check=True
    )
    for option in ("--sandbox", "--profile", "--region", "--endpoint-url", "--read-only", "--keep"):
        assert option in run.stdout


def test_without_a_terminal_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert main([]) == 2
    assert "needs a terminal" in capsys.readouterr().err


def test_nothing_heavy_is_imported_with_the_app_and_its_first_pane() -> None:
    heavy = ["boto3", "botocore", "paramiko", "pandas", "numpy", "moto", "asyncssh", "pyghostty"]
    code = (
        "import sys, tui.app, tui.screens.start, tui.screens.s3.screen, tui.screens.first_run\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
