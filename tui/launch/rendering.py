"""Renders a draft as the parameters of one RunInstances call."""

from __future__ import annotations

from typing import Any

from tui.launch.draft import ExistingKey, LaunchDraft, NewKey, NewSecurityGroup, VolumeSpec
from tui.launch.firewall import words


def request(
    draft: LaunchDraft, *, security_group_id: str = "", key_name: str | None = None
) -> dict[str, Any]:
    """Return the keyword arguments of boto3's `run_instances`.

    Args:
        draft: a draft without blocking problems, reviewed (so that it has its client token).
        security_group_id: the group just made; "" for the draft's existing one.
        key_name: another key pair's name than the draft's; "" for none.

    Raises:
        ValueError: the draft has no image, or its new group has no id yet.
    """
    if draft.image is None:
        raise ValueError("a launch needs an image")
    existing = draft.security_group if isinstance(draft.security_group, str) else ""
    group = security_group_id or existing
    if not group and isinstance(draft.security_group, NewSecurityGroup):
        raise ValueError("the new security group has to be made first")
    params: dict[str, Any] = {
        "ImageId": draft.image.id,
        "InstanceType": draft.instance_type,
        "MinCount": draft.count,
        "MaxCount": draft.count,
        "BlockDeviceMappings": [_mapping(volume) for volume in draft.volumes],
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required" if draft.imdsv2 else "optional",
        },
        **_network(draft, group),
        **_market(draft),
        **_options(draft),
    }
    chosen = draft.key_name if key_name is None else key_name
    if chosen:
        params["KeyName"] = chosen
    if draft.client_token:
        params["ClientToken"] = draft.client_token
    return params


def planned_calls(draft: LaunchDraft) -> tuple[tuple[str, str], ...]:
    """Return what a launch asks of AWS, in order: (operation, what of it in words)."""
    calls: list[tuple[str, str]] = []
    if isinstance(draft.key, NewKey):
        calls.append(("CreateKeyPair", f"{draft.key.name} · {draft.key.kind}"))
    group = draft.security_group
    if isinstance(group, NewSecurityGroup):
        calls.append(("CreateSecurityGroup", group.name))
        if group.rules:
            rules = ", ".join(words(rule) for rule in group.rules)
            calls.append(("AuthorizeSecurityGroupIngress", rules))
    key = f"key {draft.key.name}" if isinstance(draft.key, ExistingKey | NewKey) else "no key pair"
    image = draft.image.id if draft.image else "no image"
    run = f"{draft.count} × {draft.instance_type} · {image} · {key}"
    return (*calls, ("RunInstances", run))


def _mapping(volume: VolumeSpec) -> dict[str, Any]:
    ebs: dict[str, Any] = {
        "VolumeSize": volume.size_gib,
        "VolumeType": volume.kind,
        "Encrypted": volume.encrypted,
        "DeleteOnTermination": volume.delete_on_termination,
    }
    if volume.iops is not None:
        ebs["Iops"] = volume.iops
    if volume.throughput_mibps is not None:
        ebs["Throughput"] = volume.throughput_mibps
    return {"DeviceName": volume.device, "Ebs": ebs}


def _network(draft: LaunchDraft, group: str) -> dict[str, Any]:
    """A public address is asked for on an interface, which then carries subnet and groups too."""
    if not draft.subnet_id and draft.public_ip:
        # The default subnets give a public address by themselves.
        return {"SecurityGroupIds": [group]} if group else {}
    interface: dict[str, Any] = {
        "DeviceIndex": 0,
        "AssociatePublicIpAddress": draft.public_ip,
        "DeleteOnTermination": True,
    }
    if draft.subnet_id:
        interface["SubnetId"] = draft.subnet_id
    if group:
        interface["Groups"] = [group]
    return {"NetworkInterfaces": [interface]}


def _market(draft: LaunchDraft) -> dict[str, Any]:
    if not draft.spot:
        return {"InstanceInitiatedShutdownBehavior": draft.shutdown_behavior}
    options = {
        "SpotInstanceType": draft.spot_request,
        "InstanceInterruptionBehavior": draft.interruption,
    }
    if draft.max_price.strip():
        options["MaxPrice"] = draft.max_price.strip().removeprefix("$")
    return {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": options}}


def _options(draft: LaunchDraft) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if draft.tags:
        tags = [{"Key": tag.key, "Value": tag.value} for tag in draft.tags]
        kinds = ["instance", "volume"] + (["spot-instances-request"] if draft.spot else [])
        params["TagSpecifications"] = [{"ResourceType": kind, "Tags": tags} for kind in kinds]
    if draft.role:
        params["IamInstanceProfile"] = {"Name": draft.role}
    if draft.termination_protection:
        params["DisableApiTermination"] = True
    if draft.monitoring:
        params["Monitoring"] = {"Enabled": True}
    if draft.user_data:
        params["UserData"] = draft.user_data
    return params
