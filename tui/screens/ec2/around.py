"""What stands round the instances: their images, security groups and private keys here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui.aws.calls import caused_by
from tui.core.records import Image, Instance, SecurityGroup

if TYPE_CHECKING:
    from tui.aws.ec2.service import Ec2


class Surroundings:
    """Asked for once for each id, in the background; unknown until the answer is there."""

    def __init__(self, ec2: Ec2, keys_folder: Path) -> None:
        self._ec2, self._folder = ec2, keys_folder
        self.images: dict[str, Image] = {}
        self.groups: dict[str, SecurityGroup] = {}
        self.keys_here: dict[str, bool] = {}
        self._asked: set[str] = set()

    def lacks(self, instances: Sequence[Instance]) -> bool:
        """True if something about these was never asked for."""
        return any(self._ids(one) - self._asked for one in instances)

    async def learn(self, instances: Sequence[Instance]) -> None:
        """Ask for what is not known of these instances.

        Raises:
            AwsError: images or groups may not be described.
        """
        from tui.aws.ec2.images import describe

        wanted = {part for one in instances for part in self._ids(one)} - self._asked
        self._asked |= wanted
        names = {one.key_name for one in instances if one.key_name}
        self.keys_here.update(await self._ec2.gateway.run(self._look, names))
        with caused_by(None):
            images = sorted(part for part in wanted if part.startswith("ami-"))
            found = await describe(self._ec2.gateway, images)
            self.images.update({image.id: image for image in found})
            if any(part.startswith("sg-") for part in wanted):
                groups = await self._ec2.security_groups()
                self.groups.update({group.id: group for group in groups})

    def _look(self, names: set[str]) -> dict[str, bool]:
        from tui.aws.ec2.keys import find_key

        return {name: find_key(self._folder, name) is not None for name in names}

    @staticmethod
    def _ids(instance: Instance) -> set[str]:
        return {instance.image_id, *instance.security_group_ids, f"key:{instance.key_name}"} - {""}
