"""Roles for instances: what lets a script on a machine reach S3 without keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.gateway import Gateway

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


async def instance_profiles(gateway: Gateway) -> tuple[str, ...]:
    """Return the names of all instance profiles, sorted."""
    names: list[str] = []
    async for page in gateway.pages(
        "iam",
        "list_instance_profiles",
        lambda answer: [entry["InstanceProfileName"] for entry in answer["InstanceProfiles"]],
    ):
        names += page
    return tuple(sorted(names))


async def create_s3_role(gateway: Gateway, name: str, buckets: Sequence[str] = ()) -> str:
    """Create a role and an instance profile of that name; return the profile's name.

    The role lists, reads, writes and deletes objects in `buckets` (in all of the account's where
    none are named) and nothing else. What of it exists already is used and brought up to date,
    so a run that was cut short is simply run again.
    """

    async def once(operation: str, **params: Any) -> None:
        try:
            await gateway.call("iam", operation, **params)
        except AwsError as error:
            if error.code not in ("EntityAlreadyExists", "LimitExceeded"):
                raise
            # A profile holds one role: LimitExceeded means that it has one.
            if error.code == "LimitExceeded" and operation != "add_role_to_instance_profile":
                raise

    await once(
        "create_role",
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(_TRUST),
        Description="Lets an EC2 instance use S3; made by Skydeck",
    )
    await gateway.call(
        "iam",
        "put_role_policy",
        RoleName=name,
        PolicyName="skydeck-s3",
        PolicyDocument=json.dumps(_policy(buckets)),
    )
    await once("create_instance_profile", InstanceProfileName=name)
    await once("add_role_to_instance_profile", InstanceProfileName=name, RoleName=name)
    return name


def _policy(buckets: Sequence[str]) -> dict[str, Any]:
    names = list(buckets) or ["*"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
                "Resource": [f"arn:aws:s3:::{name}" for name in names],
            },
            {
                "Effect": "Allow",
                "Action": [
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                ],
                "Resource": [f"arn:aws:s3:::{name}/*" for name in names],
            },
            {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
        ],
    }
