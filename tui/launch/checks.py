"""What is wrong with a draft, step by step; checked on every keystroke, so pure and quick."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tui.core.records import InstanceType, SecurityGroup
from tui.launch import check_details, check_firewall, check_keys, check_storage, check_tags
from tui.launch.draft import REVIEW, STEPS, LaunchDraft, fits
from tui.launch.problem import Problem


@dataclass(frozen=True, slots=True)
class _Known:
    types: Sequence[InstanceType]
    groups: Sequence[SecurityGroup]
    key_names: Collection[str]
    my_address: str
    spot_price: Decimal | None


def problems(
    draft: LaunchDraft,
    step: str,
    *,
    types: Sequence[InstanceType] = (),
    groups: Sequence[SecurityGroup] = (),
    key_names: Collection[str] = (),
    my_address: str = "",
    spot_price: Decimal | None = None,
) -> tuple[Problem, ...]:
    """Return what is wrong with one step; `blocking` ones forbid the launch.

    Args:
        step: one of `STEPS`, or `REVIEW` for the key pair.
        types: what the region offers; empty if not known yet, then the type is not checked.
        groups: the security groups of the VPC.
        key_names: key pairs that EC2 knows.
        my_address: this machine's public address, or "".
        spot_price: USD an hour now for the chosen type, if known.

    Raises:
        KeyError: there is no such step.
    """
    known = _Known(types, groups, key_names, my_address, spot_price)
    return tuple(_CHECKS[step](draft, known))


def all_problems(
    draft: LaunchDraft,
    *,
    types: Sequence[InstanceType] = (),
    groups: Sequence[SecurityGroup] = (),
    key_names: Collection[str] = (),
    my_address: str = "",
    spot_price: Decimal | None = None,
) -> dict[str, tuple[Problem, ...]]:
    """Return the problems of every step and of the review, by step."""
    known = _Known(types, groups, key_names, my_address, spot_price)
    return {step: tuple(_CHECKS[step](draft, known)) for step in (*STEPS, REVIEW)}


def _image(draft: LaunchDraft, known: _Known) -> Sequence[Problem]:
    if draft.image is None:
        return [Problem("image", "Choose a machine image.")]
    if not draft.image.root_device:
        return [Problem("image", f"{draft.image.id} has no root device and can't be launched.")]
    return []


def _type(draft: LaunchDraft, known: _Known) -> Sequence[Problem]:
    name = draft.instance_type
    if not name:
        return [Problem("instance_type", "Choose an instance type.")]
    if not known.types:
        return []
    found = next((each for each in known.types if each.name == name), None)
    if found is None:
        return [Problem("instance_type", f"{name} is not offered in {draft.region}.")]
    if draft.image is None or fits(found, draft.image):
        return []
    if draft.image.architecture not in found.architectures:
        has = " and ".join(found.architectures)
        return [
            Problem(
                "instance_type",
                f"{name} is {has}, but the image is for {draft.image.architecture}.",
            )
        ]
    return [Problem("instance_type", f"{name} can't run a paravirtual image; it needs an HVM one.")]


_CHECKS: dict[str, Callable[[LaunchDraft, _Known], Sequence[Problem]]] = {
    "image": _image,
    "type": _type,
    "details": lambda draft, known: check_details.check(draft, known.spot_price),
    "storage": lambda draft, _: check_storage.check(draft),
    "tags": lambda draft, _: check_tags.check(draft.tags),
    "firewall": lambda draft, known: check_firewall.check(draft, known.groups, known.my_address),
    REVIEW: lambda draft, known: check_keys.check(draft.key, known.key_names),
}
