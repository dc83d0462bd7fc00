"""Every patch, in order: the early ones before the first answer, the late ones need EC2."""

from __future__ import annotations

from tui.sandbox.patches import (
    access,
    bodies,
    buckets,
    catalogue,
    console,
    copies,
    expiry,
    images,
    launch,
    lifecycle,
    network,
    requests,
    restoring,
    s3_properties,
    spot,
    store,
    versions,
    volumes,
)
from tui.sandbox.patches.base import Patch

EARLY: tuple[Patch, ...] = (
    Patch("a handful of managed policies", access.install_policies),
    Patch("session tokens", access.install_sessions),
    Patch("roles and users are held to their policies", access.install_enforcement),
    Patch("new buckets that are private", buckets.install_defaults),
    Patch("rights to a bucket's settings", buckets.install_actions),
    Patch("bucket policies that S3 would refuse", buckets.install_policies),
    Patch("bucket ACLs that S3 would refuse", buckets.install_acls),
    Patch("whole lifecycle rules", expiry.install),
    Patch("fast listings", store.install),
    Patch("ETags that hold still", bodies.install_etags),
    Patch("uploads joined without the memory", bodies.install_joining),
    Patch("parts looked at by their number", bodies.install_parts),
    Patch("versions of suspended buckets", versions.install),
    Patch("uploads that know their start", versions.install_uploads),
    Patch("parts copied by range", copies.install),
    Patch("requests that let go of their bodies", requests.install),
    Patch("restores that take their time", restoring.install),
    Patch("retention of objects", s3_properties.install_retention),
    Patch("ACLs of joined objects", s3_properties.install_acls),
    Patch("who pays for requests", s3_properties.install_payment),
)
LATE: tuple[Patch, ...] = (
    Patch("timed states", lifecycle.install_states),
    Patch("start, stop, reboot and terminate", lifecycle.install_changes),
    Patch("status checks", lifecycle.install_status),
    Patch("documentation addresses", network.install),
    Patch("AMI sizes and parameters", images.install),
    Patch("launch requests", launch.install_request),
    Patch("launches", launch.install_launch),
    Patch("disk performance at launch", volumes.install),
    Patch("console output", console.install),
    Patch("paged instance types", catalogue.install),
    Patch("spot requests at launch", spot.install_requests),
    Patch("spot price history", spot.install_history),
    Patch("UnauthorizedOperation", access.install_ec2_denial),
)
