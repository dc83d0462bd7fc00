"""The rules for bucket names, as Amazon S3 states them for general purpose buckets.

Source: Amazon S3 User Guide, "General purpose bucket naming rules".

These are the rules of the shared global namespace, where Skydeck makes its buckets. A bucket of
an account's own regional namespace ends in -an, and is made with a header of its own.
"""

from __future__ import annotations

import re

MINIMUM, MAXIMUM = 3, 63
RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
REGIONAL_SUFFIX = "-an"

_ALLOWED = re.compile(r"[a-z0-9.-]*", re.ASCII)
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+", re.ASCII)


def problem(name: str) -> str | None:
    """Say what is wrong with a bucket name, or None where S3 would accept its form.

    Whether the name is free is another question: bucket names are global.
    """
    if not name:
        return "type a name"
    return _character_problem(name) or _form_problem(name) or _reserved_problem(name)


def _character_problem(name: str) -> str | None:
    good = _ALLOWED.match(name)
    end = good.end() if good else 0
    if end == len(name):
        return None
    bad = name[end]
    if bad == "_":
        return "no underscores: use a hyphen"
    if bad.isascii() and bad.isupper():
        return "lower case only"
    if bad.isspace():
        return "no spaces"
    return "only a-z, 0-9, dots and hyphens"


def _form_problem(name: str) -> str | None:
    if len(name) < MINIMUM:
        return f"at least {MINIMUM} characters, this has {len(name)}"
    if len(name) > MAXIMUM:
        return f"at most {MAXIMUM} characters, this has {len(name)}"
    if not name[0].isalnum():
        return "must begin with a letter or digit"
    if not name[-1].isalnum():
        return "must end with a letter or digit"
    if ".." in name:
        return "no two dots in a row"
    if _ADDRESS.fullmatch(name):
        return "must not look like an IP address"
    return None


def _reserved_problem(name: str) -> str | None:
    for prefix in RESERVED_PREFIXES:
        if name.startswith(prefix):
            return f"must not begin with {prefix} (reserved by AWS)"
    for suffix in RESERVED_SUFFIXES:
        if name.endswith(suffix):
            return f"must not end with {suffix} (reserved by AWS)"
    if name.endswith(REGIONAL_SUFFIX):
        return f"must not end with {REGIONAL_SUFFIX} (reserved for account regional namespaces)"
    return None
