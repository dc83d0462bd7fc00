"""Prices and estimates: pure, Decimal, USD. An unknown price is None, never zero."""

from __future__ import annotations

from tui.cost.book import INTERRUPTION_WORDS, PriceBook
from tui.cost.estimate import (
    HOURS_PER_MONTH,
    CostLine,
    Estimate,
    VolumeLike,
    instance_cost,
    volume_month,
)
from tui.cost.prices import Price, RegionPrices, SpotAdvice, TieredPrice, VolumePrices
from tui.cost.running import InstanceCost, RunningCost, Spent, running_cost
from tui.cost.s3 import StorageLine, StorageMonth, colder_classes, gigabytes, s3_month
from tui.cost.scenario import ScenarioLine, WhatIf, what_if
from tui.cost.tiers import Tier, TierShare, covers, tier_shares, tiered_cost
from tui.cost.type_rows import TypeRow, type_row, type_rows
from tui.cost.user_book import BookError, book_from_json

__all__ = [
    "HOURS_PER_MONTH",
    "INTERRUPTION_WORDS",
    "BookError",
    "CostLine",
    "Estimate",
    "InstanceCost",
    "Price",
    "PriceBook",
    "RegionPrices",
    "RunningCost",
    "ScenarioLine",
    "Spent",
    "SpotAdvice",
    "StorageLine",
    "StorageMonth",
    "Tier",
    "TierShare",
    "TieredPrice",
    "TypeRow",
    "VolumeLike",
    "VolumePrices",
    "WhatIf",
    "book_from_json",
    "colder_classes",
    "covers",
    "gigabytes",
    "instance_cost",
    "running_cost",
    "s3_month",
    "tier_shares",
    "tiered_cost",
    "type_row",
    "type_rows",
    "volume_month",
    "what_if",
]
