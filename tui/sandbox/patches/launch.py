"""RunInstances as AWS does it: counts, tokens, protection, defaults, and what it refuses."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put

ROOT_GIB = 8
RESOLVE = "resolve:ssm:"


@dataclass(frozen=True, slots=True)
class Asked:
    """What moto's response class does not hand on to its backend.

    Attributes:
        digest: tells two requests with the same token apart.
    """

    most: int
    protected: bool
    token: str
    digest: str
    spot: dict[str, Any] | None


_asked = threading.local()


def install_request(context: PatchContext) -> None:
    """Keep what the request asked; name AMIs by their SSM parameter."""
    from moto.ec2.responses.instances import InstanceResponse

    run = need(InstanceResponse, "run_instances")

    def run_instances(self: Any) -> Any:
        least, most = (int(self._get_param(name) or 1) for name in ("MinCount", "MaxCount"))
        if least > most or least < 1:
            raise _refusal(
                "InvalidParameterValue",
                f"The value for MinCount ({least}) is not valid with MaxCount ({most}).",
            )
        body = sorted((k, v) for k, v in self.querystring.items() if k != "ClientToken")
        market = self._get_param("InstanceMarketOptions", {}) or {}
        _asked.value = Asked(
            most=most,
            protected=bool(self._get_bool_param("DisableApiTermination", False)),
            token=self._get_param("ClientToken") or "",
            digest=hashlib.sha256(repr(body).encode()).hexdigest(),
            spot=(market.get("SpotOptions") or {}) if market.get("MarketType") == "spot" else None,
        )
        try:
            return run(self)
        finally:
            _asked.value = None

    put(InstanceResponse, run_instances=run_instances)


def install_launch(context: PatchContext) -> None:
    """Fill the defaults, refuse what AWS refuses, and start the hosts."""
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import InstanceBackend

    launch = need(InstanceBackend, "run_instances", "image_id", "count", "user_data")

    def run_instances(
        self: Any, image_id: str, count: int, user_data: Any, security_group_names: Any, **kw: Any
    ) -> Any:
        asked: Asked | None = getattr(_asked, "value", None)
        tokens = self.__dict__.setdefault("skydeck_tokens", {})
        if asked is not None and asked.token in tokens:
            return _repeat(tokens[asked.token], asked)
        image_id = _resolve(self, image_id)
        image = _checked_image(self, image_id, kw)
        _check_key(self, kw)
        _fill_network(self, kw, security_group_names)
        _fill_disks(image, kw)
        if asked is not None:
            count = max(count, asked.most)
            kw["disable_api_termination"] = asked.protected
        made = launch(self, image_id, count, user_data, security_group_names, **kw)
        for instance in made.instances:
            if asked is not None and asked.spot is not None:
                instance.spot_options = asked.spot
            instance._state.gate = context.hosts.started(instance)
        if asked is not None and asked.token:
            tokens[asked.token] = (asked.digest, made)
        return made

    put(InstanceBackend, run_instances=run_instances)
    put(EC2Backend, run_instances=run_instances)


def _repeat(earlier: tuple[str, Any], asked: Asked) -> Any:
    """The earlier answer to the same request; another request may not reuse its token."""
    digest, made = earlier
    if digest != asked.digest:
        raise _refusal(
            "IdempotentParameterMismatch",
            f"The request uses the same client token as a previous, but non-identical request: "
            f"{asked.token}",
        )
    return made


def _resolve(backend: Any, image_id: str | None) -> str:
    """The AMI behind `resolve:ssm:NAME`, or the id itself."""
    if not image_id:
        raise _refusal("MissingParameter", "The request must contain the parameter ImageId")
    if not image_id.startswith(RESOLVE):
        return image_id
    from moto.ssm.models import ssm_backends

    name = image_id.removeprefix(RESOLVE)
    store = ssm_backends[backend.account_id][backend.region_name]
    parameter = store.get_parameter(name)
    if parameter is None:
        raise _refusal(
            "InvalidParameterValue", f"The SSM parameter '{name}' cannot be found or read."
        )
    return str(parameter.value)


def _checked_image(backend: Any, image_id: str, kw: dict[str, Any]) -> Any:
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    image = backend.describe_images(ami_ids=[image_id])[0]
    known = INSTANCE_TYPES.get(kw["instance_type"])
    if known is None:
        kind = kw["instance_type"]
        raise _refusal("InvalidParameterValue", f"Invalid value '{kind}' for InstanceType.")
    offered = known["ProcessorInfo"]["SupportedArchitectures"]
    if image.architecture not in offered:
        raise _refusal(
            "InvalidParameterValue",
            f"The architecture '{','.join(offered)}' of the specified instance type does not match "
            f"the architecture '{image.architecture}' of the specified AMI. Specify an instance "
            "type and an AMI that have matching architectures, and try again.",
        )
    return image


def _check_key(backend: Any, kw: dict[str, Any]) -> None:
    """moto's own switch refuses launches without a key pair, which AWS allows."""
    name = kw.get("key_name")
    if name and name not in backend.key_pairs:
        raise _refusal("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")


def _fill_network(backend: Any, kw: dict[str, Any], group_names: list[str]) -> None:
    """The default subnet and the default security group, when nothing else is said."""
    if kw.get("subnet_id") or kw.get("nics"):
        return
    subnets = backend.get_default_subnets()
    subnet = subnets.get(kw.get("placement") or f"{backend.region_name}a")
    if subnet is None:
        return
    kw["subnet_id"] = subnet.id
    kw["associate_public_ip"] = None  # the subnet decides
    if not group_names and not kw.get("security_group_ids"):
        filters = {"group-name": ["default"], "vpc-id": [subnet.vpc_id]}
        kw["security_group_ids"] = [
            group.id for group in backend.describe_security_groups(filters=filters)
        ]


def _fill_disks(image: Any, kw: dict[str, Any]) -> None:
    """The AMI's root disk, also when only data disks are given."""
    root = image.root_device_name
    size = getattr(image, "root_gib", ROOT_GIB)
    mappings = list(kw.get("block_device_mappings") or [])
    disk = next((m["Ebs"] for m in mappings if m["DeviceName"] == root and "Ebs" in m), None)
    if disk is None:
        disk = {"DeleteOnTermination": True}
        mappings.insert(0, {"DeviceName": root, "Ebs": disk})
    disk["VolumeSize"] = disk.get("VolumeSize") or size
    disk["VolumeType"] = disk.get("VolumeType") or "gp3"
    if int(disk["VolumeSize"]) < size:
        raise _refusal(
            "InvalidBlockDeviceMapping",
            f"Volume of size {disk['VolumeSize']}GB is smaller than snapshot "
            f"'{image.ebs_snapshot.id}', expect size >= {size}GB",
        )
    kw["block_device_mappings"] = mappings


def _refusal(code: str, message: str) -> Exception:
    from moto.ec2.exceptions import EC2ClientError

    error: Exception = EC2ClientError(code, message)
    return error
