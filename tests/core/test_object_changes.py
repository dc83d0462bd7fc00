"""How changes merge, and what S3 takes of names and values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.object_changes import (
    Edits,
    header_problem,
    metadata_bytes,
    metadata_problem,
    metadata_size_problem,
    tag_problem,
    unwired,
    wire,
)

PAIRS = st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=5)


@given(PAIRS, PAIRS)
def test_edits_between_two_lead_from_one_to_the_other(
    before: dict[str, str], after: dict[str, str]
) -> None:
    edits = Edits.between(before, after)
    assert edits.applied(before.items()) == after
    assert bool(edits) == (before != after)


@given(PAIRS, PAIRS, st.sets(st.text(max_size=3)))
def test_what_is_neither_set_nor_dropped_stays(
    before: dict[str, str], put: dict[str, str], drop: set[str]
) -> None:
    after = Edits(tuple(put.items()), tuple(drop)).applied(before.items())
    assert {k: v for k, v in before.items() if k not in put and k not in drop} == {
        k: v for k, v in after.items() if k not in put
    }
    assert put.items() <= after.items()


@given(st.text())
def test_values_come_back_as_they_were_sent(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    assert wire(value).isascii()
    if "=?" not in value:
        assert unwired(wire(value)) == value


def test_an_encoded_word_of_s3_is_read() -> None:
    assert unwired("=?UTF-8?B?WsO8cmljaA==?=") == "Zürich"
    assert unwired("=?UTF-8?Q?Z=C3=BCrich_x?=") == "Zürich x"
    assert unwired("=?UTF-8?B?!!!?=") == "=?UTF-8?B?!!!?="
    assert unwired("=?UTF-8?B?/w==?=") == "=?UTF-8?B?/w==?="  # no UTF-8


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("", "v", "needs a name"),
        ("two words", "v", "without spaces"),
        ("é", "v", "letters"),
        ("x-amz-meta-k", "v", "leave out"),
        ("k", "a\r\nInjected: 1", "control"),
        ("k", " v", "lost"),
        ("k", "x" * 2048, "2,049 of 2,048"),
        ("k", "\ud800", "control"),
    ],
)
def test_metadata_that_s3_would_refuse_is_named(name: str, value: str, why: str) -> None:
    problem = metadata_problem(name, value)
    assert problem is not None
    assert why in problem


def test_metadata_is_measured_as_it_is_sent() -> None:
    assert metadata_bytes({"ab": "é"}) == 2 + len("=?UTF-8?B?w6k=?=")
    assert metadata_size_problem({"k": "x" * 2047}) is None
    assert metadata_size_problem({"k": "x" * 2047, "l": ""}) is not None


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("", "v", "needs a key"),
        ("aws:x", "v", "Amazon"),
        ("k" * 129, "v", "128"),
        ("k", "v" * 257, "256"),
        ("k", "a&b", "& is not allowed"),
        ("[bold]", "v", "[ is not allowed"),
        ("k", "a\x1b", "not allowed"),
    ],
)
def test_tags_that_s3_would_refuse_are_named(key: str, value: str, why: str) -> None:
    problem = tag_problem(key, value)
    assert problem is not None
    assert why in problem


def test_tags_may_have_letters_of_all_scripts() -> None:
    assert tag_problem("größe 日本", "+-=._:/@ 5") is None
    assert tag_problem("k", "") is None


def test_headers_are_checked_by_what_they_are() -> None:
    assert header_problem("ContentType", "text/csv; charset=utf-8") is None
    assert header_problem("ContentType", "csv") is not None
    assert header_problem("CacheControl", "a\nb") is not None
    assert header_problem("ContentDisposition", "é") is not None
    assert header_problem("ContentType", "") is None
