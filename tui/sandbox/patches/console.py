"""Console output as the instance's host wrote it, host keys included."""

from __future__ import annotations

from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put


def install(context: PatchContext) -> None:
    """Answer GetConsoleOutput from the host manager."""
    from moto.core.responses import ActionResult
    from moto.core.types import Base64EncodedString
    from moto.core.utils import utcnow
    from moto.ec2.responses.general import General

    need(General, "get_console_output")

    def get_console_output(self: Any) -> Any:
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        # A user-data script may print what is no text.
        text = context.hosts.console(instance.id).encode(errors="replace").decode()
        return ActionResult(
            {
                "InstanceId": instance.id,
                "Timestamp": utcnow(),
                "Output": Base64EncodedString.from_raw_string(text),
            }
        )

    put(General, get_console_output=get_console_output)
