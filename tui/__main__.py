"""The command: arguments first, then the app. Nothing heavy is imported before the first paint."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tui import __version__
from tui.core.options import Options


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="skydeck",
        description="Skydeck: S3, EC2, SSH and what it costs, in one terminal screen.",
        epilog="Without credentials, start with --sandbox: everything works, nothing is real.",
    )
    made.add_argument("--version", action="version", version=f"skydeck {__version__}")
    made.add_argument("--sandbox", action="store_true", help="run on the embedded sandbox")
    made.add_argument(
        "--keep", metavar="FOLDER", type=Path, help="keep the sandbox's state in FOLDER"
    )
    made.add_argument("--profile", metavar="NAME", default="", help="a profile of the AWS config")
    made.add_argument("--region", metavar="NAME", default="", help="a region, such as eu-west-1")
    made.add_argument(
        "--endpoint-url", metavar="URL", default="", help="another server that speaks AWS's APIs"
    )
    made.add_argument(
        "--read-only", action="store_true", help="refuse every call that changes something"
    )
    return made


def options(arguments: Sequence[str] | None = None) -> Options:
    """Parse and check the arguments; exits with status 2 and a sentence if they are wrong."""
    made = parser()
    given = made.parse_args(arguments)
    if given.keep is not None and not given.sandbox:
        made.error("--keep goes with --sandbox")
    if given.sandbox and (given.profile or given.endpoint_url):
        made.error("--sandbox has its own account: leave out --profile and --endpoint-url")
    if given.endpoint_url and not given.endpoint_url.startswith(("http://", "https://")):
        made.error("--endpoint-url must begin with http:// or https://")
    return Options(
        sandbox=given.sandbox,
        keep=given.keep,
        profile=given.profile,
        region=given.region,
        endpoint_url=given.endpoint_url,
        read_only=given.read_only,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Skydeck; returns the exit status."""
    chosen = options(arguments)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write("skydeck needs a terminal: start it without pipes or redirection.\n")
        return 2
    from tui.app import SkydeckApp

    app = SkydeckApp(chosen)
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
