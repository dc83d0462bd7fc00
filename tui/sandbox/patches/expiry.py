"""Lifecycle rules that are kept whole, and refused where S3 refuses them.

moto forgets sizes, versions to keep and the prefix of some filters, and takes any number of days.
It moves and deletes nothing by them; nor does this.
"""

from __future__ import annotations

import uuid
from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put

MAX_RULES = 1_000
IA = ("STANDARD_IA", "ONEZONE_IA")
IA_DAYS = 30
_MINIMUM = "all_storage_classes_128K"
_LISTS = {
    "Transition": "Transitions",
    "NoncurrentVersionTransition": "NoncurrentVersionTransitions",
}
_NUMBERS = frozenset(
    """
    Days NoncurrentDays NewerNoncurrentVersions DaysAfterInitiation ObjectSizeGreaterThan
    ObjectSizeLessThan
    """.split()  # noqa: SIM905 - one name a line would be a screenful
)


def install(context: PatchContext) -> None:
    """Keep the rules as they were sent, and answer with them."""
    from moto.s3.models import FakeBucket
    from moto.s3.responses import S3Response

    parse = need(FakeBucket, "set_lifecycle", "rules")
    forget = need(FakeBucket, "delete_lifecycle")
    ask = need(S3Response, "get_bucket_lifecycle")

    def set_lifecycle(self: Any, rules: list[dict[str, Any]]) -> None:
        whole = [_rule(row) for row in rules]
        _check(whole)
        parse(self, rules)
        self.skydeck_rules = whole

    def delete_lifecycle(self: Any) -> None:
        forget(self)
        self.skydeck_rules = []

    def get_bucket_lifecycle(self: Any) -> Any:
        from moto.core.responses import ActionResult

        rules = getattr(self.backend.get_bucket(self.bucket_name), "skydeck_rules", None)
        if not rules:
            return ask(self)
        self.data["Action"] = "GetBucketLifecycleConfiguration"
        told = {"Rules": rules, "TransitionDefaultMinimumObjectSize": _MINIMUM}
        return self.serialized(ActionResult(told))

    put(FakeBucket, set_lifecycle=set_lifecycle, delete_lifecycle=delete_lifecycle)
    put(S3Response, get_bucket_lifecycle=get_bucket_lifecycle)


def _rule(row: dict[str, Any]) -> dict[str, Any]:
    """One rule as the API's model names its parts; one without a name gets one."""
    made: dict[str, Any] = {"ID": row.get("ID") or uuid.uuid4().hex}
    for name, value in row.items():
        if name in _LISTS:
            rows = value if isinstance(value, list) else [value]
            made[_LISTS[name]] = [_part(one) for one in rows]
        elif name == "Filter":
            made["Filter"] = _filter(value or {})
        elif name != "ID":
            made[name] = _part(value) if isinstance(value, dict) else value or ""
    return made


def _part(value: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(name, one) for name, one in value.items()}


def _plain(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        return int(value)
    return value == "true" if name == "ExpiredObjectDeleteMarker" else value or ""


def _filter(value: dict[str, Any]) -> dict[str, Any]:
    made = _part({name: one for name, one in value.items() if name not in ("And", "Tag")})
    if "Tag" in value:
        made["Tag"] = _part(value["Tag"])
    if value.get("And"):
        parts = value["And"]
        made["And"] = _part({name: one for name, one in parts.items() if name != "Tag"})
        tags = parts.get("Tag", [])
        tags = tags if isinstance(tags, list) else [tags]
        if tags:
            made["And"]["Tags"] = [_part(tag) for tag in tags]
    return made


def _check(rules: list[dict[str, Any]]) -> None:
    if len(rules) > MAX_RULES:
        raise _refusal("The number of lifecycle rules must not exceed the limit of 1000 rules")
    names = [rule["ID"] for rule in rules]
    if len(set(names)) < len(names):
        raise _refusal("Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        moves = sorted(
            (one["Days"], one["StorageClass"])
            for one in rule.get("Transitions", ())
            if "Days" in one
        )
        for days, storage_class in moves:
            if storage_class in IA and days < IA_DAYS:
                raise _refusal(
                    "'Days' in Transition action must be greater than or equal to 30 for "
                    f"storageClass '{storage_class}'"
                )
        expires = rule.get("Expiration", {}).get("Days")
        if expires is not None and moves and expires <= moves[-1][0]:
            raise _refusal(
                "'Days' in the Expiration action for filter must be greater than 'Days' in the "
                "Transition action"
            )
        if expires == 0:
            raise _refusal("'Days' for Expiration action must be a positive integer")


def _refusal(message: str) -> Exception:
    from moto.s3.exceptions import S3ClientError

    error: Exception = S3ClientError("InvalidArgument", message)
    return error
