"""What the plans of the EC2 pane say: names, disks and money."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tui.core.records import Instance, Tag, Volume
from tui.cost import InstanceCost, PriceBook, running_cost
from tui.screens.ec2 import plans, table

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROOT = Volume("vol-1", "/dev/xvda", 8, "gp3")
DATA = Volume("vol-2", "/dev/sdf", 100, "gp3", delete_on_termination=False)
ONE = Instance(
    id="i-1",
    name="one",
    state="running",
    type="t3.micro",
    architecture="x86_64",
    zone="us-east-1a",
    public_ip="203.0.113.7",
    public_dns="",
    private_ip="172.31.0.4",
    key_name="dev",
    image_id="ami-1",
    launched_at=NOW - timedelta(hours=2),
    volumes=(ROOT, DATA),
    tags=(Tag("Name", "one"), Tag("team", "ml")),
)


def costs(*instances: Instance) -> dict[str, InstanceCost]:
    found = running_cost(instances, PriceBook.bundled(), NOW)
    return {item.instance.id: item for item in found.items}


def said(plan: plans.Plan) -> dict[str, str]:
    return {fact.label: fact.value for fact in plan.facts}


def test_stopping_goes_on_paying_for_the_disks() -> None:
    facts = said(plans.stop_plan([ONE], costs(ONE)))
    # gp3 is $0.08 a GB-month in us-east-1; 108 GiB.
    assert facts["still paid"] == "$0.0118/h · $8.64 a month for 108 GiB of disk"
    assert facts["no longer paid"].startswith("$0.0154/h")  # machine and address


def test_terminating_names_what_stays_and_does_not_count_it_as_saved() -> None:
    plan = plans.terminate_plan([ONE], costs(ONE))
    facts = said(plan)
    assert facts["volumes deleted"] == "vol-1 · /dev/xvda · 8 GiB gp3"
    assert facts["volumes kept"] == "vol-2 · /dev/sdf · 100 GiB gp3"
    assert facts["no longer paid"].startswith("$0.0163/h")
    assert plan.warning == "This cannot be undone. vol-2 will go on costing."
    assert plan.typed == "one"


def test_an_unknown_price_is_said_to_be_unknown() -> None:
    odd = replace(ONE, type="x9.unheard")
    assert said(plans.stop_plan([odd], costs(odd)))["no longer paid"] == "unknown"
    assert said(plans.start_plan([odd], {}))["will cost"] == "unknown"


def test_a_name_that_cannot_be_typed_gives_way_to_the_id() -> None:
    for name in ("x\u202ey", "a\x1bb", " padded ", "日本"):
        assert plans.typed_words([replace(ONE, name=name)]) == "i-1"
    assert plans.typed_words([ONE, replace(ONE, id="i-2")]) == "2 instances"


def test_the_table_tells_states_apart_without_colour() -> None:
    row = table.cells(lambda: costs(ONE))
    texts = ["".join(text for _, text in cell) for cell in row(ONE)]
    assert texts[0] == "●"
    assert texts[-2] == "0.0272"
    stopped = replace(ONE, state="stopped", public_ip="")
    texts = ["".join(text for _, text in cell) for cell in row(stopped)]
    assert (texts[0], texts[-2], texts[7]) == ("○", "disk", "—")
    gone = replace(ONE, state="terminated", state_reason="Server.SpotInstanceTermination: x")
    assert table.state_words(gone) == "reclaimed"


def test_the_filter_finds_every_word_anywhere() -> None:
    test = table.matches("one TEAM=ml t3")
    assert test is not None
    assert test(ONE)
    assert not test(replace(ONE, type="m7g.large"))
    assert table.matches("  ") is None


def test_what_is_gone_comes_last() -> None:
    gone = replace(ONE, id="i-0", state="terminated")
    assert [one.id for one in table.in_order([gone, ONE])] == ["i-1", "i-0"]
