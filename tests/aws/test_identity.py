from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.aws.calls import CallLog
from tui.aws.gateway import Connection, Gateway
from tui.aws.identity import (
    ProfileInfo,
    credentials_hint,
    default_region,
    has_credentials,
    profiles,
    who_am_i,
)
from tui.core.errors import AwsError

CONFIG = """
[default]
region = eu-central-1

[profile dev]
region = us-west-2
sso_session = corp

[sso-session corp]
sso_region = us-east-1

[profile 'my ops']
role_arn = arn:aws:iam::1:role/ops
source_profile = default

[services x]
ec2 =
  endpoint_url = http://localhost
"""
CREDENTIALS = """
[default]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = s3cr3t

[ci]
aws_access_key_id = AKIAEXAMPLE2
aws_secret_access_key = s3cr3t
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text(CREDENTIALS)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


@pytest.mark.usefixtures("files")
def test_profiles_come_from_both_files_with_their_kind() -> None:
    assert profiles() == (
        ProfileInfo("default", "eu-central-1", "keys"),
        ProfileInfo("ci", "", "keys"),
        ProfileInfo("dev", "us-west-2", "SSO"),
        ProfileInfo("my ops", "", "role"),
    )


def test_without_files_there_are_no_profiles_and_no_credentials() -> None:
    assert profiles() == ()
    assert not has_credentials()
    assert default_region() == "us-east-1"
    assert "--sandbox" in credentials_hint()


@pytest.mark.parametrize("content", ["[broken", "=", "\xff\xfe", "[a]\n[a]\nx"])
def test_broken_files_hold_no_profiles(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    path.write_bytes(content.encode("latin-1"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    assert profiles() == ()


@pytest.mark.usefixtures("files")
def test_the_region_comes_from_environment_then_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_region() == "eu-central-1"
    assert default_region("dev") == "us-west-2"
    monkeypatch.setenv("AWS_PROFILE", "dev")
    assert default_region() == "us-west-2"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    assert default_region("dev") == "ap-south-1"


@pytest.mark.usefixtures("files")
def test_credentials_are_seen_where_they_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_credentials()
    assert has_credentials("dev")
    assert not has_credentials("nope")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    assert not has_credentials("nope")  # a named profile does not take the environment's keys
    assert "default, ci, dev" in credentials_hint()


def test_the_metadata_service_counts_only_when_it_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    assert not has_credentials()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    assert has_credentials()


def test_looking_for_profiles_does_not_load_boto3() -> None:
    program = (
        "import sys; from tui.aws import identity; identity.profiles(); "
        "identity.has_credentials(); sys.exit(any('boto' in name for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


async def test_who_am_i_says_who_and_where(gateway: Gateway) -> None:
    identity = await who_am_i(gateway)
    assert len(identity.account) == 12
    assert identity.arn.startswith("arn:aws:")
    assert identity.region == gateway.region
    assert identity.sandbox


# -- credentials that can't be had ---------------------------------------------------------------

Program = Callable[[str], Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    def make(script: str) -> Path:
        path = tmp_path / "give.sh"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        return path

    return make


async def refused(options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Log in as a profile of these options; return the sentence that says why not."""
    config = tmp_path / "config"
    config.write_text(f"[profile tool]\nregion = us-east-1\n{options}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    gateway = Gateway(Connection(profile="tool"), CallLog())
    with pytest.raises(AwsError) as caught:
        await who_am_i(gateway)
    gateway.close()
    told = str(caught.value)
    assert told.startswith("Can't log in to AWS: ")
    assert "something unexpected" not in told
    return told


@pytest.mark.parametrize(
    ("script", "piece"),
    [
        ("echo 'SecretAccessKey: wJalrSECRET' >&2; exit 3", "its credential_process failed"),
        ("printf '\\377wJalrSECRET' >&2; exit 3", "UTF-8"),
        ("echo 'wJalrSECRET, not JSON'", "profile tool printed no JSON"),
        ('echo \'{"Version": 1, "SecretAccessKey": "wJalrSECRET"}\'', "'AccessKeyId'"),
        ('echo \'{"Version": 2, "SecretAccessKey": "wJalrSECRET"}\'', "version '2'"),
    ],
)
async def test_a_credential_program_that_fails_gives_no_secret_away(
    script: str, piece: str, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await refused(f"credential_process = {program(script)}", tmp_path, monkeypatch)
    assert piece in told
    assert "wJalr" not in told


async def test_a_missing_credential_program_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await refused("credential_process = /opt/not-there --x", tmp_path, monkeypatch)
    assert "there is no such file: /opt/not-there. Check the file, and what names it" in told


async def test_a_missing_token_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = "role_arn = arn:aws:iam::1:role/x\nweb_identity_token_file = /opt/no-token"
    told = await refused(options, tmp_path, monkeypatch)
    assert "there is no such file: /opt/no-token" in told
