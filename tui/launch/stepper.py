"""Two short lines for each step of the stepper."""

from __future__ import annotations

from collections.abc import Iterable

from tui.core.records import InstanceType, SecurityGroup
from tui.launch.draft import REVIEW, LaunchDraft, NewKey
from tui.launch.firewall import service_words, source_words, words


def summary(
    draft: LaunchDraft,
    step: str,
    *,
    types: Iterable[InstanceType] = (),
    groups: Iterable[SecurityGroup] = (),
) -> tuple[str, str]:
    """Return what a step says now: its choice and a detail, either may be "".

    Raises:
        KeyError: there is no such step.
    """
    if step == "type":
        return _type(draft, types)
    if step == "firewall":
        return _firewall(draft, groups)
    return {
        "image": _image,
        "details": _details,
        "storage": _storage,
        "tags": _tags,
        REVIEW: _review,
    }[step](draft)


def type_words(instance_type: InstanceType) -> str:
    """`8 vCPU · 32 GiB`, with GPUs if there are any."""
    memory = f"{instance_type.memory_gib.normalize():f} GiB"
    gpus = f" · {instance_type.gpus} GPU" if instance_type.gpus else ""
    return f"{instance_type.vcpus} vCPU · {memory}{gpus}"


def _image(draft: LaunchDraft) -> tuple[str, str]:
    if draft.image is None:
        return ("none chosen", "")
    return (draft.image.family or draft.image.name, draft.image.architecture)


def _type(draft: LaunchDraft, types: Iterable[InstanceType]) -> tuple[str, str]:
    if not draft.instance_type:
        return ("none chosen", "")
    found = next((each for each in types if each.name == draft.instance_type), None)
    return (draft.instance_type, type_words(found) if found else "")


def _details(draft: LaunchDraft) -> tuple[str, str]:
    if draft.role:
        return (f"{draft.count} · {draft.market}", f"role {draft.role}")
    return (
        f"{draft.count} · {draft.market}",
        "public address" if draft.public_ip else "no public address",
    )


def _storage(draft: LaunchDraft) -> tuple[str, str]:
    root = draft.root_volume
    if root is None:
        return ("the image's own", "")
    more = len(draft.volumes) - 1
    words_of = f"{root.size_gib:,} GiB {root.kind}" + (f" + {more} more" if more else "")
    plain = [volume for volume in draft.volumes if not volume.encrypted]
    return (words_of, "encrypted" if not plain else f"{len(plain)} not encrypted")


def _tags(draft: LaunchDraft) -> tuple[str, str]:
    if not draft.tags:
        return ("none", "")
    first = next((tag for tag in draft.tags if tag.key == "Name"), draft.tags[0])
    more = len(draft.tags) - 1
    return (f"{first.key}={first.value}", f"{more} more" if more else "")


def _firewall(draft: LaunchDraft, groups: Iterable[SecurityGroup]) -> tuple[str, str]:
    group = draft.security_group
    if not isinstance(group, str):
        if not group.rules:
            return (group.name, "lets nothing in")
        first, more = group.rules[0], len(group.rules) - 1
        service = service_words(first) + (f" + {more} more" if more else "")
        return (service, source_words(first.source))
    found = next((each for each in groups if each.id == group), None)
    if found is None:
        return (group or "none chosen", "")
    return (found.name, ", ".join(words(rule) for rule in found.ingress) or "lets nothing in")


def _review(draft: LaunchDraft) -> tuple[str, str]:
    if not draft.key_name:
        return ("no key pair", "")
    return (draft.key_name, "new key pair" if isinstance(draft.key, NewKey) else "")
