"""The whole loop in the real app, in a real terminal, by keys alone; the facts checked outside it.

Bucket, a CSV of 50 MB, an instance through all six steps with a new key pair, its console, the work
flow's script over the full set, results in S3, the cost, terminate.
"""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import AVAILABLE, Terminal

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.timeout(420),
    pytest.mark.skipif(not AVAILABLE, reason="needs tmux"),
]
BUCKET = "loop-data-2026"
ROWS = 1_300_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    folder = tmp_path / "home"
    (folder / "Downloads").mkdir(parents=True)
    (folder / ".ssh").mkdir(mode=0o700)
    return folder


@pytest.fixture
def skydeck(home: Path) -> Iterator[Terminal]:
    """The app on a sandbox whose folder we know."""
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "COLORTERM": "truecolor",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    command = [sys.executable, "-m", "tui", "--sandbox", "--keep", str(home / "keep")]
    with Terminal(command, environment=environment, folder=home) as terminal:
        terminal.wait_for("There are no buckets yet", 40)
        yield terminal


def outside(home: Path, service: str) -> Any:
    """A boto3 client for the app's sandbox, by the configuration it leaves for other tools."""
    import boto3

    config = configparser.ConfigParser()
    config.read(home / "keep" / "aws_config")
    section = config["default"]
    return boto3.Session().client(
        service,
        endpoint_url=section["endpoint_url"],
        region_name=section["region"],
        aws_access_key_id=section["aws_access_key_id"],
        aws_secret_access_key=section["aws_secret_access_key"],
    )


def make_csv(path: Path) -> str:
    """A CSV of about 50 MB, with the demo data's columns; returns its SHA-256."""
    zones = ("Harbour", "Old Town", "Airport", "Hill")
    with path.open("w") as file:
        file.write("pickup,zone,passengers,miles,fare,tip\n")
        for row in range(ROWS):
            minute = row % 60
            file.write(
                f"2026-03-{row % 28 + 1:02d} {row % 24:02d}:{minute:02d}:00,{zones[row % 4]},"
                f"{row % 4 + 1},{row % 90 / 10},{3 + row % 70 / 4},{row % 9}\n"
            )
    return digest(path)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def processes_of(folder: Path) -> list[str]:
    """Processes that name this folder or live in it."""
    found = subprocess.run(
        ["pgrep", "-af", str(folder)], capture_output=True, text=True, check=False
    )
    return [
        line for line in found.stdout.splitlines() if "tmux" not in line and "pgrep" not in line
    ]


def test_the_whole_loop_by_keys_alone(skydeck: Terminal, home: Path) -> None:
    source = home / "trips.csv"
    fingerprint = make_csv(source)
    assert 45e6 < source.stat().st_size < 80e6

    create_a_bucket(skydeck, home)
    upload(skydeck, home, source, fingerprint)
    key = launch(skydeck, home)
    use_the_console(skydeck, home)
    run_the_work_flow(skydeck, home, source)
    read_the_cost(skydeck)
    terminate(skydeck, home)
    quit_and_leave_nothing(skydeck, home)
    assert "PRIVATE KEY" in key.read_text()  # the user's key stays


def create_a_bucket(skydeck: Terminal, home: Path) -> None:
    """A bad name is told as it is typed; a good one makes the bucket."""
    skydeck.keys("n")
    skydeck.wait_for("New bucket")
    skydeck.type("Loop_data")
    skydeck.wait_for("lower case")
    for _ in range(9):
        skydeck.keys("BSpace")
    skydeck.type(BUCKET)
    skydeck.wait_for("fine")
    skydeck.keys("Enter")
    skydeck.wait_for("This bucket is empty")
    names = [bucket["Name"] for bucket in outside(home, "s3").list_buckets()["Buckets"]]
    assert names == [BUCKET]


def upload(skydeck: Terminal, home: Path, source: Path, fingerprint: str) -> None:
    """50 MB arrive byte for byte."""
    skydeck.keys("u")
    skydeck.wait_for("Upload a file or a folder")
    skydeck.type(str(source))
    skydeck.wait_for("a file of")
    skydeck.keys("Enter")
    skydeck.wait_for(r"Objects.*\n(.*\n)*.*trips\.csv +\d", 60)
    skydeck.wait_for("Preview")
    body = outside(home, "s3").get_object(Bucket=BUCKET, Key="trips.csv")["Body"]
    found = hashlib.sha256()
    for chunk in body.iter_chunks(1 << 20):
        found.update(chunk)
    assert found.hexdigest() == fingerprint


