"""The code that does what a copy, a move or a sync does: a boto3 program and an `aws s3` line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from tui.aws.code.python import quoted
from tui.aws.transfers.code import Place, Where, local_word, shell_word, uri_word

Address = tuple[str, str]  # bucket, key or prefix


def copy_object(
    source: Address, target: Address, region: str, *, moves: bool, **where: Unpack[Where]
) -> tuple[str, str]:
    """Return (Python, CLI) for one object copied or moved."""
    place, (bucket, key) = Place(region, **where), source
    lines = [
        f"source = {{'Bucket': {quoted(bucket)}, 'Key': {quoted(key)}}}",
        f"client.copy(source, {quoted(target[0])}, {quoted(target[1])})",
    ]
    if moves:
        lines.append("client.delete_object(**source)")
    verb = "mv" if moves else "cp"
    return place.program(*lines), place.copy(uri_word(*source), uri_word(*target), verb=verb)


def copy_prefix(
    source: Address, target: Address, region: str, *, moves: bool, **where: Unpack[Where]
) -> tuple[str, str]:
    """Return (Python, CLI) for everything below a prefix copied or moved."""
    place, (bucket, prefix), (there, new) = Place(region, **where), source, target
    asked = f"Bucket={quoted(bucket)}, Prefix={quoted(prefix)}"
    lines = [
        f'for page in client.get_paginator("list_objects_v2").paginate({asked}):',
        '    for item in page.get("Contents", []):',
        f"        source = {{'Bucket': {quoted(bucket)}, 'Key': item['Key']}}",
        f'        key = {quoted(new)} + item["Key"].removeprefix({quoted(prefix)})',
        f"        client.copy(source, {quoted(there)}, key)",
    ]
    if moves:
        lines.append("        client.delete_object(**source)")
    verb = "mv" if moves else "cp"
    line = place.copy(uri_word(*source), uri_word(*target), "--recursive", verb=verb)
    return place.program(*lines), line


def sync_line(
    bucket: str,
    prefix: str,
    folder: Path,
    region: str,
    *,
    up: bool,
    deletes: bool,
    include: Sequence[str],
    exclude: Sequence[str],
    **where: Unpack[Where],
) -> str:
    """Return the `aws s3 sync` command. It has no conditions on what it replaces."""
    there, here = uri_word(bucket, prefix), local_word(folder)
    options = ["--no-follow-symlinks"] if up else []
    options += ["--delete"] if deletes else []
    if include:  # the last filter that matches counts
        options += ["--exclude", shell_word("*")]
    for name, patterns in (("--include", include), ("--exclude", exclude)):
        for pattern in patterns:
            options += [name, shell_word(pattern)]
    ends = (here, there) if up else (there, here)
    return Place(region, **where).copy(*ends, *options, verb="sync")
