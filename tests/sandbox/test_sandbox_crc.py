"""The checksums that the standard library lacks."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.signing import ask
from tui.sandbox import Sandbox
from tui.sandbox.front.crc import CRC32C, CRC64NVME, Crc


def test_the_two_crcs_are_the_published_ones() -> None:
    # The check values of the catalogue of parametrised CRC algorithms, for "123456789".
    assert CRC32C.digest(b"123456789").hex() == "e3069283"
    assert CRC64NVME.digest(b"123456789").hex() == "ae8b14860a799888"


@given(st.binary(max_size=700), st.integers(0, 300_000))
def test_a_crc_of_any_length_is_right(data: bytes, size: int) -> None:
    data = (data or b"x") * (size // max(len(data), 1) + 1)
    assert Crc(32, 0xEDB88320).digest(data) == zlib.crc32(data).to_bytes(4, "big")


@pytest.mark.parametrize("kind", ["crc32c", "crc64nvme"])
def test_a_wrong_crc_is_refused(s3: Any, clean_sandbox: Sandbox, kind: str) -> None:
    body = bytes(range(256)) * 5000
    digest = (CRC32C if kind == "crc32c" else CRC64NVME).digest(body)
    for value, status in ((digest, 200), (digest[::-1], 400)):
        headers = {f"x-amz-checksum-{kind}": base64.b64encode(value).decode()}
        answer = ask(clean_sandbox, "s3", "/the-bucket/k", "PUT", body, headers)
        assert answer.status == status
    assert answer.says("BadDigest")
