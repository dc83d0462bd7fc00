"""What a bucket's settings say, as lines that people read. Pure.

A line is (label, text, role of the text); a role is one of the palette's names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tui.aws.bucket.settings import Answer, Settings, State
from tui.aws.bucket.verdict import said

Line = tuple[str, str, str]


def raw(answers: Sequence[Answer]) -> str:
    """What S3 answered, as JSON; a policy as the document that it is."""
    whole: dict[str, Any] = {}
    for answer in answers:
        whole.update(answer.value)
    if isinstance(text := whole.get("Policy"), str):
        try:
            whole["Policy"] = json.loads(text)
        except (ValueError, RecursionError):
            whole["Policy"] = text
    return json.dumps(whole, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def missing(answer: Answer) -> Line | None:
    """The line for what could not be had; None where S3 answered."""
    if answer.known:
        return None
    if answer.state is State.FAILED:
        return ("", said(answer), "danger")
    if answer.state is State.DENIED and answer.error is not None:
        return ("", f"not allowed: {answer.error.message}", "warn")
    return ("", answer.state.value, "muted")


def summary(name: str, settings: Settings) -> tuple[str, str]:
    """A few words for one property, and their role."""
    answer = settings.get(name)
    if answer is None:
        return "◐", "dim"
    if not answer.known:
        denied = answer.state in (State.DENIED, State.FAILED)
        return answer.state.value, "warn" if denied else "dim"
    return _SUMMARIES[name](answer)


def _versioning(answer: Answer) -> tuple[str, str]:
    status = answer.value.get("Status")
    words = {"Enabled": ("on", "run"), "Suspended": ("suspended", "warn")}
    return words.get(str(status), ("off", "muted"))


def _encryption(answer: Answer) -> tuple[str, str]:
    rules = answer.value.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
    if not rules:
        return "none", "warn"
    default = rules[0].get("ApplyServerSideEncryptionByDefault", {})
    kinds = {"AES256": "SSE-S3", "aws:kms": "KMS", "aws:kms:dsse": "KMS, twice"}
    algorithm = str(default.get("SSEAlgorithm", ""))
    return kinds.get(algorithm, algorithm), "run"


def _counted(field: str, word: str) -> Callable[[Answer], tuple[str, str]]:
    def told(answer: Answer) -> tuple[str, str]:
        count = len(answer.value.get(field, ()))
        plural = "" if count == 1 else "s"
        return (f"{count} {word}{plural}", "text") if count else ("none", "dim")

    return told


def _website(answer: Answer) -> tuple[str, str]:
    return ("on", "text") if answer.state is State.SET else ("none", "dim")


def _logging(answer: Answer) -> tuple[str, str]:
    found = answer.value.get("LoggingEnabled")
    return (f"to {found['TargetBucket']}", "text") if found else ("none", "dim")


def _notifications(answer: Answer) -> tuple[str, str]:
    count = len(_notified(answer))
    return (f"{count}", "text") if count else ("none", "dim")


_SUMMARIES: Mapping[str, Callable[[Answer], tuple[str, str]]] = {
    "versioning": _versioning,
    "encryption": _encryption,
    "lifecycle": _counted("Rules", "rule"),
    "tags": _counted("TagSet", "tag"),
    "cors": _counted("CORSRules", "rule"),
    "website": _website,
    "logging": _logging,
    "notifications": _notifications,
}


# -- sections ------------------------------------------------------------------------------


def encryption_lines(answer: Answer) -> list[Line]:
    """How new objects are encrypted."""
    rules = answer.value.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
    if not rules:
        return [("", "no default is set", "warn")]
    default = rules[0].get("ApplyServerSideEncryptionByDefault", {})
    kinds = {
        "AES256": "SSE-S3: Amazon's own keys, nothing to pay",
        "aws:kms": "SSE-KMS: a key of KMS, whose use is paid for and can be withdrawn",
        "aws:kms:dsse": "DSSE-KMS: two layers, by a key of KMS",
    }
    algorithm = str(default.get("SSEAlgorithm", ""))
    lines: list[Line] = [("new objects", kinds.get(algorithm, algorithm), "text")]
    if key := default.get("KMSMasterKeyID"):
        lines.append(("key", str(key), "text"))
    elif algorithm.startswith("aws:kms"):
        lines.append(("key", "the account's own key for S3 (aws/s3)", "text"))
    if algorithm.startswith("aws:kms"):
        on = bool(rules[0].get("BucketKeyEnabled"))
        said = "on: one request to KMS for many objects" if on else "off: KMS is asked each time"
        lines.append(("bucket key", said, "text" if on else "muted"))
    blocked = rules[0].get("BlockedEncryptionTypes", {}).get("EncryptionType")
    if blocked:
        lines.append(("refused", ", ".join(blocked), "text"))
    return lines


def cors_lines(answer: Answer) -> list[Line]:
    """Which web pages of other origins may use the bucket from a browser."""
    lines: list[Line] = []
    for number, rule in enumerate(answer.value.get("CORSRules", ()), 1):
        origins = _listed(rule.get("AllowedOrigins"))
        wide = "*" in (rule.get("AllowedOrigins") or ())
        lines.append((str(rule.get("ID") or f"rule {number}"), "", "text"))
        lines.append(("  pages of", "any site" if wide else origins, "warn" if wide else "text"))
        lines.append(("  may", _listed(rule.get("AllowedMethods")), "text"))
        if rule.get("AllowedHeaders"):
            lines.append(("  sending", _listed(rule["AllowedHeaders"]), "text"))
        if rule.get("ExposeHeaders"):
            lines.append(("  reading", _listed(rule["ExposeHeaders"]), "text"))
        if rule.get("MaxAgeSeconds") is not None:
            lines.append(("  cached", f"{rule['MaxAgeSeconds']} s", "text"))
    return lines or [("", "no page of another origin may use this bucket from a browser", "muted")]


def website_lines(answer: Answer, bucket: str, region: str) -> list[Line]:
    """The bucket as a web site."""
    value = answer.value
    if answer.state is State.NONE:
        return [("", "this bucket is no web site", "muted")]
    if target := value.get("RedirectAllRequestsTo"):
        where = f"{target.get('Protocol') or 'http'}://{target.get('HostName', '')}"
        return [("sends all to", where, "text")]
    dot = "-" if region in _DASHED else "."
    lines: list[Line] = [
        ("address", f"http://{bucket}.s3-website{dot}{region}.amazonaws.com", "text"),
        ("first page", str(value.get("IndexDocument", {}).get("Suffix", "—")), "text"),
        ("error page", str(value.get("ErrorDocument", {}).get("Key", "S3's own")), "text"),
    ]
    for rule in value.get("RoutingRules", ()):
        condition, redirect = rule.get("Condition", {}), rule.get("Redirect", {})
        when = condition.get("KeyPrefixEquals") or condition.get("HttpErrorCodeReturnedEquals")
        to = redirect.get("ReplaceKeyWith") or redirect.get("ReplaceKeyPrefixWith")
        host = redirect.get("HostName", "")
        lines.append(("redirect", f"{when or 'everything'} to {host}/{to or ''}", "text"))
    return lines


# Amazon S3 User Guide, "Website endpoints": these have a dash, all others a dot.
_DASHED = frozenset(
    """
    us-east-1 us-west-1 us-west-2 ap-southeast-1 ap-southeast-2 ap-northeast-1 eu-west-1 sa-east-1
    us-gov-west-1
    """.split()  # noqa: SIM905 - one name a line would be a screenful
)


def logging_lines(answer: Answer) -> list[Line]:
    """Where S3 writes who asked for what."""
    found = answer.value.get("LoggingEnabled")
    if not found:
        return [("", "requests are not logged", "muted")]
    prefix = found.get("TargetPrefix") or ""
    lines: list[Line] = [("to", f"s3://{found['TargetBucket']}/{prefix}", "text")]
    form = found.get("TargetObjectKeyFormat", {})
    lines.append(("keys by", "date" if "PartitionedPrefix" in form else "time", "text"))
    return lines


def notification_lines(answer: Answer) -> list[Line]:
    """Who is told when something happens in the bucket."""
    lines: list[Line] = []
    for kind, target, rule in _notified(answer):
        lines.append((kind, target, "text"))
        if rule is None:
            lines.append(("  when", "anything happens", "text"))
            continue
        lines.append(("  when", _listed(rule.get("Events")), "text"))
        keys = [
            f"{part['Name'].lower()} {part['Value']}"
            for part in rule.get("Filter", {}).get("Key", {}).get("FilterRules", ())
        ]
        if keys:
            lines.append(("  keys of", " and ".join(keys), "text"))
    return lines or [("", "nobody is told of changes", "muted")]


def _notified(answer: Answer) -> list[tuple[str, str, Mapping[str, Any] | None]]:
    found: list[tuple[str, str, Mapping[str, Any] | None]] = []
    kinds = (
        ("Lambda", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
        ("queue", "QueueConfigurations", "QueueArn"),
        ("topic", "TopicConfigurations", "TopicArn"),
    )
    for kind, field, arn in kinds:
        found += [(kind, str(rule.get(arn, "")), rule) for rule in answer.value.get(field) or ()]
    if "EventBridgeConfiguration" in answer.value:
        found.append(("EventBridge", "all events", None))
    return found


def versioning_lines(answer: Answer) -> list[Line]:
    """Whether old versions are kept, and what that costs."""
    word, role = _versioning(answer)
    told = {
        "on": "every overwritten or deleted object stays as an old version, and is paid for",
        "suspended": "old versions stay; what is overwritten or deleted now is gone",
        "off": "what is overwritten or deleted is gone for good",
    }
    lines: list[Line] = [("versioning", word, role), ("", told[word], "muted")]
    if answer.value.get("MFADelete") == "Enabled":
        lines.append(("MFA delete", "on: versions go only with a code", "run"))
    return lines


def other_lines(settings: Settings) -> list[Line]:
    """What is left: object lock, who pays, replication, acceleration, inventory, tiering."""
    lines: list[Line] = []
    for name, label, told in _OTHERS:
        answer = settings.get(name)
        if answer is None:
            lines.append((label, "asking…", "dim"))
        elif (gap := missing(answer)) is not None:
            lines.append((label, gap[1], gap[2]))
        else:
            lines.append((label, *told(answer)))
    return lines


def _lock(answer: Answer) -> tuple[str, str]:
    found = answer.value.get("ObjectLockConfiguration", {})
    if found.get("ObjectLockEnabled") != "Enabled":
        return "off", "muted"
    kept = found.get("Rule", {}).get("DefaultRetention", {})
    if not kept.get("Mode"):
        return "on, no default retention", "run"
    time = f"{kept['Days']} days" if kept.get("Days") else f"{kept.get('Years')} years"
    return f"on, new objects are locked for {time} ({str(kept['Mode']).lower()})", "run"


def _payer(answer: Answer) -> tuple[str, str]:
    requester = answer.value.get("Payer") == "Requester"
    return ("whoever asks", "warm") if requester else ("the owner", "text")


def _acceleration(answer: Answer) -> tuple[str, str]:
    return ("on", "warm") if answer.value.get("Status") == "Enabled" else ("off", "muted")


def _replication(answer: Answer) -> tuple[str, str]:
    rules = answer.value.get("ReplicationConfiguration", {}).get("Rules", ())
    on = [rule for rule in rules if rule.get("Status") == "Enabled"]
    to = [str(rule.get("Destination", {}).get("Bucket", "")).rpartition(":")[2] for rule in on]
    if to:
        return f"to {', '.join(dict.fromkeys(to))}", "text"
    return ("rules are there, all off", "muted") if rules else ("none", "muted")


_OTHERS: tuple[tuple[str, str, Callable[[Answer], tuple[str, str]]], ...] = (
    ("object_lock", "object lock", _lock),
    ("payment", "paid by", _payer),
    ("replication", "replication", _replication),
    ("acceleration", "acceleration", _acceleration),
    ("inventory", "inventories", _counted("InventoryConfigurationList", "list")),
    ("tiering", "tiering rules", _counted("IntelligentTieringConfigurationList", "rule")),
)


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values or ()) or "—"
