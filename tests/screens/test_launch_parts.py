"""The wizard's parts that need no screen."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.core.errors import UserError
from tui.core.jobs import JobSnapshot, JobState
from tui.core.records import Image, IngressRule, KeyPair
from tui.launch import LaunchDraft, Problem, default_draft
from tui.screens.launch import details
from tui.screens.launch.dialogs import service_choices, typed_rule
from tui.screens.launch.facts import Facts, _asked_address, _keys_on_disk
from tui.screens.launch.step import ending_rows, error_rows, problem_rows
from tui.widgets.form import DIGITS, typed_number
from tui.widgets.stepper import Stage, stepper_line

IMAGE = Image(
    "ami-1", "al2023", "", "x86_64", "/dev/xvda", 8, None, "Amazon Linux 2023", "ec2-user"
)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("8000", ("tcp", 8000, 8000)),
        ("tcp 8000-8010", ("tcp", 8000, 8010)),
        ("UDP 53", ("udp", 53, 53)),
        ("8010-8000", None),
        ("70000", None),
        ("http", None),
        ("tcp", None),
        ("1-x", None),
        ("", None),
        ("٣", None),
        ("8000-8010²", None),
        ("8000²", None),
        ("8000-٣", None),
        ("9" * 5_000, None),
        (f"1-{'9' * 5_000}", None),
    ],
)
def test_a_typed_port_is_read_or_refused(text: str, rule: tuple[str, int, int] | None) -> None:
    expected = IngressRule(*rule, "0.0.0.0/0") if rule else None
    assert typed_rule(text, "0.0.0.0/0") == expected


def test_ranges_of_ports_show_as_ranges() -> None:
    notes = {name: note for _, name, note in service_choices()}
    assert notes["all TCP"] == "tcp 0-65535"
    assert notes["SSH"] == "tcp 22"


@pytest.mark.parametrize("said", ["", "<html>login</html>", "999.1.1.1", "198.51.100.24/32"])
def test_what_is_no_address_is_not_taken_for_one(said: str) -> None:
    assert _asked_address(lambda _url: said) == ""


def test_the_address_is_asked_for_over_https_and_a_dead_network_leaves_it_open() -> None:
    asked: list[str] = []

    def answer(url: str) -> str:
        asked.append(url)
        return "198.51.100.24\n"

    def fail(_url: str) -> str:
        raise TimeoutError

    assert _asked_address(answer) == "198.51.100.24"
    assert asked[0].startswith("https://")
    assert _asked_address(fail) == ""


def test_only_key_pairs_whose_file_is_here_are_preferred(tmp_path: Path) -> None:
    (tmp_path / "here.pem").write_text("x")
    (tmp_path / "other.pem").write_text("x")
    here, files = _keys_on_disk(tmp_path, ["gone", "here"])
    assert here == {"here"}
    assert files == {"here", "other"}
    pairs = (KeyPair("gone", "k-1", "rsa", ""), KeyPair("here", "k-2", "rsa", ""))
    assert Facts(key_pairs=pairs, keys_here=here).best_key == "here"
    assert Facts(key_pairs=pairs).best_key == ""
    assert _keys_on_disk(tmp_path / "missing", ["here"]) == (frozenset(), frozenset())


def test_fields_become_the_draft() -> None:
    draft = default_draft("us-east-1", IMAGE)
    change = details.changed
    assert change(draft, "count", " 3 ").count == 3
    assert change(draft, "count", "x").count == 0  # which the checks refuse
    assert change(draft, "count", "9" * 5_000).count == 10**DIGITS - 1
    assert change(draft, "public_ip", "no").public_ip is False
    spot = change(change(draft, "market", "spot"), "spot_request", "persistent")
    assert (spot.spot, spot.interruption) == (True, "stop")
    assert change(spot, "spot_request", "one-time").interruption == "terminate"


def test_user_data_is_never_shown_only_measured() -> None:
    draft = LaunchDraft("us-east-1", user_data="#!/bin/sh\nsecret")
    text = "".join(part for _, part in details.user_data_words(draft))
    assert "secret" not in text
    assert "16 bytes" in text


def test_what_forbids_comes_before_what_warns() -> None:
    rows = problem_rows([Problem("a", "careful", blocking=False), Problem("b", "stop")], 80)
    assert ["".join(text for _, text in row) for row in rows] == ["✗ stop", "▲ careful"]
    assert error_rows(None, 80) == []
    told = error_rows(UserError("Can't", "because " * 20, "Do this."), 40)
    assert all(len("".join(text for _, text in row)) <= 40 for row in told)


def test_the_step_line_shows_where_one_is_and_what_is_wrong() -> None:
    stages = [Stage("Image", seen=True), Stage("Type", seen=True, wrong=True), Stage("Details")]
    assert "".join(text for _, text in stepper_line(stages, 2)) == "✓━━✗━━● Details "


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("8", 8), (" 1,024 ", 1024), ("10_000", 10_000), ("0", 0), ("0008", 8),
        ("9999999", 9999999),
        ("10000000", 9999999), ("9" * 5_000, 9999999), ("0" * 5_000 + "8", 8),
        ("", None), ("-1", None), ("8²", None), ("٣", None), ("1.5", None), ("x", None),
    ],
)  # fmt: skip
def test_a_whole_number_is_read_however_long(text: str, number: int | None) -> None:
    assert typed_number(text) == number


def test_the_end_of_a_launch_is_told_on_the_review() -> None:
    def job(state: JobState, error: UserError | None = None) -> JobSnapshot:
        when = datetime(2026, 11, 22, tzinfo=UTC)
        note = "cancelled, nothing was launched"
        numbers = (0, None, 0, None, 0.0, note, "steps", when, 1.0)
        return JobSnapshot(1, "launch", "box", state, *numbers, error)

    def told(snapshot: JobSnapshot | None) -> list[str]:
        return ["".join(text for _, text in row) for row in ending_rows(snapshot, 80)]

    assert told(None) == told(job(JobState.RUNNING)) == told(job(JobState.DONE)) == []
    assert told(job(JobState.CANCELLED)) == ["▲ cancelled, nothing was launched"]
    assert told(job(JobState.FAILED, UserError("Can't", "no room")))[:2] == ["✗ Can't", "  no room"]
