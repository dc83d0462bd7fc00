"""The `x-amz-restore` header: whether an archived object is being restored, or for how long."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

_ONGOING = re.compile(r'ongoing-request="(true|false)"')
_EXPIRY = re.compile(r'expiry-date="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Restore:
    """A restore that runs, or a restored copy that stays until then."""

    ongoing: bool
    until: datetime | None = None


def restore_of(header: str) -> Restore | None:
    """Read `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`; None if empty.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    ongoing = _ONGOING.search(header)
    if ongoing is None:
        return None
    until = None
    if found := _EXPIRY.search(header):
        try:
            until = parsedate_to_datetime(found[1])
        except ValueError:
            until = None
    return Restore(ongoing[1] == "true", until)
