"""The fixtures of an empty sandbox: its clients, and what launches an instance."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.machines import BUCKET, Launch, Machine, launch_machine
from tui.sandbox import Sandbox


@pytest.fixture
def ec2(clean_sandbox: Sandbox, aws_client: Callable[..., Any]) -> Any:
    """EC2 of an empty sandbox."""
    return aws_client(clean_sandbox, "ec2")


@pytest.fixture
def s3(clean_sandbox: Sandbox, aws_client: Callable[..., Any]) -> Any:
    """S3 of an empty sandbox, with one bucket: BUCKET."""
    client = aws_client(clean_sandbox, "s3")
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def launch(clean_sandbox: Sandbox, ec2: Any, tmp_path: Path) -> Launch:
    """Launch an instance in an empty sandbox: `launch(InstanceType="t3.large")`."""
    for program in ("ssh", "scp"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here")

    def start(**options: Any) -> Machine:
        return launch_machine(clean_sandbox, ec2, tmp_path, **options)

    return start
