"""The fixture that launches an instance."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.machines import Launch, Machine, launch_machine
from tui.sandbox import Sandbox


@pytest.fixture
def launch(clean_sandbox: Sandbox, aws_client: Callable[..., Any], tmp_path: Path) -> Launch:
    """Launch an instance in an empty sandbox: `launch(InstanceType="t3.large")`."""
    for program in ("ssh", "scp"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here")
    ec2 = aws_client(clean_sandbox, "ec2")

    def start(**options: Any) -> Machine:
        return launch_machine(clean_sandbox, ec2, tmp_path, **options)

    return start
