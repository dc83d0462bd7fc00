"""Agree to pay for a requester-pays bucket: only after a plan, and only for as long as it helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.core import format as fmt
from tui.core.errors import UserError
from tui.core.plans import Plan, PlanFact, Risk
from tui.screens.s3.lines import DENIED
from tui.screens.s3.rows import uri
from tui.widgets.dialog import Confirm

if TYPE_CHECKING:
    from tui.cost import PriceBook
    from tui.cost.prices import Price
    from tui.screens.s3.acting import S3Acting

UNKNOWN = "unknown: only the bucket's owner may look"


async def agree_to_pay(screen: S3Acting, bucket: str, key: str = "") -> bool:
    """Ask whether to pay for a bucket's requests; True once that opened it.

    Without a `key` it is a listing that must be let through, else the object.

    Raises:
        AwsError: it was refused even so, or can't be reached.
        UserError: the bucket's owner pays, or the user has agreed already.
    """
    from tui.aws.calls import caused_by
    from tui.aws.requester import who_pays

    s3, requester = screen.services.s3, screen.services.gateway.requester
    title = f"Can't open {bucket}"
    if requester.pays(bucket):
        raise UserError(title, "access is denied though you pay for its requests", _ASK)
    screen.working("asking who pays…")
    with caused_by(None):
        payer = await who_pays(s3, bucket)
    screen.working("")
    if payer == "BucketOwner":
        raise UserError(title, "access is denied, and it is not a requester-pays bucket", _ASK)
    plan = pay_plan(bucket, payer, screen.services.book, screen.region_of_open_bucket)
    if not await screen.app.push_screen_wait(Confirm(plan)):
        return False
    requester.accept(bucket)
    try:
        with caused_by(f"Open {uri(bucket, key)}, paying for it"):
            if key:
                await s3.ask("head_object", bucket, Key=key)
            else:
                await s3.ask("list_objects_v2", bucket, MaxKeys=1)
    except BaseException as error:  # also where it is no longer waited for
        requester.forget(bucket)
        if isinstance(error, UserError) and error.code in DENIED:
            told = "access is denied even if you pay: who pays is not why"
            raise UserError(title, told, _ASK, code=error.code) from error
        raise
    return True


_ASK = "Ask its owner for the right."


def pay_plan(bucket: str, payer: str, book: PriceBook, region: str) -> Plan:
    """What it means to pay for a bucket that somebody else owns."""
    lists = book.s3_requests(region, "STANDARD", "put")
    reads = book.s3_requests(region, "STANDARD", "get")
    out = book.transfer_out(region)
    dearest = (
        max((tier.unit_price for tier in out.tiers), default=None) if out is not None else None
    )
    price = next((price for price in (lists, reads) if price is not None), None)
    facts = [
        PlanFact("bucket", bucket, "bold bright"),
        PlanFact("who pays", "whoever asks" if payer == "Requester" else UNKNOWN),
        PlanFact("listings", _thousand(lists), "warm"),
        PlanFact("reads", _thousand(reads), "warm"),
        PlanFact("transfer out", f"up to {fmt.usd(dearest, 3)} a GB", "warm"),
    ]
    if price is not None:
        facts.append(PlanFact("prices", f"{price.source}, {price.as_of:%d %b %Y}"))
    return Plan(
        title="Pay for requests and transfer of this bucket",
        verb="Pay, and try again",
        intro="A requester-pays bucket lets in only who agrees to pay for what is asked and sent. "
        "Your account is billed for this bucket until you switch the connection or quit.",
        risk=Risk.COSTS,
        facts=tuple(facts),
        warning="Agreeing costs nothing by itself; each listing, preview and download does.",
        keep="don't pay",
    )


def _thousand(price: Price | None) -> str:
    return f"{fmt.usd(price.amount if price is not None else None, 4)} for 1,000"
