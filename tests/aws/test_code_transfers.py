"""The code of a folder's upload sends what Skydeck sends: nothing from outside of the folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tui.aws import transfer_code


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder, behind a link, with files, a link that stays inside and three that lead out."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    real = tmp_path / "real"
    (real / "sub").mkdir(parents=True)
    (real / "sub" / "a").write_text("hello")
    (real / "inside").symlink_to("sub/a")
    (real / "file-out").symlink_to(tmp_path / "outside" / "secret")
    (real / "folder-out").symlink_to(tmp_path / "outside")
    (real / "sub" / "up").symlink_to("../../outside/secret")
    (tmp_path / "tree").symlink_to(real)
    return tmp_path / "tree"


@pytest.fixture
def environment(clean_sandbox: Any) -> dict[str, str]:
    info = clean_sandbox.info
    return os.environ | {
        "AWS_CONFIG_FILE": str(info.folder / "aws_config"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def sent(outside: Any, bucket: str) -> list[str]:
    return [one["Key"] for one in outside.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_the_program_follows_no_link_out_of_the_folder(
    tree: Path, environment: dict[str, str], bucket: str, outside: Any
) -> None:
    python, _ = transfer_code.upload_folder(bucket, "up/", tree, "us-east-1")
    subprocess.run([sys.executable, "-c", python], env=environment, check=True, timeout=60)
    assert sent(outside, bucket) == ["up/inside", "up/sub/a"]


def test_the_cli_line_follows_no_link(
    tree: Path, environment: dict[str, str], bucket: str, outside: Any
) -> None:
    _, cli = transfer_code.upload_folder(bucket, "up/", tree, "us-east-1")
    subprocess.run(["/bin/sh", "-c", cli], env=environment, check=True, timeout=120)
    assert sent(outside, bucket) == ["up/sub/a"]
