"""The code of a transfer does what Skydeck did, and sends nothing from outside of the folder."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tui.aws.calls import Note, caused_by
from tui.aws.gateway import Gateway
from tui.aws.transfers import code as transfer_code
from tui.aws.transfers.service import Transfers
from tui.core.jobs import Progress


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


async def test_a_transfer_is_one_entry_with_its_own_code(
    transfers: Transfers, gateway: Gateway, bucket: str, folder: Path, big_bytes: bytes
) -> None:
    (folder / "a b'c").write_bytes(big_bytes)
    with caused_by("Upload"):
        await transfers.upload(bucket, 'k"$(x)', folder / "a b'c", Progress())
    with caused_by("Download"):
        await transfers.download_prefix(bucket, "", folder / "back", Progress())
    up, down = gateway.log.entries()
    assert isinstance(up, Note)
    assert isinstance(down, Note)
    words = shlex.split(up.cli)
    assert words[:5] == ["aws", "s3", "cp", str(folder / "a b'c"), f's3://{bucket}/k"$(x)']
    compile(up.python, "note", "exec")
    assert shlex.split(down.cli)[4:6] == [str(folder / "back"), "--recursive"]


async def test_the_noted_programs_do_the_transfer(
    clean_sandbox: Any,
    transfers: Transfers,
    gateway: Gateway,
    bucket: str,
    outside: Any,
    folder: Path,
) -> None:
    tree = folder / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "sub" / "a").write_bytes(b"hello")
    with caused_by("x"):
        await transfers.upload_folder(bucket, "up/", tree, Progress())
        await transfers.download_prefix(bucket, "up/", folder / "down", Progress())
        await transfers.upload(bucket, "one", tree / "sub" / "a", Progress())
        await transfers.download(bucket, "one", folder / "one", Progress())
    programs = [entry.python for entry in gateway.log.entries() if isinstance(entry, Note)]
    for entry in outside.list_objects_v2(Bucket=bucket)["Contents"]:
        outside.delete_object(Bucket=bucket, Key=entry["Key"])
    (folder / "down" / "sub" / "a").unlink()
    (folder / "one").unlink()
    info = clean_sandbox.info
    environment = os.environ | {
        "AWS_ENDPOINT_URL": info.endpoint_url,
        "AWS_ACCESS_KEY_ID": info.access_key_id,
        "AWS_SECRET_ACCESS_KEY": info.secret_access_key,
    }
    assert len(programs) == 4
    each_anew = (
        "import json, sys\n"
        "for program in json.load(sys.stdin):\n"
        "    exec(compile(program, 'note', 'exec'), {'__name__': '__main__'})\n"
    )
    subprocess.run(
        [sys.executable, "-c", each_anew],
        input=json.dumps(programs),
        text=True,
        env=environment,
        check=True,
        timeout=60,
    )
    assert (folder / "down" / "sub" / "a").read_bytes() == b"hello"
    assert (folder / "one").read_bytes() == b"hello"
