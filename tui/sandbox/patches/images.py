"""AMIs with their own disk sizes, and the public SSM parameters that name the newest ones."""

from __future__ import annotations

from typing import Any

from tui.sandbox.images import CATALOGUE, ROOT_GIB, parameters
from tui.sandbox.patches.base import PatchContext, need, put

PREFIXES = tuple(
    f"/aws/service/{name}" for name in ("ami-amazon-linux-latest", "canonical", "debian", "suse")
)


def install(context: PatchContext) -> None:
    """Give seeded AMIs their size; answer the public parameters from our own catalogue."""
    from moto.ec2.models.amis import Ami

    need(Ami, "block_device_mappings")
    sizes = {image.ami_id: image.root_gib for image in CATALOGUE}

    def block_device_mappings(self: Any) -> list[dict[str, Any]]:
        disk = {
            "SnapshotId": self.ebs_snapshot.id,
            "VolumeSize": self.root_gib,
            "DeleteOnTermination": True,
            "VolumeType": "gp3",
            "Encrypted": False,
        }
        return [{"DeviceName": self.root_device_name, "Ebs": disk}]

    put(Ami, root_gib=property(lambda self: sizes.get(self.id, ROOT_GIB)))
    put(Ami, block_device_mappings=property(block_device_mappings))
    _install_parameters()


def _install_parameters() -> None:
    from moto.ssm.models import Parameter, ParameterDict

    need(ParameterDict, "_check_loading_status", "key")
    check = ParameterDict._check_loading_status
    need(Parameter, "__init__", "account_id", "name", "value", "parameter_type")

    def load(self: Any, key: str) -> None:
        if not str(key or "").startswith(PREFIXES):
            check(self, key)
        elif not getattr(self, "skydeck_loaded", False):
            for name, value in parameters().items():
                dict.__setitem__(self, name, [_parameter(Parameter, self, name, value)])
            self.skydeck_loaded = True  # not before: others ask meanwhile

    put(ParameterDict, _check_loading_status=load)


def _parameter(made: Any, store: Any, name: str, value: str) -> Any:
    return made(
        account_id=store.account_id,
        name=name,
        value=value,
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=1735689600.0,
        version=1,
        data_type="aws:ec2:image",
    )
