"""Build the wheel, install it in a clean environment, and walk through the app in a terminal.

Run: python tests/smoke.py. Ends with status 1 and the last screen if a pane does not come up.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.terminal import Terminal

PANES = (
    ("1", "Buckets"),
    ("2", "Instances"),
    ("3", "Console"),
    ("4", "What if"),
    ("5", "Upload to S3"),
)


def installed(folder: Path) -> Path:
    """Build the wheel and install it with the sandbox; returns the environment's bin folder."""
    wheels = folder / "wheels"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(wheels), str(ROOT)], check=True)
    (wheel,) = wheels.glob("skydeck-*.whl")
    venv.create(folder / "venv", with_pip=True)
    bin_folder = folder / "venv" / "bin"
    pip[0] = str(bin_folder / "python")
    subprocess.run([*pip, "install", f"{wheel}[sandbox]"], check=True)
    return bin_folder


def walk(bin_folder: Path, folder: Path) -> None:
    """Start the installed command from a strange folder, reach every pane, quit."""
    home = folder / "home"
    home.mkdir()
    environment = {
        "HOME": str(home),
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [str(bin_folder / "skydeck"), "--sandbox"]
    with Terminal(command, environment=environment, folder=home) as terminal:
        terminal.wait_for("us-east-1")
        for key, words in PANES:
            terminal.keys(key)
            terminal.wait_for(words)
            print(f"  pane {key}: {words}")
        terminal.keys("1")
        terminal.keys("q")
        status = terminal.ended()
    if status != 0:
        raise SystemExit(f"skydeck ended with status {status}")


def main() -> int:
    """Build, install, walk."""
    with tempfile.TemporaryDirectory(prefix="skydeck-smoke-") as name:
        folder = Path(name)
        bin_folder = installed(folder)
        shown = subprocess.run(
            [str(bin_folder / "skydeck"), "--version"], capture_output=True, text=True, check=True
        )
        print(f"  {shown.stdout.strip()}")
        walk(bin_folder, folder)
    print("  smoke test passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
