"""The one function that makes remote text safe to show.

Keys, tags, names, error messages and terminal titles come from others. A terminal obeys control
characters, and a bidirectional override makes `cod.exe` read as `exe.doc`, so both are drawn as
something one can see. Markup is not this module's matter: widgets never parse remote text.
"""

from __future__ import annotations

_DELETE = 0x7F
# Unicode's Bidi_Control property (PropList.txt, Unicode 16).
_BIDI = {
    0x061C: "ALM",
    0x200E: "LRM",
    0x200F: "RLM",
    0x202A: "LRE",
    0x202B: "RLE",
    0x202C: "PDF",
    0x202D: "LRO",
    0x202E: "RLO",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
}

_TABLE: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    _DELETE: "\u2421",
    **{code: f"\\x{code:02x}" for code in range(0x80, 0xA0)},
    **{code: f"⟨{name}⟩" for code, name in _BIDI.items()},
    # Lone surrogates (file names that are not UTF-8) cannot be written to a terminal at all.
    **{code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)},
}


def visible(text: str) -> str:
    """Return `text` with control, C1 and bidi characters made visible, all else unchanged.

    C0 becomes its control picture (ESC is ␛), C1 a `\\x9b`, a bidi control its name in `⟨RLO⟩`.
    The result has no character that moves a cursor, ends a line, or reorders its neighbours.
    """
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_TABLE)
