"""Draw every pane from the real app on the sandbox: screenshots/*.svg and, with Chromium, *.png.

Run: python screenshots/make.py [NAME ...]. PNG needs headless Chromium and the font Fira Code.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "screenshots"
sys.path.insert(0, str(ROOT))

from textual.pilot import Pilot

from tests.support import running, screen_text, until
from tui.app import SkydeckApp
from tui.core.jobs import Job, JobState, Progress
from tui.sandbox import Sandbox
from tui.settings import Settings

Transfer = Callable[[Progress], Awaitable[Any]]
Shot = Callable[[SkydeckApp, Pilot[None]], Awaitable[None]]
ZONES = ("Harlem", "Astoria", "SoHo", "JFK", "Midtown", "Chelsea", "Bushwick", "Tribeca", "Inwood")
BUCKETS = ("acme-artifacts", "acme-lake-dev", "acme-logs", "acme-models", "acme-scratch")
BUCKET, PREFIX = "acme-lake-dev", "raw/trips/2026/"


LIFECYCLE = [
    {
        "ID": "cool-raw",
        "Filter": {"Prefix": "raw/"},
        "Status": "Enabled",
        "Transitions": [
            {"Days": 30, "StorageClass": "STANDARD_IA"},
            {"Days": 180, "StorageClass": "GLACIER"},
        ],
        "Expiration": {"Days": 730},
    },
    {
        "ID": "tidy",
        "Filter": {"Prefix": ""},
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    },
]


def client(sandbox: Sandbox, service: str) -> Any:
    """A boto3 client for the sandbox."""
    import boto3

    info = sandbox.info
    return boto3.client(
        service,
        endpoint_url=info.endpoint_url,
        region_name=info.region,
        aws_access_key_id=info.access_key_id,
        aws_secret_access_key=info.secret_access_key,
    )


def rows(number: int, chance: random.Random) -> str:
    """A small CSV of taxi trips."""
    made = ["pickup,zone,km,fare"]
    for minute in range(number):
        km = round(chance.gammavariate(2, 2.4), 2)
        at = f"2026-03-01 {minute // 60 % 24:02d}:{minute % 60:02d}"
        made.append(f"{at},{chance.choice(ZONES)},{km},{3 + 2.6 * km:.2f}")
    return "\n".join(made) + "\n"


def fill(sandbox: Sandbox, keys: Path) -> None:
    """Buckets, objects, a key pair and two instances."""
    s3, ec2 = client(sandbox, "s3"), client(sandbox, "ec2")
    chance = random.Random(7)
    for bucket in BUCKETS:
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="acme-models", VersioningConfiguration={"Status": "Enabled"})
    for number in range(1, 5):
        s3.put_object(
            Bucket="acme-models", Key="churn/model.bin", Body=chance.randbytes(90_000 * number)
        )
    s3.delete_object(Bucket="acme-models", Key="churn/old-model.bin")
    s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration={"Rules": LIFECYCLE}
    )
    for name in ("_checkpoints/0", "manifests/a.json"):
        s3.put_object(Bucket=BUCKET, Key=PREFIX + name, Body=b"{}")
    for part in range(14):
        body = rows(2_000 + chance.randrange(3_000), chance).encode()
        s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}part-{part:05d}.csv", Body=body)
    for part in range(14, 26):
        s3.put_object(
            Bucket=BUCKET,
            Key=f"{PREFIX}part-{part:05d}.csv.gz",
            Body=chance.randbytes(chance.randrange(200_000, 900_000)),
            StorageClass=chance.choice(["STANDARD_IA", "GLACIER_IR"]),
        )
    pair = ec2.create_key_pair(KeyName="dev-2026", KeyType="ed25519")
    path = keys / "dev-2026.pem"
    path.touch(mode=0o600)
    path.write_text(pair["KeyMaterial"])
    (group,) = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="127.0.0.1/32"
    )
    images = ec2.describe_images(Owners=["amazon"])["Images"]
    for name, kind, arch in (
        ("trainer-01", "m7g.2xlarge", "arm64"),
        ("notebook", "t3.medium", "x86_64"),
    ):
        image = next(i for i in images if i["Architecture"] == arch and "al2023" in i["Name"])
        ec2.run_instances(
            ImageId=image["ImageId"],
            InstanceType=kind,
            MinCount=1,
            MaxCount=1,
            KeyName="dev-2026",
            TagSpecifications=[
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": "Name", "Value": name}, {"Key": "team", "Value": "ml"}],
                }
            ],
        )


async def s3(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """The S3 pane inside a prefix, with a preview."""
    await until(pilot, lambda: "acme-lake-dev" in screen_text(app))
    await pilot.press("down", "enter")
    for _ in range(3):
        await pilot.pause(0.6)
        await pilot.press("enter")
    await until(pilot, lambda: "part-00003.csv" in screen_text(app))
    await pilot.press("down", "down", "down", "space", "down", "space", "down")
    await until(pilot, lambda: "datetime" in screen_text(app))
    await pilot.pause(0.5)


async def total(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """What a bucket holds, by folder, class and age."""
    await until(pilot, lambda: "acme-lake-dev" in screen_text(app))
    await pilot.press("down", "t")
    await until(pilot, lambda: "share" in screen_text(app))
    await pilot.pause(0.5)


async def details(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """All that S3 knows of an object."""
    await s3(app, pilot)
    await pilot.press("i")
    await until(pilot, lambda: "Retention" in screen_text(app))
    await pilot.pause(0.8)


async def subset(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """Pulling some rows of a data file."""
    await s3(app, pilot)
    await pilot.press("s")
    await until(pilot, lambda: "column" in screen_text(app))
    await pilot.pause(0.8)


async def versions(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """The versions of one key."""
    await until(pilot, lambda: "acme-models" in screen_text(app))
    await pilot.press("down", "down", "down", "enter")
    await until(pilot, lambda: "churn/" in screen_text(app))
    await pilot.press("enter")
    await until(pilot, lambda: "model.bin" in screen_text(app))
    await pilot.press("v")
    await until(pilot, lambda: "undelete" in screen_text(app))
    await pilot.pause(0.8)


async def settings(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """A bucket's lifecycle rules, as sentences."""
    await until(pilot, lambda: "acme-lake-dev" in screen_text(app))
    await pilot.press("down", "comma")
    await until(pilot, lambda: "2 rules" in screen_text(app))
    await pilot.press(*["down"] * 5)
    await pilot.pause(0.8)


