"""The code that does what a managed transfer does: a boto3 program and an `aws s3 cp` line.

A transfer is dozens of requests; the code drawer shows this one entry in their place.
"""

from __future__ import annotations

from pathlib import Path

from tui.aws.code_python import quoted
from tui.aws.code_shell import printing, word


def upload(bucket: str, key: str, path: Path, region: str) -> tuple[str, str]:
    """Return (Python, CLI) for one file up."""
    call = f"client.upload_file({_py(path)}, {quoted(bucket)}, {quoted(key)})"
    return _program(region, call), _copy(_local(path), _uri(bucket, key), region)


def download(bucket: str, key: str, path: Path, region: str) -> tuple[str, str]:
    """Return (Python, CLI) for one object down."""
    call = f"client.download_file({quoted(bucket)}, {quoted(key)}, {_py(path)})"
    return _program(region, call), _copy(_uri(bucket, key), _local(path), region)


def upload_folder(bucket: str, prefix: str, folder: Path, region: str) -> tuple[str, str]:
    """Return (Python, CLI) for a folder's files up."""
    lines = (
        f"folder = Path({_py(folder)})",
        'for path in sorted(folder.rglob("*")):',
        "    if path.is_file():",
        f"        key = {quoted(prefix)} + path.relative_to(folder).as_posix()",
        f"        client.upload_file(str(path), {quoted(bucket)}, key)",
    )
    cli = _copy(_local(folder), _uri(bucket, prefix), region, recursive=True)
    return _program(region, *lines, imports="from pathlib import Path\n\n"), cli


def download_prefix(bucket: str, prefix: str, folder: Path, region: str) -> tuple[str, str]:
    """Return (Python, CLI) for everything below a prefix down."""
    base = prefix[: prefix.rfind("/") + 1]
    asked = f"Bucket={quoted(bucket)}, Prefix={quoted(prefix)}"
    lines = (
        f"folder = Path({_py(folder)}).resolve()",
        f'for page in client.get_paginator("list_objects_v2").paginate({asked}):',
        '    for item in page.get("Contents", []):',
        f'        path = (folder / item["Key"].removeprefix({quoted(base)})).resolve()',
        '        if item["Key"].endswith("/") or not path.is_relative_to(folder):',
        "            continue",
        "        path.parent.mkdir(parents=True, exist_ok=True)",
        f'        client.download_file({quoted(bucket)}, item["Key"], str(path))',
    )
    cli = _copy(_uri(bucket, prefix), _local(folder), region, recursive=True)
    return _program(region, *lines, imports="from pathlib import Path\n\n"), cli


def _program(region: str, *lines: str, imports: str = "") -> str:
    client = f'client = boto3.client("s3", region_name={quoted(region)})'
    return imports + "\n".join(("import boto3", "", client, *lines)) + "\n"


def _copy(source: str, target: str, region: str, *, recursive: bool = False) -> str:
    flag = " --recursive" if recursive else ""
    return f"aws s3 cp {source} {target}{flag} --region {word(region)}"


def _py(path: Path) -> str:
    return quoted(str(path.absolute()))


def _local(path: Path) -> str:
    return _word(str(path.absolute()))


def _uri(bucket: str, key: str) -> str:
    return _word(f"s3://{bucket}/{key}")


def _word(text: str) -> str:
    """Quote a word; what can't be pasted into a terminal as it is comes from printf."""
    return word(text) if text.isprintable() else f'"$({printing(text)})"'
