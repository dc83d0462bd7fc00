"""A session in the terminal widget: typing, a flood that ctrl+c ends, and what is not imported."""

from __future__ import annotations

import subprocess
import sys

from tests.ssh.conftest import Connect
from tests.ssh.servers import Server
from tests.support import until
from tests.widgets.terminal_app import TerminalApp
from tui.ssh.session import SshSession
from tui.widgets.terminal import TerminalView


def text(view: TerminalView) -> str:
    assert view.terminal is not None
    return "\n".join(view.terminal.screen_text())


def join(session: SshSession, view: TerminalView) -> None:
    view.attach(session.write, session.resize, session.flow)
    session.on_data = view.feed


async def test_keys_go_there_and_output_comes_back(server: Server, connect: Connect) -> None:
    app = TerminalApp()
    async with app.run_test(size=(84, 30)) as pilot:
        view = app.view
        await until(pilot, lambda: view.terminal is not None)
        session = await connect(server, columns=view.columns, rows=view.rows)
        join(session, view)
        await pilot.press(*"stty", "space", *"size", "enter")
        await until(pilot, lambda: f"{view.rows} {view.columns}" in text(view))
        await pilot.resize_terminal(60, 20)
        await pilot.press(*"stty", "space", *"size", "enter")
        await until(pilot, lambda: f"{view.rows} {view.columns}" in text(view))


async def test_ctrl_c_ends_a_flood_and_the_app_stays_alive(sshd: Server, connect: Connect) -> None:
    app = TerminalApp()
    async with app.run_test(size=(84, 30)) as pilot:
        view = app.view
        await until(pilot, lambda: view.terminal is not None)
        session = await connect(sshd, columns=view.columns, rows=view.rows)
        join(session, view)
        session.write(b"yes 'a flood of lines that never ends by itself'\r")
        await until(
            pilot, lambda: view.terminal is not None and view.terminal.scrollback_rows > 20_000
        )
        await pilot.press("ctrl+c")
        session.write(b"echo do''ne\r")
        await until(pilot, lambda: "done\n" in text(view))
        assert view._feed.pending_bytes < 2_000_000


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, tui.widgets.terminal, tui.ssh.session, tui.ssh.sftp, tui.ssh.keys\n"
        "print([m for m in ('paramiko', 'pyghostty', 'cryptography', 'cffi') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
