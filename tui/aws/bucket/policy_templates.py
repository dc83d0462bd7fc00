"""Ready-made statements of bucket policies, and how they go into a policy that is there. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tui.aws.bucket.policy_words import VERSIONS

Statement = dict[str, Any]
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Template:
    """A ready-made statement.

    Attributes:
        wants: what must be typed for it ("account"), or "".
        make: the statement, from the bucket's ARN and what was typed.
    """

    id: str
    label: str
    about: str
    make: Callable[[str, str], Statement]
    wants: str = ""

    def judge(self, typed: str) -> str | None:
        """What is wrong with what was typed for it."""
        if self.wants == "account" and not _ACCOUNT.fullmatch(typed.strip()):
            return "the 12 digits of an account"
        if self.wants == "vpce" and not re.fullmatch(r"vpce-[0-9a-f]{8,17}", typed.strip()):
            return "the id of a VPC endpoint: vpce-0a1b2c3d4e5f67890"
        return None


def _public_read(arn: str, _: str) -> Statement:
    return {
        "Sid": "PublicRead",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"{arn}/*",
    }


def _account_read(arn: str, typed: str) -> Statement:
    return {
        "Sid": f"ReadFor{typed}",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{arn.split(':')[1]}:iam::{typed}:root"},
        "Action": ["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"],
        "Resource": [arn, f"{arn}/*"],
    }


def _secure_transport(arn: str, _: str) -> Statement:
    return {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _one_endpoint(arn: str, typed: str) -> Statement:
    return {
        "Sid": "ReadThroughEndpoint",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"StringEquals": {"aws:SourceVpce": typed}},
    }


TEMPLATES: tuple[Template, ...] = (
    Template("public", "public-read website", "anyone on the internet may read", _public_read),
    Template(
        "account", "read for one account", "list and read, by its number", _account_read, "account"
    ),
    Template("tls", "deny insecure transport", "nobody without TLS", _secure_transport),
    Template("vpce", "read through one VPC endpoint", "and nobody else", _one_endpoint, "vpce"),
)


def arn_of(bucket: str, region: str = "") -> str:
    """A bucket's ARN, in the partition of its region."""
    partition = "aws"
    if region.startswith("cn-"):
        partition = "aws-cn"
    elif region.startswith("us-gov-"):
        partition = "aws-us-gov"
    return f"arn:{partition}:s3:::{bucket}"


def with_statement(text: str, statement: Statement) -> str:
    """A policy with one statement more, whose Sid is made different from the others'.

    Raises:
        ValueError: the text is neither empty nor a policy one could add to.
    """
    policy: Any = json.loads(text) if text.strip() else {"Version": VERSIONS[0], "Statement": []}
    if not isinstance(policy, dict):
        raise ValueError("no object")
    rows = policy.setdefault("Statement", [])
    rows = rows if isinstance(rows, list) else [rows]
    taken = {row.get("Sid") for row in rows if isinstance(row, dict)}
    sid, number = statement["Sid"], 2
    while sid in taken:
        sid, number = f"{statement['Sid']}{number}", number + 1
    policy["Statement"] = [*rows, {**statement, "Sid": sid}]
    return json.dumps(policy, indent=2, ensure_ascii=False) + "\n"
