"""Object keys that no sane person gives, and that a download must survive."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 1024
SHARED: Final = Path(__file__).parents[1] / "data" / "names"
_PIECES: Final = (
    *("", ".", "..", "...", "~", "~root", "-rf", "--", " ", "a", "A", "b", "B", "b.", "b ", " b"),
    *("\u00e1", "a\u0301", "\u00c1", "ß", "ss", "\u0130", "ı", "K", "\u212a", "ﬁ", "fi"),
    *("%", "%%", "%25", "%2E", "%2e", "%2F", "%_", "%~", "%5C", "%00", "%3A", "%25%32%45"),
    *("C:", "c:", "C:x", "CON", "nul", "aux.txt", "COM1", "lpt1.", "desktop.ini", ".DS_Store"),
    *("\\", "..\\", "\\..\\", "a\\b", "\\\\host\\share", "\x00", "\n", "\r", "\t", "\x1b[31m"),
    *("\x7f", "\x85", "\u202e", "\u2066", "\u200f", "\u2028", "\u00ad", "\ufeff", "\ufffd"),
    *("\u200b", "\u200d", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U000e0041", "\uff0f"),
    *("\u2024", "\uff0e\uff0e", "$(reboot)", "`id`", ";", "|", "*", "?", "'", '"', "<", ">"),
    *("x[/y]", "[@click=app.quit]x[/]", "{0}", "%s", "..;", ".git", ".ssh", "authorized_keys"),
    *(".skydeck-", ".skydeck-0123456789abcdef-0.part", ".x.part", "nfs0001", ".nfs0001"),
    *("é" * 127, "é" * 128, "a" * 255, "a" * 256, "b" * 300, "\U0001f600" * 64, "%" * 255),
    *("etc", "passwd", "tmp", "dev", "null", "proc", "self", "link", "flink", "dangling", "deep"),
)
_JOINS: Final = ("/", "/", "/", "//", "", "/./", "/../", "\\", ":", "%2F", "\u2215")


def shared_names() -> list[str]:
    """The strings of the lists of others that may be keys."""
    names: list[str] = []
    for path in sorted(SHARED.glob("*.json")):
        names += json.loads(path.read_text(encoding="utf-8"))
    return [name for name in dict.fromkeys(names) if _may_be_a_key(name)]


def generated_names(count: int, rng: random.Random) -> list[str]:
    """Return `count` different keys."""
    found: dict[str, None] = {}
    while len(found) < count:
        name = _drawn(rng)
        if rng.random() < 0.2 and found:
            name = _neighbour(rng, next(reversed(found)))
        if _may_be_a_key(name):
            found[name] = None
    return list(found)


def _drawn(rng: random.Random) -> str:
    text = rng.choice(_PIECES)
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 5, 8, 20))):
        text += rng.choice(_JOINS) + rng.choice(_PIECES)
        if rng.random() < 0.3:
            text += _random_text(rng)
    return text


def _random_text(rng: random.Random) -> str:
    lows = ((0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF))
    return "".join(chr(rng.randint(*rng.choice(lows))) for _ in range(rng.randint(1, 6)))


def _neighbour(rng: random.Random, name: str) -> str:
    """A key that differs from another by as little as a mapping might overlook."""
    return rng.choice((
        name.swapcase(), name + "/", "/" + name, name + " ", name + ".", name.replace("%", "%25"),
        name.replace("/", "//", 1), name.replace("/", "\\", 1), name.replace(".", "%2E", 1),
        name.replace("%2E", "."), "./" + name, "../" + name, name + "/..", name + "/a", name[:-1],
        name.replace("/", "/../", 1), name.replace("\u00e1", "a\u0301"), name + "\x00", name + "%_",
    ))  # fmt: skip


def _may_be_a_key(name: str) -> bool:
    try:
        return 0 < len(name.encode()) <= KEY_BYTES
    except UnicodeEncodeError:
        return False


def traps(folder: Path, outside: Path) -> None:
    """Lay links in a target folder that lead out of it, to be met by `trap_keys`."""
    (folder / "link").symlink_to(outside)
    (folder / "flink").symlink_to(outside / "victim")
    (folder / "dangling").symlink_to(outside / "not-there")
    (folder / "up").symlink_to("..")
    (folder / "root").symlink_to("/")
    (folder / "deep").mkdir()
    (folder / "deep" / "link").symlink_to(Path("..", "..", outside.name))
    (folder / "loop").symlink_to("loop")
    (folder / "inside").symlink_to("deep")


def trap_keys() -> Iterator[str]:
    """Keys that go through the links."""
    for first in ("link", "dangling", "up", "root", "deep/link", "loop", "inside/link", "flink"):
        yield first
        yield f"{first}/"
        yield f"{first}/victim"
        yield f"{first}/new"
        yield f"{first}/tmp/skydeck-faults-escaped"
        yield f"{first}/a/b"
    yield "flink"
    yield "inside/fine"
