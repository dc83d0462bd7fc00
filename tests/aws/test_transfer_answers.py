"""Answers that are not the object's, though they look like a success: none is believed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from tests.aws.transfer_faults import CutBody, Faults
from tests.aws.transfer_support import BIG, noise
from tui.aws.transfers.service import Transfers
from tui.core.errors import AwsError
from tui.core.progress import Progress


def one_at_a_time() -> Progress:
    progress = Progress()
    progress.limits.at_once = 1
    return progress


class Careless:
    """A server that knows no If-Match, and whose ETags are no digests: "one", then "two"."""

    def __init__(self, faults: Faults, swap_at: int, swap: Any) -> None:
        self.tag, self.asked = '"one"', 0
        self._swap_at, self._swap = swap_at, swap
        events = faults._events
        events.register("before-call.s3.GetObject", self._forget)
        events.register("after-call.s3.HeadObject", self._tagged)
        events.register_first("after-call.s3.GetObject", self._tagged)

    def _forget(self, params: dict[str, Any], **_: Any) -> None:
        params["headers"].pop("If-Match", None)
        self.asked += 1
        if self.asked == self._swap_at:
            self._swap()
            self.tag = '"two"'

    def _tagged(self, parsed: dict[str, Any], **_: Any) -> None:
        for name in [name for name in parsed if name.startswith("Checksum")]:
            del parsed[name]
        parsed["ETag"] = self.tag


@pytest.mark.parametrize("size", [5_000, BIG])
async def test_a_server_that_knows_no_if_match_gives_no_mixture_either(
    size: int, faults: Faults, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    old, new = noise(size), noise(BIG if size == BIG else 999, 2)
    outside.put_object(Bucket=bucket, Key="k", Body=old)
    Careless(faults, 2, lambda: outside.put_object(Bucket=bucket, Key="k", Body=new))
    if size < BIG:  # the first answer breaks off, so that it is asked for again
        faults.body(lambda at, body: CutBody(body[:-1]) if at == 1 else io.BytesIO(body))
    await transfers.download(bucket, "k", folder / "k", one_at_a_time())
    assert (folder / "k").read_bytes() == new


async def test_another_range_than_was_asked_for_is_not_taken(
    faults: Faults, transfers: Transfers, bucket: str, outside: Any, folder: Path
) -> None:
    data, asked = noise(BIG), list[str]()
    outside.put_object(Bucket=bucket, Key="k", Body=data)

    def other(parsed: dict[str, Any], **_: Any) -> None:
        asked.append(parsed.get("ContentRange", ""))
        if asked[-1]:
            parsed["ContentRange"] = f"bytes 0-15/{BIG}"

    faults._events.register("after-call.s3.GetObject", other)
    await transfers.download(bucket, "k", folder / "k", one_at_a_time())
    assert (folder / "k").read_bytes() == data
    assert asked[-1] == ""  # the whole in its place


async def test_a_login_page_in_place_of_an_answer_is_no_success(
    faults: Faults, transfers: Transfers, bucket: str, folder: Path
) -> None:
    """A network's own page, on the way to a server without TLS, says 200 to everything."""
    (folder / "a").write_bytes(b"hello")

    def page(request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        answer = AWSResponse(request.url, 200, {"content-type": "text/html"}, None)
        answer._content = b"<html><body>Log in</body></html>"
        return answer

    faults._events.register_first("before-send.s3.PutObject", page)
    with pytest.raises(AwsError, match="doesn't answer as AWS does"):
        await transfers.upload(bucket, "k", folder / "a", Progress())
