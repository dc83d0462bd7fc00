"""Checks of the details step: how many, on which market, with which role and user data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from tui.launch.draft import ON_DEMAND, SPOT, LaunchDraft
from tui.launch.problem import Problem, warning

MAX_COUNT = 20  # ours: more machines than that at once is more likely a slip than a wish
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html: 16 KB in raw form.
MAX_USER_DATA_BYTES = 16 * 1024
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_InstanceProfile.html
_ROLE = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
# What cloud-init knows how to run: https://docs.cloud-init.io/en/latest/explanation/format.html
_RUNNABLE = (
    "#!",
    "#cloud-",
    "#include",
    "#upstart-job",
    "#part-handler",
    "## template:",
    "Content-Type:",
    "MIME-",
)


def check(draft: LaunchDraft, spot_price: Decimal | None = None) -> list[Problem]:
    """Return what is wrong with the details."""
    found = [*_count(draft), *_network(draft), *_user_data(draft.user_data)]
    if draft.market not in (ON_DEMAND, SPOT):
        found.append(Problem("market", f"The market is {ON_DEMAND} or {SPOT}."))
    if draft.spot:
        found += [*_spot(draft), *_max_price(draft.max_price, spot_price)]
    if draft.shutdown_behavior not in ("stop", "terminate"):
        found.append(Problem("shutdown_behavior", "On shutdown an instance stops or terminates."))
    if draft.role and not _ROLE.fullmatch(draft.role):
        found.append(
            Problem("role", "A role's name has letters, digits and _+=,.@- only, 128 at most.")
        )
    if not draft.imdsv2:
        found.append(
            warning("imdsv2", "IMDSv1 lets any process that can fetch a URL take the role.")
        )
    return found


def typed_price(text: str) -> Decimal | None:
    """Read a price as typed, with or without a dollar sign; None if it is no positive decimal."""
    cleaned = text.strip().removeprefix("$").strip()
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", cleaned, re.ASCII):
        return None
    try:
        amount = Decimal(cleaned)
    except InvalidOperation:
        return None
    return amount if amount > 0 else None


def _count(draft: LaunchDraft) -> Iterator[Problem]:
    if draft.count < 1:
        yield Problem("count", "Launch at least one instance.")
    elif draft.count > MAX_COUNT:
        yield Problem("count", f"Launch {MAX_COUNT} instances at most at once.")


def _network(draft: LaunchDraft) -> Iterator[Problem]:
    if draft.subnet_id and not _SUBNET.fullmatch(draft.subnet_id):
        yield Problem("subnet_id", "A subnet's id looks like subnet-0a1b2c3d.")
    if not draft.public_ip:
        yield warning("public_ip", "Without a public address the console can't reach it from here.")


def _spot(draft: LaunchDraft) -> Iterator[Problem]:
    if draft.termination_protection:
        yield Problem("termination_protection", "A spot instance can't be protected.")
    if draft.spot_request not in ("one-time", "persistent"):
        yield Problem("spot_request", "A spot request is one-time or persistent.")
    # RunInstances: a persistent request only with stop or hibernate, a one-time one terminates.
    allowed = ("stop", "hibernate") if draft.spot_request == "persistent" else ("terminate",)
    if draft.interruption not in allowed:
        yield Problem(
            "interruption",
            f"When a {draft.spot_request} spot instance is taken away it can only "
            f"{' or '.join(allowed)}.",
        )


def _max_price(text: str, spot_price: Decimal | None) -> Iterator[Problem]:
    if not text.strip():
        return
    amount = typed_price(text)
    if amount is None:
        yield Problem("max_price", "A maximum price is dollars an hour, such as 0.05, or blank.")
    elif spot_price is not None and amount < spot_price:
        yield warning(
            "max_price", f"Below the spot price of about ${spot_price:.4f}: it may never start."
        )


def _user_data(text: str) -> Iterator[Problem]:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_USER_DATA_BYTES:
        yield Problem("user_data", f"User data has {size:,} bytes; 16,384 are the most.")
    if text.strip() and not text.startswith(_RUNNABLE):
        yield warning(
            "user_data", "It starts with neither #! nor #cloud-config: nothing will run it."
        )
