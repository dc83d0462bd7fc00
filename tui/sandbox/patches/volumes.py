"""IOPS and throughput of the disks that a launch asks for; moto drops both (io2 then fails)."""

from __future__ import annotations

from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put


def install(context: PatchContext) -> None:
    """Keep the launch's block device mappings beside the instance, and use them."""
    from moto.ec2.models.elastic_block_store import VolumeAttachment
    from moto.ec2.models.instances import Instance
    from moto.ec2.responses.instances import InstanceResponse

    add_parameters = ("size", "device_path", "snapshot_id", "encrypted", "kms_key_id")
    need(Instance, "add_block_device", *add_parameters, "volume_type")
    initialise = need(Instance, "__init__", "ec2_backend", "image_id")
    parse = need(InstanceResponse, "_parse_block_device_mapping")

    def patched_init(self: Any, *args: Any, **kwargs: Any) -> None:
        self.launch_mappings = kwargs.get("block_device_mappings") or []
        initialise(self, *args, **kwargs)

    def add_block_device(  # noqa: PLR0917 - moto's own signature
        self: Any,
        size: int,
        device_path: str,
        snapshot_id: str | None,
        encrypted: bool,
        delete_on_termination: bool,
        kms_key_id: str | None,
        volume_type: str | None,
    ) -> None:
        disk = _disk(self.launch_mappings, device_path)
        volume = self.ec2_backend.create_volume(
            size=size,
            zone_name=self._placement.zone,
            snapshot_id=snapshot_id,
            encrypted=encrypted,
            kms_key_id=kms_key_id,
            volume_type=volume_type,
            iops=disk.get("Iops"),
            throughput=disk.get("Throughput") or (125 if volume_type == "gp3" else None),
        )
        self.ec2_backend.attach_volume(volume.id, self.id, device_path, delete_on_termination)

    def parse_mappings(self: Any) -> list[dict[str, Any]]:
        mappings: list[dict[str, Any]] = parse(self)
        for mapping in mappings:
            asked = _disk(self._get_param("BlockDeviceMappings", []), mapping["DeviceName"])
            mapping["Ebs"]["Throughput"] = asked.get("Throughput")
            # AWS deletes a launch's disks with the instance unless told otherwise.
            mapping["Ebs"]["DeleteOnTermination"] = asked.get("DeleteOnTermination", True)
        return mappings

    def deletes(self: Any) -> bool:
        device = self.instance.block_device_mapping.get(self.device)
        return bool(device is not None and device.delete_on_termination)

    put(VolumeAttachment, delete_on_termination=property(deletes))
    put(Instance, __init__=patched_init, add_block_device=add_block_device)
    put(InstanceResponse, _parse_block_device_mapping=parse_mappings)


def _disk(mappings: list[dict[str, Any]], device: str) -> dict[str, Any]:
    found = next((m.get("Ebs") for m in mappings if m.get("DeviceName") == device), None)
    return found or {}
