"""The user's AWS configuration files, read without boto3: profiles, regions, credentials at hand.

Format: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FALLBACK_REGION = "us-east-1"  # where AWS's own consoles and tools start

_Sections = dict[str, dict[str, str]]
_KINDS = (
    ("sso_session", "SSO"),
    ("sso_start_url", "SSO"),
    ("role_arn", "role"),
    ("credential_process", "process"),
    ("login_session", "login"),
    ("web_identity_token_file", "web identity"),
    ("aws_access_key_id", "keys"),
)


@dataclass(frozen=True, slots=True)
class ProfileInfo:
    """One profile of the configuration files.

    `kind` is how it gets its credentials: "SSO", "role", "process", "login", "web identity",
    "keys", or "" where the profile holds none.
    """

    name: str
    region: str
    kind: str


def profiles() -> tuple[ProfileInfo, ...]:
    """Return the profiles of the config and credentials files, "default" first, then by name.

    Reads two small files and never raises: a file that can't be read holds no profiles.
    """
    sections = _sections()
    names = sorted(sections, key=lambda name: (name != "default", name))
    return tuple(
        ProfileInfo(name, sections[name].get("region", ""), _kind(sections[name])) for name in names
    )


def default_region(profile: str = "") -> str:
    """Return the region that AWS's tools would use: environment, profile, or us-east-1."""
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if value := os.environ.get(variable, "").strip():
            return value
    name = profile or os.environ.get("AWS_PROFILE", "") or "default"
    return _sections().get(name, {}).get("region", "").strip() or FALLBACK_REGION


def configured_endpoint() -> str:
    """Return the endpoint that the environment sends every service to, or ""."""
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").strip().lower() == "true":
        return ""
    return os.environ.get("AWS_ENDPOINT_URL", "").strip()


def has_credentials(profile: str = "") -> bool:
    """Say whether the environment or the files name credentials; nothing is asked or fetched.

    Instance metadata counts only when AWS_EC2_METADATA_DISABLED is explicitly "false".
    """
    environment = os.environ
    if not profile and environment.get("AWS_ACCESS_KEY_ID"):
        return True
    name = profile or environment.get("AWS_PROFILE", "") or "default"
    if _kind(_sections().get(name, {})):
        return True
    if profile:
        return False
    others = (
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    )
    return any(environment.get(variable) for variable in others) or metadata_allowed()


def profile_kind(profile: str = "") -> str:
    """Return how a profile gets its credentials, as `ProfileInfo.kind`; "" where no file says."""
    name = profile or os.environ.get("AWS_PROFILE", "") or "default"
    return _kind(_sections().get(name, {}))


def metadata_allowed() -> bool:
    """Say whether the instance-metadata service may be asked for credentials.

    It answers only on EC2; elsewhere the look-up blocks for seconds, so it wants an explicit
    AWS_EC2_METADATA_DISABLED=false.
    """
    return os.environ.get("AWS_EC2_METADATA_DISABLED", "").strip().lower() == "false"


def credentials_hint() -> str:
    """Return one sentence that says how to get credentials in place."""
    named = [profile.name for profile in profiles() if profile.kind]
    if named:
        shown = ", ".join(named[:3]) + (", …" if len(named) > 3 else "")
        return f"Choose a profile ({shown}) or start with --sandbox."
    return "Run `aws configure` or `aws configure sso`, or start with --sandbox."


def _kind(section: Mapping[str, str]) -> str:
    return next((kind for option, kind in _KINDS if section.get(option)), "")


def _sections() -> _Sections:
    """Merge both files; the credentials file wins, as it does in the SDKs."""
    found: _Sections = {}
    for name, options in _read("AWS_CONFIG_FILE", "~/.aws/config").items():
        head, _, rest = name.partition(" ")
        if name == "default":
            found["default"] = options
        elif head == "profile" and rest:
            found[rest.strip().strip("\"'")] = options
    for name, options in _read("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials").items():
        found.setdefault(name, {}).update(options)
    return found


def _read(variable: str, usual: str) -> _Sections:
    parser = configparser.RawConfigParser(default_section="\0", strict=False)
    try:
        path = Path(os.environ.get(variable) or usual).expanduser()
        parser.read_string(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, RuntimeError, configparser.Error):
        return {}
    return {name: dict(parser.items(name)) for name in parser.sections()}
