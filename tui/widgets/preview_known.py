"""What bytes are that are neither text nor a table, by their first few."""

from __future__ import annotations

import ast
import struct

Facts = tuple[tuple[str, str], ...]

_MAGIC: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"%PDF-", "pdf", "PDF document"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5", "HDF5 data"),
    (0, b"SQLite format 3\0", "sqlite", "SQLite database"),
    (0, b"ARROW1\0\0", "arrow", "Arrow file (Feather)"),
    (0, b"FEA1", "feather", "Feather, version 1"),
    (0, b"ORC", "orc", "ORC table"),
    (0, b"Obj\x01", "avro", "Avro records"),
    (0, b"\x7fELF", "elf", "program or library (ELF)"),
    (0, b"\xcf\xfa\xed\xfe", "mach-o", "program or library (Mach-O)"),
    (0, b"MZ", "exe", "program for Windows"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z", "7-Zip archive"),
    (0, b"Rar!\x1a\x07", "rar", "RAR archive"),
    (0, b"\x1f\x8b", "gz", "gzip, which doesn't unpack"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole", "old Office document"),
    (0, b"RIFF", "riff", "sound or film (RIFF)"),
    (0, b"OggS", "ogg", "sound (Ogg)"),
    (0, b"ID3", "mp3", "sound (MP3)"),
    (0, b"fLaC", "flac", "sound (FLAC)"),
    (4, b"ftyp", "mp4", "film or sound (MP4)"),
    (0, b"\x00asm", "wasm", "WebAssembly"),
    (0, b"CDF\x01", "netcdf", "NetCDF data"),
    (0, b"CDF\x02", "netcdf", "NetCDF data"),
    (0, b"MATLAB 5.0", "mat", "MATLAB data"),
    (0, b"PAR1", "parquet", "Parquet, cut off"),
    (0, b"-----BEGIN", "pem", "key or certificate"),
)
_PICKLES = frozenset({"pkl", "pickle", "joblib", "pt", "pth"})


def known(ending: str, data: bytes) -> tuple[str, Facts]:
    """Return a label and what is known of bytes that only a hex view can show."""
    if data.startswith(b"\x93NUMPY"):
        return "npy", _numpy(data)
    for at, magic, label, words in _MAGIC:
        if data[at : at + len(magic)] == magic:
            return label, (("what", words),)
    if data[:1] == b"\x80" and data[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        told = "Python pickle; loading it can run its code"
        return "pickle", (("what", told),)
    if ending in _PICKLES:
        return ending, (("what", "a pickle, by its name; loading it can run its code"),)
    return ending or "bytes", ()


def _numpy(data: bytes) -> Facts:
    """The header of one array: a Python literal (numpy.lib.format)."""
    what = ("what", "NumPy array")
    try:
        wide = data[6] >= 2
        (length,) = struct.unpack_from("<I" if wide else "<H", data, 8)
        begins = 12 if wide else 10
        head = ast.literal_eval(data[begins : begins + min(length, 10_000)].decode("latin-1"))
        shape = " × ".join(f"{size:,}" for size in head["shape"]) or "one value"
        order = "Fortran (columns first)" if head["fortran_order"] else "C (rows first)"
        return (
            what,
            ("shape", shape),
            ("dtype", str(head["descr"])[:200]),
            ("order", order),
        )
    except (struct.error, SyntaxError, ValueError, KeyError, TypeError, IndexError, MemoryError):
        return (what, ("header", "damaged"))
    except RecursionError:
        return (what, ("header", "damaged"))
