"""Textual key events as the bytes that xterm sends for them."""

from __future__ import annotations

from textual.keys import key_to_character

LEAVE_KEY = "ctrl+right_square_bracket"
LEAVE_BYTE = b"\x1d"

# xterm's modifier parameter is one more than the sum of these (ctlseqs, "PC-Style Function Keys").
_MODIFIERS = {"shift": 1, "alt": 2, "ctrl": 4, "meta": 8}

_CURSOR = {"up": "A", "down": "B", "right": "C", "left": "D", "end": "F", "home": "H"}
_FIRST_FOUR = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
_NUMBERED = {
    "insert": 2, "delete": 3, "pageup": 5, "pagedown": 6,
    "f5": 15, "f6": 17, "f7": 18, "f8": 19, "f9": 20, "f10": 21, "f11": 23, "f12": 24,
    "f13": 25, "f14": 26, "f15": 28, "f16": 29, "f17": 31, "f18": 32, "f19": 33, "f20": 34,
}  # fmt: skip
_PLAIN = {"enter": b"\r", "tab": b"\t", "escape": b"\x1b", "backspace": b"\x7f", "space": b" "}

# ctrl and a key that is no letter; the digits are xterm's stand-ins.
_CONTROLS = {
    "@": 0x00, "space": 0x00, "2": 0x00, "left_square_bracket": 0x1B, "3": 0x1B,
    "backslash": 0x1C, "4": 0x1C, "right_square_bracket": 0x1D, "5": 0x1D,
    "circumflex_accent": 0x1E, "6": 0x1E, "underscore": 0x1F, "slash": 0x1F, "7": 0x1F,
    "minus": 0x1F, "8": 0x7F, "question_mark": 0x7F, "backspace": 0x08, "enter": 0x0D,
    "tab": 0x09, "escape": 0x1B,
}  # fmt: skip


def key_bytes(key: str, character: str | None, *, application_cursor: bool) -> bytes:
    """Return what a terminal sends for a key event; b"" for a key that it does not know.

    `application_cursor` (DECCKM) makes unmodified arrows, Home and End SS3 sequences.
    """
    *prefixes, base = key.split("+") if len(key) > 1 else [key]
    modifiers = set(prefixes)
    if modifiers - set(_MODIFIERS):
        return b""  # super, hyper: the desktop's own
    number = sum(_MODIFIERS[name] for name in modifiers)
    if special := _special(base, number, application_cursor):
        return special
    escape = b"\x1b" if modifiers & {"alt", "meta"} else b""
    if "ctrl" in modifiers:
        control = _control(base)
        return b"" if control is None else escape + bytes([control])
    if character == "\x08":
        return escape + b"\x08"  # ctrl+h, which Textual calls backspace
    if base == "tab" and "shift" in modifiers:
        return escape + b"\x1b[Z"
    if base in _PLAIN:
        return escape + _PLAIN[base]
    text = character or key_to_character(base) or ""
    if not text or (len(text) == 1 and ord(text) < 0x20 and not escape):
        return text.encode()
    return escape + text.encode("utf-8", "replace")


def _special(base: str, number: int, application_cursor: bool) -> bytes:
    if base in _CURSOR or base in _FIRST_FOUR:
        letter = _CURSOR.get(base) or _FIRST_FOUR[base]
        if number:
            return f"\x1b[1;{number + 1}{letter}".encode()
        single = base in _FIRST_FOUR or application_cursor
        return f"\x1b{'O' if single else '['}{letter}".encode()
    if base in _NUMBERED:
        modifier = f";{number + 1}" if number else ""
        return f"\x1b[{_NUMBERED[base]}{modifier}~".encode()
    return b""


def _control(base: str) -> int | None:
    if len(base) == 1 and base.isascii() and base.isalpha():
        return ord(base) & 0x1F
    return _CONTROLS.get(base)


def paste_bytes(text: str, *, bracketed: bool) -> bytes:
    """Return pasted text as input. Without escapes, so that it cannot end its own brackets."""
    text = text.replace("\r\n", "\r").replace("\n", "\r")
    safe = "".join(c for c in text if c in "\t\r" or not (c < " " or "\x7f" <= c < "\xa0"))
    data = safe.encode("utf-8", "replace")
    return b"\x1b[200~" + data + b"\x1b[201~" if bracketed else data
