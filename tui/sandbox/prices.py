"""The sandbox's answers about prices: the bundled book's numbers, or a plain estimate.

The price book belongs to `tui.cost`, a sibling layer, so its file is read and its code is not
imported. A row is: type, USD an hour, source, spot savings in percent, interruption bucket,
offered.
"""

from __future__ import annotations

import csv
import gzip
from functools import cache
from pathlib import Path

import tui

BOOK = Path(tui.__file__).resolve().parent / "cost" / "data" / "regions"
USD_PER_VCPU_HOUR = {"t": 0.0208, "c": 0.0425, "m": 0.048, "r": 0.063, "g": 0.13, "p": 0.38}
SIZES = {"nano": 0.25, "micro": 0.5, "small": 1.0, "medium": 2.0, "large": 2.0, "xlarge": 4.0}
USUAL_SAVINGS = 0.62
"""Spot's share off the on-demand price where the book does not say."""

LOCATIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "us-gov-east-1": "AWS GovCloud (US-East)",
    "us-gov-west-1": "AWS GovCloud (US-West)",
    "af-south-1": "Africa (Cape Town)",
    "ap-east-1": "Asia Pacific (Hong Kong)",
    "ap-east-2": "Asia Pacific (Taipei)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-northeast-3": "Asia Pacific (Osaka)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-south-2": "Asia Pacific (Hyderabad)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ap-southeast-3": "Asia Pacific (Jakarta)",
    "ap-southeast-4": "Asia Pacific (Melbourne)",
    "ap-southeast-5": "Asia Pacific (Malaysia)",
    "ap-southeast-7": "Asia Pacific (Thailand)",
    "ca-central-1": "Canada (Central)",
    "ca-west-1": "Canada West (Calgary)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-central-2": "EU (Zurich)",
    "eu-north-1": "EU (Stockholm)",
    "eu-south-1": "EU (Milan)",
    "eu-south-2": "EU (Spain)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "il-central-1": "Israel (Tel Aviv)",
    "me-central-1": "Middle East (UAE)",
    "me-south-1": "Middle East (Bahrain)",
    "mx-central-1": "Mexico (Central)",
    "sa-east-1": "South America (Sao Paulo)",
}
"""The price list's own names of the book's regions."""


@cache
def _book(region: str) -> dict[str, tuple[float, float]]:
    """USD an hour and spot savings by type; empty when the book has no such region."""
    path = BOOK / f"{region}.csv.gz"
    if not path.is_file():
        return {}
    rows: dict[str, tuple[float, float]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        for row in csv.reader(handle):
            if len(row) >= 4 and row[1]:
                savings = float(row[3]) / 100 if row[3] else USUAL_SAVINGS
                rows[row[0]] = (float(row[1]), savings)
    return rows


def listed_usd_per_hour(instance_type: str, region: str) -> float | None:
    """A Linux on-demand price, USD an hour, as the book has it for just this region."""
    known = _book(region).get(instance_type)
    return known[0] if known else None


def on_demand_usd_per_hour(instance_type: str, region: str = "us-east-1") -> float:
    """A Linux on-demand price, USD an hour; made up from another where the book has none.

    Spot prices, which the sandbox makes up anyway, rest on it.
    """
    known = _book(region).get(instance_type) or _book("us-east-1").get(instance_type)
    return known[0] if known else _estimate(instance_type)


def spot_share(instance_type: str, region: str = "us-east-1") -> float:
    """What spot usually costs, as a share of the on-demand price."""
    _, savings = _book(region).get(instance_type, (0.0, USUAL_SAVINGS))
    return max(1 - savings, 0.08)


def _estimate(instance_type: str) -> float:
    family, _, size = instance_type.partition(".")
    per_vcpu = USD_PER_VCPU_HOUR.get(family[:1], 0.05)
    if size in SIZES:
        return round(per_vcpu * SIZES[size], 4)
    many = size.removesuffix("xlarge")
    return round(per_vcpu * 4 * (float(many) if many.isdigit() else 24), 4)
