"""Spot: a launch's request gets an id of its own, and prices have a plausible past."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put
from tui.sandbox.prices import on_demand_usd_per_hour, spot_share

HISTORY_STEP = timedelta(hours=6)
HISTORY_DEFAULT = timedelta(days=1)
HISTORY_MOST = timedelta(days=90)
PAGE = 1000


def install_requests(context: PatchContext) -> None:
    """Record a spot request for each instance that RunInstances launches on the spot market."""
    from moto.ec2.models.spot_requests import SpotInstanceRequest, SpotRequestBackend
    from moto.ec2.responses.instances import InstanceResponse

    describe = need(SpotRequestBackend, "describe_spot_instance_requests", "filters")
    need(SpotInstanceRequest, "get_filter_value")
    run = need(InstanceResponse, "run_instances")
    from moto.ec2.utils import random_spot_request_id

    def run_instances(self: Any) -> Any:
        answer = run(self)
        for instance in answer.result.instances:
            options = getattr(instance, "spot_options", None)
            if options is not None and getattr(instance, "spot_instance_request_id", None) is None:
                _record(self.ec2_backend, instance, options, random_spot_request_id())
        return answer

    def describe_requests(self: Any, *args: Any, **kwargs: Any) -> Any:
        for request in self.spot_instance_requests.values():
            _follow(request)
        return describe(self, *args, **kwargs)

    put(InstanceResponse, run_instances=run_instances)
    put(SpotRequestBackend, describe_spot_instance_requests=describe_requests)


def _record(backend: Any, instance: Any, options: dict[str, Any], request_id: str) -> None:
    from moto.ec2.models.spot_requests import LaunchSpecification, SpotInstanceRequest

    request: Any = SpotInstanceRequest.__new__(SpotInstanceRequest)
    kind = options.get("SpotInstanceType", "one-time")
    full = on_demand_usd_per_hour(instance.instance_type, instance.region_name)
    request.__dict__.update(
        ec2_backend=backend,
        id=request_id,
        state="active",
        _status_code="fulfilled",
        status_message="Your spot request is fulfilled.",
        price=f"{float(options.get('MaxPrice') or full):.6f}",
        type=kind,
        valid_from=None,
        valid_until=None,
        launch_group=None,
        availability_zone_group=None,
        instance_interruption_behaviour=options.get("InstanceInterruptionBehavior", "terminate"),
        user_data=None,
        spot_fleet_id=None,
        launch_spec=None,
        all_tags={},
        instance=instance,
        launch_specification=LaunchSpecification(
            kernel_id=None,
            ramdisk_id=None,
            image_id=instance.image_id,
            key_name=instance.key_name,
            instance_type=instance.instance_type,
            placement=instance.availability_zone,
            monitored=False,
            subnet_id=instance.subnet_id,
        ),
    )
    request.launch_specification.groups = list(instance.security_groups)
    backend.spot_instance_requests[request_id] = request
    instance.spot_instance_request_id = request_id
    instance.spot_request_type = kind
    instance.lifecycle = "spot"


def _follow(request: Any) -> None:
    """A terminated instance closes its one-time request."""
    instance = getattr(request, "instance", None)
    if instance is not None and instance._state.final == "terminated" and request.state == "active":
        request.state = "closed"
        request._status_code = "instance-terminated-by-user"


def install_history(context: PatchContext) -> None:
    """A price history that follows the type's own price, the same at every start."""
    from moto.core.responses import ActionResult
    from moto.ec2.models.spot_requests import SpotRequestBackend
    from moto.ec2.responses.spot_instances import SpotInstances

    need(SpotInstances, "describe_spot_price_history")
    need(SpotRequestBackend, "describe_spot_price_history", "instance_types", "filters")

    def describe_spot_price_history(self: Any) -> Any:
        filters = self._filters_from_querystring()
        products = filters.pop("product-description", ["Linux/UNIX"])
        if zone := self._get_param("AvailabilityZone"):
            filters["availability-zone"] = [zone]
        types = self._get_param("InstanceTypes", [])
        offers = self.ec2_backend.describe_spot_price_history(types, filters)
        asked = self._get_param("ProductDescriptions", []) or products
        moments = list(_moments(self._get_param("StartTime"), self._get_param("EndTime")))
        rows = [
            _price(offer, moment, product)
            for moment in moments
            for offer in offers
            for product in asked
        ]
        size = min(int(self._get_param("MaxResults") or PAGE), PAGE)
        start = int(self._get_param("NextToken") or 0)
        more = str(start + size) if len(rows) > start + size else ""
        return ActionResult({"SpotPriceHistory": rows[start : start + size], "NextToken": more})

    put(SpotInstances, describe_spot_price_history=describe_spot_price_history)


def _moments(start: Any, end: Any) -> Iterator[datetime]:
    """The change times in the span, newest first; always the latest one before the span too."""
    now = datetime.now(UTC)
    last = min(_moment(end) or now, now)
    first = max(_moment(start) or now - HISTORY_DEFAULT, now - HISTORY_MOST)
    at = _last_change(last)
    yield at
    while (at := at - HISTORY_STEP) >= first:
        yield at


def _last_change(moment: datetime) -> datetime:
    step = HISTORY_STEP.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // step * step, UTC)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(moment, datetime)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _price(offer: dict[str, Any], moment: datetime, product: str) -> dict[str, Any]:
    kind, zone = offer["InstanceType"], offer["Location"]
    return {
        "InstanceType": kind,
        "ProductDescription": product,
        "SpotPrice": f"{usd_per_hour_at(kind, zone, moment):.6f}",
        "AvailabilityZone": zone,
        "Timestamp": moment,
    }


def usd_per_hour_at(kind: str, zone: str, moment: datetime) -> float:
    """The spot price of a type in a zone, which holds from one change to the next."""
    region = zone.rstrip("abcdefgh")
    seed = hashlib.sha256(f"{kind}/{zone}".encode()).digest()
    days = _last_change(moment).timestamp() / 86400
    wave = 0.10 * math.sin(days + seed[0]) + 0.05 * math.sin(3.7 * days + seed[1])
    price = on_demand_usd_per_hour(kind, region) * spot_share(kind, region)
    return price * (0.95 + 0.1 * seed[2] / 255 + wave)
