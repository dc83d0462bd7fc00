"""A draft as JSON text and back, so that it outlives the app.

The user data is in the text: whoever writes it to disk keeps the file to its owner. The client
token is in it too, so that a launch sent before a crash is not made twice after it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from tui.core.errors import UserError
from tui.core.records import Image, IngressRule, Tag
from tui.launch.draft import (
    ExistingKey,
    KeyChoice,
    LaunchDraft,
    NewKey,
    NewSecurityGroup,
    NoKey,
    VolumeSpec,
)

VERSION = 1


class DraftError(UserError):
    """The text is no draft of this version."""


def draft_to_json(draft: LaunchDraft) -> str:
    """Return the draft as JSON."""
    found = asdict(draft)
    if draft.image and draft.image.created_at:
        found["image"]["created_at"] = draft.image.created_at.isoformat()
    found["key"] = {"choice": type(draft.key).__name__, **asdict(draft.key)}
    return json.dumps({"version": VERSION, "draft": found}, indent=1)


def draft_from_json(text: str) -> LaunchDraft:
    """Return the draft that `draft_to_json` wrote.

    Raises:
        DraftError: it is no draft, or one of another version.
    """
    try:
        found = json.loads(text)
        if found["version"] != VERSION:
            raise DraftError("Can't read the draft", "it is of another version of Skydeck")
        draft = dict(found["draft"])
        known = {field.name for field in fields(LaunchDraft)}
        if not draft.keys() <= known:
            raise ValueError("fields that a draft does not have")
        return LaunchDraft(**{**draft, **_records(draft)})
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise DraftError("Can't read the draft", "it is damaged") from error


def _records(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "image": _image(found["image"]),
        "volumes": tuple(VolumeSpec(**volume) for volume in found["volumes"]),
        "tags": tuple(Tag(**tag) for tag in found["tags"]),
        "security_group": _group(found["security_group"]),
        "key": _key(dict(found["key"])),
    }


def _image(found: dict[str, Any] | None) -> Image | None:
    if found is None:
        return None
    created = found["created_at"]
    return Image(**{**found, "created_at": datetime.fromisoformat(created) if created else None})


def _group(found: str | dict[str, Any]) -> str | NewSecurityGroup:
    if isinstance(found, str):
        return found
    rules = tuple(IngressRule(**rule) for rule in found["rules"])
    return NewSecurityGroup(found["name"], found["description"], rules)


def _key(found: dict[str, Any]) -> KeyChoice:
    makers: dict[str, type[KeyChoice]] = {
        "ExistingKey": ExistingKey,
        "NewKey": NewKey,
        "NoKey": NoKey,
    }
    return makers[found.pop("choice")](**found)
