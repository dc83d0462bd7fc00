"""What a typed address means."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.s3_address import Address, NoAddressError, parsed

LOCAL = "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    ("text", "bucket", "key"),
    [
        ("s3://acme/raw/a.csv", "acme", "raw/a.csv"),
        ("  S3://acme", "acme", ""),
        ("s3a://acme/x", "acme", "x"),
        ("acme/raw/", "acme", "raw/"),
        ("acme", "acme", ""),
        ("s3://acme//double//", "acme", "/double//"),
        ("s3://acme/100%25 ?#x ", "acme", "100%25 ?#x "),  # nothing is decoded, nothing is cut
        ("arn:aws:s3:::acme/raw/a", "acme", "raw/a"),
        ("arn:aws-cn:s3:::acme", "acme", ""),
        ("https://acme.s3.eu-west-1.amazonaws.com/raw/a%20b.csv", "acme", "raw/a b.csv"),
        ("https://acme.s3.amazonaws.com/a?X-Amz-Signature=abc", "acme", "a"),
        ("https://a.b.s3-us-west-2.amazonaws.com/x", "a.b", "x"),
        ("https://acme.s3.dualstack.us-east-1.amazonaws.com/x", "acme", "x"),
        ("http://acme.s3-website.eu-west-1.amazonaws.com/x", "acme", "x"),
        ("https://s3.eu-west-1.amazonaws.com/acme/x", "acme", "x"),
        ("https://s3.cn-north-1.amazonaws.com.cn/acme/x", "acme", "x"),
        ("https://s3.console.aws.amazon.com/s3/buckets/acme?prefix=raw/", "acme", "raw/"),
        (
            "https://us-east-1.console.aws.amazon.com/s3/object/acme?region=x&prefix=a%2Fb.csv",
            "acme",
            "a/b.csv",
        ),
        (f"{LOCAL}/acme/raw/", "acme", "raw/"),
        ("Legacy_Bucket/x", "Legacy_Bucket", "x"),
    ],
)
def test_every_form_of_an_address_is_understood(text: str, bucket: str, key: str) -> None:
    assert parsed(text, LOCAL) == Address(bucket, key)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "s3://bucket"),
        ("s3://", "name a bucket"),
        ("s3:///x", "name a bucket"),
        ("gs://acme/x", "gs:// is not S3's"),
        ("https://example.org/x", "example.org is no address of S3"),
        ("https://[/", "no web address"),
        ("arn:aws:s3:eu-west-1:123456789012:accesspoint/x", "access points"),
        ("arn:aws:ec2:::x", "only ARNs of buckets"),
        ("no spaces here/x", "a bucket's name"),
        ("acme/" + "é" * 513, "at most 1,024 bytes"),
    ],
)
def test_what_is_no_address_says_why(text: str, why: str) -> None:
    with pytest.raises(NoAddressError, match=why):
        parsed(text, LOCAL)


@given(st.text(max_size=30))
def test_the_s3_form_is_the_key_byte_by_byte(key: str) -> None:
    key = key.rstrip("\r\n")
    assert parsed(Address("acme", key).uri) == Address("acme", key)


@given(st.text(max_size=40))
def test_nothing_one_can_type_raises_but_a_sentence(text: str) -> None:
    for head in ("", "https://", "https://x.s3.amazonaws.com", "arn:", "s3://"):
        with suppress(NoAddressError):
            parsed(head + text, LOCAL)
