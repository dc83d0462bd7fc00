"""What the records of a ledger say, one after the other: what is done and what is begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tui.core.ledger_log import Record, ranges

Mark = tuple[int, ...]  # one state of a local file: device, inode, bytes, modification time in ns


@dataclass(frozen=True, slots=True)
class Part:
    """One part that is there; `etag` is S3's, of an upload."""

    number: int
    crc: int
    length: int
    etag: str = ""


@dataclass(eq=False, slots=True)
class OpenUpload:
    """A multi-part upload that is begun; its id is "" from before it is asked for."""

    bucket: str
    key: str
    region: str
    mark: Mark
    part_bytes: int
    begun_at: float  # seconds since 1970
    upload_id: str = ""
    parts: dict[int, Part] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class OpenDownload:
    """A download in parts that is begun, into its temporary file."""

    etag: str
    size_bytes: int
    part_bytes: int
    crc_kind: str  # of the parts
    parts: dict[int, Part] = field(default_factory=dict)


class State:
    """What the records of a ledger say, one after the other."""

    def __init__(self, items: int) -> None:
        self.done = bytearray(items)
        self.items_done = 0
        self.bytes_done = 0
        self.uploads: dict[int, OpenUpload] = {}
        self.downloads: dict[int, OpenDownload] = {}

    @property
    def open_bytes(self) -> int:
        """The bytes of the parts that are there, of items that are not done."""
        parts = [one.parts for one in self.uploads.values()]
        parts += [one.parts for one in self.downloads.values()]
        return sum(part.length for some in parts for part in some.values())

    def finish(self, first: int, last: int, size_bytes: int) -> None:
        """Items are done, of so many bytes together."""
        if not 0 <= first <= last < len(self.done):
            raise ValueError
        count = last - first + 1
        self.items_done += count - self.done.count(1, first, last + 1)
        self.done[first : last + 1] = b"\1" * count
        self.bytes_done += size_bytes
        for number in [one for one in (*self.uploads, *self.downloads) if first <= one <= last]:
            self.close(number)

    def close(self, number: int) -> None:
        """Nothing of an item is begun any more."""
        self.uploads.pop(number, None)
        self.downloads.pop(number, None)

    def take(self, record: Record) -> None:
        """Go one record on. Raises `ValueError`, `TypeError` or `LookupError` for another's."""
        match record:
            case {"done": list(pairs), "bytes": int(size)}:
                for first, last in pairs:
                    self.finish(first, last, 0)
                self.bytes_done += size
            case {"creating": int(number)}:
                self.uploads[number] = OpenUpload(
                    str(record["bucket"]),
                    str(record["key"]),
                    str(record["region"]),
                    tuple(record["mark"]),
                    int(record["part"]),
                    float(record["at"]),
                )
            case {"upload": int(number)} if number in self.uploads:
                self.uploads[number].upload_id = str(record["id"])
            case {"fetching": int(number)}:
                self.downloads[number] = OpenDownload(
                    str(record["etag"]),
                    int(record["size"]),
                    int(record["part"]),
                    str(record["kind"]),
                )
            case {"part": int(number)}:
                n, crc, length = (int(record[name]) for name in ("n", "crc", "bytes"))
                part = Part(n, crc, length, str(record.get("etag", "")))
                if (found := self.uploads.get(number) or self.downloads.get(number)) is not None:
                    found.parts[part.number] = part
            case {"over": int(number)}:
                self.close(number)

    def snapshot(self) -> Iterator[Record]:
        """Yield the records that say what this one knows."""
        done = [number for number, known in enumerate(self.done) if known]
        yield {"done": ranges(done), "bytes": 0}
        for number, upload in self.uploads.items():
            yield creating_record(number, upload)
            if upload.upload_id:
                yield {"upload": number, "id": upload.upload_id}
            yield from (part_record(number, part) for part in upload.parts.values())
        for number, download in self.downloads.items():
            yield fetching_record(number, download)
            yield from (part_record(number, part) for part in download.parts.values())


def creating_record(number: int, upload: OpenUpload) -> Record:
    return {
        "creating": number,
        "bucket": upload.bucket,
        "key": upload.key,
        "region": upload.region,
        "mark": list(upload.mark),
        "part": upload.part_bytes,
        "at": upload.begun_at,
    }


def fetching_record(number: int, download: OpenDownload) -> Record:
    return {
        "fetching": number,
        "etag": download.etag,
        "size": download.size_bytes,
        "part": download.part_bytes,
        "kind": download.crc_kind,
    }


def part_record(number: int, part: Part) -> Record:
    record = {"part": number, "n": part.number, "crc": part.crc, "bytes": part.length}
    return record | ({"etag": part.etag} if part.etag else {})