def launch(skydeck: Terminal, home: Path) -> Path:
    """All six steps, a role that may use S3, a new key pair with mode 600."""
    skydeck.keys("2")
    skydeck.wait_for("Instances")
    skydeck.keys("n")
    skydeck.wait_for("Amazon Linux 2023")
    for step in ("2 of 6", "3 of 6"):
        skydeck.keys("Enter")
        skydeck.wait_for(f"step {step}")
    skydeck.wait_for(r"role +‹ none ›")
    skydeck.keys("Down", "Down", "Down", "Down", "Right")
    skydeck.wait_for(r"role +‹ skydeck-s3 ›")
    for step in ("4 of 6", "5 of 6", "6 of 6"):
        skydeck.keys("Enter")
        skydeck.wait_for(f"step {step}")
    skydeck.keys("Enter")
    screen = skydeck.wait_for(r"Preflight.*✓ 8")
    assert re.search(r"per hour +\$0\.0\d+", screen)
    skydeck.keys("L")
    screen = skydeck.wait_for(r"●.*skydeck-1 +running", 60)
    (key,) = (home / "keep" / "keys").glob("*.pem")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    (instance,) = instances(home)
    assert instance["State"]["Name"] == "running"
    assert instance["KeyName"] == key.stem
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["IamInstanceProfile"]["Arn"].endswith("/skydeck-s3")
    return key


def instances(home: Path) -> list[dict[str, Any]]:
    """All instances, as AWS tells them."""
    found = outside(home, "ec2").describe_instances()["Reservations"]
    return [instance for reservation in found for instance in reservation["Instances"]]


def use_the_console(skydeck: Terminal, home: Path) -> None:
    """Log in, trust the key that the boot log shows too, run a command, leave."""
    skydeck.keys("Enter")
    skydeck.wait_for("the same fingerprint", 40)
    skydeck.keys("Enter")
    skydeck.wait_for(r"\[ec2-user@ip-[\d-]+ ~\]\$", 40)
    skydeck.type("whoami; echo $((6*7)) > answer; cat answer")
    skydeck.keys("Enter")
    skydeck.wait_for(r"\n +ec2-user .*\n +42 ")
    skydeck.keys("C-]")
    skydeck.wait_for("send a file")
    key = next((home / "keep" / "keys").glob("*.pem"))
    listed = subprocess.run(
        ["ssh", "-F", str(home / "keep" / "ssh_config"), "-i", str(key),
         "-o", "BatchMode=yes", instances(home)[0]["InstanceId"], "cat answer"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert listed.stdout.strip() == "42", listed.stderr


def run_the_work_flow(skydeck: Terminal, home: Path, source: Path) -> None:
    """All six steps on the demo data; the results are in S3."""
    skydeck.keys("5")
    skydeck.wait_for("0 of 6 done")
    skydeck.keys("a")
    skydeck.wait_for("6 of 6 done", 180)
    s3 = outside(home, "s3")
    (bucket,) = [b["Name"] for b in s3.list_buckets()["Buckets"] if b["Name"] != BUCKET]
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="results/")["Contents"]]
    assert keys
    data = s3.list_objects_v2(Bucket=bucket, Prefix="raw/")["Contents"]
    assert 45e6 < data[0]["Size"] < 60e6
    body = s3.get_object(Bucket=bucket, Key=next(k for k in keys if k.endswith("zone.csv")))["Body"]
    table = body.read().decode().splitlines()
    at = table[0].split(",").index("trips")
    assert sum(int(line.split(",")[at]) for line in table[1:]) == 1_000_000


def read_the_cost(skydeck: Terminal) -> None:
    """The cost pane names the instance and S3's tiers."""
    skydeck.keys("4")
    skydeck.wait_for(r"t3\.micro +on-demand +0\.0104")
    skydeck.wait_for("first 50 TB")


def terminate(skydeck: Terminal, home: Path) -> None:
    """The plan wants the name typed; then the instance ends."""
    skydeck.keys("2")
    skydeck.wait_for(r"skydeck-1 +running")
    skydeck.keys("t")
    skydeck.wait_for("Type skydeck-1")
    skydeck.keys("Enter")
    time.sleep(0.5)
    assert instances(home)[0]["State"]["Name"] == "running"
    skydeck.type("skydeck-1")
    skydeck.keys("Enter")
    end = time.monotonic() + 40
    while instances(home)[0]["State"]["Name"] != "terminated":
        assert time.monotonic() < end, skydeck.screen()
        time.sleep(0.3)


def quit_and_leave_nothing(skydeck: Terminal, home: Path) -> None:
    """`q` ends the app, the sandbox and its hosts."""
    skydeck.wait_for("nothing is running", 60)
    skydeck.keys("q")
    assert skydeck.ended(30) == 0
    end = time.monotonic() + 10
    while left := processes_of(home):
        assert time.monotonic() < end, left
        time.sleep(0.2)


def test_a_killed_app_leaves_no_process(skydeck: Terminal, home: Path) -> None:
    skydeck.keys("2")
    skydeck.wait_for("Instances")
    (app,) = [
        int(line.split()[0]) for line in processes_of(home / "keep") if "-m tui --sandbox" in line
    ]
    os.kill(app, 9)
    end = time.monotonic() + 15
    while left := [line for line in processes_of(home) if "sh -c" not in line]:
        assert time.monotonic() < end, left
        time.sleep(0.2)
