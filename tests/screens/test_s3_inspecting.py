"""Details and subsets in the S3 pane, by keys: what is shown, copied and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.screens.s3_support import HOSTILE, fill, idle_jobs, s3_pane, type_text
from tests.support import said, screen_text, until
from tui.core.jobs import JobState
from tui.screens.s3.detail_rows import Known, acl_words, detail_rows
from tui.screens.s3.details import DetailLines, ObjectDialog, show_object
from tui.screens.s3.subset_form import (
    ChooseColumns,
    SubsetForm,
    amount_problem,
    typed_names,
    which_of,
)
from tui.widgets.ask_path import AskPath
from tui.widgets.dialog import Confirm

CSV = b"id,zone,fare\n" + b"".join(b"%d,zone%d,%d.5\n" % (n, n % 3, n % 50) for n in range(500))


async def dialog(pilot: Any, app: Any, kind: type) -> Any:
    await until(pilot, lambda: isinstance(app.screen, kind) and app.screen.is_mounted)
    await pilot.pause()
    return app.screen


def knows(shown: Any, label: str) -> bool:
    return any(row.label == label for row in shown.table.records)


def cursor_to(shown: DetailLines, label: str) -> None:
    rows = shown.table.records
    shown.table.move_to(next(at for at, row in enumerate(rows) if row.label == label))


# -- details ---------------------------------------------------------------------------------


async def test_details_are_shown_as_they_come_and_each_value_can_be_copied(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {})
    key = "raw/a[b].csv"
    client.put_object(
        Bucket="acme-lake",
        Key=key,
        Body=CSV,
        ContentType="text/csv",
        Metadata={
            "long": "y" * 300,
            "note": "[@click=app.quit]x[/]",
            "a-name-too-long-for-it": "z",
        },
        Tagging="team=blue",
    )
    client.put_object_acl(Bucket="acme-lake", Key=key, ACL="public-read")
    async with s3_pane(clean_sandbox, "acme-lake", "raw/") as (app, pilot, _screen):
        await pilot.press("i")
        shown = await dialog(pilot, app, ObjectDialog)
        await until(pilot, lambda: any(row.label == "everyone" for row in shown.table.records))
        await until(pilot, lambda: not any("asking" in str(r.spans) for r in shown.table.records))
        titles = [row.label for row in shown.table.records if row.heading]
        assert titles == [
            "About",
            "Metadata",
            "Tags",
            "Checksums, parts",
            "Encryption",
            "Storage, restore",
            "Retention, hold",
            "Access",
            "Addresses",
        ]
        text = screen_text(app)
        assert "[@click=app.quit]x[/]" in text
        assert "a-name-too-long-for-it" in text
        assert "team" in text
        for label, value in (
            ("key", key),
            ("long", "y" * 300),
            ("team", "blue"),
            ("everyone", "may read"),
            ("S3", f"s3://acme-lake/{key}"),
            ("ARN", f"arn:aws:s3:::acme-lake/{key}"),
        ):
            cursor_to(shown, label)
            await pilot.press("y")
            assert app.clipboard == value
        await pilot.press("Y")
        assert "team            blue" in app.clipboard
        assert app.clipboard.count("y" * 300) == 1
        await pilot.press("escape")
        assert not isinstance(app.screen, ObjectDialog)
        causes = {entry.cause for entry in app.services.log.entries()}
        assert f"Details of s3://acme-lake/{key}" in causes


async def test_a_refused_property_is_marked_and_the_rest_is_there(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"a.csv": CSV})
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        refuse(await app.services.gateway.client("s3"), "GetObjectTagging")
        await pilot.press("i")
        shown = await dialog(pilot, app, ObjectDialog)
        await until(pilot, lambda: "not allowed" in screen_text(app))
        await until(pilot, lambda: any(row.label == "etag" for row in shown.table.records))
        await until(pilot, lambda: any(row.label == "owner" for row in shown.table.records))


def refuse(client: Any, operation: str, unless: str = "") -> None:
    """Have calls answered with AccessDenied, unless they carry a header."""
    from botocore.awsrequest import AWSResponse

    def answer(params: Any, **_: Any) -> Any:
        if unless and unless in {name.lower() for name in params["headers"]}:
            return None
        error = {"Code": "AccessDenied", "Message": "Access Denied"}
        meta = {"HTTPStatusCode": 403, "HTTPHeaders": {}}
        return AWSResponse("", 403, {}, None), {"Error": error, "ResponseMetadata": meta}

    client.meta.events.register(f"before-call.s3.{operation}", answer)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_details_of_hostile_names_show_them_literally(
    size: tuple[int, int], clean_sandbox: Any, aws_client: Any
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", HOSTILE)
    async with s3_pane(clean_sandbox, "acme-lake", size=size) as (app, pilot, screen):
        for key in ("a\x1b[31mred.txt", "[@click=app.quit]x[/]", "é" * 509 + "abcd"):
            screen.objects_table.move_to_key(key)
            screen.run_worker(show_object(screen, "acme-lake", key))
            shown = await dialog(pilot, app, ObjectDialog)
            await until(pilot, lambda: knows(app.screen, "etag"))
            cursor_to(shown, "key")
            await pilot.press("y")
            assert app.clipboard == key
            assert "\x1b" not in screen_text(app)
            await pilot.press("escape")
            await pilot.pause()


async def test_a_version_a_folder_and_a_bucket_have_details_too(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"raw/a.csv": CSV, "raw/b.csv": b"12"})
    client.put_bucket_versioning(Bucket="acme-lake", VersioningConfiguration={"Status": "Enabled"})
    old = client.put_object(Bucket="acme-lake", Key="k", Body=b"old!")["VersionId"]
    client.put_object(Bucket="acme-lake", Key="k", Body=b"newer")
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        screen.objects_table.move_to_key("raw/")
        await pilot.press("i")
        shown = await dialog(pilot, app, DetailLines)
        await until(pilot, lambda: "objects" in screen_text(app))
        assert [row.value for row in shown.table.records if row.label == "objects"] == ["2"]
        await pilot.press("escape")
        screen.run_worker(show_object(screen, "acme-lake", "k", version_id=old))
        shown = await dialog(pilot, app, ObjectDialog)
        await until(pilot, lambda: any(row.value == old for row in shown.table.records))
        assert any(row.value == "4" for row in shown.table.records)
        await pilot.press("escape")
        screen.to_buckets()
        await pilot.pause()
        await pilot.press("i")
        await dialog(pilot, app, DetailLines)
        await until(pilot, lambda: "arn:aws:s3:::acme-lake" in screen_text(app))


def test_an_acl_reads_in_words() -> None:
    from tui.aws.s3.details import Acl

    acl = Acl(
        "dana", "75aa", (("75aa", "FULL_CONTROL"), ("everyone", "READ"), ("everyone", "WRITE"))
    )
    assert acl_words(acl) == [("the owner", "full control"), ("everyone", "may read, may write")]


def test_what_is_not_answered_yet_is_being_asked_for() -> None:
    rows = detail_rows(Known("k"), 80, (("text", "$1"),))
    told = "".join(text for row in rows for _, text in row.spans)
    assert told.count("◐ asking") >= 6


# -- requester pays --------------------------------------------------------------------------


async def test_a_denied_bucket_can_be_paid_for_after_a_plan(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"a.csv": CSV})
    client.put_bucket_request_payment(
        Bucket="acme-lake", RequestPaymentConfiguration={"Payer": "Requester"}
    )
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        refuse(await app.services.gateway.client("s3"), "ListObjectsV2", "x-amz-request-payer")
        screen.open_place("acme-lake")
        await until(pilot, lambda: "Not allowed" in screen_text(app))
        assert "pay for its requests" in screen_text(app)
        await pilot.press("i")
        question = await dialog(pilot, app, Confirm)
        assert ("who pays", "whoever asks") in [(f.label, f.value) for f in question.plan.facts]
        await pilot.press("escape")
        assert not app.services.gateway.requester.pays("acme-lake")
        await pilot.press("i")
        await dialog(pilot, app, Confirm)
        await pilot.press("enter")
        await until(pilot, lambda: "a.csv" in screen_text(app))
        assert app.services.gateway.requester.pays("acme-lake")


async def test_paying_that_does_not_help_is_taken_back(clean_sandbox: Any, aws_client: Any) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {})
    async with s3_pane(clean_sandbox) as (app, pilot, screen):
        events = await app.services.gateway.client("s3")
        refuse(events, "ListObjectsV2")
        refuse(events, "GetBucketRequestPayment")
        screen.open_place("acme-lake")
        await until(pilot, lambda: "Not allowed" in screen_text(app))
        await pilot.press("i")
        await dialog(pilot, app, Confirm)
        await pilot.press("enter")
        await until(pilot, lambda: "even if you pay" in said(app))
        assert not app.services.gateway.requester.pays("acme-lake")


# -- subsets ---------------------------------------------------------------------------------


async def test_a_subset_is_pulled_by_keys(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {"a [x].csv": CSV})
    target = tmp_path / "new" / "out [y].csv"
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, _screen):
        await pilot.press("s")
        form = await dialog(pilot, app, SubsetForm)
        assert "500 rows, 3 columns" in screen_text(app)
        await pilot.press("down")
        await type_text(pilot, "40")
        await pilot.press("down")
        await type_text(pilot, "fare, nothing")
        await until(pilot, lambda: "no column nothing" in screen_text(app))
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen is form  # refused
        await type_text(pilot, "fare, id")
        await pilot.press("down", "down")
        await type_text(pilot, "zone.upper() == 'A'")
        await until(pilot, lambda: "functions can't be called" in screen_text(app))
        await type_text(pilot, "zone == 'zone1'")
        await until(pilot, lambda: "167 of the first 500 rows match" in screen_text(app))
        await pilot.press("enter")
        await dialog(pilot, app, AskPath)
        assert "the first 40 rows that match, 2 columns" in said(app)
        await type_text(pilot, str(tmp_path / "out.doc"))
        await until(pilot, lambda: "must end in" in screen_text(app))
        await type_text(pilot, str(target))
        await until(pilot, lambda: "a new file, as CSV" in screen_text(app))
        await pilot.press("enter")
        await idle_jobs(pilot, app)
        job = app.jobs.snapshots()[0]
        assert job.state is JobState.DONE
        assert "40 rows" in job.note
        notes = [entry for entry in app.services.log.entries() if getattr(entry, "pandas", "")]
        assert any("zone == 'zone1'" in note.pandas for note in notes)
    found = pd.read_csv(target)
    expected = pd.read_csv(pd.io.common.BytesIO(CSV)).query("zone == 'zone1'").head(40)
    assert found.equals(expected[["fare", "id"]].reset_index(drop=True))


async def test_columns_are_chosen_from_a_list_and_a_file_is_replaced_after_a_plan(
    clean_sandbox: Any, aws_client: Any, tmp_path: Path
) -> None:
    fill(aws_client(clean_sandbox, "s3"), "acme-lake", {"a.csv": CSV})
    target = tmp_path / "out.parquet"
    target.write_text("mine")
    async with s3_pane(clean_sandbox, "acme-lake", size=(80, 24)) as (app, pilot, _screen):
        await pilot.press("s")
        await dialog(pilot, app, SubsetForm)
        await pilot.press("left")  # all
        await until(pilot, lambda: "‹ all ›" in screen_text(app))
        await pilot.press("down", "down", "space")
        await dialog(pilot, app, ChooseColumns)
        await pilot.press("down", "space", "enter")
        await dialog(pilot, app, SubsetForm)
        await until(pilot, lambda: "1 of 3" in screen_text(app))
        await pilot.press("enter")
        await dialog(pilot, app, AskPath)
        await type_text(pilot, str(target))
        await until(pilot, lambda: "asked before it is replaced" in said(app))
        await pilot.press("enter")
        await dialog(pilot, app, Confirm)
        await pilot.press("escape")
        await pilot.pause()
        assert target.read_text() == "mine"
        assert not app.jobs.snapshots()
        await pilot.press("s")
        await dialog(pilot, app, SubsetForm)
        await pilot.press("left", "enter")
        await dialog(pilot, app, AskPath)
        await type_text(pilot, str(target))
        await pilot.press("enter")
        await dialog(pilot, app, Confirm)
        await pilot.press("enter")
        await idle_jobs(pilot, app)
    assert len(pd.read_parquet(target)) == 500


async def test_what_has_no_rows_is_said_before_anything_is_asked(
    clean_sandbox: Any, aws_client: Any
) -> None:
    client = aws_client(clean_sandbox, "s3")
    fill(client, "acme-lake", {"a.png": b"x", "b/c.csv": CSV, "c.parquet": b"PAR1"})
    client.put_object(Bucket="acme-lake", Key="old.csv", Body=CSV, StorageClass="GLACIER")
    async with s3_pane(clean_sandbox, "acme-lake") as (app, pilot, screen):
        for key, why in (
            ("a.png", "it is no CSV, TSV, JSONL or Parquet"),
            ("b/", "folders have no rows"),
            ("c.parquet", "can't be read as Parquet"),
            ("old.csv", "it is archived"),
        ):
            screen.objects_table.move_to_key(key)
            await pilot.press("s")
            await until(pilot, lambda why=why: why in said(app))
        assert not app.jobs.snapshots()


@pytest.mark.parametrize(
    ("text", "names", "problem"),
    [
        ("", (), ""),
        ("a, b", ("a", "b"), ""),
        (' b ,"x, y",b', ("b", "x, y"), ""),
        ("al", (), "there is no column al; alpha?"),
        ("zzz", (), "there is no column zzz"),
    ],
)
def test_columns_are_read_as_typed(text: str, names: tuple[str, ...], problem: str) -> None:
    assert typed_names(text, ("a", "b", "alpha", "x, y")) == (names, problem)


@pytest.mark.parametrize(
    ("kind", "text", "fine"),
    [
        ("first", "1,000", True),
        ("first", "0", False),
        ("first", "-1", False),
        ("first", "9" * 40, False),
        ("every", "", False),
        ("share", "0.5", True),
        ("share", "100%", True),
        ("share", "0", False),
        ("share", "nan", False),
        ("sample", "2000000", False),
        ("all", "", True),
    ],
)
def test_amounts_are_judged_as_typed(kind: str, text: str, fine: bool) -> None:
    assert (not amount_problem(kind, text)[0]) is fine
    if fine:
        assert which_of(kind, text, 7).kind == kind
