"""What the tables of error texts are made of."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """Why it failed and what to do next."""

    message: str
    hint: str = ""
    retryable: bool = False


SWITCH = "Press P to switch profile."
DENIED = Text("access denied for {who}{needs}", "Press P to switch profile, or ask for the right.")
QUOTA = Text("the account's limit is reached: {message}", "Ask AWS to raise it (Service Quotas).")
CORRUPT = Text("the data was damaged on the way", "Retry.", True)
