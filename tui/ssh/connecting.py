"""From an address to a logged-in transport: dial, exchange keys, check the host key, log in.

Every blocking step is one function for a thread; `connect` strings them together on the loop, where
the user is asked about a new host key.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.core.errors import SshError
from tui.ssh.host_keys import HostKey, KnownHosts, Verdict, console_fingerprints, fingerprint
from tui.ssh.keys import load_key
from tui.ssh.target import HostKeyRefused, LoginRefused, NotReachable, Target
from tui.ssh.threads import in_thread, paramiko_module

DIAL_SECONDS = 8.0
HANDSHAKE_SECONDS = 20.0
LOGIN_SECONDS = 30.0
RETRY_SECONDS = 1.0

# GCM costs half of what CTR with a MAC does; CBC, 3DES and SHA-1 are of another time.
CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")

# A machine that boots refuses, times out, or closes at once; each passes.
PASSING_ERRNOS = {
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EPIPE,
    errno.ETIMEDOUT,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.EHOSTDOWN,
}

ConfirmHostKey = Callable[[HostKey], Awaitable[bool]]
OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ways:
    """How to connect: whom to ask, where keys are filed, how long to be patient."""

    known_hosts: Path
    confirm_host_key: ConfirmHostKey
    on_step: OnStep
    deadline_seconds: float = 90.0
    console_output: Callable[[], Awaitable[str]] | None = None
    passphrase: str | None = field(default=None, repr=False)
    booting: bool = False


class _NotYet(Exception):  # noqa: N818 - a fact
    """The machine is not ready; `reason` is a clause for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def connect(target: Target, ways: Ways) -> Any:
    """Return an authenticated paramiko transport.

    Raises:
        SshError: with what failed, why, and what next; see its subclasses in `tui.ssh.target`.
    """
    ways.on_step("reading the key")
    keys = await in_thread(_private_keys, target, ways.passphrase)
    deadline = time.monotonic() + ways.deadline_seconds
    refused: LoginRefused | None = None
    reason = "it did not answer"
    while (left := deadline - time.monotonic()) > 0:
        try:
            return await _attempt(target, ways, keys, left)
        except _NotYet as not_yet:
            reason = not_yet.reason
            ways.on_step(f"waiting for {target.label}: {reason}")
        except LoginRefused as error:
            # sshd answers before cloud-init has put the key in place.
            if not ways.booting:
                raise
            refused = error
            ways.on_step(f"waiting for {target.label}: it does not take the key yet")
        await asyncio.sleep(min(RETRY_SECONDS, max(0.0, deadline - time.monotonic())))
    raise refused or _not_reachable(target, reason, ways.deadline_seconds)


async def _attempt(target: Target, ways: Ways, keys: list[Any], left: float) -> Any:
    known = KnownHosts(ways.known_hosts)
    kinds = await in_thread(known.kinds, target.host_key_names)
    attempt = _Attempt(target, left)
    try:
        ways.on_step(f"connecting to {target.host} port {target.port}")
        await in_thread(attempt.handshake, kinds)
        ways.on_step("checking the host key")
        await _check_host_key(target, ways, known, attempt.transport)
        if not attempt.transport.is_active():
            # The user took longer than the server's login grace; the key is on file by now.
            raise _NotYet("it hung up while the host key was being confirmed")
        ways.on_step(f"logging in as {target.user}")
        await in_thread(attempt.login, keys)
    except BaseException:
        attempt.close()
        raise
    return attempt.transport


async def _check_host_key(target: Target, ways: Ways, known: KnownHosts, transport: Any) -> None:
    key = transport.get_remote_server_key()
    kind, blob = key.get_name(), key.asbytes()
    verdict, line = await in_thread(known.judge, target.host_key_names, kind, blob)
    if verdict is Verdict.KNOWN:
        return
    if verdict is Verdict.CHANGED:
        raise _changed(target, ways.known_hosts, line, fingerprint(blob))
    if verdict is Verdict.REVOKED:
        raise HostKeyRefused(
            f"Refused to log in to {target.label}",
            "its host key is marked as revoked",
            f"See line {line} of {ways.known_hosts}.",
        )
    expected: frozenset[str] = frozenset()
    if ways.console_output is not None:
        with contextlib.suppress(SshError):  # no console output is no reason not to ask
            expected = console_fingerprints(await ways.console_output())
    shown = HostKey(target.label, target.host_key_names[-1], kind, fingerprint(blob), expected)
    if not await ways.confirm_host_key(shown):
        raise HostKeyRefused(
            f"Did not log in to {target.label}",
            "its host key was not confirmed",
            "Compare it with the fingerprints in the instance's console output.",
        )
    await in_thread(known.add, target.host_key_names, kind, blob)


