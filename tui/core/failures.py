"""What of a list could not be done, key by key."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyFailure:
    """One key on which it failed, with the service's code and the reason as a clause.

    `version_id` names the version, or the upload where one could not be aborted.
    """

    key: str
    code: str
    message: str
    version_id: str = ""
