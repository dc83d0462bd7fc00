"""Where every request goes first."""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Callable
from typing import Any

from tui.sandbox.front import ec2, extras, s3_checks, s3_list, s3_read
from tui.sandbox.front.replies import (
    Body,
    Environ,
    StartResponse,
    key_of,
    scope_of,
    service_error,
)
from tui.sandbox.patches.access import is_stranger
from tui.sandbox.patches.requests import REQUEST_KEY
from tui.sandbox.records import CONTROL_PATH

WITHOUT_EC2 = ("s3", "sts", "iam", "pricing", "servicequotas")
"""Services that answer before EC2's half of moto is imported."""
MOTO_PATHS = ("/moto-api", "/latest/")
"""moto's own unsigned doors: any shell could reset the sandbox through them."""
STRANGER_CODES = {"s3": "InvalidAccessKeyId", "ec2": "AuthFailure"}
STRANGER = "The AWS Access Key Id you provided does not exist in our records."
Control = Callable[[Environ, StartResponse], Body]


class Front:
    """A WSGI application that answers what it can and hands the rest to moto.

    Args:
        moto: moto's own application.
        control: the daemon's private path.
        wait_for_ec2: blocks until EC2 is imported and patched.
        root_key: the access key that may do everything.
    """

    def __init__(
        self, moto: Any, control: Control, wait_for_ec2: Callable[[], object], root_key: str
    ) -> None:
        self._moto = moto
        self._control = control
        self._wait_for_ec2 = wait_for_ec2
        self._root_key = root_key
        self._catalogue = ec2.CatalogueCache(moto)

    def __call__(self, environ: Environ, start: StartResponse) -> Body:
        """Answer one request; whatever goes wrong inside becomes a clean AWS error."""
        if environ.get("PATH_INFO", "").startswith(CONTROL_PATH):
            return self._control(environ, start)
        _, service = scope_of(environ)
        if not service and environ.get("PATH_INFO", "").startswith(MOTO_PATHS):
            return service_error(start, environ, 403, "AccessDenied", "Access Denied")
        try:
            return self._answer(environ, start, service)
        except NotImplementedError as error:
            message = f"The sandbox does not offer this operation: {error}"
            return service_error(start, environ, 501, "SandboxNotSupported", message)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            message = f"The sandbox could not answer ({type(error).__name__}). Please try again."
            return service_error(start, environ, 503, "ServiceUnavailable", message)

    def _answer(self, environ: Environ, start: StartResponse, service: str) -> Body:
        if is_stranger(key_of(environ), self._root_key):
            code = STRANGER_CODES.get(service, "InvalidClientTokenId")
            return service_error(start, environ, 403, code, STRANGER)
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
        for attempt in (s3_checks.refuse, s3_list.answer, s3_read.answer):
            body = attempt(environ, start)
            if body is not None:
                return body
        return self._ask_moto(environ, start)

    def _ask_moto(self, environ: Environ, start: StartResponse) -> Body:
        """Moto's answer, and no memory of the request.

        moto and werkzeug tie requests into a knot that holds the body until a full collection,
        which is minutes away: uploads would pile up.
        """
        body = list(self._moto(environ, start))
        request = environ.pop(REQUEST_KEY, None)
        if request is not None:
            request.__dict__.clear()
        environ["wsgi.input"] = io.BytesIO()
        return body
