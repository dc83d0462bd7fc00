"""What stop, start, reboot and terminate would do, as plans: names, disks, money. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.plans import Plan, PlanFact, Risk
from tui.core.records import Instance, Volume

if TYPE_CHECKING:
    from tui.cost import Estimate, InstanceCost

Costs = Mapping[str, "InstanceCost"]
HOURS_PER_MONTH = 730


def subject(instances: Sequence[Instance]) -> str:
    """`trainer-01`, or `3 instances`."""
    return instances[0].label if len(instances) == 1 else f"{len(instances)} instances"


def stop_plan(instances: Sequence[Instance], costs: Costs) -> Plan:
    """Stopping: the machine is no longer paid for, its disks are."""
    disks = _sum(instances, costs, lambda cost: _of_disks(cost.running))
    running = _sum(instances, costs, lambda cost: cost.running.per_hour)
    saved = None if running is None or disks is None else running - disks
    return Plan(
        title=f"Stop {subject(instances)}",
        verb="Stop",
        intro="It shuts down. Disks and tags stay; memory and the public address do not.",
        risk=Risk.CAREFUL,
        facts=(
            *_names(instances),
            PlanFact("no longer paid", _money(saved)),
            PlanFact("still paid", f"{_money(disks)} for {_disk_words(instances)}", "warm"),
        ),
        items=_items(instances),
        keep="let it run",
    )


def start_plan(instances: Sequence[Instance], costs: Costs) -> Plan:
    """Starting: it is paid for again, at a new address."""
    running = _sum(instances, costs, lambda cost: cost.running.per_hour)
    return Plan(
        title=f"Start {subject(instances)}",
        verb="Start",
        intro="It boots from its disk, at a new public address.",
        risk=Risk.COSTS,
        facts=(*_names(instances), PlanFact("will cost", _money(running), "warm")),
        items=_items(instances),
        keep="leave it stopped",
    )


def reboot_plan(instances: Sequence[Instance]) -> Plan:
    """Rebooting: what runs on it ends; address and disks stay."""
    return Plan(
        title=f"Reboot {subject(instances)}",
        verb="Reboot",
        intro="What runs on it ends, and sessions are cut. Disks and addresses stay.",
        risk=Risk.CAREFUL,
        facts=_names(instances),
        items=_items(instances),
        keep="let it run",
    )


def terminate_plan(instances: Sequence[Instance], costs: Costs) -> Plan:
    """Terminating: the machines and their marked volumes are deleted for good."""
    volumes = [volume for one in instances for volume in one.volumes]
    going = [volume for volume in volumes if volume.delete_on_termination]
    staying = [volume for volume in volumes if not volume.delete_on_termination]
    gone = _sum(instances, costs, _paid_no_more)
    told = [
        *_names(instances),
        PlanFact("volumes deleted", _volume_words(going), "danger" if going else "text"),
        PlanFact("volumes kept", _volume_words(staying), "warm" if staying else "text"),
        PlanFact("no longer paid", _money(gone)),
    ]
    names = f" {', '.join(volume.id for volume in staying)} will go on costing." if staying else ""
    return Plan(
        title=f"Terminate {subject(instances)}",
        verb=f"Terminate {subject(instances)}",
        intro="Deletes the machine for good, with the volumes that are marked so.",
        risk=Risk.DESTROYS,
        facts=tuple(told),
        items=_items(instances),
        warning=f"This cannot be undone.{names}",
        typed=typed_words(instances),
        keep="keep it",
    )


def protect_plan(instance: Instance, *, protected: bool) -> Plan:
    """Setting or lifting the protection from termination."""
    lifting = Plan(
        title=f"Lift the protection of {instance.label}",
        verb="Lift protection",
        intro="It can then be terminated. Nothing else changes.",
        risk=Risk.CAREFUL,
        facts=_names([instance]),
        keep="keep it protected",
    )
    setting = Plan(
        title=f"Protect {instance.label}",
        verb="Protect",
        intro="AWS refuses to terminate it until the protection is lifted.",
        facts=_names([instance]),
        keep="leave it",
    )
    return lifting if protected else setting


def typed_words(instances: Sequence[Instance]) -> str:
    """What must be typed: the name, the id where the name can't be typed, or how many."""
    if len(instances) > 1:
        return subject(instances)
    label = instances[0].label
    return (
        label
        if label.isascii() and label.isprintable() and label == label.strip()
        else (instances[0].id)
    )


def _names(instances: Sequence[Instance]) -> tuple[PlanFact, ...]:
    if len(instances) > 1:
        return ()
    one = instances[0]
    where = f" · {one.zone}" if one.zone else ""
    return (PlanFact("instance", f"{one.id} · {one.type}{where}"),)


def _items(instances: Sequence[Instance]) -> tuple[tuple[str, str], ...]:
    if len(instances) == 1:
        return ()
    return tuple((one.label, f"{one.id} · {one.type}") for one in instances)


def _sum(
    instances: Sequence[Instance],
    costs: Costs,
    part: Callable[[InstanceCost], Decimal | None],
) -> Decimal | None:
    amounts = [part(costs[one.id]) if one.id in costs else None for one in instances]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _of_disks(estimate: Estimate) -> Decimal | None:
    lines = [line.per_hour for line in estimate.lines if line.label == "volume"]
    known = [amount for amount in lines if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(lines) else None


def _paid_no_more(cost: InstanceCost) -> Decimal | None:
    """What ends with the machine: all that is paid now but the volumes that stay."""
    disks = [line.per_hour for line in cost.now.lines if line.label == "volume"]
    kept = [
        amount
        for volume, amount in zip(cost.instance.volumes, disks, strict=False)
        if not volume.delete_on_termination
    ]
    if cost.per_hour is None or None in kept:
        return None
    return cost.per_hour - sum((amount for amount in kept if amount is not None), Decimal(0))


def _money(per_hour: Decimal | None) -> str:
    if per_hour is None:
        return "unknown"
    return f"{fmt.usd(per_hour, 4)}/h · {fmt.usd(per_hour * HOURS_PER_MONTH)} a month"


def _disk_words(instances: Sequence[Instance]) -> str:
    total = sum(volume.size_gib for one in instances for volume in one.volumes)
    return f"{fmt.count(total)} GiB of disk"


def _volume_words(volumes: Sequence[Volume]) -> str:
    if not volumes:
        return "none"
    if len(volumes) == 1:
        only = volumes[0]
        return f"{only.id} · {only.device} · {fmt.count(only.size_gib)} GiB {only.kind}"
    total = sum(volume.size_gib for volume in volumes)
    return f"{len(volumes)}, {fmt.count(total)} GiB: {', '.join(v.id for v in volumes[:3])}" + (
        " …" if len(volumes) > 3 else ""
    )
