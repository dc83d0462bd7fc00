"""Encrypt objects with S3's own keys or with a KMS key, after a plan."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.core.object_changes import Change, Encryption
from tui.core.plans import PlanFact
from tui.screens.s3.properties import rewrite
from tui.widgets.dialog import Ask, Choose

if TYPE_CHECKING:
    from tui.screens.s3.acting import S3Acting
    from tui.screens.s3.changing import Chosen

_KEY = re.compile(
    r"(arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/)?[\w/-]+|alias/[\w/-]+", re.ASCII
)
_CHOICES = [
    ("AES256", "S3's own keys", "SSE-S3: free, nothing to look after"),
    ("aws:kms", "the account's KMS key for S3", "SSE-KMS: aws/s3, each use is logged"),
    ("key", "another KMS key…", "by its id, ARN or alias"),
]


async def change_encryption(screen: S3Acting, chosen: Chosen) -> None:
    """Ask for the kind of key, show the plan, and encrypt anew by copies onto themselves."""
    kind = await screen.app.push_screen_wait(
        Choose("Encrypt with", _CHOICES, intro="Objects are encrypted anew by a copy of each.")
    )
    if kind is None:
        return
    key_id = ""
    if kind == "key":
        typed = await screen.app.push_screen_wait(
            Ask(
                "Which KMS key",
                "Who reads the objects then needs kms:Decrypt on it too.",
                placeholder="alias/data-lake",
                verb="go on",
                judge=_problem,
            )
        )
        if not typed:
            return
        key_id = typed
    encryption = Encryption("AES256" if kind == "AES256" else "aws:kms", key_id)
    told = next(label for name, label, _ in _CHOICES if name == kind)
    lines = [PlanFact("key", key_id or told)]
    if kind != "AES256":
        lines.append(PlanFact("KMS", "each read and write asks KMS: its price is unknown", "warn"))
    await rewrite(screen, chosen, Change(encryption=encryption), "encryption", lines)


def _problem(text: str) -> str | None:
    if not text:
        return "a key id, an ARN or alias/NAME"
    return None if _KEY.fullmatch(text) else "that is no key id, ARN or alias"
