"""The launch draft: what the six steps of the wizard put together, frozen and edited by copies.

An edit forgets the client token, a review fixes it: so one review makes one launch at most, and a
changed draft is never sent under an old token (EC2 answers IdempotentParameterMismatch to that).
"""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from tui.core.records import Image, IngressRule, InstanceType, SecurityGroup, Tag
from tui.launch.firewall import lets_in, rule_for

T = TypeVar("T")
STEPS = ("image", "type", "details", "storage", "tags", "firewall")
REVIEW = "review"  # the seventh page: the key pair, and everything at once
STEP_TITLES = {
    "image": "Image",
    "type": "Instance type",
    "details": "Details",
    "storage": "Storage",
    "tags": "Tags",
    "firewall": "Firewall",
    "review": "Review",
}
ON_DEMAND, SPOT = "on-demand", "spot"
DEFAULT_GROUP = "skydeck-ssh"
DEFAULT_ROOT_GIB = 8
# Small, cheap, and in the free tier where there is one; the first that fits and is offered.
PREFERRED_TYPES = (
    "t4g.micro",
    "t3.micro",
    "t2.micro",
    "t3a.micro",
    "t4g.small",
    "t3.small",
    "t4g.medium",
    "t3.medium",
)
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html: data volumes are f to p.
DATA_DEVICES = tuple(f"/dev/sd{letter}" for letter in "fghijklmnop")


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """A volume to be made with the instance."""

    device: str
    size_gib: int
    kind: str = "gp3"
    iops: int | None = None
    throughput_mibps: int | None = None
    encrypted: bool = True
    delete_on_termination: bool = True
    root: bool = False


@dataclass(frozen=True, slots=True)
class NewSecurityGroup:
    """A security group to be made before the launch."""

    name: str
    description: str
    rules: tuple[IngressRule, ...] = ()


@dataclass(frozen=True, slots=True)
class ExistingKey:
    """Log in with a key pair that EC2 knows."""

    name: str


@dataclass(frozen=True, slots=True)
class NewKey:
    """Make a key pair and save its private half before the launch."""

    name: str
    kind: str = "ed25519"  # or rsa


@dataclass(frozen=True, slots=True)
class NoKey:
    """Launch without a key pair, which has to be acknowledged: there is no way in by SSH."""

    acknowledged: bool = False


KeyChoice = ExistingKey | NewKey | NoKey


@dataclass(frozen=True, slots=True)
class LaunchDraft:
    """Everything that one launch needs.

    Attributes:
        market: "on-demand" or "spot".
        max_price: USD an hour for spot as typed; "" for no more than on-demand.
        spot_request: "one-time" or "persistent".
        interruption: "terminate", "stop" or "hibernate" when spot is taken away.
        subnet_id: "" for the default subnet of a zone that AWS picks.
        role: the instance profile's name, or "".
        user_data: plain text; boto3 encodes it for RunInstances.
        security_group: an existing group's id, or the group to make.
        world_consent: True once the user typed consent to a login port open to the world.
        client_token: fixed by `reviewed`, cleared by `edit`.
    """

    region: str
    image: Image | None = None
    instance_type: str = ""
    count: int = 1
    market: str = ON_DEMAND
    max_price: str = ""
    spot_request: str = "one-time"
    interruption: str = "terminate"
    subnet_id: str = ""
    public_ip: bool = True
    role: str = ""
    shutdown_behavior: str = "stop"
    termination_protection: bool = False
    monitoring: bool = False
    imdsv2: bool = True
    user_data: str = field(default="", repr=False)
    volumes: tuple[VolumeSpec, ...] = ()
    tags: tuple[Tag, ...] = ()
    security_group: str | NewSecurityGroup = ""
    world_consent: bool = False
    key: KeyChoice = field(default_factory=NoKey)
    client_token: str = ""

    @property
    def name(self) -> str:
        """The value of the Name tag, or ""."""
        return next((tag.value for tag in self.tags if tag.key == "Name"), "")

    @property
    def spot(self) -> bool:
        """True on the spot market."""
        return self.market == SPOT

    @property
    def root_volume(self) -> VolumeSpec | None:
        """The volume that the machine boots from."""
        return next((volume for volume in self.volumes if volume.root), None)

    @property
    def key_name(self) -> str:
        """The key pair's name, or "" for none."""
        return "" if isinstance(self.key, NoKey) else self.key.name


