"""One AWS call as runnable boto3 code, derived from botocore's service model.

Nothing is written per operation: a call that the app learns tomorrow is shown without a change
here.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tui.aws.code.models import (
    Params,
    operation_model,
    paging,
    private_key_file,
    without_paging,
    xform,
)
from tui.aws.code.values import FileRef, Secret, secret_members
from tui.aws.redaction import bare_endpoint

WIDTH = 88
INDENT = "    "
SAVES_KEY = "ec2", "CreateKeyPair"  # its answer is the only copy there will ever be
WITHOUT = '''def without(value, names):
    """Leave members out, at any depth: they are not for the screen."""
    if isinstance(value, dict):
        return {k: without(v, names) for k, v in value.items() if k not in names}
    return [without(v, names) for v in value] if isinstance(value, list) else value
'''


def python_call(
    service: str,
    operation: str,
    params: Params,
    region: str | None,
    *,
    endpoint_url: str | None = None,
    profile: str | None = None,
    all_pages: bool = False,
) -> str:
    """Return a whole Python program for one call: imports, a client, the call, its answer.

    What the model calls secret in the answer is not printed.

    Args:
        params: as `tui.aws.code.values.Redaction` copied them.
        region: the client's region, or None for the reader's default.
        endpoint_url: where the client talks to, when that is not AWS.
        profile: the profile to use, or None for the reader's default.
        all_pages: True to fetch every page of a listing, with a paginator.
    """
    lines = [f"client = {client_code(service, region, endpoint_url, profile)}"]
    if all_pages and paging(service, operation):
        lines += _every_page(service, operation, params)
    else:
        lines += _one_call(service, operation, params)
    code = "\n".join(lines)
    if "print(without(" in code:
        code = f"\n{WITHOUT}\n\n{code}"
    code = f"import boto3\n\n{code}"
    if "os.environ[" in code or "os.open(" in code:
        code = "import os\n\n" + code
    if "tzinfo=timezone.utc" in code:
        code = "from datetime import datetime, timezone\n\n" + code
    return code + "\n"


def client_code(
    service: str, region: str | None, endpoint_url: str | None, profile: str | None
) -> str:
    """Return the expression that makes a boto3 client; empty arguments are boto3's to find."""
    options = {"region_name": region, "endpoint_url": bare_endpoint(endpoint_url or "")}
    given = "".join(f", {name}={quoted(text)}" for name, text in options.items() if text)
    maker = f"boto3.Session(profile_name={quoted(profile)})" if profile else "boto3"
    return f"{maker}.client({quoted(service)}{given})"


def _every_page(service: str, operation: str, params: Params) -> list[str]:
    kept, size = without_paging(service, operation, params)
    if size is not None:
        kept["PaginationConfig"] = {"PageSize": size}
    return [
        f"paginator = client.get_paginator({quoted(xform(operation))})",
        _invocation("for page in paginator.paginate", kept, ":"),
        *(INDENT + line for line in _printing("page", service, operation)),
    ]


def _one_call(service: str, operation: str, params: Params) -> list[str]:
    model = operation_model(service, operation)
    lines = [_invocation(f"response = client.{xform(operation)}", params)]
    if (service, operation) == SAVES_KEY:
        lines = _saving_key(lines[0], params)
    if not model.has_streaming_output:
        return [*lines, *_printing("response", service, operation)]
    # Not into a file: a session's script must not overwrite what its steps have read.
    body = model.output_shape.serialization["payload"]
    return [*lines, f"content = response[{quoted(body)}].read()", 'print(len(content), "bytes")']


def _printing(answer: str, service: str, operation: str) -> list[str]:
    """Lines that print an answer, without its secrets."""
    secret = secret_members(operation_model(service, operation).output_shape)
    if not secret:
        return [f"print({answer})"]
    hidden = f"hidden = {{{', '.join(map(quoted, secret))}}}"
    if any(secret.values()):
        return [hidden, f"print(without({answer}, hidden))"]
    return [hidden, f"print({{name: {answer}[name] for name in {answer} if name not in hidden}})"]


def _saving_key(call: str, params: Params) -> list[str]:
    """Lines that make a key pair and keep its private key, in a file that is there before it."""
    path = quoted(private_key_file(params))
    return [
        f"key_file = os.open({path}, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)",
        'with open(key_file, "w") as file:',
        *(INDENT + line for line in call.split("\n")),
        f'{INDENT}file.write(response["KeyMaterial"].rstrip() + "\\n")',
    ]


def _invocation(head: str, params: Params, tail: str = "") -> str:
    """``head(name=value, ...)tail``, one argument a line once that is too wide."""
    arguments = [(f"{name}=", value) for name, value in params.items() if _is_plain(name)]
    odd = {name: value for name, value in params.items() if not _is_plain(name)}
    arguments += [("**", odd)] if odd else []
    flat = f"{head}({', '.join(name + literal(value) for name, value in arguments)}){tail}"
    if len(flat) <= WIDTH:
        return flat
    pieces = [
        f"{INDENT}{name}{_wrapped(value, len(INDENT + name), 1)},\n" for name, value in arguments
    ]
    return f"{head}(\n{''.join(pieces)}){tail}"


def _is_plain(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _wrapped(value: Any, used: int, depth: int) -> str:
    """A literal, broken over lines, one item each, once it does not fit beside ``used`` columns."""
    flat = literal(value)
    if used + len(flat) < WIDTH or not isinstance(value, Mapping | list) or not value:
        return flat
    pad = INDENT * (depth + 1)
    if isinstance(value, Mapping):
        items = [(f"{quoted(key)}: ", item) for key, item in value.items()]
    else:
        items = [("", item) for item in value]
    lines = [f"{pad}{key}{_wrapped(item, len(pad + key), depth + 1)},\n" for key, item in items]
    left, right = "{}" if isinstance(value, Mapping) else "[]"
    return f"{left}\n{''.join(lines)}{INDENT * depth}{right}"


def quoted(text: str) -> str:
    """Return a Python string literal, in double quotes wherever that needs no extra escapes.

    `repr` escapes whatever is not printable, control and bidi characters among it.
    """
    shown = repr(text)
    return f'"{shown[1:-1]}"' if shown[0] == "'" and '"' not in text else shown


def literal(value: Any) -> str:
    """Return one redacted value as a Python expression on one line.

    A secret is read from ``os.environ``, a file's bytes by ``open``; a time is in UTC.
    """
    match value:
        case Secret(variable=variable, kind=kind):
            read = f"os.environ[{quoted(variable)}]"
            return read if kind == "str" else f"{kind}({read})"
        case FileRef(path=path, stream=stream):
            return f'open({quoted(path)}, "rb"){"" if stream else ".read()"}'
        case datetime():
            return _moment(value.astimezone(UTC))
        case str():
            return quoted(value)
        case Mapping():
            return "{" + ", ".join(f"{quoted(k)}: {literal(v)}" for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(literal, value)) + "]"
    return repr(value)


def _moment(at: datetime) -> str:
    parts = [*at.timetuple()[:6], at.microsecond]
    while len(parts) > 3 and not parts[-1]:
        parts.pop()
    return f"datetime({', '.join(map(str, parts))}, tzinfo=timezone.utc)"
