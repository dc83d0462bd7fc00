"""What a dialog asks before a bucket's settings change. Pure: plans, no widgets."""

from __future__ import annotations

from collections.abc import Sequence

from tui.aws.bucket.settings import Switches
from tui.core.plans import Plan, PlanFact, Risk

SWITCH_WORDS = (
    ("BlockPublicAcls", "refuse new ACLs for everyone"),
    ("IgnorePublicAcls", "ignore ACLs for everyone"),
    ("BlockPublicPolicy", "refuse new policies for everyone"),
    ("RestrictPublicBuckets", "hold back a policy for everyone"),
)
OWNERSHIP_WORDS = {
    "BucketOwnerEnforced": ("ACLs are off", "all objects are the bucket owner's"),
    "BucketOwnerPreferred": ("ACLs are on", "objects given to the owner are the owner's"),
    "ObjectWriter": ("ACLs are on", "objects are of the account that writes them"),
}


def open_bucket_plan(name: str, region: str) -> Plan:
    """A new bucket whose public access is not blocked."""
    return Plan(
        title=f"Create {name} without blocking public access",
        verb="Create it open",
        intro="A policy or an ACL can then show what lies in it to anyone on the internet.",
        risk=Risk.DESTROYS,
        facts=(
            PlanFact("bucket", name, "bold bright"),
            PlanFact("region", region),
            PlanFact("public access", "not blocked", "danger"),
        ),
        warning="What the internet has read cannot be called back.",
        typed=name,
        keep="go back to the form",
    )


def switches_plan(
    bucket: str, before: Switches, wanted: Switches, exposes: Sequence[str] = ()
) -> Plan:
    """The four switches as they will be; to turn one off wants the bucket's name typed."""
    facts = [PlanFact("bucket", bucket, "bold bright")]
    for (name, about), old, new in zip(SWITCH_WORDS, before, wanted, strict=True):
        if old != new:
            said = f"{'on' if old else 'off'} → {'on' if new else 'off'}: {about}"
            facts.append(PlanFact(name, said, "run" if new else "danger"))
    facts += [PlanFact("then", words, "danger") for words in exposes]
    off = any(old and not new for old, new in zip(before, wanted, strict=True))
    return Plan(
        title="Stop blocking public access" if off else "Block public access",
        verb="Stop blocking" if off else "Block it",
        intro="What the block held back counts again at once."
        if off
        else "Whoever reads the bucket as a stranger is shut out at once.",
        risk=Risk.DESTROYS if off else Risk.CAREFUL,
        facts=tuple(facts),
        warning="What the internet has read cannot be called back." if off else "",
        typed=bucket if off else "",
        keep="leave it as it is",
    )


def versioning_plan(bucket: str, *, on: bool) -> Plan:
    """Keep old versions from now on, or no longer."""
    if on:
        intro = "What is overwritten or deleted stays as an old version, and costs as much as new."
        warning = "Versioning can be suspended later, but never be quite off again."
    else:
        intro = "Versions that are there stay, and go on costing."
        warning = "What is overwritten or deleted from now on cannot be brought back."
    verb = "Turn versioning on" if on else "Suspend versioning"
    return Plan(
        title=f"{verb} for {bucket}",
        verb=verb,
        intro=intro,
        risk=Risk.COSTS if on else Risk.CAREFUL,
        facts=(PlanFact("bucket", bucket), PlanFact("versioning", "on" if on else "suspended")),
        warning=warning,
        keep="leave it as it is",
    )


def ownership_plan(bucket: str, before: str, wanted: str) -> Plan:
    """Who owns what others upload, and whether ACLs count."""
    opens = wanted != "BucketOwnerEnforced"
    acls, about = OWNERSHIP_WORDS[wanted]
    return Plan(
        title=f"Change who owns the objects of {bucket}",
        verb="Change it",
        intro="ACLs that are kept count again at once."
        if opens
        else "No ACL counts any more: who has access by one loses it at once.",
        risk=Risk.DESTROYS if opens else Risk.CAREFUL,
        facts=(
            PlanFact("bucket", bucket),
            PlanFact("now", before or "not set"),
            PlanFact("then", f"{wanted}: {acls}, {about}", "warn"),
        ),
        typed=bucket if opens else "",
        warning="An ACL may open single objects, which no policy shows." if opens else "",
        keep="leave it as it is",
    )


def encryption_plan(bucket: str, before: str, wanted: str, *, kms: bool) -> Plan:
    """How new objects are encrypted from now on."""
    return Plan(
        title=f"Encrypt new objects of {bucket} otherwise",
        verb="Change it",
        intro="Objects that are there stay as they are.",
        risk=Risk.COSTS if kms else Risk.PLAIN,
        facts=(PlanFact("now", before), PlanFact("then", wanted)),
        warning="Who may not use the key can neither read nor write." if kms else "",
        keep="leave it as it is",
    )