def fits(instance_type: InstanceType, image: Image) -> bool:
    """Tell whether the image runs on the type: same architecture, and HVM on what needs it."""
    if image.architecture not in instance_type.architectures:
        return False
    return image.virtualization != "paravirtual" or not instance_type.current


def default_draft(
    region: str,
    image: Image | None,
    *,
    types: Sequence[InstanceType] = (),
    my_address: str = "",
    groups: Sequence[SecurityGroup] = (),
    key_names: Collection[str] = (),
    key_name: str = "",
    instance_names: Collection[str] = (),
) -> LaunchDraft:
    """Return a draft that launches something small and sane as it is.

    Args:
        types: what the region offers; without it the type is chosen by architecture alone.
        my_address: this machine's public address, for the SSH rule; "" leaves it to be typed.
        groups: the VPC's groups: one that the wizard made before and that lets SSH in is reused.
        key_names: names that are taken, so that a new key pair gets another.
        key_name: an existing key pair whose private half is at hand; "" for a new one.
        instance_names: Name tags in use.
    """
    draft = LaunchDraft(
        region=region,
        instance_type=default_type(image, types),
        tags=(Tag("Name", suggest_name(instance_names)),),
        security_group=default_group(my_address, groups),
        key=ExistingKey(key_name) if key_name else NewKey(suggest_name(key_names, "skydeck-key")),
    )
    return with_image(draft, image, types) if image else draft


def default_type(image: Image | None, types: Sequence[InstanceType]) -> str:
    """Return the preferred type that fits the image and is offered, else the smallest, or ""."""
    if image is None:
        return ""
    if not types:
        return "t4g.micro" if image.architecture == "arm64" else "t3.micro"
    fitting = {each.name: each for each in types if fits(each, image)}
    for name in PREFERRED_TYPES:
        if name in fitting:
            return name
    smallest = sorted(fitting.values(), key=lambda each: (each.vcpus, each.memory_mib, each.name))
    return smallest[0].name if smallest else ""


def default_group(my_address: str, groups: Sequence[SecurityGroup]) -> str | NewSecurityGroup:
    """Return the wizard's own group if it lets SSH in from here, else a new one to make."""
    for group in groups:
        if group.name.startswith(DEFAULT_GROUP) and lets_in(group.ingress, 22, my_address):
            return group.id
    taken = {group.name for group in groups}
    name = DEFAULT_GROUP if DEFAULT_GROUP not in taken else suggest_name(taken, DEFAULT_GROUP)
    rules = (rule_for("SSH", my_cidr(my_address)),)
    return NewSecurityGroup(name, "SSH from my address, made by Skydeck", rules)


def my_cidr(address: str) -> str:
    """Turn an address into the block that holds it alone; "" for what is no address."""
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return ""
    return f"{found}/{found.max_prefixlen}"


def suggest_name(taken: Collection[str], prefix: str = "skydeck") -> str:
    """Return `prefix-1`, or the first number that is free."""
    number = 1
    while f"{prefix}-{number}" in taken:
        number += 1
    return f"{prefix}-{number}"


def edit(draft: LaunchDraft, **changes: Any) -> LaunchDraft:
    """Return a changed copy, with no client token.

    Typed consent is to one group alone, so another group takes it away.
    """
    changes.setdefault("client_token", "")
    if changes.get("security_group", draft.security_group) != draft.security_group:
        changes.setdefault("world_consent", False)
    return replace(draft, **changes)


def reviewed(draft: LaunchDraft) -> LaunchDraft:
    """Return the draft with the client token of this review; one that has it is kept as it is."""
    return draft if draft.client_token else replace(draft, client_token=f"skydeck-{uuid.uuid4()}")


