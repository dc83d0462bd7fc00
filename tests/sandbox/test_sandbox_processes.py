"""Nothing outlives the app, however it ends; what is kept comes back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.machines import Machine, a_long_time, launch_machine, sleepers, until
from tests.sandbox.signing import send
from tui.sandbox import Sandbox, SandboxError

psutil = pytest.importorskip("psutil")

APP = """
import json, sys, time
from tui.sandbox import Sandbox
box = Sandbox(fast=True, isolate=sys.argv[1] == "isolated")
info = box.start()
print(json.dumps([box.pid, info.endpoint_url, info.access_key_id, info.secret_access_key,
                  str(info.folder), str(info.ssh_config)]), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("isolation", ["isolated", "plain"])
def test_a_killed_app_leaves_no_process_and_no_folder(isolation: str, tmp_path: Path) -> None:
    seconds = a_long_time()
    app = subprocess.Popen(
        [sys.executable, "-c", APP, isolation], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    try:
        assert app.stdout is not None
        pid, url, key, secret, folder, config = json.loads(app.stdout.readline())
        ec2 = _client(url, key, secret)
        machine = launch_machine(Sandbox(), ec2, tmp_path)
        _RemoteMachine(machine, config).leave_behind(seconds)
        # The login ends before its background child has become `sleep`.
        assert until(lambda: bool(sleepers(seconds)))
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        family += sleepers(seconds)
        assert len(family) >= 3
    finally:
        app.send_signal(signal.SIGKILL)
        app.communicate()
    assert _still_running(family) == []
    assert until(lambda: not Path(folder).exists())


class _RemoteMachine:
    """A machine of another process's sandbox."""

    def __init__(self, machine: Machine, config: str) -> None:
        self._machine = machine
        self._config = config

    def leave_behind(self, seconds: str) -> None:
        """A process that survives its login."""
        left = f"nohup setsid sleep {seconds} >/dev/null 2>&1 &"
        address = self._machine.describe()["PublicIpAddress"]
        subprocess.run(
            ["ssh", "-F", self._config, "-i", str(self._machine.key_file), address, left],
            check=True,
            capture_output=True,
        )


def _still_running(processes: list[Any]) -> list[Any]:
    """Those that neither end within ten seconds nor are zombies, which only wait for init."""
    _, alive = psutil.wait_procs(processes, timeout=10)
    return [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def test_stop_ends_every_process(aws_client: Callable[..., Any], tmp_path: Path) -> None:
    box = Sandbox(fast=True)
    box.start()
    launch_machine(box, aws_client(box, "ec2"), tmp_path)
    assert box.pid is not None
    family = [psutil.Process(box.pid), *psutil.Process(box.pid).children(recursive=True)]
    box.stop()
    assert _still_running(family) == []


def test_it_starts_from_any_folder_with_hostile_names_in_it(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "moto.py").write_text("raise SystemExit('shadowed')")
    code = "from tui.sandbox import Sandbox; b = Sandbox(); print(b.start().region); b.stop()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AWS_PROFILE": "does-not-exist", "AWS_ENDPOINT_URL": "http://nowhere"},
    )
    assert done.stdout == "us-east-1\n", done.stderr


def test_kept_state_comes_back(aws_client: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    first = Sandbox(keep=folder, fast=True)
    first.start()
    s3 = aws_client(first, "s3")
    s3.create_bucket(Bucket="kept-bucket")
    s3.put_bucket_versioning(Bucket="kept-bucket", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket="kept-bucket", Key="a", Body=body)
    s3.put_object(Bucket="kept-bucket", Key="big", Body=bytes(3 << 20))
    machine = launch_machine(first, aws_client(first, "ec2"), tmp_path)
    machine.ssh("echo still here > ~/note")
    before = first.endpoint(machine.instance_id)
    first.stop()
    assert (
        machine.key_file.read_bytes().splitlines()[2] not in (folder / "state.pickle").read_bytes()
    )

    second = Sandbox(keep=folder, fast=True)
    second.start()
    try:
        s3 = aws_client(second, "s3")
        versions = s3.list_object_versions(Bucket="kept-bucket", Prefix="a")["Versions"]
        assert len(versions) == 2
        assert s3.get_object(Bucket="kept-bucket", Key="a")["Body"].read() == b"two"
        assert len(s3.get_object(Bucket="kept-bucket", Key="big")["Body"].read()) == 3 << 20
        again = Machine(second, aws_client(second, "ec2"), machine.instance_id, machine.key_file)
        again.wait_for("running")
        assert again.ssh("cat ~/note").stdout == "still here\n"
        after = second.endpoint(machine.instance_id)
        assert before is not None
        assert after is not None
        assert (after.host, after.host_key) == (before.host, before.host_key)
    finally:
        second.stop()


def test_state_of_another_version_is_set_aside(
    aws_client: Callable[..., Any], tmp_path: Path
) -> None:
    first = Sandbox(keep=tmp_path, fast=True)
    first.start()
    aws_client(first, "s3").create_bucket(Bucket="old-bucket")
    first.stop()
    (tmp_path / "state.json").write_text('{"format": 0, "moto": "1.0"}')
    second = Sandbox(keep=tmp_path, fast=True)
    second.start()
    try:
        assert aws_client(second, "s3").list_buckets()["Buckets"] == []
        assert until(lambda: any("set aside" in text for text in second.warnings))
        assert (tmp_path / "state.old").exists()
    finally:
        second.stop()


def test_the_private_path_needs_the_token(sandbox: Sandbox) -> None:
    assert send(sandbox.info.endpoint_url + "/skydeck-sandbox/instances").status == 403


def test_a_vanished_child_is_one_clear_sentence() -> None:
    box = Sandbox(fast=True)
    box.start()
    assert box.pid is not None
    os.kill(box.pid, signal.SIGKILL)
    assert until(lambda: not box.running)
    with pytest.raises(SandboxError, match="its process has ended"):
        box.reset()
    box.stop()


def _client(url: str, key: str, secret: str) -> Any:
    import boto3

    return boto3.client(
        "ec2",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )
