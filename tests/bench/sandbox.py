"""What the sandbox costs: its start, a launch until the shell's prompt, ten instances, memory.

Run: python tests/bench/sandbox.py [--quick]
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import psutil

from tests.bench.report import Goal, finish, interleaved, median
from tests.clients import make_client
from tests.sandbox.machines import Machine, launch_machine
from tui.sandbox import Sandbox

GOALS = {
    "start to the first listing, s": Goal(3.0),
    "launch to the shell's prompt, s": Goal(6.0),
    "instances logged in at once": Goal(10, floor=True),
    "largest instance, MB": Goal(60),
}
MANY = 10
PROMPT = b"]$ "
KEYS = 1000


@contextmanager
def sandbox(**options: Any) -> Iterator[Sandbox]:
    """A sandbox that is complete: EC2's half is imported too."""
    box = Sandbox(**options)
    box.start(timeout=60)
    try:
        make_client(box, "ec2").describe_instances()
        yield box
    finally:
        box.stop()


def first_listing() -> float:
    """Seconds from the start of a sandbox to its first answer."""
    box = Sandbox()
    began = time.perf_counter()
    try:
        box.start(timeout=60)
        make_client(box, "s3").list_buckets()
        return time.perf_counter() - began
    finally:
        box.stop()


def idle_megabytes() -> float:
    """The sandbox's resident memory once all of it is there."""
    with sandbox() as box:
        while not box.settled:
            time.sleep(0.05)
        return resident(box.pid)


def resident(pid: int | None) -> float:
    """Megabytes resident in a process and its children; shared pages count in each."""
    root = psutil.Process(pid)
    return float(sum(p.memory_info().rss for p in [root, *root.children(recursive=True)]) / 1e6)


def launch_to_prompt() -> float:
    """Seconds from RunInstances to the prompt, the deliberate delays of a launch among them."""
    with sandbox() as box, tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        machine = launch_machine(box, make_client(box, "ec2"), Path(folder))
        shell = subprocess.Popen(
            ["ssh", "-tt", *machine.options(), machine.instance_id],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        try:
            _read_until(shell, PROMPT)
            return time.perf_counter() - began
        finally:
            shell.terminate()
            shell.communicate()


def _read_until(shell: subprocess.Popen[bytes], wanted: bytes) -> None:
    assert shell.stdout is not None
    seen = b""
    while wanted not in seen:
        data = shell.stdout.read(4096)
        if not data:
            raise RuntimeError(f"the shell ended before its prompt: {seen!r}")
        seen += data


def ten_at_once() -> tuple[float, float]:
    """How many of ten instances take a login at the same time, and the largest one's megabytes."""
    with sandbox() as box, tempfile.TemporaryDirectory() as folder:
        ec2 = make_client(box, "ec2")
        first = launch_machine(box, ec2, Path(folder))
        found = first.describe()
        made = ec2.run_instances(
            ImageId=found["ImageId"],
            InstanceType="t3.micro",
            KeyName=found["KeyName"],
            SecurityGroupIds=[found["SecurityGroups"][0]["GroupId"]],
            MinCount=MANY - 1,
            MaxCount=MANY - 1,
        )["Instances"]
        others = [Machine(box, ec2, row["InstanceId"], first.key_file) for row in made]
        for machine in others:
            machine.wait_for("running", 60)
        with ThreadPoolExecutor(MANY) as pool:
            answers = list(
                pool.map(lambda machine: machine.ssh("sleep 3; echo in"), [first, *others])
            )
        largest = max(resident(row["pid"]) for row in box.instances())
        return float(sum(answer.stdout == "in\n" for answer in answers)), largest


def page_milliseconds(repeats: int) -> float:
    """The median time of a page of a thousand keys, as boto3 sees it."""
    with sandbox(fast=True) as box:
        s3 = make_client(box, "s3")
        s3.create_bucket(Bucket="skydeck-bench-0417")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: _put(s3, n), range(KEYS)))
        times: list[float] = []
        for _ in range(repeats):
            began = time.perf_counter()
            page = s3.list_objects_v2(Bucket="skydeck-bench-0417")
            times.append(time.perf_counter() - began)
            assert page["KeyCount"] == KEYS
        return statistics.median(times) * 1000


def _put(s3: Any, number: int) -> None:
    s3.put_object(Bucket="skydeck-bench-0417", Key=f"key-{number:06}", Body=b"")


def main() -> int:
    """Measure and report."""
    quick = "--quick" in sys.argv
    subjects: dict[str, Callable[[], float]] = {"start to the first listing, s": first_listing}
    has_ssh = shutil.which("ssh") is not None
    if has_ssh:
        subjects["launch to the shell's prompt, s"] = launch_to_prompt
    runs = interleaved(subjects, 2 if quick else 7, warm_up=0 if quick else 1)
    figures = {name: median(values) for name, values in runs.items()}
    if has_ssh:
        figures["instances logged in at once"], figures["largest instance, MB"] = ten_at_once()
    figures["idle sandbox, MB"] = idle_megabytes()
    figures["page of 1,000 keys, ms"] = page_milliseconds(5 if quick else 25)
    goals = {name: goal for name, goal in GOALS.items() if name in figures}
    return finish("The sandbox (medians)", figures, goals)


if __name__ == "__main__":
    sys.exit(main())
