"""Instance types by the page, as AWS gives them; plain moto sends them all at once."""

from __future__ import annotations

from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put

PAGE = 100


def install(context: PatchContext) -> None:
    """Page DescribeInstanceTypes and DescribeInstanceTypeOfferings."""
    from moto.core.responses import ActionResult
    from moto.ec2.responses.instances import InstanceResponse

    need(InstanceResponse, "describe_instance_types")
    need(InstanceResponse, "describe_instance_type_offerings")

    def describe_instance_types(self: Any) -> Any:
        names = self._get_param("InstanceTypes", [])
        rows = self.ec2_backend.describe_instance_types(names, self._filters_from_querystring())
        return ActionResult(_page(self, rows, "InstanceTypes", len(rows) if names else PAGE))

    def describe_instance_type_offerings(self: Any) -> Any:
        rows = self.ec2_backend.describe_instance_type_offerings(
            self._get_param("LocationType"), self._filters_from_querystring()
        )
        return ActionResult(_page(self, rows, "InstanceTypeOfferings", 1000))

    put(InstanceResponse, describe_instance_types=describe_instance_types)
    put(InstanceResponse, describe_instance_type_offerings=describe_instance_type_offerings)


def _page(response: Any, rows: list[Any], name: str, most: int) -> dict[str, Any]:
    wanted = response._get_param("MaxResults")
    size = min(int(wanted), most) if wanted else most
    start = int(response._get_param("NextToken") or 0)
    more = str(start + size) if len(rows) > start + size else None
    return {name: rows[start : start + size], "NextToken": more}