def with_image(draft: LaunchDraft, image: Image, types: Sequence[InstanceType] = ()) -> LaunchDraft:
    """Take another image: the root volume follows it, and the type if it no longer fits."""
    chosen = next((each for each in types if each.name == draft.instance_type), None)
    keeps = bool(draft.instance_type) and (chosen is None or fits(chosen, image))
    if chosen is None and draft.image and draft.image.architecture != image.architecture:
        keeps = False
    root = draft.root_volume or VolumeSpec("", DEFAULT_ROOT_GIB, root=True)
    size = max(root.size_gib, image.root_size_gib)
    root = replace(root, device=image.root_device, size_gib=size)
    others = tuple(volume for volume in draft.volumes if not volume.root)
    return edit(
        draft,
        image=image,
        instance_type=draft.instance_type if keeps else default_type(image, types),
        volumes=(root, *others),
    )


def with_market(draft: LaunchDraft, market: str) -> LaunchDraft:
    """Change between on-demand and spot; spot knows no termination protection."""
    if market == SPOT:
        return edit(draft, market=SPOT, termination_protection=False)
    return edit(draft, market=market, max_price="")


def add_volume(draft: LaunchDraft, size_gib: int = 20, kind: str = "gp3") -> LaunchDraft:
    """Add a data volume at the next free device name.

    Raises:
        ValueError: all the names that AWS recommends are taken.
    """
    taken = {volume.device for volume in draft.volumes}
    free = next((device for device in DATA_DEVICES if device not in taken), None)
    if free is None:
        raise ValueError(f"no more than {len(DATA_DEVICES)} data volumes")
    return edit(draft, volumes=(*draft.volumes, VolumeSpec(free, size_gib, kind)))


def change_volume(draft: LaunchDraft, index: int, **changes: Any) -> LaunchDraft:
    """Change one volume; another kind forgets IOPS and throughput, which it may not take."""
    if "kind" in changes and changes["kind"] != draft.volumes[index].kind:
        changes.setdefault("iops", 3000 if changes["kind"] in ("io1", "io2") else None)
        changes.setdefault("throughput_mibps", None)
    return edit(
        draft, volumes=_changed(draft.volumes, index, replace(draft.volumes[index], **changes))
    )


def remove_volume(draft: LaunchDraft, index: int) -> LaunchDraft:
    """Take a data volume out; the root stays."""
    if draft.volumes[index].root:
        return draft
    return edit(draft, volumes=_without(draft.volumes, index))


def with_tag(draft: LaunchDraft, key: str, value: str) -> LaunchDraft:
    """Set a tag, in its place if the key is there."""
    if any(tag.key == key for tag in draft.tags):
        tags = (Tag(key, value) if tag.key == key else tag for tag in draft.tags)
        return edit(draft, tags=tuple(tags))
    return edit(draft, tags=(*draft.tags, Tag(key, value)))


def remove_tag(draft: LaunchDraft, index: int) -> LaunchDraft:
    """Take a tag out."""
    return edit(draft, tags=_without(draft.tags, index))


def add_rule(draft: LaunchDraft, rule: IngressRule) -> LaunchDraft:
    """Add a rule to the new group; an existing group is not changed by a launch."""
    group = draft.security_group
    if isinstance(group, str):
        return draft
    return edit(draft, security_group=replace(group, rules=(*group.rules, rule)))


def change_rule(draft: LaunchDraft, index: int, rule: IngressRule) -> LaunchDraft:
    """Put another rule in the place of one of the new group's."""
    group = draft.security_group
    if isinstance(group, str):
        return draft
    return edit(draft, security_group=replace(group, rules=_changed(group.rules, index, rule)))


def remove_rule(draft: LaunchDraft, index: int) -> LaunchDraft:
    """Take a rule out of the new group."""
    group = draft.security_group
    if isinstance(group, str):
        return draft
    return edit(draft, security_group=replace(group, rules=_without(group.rules, index)))


def _changed(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    return tuple(item if i == index else each for i, each in enumerate(items))


def _without(items: Iterable[T], index: int) -> tuple[T, ...]:
    return tuple(each for i, each in enumerate(items) if i != index)
