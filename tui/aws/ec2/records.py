"""EC2's answers as records, and records as EC2's parameters. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from tui.core.records import (
    IngressRule,
    Instance,
    KeyPair,
    SecurityGroup,
    Subnet,
    Tag,
    Volume,
)

_EPOCH = datetime.fromtimestamp(0, UTC)
_Entry = Mapping[str, Any]


def instance_of(entry: _Entry, volumes: Mapping[str, tuple[Volume, ...]]) -> Instance:
    """Make the record of one instance; `volumes` by instance id."""
    tags = tags_of(entry)
    profile = entry.get("IamInstanceProfile", {}).get("Arn", "")
    reason = entry.get("StateReason", {}).get("Message", "") or entry.get("StateTransitionReason")
    return Instance(
        id=entry["InstanceId"],
        name=next((tag.value for tag in tags if tag.key == "Name"), ""),
        state=entry.get("State", {}).get("Name", ""),
        type=entry.get("InstanceType", ""),
        architecture=entry.get("Architecture", ""),
        zone=entry.get("Placement", {}).get("AvailabilityZone", ""),
        public_ip=entry.get("PublicIpAddress", ""),
        public_dns=entry.get("PublicDnsName", ""),
        private_ip=entry.get("PrivateIpAddress", ""),
        key_name=entry.get("KeyName", ""),
        image_id=entry.get("ImageId", ""),
        launched_at=entry.get("LaunchTime") or _EPOCH,
        spot=entry.get("InstanceLifecycle") == "spot",
        security_group_ids=tuple(group["GroupId"] for group in entry.get("SecurityGroups", ())),
        role=profile.rpartition("/")[2],
        tags=tags,
        volumes=volumes.get(entry["InstanceId"]) or tuple(_mapped_volumes(entry)),
        state_reason=reason or "",
    )


def tags_of(entry: _Entry) -> tuple[Tag, ...]:
    """Return the tags, Name first, the others by key."""
    tags = (Tag(tag.get("Key", ""), tag.get("Value", "")) for tag in entry.get("Tags", ()))
    return tuple(sorted(tags, key=lambda tag: (tag.key != "Name", tag.key)))


def volumes_by_instance(entries: Iterable[_Entry]) -> dict[str, tuple[Volume, ...]]:
    """Group DescribeVolumes' answers by the instance that they are attached to."""
    found: dict[str, list[Volume]] = {}
    for entry in entries:
        for attachment in entry.get("Attachments", ()):
            volume = _volume_of(entry, attachment)
            found.setdefault(attachment.get("InstanceId", ""), []).append(volume)
    return {
        instance_id: tuple(sorted(volumes, key=lambda volume: volume.device))
        for instance_id, volumes in found.items()
    }


def _volume_of(entry: _Entry, attachment: _Entry) -> Volume:
    return Volume(
        id=entry["VolumeId"],
        device=attachment.get("Device", ""),
        size_gib=entry.get("Size", 0),
        kind=entry.get("VolumeType", ""),
        iops=entry.get("Iops"),
        throughput_mibps=entry.get("Throughput"),
        delete_on_termination=bool(attachment.get("DeleteOnTermination")),
        encrypted=bool(entry.get("Encrypted")),
    )


def _mapped_volumes(entry: _Entry) -> Iterator[Volume]:
    """What the instance itself tells of its volumes: everything but size and kind."""
    for mapping in entry.get("BlockDeviceMappings", ()):
        if disk := mapping.get("Ebs"):
            yield Volume(
                id=disk.get("VolumeId", ""),
                device=mapping.get("DeviceName", ""),
                size_gib=0,
                kind="",
                delete_on_termination=bool(disk.get("DeleteOnTermination")),
            )


def key_pair_of(entry: _Entry) -> KeyPair:
    """Make the record of one key pair."""
    return KeyPair(
        name=entry.get("KeyName", ""),
        id=entry.get("KeyPairId", ""),
        kind=entry.get("KeyType", ""),
        fingerprint=entry.get("KeyFingerprint", ""),
    )


def subnet_of(entry: _Entry) -> Subnet:
    """Make the record of one subnet."""
    return Subnet(
        id=entry["SubnetId"],
        vpc_id=entry.get("VpcId", ""),
        zone=entry.get("AvailabilityZone", ""),
        cidr=entry.get("CidrBlock", ""),
        free_addresses=entry.get("AvailableIpAddressCount", 0),
        default_for_zone=bool(entry.get("DefaultForAz")),
    )


def group_of(entry: _Entry) -> SecurityGroup:
    """Make the record of one security group; one rule for each source."""
    rules = (rule for entry in entry.get("IpPermissions", ()) for rule in _rules_of(entry))
    return SecurityGroup(
        id=entry["GroupId"],
        name=entry.get("GroupName", ""),
        description=entry.get("Description", ""),
        vpc_id=entry.get("VpcId", ""),
        ingress=tuple(rules),
    )


_SOURCES = (
    ("IpRanges", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId"),
    ("UserIdGroupPairs", "GroupId"),
)


def _rules_of(permission: _Entry) -> Iterator[IngressRule]:
    for many, one in _SOURCES:
        for source in permission.get(many, ()):
            yield IngressRule(
                protocol=permission.get("IpProtocol", ""),
                from_port=permission.get("FromPort"),
                to_port=permission.get("ToPort"),
                source=source.get(one, ""),
                description=source.get("Description", ""),
            )


def permissions_of(rules: Sequence[IngressRule]) -> list[dict[str, Any]]:
    """Render rules as IpPermissions, one for each rule."""
    return [_permission_of(rule) for rule in rules]


def _permission_of(rule: IngressRule) -> dict[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": rule.protocol}
    if rule.from_port is not None:
        permission["FromPort"] = rule.from_port
        permission["ToPort"] = rule.from_port if rule.to_port is None else rule.to_port
    many, one = _source_kind(rule.source)
    source = {one: rule.source}
    if rule.description:
        source["Description"] = rule.description
    permission[many] = [source]
    return permission


def _source_kind(source: str) -> tuple[str, str]:
    if source.startswith("sg-"):
        return _SOURCES[3]
    if source.startswith("pl-"):
        return _SOURCES[2]
    return _SOURCES[0] if ip_network(source, strict=False).version == 4 else _SOURCES[1]
