"""Several programs joined into one that runs: imports once, each client once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tui.aws.code.python import WITHOUT, quoted
from tui.aws.redaction import bare_endpoint

_HELPER = ast.unparse(ast.parse(WITHOUT))


def session_script(
    steps: Iterable[tuple[str, str]],
    *,
    endpoint_url: str | None,
    profile: str | None,
    config_file: str | None = None,
) -> str:
    """Join (title, program) steps under their titles. A step without a program is left out.

    See `tui.aws.calls.session_script`.
    """
    titled = [(title, _part(program)) for title, program in steps if program.strip()]
    imports, helpers, bodies = _joined([part for _, part in titled])
    body: list[str] = []
    for (title, _), lines in zip(titled, bodies, strict=True):
        body += ["", f"# {_comment(title)}", *lines]
    setup = _setup(endpoint_url, profile, config_file)
    if setup:
        imports.add("import os")
    if profile or config_file:
        imports.add("import boto3")
    head = ['"""What this session did, as one program."""', *_needs("\n".join(body))]
    return "\n".join([*head, "", *sorted(imports), *setup, *helpers, *body, ""])


def one_program(programs: Iterable[str]) -> str:
    """Join the programs of one action, in order; a lone one stays as it is."""
    given = [program for program in programs if program.strip()]
    if len(given) < 2:
        return "".join(given)
    imports, helpers, bodies = _joined([_part(program) for program in given])
    body = [line for lines in bodies for line in ["", *lines]]
    return "\n".join([*_needs("\n".join(body)), *sorted(imports), *helpers, *body, ""])


@dataclass(frozen=True, slots=True)
class _Part:
    """One program, taken apart.

    Attributes:
        imports: its import statements.
        helped: whether it uses the helper that leaves out secrets.
        client: the expression that its `client` is made by, or "" if it has none that could be
            shared; `lines` then make what they need themselves.
        key: the same for the same client, however it is written.
        service: the client's service.
        lines: all else, without the empty lines around.
        uses: where `lines` speak of the client: (line, column in bytes).
        names: what `lines` give a new value.
    """

    imports: set[str] = field(default_factory=set)
    helped: bool = False
    client: str = ""
    key: str = ""
    service: str = ""
    lines: list[str] = field(default_factory=list)
    uses: tuple[tuple[int, int], ...] = ()
    names: frozenset[str] = frozenset()

    def with_client(self, name: str) -> list[str]:
        """The lines, with another name for the client."""
        raw = [line.encode() for line in self.lines]
        for number, column in sorted(self.uses, reverse=True):
            line = raw[number]
            raw[number] = line[:column] + name.encode() + line[column + len("client") :]
        return [line.decode() for line in raw]


def _joined(parts: list[_Part]) -> tuple[set[str], list[str], list[list[str]]]:
    """All imports, the helper if one needs it, and each part's lines; a client anew when lost."""
    imports = {line for part in parts for line in part.imports}
    helpers = ["", "", *WITHOUT.splitlines(), ""] if any(part.helped for part in parts) else []
    names = _client_names(parts)
    made: dict[str, str] = {}
    bodies = []
    for part in parts:
        name = names.get(part.key, "")
        lines = part.with_client(name) if part.client else part.lines
        if part.client and made.get(name) != part.key:
            lines = [f"{name} = {part.client}", *lines]
            made[name] = part.key
        for lost in part.names:
            made.pop(lost, None)
        bodies.append(lines)
    return imports, helpers, bodies


def _client_names(parts: list[_Part]) -> dict[str, str]:
    """A name for each client: `client` for a lone one, else `s3_client` and so on."""
    services = {part.key: part.service for part in parts if part.client}
    if len(services) == 1:
        return dict.fromkeys(services, "client")
    names: dict[str, str] = {}
    for key, service in services.items():
        name = first = f"{re.sub(r'[^0-9A-Za-z]', '_', service)}_client"
        number = 2
        while name in names.values():
            name, number = f"{first}_{number}", number + 1
        names[key] = name
    return names


