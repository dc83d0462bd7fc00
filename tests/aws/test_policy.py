"""Bucket policies: read with their places, judged, and weighed for whom they let in or shut out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.aws.bucket.json_places import DEEPEST, JsonProblem, line_and_column, parse
from tui.aws.bucket.policy import MAX_BYTES, pretty, problems, same
from tui.aws.bucket.policy_access import Certainty, is_public, lockout, openings
from tui.aws.bucket.policy_templates import TEMPLATES, arn_of, with_statement

BUCKET = "acme-lake"
ARN = arn_of(BUCKET)
BOTH = [ARN, f"{ARN}/*"]
DEV = "arn:aws:sts::123456789012:assumed-role/Dev/dana"
USER = "arn:aws:iam::123456789012:user/dana"
TYPED = {"account": "123456789012", "vpce": "vpce-0a1b2c3d", "": ""}


def policy(**fields: Any) -> str:
    """A policy of one statement, good but for the fields that are given; None leaves one out."""
    row: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": "123456789012"},
        "Action": "s3:GetObject",
        "Resource": f"{ARN}/*",
    }
    row = {name: value for name, value in {**row, **fields}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [row]})


def fatal(text: str) -> list[str]:
    return [one.message for one in problems(text, BUCKET) if one.fatal]


# -- JSON ----------------------------------------------------------------------------------

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(values, st.sampled_from([None, 2]))
def test_json_is_read_as_pythons_own_reader_reads_it(value: Any, indent: int | None) -> None:
    big = [one for one in _numbers(value) if len(str(one)) > 30]
    text = json.dumps(value, indent=indent)
    if not big:
        assert parse(text).value == json.loads(text)


def _numbers(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [one for part in value for one in _numbers(part)]
    if isinstance(value, dict):
        return [one for part in value.values() for one in _numbers(part)]
    return [value] if isinstance(value, int | float) else []


@given(st.text(alphabet='{}[]",:0123456789.eE+-truefalsn \n\\\x00x', max_size=40))
def test_what_is_no_json_is_refused_with_a_place_inside_the_text(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(JsonProblem) as caught:
            parse(text)
        assert 0 <= caught.value.offset <= len(text)
        return
    assert parse(text).value == expected


def test_json_nested_without_end_is_refused_and_not_run_into() -> None:
    with pytest.raises(JsonProblem, match="nested deeper"):
        parse("[" * 100_000)
    assert parse("[" * DEEPEST + "]" * DEEPEST).value


def test_a_place_is_a_line_and_a_column_from_one() -> None:
    assert line_and_column("ab\ncd", 4) == (2, 2)
    assert line_and_column("", 0) == (1, 1)


# -- grammar -------------------------------------------------------------------------------


def test_a_good_policy_has_no_problem() -> None:
    assert problems(policy(), BUCKET) == ()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.id)
def test_every_template_is_a_good_policy_and_only_the_public_one_is_public(template: Any) -> None:
    text = with_statement("", template.make(ARN, TYPED[template.wants]))
    assert problems(text, BUCKET) == ()
    assert is_public(text) == (template.id == "public")
    assert lockout(text, DEV, ARN).certainty is Certainty.NO


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"Effect": "allow"}, '"Effect" is "Allow" or "Deny", written so'),
        ({"Effect": None}, 'a statement wants "Effect": "Allow" or "Deny"'),
        ({"Principal": None}, 'a statement wants "Principal" (or "NotPrincipal")'),
        ({"Principal": "arn:aws:iam::123456789012:root"}, "a principal is"),
        ({"Principal": {"AWS": "12345"}}, "an account's number, or the ARN"),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:role/*"}}, "no patterns in a principal"),
        ({"Principal": {"Aws": "*"}}, '"Aws" is no field of a principal, did you mean "AWS"?'),
        ({"NotAction": "s3:*"}, 'either "Action" or "NotAction", not both'),
        ({"Action": []}, '"Action" holds nothing'),
        ({"Action": "ec2:RunInstances"}, "an action of S3"),
        ({"Action": ["s3:GetObject", 5]}, '"Action" is a string or a list of strings'),
        ({"Action": "s3:ListBucket"}, "s3:ListBucket is about the bucket"),
        ({"Resource": ARN}, "s3:GetObject is about objects"),
        ({"Resource": "*"}, "a resource is arn:aws:s3:::acme-lake"),
        ({"Resource": "arn:aws:s3:::acme-lake-prod/*"}, "can only speak of acme-lake"),
        ({"Sids": "x"}, '"Sids" is no field of a statement, did you mean "Sid"?'),
        ({"Condition": {"IpAdress": {"aws:SourceIp": "1.2.3.4"}}}, "did you mean IpAddress?"),
        ({"Condition": {"IpAddress": {"SourceIp": "1.2.3.4"}}}, "is no condition key"),
        ({"Condition": {"IpAddress": {"aws:SourceIp": []}}}, "a value is a string"),
        ({"Condition": []}, "a condition is an object"),
    ],
)
def test_what_s3_would_refuse_is_told(fields: dict[str, Any], said: str) -> None:
    assert any(said in one for one in fatal(policy(**fields))), fatal(policy(**fields))


def test_an_action_that_is_not_known_is_doubted_but_not_refused() -> None:
    found = problems(policy(Action="s3:GetObjcet"), BUCKET)
    assert [one.fatal for one in found] == [False]
    assert "did you mean s3:GetObject?" in found[0].message
    assert problems(policy(Action="s3:Get*"), BUCKET) == ()


def test_names_that_are_there_twice_are_told() -> None:
    text = '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}'
    assert '"Version" is there twice' in fatal(text)
    rows = [json.loads(policy(Sid="a"))["Statement"][0]] * 2
    two = json.dumps({"Version": "2012-10-17", "Statement": rows})
    assert fatal(two) == ['another statement has the Sid "a"']


def test_a_misspelt_field_is_told_at_its_place_before_what_is_missing_for_it() -> None:
    text = policy(Effct="Allow", Effect=None).replace(', "Effct"', ',\n"Effct"')
    first = problems(text, BUCKET)[0]
    assert first.message == '"Effct" is no field of a statement, did you mean "Effect"?'
    assert (first.line, first.column) == (2, 1)


def test_a_policy_has_at_most_20_kb() -> None:
    assert fatal("x" * 1_000_000) == ["1,000,000 bytes: S3 takes at most 20,480"]
    text = policy(Sid="x" * MAX_BYTES)
    assert any("S3 takes at most 20,480" in one for one in fatal(text))
    assert fatal(policy()) == []


@pytest.mark.parametrize(
    "text", ["[]", '"x"', "5", "{}", '{"Statement": []}', '{"Statement": [5]}']
)
def test_json_that_is_no_policy_is_told(text: str) -> None:
    assert fatal(text)


@given(values)
def test_no_json_is_too_odd_to_be_judged(value: Any) -> None:
    row = {"Effect": value, "Principal": value, "Action": value, "Resource": value}
    for whole in (value, {"Statement": value}, {"Statement": [{**row, "Condition": value}]}):
        text = json.dumps(whole)
        problems(text, BUCKET)
        openings(text)
        lockout(text, DEV, ARN)
        assert same(text, pretty(text))


def test_a_template_adds_to_what_is_there_under_a_name_of_its_own() -> None:
    once = with_statement(policy(), TEMPLATES[0].make(ARN, ""))
    twice = with_statement(once, TEMPLATES[0].make(ARN, ""))
    assert [row.get("Sid") for row in json.loads(twice)["Statement"]] == [
        None,
        "PublicRead",
        "PublicRead2",
    ]
    assert fatal(twice) == []
    with pytest.raises(ValueError, match="Expecting"):
        with_statement("{", TEMPLATES[0].make(ARN, ""))


# -- public --------------------------------------------------------------------------------


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*", "123456789012"]}])
def test_who_allows_everyone_is_public(principal: Any) -> None:
    assert is_public(policy(Principal=principal))
    assert not is_public(policy(Principal=principal, Effect="Deny"))


def test_allowing_all_but_one_is_public() -> None:
    assert is_public(policy(Principal=None, NotPrincipal={"AWS": USER}))


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, False),
        ({"IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "0.0.0.0/1"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}, False),
        ({"IpAddress": {"aws:SourceIp": "nonsense"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, True),
        ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, False),
        ({"StringEquals": {"AWS:SourceVpce": ["vpce-1", "vpce-2"]}}, False),
        ({"StringLike": {"aws:SourceVpce": "vpce-*"}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}, True),
        ({"ForAllValues:StringEquals": {"aws:SourceVpc": "vpc-1"}}, True),
        ({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, True),
        ({"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:123456789012:*"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, True),
        ({"StringEquals": {"aws:Referer": "https://acme.example"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({}, True),
    ],
)
def test_only_fixed_callers_networks_and_addresses_keep_strangers_out(
    condition: dict[str, Any], public: bool
) -> None:
    assert is_public(policy(Principal="*", Condition=condition)) is public


def test_openings_say_what_anyone_may_do() -> None:
    acts = ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]
    opening = openings(policy(Principal="*", Action=acts, Resource=BOTH, Sid="Wide"))[0]
    assert opening.sid == "Wide"
    assert opening.words == "anyone may read objects, list the keys and write objects"
    assert opening.writes
    assert openings(policy(Principal="*", Action="s3:*"))[0].words == "anyone may do everything"
    assert not openings(policy(Principal="*"))[0].writes


# -- shut out ------------------------------------------------------------------------------


def deny(**fields: Any) -> str:
    wide: dict[str, Any] = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": BOTH}
    return policy(**{**wide, **fields})


@pytest.mark.parametrize(
    ("text", "certainty", "policy_itself"),
    [
        (deny(), Certainty.SURE, True),
        (deny(Action="s3:PutBucketPolicy", Resource=ARN), Certainty.SURE, True),
        (deny(Principal={"AWS": "123456789012"}), Certainty.SURE, True),
        (deny(Principal={"AWS": "arn:aws:iam::123456789012:role/team/Dev"}), Certainty.SURE, True),
        (deny(Principal={"AWS": "arn:aws:iam::123456789012:role/Ops"}), Certainty.NO, False),
        (deny(Principal=None, NotPrincipal={"AWS": DEV}), Certainty.NO, False),
        (deny(Principal=None, NotPrincipal={"AWS": USER}), Certainty.SURE, True),
        (deny(Action=None, NotAction="s3:GetObject"), Certainty.SURE, True),
        (deny(Resource=f"{ARN}/*"), Certainty.SURE, False),
        (deny(Action="s3:DeleteObject", Resource=f"{ARN}/*"), Certainty.SURE, False),
        (deny(Condition={"Bool": {"aws:SecureTransport": "false"}}), Certainty.NO, False),
        (deny(Condition={"Bool": {"aws:SecureTransport": False}}), Certainty.NO, False),
        (deny(Condition={"NotIpAddress": {"aws:SourceIp": "1.2.3.4/32"}}), Certainty.MAYBE, True),
        (
            deny(Condition={"ArnNotEquals": {"aws:PrincipalArn": f"{USER}x"}}),
            *(Certainty.SURE, True),
        ),
        (
            deny(Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Dev"}}),
            *(Certainty.NO, False),
        ),
        (
            deny(
                Action="s3:PutObject",
                Resource=f"{ARN}/*",
                Condition={"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
            ),
            *(Certainty.NO, False),
        ),
        (policy(Principal="*", Effect="Allow"), Certainty.NO, False),
    ],
)
def test_what_a_policy_takes_from_its_author(
    text: str, certainty: Certainty, policy_itself: bool
) -> None:
    found = lockout(text, DEV, ARN)
    assert (found.certainty, found.policy_itself) == (certainty, policy_itself)
    assert bool(found.words) == (certainty is not Certainty.NO)


def test_a_lockout_says_what_and_unless_when() -> None:
    text = deny(Sid="Office", Condition={"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}})
    told = (
        "Office denies you too to change this policy and to use what is in the bucket, "
        "unless your address is in 198.51.100.0/24"
    )
    assert lockout(text, DEV, ARN).words == (told,)
