"""RunInstances as AWS does it: counts, tokens, protection, defaults, and what it refuses."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import Any

from tui.sandbox.images import ROOT_GIB
from tui.sandbox.patches.base import PatchContext, need, put, refusal
from tui.sandbox.patches.launch_checks import (
    check_disks,
    check_network,
    check_spot,
    check_user_data,
)

RESOLVE = "resolve:ssm:"


@dataclass(frozen=True, slots=True)
class Asked:
    """What moto's response class does not hand on to its backend.

    Attributes:
        digest: tells two requests with the same token apart.
        spot: the spot options, None for an on-demand launch.
        dry: True to check everything and launch nothing.
        made: the launched instances, whose hosts are still to be started.
    """

    most: int
    protected: bool
    token: str
    digest: str
    spot: dict[str, Any] | None
    dry: bool
    made: list[Any] = field(default_factory=list)


_asked = threading.local()
# One launch at a time: moto's address pools are no safer, and a token must not launch twice.
_launching = threading.Lock()


def install_request(context: PatchContext) -> None:
    """Keep what the request asked; name AMIs by their SSM parameter."""
    from moto.core.responses import ActionResult
    from moto.ec2.responses.instances import InstanceResponse

    run = need(InstanceResponse, "run_instances")
    need(InstanceResponse, "error_on_dryrun")

    def run_instances(self: Any) -> Any:
        _asked.value = asked = _read_request(self)
        if asked.dry:
            self.error_on_dryrun = lambda: None  # ours comes when everything was checked
        try:
            if asked.token in _tokens(self.ec2_backend):
                # moto would give the instances their profile a second time, and fail.
                return ActionResult(_repeat(_tokens(self.ec2_backend)[asked.token], asked))
            answer = run(self)
            _share_profile(self, asked.made)
            return answer
        finally:
            _asked.value = None
            for instance in asked.made:  # with its profile, or its first boot had no role
                instance._state.gate = context.hosts.started(instance)

    put(InstanceResponse, run_instances=run_instances)


def _read_request(response: Any) -> Asked:
    least, most = (int(response._get_param(name) or 1) for name in ("MinCount", "MaxCount"))
    if least > most or least < 1:
        raise refusal(
            "InvalidParameterValue",
            f"The value for MinCount ({least}) is not valid with MaxCount ({most}).",
        )
    body = sorted((k, v) for k, v in response.querystring.items() if k != "ClientToken")
    market = response._get_param("InstanceMarketOptions", {}) or {}
    return Asked(
        most=most,
        protected=bool(response._get_bool_param("DisableApiTermination", False)),
        token=response._get_param("ClientToken") or "",
        digest=hashlib.sha256(repr(body).encode()).hexdigest(),
        spot=(market.get("SpotOptions") or {}) if market.get("MarketType") == "spot" else None,
        dry=bool(response._get_param("DryRun", False)),
    )


def _tokens(backend: Any) -> dict[str, tuple[str, Any]]:
    """The launches by client token."""
    found: dict[str, tuple[str, Any]] = backend.__dict__.setdefault("skydeck_tokens", {})
    return found


def _share_profile(response: Any, instances: list[Any]) -> None:
    """Every instance of a launch gets its profile; moto gives it to the first alone."""
    name = response._get_param("IamInstanceProfile.Name")
    arn = response._get_param("IamInstanceProfile.Arn")
    if not name and not arn:
        return
    for instance in instances[1:]:
        response.ec2_backend.associate_iam_instance_profile(
            instance_id=instance.id,
            iam_instance_profile_name=name,
            iam_instance_profile_arn=arn,
        )


def install_launch(context: PatchContext) -> None:
    """Fill the defaults, refuse what AWS refuses, and start the hosts."""
    from moto.ec2.exceptions import DryRunClientError
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import InstanceBackend

    launch = need(InstanceBackend, "run_instances", "image_id", "count", "user_data")

    def run_instances(
        self: Any, image_id: str, count: int, user_data: Any, security_group_names: Any, **kw: Any
    ) -> Any:
        asked: Asked | None = getattr(_asked, "value", None)
        with _launching:
            if asked is not None and asked.token in _tokens(self):
                return _repeat(_tokens(self)[asked.token], asked)
            image_id = _prepared(self, image_id, user_data, security_group_names, kw)
            if asked is not None:
                if asked.spot is not None:
                    check_spot(self, kw, asked.spot)
                if asked.dry:
                    raise DryRunClientError()
                count = max(count, asked.most)
                kw["disable_api_termination"] = asked.protected
            made = launch(self, image_id, count, user_data, security_group_names, **kw)
            for instance in made.instances:
                if asked is None:
                    instance._state.gate = context.hosts.started(instance)
                    continue
                instance._state.gate = _closed
                asked.made.append(instance)
                if asked.spot is not None:
                    instance.spot_options = asked.spot
            if asked is not None and asked.token:
                _tokens(self)[asked.token] = (asked.digest, made)
            return made

    put(InstanceBackend, run_instances=run_instances)
    put(EC2Backend, run_instances=run_instances)


def _closed() -> bool:
    """The gate of an instance whose host was not ordered yet."""
    return False


def _prepared(
    backend: Any, image_id: str, user_data: Any, group_names: list[str], kw: dict[str, Any]
) -> str:
    """Fill `kw`'s defaults and check the whole; returns the AMI's id."""
    image_id = _resolve(backend, image_id)
    image = _checked_image(backend, image_id, kw)
    check_user_data(user_data)
    _check_key(backend, kw)
    check_network(backend, kw, group_names)
    _fill_network(backend, kw, group_names)
    _fill_disks(image, kw)
    check_disks(kw["block_device_mappings"])
    return image_id


def _repeat(earlier: tuple[str, Any], asked: Asked) -> Any:
    """The earlier answer to the same request; another request may not reuse its token."""
    digest, made = earlier
    if digest != asked.digest:
        raise refusal(
            "IdempotentParameterMismatch",
            f"The request uses the same client token as a previous, but non-identical request: "
            f"{asked.token}",
        )
    return made


def _resolve(backend: Any, image_id: str | None) -> str:
    """The AMI behind `resolve:ssm:NAME`, or the id itself."""
    if not image_id:
        raise refusal("MissingParameter", "The request must contain the parameter ImageId")
    if not image_id.startswith(RESOLVE):
        return image_id
    from moto.ssm.models import ssm_backends

    name = image_id.removeprefix(RESOLVE)
    store = ssm_backends[backend.account_id][backend.region_name]
    parameter = store.get_parameter(name)
    if parameter is None:
        raise refusal(
            "InvalidParameterValue", f"The SSM parameter '{name}' cannot be found or read."
        )
    return str(parameter.value)


def _checked_image(backend: Any, image_id: str, kw: dict[str, Any]) -> Any:
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    image = backend.describe_images(ami_ids=[image_id])[0]
    known = INSTANCE_TYPES.get(kw["instance_type"])
    if known is None:
        kind = kw["instance_type"]
        raise refusal("InvalidParameterValue", f"Invalid value '{kind}' for InstanceType.")
    offered = known["ProcessorInfo"]["SupportedArchitectures"]
    if image.architecture not in offered:
        raise refusal(
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
        raise refusal("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")


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
        raise refusal(
            "InvalidBlockDeviceMapping",
            f"Volume of size {disk['VolumeSize']}GB is smaller than snapshot "
            f"'{image.ebs_snapshot.id}', expect size >= {size}GB",
        )
    kw["block_device_mappings"] = mappings