def _part(program: str) -> _Part:
    lines = program.split("\n")
    try:
        nodes = ast.parse(program).body
    except SyntaxError:  # a note's own code; the other steps still run
        return _Part(lines=[f"# {line}" for line in lines])
    imports: set[str] = set()
    helped, rest = False, []
    for node in nodes:
        helper = isinstance(node, ast.FunctionDef) and ast.unparse(node) == _HELPER
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.add(ast.unparse(node))
        elif not helper:
            rest.append(node)
            continue
        helped |= helper
        _blank(lines, node)
    names = frozenset(_given(rest))
    part = _Part(imports, helped, lines=_trimmed(lines)[0], names=names)
    return _with_shared_client(part, program, lines, rest)


def _with_shared_client(
    part: _Part, program: str, lines: list[str], nodes: list[ast.stmt]
) -> _Part:
    """The same part, its client taken out, if it makes one first and nothing else of that name."""
    first = nodes[0] if nodes else None
    if first and nodes[1:] and nodes[1].lineno <= (first.end_lineno or 0):
        return part  # they share a line
    match first:
        case ast.Assign(
            targets=[ast.Name("client")],
            value=ast.Call(ast.Attribute(attr="client"), [ast.Constant(str(service)), *_]),
        ):
            pass
        case _:
            return part
    inner = [node for each in nodes[1:] for node in ast.walk(each)]
    uses = [node for node in inner if isinstance(node, ast.Name) and node.id == "client"]
    raw = [line.encode() for line in lines]
    if "client" in _given(nodes[1:]) or not all(
        # Up to Python 3.11 what stands in an f-string has another place than it says.
        raw[node.lineno - 1][node.col_offset :].startswith(b"client")
        for node in uses
    ):
        return part
    client = ast.get_source_segment(program, first.value) or ""
    rest = lines.copy()
    _blank(rest, first)
    rest, skipped = _trimmed(rest)
    return replace(
        part,
        client=client,
        key=ast.unparse(first.value),
        service=service,
        lines=rest,
        uses=tuple((node.lineno - 1 - skipped, node.col_offset) for node in uses),
        names=part.names - {"client"},
    )


def _given(nodes: list[ast.stmt]) -> set[str]:
    """The names that statements give a value, at any depth."""
    found: set[str] = set()
    for node in (inner for each in nodes for inner in ast.walk(each)):
        match node:
            case ast.Name(name, ast.Store() | ast.Del()) | ast.arg(name):
                found.add(name)
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                found.add(name)
    return found


def _blank(lines: list[str], node: ast.stmt) -> None:
    for number in range(node.lineno - 1, node.end_lineno or node.lineno):
        lines[number] = ""


def _trimmed(lines: list[str]) -> tuple[list[str], int]:
    """Lines without the empty ones around them, and how many were dropped at the start."""
    full = [number for number, line in enumerate(lines) if line.strip()]
    return (lines[full[0] : full[-1] + 1], full[0]) if full else ([], 0)


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


def _setup(endpoint_url: str | None, profile: str | None, config_file: str | None) -> list[str]:
    """Lines that send every client of the program, a note's and pandas' too, to the right place."""
    lines = []
    if config_file:
        lines.append("# The sandbox's keys are in this file for as long as it runs.")
        for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            lines.append(f"os.environ[{quoted(variable)}] = {quoted(config_file)}")
        profile = profile or "default"
    if endpoint_url:
        lines.append(f'os.environ["AWS_ENDPOINT_URL"] = {quoted(bare_endpoint(endpoint_url))}')
    if profile:
        # boto3 puts a key of the environment before AWS_PROFILE, but not before its argument.
        lines.append(f'os.environ["AWS_PROFILE"] = {quoted(profile)}')
        lines.append(f"boto3.setup_default_session(profile_name={quoted(profile)})")
    return ["", *lines] if lines else []
