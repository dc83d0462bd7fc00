"""Ready-made code made to connect where the app does.

Most notes are written down by those who know what was done, not as whom or where: the drawer
adds the connection's profile and endpoint when it shows them.
"""

from __future__ import annotations

import ast
import shlex

from tui.aws.code.cli import place_options
from tui.aws.code.python import quoted
from tui.aws.redaction import bare_endpoint


def place_python(program: str, endpoint_url: str | None, profile: str | None) -> str:
    """Return a program whose every plain `boto3.client(...)` names the endpoint and the profile."""
    try:
        nodes = list(ast.walk(ast.parse(program)))
    except SyntaxError:
        return program
    lines = [line.encode() for line in program.split("\n")]
    edits: list[tuple[int, int, int, str]] = []  # line, from column, to column, new text
    for node in nodes:
        match node:
            case ast.Call(ast.Attribute(ast.Name("boto3") as name, "client"), [_, *_]):
                pass
            case _:
                continue
        named = {keyword.arg for keyword in node.keywords}
        if profile:
            text = f"boto3.Session(profile_name={quoted(profile)})"
            edits.append((name.lineno, name.col_offset, name.end_col_offset or 0, text))
        if endpoint_url and "endpoint_url" not in named:
            text = f", endpoint_url={quoted(bare_endpoint(endpoint_url))}"
            last = [*node.args, *(keyword.value for keyword in node.keywords)][-1]
            end = last.end_col_offset or 0
            edits.append((last.end_lineno or 0, end, end, text))
    for number, start, end, text in sorted(edits, reverse=True):
        line = lines[number - 1]
        lines[number - 1] = line[:start] + text.encode() + line[end:]
    return b"\n".join(lines).decode()


def place_cli(line: str, endpoint_url: str | None, profile: str | None) -> str:
    """Return an AWS CLI command that names the endpoint and the profile; a comment as it is."""
    if not line or line.startswith("#"):
        return line
    words = set(shlex.split(line))
    more = place_options(
        None,
        None if "--profile" in words else profile,
        None if "--endpoint-url" in words else endpoint_url,
    )
    return " ".join([line, *more])
