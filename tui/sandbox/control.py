"""The daemon's private HTTP path: what the app asks beside AWS's own calls."""

from __future__ import annotations

import hmac
import json
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from urllib.parse import parse_qs

from tui.sandbox.hosts.manager import HostManager
from tui.sandbox.records import CONTROL_PATH, TOKEN_HEADER
from tui.sandbox.replies import Body, Environ, StartResponse, reply

_TOKEN_KEY = "HTTP_" + TOKEN_HEADER.upper().replace("-", "_")

TITLES = {"save": "Can't save the sandbox's state", "reset": "Can't empty the sandbox"}
UNKNOWN = "The sandbox could not answer"


class Control:
    """A WSGI application behind a token, so that no instance's shell can reset the sandbox."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._hosts: HostManager
        self._reset: Callable[[], None]
        self._save: Callable[[], None]

    def serve(
        self, hosts: HostManager, reset: Callable[[], None], save: Callable[[], None]
    ) -> None:
        """Say what the questions are about; called once, before the server listens."""
        self._hosts, self._reset, self._save = hosts, reset, save

    def __call__(self, environ: Environ, start: StartResponse) -> Body:
        """Answer one question as JSON; what fails comes back as a sentence's parts."""
        token = str(environ.get(_TOKEN_KEY, ""))
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode()):
            return reply(start, 403, b"{}")
        question = environ["PATH_INFO"].removeprefix(CONTROL_PATH)
        try:
            return self._answer(environ, start, question)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            why = error.strerror if isinstance(error, OSError) else None
            text = why or f"{type(error).__name__}: {error}"
            said = {"title": TITLES.get(question, UNKNOWN), "message": text}
            return reply(start, 500, json.dumps(said).encode())

    def _answer(self, environ: Environ, start: StartResponse, question: str) -> Body:
        if question == "endpoint":
            name = parse_qs(environ.get("QUERY_STRING", "")).get("ref", [""])[0]
            found = self._hosts.endpoint(name)
            return reply(start, 200, json.dumps(asdict(found) if found else None).encode())
        if question == "instances":
            return reply(start, 200, json.dumps(self._hosts.rows()).encode())
        if environ["REQUEST_METHOD"] == "POST" and question in ("reset", "save"):
            (self._reset if question == "reset" else self._save)()
            return reply(start, 200, b"{}")
        return reply(start, 404, b"{}")
