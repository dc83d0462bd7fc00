"""The code that does what a managed transfer does: a boto3 program and an `aws s3 cp` line.

A transfer is dozens of requests; the code drawer shows this one entry in their place. Endpoint and
profile may be left out: the drawer adds its connection's own (`tui.aws.code.place`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from tui.aws.code.cli import place_options
from tui.aws.code.python import client_code, quoted
from tui.aws.code.shell import printing, word

FOLDERS = "from pathlib import Path\n\n"


def upload(
    bucket: str, key: str, path: Path, region: str, **where: Unpack[Where]
) -> tuple[str, str]:
    """Return (Python, CLI) for one file up."""
    place = Place(region, **where)
    call = f"client.upload_file({_py(path)}, {quoted(bucket)}, {quoted(key)})"
    return place.program(call), place.copy(local_word(path), uri_word(bucket, key))


def download(
    bucket: str, key: str, path: Path, region: str, **where: Unpack[Where]
) -> tuple[str, str]:
    """Return (Python, CLI) for one object down."""
    place = Place(region, **where)
    call = f"client.download_file({quoted(bucket)}, {quoted(key)}, {_py(path)})"
    return place.program(call), place.copy(uri_word(bucket, key), local_word(path))


def upload_folder(
    bucket: str, prefix: str, folder: Path, region: str, **where: Unpack[Where]
) -> tuple[str, str]:
    """Return (Python, CLI) for a folder's files up; no link leads either of them out of it."""
    place = Place(region, **where)
    lines = (
        f"folder = Path({_py(folder)}).resolve()",
        'for path in sorted(folder.rglob("*")):',
        "    if path.is_file() and path.resolve().is_relative_to(folder):",
        f"        key = {quoted(prefix)} + path.relative_to(folder).as_posix()",
        f"        client.upload_file(str(path), {quoted(bucket)}, key)",
    )
    # The command can tell no link from another: those that stay inside are left out too, and so
    # would be the folder itself.
    options = ("--recursive", "--no-follow-symlinks")
    source = local_word(Path(os.path.realpath(folder)))
    return (
        place.program(*lines, imports=FOLDERS),
        place.copy(source, uri_word(bucket, prefix), *options),
    )


def download_prefix(
    bucket: str, prefix: str, folder: Path, region: str, **where: Unpack[Where]
) -> tuple[str, str]:
    """Return (Python, CLI) for everything below a prefix down."""
    place = Place(region, **where)
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
    return (
        place.program(*lines, imports=FOLDERS),
        place.copy(uri_word(bucket, prefix), local_word(folder), "--recursive"),
    )


class Where(TypedDict, total=False):
    """Where else than at the reader's own: the address to talk to, the profile to use."""

    endpoint_url: str | None
    profile: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the code connects to."""

    region: str
    endpoint_url: str | None = None
    profile: str | None = None

    def program(self, *lines: str, imports: str = "") -> str:
        """Return a Python program with a client."""
        client = f"client = {client_code('s3', self.region, self.endpoint_url, self.profile)}"
        return imports + "\n".join(("import boto3", "", client, *lines)) + "\n"

    def copy(self, source: str, target: str, *options: str, verb: str = "cp") -> str:
        """Return an `aws s3 cp` line, or one of `mv` or `sync`."""
        where = place_options(self.region, self.profile, self.endpoint_url)
        return " ".join([f"aws s3 {verb}", source, target, *options, *where])


def _py(path: Path) -> str:
    return quoted(str(path.absolute()))


def local_word(path: Path) -> str:
    """A path of this machine as the shell takes it."""
    return shell_word(str(path.absolute()))


def uri_word(bucket: str, key: str) -> str:
    """An s3:// address as the shell takes it."""
    return shell_word(f"s3://{bucket}/{key}")


def shell_word(text: str) -> str:
    """Quote a word; what can't be pasted into a terminal as it is comes from printf."""
    return word(text) if text.isprintable() else f'"$({printing(text)})"'
