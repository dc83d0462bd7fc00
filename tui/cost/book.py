"""The price book: what a thing costs in a region, or None for unknown.

Never another region's price, never zero for what is not known. A book is an input: the bundled
snapshot is one, `PriceBook.of` makes one from any records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from tui.core.records import InstanceType
from tui.cost import bundled
from tui.cost.prices import Price, RegionPrices, SpotAdvice, TieredPrice, VolumePrices
from tui.cost.tiers import Tier

_NOTHING = RegionPrices()
INTERRUPTION_WORDS = ("<5%", "5–10%", "10–15%", "15–20%", ">20%")


class PriceBook:
    """Prices by region, read when a region is first asked for."""

    def __init__(
        self,
        name: str,
        as_of: date,
        load_region: Callable[[str], RegionPrices | None],
        load_types: Callable[[], Mapping[str, InstanceType]],
        region_names: Callable[[], tuple[str, ...]],
    ) -> None:
        """Make a book from functions; they are called when needed and should cache."""
        self.name = name
        self.as_of = as_of
        self._load_region = load_region
        self._load_types = load_types
        self._region_names = region_names

    @classmethod
    def bundled(cls) -> PriceBook:
        """The snapshot that is packaged with Skydeck; nothing but its date is read yet."""
        return cls(
            "bundled snapshot",
            bundled.compiled_on(),
            bundled.region,
            bundled.instance_types,
            bundled.regions,
        )

    @classmethod
    def none(cls) -> PriceBook:
        """A book in which everything is unknown: for servers that are not Amazon's."""
        return cls.of("no prices", bundled.compiled_on(), {})

    @classmethod
    def of(
        cls,
        name: str,
        as_of: date,
        regions: Mapping[str, RegionPrices],
        types: Mapping[str, InstanceType] | None = None,
    ) -> PriceBook:
        """Make a book from records; without `types`, the snapshot's descriptions are used."""
        return cls(
            name,
            as_of,
            regions.get,
            (lambda: types) if types is not None else bundled.instance_types,
            lambda: tuple(sorted(regions)),
        )

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that this book knows anything of."""
        return self._region_names()

    def instance_hour(self, region: str, instance_type: str) -> Price | None:
        """Linux on-demand, shared tenancy, USD an hour."""
        return self._region(region).instances.get(instance_type)

    def spot_advice(self, region: str, instance_type: str) -> SpotAdvice | None:
        """Savings and interruptions by the Spot Advisor."""
        return self._region(region).spot.get(instance_type)

    def spot_estimate(self, region: str, instance_type: str) -> Price | None:
        """On-demand less the Spot Advisor's savings; its source says that it is an estimate."""
        full = self.instance_hour(region, instance_type)
        advice = self.spot_advice(region, instance_type)
        if full is None or advice is None:
            return None
        return Price(
            full.amount * (100 - advice.savings_pct) / 100,
            "hour",
            f"estimate: on-demand ({full.source}) less {advice.savings_pct}% ({advice.source})",
            min(full.as_of, advice.as_of),
        )

    def interruption(self, region: str, instance_type: str) -> int | None:
        """How often spot is taken away: bucket 0 (under 5 % a month) to 4 (over 20 %)."""
        advice = self.spot_advice(region, instance_type)
        return advice.interruption if advice else None

    def volume(self, region: str, kind: str) -> VolumePrices | None:
        """All prices of a kind of EBS volume."""
        return self._region(region).volumes.get(kind)

    def volume_gb_month(self, region: str, kind: str) -> Price | None:
        """USD a GiB-month of an EBS volume."""
        found = self.volume(region, kind)
        return found.gb_month if found else None

    def volume_iops(self, region: str, kind: str) -> TieredPrice | None:
        """USD an IOPS-month in tiers; for gp3, for those above the 3,000 included."""
        found = self.volume(region, kind)
        return found.iops if found else None

    def snapshot_gb_month(self, region: str) -> Price | None:
        """USD a GB-month of an EBS snapshot, standard tier."""
        return self._region(region).snapshot_gb_month

    def public_ipv4_hour(self, region: str) -> Price | None:
        """USD an hour of a public IPv4 address, in use or idle."""
        return self._region(region).public_ipv4_hour

    def monitoring_metric_month(self, region: str) -> Price | None:
        """USD a month of one metric of detailed monitoring."""
        return self._region(region).monitoring_metric_month

    def s3_price(self, region: str, storage_class: str) -> TieredPrice | None:
        """The tiers of a storage class with their source.

        Where the book knows only the first tiers, the last one has an end, and what lies above it
        has no known price.
        """
        return self._region(region).s3.get(storage_class)

    def s3_tiers(self, region: str, storage_class: str) -> tuple[Tier, ...] | None:
        """The tiers of a storage class, USD a GB-month (GB = 2**30 bytes)."""
        found = self.s3_price(region, storage_class)
        return found.tiers if found else None

    def s3_requests(self, region: str, storage_class: str, verb: str) -> Price | None:
        """USD for 1,000 requests: verb "put", "get", "lifecycle", "retrieval_standard", ..."""
        return self._region(region).s3_requests.get(storage_class, {}).get(verb)

    def s3_retrieval_gb(
        self, region: str, storage_class: str, speed: str = "standard"
    ) -> Price | None:
        """USD a GB read back from a colder class; None where it is unknown or not charged."""
        found = self._region(region).s3_retrieval
        return found.get(storage_class) or found.get(f"{storage_class}_{speed}")

    def s3_object_monitoring(self, region: str) -> Price | None:
        """Intelligent-Tiering's charge a month for 1,000 objects."""
        return self._region(region).s3_object_monitoring

    def transfer_out(self, region: str) -> TieredPrice | None:
        """USD a GB sent to the internet, in tiers; no free tier taken off."""
        return self._region(region).transfer_out

    def instance_type(self, instance_type: str) -> InstanceType | None:
        """The description of one type, wherever it is offered."""
        return self._load_types().get(instance_type)

    def instance_types(self, region: str) -> tuple[InstanceType, ...]:
        """The types that the region offers, sorted by name; empty for an unknown region."""
        known = self._load_types()
        return tuple(known[name] for name in self._region(region).offered if name in known)

    def _region(self, name: str) -> RegionPrices:
        return self._load_region(name) or _NOTHING
