"""The embedded sandbox: AWS APIs and real SSH hosts on loopback, in a child process.

The app and the tests see only what is named here; it costs nothing but the standard library to
import. Everything heavy (moto, flask, asyncssh) is imported by the child alone.
"""

from tui.sandbox.client import Sandbox
from tui.sandbox.records import SandboxError, SandboxInfo, SshEndpoint

__all__ = ["Sandbox", "SandboxError", "SandboxInfo", "SshEndpoint"]
