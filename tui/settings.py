"""The user's settings: a TOML file read once into a frozen record.

Where: `settings.toml` in the platform's configuration folder (Linux `~/.config/skydeck`, macOS
`~/Library/Application Support/skydeck`). A wrong value is named in a notice and left at its
default; it never keeps the app from starting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tui import themes
from tui.core.limit_text import typed_at_once, typed_rate
from tui.core.limits import Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may choose.

    Attributes:
        bytes_per_second, at_once: the limits that a transfer begins with; None is none.
    """

    theme: str = themes.DEFAULT
    downloads: Path = Path("~/Downloads")
    keys_folder: Path = Path("~/.ssh")
    keys: Mapping[str, str] = field(default_factory=dict)
    bytes_per_second: int | None = None
    at_once: int | None = None
    complaints: tuple[str, ...] = ()

    def limits(self) -> Limits:
        """What a transfer may use, to begin with."""
        return Limits(self.bytes_per_second, self.at_once)


def config_folder() -> Path:
    """The folder of `settings.toml`."""
    from platformdirs import user_config_path

    return user_config_path("skydeck")


def state_folder() -> Path:
    """The folder of what Skydeck remembers: journal, known hosts, recent places."""
    from platformdirs import user_state_path

    return user_state_path("skydeck")


def load(path: Path | None = None) -> Settings:
    """Read the settings; a missing file means the defaults."""
    path = path or config_folder() / "settings.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        return Settings(complaints=(f"{path.name} was not read: {error}",))
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Settings(complaints=(f"{path.name} was not read: {error}",))
    return _from_table(table)


def _from_table(table: Mapping[str, Any]) -> Settings:
    settings = Settings()
    complaints: list[str] = []
    for name, value in table.items():
        if name == "theme" and isinstance(value, str) and value in themes.PALETTES:
            settings = replace(settings, theme=value)
        elif name == "downloads" and isinstance(value, str) and value:
            settings = replace(settings, downloads=Path(value))
        elif name == "keys_folder" and isinstance(value, str) and value:
            settings = replace(settings, keys_folder=Path(value))
        elif name == "keys" and _is_text_table(value):
            settings = replace(settings, keys=value)
        elif name == "transfers" and isinstance(value, dict):
            settings = _with_limits(settings, value, complaints)
        else:
            complaints.append(f"settings: {name} is not known or has a wrong value")
    return replace(settings, complaints=tuple(complaints))


def _with_limits(settings: Settings, table: Mapping[str, Any], complaints: list[str]) -> Settings:
    """Take the limits of transfers, written as in their dialog; add to the complaints."""
    for name, value in table.items():
        try:
            if name == "bandwidth" and isinstance(value, str):
                settings = replace(settings, bytes_per_second=typed_rate(value))
            elif name == "at_once" and isinstance(value, (str, int)):
                settings = replace(settings, at_once=typed_at_once(str(value)))
            else:
                complaints.append(f"settings: transfers.{name} is not known or has a wrong value")
        except ValueError as error:
            complaints.append(f"settings: transfers.{name} has a wrong value: {error}")
    return settings


def _is_text_table(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
