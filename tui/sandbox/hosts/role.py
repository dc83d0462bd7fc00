"""The credentials of an instance: what its instance profile's role gets from STS, or nothing."""

from __future__ import annotations

from typing import Any

from tui.sandbox.records import ACCOUNT

SESSION_SECONDS = 12 * 3600


def identity(instance: Any) -> tuple[str, str]:
    """The ARNs of the instance's profile and of the role in it; "" for what there is none of."""
    association = instance.ec2_backend.iam_instance_profile_associations.get(instance.id)
    if association is None:
        return "", ""
    profile = association.iam_instance_profile
    return str(profile.arn), str(profile.roles[0].arn) if profile.roles else ""


def role_environment(instance: Any) -> dict[str, str]:
    """The shells' credentials: a session of the profile's role; empty without a role."""
    from moto.sts.models import sts_backends

    association = instance.ec2_backend.iam_instance_profile_associations.get(instance.id)
    roles = association.iam_instance_profile.roles if association is not None else []
    if not roles:
        return {}
    session = sts_backends[ACCOUNT]["aws"].assume_role(
        region_name=instance.region_name,
        role_session_name=instance.id,
        role_arn=roles[0].arn,
        policy="",
        duration=SESSION_SECONDS,
        external_id="",
    )
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }


def ssh_is_open(instance: Any) -> bool:
    """Whether a security group lets port 22 in from any address.

    The source is not compared: every login comes from loopback, and the rule names the address
    that the user would come from on the real AWS.
    """
    return any(_lets_ssh_in(rule) for group in _groups(instance) for rule in group.ingress_rules)


def _groups(instance: Any) -> list[Any]:
    groups = {group.id: group for group in instance.security_groups}
    for nic in instance.nics.values():
        groups |= {group.id: group for group in nic.group_set}
    return list(groups.values())


def _lets_ssh_in(rule: Any) -> bool:
    if not rule.ip_range:  # from another group, or a prefix list
        return False
    if str(rule.ip_protocol) == "-1":
        return True
    if str(rule.ip_protocol) not in ("tcp", "6"):
        return False
    first, last = rule.from_port, rule.to_port
    return first is not None and (first == -1 or first <= 22 <= last)
