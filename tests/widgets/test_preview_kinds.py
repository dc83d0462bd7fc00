"""Images, archives and other bytes: described by what they say of themselves."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tui.core.reads import BytesReads
from tui.widgets.preview_data import HexData, PictureData, PreviewData, TableData
from tui.widgets.preview_document import opened, parsed
from tui.widgets.preview_image import format_of, size_of


def whole(key: str, data: bytes) -> PreviewData:
    return parsed(key, data, len(data))


def image(kind: str, mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> bytes:
    file = io.BytesIO()
    made = Image.linear_gradient("L").resize(size).convert(mode)
    made.save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_an_image_is_described_by_its_header_and_drawn(kind: str) -> None:
    data = image(kind)
    assert format_of(data) == kind.lower()
    found = size_of(data)
    assert found is not None
    assert found[:2] == (64, 48)
    made = whole("x", data)
    assert isinstance(made, PictureData)
    assert ("pixels", "64 × 48") in made.facts
    widest = made.pictures[-1]
    assert (widest.width, widest.height) == (64, 48)
    assert len(widest.pixels) == 64 * 48 * 3
    top, bottom = widest.pixels[:3], widest.pixels[-3:]
    assert sum(top) + 300 < sum(bottom)  # the gradient goes from black to white


def test_a_large_image_is_read_whole_only_if_that_is_asked_for() -> None:
    data = image("PNG", size=(400, 400))
    made = opened("x.png", BytesReads(data[:100], len(data))).page(0)
    assert isinstance(made, PictureData)
    assert made.more
    assert not made.pictures
    assert ("pixels", "400 × 400") in made.facts


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_damaged_image_is_described(kind: str) -> None:
    data = bytearray(image(kind))
    for spoilt in (bytes(data[:30]), bytes(data[:16]) + b"\xff" * 400):
        made = whole("x", spoilt)
        assert isinstance(made, (PictureData, HexData))


def test_an_image_of_too_many_pixels_is_not_decoded() -> None:
    data = bytearray(image("PNG"))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    made = whole("x.png", bytes(data))
    assert isinstance(made, PictureData)
    assert not made.pictures
    assert made.facts[-1] == ("picture", "too many pixels to draw here")


def test_a_zip_is_a_table_of_its_members_by_its_end() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.txt", b"x" * 100_000)
        archive.writestr("[@click=app.quit]x[/]\x1b", b"hi")
    made = whole("x.xlsx", file.getvalue())
    assert isinstance(made, TableData)
    assert (made.label, made.unit) == ("xlsx", "member")
    assert made.rows[0][:2] == ("big.txt", "100000")
    assert made.rows[1][0] == "[@click=app.quit]x[/]\x1b"


def test_a_damaged_zip_is_described() -> None:
    made = whole("x.zip", b"PK\x03\x04" + b"\0" * 500)
    assert isinstance(made, HexData)
    assert made.facts == (("what", "zip archive"), ("list", "none, or it is damaged"))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_tar_is_a_table_of_the_members_at_its_beginning(mode: Any) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name in ("a/b.csv", "c.txt"):
            entry = tarfile.TarInfo(name)
            entry.size = 5
            archive.addfile(entry, io.BytesIO(b"12345"))
    key = {"w": "x.tar", "w:gz": "x.tar.gz", "w:xz": "x.tar.xz"}[mode]
    made = whole(key, file.getvalue())
    assert isinstance(made, TableData)
    assert [row[:2] for row in made.rows] == [("a/b.csv", "5"), ("c.txt", "5")]
    assert made.label == key.removeprefix("x.")


def test_an_array_says_its_shape_and_type() -> None:
    file = io.BytesIO()
    np.save(file, np.zeros((3, 4), "f4"))
    made = whole("x.npy", file.getvalue())
    assert isinstance(made, HexData)
    assert ("shape", "3 × 4") in made.facts
    assert ("dtype", "<f4") in made.facts


@pytest.mark.parametrize(
    ("data", "label"),
    [
        (b"%PDF-1.7\n\x00\xff\xfe", "pdf"),
        (b"\x89HDF\r\n\x1a\n\0\0", "hdf5"),
        (b"\x80\x04\x95\x00\x00", "pickle"),
        (b"\x93NUMPY\x01\x00\xff\xff{", "npy"),
        (b"ARROW1\0\0\xff", "arrow"),
    ],
)
def test_other_bytes_say_what_they_are(data: bytes, label: str) -> None:
    made = whole("x", data)
    assert isinstance(made, HexData)
    assert made.label == label
    assert made.facts
    assert made.data == data
