"""Where every request goes first."""

from __future__ import annotations

import io
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from tui.sandbox.front import (
    door,
    ec2,
    extras,
    s3_checks,
    s3_conditions,
    s3_list,
    s3_read,
    s3_versions,
)
from tui.sandbox.front.claims import claim_of
from tui.sandbox.front.faults import check_json, is_no_route, refusal_for, refusal_for_no_route
from tui.sandbox.patches.access import Keys
from tui.sandbox.patches.requests import REQUEST_KEY
from tui.sandbox.records import CONTROL_PATH
from tui.sandbox.replies import Body, Environ, Headers, Refusal, StartResponse

WITHOUT_EC2 = ("s3", "sts", "iam")
"""Services that answer before EC2's half of moto is imported."""
MOTO_PATH = "/moto-api/"
"""moto's own door: any shell could reset the sandbox through it."""
Control = Callable[[Environ, StartResponse], Body]


class Front:
    """A WSGI application that answers what it can and hands the rest to moto.

    Args:
        moto: moto's own application.
        control: the daemon's private path.
        wait_for_ec2: blocks until EC2 is imported and patched.
        keys: every access key that may come in.
    """

    def __init__(
        self, moto: Any, control: Control, wait_for_ec2: Callable[[], object], keys: Keys
    ) -> None:
        self._moto = moto
        self._control = control
        self._wait_for_ec2 = wait_for_ec2
        self._keys = keys
        self._catalogue = ec2.CatalogueCache(self._ask_moto)
        self._closed = False
        self._inside = 0
        self._changed = threading.Condition()

    def __call__(self, environ: Environ, start: StartResponse) -> Body:
        """Answer one request; whatever goes wrong inside becomes a clean AWS error."""
        with self._changed:
            if self._closed:
                refusal = Refusal(503, "ServiceUnavailable", "The sandbox is being closed.")
                return refusal.answer(environ, start)
            self._inside += 1
        try:
            return self._admit(environ, start)
        except Exception as error:
            refusal = error if isinstance(error, Refusal) else refusal_for(error, environ)
            if refusal.status == 503:
                traceback.print_exc(file=sys.stderr)
            return refusal.answer(environ, start)
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def close(self, seconds: float = 5.0) -> None:
        """Let nobody in any more, and wait for those inside; a save must not race with them."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._closed = True
            while self._inside and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def _admit(self, environ: Environ, start: StartResponse) -> Body:
        door.check_origin(environ)
        path = environ.get("PATH_INFO", "")
        if path.startswith(CONTROL_PATH):
            return self._control(environ, start)
        service = claim_of(environ).service
        if f"{path}/".startswith(MOTO_PATH):
            raise Refusal(403, "AccessDenied", "Access Denied")
        door.admit(environ, self._keys)
        return self._answer(environ, start, service)

    def _answer(self, environ: Environ, start: StartResponse, service: str) -> Body:
        check_json(environ)
        if service in extras.SERVICES:
            return extras.answer(environ, start, service)
        if service not in WITHOUT_EC2 and service:
            self._wait_for_ec2()
        if service == "ec2":
            return self._catalogue.answer(environ, start)
        if service in ("s3", ""):
            return self._answer_s3(environ, start)
        return self._ask_moto(environ, start)

    def _answer_s3(self, environ: Environ, start: StartResponse) -> Body:
        for attempt in (
            s3_checks.refuse,
            s3_conditions.refuse,
            s3_list.answer,
            s3_versions.answer,
            s3_read.answer,
        ):
            body = attempt(environ, start)
            if body is not None:
                return body
        return self._ask_moto(environ, start)

    def _ask_moto(self, environ: Environ, start: StartResponse) -> Body:
        """Moto's answer, and no memory of the request.

        moto and werkzeug tie requests into a knot that holds the body until a full collection,
        which is minutes away: uploads would pile up.
        """
        said: list[tuple[str, Headers]] = []

        def note(status: str, headers: Headers, error: Any = None) -> None:
            said.append((status, headers))

        body = list(self._moto(environ, note))
        request = environ.pop(REQUEST_KEY, None)
        if request is not None:
            request.__dict__.clear()
        environ["wsgi.input"] = io.BytesIO()
        status, headers = said[-1]
        if status.startswith(("404", "405")) and is_no_route(environ, b"".join(body)):
            raise refusal_for_no_route(environ)
        start(status, headers)
        return body
