"""Versions, delete markers and unfinished uploads as S3 has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.app.hostile import OWN
from tests.sandbox.machines import BUCKET

HOSTILE = tuple(key for key in OWN if "\n" not in key)  # moto has no way to such a key


def switch(s3: Any, status: str) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})


def write(s3: Any, key: str, body: bytes = b"x") -> str:
    return str(s3.put_object(Bucket=BUCKET, Key=key, Body=body).get("VersionId", "null"))


def listed(s3: Any, **params: Any) -> list[tuple[str, str, bool, bool]]:
    """(key, version id, latest, marker) of all, by pages as small as asked for."""
    found: list[tuple[str, str, bool, bool]] = []
    marks: dict[str, str] = {}
    while True:
        page = s3.list_object_versions(Bucket=BUCKET, **params, **marks)
        rows = [(one, False) for one in page.get("Versions", [])]
        rows += [(one, True) for one in page.get("DeleteMarkers", [])]
        found += [(one["Key"], one["VersionId"], one["IsLatest"], mark) for one, mark in rows]
        if not page["IsTruncated"]:
            return found
        marks = {"KeyMarker": page["NextKeyMarker"]}
        if page.get("NextVersionIdMarker"):
            marks["VersionIdMarker"] = page["NextVersionIdMarker"]


def test_versions_come_newest_first_in_pages_of_any_size(s3: Any) -> None:
    write(s3, "a", b"old")
    switch(s3, "Enabled")
    ids = [write(s3, "a") for _ in range(3)]
    marker = s3.delete_object(Bucket=BUCKET, Key="a")["VersionId"]
    other = write(s3, "b")
    wanted = {("a", marker, True, True), ("b", other, True, False)}
    wanted |= {("a", one, False, False) for one in (*ids, "null")}
    for size in (1, 2, 3, 100):
        found = listed(s3, MaxKeys=size)
        assert len(found) == len(wanted)
        assert set(found) == wanted
    order = [row[1] for row in listed(s3, Prefix="a", MaxKeys=1)]
    assert order == [marker, *reversed(ids), "null"]


def test_hostile_names_are_listed_byte_exactly(s3: Any) -> None:
    switch(s3, "Enabled")
    uploads = [key for key in HOSTILE if key.isprintable()]  # moto repeats the key in XML
    for key in HOSTILE:
        write(s3, key)
    for key in uploads:
        s3.create_multipart_upload(Bucket=BUCKET, Key=key)
    assert {row[0] for row in listed(s3, MaxKeys=2)} == set(HOSTILE)
    page = s3.list_multipart_uploads(Bucket=BUCKET, EncodingType="url")
    assert len(page["Uploads"]) == len(uploads)


def test_what_lies_deeper_comes_as_prefixes(s3: Any) -> None:
    switch(s3, "Enabled")
    for key in ("a/1", "a/2", "b", "c/3"):
        write(s3, key)
    first = s3.list_object_versions(Bucket=BUCKET, Delimiter="/", MaxKeys=1)
    assert [one["Prefix"] for one in first["CommonPrefixes"]] == ["a/"]
    rest = s3.list_object_versions(Bucket=BUCKET, Delimiter="/", KeyMarker=first["NextKeyMarker"])
    assert [one["Key"] for one in rest["Versions"]] == ["b"]
    assert [one["Prefix"] for one in rest["CommonPrefixes"]] == ["c/"]


def test_a_suspended_bucket_keeps_its_versions_and_has_one_null(s3: Any) -> None:
    switch(s3, "Enabled")
    kept = write(s3, "k", b"1")
    switch(s3, "Suspended")
    assert write(s3, "k", b"2") == "null"
    write(s3, "k", b"3")
    assert listed(s3) == [("k", "null", True, False), ("k", kept, False, False)]
    assert s3.get_object(Bucket=BUCKET, Key="k", VersionId=kept)["Body"].read() == b"1"
    assert s3.head_object(Bucket=BUCKET, Key="k", VersionId=kept)["ContentLength"] == 1
    s3.delete_object(Bucket=BUCKET, Key="k")
    assert sorted(listed(s3)) == [("k", kept, False, False), ("k", "null", True, True)]
    s3.delete_object(Bucket=BUCKET, Key="k", VersionId="null")
    assert s3.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"1"
    s3.delete_object(Bucket=BUCKET, Key="k", VersionId=kept)
    assert listed(s3) == []
    s3.delete_bucket(Bucket=BUCKET)


def test_uploads_tell_when_they_began_and_come_in_pages(s3: Any) -> None:
    keys = ["a", "b", "b", "c/d"]
    ids = [s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"] for key in keys]
    found: list[Any] = []
    marks: dict[str, Any] = {}
    while True:
        page = s3.list_multipart_uploads(Bucket=BUCKET, MaxUploads=1, **marks)
        found += page.get("Uploads", [])
        if not page["IsTruncated"]:
            break
        marks = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
    assert [one["Key"] for one in found] == keys
    assert {one["UploadId"] for one in found} == set(ids)
    assert all(abs((datetime.now(UTC) - one["Initiated"]).total_seconds()) < 60 for one in found)
    narrowed = s3.list_multipart_uploads(Bucket=BUCKET, Prefix="c/")["Uploads"]
    assert [one["Key"] for one in narrowed] == ["c/d"]