class _Attempt:
    """One try; its methods block and belong on a thread, `close` may come from anywhere."""

    def __init__(self, target: Target, left: float) -> None:
        self._target = target
        self._left = left
        self._closed = threading.Event()
        self.transport: Any = None

    def handshake(self, known_kinds: tuple[str, ...]) -> None:
        """Dial and exchange keys."""
        paramiko = paramiko_module()
        stream = self._dial()
        try:
            transport = paramiko.Transport(stream, default_window_size=16 << 20)
        except BaseException:
            stream.close()
            raise
        self.transport = transport
        if self._closed.is_set():
            transport.close()
            raise _NotYet("cancelled")
        transport.daemon = True
        transport.banner_timeout = min(HANDSHAKE_SECONDS, self._left)
        transport.auth_timeout = LOGIN_SECONDS
        _choose_algorithms(transport, known_kinds)
        done = threading.Event()
        transport.start_client(event=done)
        if not done.wait(min(HANDSHAKE_SECONDS, self._left)):
            transport.close()
            raise _NotYet("it does not finish the key exchange")
        if not transport.is_active():
            raise self._handshake_failure(transport.get_exception())

    def _dial(self) -> socket.socket:
        try:
            stream = socket.create_connection(
                (self._target.host, self._target.port), min(DIAL_SECONDS, self._left)
            )
        except TimeoutError:
            raise _NotYet("no answer") from None
        except socket.gaierror:
            raise NotReachable(
                f"Can't reach {self._target.label}",
                f"no machine is known as {self._target.host}",
                "Check the address and the network.",
            ) from None
        except OSError as error:
            raise self._network_failure(error) from None
        # A key typed is a packet sent: do not wait for more.
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.settimeout(None)
        return stream

    def _network_failure(self, error: OSError) -> Exception:
        if error.errno == errno.ECONNREFUSED:
            return _NotYet(f"port {self._target.port} is closed")
        if error.errno in PASSING_ERRNOS:
            return _NotYet("the network gives no way there yet")
        return NotReachable(
            f"Can't reach {self._target.label}", (error.strerror or "network error").lower()
        )

    def _handshake_failure(self, error: BaseException | None) -> Exception:
        paramiko = paramiko_module()
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            return NotReachable(
                f"Can't talk to {self._target.label}",
                "its SSH server knows only ciphers or keys that are no longer safe",
                "Update its OpenSSH.",
            )
        if error is not None and "banner" in str(error).lower():
            return _NotYet("the port is open but no SSH server answers")
        return _NotYet("it hung up during the key exchange")

    def login(self, keys: list[Any]) -> None:
        """Try the keys in turn."""
        paramiko = paramiko_module()
        target, transport = self._target, self.transport
        for key in keys:
            try:
                transport.auth_publickey(target.user, key)
                return
            except paramiko.BadAuthenticationType as error:
                allowed = ", ".join(error.allowed_types) or "nothing"
                raise _refused(target, f"the server takes no keys, only {allowed}") from None
            except paramiko.AuthenticationException:
                if not transport.is_active():
                    break
            except (paramiko.SSHException, OSError, EOFError):
                raise _NotYet("it hung up during the login") from None
        raise _refused(target, f"it does not take this key for {target.user}")

    def close(self) -> None:
        """End the try; a step under way fails soon."""
        self._closed.set()
        transport = self.transport
        if transport is not None:
            # Closing joins the transport's thread, so not here on the loop.
            threading.Thread(target=transport.close, daemon=True).start()


def _choose_algorithms(transport: Any, known_kinds: tuple[str, ...]) -> None:
    options = transport.get_security_options()
    options.ciphers = tuple(name for name in CIPHERS if name in options.ciphers)
    options.digests = tuple(name for name in MACS if name in options.digests)
    # Ask for the kind of host key that is on file, or a new kind would look like a change.
    wanted: list[str] = []
    for kind in known_kinds:
        wanted.extend(RSA_SIGNATURES if kind == "ssh-rsa" else (kind,))
    offered = list(options.key_types)
    first = [name for name in wanted if name in offered]
    options.key_types = tuple(first + [name for name in offered if name not in first])


def _private_keys(target: Target, passphrase: str | None) -> list[Any]:
    if target.key_path is not None:
        return [load_key(target.key_path, passphrase)]
    paramiko = paramiko_module()
    try:
        keys = list(paramiko.Agent().get_keys())
    except (paramiko.SSHException, OSError):
        keys = []
    if not keys:
        raise LoginRefused(
            f"Can't log in to {target.label}",
            "no key file is set and no SSH agent has a key",
            "Choose the .pem file of the instance's key pair.",
        )
    return keys


def _refused(target: Target, why: str) -> LoginRefused:
    return LoginRefused(
        f"Can't log in to {target.label}",
        why,
        "Check the key pair that it was launched with, and the login user of its image "
        "(ec2-user, ubuntu, admin).",
        retryable=True,
    )


def _not_reachable(target: Target, reason: str, waited: float) -> NotReachable:
    if reason == "no answer":
        hint = (
            "Does its security group let your address in on port "
            f"{target.port}, and has it a public address?"
        )
    else:
        hint = "If it is still booting, connect again in a minute; else see its console output."
    return NotReachable(
        f"Can't reach {target.label}", f"{reason}, after {waited:.0f} s", hint, retryable=True
    )


def _changed(target: Target, path: Path, line: int, print_: str) -> HostKeyRefused:
    return HostKeyRefused(
        f"Refused to log in to {target.label}",
        f"its host key is not the one on file, it is now {print_}",
        "EC2 gives addresses away again, so another machine may have this one now; or someone "
        "is between. Compare the key with the instance's console output. If it is right, "
        f"forget the old one: line {line} of {path}.",
    )
