"""What the kill tests let be moved, and how it has to look before and after."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from tests.faults.world import PART_BYTES, noise

SIZES: Final = {
    **{f"small-{n}": size for n, size in enumerate((0, 1, 5_000, 200_000))},
    **{f"deep/small-{n}": 30_000 + n for n in range(12)},
    "middle": 2_000_000,
    "big-1": 2 * PART_BYTES + 12_345,
    "big-2": PART_BYTES + 1,
}
REPLACED: Final = ("small-1", "deep/small-0", "deep/small-3", "big-1")
OLD: Final = b"what was there before"
_MULTIPART: Final = ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
_KEPT: dict[str, bytes] = {}


def data_of(name: str) -> bytes:
    """The bytes of one of `SIZES`."""
    if name not in _KEPT:
        _KEPT[name] = noise(SIZES[name], sum(name.encode()))
    return _KEPT[name]


@dataclass(eq=False)
class Scene:
    """One kind of job; its names are those of `SIZES`.

    Attributes:
        act: what the victim is told.
        requests: those that it may be killed at.
        foreign: the id of somebody else's multipart upload of a key of ours, which has to stay.
    """

    client: Any
    bucket: str
    local: Path
    foreign: str = ""
    act: ClassVar[str] = ""
    requests: ClassVar[tuple[str, ...]] = ()
    names: ClassVar[tuple[str, ...]] = tuple(SIZES)

    def build(self) -> None:
        """Make what all runs share."""

    def prepare(self) -> None:
        """Put the old things there, and nothing else."""
        raise NotImplementedError

    def there(self, name: str) -> bytes | None:
        """What stands where a name is to go."""
        raise NotImplementedError

    def all_there(self) -> set[str]:
        """All names that stand there."""
        raise NotImplementedError

    def lost(self, name: str, *, arrived: bool) -> str:
        """What is wrong with a name's source, or ""."""
        return ""

    def old(self, name: str) -> bytes | None:
        """What stood there before."""
        return OLD if name in REPLACED else None

    def uploads(self) -> dict[str, str]:
        """{id: key} of the multipart uploads that are open."""
        listed = self.client.list_multipart_uploads(Bucket=self.bucket)
        return {row["UploadId"]: row["Key"] for row in listed.get("Uploads", ())}

    def abort(self, upload_id: str, key: str) -> None:
        """Abort one."""
        self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """The objects of the bucket."""
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        for row in listed.get("Contents", ()):
            yield row["Key"]

    def body(self, key: str) -> bytes | None:
        """An object's bytes, or None."""
        with suppress(self.client.exceptions.NoSuchKey):
            found = self.client.get_object(Bucket=self.bucket, Key=key)
            body: bytes = found["Body"].read()
            return body
        return None

    def put(self, key: str, body: bytes) -> None:
        """Store an object."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)


@dataclass(eq=False)
class Uploading(Scene):
    """A folder's files to S3."""

    act: ClassVar[str] = "upload"
    requests: ClassVar[tuple[str, ...]] = (*_MULTIPART, "PutObject")

    def build(self) -> None:
        for name in self.names:
            (self.local / name).parent.mkdir(exist_ok=True)
            (self.local / name).write_bytes(data_of(name))

    def prepare(self) -> None:
        for key in list(self.keys()):
            self.client.delete_object(Bucket=self.bucket, Key=key)
        for name in REPLACED:
            if name in self.names:
                self.put(f"up/{name}", OLD)
        for upload_id, key in self.uploads().items():
            self.abort(upload_id, key)
        place = {"Bucket": self.bucket, "Key": "up/big-1"}
        self.foreign = self.client.create_multipart_upload(**place)["UploadId"]
        self.client.upload_part(**place, UploadId=self.foreign, PartNumber=1, Body=OLD)

    def there(self, name: str) -> bytes | None:
        return self.body(f"up/{name}")

    def all_there(self) -> set[str]:
        return {key.removeprefix("up/") for key in self.keys()}


class UploadingOne(Uploading):
    """One big file to S3."""

    act: ClassVar[str] = "upload one"
    names: ClassVar[tuple[str, ...]] = ("big-1",)


@dataclass(eq=False)
class Downloading(Scene):
    """All below a prefix to a folder."""

    act: ClassVar[str] = "download"
    requests: ClassVar[tuple[str, ...]] = ("GetObject", "HeadObject")

    def build(self) -> None:
        for name in self.names:
            self.put(f"down/{name}", data_of(name))

    def prepare(self) -> None:
        shutil.rmtree(self.local)
        self.local.mkdir()
        for name in REPLACED:
            if name in self.names:
                (self.local / name).parent.mkdir(parents=True, exist_ok=True)
                (self.local / name).write_bytes(OLD)

    def there(self, name: str) -> bytes | None:
        with suppress(FileNotFoundError):
            return (self.local / name).read_bytes()
        return None

    def all_there(self) -> set[str]:
        files = (path for path in self.local.rglob("*") if path.is_file())
        return {path.relative_to(self.local).as_posix() for path in files}


class DownloadingOne(Downloading):
    """One big object to a file."""

    act: ClassVar[str] = "download one"
    names: ClassVar[tuple[str, ...]] = ("big-1",)


@dataclass(eq=False)
class Moving(Scene):
    """All below a prefix to another, at S3; no object may ever be at neither."""

    act: ClassVar[str] = "move"
    requests: ClassVar[tuple[str, ...]] = ("CopyObject", "DeleteObject", *_MULTIPART)

    def prepare(self) -> None:
        for key in list(self.keys("to/")):
            self.client.delete_object(Bucket=self.bucket, Key=key)
        there = set(self.keys("from/"))
        for name in self.names:
            if f"from/{name}" not in there:
                self.put(f"from/{name}", data_of(name))

    def there(self, name: str) -> bytes | None:
        return self.body(f"to/{name}")

    def all_there(self) -> set[str]:
        return {key.removeprefix("to/") for key in self.keys("to/")}

    def old(self, name: str) -> bytes | None:
        return None

    def lost(self, name: str, *, arrived: bool) -> str:
        source = self.body(f"from/{name}")
        if arrived:  # the source may be there still, where it was discarded in between
            return "" if source in (None, data_of(name)) else "its source was changed"
        return "" if source == data_of(name) else "it is at neither place"


SCENES: Final = {
    "download": (Downloading, DownloadingOne, Downloading),
    "upload": (Uploading, UploadingOne, Uploading),
    "move": (Moving,),
}
