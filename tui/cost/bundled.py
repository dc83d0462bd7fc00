"""Reads the packaged price snapshot, one region at a time (see `data/SOURCES.md`)."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from tui.core.records import InstanceType
from tui.cost.prices import Price, RegionPrices, SpotAdvice, TieredPrice, VolumePrices
from tui.cost.tiers import Tier

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    as_of: date


@cache
def _catalog() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "prices.json").read_text(encoding="utf-8"))
    return found


@cache
def _sources() -> dict[str, _Source]:
    return {
        code: _Source(entry["name"], date.fromisoformat(entry["as_of"]))
        for code, entry in _catalog()["sources"].items()
    }


def compiled_on() -> date:
    """The day the snapshot was put together; each price has its own, older date."""
    return date.fromisoformat(_catalog()["as_of"])


@cache
def regions() -> tuple[str, ...]:
    """Every region that the snapshot knows anything of, sorted."""
    files = {path.name.partition(".")[0] for path in (DATA / "regions").glob("*.csv.gz")}
    return tuple(sorted(files | _catalog()["regions"].keys()))


@cache
def instance_types() -> dict[str, InstanceType]:
    """All types of the snapshot by name, about 1,400."""
    return {row[0]: _instance_type(row) for row in _table(DATA / "types.csv.gz")}


@cache
def region(name: str) -> RegionPrices | None:
    """Read one region; None if the snapshot has nothing of it."""
    if name not in regions():
        return None
    return _with_instances(name, _services(name))


def _table(path: Path) -> Iterator[list[str]]:
    text = gzip.decompress(path.read_bytes()).decode("utf-8")
    return csv.reader(text.splitlines())


def _instance_type(row: list[str]) -> InstanceType:
    return InstanceType(
        name=row[0],
        vcpus=int(row[1]),
        memory_mib=int(row[2]),
        architectures=tuple(row[3].split("|")),
        gpus=int(row[4]),
        gpu_memory_mib=int(row[5]),
        local_gb=int(row[6]),
        network=row[7],
        burstable=row[8] == "1",
        free_tier=row[9] == "1",
        current=row[10] == "1",
        bare_metal=row[11] == "1",
        clock_ghz=Decimal(row[12]) if row[12] else None,
    )


def _with_instances(name: str, services: RegionPrices) -> RegionPrices:
    path = DATA / "regions" / f"{name}.csv.gz"
    if not path.exists():
        return services
    sources = _sources()
    advisor = sources["SPOT"]
    instances: dict[str, Price] = {}
    spot: dict[str, SpotAdvice] = {}
    offered: list[str] = []
    for kind, amount, code, savings, bucket, is_offered in _table(path):
        if amount:
            source = sources[code]
            instances[kind] = Price(Decimal(amount), "hour", source.name, source.as_of)
        if savings:
            risk = int(bucket) if bucket else None
            spot[kind] = SpotAdvice(int(savings), risk, advisor.name, advisor.as_of)
        # Blank: there is no list of what the region offers, but a price implies it.
        if is_offered != "0":
            offered.append(kind)
    return replace(services, instances=instances, spot=spot, offered=tuple(offered))


def _services(name: str) -> RegionPrices:
    found = _catalog()["regions"].get(name, {})
    return RegionPrices(
        volumes={kind: _volume(entry) for kind, entry in found.get("volumes", {}).items()},
        snapshot_gb_month=_price(found.get("snapshot_gb_month"), "GB-month"),
        # One charge for all regions, in use or idle, since February 2024.
        public_ipv4_hour=_price(_catalog()["public_ipv4_hour"], "hour"),
        monitoring_metric_month=_price(found.get("monitoring_metric_month"), "metric-month"),
        s3={kind: _tiered(entry, "GB-month") for kind, entry in found.get("s3", {}).items()},
        s3_object_monitoring=_price(found.get("s3_monitoring_per_1000"), "1,000 objects"),
        s3_requests={
            kind: _prices(verbs, "1,000 requests")
            for kind, verbs in found.get("s3_requests_per_1000", {}).items()
        },
        s3_retrieval=_prices(found.get("s3_retrieval_gb", {}), "GB"),
        transfer_out=_tiered(found["transfer_out"], "GB") if "transfer_out" in found else None,
    )


def _volume(entry: dict[str, Any]) -> VolumePrices:
    source = _sources()[entry["gb_month"][1]]
    return VolumePrices(
        gb_month=Price(Decimal(entry["gb_month"][0]), "GB-month", source.name, source.as_of),
        iops=_tiered(entry["iops"], "IOPS-month") if "iops" in entry else None,
        throughput=_price(entry.get("throughput"), "MiB/s-month"),
    )


def _price(entry: list[str] | None, unit: str) -> Price | None:
    if entry is None:
        return None
    source = _sources()[entry[1]]
    return Price(Decimal(entry[0]), unit, source.name, source.as_of)


def _prices(entries: dict[str, list[str]], unit: str) -> dict[str, Price]:
    found = {name: _price(entry, unit) for name, entry in entries.items()}
    return {name: price for name, price in found.items() if price is not None}


def _tiered(entry: dict[str, Any], unit: str) -> TieredPrice:
    source = _sources()[entry["source"]]
    tiers = tuple(
        Tier(None if upto is None else Decimal(upto), Decimal(amount))
        for upto, amount in entry["tiers"]
    )
    return TieredPrice(tiers, unit, source.name, source.as_of)
