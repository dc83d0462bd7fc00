"""Several programs joined into one that runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from tui.aws.code_python import quoted


def session_script(
    steps: Iterable[tuple[str, str]], *, endpoint_url: str | None, profile: str | None
) -> str:
    """Join (title, program) steps: imports once, a client anew only where it changes.

    A step without a program is left out. See `tui.aws.calls.session_script`.
    """
    imports: set[str] = set()
    body: list[str] = []
    client = ""
    for title, program in steps:
        if not program.strip():
            continue
        own_imports, lines = _split(program)
        imports |= own_imports
        repeated = bool(lines) and lines[0] == client
        body += ["", f"# {_comment(title)}", *lines[repeated:]]
        client = lines[0] if lines and lines[0].startswith("client = ") else ""
    setup = _setup(endpoint_url, profile)
    if setup:
        imports.add("import os")
    if profile:
        imports.add("import boto3")
    head = ['"""What this session did, as one program."""', *_needs("\n".join(body))]
    return "\n".join([*head, "", *sorted(imports), *setup, *body, ""])


def _split(program: str) -> tuple[set[str], list[str]]:
    """A program's imports, and its other lines without the empty ones around them."""
    lines = program.split("\n")
    imports = set()
    try:
        nodes = ast.parse(program).body
    except SyntaxError:  # a note's own code; the other steps still run
        return set(), [f"# {line}" for line in lines]
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.add(ast.unparse(node))
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    while lines and not lines[0].strip():
        del lines[0]
    while lines and not lines[-1].strip():
        del lines[-1]
    return imports, lines


def _comment(title: str) -> str:
    """A title on one line: a line break would end the comment and run the rest."""
    text = " ".join(title.split())
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _needs(code: str) -> list[str]:
    """Comment lines that name the environment variables and the files that code reads."""
    needs = {
        "Set first": re.findall(r'os\.environ\["(\w+)"\]', code),
        "Needs these files": re.findall(r'open\(("[^"]*"|\'[^\']*\'), "rb"\)', code),
    }
    return [
        f"# {title}: {', '.join(dict.fromkeys(found))}" for title, found in needs.items() if found
    ]


def _setup(endpoint_url: str | None, profile: str | None) -> list[str]:
    """Lines that send every client of the program, a note's and pandas' too, to the right place."""
    lines = []
    if endpoint_url:
        lines.append(f'os.environ["AWS_ENDPOINT_URL"] = {quoted(endpoint_url)}')
    if profile:
        # boto3 puts a key of the environment before AWS_PROFILE, but not before its argument.
        lines.append(f'os.environ["AWS_PROFILE"] = {quoted(profile)}')
        lines.append(f"boto3.setup_default_session(profile_name={quoted(profile)})")
    return ["", *lines] if lines else []
