"""Settings never keep the app from starting."""

from __future__ import annotations

from pathlib import Path

from tui import settings


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "none.toml") == settings.Settings()


def test_good_values_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('theme = "skydeck-contrast"\ndownloads = "/data"\n[keys]\n"app.jobs" = "f9"\n')
    chosen = settings.load(path)
    assert (chosen.theme, chosen.downloads) == ("skydeck-contrast", Path("/data"))
    assert chosen.keys == {"app.jobs": "f9"}
    assert chosen.complaints == ()


def test_bad_values_are_named_and_left_at_their_default(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('theme = "neon"\nwhat = 1\n[keys]\nx = 3\n')
    chosen = settings.load(path)
    assert chosen.theme == settings.Settings().theme
    assert len(chosen.complaints) == 3


def test_values_of_a_wrong_kind_are_named(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('theme = ["a"]\ndownloads = 3\nkeys_folder = {}\nkeys = "x"\n')
    chosen = settings.load(path)
    assert len(chosen.complaints) == 4
    assert chosen == settings.Settings(complaints=chosen.complaints)


def test_a_folder_in_the_files_place_is_complained_about(tmp_path: Path) -> None:
    assert "not read" in settings.load(tmp_path).complaints[0]


def test_a_broken_file_is_complained_about(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("theme = ")
    assert "not read" in settings.load(path).complaints[0]


def test_the_limits_of_transfers_are_written_as_in_their_dialog(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[transfers]\nbandwidth = "20 MB/s"\nat_once = 8\n')
    chosen = settings.load(path)
    assert (chosen.bytes_per_second, chosen.at_once) == (20_000_000, 8)
    path.write_text('[transfers]\nbandwidth = "off"\nat_once = "off"\n')
    assert settings.load(path) == settings.Settings()


def test_a_wrong_limit_is_named_and_is_none(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[transfers]\nbandwidth = "fast"\nat_once = 0\nspeed = 1\n')
    chosen = settings.load(path)
    assert (chosen.bytes_per_second, chosen.at_once) == (None, None)
    assert ["bandwidth" in chosen.complaints[0], "at_once" in chosen.complaints[1]] == [True, True]
    assert "transfers.speed" in chosen.complaints[2]
    path.write_text("transfers = 3\n[keys]\n")
    assert "transfers" in settings.load(path).complaints[0]
