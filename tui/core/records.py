"""The records that travel between the layers. Raw boto3 dicts stop at `tui.aws`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are at AWS (sts:GetCallerIdentity) and where."""

    account: str
    arn: str
    region: str
    profile: str = ""
    sandbox: bool = False
    read_only: bool = False

    @property
    def user(self) -> str:
        """The last part of the ARN: `user/dana`, `assumed-role/Dev/session`, `root`."""
        return self.arn.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of the account."""

    name: str
    created_at: datetime | None = None
    region: str = ""


@dataclass(frozen=True, slots=True)
class S3Object:
    """One row of a listing. Kept small: a bucket holds millions."""

    key: str
    size_bytes: int
    modified_at: datetime
    storage_class: str = "STANDARD"


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """Up to 1,000 objects and common prefixes, in key order.

    From a listing the objects are a `tui.core.packed.PackedPage`: records are made as one looks.
    """

    objects: Sequence[S3Object]
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectQuery:
    """What a listing asks for; compared by identity to drop late pages."""

    bucket: str
    prefix: str = ""
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class ObjectDetails:
    """What HeadObject says."""

    bucket: str
    key: str
    size_bytes: int
    modified_at: datetime
    etag: str
    content_type: str = ""
    storage_class: str = "STANDARD"
    encryption: str = ""
    version_id: str = ""
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """A machine image (AMI)."""

    id: str
    name: str
    description: str
    architecture: str  # x86_64 or arm64
    root_device: str  # /dev/xvda
    root_size_gib: int
    created_at: datetime | None
    family: str  # "Amazon Linux 2023"
    login_user: str
    owner: str = ""
    virtualization: str = "hvm"
    boot_mode: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a resource."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Volume:
    """One EBS volume of an instance."""

    id: str
    device: str
    size_gib: int
    kind: str  # gp3, gp2, io1, io2, st1, sc1, standard
    iops: int | None = None
    throughput_mibps: int | None = None
    delete_on_termination: bool = True
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Instance:
    """One EC2 instance."""

    id: str
    name: str
    state: str  # pending, running, shutting-down, terminated, stopping, stopped
    type: str
    architecture: str
    zone: str
    public_ip: str
    public_dns: str
    private_ip: str
    key_name: str
    image_id: str
    launched_at: datetime
    spot: bool = False
    security_group_ids: tuple[str, ...] = ()
    role: str = ""  # the instance profile's name
    tags: tuple[Tag, ...] = ()
    volumes: tuple[Volume, ...] = ()
    state_reason: str = ""
    termination_protected: bool = False

    @property
    def label(self) -> str:
        """The Name tag, or the id where there is none."""
        return self.name or self.id

    @property
    def region(self) -> str:
        """The region that the zone belongs to (`us-east-1a` is in `us-east-1`)."""
        return self.zone.rstrip("abcdefghijklmnopqrstuvwxyz") if self.zone else ""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key pair known to EC2; the private half is, at best, on this disk."""

    name: str
    id: str
    kind: str  # rsa or ed25519
    fingerprint: str


@dataclass(frozen=True, slots=True)
class NewKeyPair:
    """The answer to CreateKeyPair: the only time that the private key is seen."""

    name: str
    id: str
    fingerprint: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IngressRule:
    """One inbound rule of a security group; ports are None for all."""

    protocol: str  # tcp, udp, icmp, -1
    from_port: int | None
    to_port: int | None
    source: str  # a CIDR block, a prefix list or a group id
    description: str = ""


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group and what it lets in."""

    id: str
    name: str
    description: str
    vpc_id: str
    ingress: tuple[IngressRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet, with how many addresses are left in it."""

    id: str
    vpc_id: str
    zone: str
    cidr: str
    free_addresses: int
    default_for_zone: bool


@dataclass(frozen=True, slots=True)
class InstanceType:
    """What a machine type is; prices are in `tui.cost`."""

    name: str
    vcpus: int
    memory_mib: int
    architectures: tuple[str, ...]
    gpus: int = 0
    gpu_memory_mib: int = 0
    local_gb: int = 0
    network: str = ""
    burstable: bool = False
    free_tier: bool = False
    current: bool = True
    bare_metal: bool = False
    clock_ghz: Decimal | None = None

    @property
    def memory_gib(self) -> Decimal:
        """Memory in GiB (2**30 bytes), exact."""
        return Decimal(self.memory_mib) / 1024