async def ec2(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """The instances."""
    await pilot.press("2")
    await until(pilot, lambda: screen_text(app).count("running") >= 3)
    await pilot.pause(0.5)


async def wizard(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """The wizard at the instance type."""
    await pilot.press("2", "n")
    await until(pilot, lambda: "Amazon Linux 2023" in screen_text(app))
    await pilot.press("enter")
    await until(pilot, lambda: "t3.micro" in screen_text(app))
    await pilot.press("slash", *"vcpu>=8 mem>=32 price<1")
    await pilot.pause(0.5)


async def review(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """The wizard's review."""
    await pilot.press("2", "n")
    await until(pilot, lambda: "Amazon Linux 2023" in screen_text(app))
    for _ in range(6):
        await pilot.press("enter")
        await pilot.pause(0.5)
    await until(pilot, lambda: "Preflight" in screen_text(app))
    await pilot.pause(1)


async def console(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """A terminal on an instance."""
    await ec2(app, pilot)
    await pilot.press("enter")
    await until(pilot, lambda: "fingerprint" in screen_text(app), 30)
    await pilot.press("enter")
    await until(pilot, lambda: "~]$" in screen_text(app), 30)
    for line in ("python3 --version", "printf '\\e[1;36mhello\\e[0m\\n'; ls -la"):
        await pilot.press(*(("space" if c == " " else c) for c in line))
        await pilot.press("enter")
        await pilot.pause(0.5)
    await pilot.pause(1)


async def cost(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """The cost pane."""
    await pilot.press("4")
    await until(pilot, lambda: "trainer-01" in screen_text(app))
    await pilot.pause(2)


async def workflow(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """The work flow."""
    await pilot.press("5")
    await pilot.pause(1.5)


async def code(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """The code drawer over the S3 pane."""
    await s3(app, pilot)
    await pilot.press("C")
    await until(pilot, lambda: "boto3" in screen_text(app))
    await pilot.pause(0.5)


async def jobs(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """The jobs drawer over the S3 pane: one of each state."""
    await s3(app, pilot)
    assert app.services is not None
    transfers, folder = app.services.transfers, app.settings.downloads / "jobs"
    for number in range(29):
        file = folder / "2026" / f"part-{number:05d}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(410_000))

    def start(verb: str, subject: str, work: Transfer, limit: int | None = None) -> Job:
        async def body(job: Job) -> str:
            return (await work(job.progress)).finish()

        job = app.jobs.start(verb, subject, body, pausable=True)
        job.progress.limits.bytes_per_second = limit
        return job

    down = partial(transfers.download_prefix, BUCKET, PREFIX)

    def up(bucket: str, prefix: str) -> Transfer:
        return partial(transfers.upload_folder, bucket, prefix, folder / "2026")

    await start("download", PREFIX, partial(down, folder / "all")).wait()
    await start("upload", "2026/ to acme-los", up("acme-los", "raw/")).wait()
    paused = start("download", "raw/ to ./models", partial(down, folder / "some"), 2_000_000)
    await until(pilot, lambda: paused.progress.items_done > 3)
    app.jobs.pause(paused.id)
    await until(pilot, lambda: paused.state is JobState.PAUSED)
    start("upload", "2026/ to raw/trips/", up(BUCKET, "raw/trips/"), 2_500_000)
    await pilot.press("J")
    await until(pilot, lambda: "eta" in screen_text(app))
    await pilot.pause(2)


async def items(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """A job's items, while it runs."""
    await jobs(app, pilot)
    await pilot.press("enter")
    await until(pilot, lambda: "waiting" in screen_text(app))
    await pilot.pause(0.5)


async def confirm(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """A delete's frozen plan."""
    await s3(app, pilot)
    await pilot.press("x")
    await until(pilot, lambda: "plan" in screen_text(app))
    await pilot.pause(0.3)


async def first(app: SkydeckApp, pilot: Pilot[None]) -> None:
    """The first-run screen."""
    await until(pilot, lambda: "Where do you want" in screen_text(app))


SHOTS: dict[str, tuple[Shot, tuple[int, int]]] = {
    "1-s3": (s3, (120, 40)),
    "1-s3-80x24": (s3, (80, 24)),
    "1-s3-total": (total, (120, 40)),
    "1-s3-details": (details, (120, 40)),
    "1-s3-subset": (subset, (120, 40)),
    "1-s3-versions": (versions, (120, 40)),
    "1-s3-settings": (settings, (120, 40)),
    "2-ec2": (ec2, (120, 40)),
    "2-ec2-80x24": (ec2, (80, 24)),
    "3-wizard": (wizard, (120, 40)),
    "3-wizard-80x24": (wizard, (80, 24)),
    "4-review": (review, (120, 40)),
    "5-console": (console, (120, 40)),
    "6-cost": (cost, (120, 40)),
    "7-workflow": (workflow, (120, 40)),
    "8-code": (code, (120, 40)),
    "8-jobs": (jobs, (120, 40)),
    "8-jobs-80x24": (jobs, (80, 24)),
    "8-jobs-items": (items, (120, 40)),
    "8-confirm": (confirm, (120, 40)),
    "9-first-run": (first, (120, 40)),
}


async def shoot(names: list[str], sandbox: Sandbox, keys: Path) -> None:
    """Take the named pictures, or all."""
    chosen = Settings(keys_folder=keys, downloads=keys)
    for name in names or SHOTS:
        shot, size = SHOTS[name]
        used = None if shot is first else sandbox
        async with running(used, size=size, settings=chosen) as (app, pilot):
            await shot(app, pilot)
            (HERE / f"{name}.svg").write_text(app.export_screenshot(title="skydeck"))
            for job in (*app.jobs.running, *app.jobs.paused):  # the next one would offer them
                app.jobs.cancel(job.id)
            await app.jobs.settled()
        print(f"  {name}", flush=True)


def draw(svg: Path) -> None:
    """SVG to PNG by headless Chromium: other converters break the lines or lose spaces."""
    text = svg.read_text()
    match = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    assert match is not None
    width, height = (int(float(part) + 0.99) for part in match.groups())
    style = (
        "*{font-variant-ligatures:none!important}html,body{margin:0}"
        f"svg{{display:block;width:{width}px;height:{height}px}}"
    )
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(f"<!doctype html><meta charset=utf8><style>{style}</style>{text}")
        options = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars "
            "--disable-background-networking --disable-component-update --disable-sync"
        )
        subprocess.run(
            ["chromium", *options.split(), f"--user-data-dir={folder}/user",
             f"--window-size={width},{height}", f"--screenshot={svg.with_suffix('.png')}",
             page.as_uri()],
            capture_output=True,
            timeout=90,
            check=True,
        )  # fmt: skip
    if shutil.which("pngquant"):
        png = str(svg.with_suffix(".png"))
        subprocess.run(["pngquant", "--force", "--output", png, "64", png], check=False)


def main() -> int:
    """Start a sandbox, fill it, take the pictures."""
    names = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="skydeck-shots-") as folder:
        os.environ["XDG_STATE_HOME"] = str(Path(folder, "state"))  # the user's own stays as it is
        sandbox = Sandbox(fast=True)
        sandbox.start()
        try:
            fill(sandbox, Path(folder))
            asyncio.run(shoot(names, sandbox, Path(folder)))
        finally:
            sandbox.stop()
    if shutil.which("chromium"):
        for name in names or SHOTS:
            draw(HERE / f"{name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
