"""Lifecycle rules: said as sentences, edited without losing what is not understood, judged."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.aws.bucket import lifecycle_text, tag_text
from tui.aws.bucket.lifecycle import CLASSES, Move, RuleDraft, applied, draft_of, sentence
from tui.aws.bucket.lifecycle_checks import MAX_RULES, check, deletes_everything

MOMENT = datetime(2027, 1, 1, tzinfo=UTC)
days = st.integers(1, 3650)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
moves = st.lists(
    st.builds(Move, days, st.sampled_from(sorted(CLASSES))), max_size=3, unique_by=lambda m: m.days
).map(tuple)
drafts = st.builds(
    RuleDraft,
    id=names,
    enabled=st.booleans(),
    prefix=st.text(max_size=8),
    tags=st.lists(st.tuples(names, names), max_size=2, unique_by=lambda t: t[0]).map(tuple),
    larger_than=st.integers(0, 9),
    smaller_than=st.integers(0, 9),
    moves=moves,
    expire_days=st.just(0) | days,
    old_moves=moves,
    old_expire_days=days,
    old_kept=st.integers(0, 100),
    abort_days=st.integers(0, 9),
)


@given(drafts)
def test_a_draft_comes_back_from_the_rule_that_it_makes(draft: RuleDraft) -> None:
    assert draft_of(applied(draft)) == draft


@given(drafts, drafts)
def test_what_a_draft_does_not_change_stays_and_what_it_changes_is_changed(
    old: RuleDraft, new: RuleDraft
) -> None:
    rule = {**applied(old), "Frobnication": {"Level": 9}}
    kept = copy.deepcopy(rule)
    assert applied(draft_of(rule), rule) == kept
    made = applied(new, rule)
    assert made["Frobnication"] == {"Level": 9}
    assert draft_of(made) == new
    assert rule == kept  # the one that was given is not touched


def test_dates_and_the_old_prefix_are_kept_where_something_else_changes() -> None:
    rule: dict[str, Any] = {
        "ID": "old",
        "Status": "Enabled",
        "Prefix": "a/",
        "Transitions": [{"Date": MOMENT, "StorageClass": "GLACIER"}],
        "Expiration": {"Date": MOMENT},
    }
    off = applied(replace(draft_of(rule), enabled=False), rule)
    assert off == {**rule, "Status": "Disabled"}
    moved = applied(replace(draft_of(rule), prefix="b/"), rule)
    assert moved["Filter"] == {"Prefix": "b/"}
    assert "Prefix" not in moved  # S3 takes one of the two
    assert sentence(rule) == (
        "Objects under a/ move to Glacier on 2027-01-01 and are deleted on 2027-01-01."
    )


# -- sentences -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (
            RuleDraft(
                prefix="logs/",
                moves=(Move(30, "STANDARD_IA"), Move(90, "GLACIER")),
                expire_days=365,
                abort_days=7,
                old_expire_days=30,
                old_kept=3,
            ),
            (
                "Objects under logs/ move to Standard-IA after 30 days, to Glacier after 90, and "
                "are deleted after 365. Old versions go after 30 days, 3 kept. Unfinished uploads "
                "are aborted after 7 days."
            ),
        ),
        (RuleDraft(expire_days=1), "Objects are deleted after 1 day."),
        (RuleDraft(abort_days=7), "Unfinished uploads are aborted after 7 days."),
        (
            RuleDraft(prefix="a/", old_expire_days=30),
            "Old versions under a/ go after 30 days.",
        ),
        (RuleDraft(markers=True), "Delete markers that hide nothing are removed."),
        (
            RuleDraft(tags=(("team", "data"),), larger_than=1024, moves=(Move(0, "GLACIER_IR"),)),
            "Objects tagged team=data larger than 1,024 bytes move to Glacier Instant at once.",
        ),
        (
            RuleDraft(old_moves=(Move(30, "GLACIER", 2),), old_expire_days=90),
            "Old versions move to Glacier after 30 days (2 kept) and go after 90.",
        ),
        (RuleDraft(prefix="x"), "Objects under x: nothing that is known here happens."),
    ],
)
def test_a_rule_reads_as_a_sentence(draft: RuleDraft, said: str) -> None:
    assert sentence(applied(draft)) == said


# -- what S3 refuses -----------------------------------------------------------------------


def fatal(draft: RuleDraft, *other_ids: str) -> list[str]:
    return [one.message for one in check(draft, other_ids) if one.fatal]


IA30 = Move(30, "STANDARD_IA")


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (RuleDraft(), "the rule does nothing yet"),
        (RuleDraft(id="x" * 256, expire_days=1), "at most 255 characters"),
        (RuleDraft(id="taken", expire_days=1), "another rule has this name"),
        (RuleDraft(moves=(Move(29, "STANDARD_IA"),)), "Standard-IA only after 30 days or more"),
        (RuleDraft(moves=(Move(29, "ONEZONE_IA"),)), "One Zone-IA only after 30 days or more"),
        (
            RuleDraft(moves=(IA30, Move(59, "GLACIER"))),
            "Glacier at least 30 days after Standard-IA",
        ),
        (
            RuleDraft(moves=(Move(30, "GLACIER"), Move(90, "STANDARD_IA"))),
            "nothing moves back from Glacier to Standard-IA",
        ),
        (RuleDraft(moves=(IA30, Move(90, "STANDARD_IA"))), "Standard-IA twice"),
        (
            RuleDraft(moves=(Move(9, "GLACIER"), Move(9, "DEEP_ARCHIVE"))),
            "Glacier and Deep Archive on the same day",
        ),
        (RuleDraft(moves=(Move(9, "TAPE"),)), "TAPE is no class that a rule can move to"),
        (RuleDraft(moves=(IA30,), expire_days=30), "must be after the last move, 30 days"),
        (RuleDraft(old_moves=(IA30,), old_expire_days=9), "must be after the last move, 30 days"),
        (RuleDraft(markers=True, expire_days=9), "not together with a deletion after days"),
        (RuleDraft(markers=True, tags=(("a", "b"),)), "not with a filter by tags or size"),
        (RuleDraft(abort_days=9, larger_than=5), "not with a filter by tags or size"),
        (RuleDraft(abort_days=9, old_kept=5), "wants the days after which older ones go"),
        (RuleDraft(old_expire_days=9, old_kept=101), "at most 100"),
        (
            RuleDraft(expire_days=9, larger_than=5, smaller_than=5),
            "must be more than the other size",
        ),
        (RuleDraft(expire_days=9, tags=(("a", "b"), ("a", "c"))), "a tag is there twice"),
        (RuleDraft(expire_days=9, prefix="é" * 600), "longer than any key: 1,024 bytes"),
    ],
)
def test_what_s3_would_refuse_is_told(draft: RuleDraft, said: str) -> None:
    assert any(said in one for one in fatal(draft, "taken"))


def test_good_rules_are_fine_and_dear_ones_are_told_so() -> None:
    good = RuleDraft(id="a", moves=(IA30, Move(60, "GLACIER")), expire_days=365)
    assert check(good) == []
    dear = check(replace(good, expire_days=61))
    assert [(one.fatal, one.message) for one in dear] == [
        (False, "Glacier is charged for at least 90 days")
    ]
    assert check(good, others=MAX_RULES)[0].fatal


def test_emptying_the_whole_bucket_is_recognised() -> None:
    everything = applied(RuleDraft(expire_days=1))
    assert deletes_everything(everything)
    assert deletes_everything({"Status": "Enabled", "Prefix": "", "Expiration": {"Date": MOMENT}})
    assert not deletes_everything(applied(RuleDraft(expire_days=1, prefix="a/")))
    assert not deletes_everything(applied(RuleDraft(expire_days=1, enabled=False)))
    assert not deletes_everything(applied(RuleDraft(old_expire_days=1)))


# -- text ----------------------------------------------------------------------------------


@given(moves)
def test_transitions_are_read_as_they_are_written(made: tuple[Move, ...]) -> None:
    assert lifecycle_text.parsed(lifecycle_text.written(made)) == made


def test_transitions_are_read_as_people_type_them() -> None:
    assert lifecycle_text.parsed("IA 30d, GLACIER_IR 60 , Deep Archive 180 keep 2") == (
        Move(30, "STANDARD_IA"),
        Move(60, "GLACIER_IR"),
        Move(180, "DEEP_ARCHIVE", 2),
    )
    assert lifecycle_text.parsed("") == ()
    assert lifecycle_text.parsed("glacier") is None
    assert lifecycle_text.parsed("tape 5") == (Move(5, "tape"),)


def test_tags_are_read_and_judged() -> None:
    assert tag_text.parsed("team=data, env = dev,flag") == (
        ("team", "data"),
        ("env", "dev"),
        ("flag", ""),
    )
    assert tag_text.tags_problem("a=1, a=2") == "there is a tag a already"
    assert tag_text.tags_problem("aws:x=1") == "keys that begin with aws: are Amazon's own"
    assert tag_text.tags_problem(", ".join(f"k{n}=v" for n in range(51))) == "at most 50 tags"
    assert tag_text.tags_problem("team=data") is None
    assert not tag_text.readable((("a", "x, y=z"),))
