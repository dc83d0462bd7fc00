"""Images: a description from the first bytes, and the picture in half blocks through Pillow.

Pillow decodes what no sensible amount of our own code would (JPEG, WebP), and is imported only
when an image is looked at. Only these formats are ever given to it, and no image of more pixels
than `PIXELS_AT_MOST`.
"""

from __future__ import annotations

import io
import struct
import warnings

from tui.core import format as fmt
from tui.core.reads import BeyondAllowanceError, Reads
from tui.widgets.chrome import hint
from tui.widgets.preview_data import Picture, PictureData, PlainPages, PreviewData

PIXELS_AT_MOST = 8_000_000
JPEG_PIXELS_AT_MOST = 24_000_000  # libjpeg makes it small while it decodes
BYTES_AT_MOST = 16 * 1024 * 1024
WIDTHS = (24, 32, 40, 48, 56, 72, 96, 128, 160)
_HIGHEST = 2 * 100  # pixels; a line of the screen has two
FORMATS = {
    "png": "PNG", "jpeg": "JPEG", "gif": "GIF", "webp": "WEBP", "bmp": "BMP", "tiff": "TIFF",
}  # fmt: skip
_PNG_MODES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey + alpha", 6: "RGB + alpha"}
_JPEG_MODES = {1: "grey", 3: "YCbCr", 4: "CMYK"}
Size = tuple[int, int, str]


def is_image(head: bytes) -> bool:
    """Whether the first bytes are an image's."""
    return bool(format_of(head))


def format_of(head: bytes) -> str:
    """The format by its magic bytes; "" if it is none of `FORMATS`."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:4] in (b"II*\0", b"MM\0*"):
        return "tiff"
    return "bmp" if head[:2] == b"BM" and len(head) > 26 and head[6:10] == b"\0\0\0\0" else ""


def size_of(head: bytes) -> Size | None:
    """Width, height and colours by the header; None where the first bytes do not have them."""
    try:
        return _SIZES[format_of(head)](head)
    except (KeyError, IndexError, struct.error):
        return None


def _png(head: bytes) -> Size:
    width, height, bits, mode = struct.unpack_from(">IIBB", head, 16)
    return width, height, f"{_PNG_MODES.get(mode, '?')}, {bits} bits"


def _gif(head: bytes) -> Size:
    width, height, flags = struct.unpack_from("<HHB", head, 6)
    return width, height, f"palette of {2 << (flags & 7)}"


def _bmp(head: bytes) -> Size:
    width, height, _, bits = struct.unpack_from("<iiHH", head, 18)
    return abs(width), abs(height), f"{bits} bits"


def _webp(head: bytes) -> Size:
    kind = head[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        height = int.from_bytes(head[27:30], "little") + 1
        return width, height, "with alpha" if head[20] & 0x10 else "RGB"
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, "lossless"
    width, height = struct.unpack_from("<HH", head, 26)
    return width & 0x3FFF, height & 0x3FFF, "RGB"


def _jpeg(head: bytes) -> Size:
    at = 2
    while head[at] == 0xFF:
        mark = head[at + 1]
        if mark == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack_from(">H", head, at + 2)
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):  # a start of frame
            bits, height, width, parts = struct.unpack_from(">BHHB", head, at + 4)
            return width, height, f"{_JPEG_MODES.get(parts, '?')}, {bits} bits"
        at += 2 + length
    raise IndexError


def _tiff(head: bytes) -> Size:
    order = "<" if head[:1] == b"I" else ">"
    (at,) = struct.unpack_from(f"{order}I", head, 4)
    (count,) = struct.unpack_from(f"{order}H", head, at)
    found = {}
    for entry in range(min(count, 200)):
        tag, kind = struct.unpack_from(f"{order}HH", head, at + 2 + 12 * entry)
        (value,) = struct.unpack_from(
            f"{order}{'H' if kind == 3 else 'I'}", head, at + 10 + 12 * entry
        )
        found[tag] = value
    return found[256], found[257], f"{found.get(277, 1)} channels"


_SIZES = {"png": _png, "gif": _gif, "bmp": _bmp, "webp": _webp, "jpeg": _jpeg, "tiff": _tiff}


class ImageDocument(PlainPages):
    """One page: the description, and the picture as soon as all of its bytes may be read."""

    packing = ""
    grows = True

    def __init__(self, reads: Reads, head: bytes) -> None:
        self._reads, self._head = reads, head
        self._label = format_of(head)

    def page(self, number: int) -> PreviewData:
        """The description; all that is left to read is asked for by a second page."""
        size = size_of(self._head)
        facts = [("what", f"{FORMATS[self._label]} image")]
        if size is not None:
            facts += [("pixels", f"{size[0]:,} × {size[1]:,}"), ("colours", size[2])]
        made = PictureData(self._label, tuple(facts))
        if size is not None and size[0] * size[1] > _most(self._label):
            return _noted(made, "too many pixels to draw here")
        length = self._reads.size_bytes
        if length > BYTES_AT_MOST:
            return _noted(made, f"more than {fmt.size(BYTES_AT_MOST)}: not drawn here")
        try:
            data = self._reads.read_at(0, length)
        except BeyondAllowanceError:
            keys = f"{hint('table.open')[0]} {hint('preview.page_down')[0]}"
            facts.append(("picture", f"{keys} reads all {fmt.size(length)} and draws it"))
            return PictureData(self._label, tuple(facts), more=True)
        try:
            pictures, moves = drawn(data, self._label)
        except ImportError:
            return made
        except Exception:  # whatever a decoder raises of a damaged image
            return _noted(made, "the image is damaged, or in a form that can't be drawn")
        if moves:
            facts.append(("frames", "several; the first is shown"))
        return PictureData(self._label, tuple(facts), pictures)


def _most(name: str) -> int:
    return JPEG_PIXELS_AT_MOST if name == "jpeg" else PIXELS_AT_MOST


def _noted(made: PictureData, note: str) -> PictureData:
    return PictureData(made.label, (*made.facts, ("picture", note)))


def drawn(data: bytes, name: str) -> tuple[tuple[Picture, ...], bool]:
    """The first frame in some widths, on white or black where it is clear; whether it moves."""
    from PIL import Image, ImageStat

    warnings.filterwarnings("ignore", module="PIL")  # they are about what is drawn anyway

    with Image.open(io.BytesIO(data), formats=(FORMATS[name],)) as image:
        if image.width * image.height > _most(name):
            raise ValueError("too many pixels")
        moves = bool(getattr(image, "is_animated", False))
        image.draft("RGB", (WIDTHS[-1] * 2, _HIGHEST * 2))
        clear = image.convert("RGBA")
    clear.thumbnail((WIDTHS[-1], _HIGHEST), reducing_gap=2.0)
    alpha = clear.getchannel("A")
    dark = ImageStat.Stat(clear.convert("L"), mask=alpha).mean[0] < 128 if alpha.getbbox() else True
    shown = Image.new("RGB", clear.size, (255, 255, 255) if dark else (16, 16, 16))
    shown.paste(clear, mask=alpha)
    made: list[Picture] = []
    for width in (*(width for width in WIDTHS if width < shown.width), shown.width):
        high = max(1, round(shown.height * width / shown.width))
        scaled = shown.resize((width, high), Image.Resampling.BOX)
        made.append(Picture(width, high, scaled.tobytes()))
    return tuple(made), moves
