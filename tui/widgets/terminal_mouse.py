"""Mouse events as the reports that a program in the terminal asked for."""

from __future__ import annotations

from enum import IntEnum

from tui.ssh.vt import Modes

_MOTION, _SHIFT, _ALT, _CTRL = 32, 4, 8, 16
_X10_LIMIT = 223
"""The old form has one byte, and 32 is added to it."""


class Button(IntEnum):
    """Button codes of xterm's reports."""

    LEFT = 0
    MIDDLE = 1
    RIGHT = 2
    NONE = 3
    WHEEL_UP = 64
    WHEEL_DOWN = 65


def mouse_bytes(
    modes: Modes,
    button: int,
    place: tuple[int, int],
    *,
    up: bool = False,
    moving: bool = False,
    keys: tuple[bool, bool, bool] = (False, False, False),
) -> bytes:
    """Return a report, or b"" when the program does not want this event.

    `place` is column and row from 0; `keys` are shift, alt and ctrl.
    """
    if not modes.mouse_clicks:
        return b""
    if moving and not (modes.mouse_moves or (modes.mouse_drags and button != Button.NONE)):
        return b""
    shift, alt, ctrl = keys
    code = button + _MOTION * moving + _SHIFT * shift + _ALT * alt + _CTRL * ctrl
    column, row = place[0] + 1, place[1] + 1
    if modes.mouse_sgr:
        return f"\x1b[<{code};{column};{row}{'m' if up else 'M'}".encode()
    if max(column, row) > _X10_LIMIT:
        return b""
    if up:
        code = code & ~3 | Button.NONE
    return b"\x1b[M" + bytes([32 + code, 32 + column, 32 + row])
