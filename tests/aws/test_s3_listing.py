"""The rows that are cut out must be the rows that botocore would have parsed."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus, unquote_plus
from xml.sax.saxutils import escape

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import given
from hypothesis import strategies as st

from tui.aws.s3 import listing as s3_listing
from tui.aws.s3.listing import ROWS, cut_rows, install, page_of

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def row(key: str, size: int = 5, *, encode: bool = True, extra: str = "") -> str:
    shown = quote_plus(key, safe="/") if encode else key
    return (
        f"<Contents><Key>{shown}</Key><LastModified>2026-05-01T12:00:01.000Z</LastModified>"
        f"<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>{size}</Size>{extra}"
        "<StorageClass>STANDARD_IA</StorageClass></Contents>"
    )


def listing(rows: list[str], *, encoding: str = "url", prefixes: str = "") -> bytes:
    kind = f"<EncodingType>{encoding}</EncodingType>" if encoding else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult {NAMESPACE}><Name>b</Name>'
        f"<Prefix></Prefix><MaxKeys>1000</MaxKeys>{kind}<IsTruncated>false</IsTruncated>"
        f"{''.join(rows)}{prefixes}</ListBucketResult>"
    ).encode()


class Canned:
    """A boto3 client whose every answer is one canned listing."""

    def __init__(self) -> None:
        session = botocore.session.Session()
        session.set_credentials("a", "b")
        self.client = session.create_client("s3", region_name="us-east-1")
        install(self.client)
        self.body = b""
        self.client.meta.events.register("before-send.s3", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        class Raw:
            def __init__(self, body: bytes) -> None:
                self._body = body

            def stream(self, *_: Any, **__: Any) -> Any:
                yield self._body

        return AWSResponse(request.url, 200, {}, Raw(self.body))  # type: ignore[arg-type]

    def both(self, body: bytes) -> tuple[Any, Any, bool]:
        """Return the page cut out, the page that botocore parses, and whether it was cut."""
        self.body = body
        plain = self.client.list_objects_v2(Bucket="b")
        with cut_rows():
            cut = self.client.list_objects_v2(Bucket="b")
        return page_of(cut), page_of(plain), ROWS in cut


@pytest.fixture(scope="module")
def canned() -> Canned:
    return Canned()


KEYS = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=40
)


@given(keys=st.lists(KEYS, min_size=1, max_size=5), size=st.integers(0, 2**45))
def test_rows_are_what_botocore_parses(canned: Canned, keys: list[str], size: int) -> None:
    cut, plain, was_cut = canned.both(listing([row(key, size) for key in keys]))
    assert was_cut
    assert cut == plain
    assert [entry.key for entry in cut.objects] == keys


def test_prefixes_stay_beside_the_rows(canned: Canned) -> None:
    prefixes = "<CommonPrefixes><Prefix>a%2Bb/</Prefix></CommonPrefixes>"
    cut, plain, was_cut = canned.both(listing([row("k")], prefixes=prefixes))
    assert was_cut
    assert cut == plain
    assert cut.prefixes == ("a+b/",)


ANOTHER_ORDER = (
    "<Contents><Size>1</Size><Key>b</Key>"
    "<LastModified>2026-05-01T12:00:01.000Z</LastModified></Contents>"
)
OWNER = "<Owner><ID>1</ID><DisplayName>d</DisplayName></Owner>"


@pytest.mark.parametrize(
    "extra",
    [OWNER, ""],
)
def test_known_elements_are_understood(canned: Canned, extra: str) -> None:
    cut, plain, was_cut = canned.both(listing([row("k", extra=extra), row("l")]))
    assert was_cut
    assert cut == plain


@pytest.mark.parametrize(
    "body",
    [
        listing([row("a", encode=False)], encoding=""),  # a server without URL encoding
        listing([row("a"), ANOTHER_ORDER]),
        listing([row("a"), "\n  ", row("b")]),  # laid out with spaces
        listing([row("a"), "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>", row("b")]),
        listing([row("a", extra="<Unknown>1</Unknown>")]),
        listing([row("a").replace("2026-05-01T12:00:01.000Z", "Fri, 01 May 2026 12:00:01 GMT")]),
    ],
)
def test_any_other_layout_is_left_to_botocore_and_loses_nothing(
    canned: Canned, body: bytes
) -> None:
    cut, plain, was_cut = canned.both(body)
    assert not was_cut
    assert cut == plain
    assert len(cut.objects) == body.count(b"<Contents>")


@pytest.mark.parametrize("key", ["a&b", "a<b>&amp;c", "q'\"&#38;", "a&b%26c"])
def test_keys_with_entities_of_a_server_that_only_says_url_are_unescaped(
    canned: Canned, key: str
) -> None:
    written = row("KEY", encode=False).replace("KEY", escape(key))
    cut, plain, was_cut = canned.both(listing([row("a"), written]))
    assert not was_cut
    assert cut == plain
    assert cut.objects[1].key == unquote_plus(key)


def test_a_listing_of_someone_else_still_gets_contents(canned: Canned) -> None:
    canned.body = listing([row("k")])
    answer = canned.client.list_objects_v2(Bucket="b")
    assert answer["Contents"][0]["Key"] == "k"
    assert ROWS not in answer


async def test_the_sandbox_answers_in_the_layout_that_is_cut(
    s3: Any, bucket: str, outside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.core.records import ObjectQuery

    outside.put_object(Bucket=bucket, Key="a b", Body=b"x")
    cuts: list[Any] = []
    real = s3_listing._cut

    def noting(body: bytes) -> Any:
        cuts.append(real(body))
        return cuts[-1]

    monkeypatch.setattr(s3_listing, "_cut", noting)
    [page] = [page async for page in s3.objects(ObjectQuery(bucket))]
    assert [cut and cut[1] for cut in cuts] == [page.objects]
    assert page.objects[0].key == "a b"
