"""Reads a price book of one's own, or of another year, from JSON text.

```json
{"name": "early 2015", "as_of": "2015-03-31", "source": "apache/libcloud",
 "regions": {"us-east-1": {
   "instances": {"t2.micro": "0.013"},
   "volumes": {"gp2": "0.10"},
   "public_ipv4_hour": "0.005",
   "s3": {"STANDARD": [[1024, "0.0300"], [null, "0.0295"]]},
   "transfer_out": [[10240, "0.09"], [null, "0.085"]]}}}
```
Amounts are USD, as strings or numbers (read as decimals, never as floats); a tier is its cumulative
end in GB, null for none, and its price. What is left out is unknown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from tui.core.errors import UserError
from tui.cost.book import PriceBook
from tui.cost.prices import Price, RegionPrices, TieredPrice, VolumePrices
from tui.cost.tiers import Tier, tiered_cost


class BookError(UserError):
    """The text is no price book; the message says which part and why."""


@dataclass(frozen=True, slots=True)
class _Reader:
    source: str
    as_of: date

    def region(self, found: dict[str, Any]) -> RegionPrices:
        instances = {
            kind: self.price(amount, "hour") for kind, amount in found.get("instances", {}).items()
        }
        address, transfer = found.get("public_ipv4_hour"), found.get("transfer_out")
        return RegionPrices(
            instances=instances,
            offered=tuple(sorted(instances)),
            volumes={
                kind: VolumePrices(self.price(amount, "GB-month"))
                for kind, amount in found.get("volumes", {}).items()
            },
            public_ipv4_hour=None if address is None else self.price(address, "hour"),
            s3={name: self.tiered(t, "GB-month") for name, t in found.get("s3", {}).items()},
            transfer_out=None if transfer is None else self.tiered(transfer, "GB"),
        )

    def price(self, amount: Any, unit: str) -> Price:
        return Price(_amount(amount), unit, self.source, self.as_of)

    def tiered(self, entries: Sequence[Sequence[Any]], unit: str) -> TieredPrice:
        tiers = tuple(
            Tier(None if upto is None else _amount(upto), _amount(price)) for upto, price in entries
        )
        tiered_cost(Decimal(0), tiers)  # raises if they are not in order
        return TieredPrice(tiers, unit, self.source, self.as_of)


def book_from_json(text: str) -> PriceBook:
    """Return the book that the text describes.

    Raises:
        BookError: it is no JSON, or not of this shape.
    """
    try:
        found = json.loads(text, parse_float=Decimal)
        as_of = date.fromisoformat(found["as_of"])
        reader = _Reader(str(found.get("source", found["name"])), as_of)
        regions = {name: reader.region(entry) for name, entry in found["regions"].items()}
        return PriceBook.of(str(found["name"]), as_of, regions)
    except json.JSONDecodeError as error:
        raise BookError("Can't read the price book", f"line {error.lineno} is no JSON") from error
    except KeyError as error:
        raise BookError("Can't read the price book", f"it has no {error.args[0]}") from error
    except (ValueError, TypeError, AttributeError, InvalidOperation) as error:
        raise BookError("Can't read the price book", str(error)) from error


def _amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError(f"{value!r} is no amount")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is no amount") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{value!r} is no amount")
    return amount
