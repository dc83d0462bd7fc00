"""The code that restores or downloads one version: a boto3 program and an `aws s3api` line."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack
from urllib.parse import quote

from tui.aws.code.cli import place_options
from tui.aws.code.python import quoted
from tui.aws.transfers.code import Place, Where, local_word, shell_word


def restore(
    bucket: str, key: str, version_id: str, region: str, **where: Unpack[Where]
) -> tuple[str, str]:
    """Return (Python, CLI) for a version copied onto its key."""
    place = Place(region, **where)
    pairs = {"Bucket": bucket, "Key": key, "VersionId": version_id}
    source = "{" + ", ".join(f"'{name}': {quoted(text)}" for name, text in pairs.items()) + "}"
    call = f"client.copy_object(Bucket={quoted(bucket)}, Key={quoted(key)}, CopySource=source)"
    address = shell_word(f"{bucket}/{quote(key)}?versionId={quote(version_id)}")
    line = _line(place, "copy-object", bucket, key, "--copy-source", address)
    return place.program(f"source = {source}", call), line


def download(
    bucket: str, key: str, version_id: str, path: Path, region: str, **where: Unpack[Where]
) -> tuple[str, str]:
    """Return (Python, CLI) for a version fetched to a file."""
    place = Place(region, **where)
    target = quoted(str(path.absolute()))
    extra = f"ExtraArgs={{'VersionId': {quoted(version_id)}}}"
    call = f"client.download_file({quoted(bucket)}, {quoted(key)}, {target}, {extra})"
    words = ("--version-id", shell_word(version_id), local_word(path))
    return place.program(call), _line(place, "get-object", bucket, key, *words)


def _line(place: Place, verb: str, bucket: str, key: str, *words: str) -> str:
    named = ["--bucket", shell_word(bucket), "--key", shell_word(key)]
    where = place_options(place.region, place.profile, place.endpoint_url)
    return " ".join([f"aws s3api {verb}", *named, *words, *where])
