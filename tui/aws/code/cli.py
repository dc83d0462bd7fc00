"""One AWS call as an AWS CLI line, derived from botocore's service model.

The tables below hold the only exceptions, each of them a place where the AWS CLI departs from the
model. Facts are those of awscli 1.46; the wire test runs the lines through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.aws.code import shell
from tui.aws.code.cli_gaps import missing_command
from tui.aws.code.models import (
    Params,
    Shape,
    operation_model,
    output_file,
    paging,
    private_key_file,
    without_paging,
    xform,
)
from tui.aws.code.python import SAVES_KEY, WIDTH
from tui.aws.code.values import FileRef, secrets_in
from tui.aws.redaction import bare_endpoint

# The CLI's `s3` and others are commands of its own, not the service's.
SERVICES = {"s3": "s3api", "codedeploy": "deploy", "config": "configservice"}
# A parameter of such a name is hidden behind the CLI's own option.
GLOBAL_OPTIONS = frozenset({
    "ca-bundle", "color", "debug", "endpoint-url", "no-paginate", "no-sign-request",
    "no-verify-ssl", "output", "profile", "query", "region", "version",
})  # fmt: skip
# False is not always spelt --no-x.
FLAGS = {
    ("ec2", "no-no-reboot"): "reboot",
    ("ec2", "no-egress"): "ingress",
    ("ec2", "no-disable-api-termination"): "enable-api-termination",
}
# Options that no parameter stands behind.
REQUIRED = {
    ("iam", "CreateVirtualMFADevice"): "--outfile mfa.png --bootstrap-method QRCodePNG",
}
# Commands that end in a file to write, though the answer is a stream of events in the model.
WRITES_FILE = frozenset({("s3", "SelectObjectContent")})
STANDARD_INPUT = "file:///dev/stdin"


class _NoLineError(Exception):
    """This call cannot be spelt as one AWS CLI line; says why, a whole sentence."""


@dataclass(slots=True)
class _Line:
    """One command while it is put together.

    Attributes:
        writes_file: the command ends in a file to write, and so takes no --cli-input-json.
        options: finished options, quoted.
        by_json: parameters that no option can carry.
        secret: parameters that hold a secret, or several.
        source: the command whose output is the standard input, or "".
    """

    service: str
    operation: str
    writes_file: bool
    options: list[str] = field(default_factory=list)
    by_json: dict[str, Any] = field(default_factory=dict)
    secret: dict[str, Any] = field(default_factory=dict)
    source: str = ""

    def read(self, option: str, source: str) -> None:
        """Give an option its value through standard input: any content, and not seen by `ps`."""
        if self.source:
            raise _NoLineError(
                f"The AWS CLI cannot send this {xform(self.operation, '-')} as one command: "
                "two of its values must come by standard input."
            )
        self.source = source
        self.options.append(f"--{option} {STANDARD_INPUT}")


def cli_call(
    service: str,
    operation: str,
    params: Params,
    region: str | None,
    profile: str | None = None,
    *,
    endpoint_url: str | None = None,
    all_pages: bool = False,
) -> str:
    """Return the AWS CLI command for one call, safe to paste into a POSIX shell.

    Where the CLI has no such command, the answer is a comment (``# ...``) that says so.
    For the arguments see `tui.aws.code.python.python_call`.
    """
    if reason := missing_command(service, operation):
        return f"# {reason}"
    model = operation_model(service, operation)
    writes_file = model.has_streaming_output or (service, operation) in WRITES_FILE
    line = _Line(service, operation, bool(writes_file))
    try:
        rest = _special_options(line, dict(params), all_pages)
        for name, value in rest.items():
            _add(line, model.input_shape.members[name], name, value)
        _add_secrets(line)
    except _NoLineError as reason:
        return f"# {reason}"
    if line.by_json:
        line.options.append(f"--cli-input-json {shell.word(shell.json_text(line.by_json))}")
    if paging(service, operation) and not all_pages:
        line.options.append("--no-paginate")  # the CLI would otherwise fetch every page
    line.options += place_options(region, profile, endpoint_url)
    return _assembled(line, params)


def place_options(region: str | None, profile: str | None, endpoint_url: str | None) -> list[str]:
    """Return the options, quoted, that say where an AWS CLI command connects to, and as whom."""
    where = {
        "region": region,
        "profile": profile,
        "endpoint-url": bare_endpoint(endpoint_url or ""),
    }
    return [f"--{name} {shell.word(text)}" for name, text in where.items() if text]


def _assembled(line: _Line, params: Params) -> str:
    command = ["aws", SERVICES.get(line.service, line.service), xform(line.operation, "-")]
    if line.writes_file:
        command.append(output_file(params))
    head = " ".join([*([line.source, "|"] if line.source else []), *command])
    if (line.service, line.operation) == SAVES_KEY:
        # The shell makes the file first: no key is made whose file can't be, nor one for all eyes.
        head = f"(umask 077; set -C; {head}"
        target = shell.word(private_key_file(params))
        line.options += ["--query KeyMaterial", f"--output text >{target})"]
    flat = " ".join([head, *line.options])
    return flat if len(flat) <= WIDTH else " \\\n    ".join([head, *line.options])


def _special_options(line: _Line, rest: dict[str, Any], all_pages: bool) -> dict[str, Any]:
    """Write the options that depart from the model; return the parameters that are left."""
    where = line.service, line.operation
    if where in REQUIRED:
        line.options.append(REQUIRED[where])
    if where == ("ec2", "RunInstances"):  # MinCount and MaxCount are one option
        low, high = rest.pop("MinCount", 1), rest.pop("MaxCount", 1)
        line.options.append(f"--count {low}" if low == high else f"--count {low}:{high}")
    if all_pages and paging(*where):
        rest, size = without_paging(*where, rest)
        if size is not None:
            line.options.append(f"--page-size {size}")
    source = rest.get("CopySource")
    if isinstance(source, Mapping):  # only boto3 takes it in parts
        version = f"?versionId={source['VersionId']}" if "VersionId" in source else ""
        rest["CopySource"] = f"{source['Bucket']}/{source['Key']}{version}"
    return rest


def _add(line: _Line, shape: Shape, name: str, value: Any) -> None:
    """Write one parameter's option, or set it aside for JSON or for the secrets."""
    option = xform(name, "-")
    if shape.type_name == "boolean" and option not in GLOBAL_OPTIONS:
        flag = option if value else f"no-{option}"
        line.options.append(f"--{FLAGS.get((line.service, flag), flag)}")
        return
    if isinstance(value, FileRef):
        path = value.path if value.stream else f"fileb://{value.path}"
        line.options.append(f"--{option}{'=' if path[0] == '-' else ' '}{shell.word(path)}")
        return
    if secrets_in(value):
        line.secret[name] = value
        return
    words = shell.option_words(shape, value)
    fetched = words[0].startswith(shell.FETCHED)
    if fetched or option in GLOBAL_OPTIONS or not all(map(str.isprintable, words)):
        if not line.writes_file:
            line.by_json[name] = value
        else:
            line.read(option, shell.printing(words[0]))
    elif words[0].startswith("-"):
        line.options.append(f"--{option}={shell.word(words[0])}")
    else:
        line.options.append(" ".join([f"--{option}", *map(shell.word, words)]))


def _add_secrets(line: _Line) -> None:
    """Hand one secret over through standard input, which `ps` does not show, and others in place.

    A JSON for all of them would not do: the CLI reads --cli-input-json twice, a pipe only once.
    """
    for name, value in line.secret.items():
        option = xform(name, "-")
        if option in GLOBAL_OPTIONS:
            shown = shell.revealed({name: value})
            line.options.append(f"--cli-input-json {shown}")
        elif line.source:
            line.options.append(f"--{option} {shell.revealed(value)}")
        else:
            line.read(option, shell.revealing(value))
