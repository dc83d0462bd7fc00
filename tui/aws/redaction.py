"""Keep secrets out of sentences: what AWS, a program or a library says may quote one."""

from __future__ import annotations

import re
from typing import Final

REDACTED: Final = "…"

_PEM = re.compile(r"-----BEGIN .*?(?:-----END [^-]*-----|\Z)", re.DOTALL)
# A password may hold a slash, which would end the host's part; a port is no password.
_USER = re.compile(r"(?<=://)(?:[^\s/:@]*:(?!\d+(?:[/?#]|\Z))\S+|[^\s/?#]*)@")
# What stands before the host where the whole text is one address.
_BEFORE_HOST = re.compile(
    r"^([a-z][a-z0-9+.-]*://|//)?(?:[^/?#:@\[]*:(?!\d*(?:[/?#]|$)).*|[^/?#]*)@",
    re.IGNORECASE | re.DOTALL,
)
_QUERY = re.compile(r"(\w://[^\s?\"'<>]*)\?[^\s\"'<>]*")
_LABELLED = re.compile(
    r"""(
        (?:(?:secret|passw(?:or)?d|passphrase|access[ _-]?key)[\w-]*
            |token|signature|authorization|credential(?==))
        ["'\\]*(?:\s*[:=]\s*|>|%3D)
    )
    (?:(?:Bearer|Basic|AWS4-HMAC-SHA256)\s+)?
    (?:\\".*?\\"|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|\S+)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_KEY_ID = re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{12,}")
# A secret access key has 40 characters of base 64, a session token some hundreds.
_BARE = re.compile(r"(?<![\w/+=])(?:[A-Za-z0-9/+]{40}|[A-Za-z0-9/+=]{100,})(?![\w/+=])")
_MIXTURE = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))


def redact(text: str) -> str:
    """Return `text` without passwords, tokens, signatures, keys and their ids."""
    text = without_user(_PEM.sub(REDACTED, text))
    text = _QUERY.sub(r"\1", text)
    text = _LABELLED.sub(rf"\1{REDACTED}", text)
    return _BARE.sub(_bare, _KEY_ID.sub(REDACTED, text))


def without_user(text: str) -> str:
    """Return `text` with user names and passwords cut out of its URLs."""
    return _USER.sub("", text)


def bare_endpoint(url: str) -> str:
    """Return an endpoint's address without the user name and password that it may carry."""
    return _BEFORE_HOST.sub(lambda found: found[1] or "", url)


def _bare(found: re.Match[str]) -> str:
    # A digest or a path is written with fewer kinds of characters.
    return REDACTED if all(kind.search(found[0]) for kind in _MIXTURE) else found[0]
