"""The session as a script: it runs, it holds what worked, and no name breaks out of it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.aws.code_cases import EVIL, UNPRINTABLE
from tests.aws.code_stub import Stub
from tui.aws.calls import Call, CallLog, action_program, caused_by, session_script
from tui.aws.transfers import code as transfer_code


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    yield server
    server.close()


def done(service: str, operation: str, outcome: str = "200", /, **params: Any) -> Call:
    return Call(f"Do {operation}", service, operation, params, "eu-west-1", outcome=outcome)


def run(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=os.environ | keys | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_script_of_a_session_runs_and_asks_the_same(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    log = CallLog()
    s3, ssm = (
        boto3.client(name, region_name="eu-west-1", endpoint_url=stub.url) for name in ("s3", "ssm")
    )
    log.attach(s3)
    log.attach(ssm)
    with caused_by(f"Upload {EVIL}"):
        s3.put_object(Bucket="bucket", Key=UNPRINTABLE, Body=b"content")
        s3.list_objects_v2(Bucket="bucket")
    with caused_by("Set two secrets"):
        for value in ("first secret", "second secret"):
            ssm.put_parameter(Name="n", Value=value, Type="String")
    log.note("Count\nos._exit(7)", python="import json\n\nprint(json.dumps({'rows': 2}))\n")
    wanted = stub.requests()
    (tmp_path / "body.bin").write_bytes(b"content")

    script = session_script(log.entries(), endpoint_url=stub.url)
    ran = run(script, tmp_path, VALUE_3="first secret", VALUE_4="second secret")

    assert ran.returncode == 0, ran.stderr
    assert stub.requests() == wanted
    assert '{"rows": 2}' in ran.stdout
    assert "secret" not in script.replace("Set two secrets", "")
    assert "# Set first: VALUE_3, VALUE_4\n" in script
    assert '# Needs these files: "body.bin"\n' in script
    assert list(tmp_path.iterdir()) == [tmp_path / "body.bin"]


def test_the_script_leaves_out_what_failed_or_was_not_answered() -> None:
    script = session_script([
        done("s3", "ListBuckets", "AccessDenied"),
        done("ec2", "RunInstances", "DryRunOperation", MinCount=1, MaxCount=1),
        done("iam", "ListUsers", "sent"),
        done("sts", "GetCallerIdentity", "EndpointConnectionError"),
        done("s3", "DeleteObject", "204", Bucket="b", Key="k"),
    ])  # fmt: skip
    assert script.count("boto3.client(") == 1
    assert "client.delete_object(" in script


def test_the_script_of_nothing_still_runs(tmp_path: Path) -> None:
    assert run(session_script([]), tmp_path).returncode == 0


def test_a_client_is_made_anew_only_where_it_changes() -> None:
    log = CallLog()
    log.note("Read", pandas="import pandas as pd\n\nclient = pd.DataFrame()\n")
    (note,) = log.entries()
    look = done("s3", "ListBuckets")
    script = session_script([look, look, note, look])
    assert script.count("import boto3") == 1
    assert script.count('client = boto3.client("s3", region_name="eu-west-1")') == 2
    assert script.index("import pandas as pd") < script.index("# Do ListBuckets")


def test_each_of_several_clients_is_made_once() -> None:
    log = CallLog()
    log.note("Up", python=transfer_code.upload("b", "k", Path("f"), "eu-west-1")[0])
    (note,) = log.entries()
    look, machines = done("s3", "ListBuckets"), done("ec2", "DescribeInstances")
    far = Call("Far", "s3", "ListBuckets", {}, "us-east-1", outcome="200")
    entries = [look, machines, note, far, machines, look]
    for code in (
        session_script(entries, profile="dev", endpoint_url="http://127.0.0.1:9"),
        action_program(entries, profile="dev", endpoint_url="http://127.0.0.1:9"),
    ):
        assert code.count("import boto3") == 1
        made = [line.split(" = ")[0] for line in code.splitlines() if ").client(" in line]
        assert made == ["s3_client", "ec2_client", "s3_client_2"]
        assert code.count("s3_client.list_buckets()") == 2
        assert "s3_client.upload_file(" in code
        assert code.count("ec2_client.describe_instances()") == 2
        assert not re.search(r"(?<!_)\bclient\.", code)
        compile(code, "joined", "exec")


@pytest.mark.parametrize(
    "program",
    [
        'client = boto3.client("s3")\nprint(f"é {client.meta.region_name}")\n',
        'client = boto3.client("s3")\nclient = 1\nprint(client)\n',
        'client = boto3.client("s3")\nf = lambda client: client\nprint(f(1))\n',
        'client = boto3.client("s3"); print(client)\n',
        "client = boto3.client('s3', region_name='é')\n'é', client ; print('client', client)\n",
        'clients = [boto3.client("s3")]\nfor client in clients:\n    print(client)\n',
    ],
)
def test_a_client_of_any_program_keeps_its_meaning(program: str) -> None:
    log = CallLog()
    log.note("Own", python=f"import boto3\n\n{program}")
    look, machines = done("s3", "ListBuckets"), done("ec2", "DescribeInstances")
    code = session_script([look, machines, *log.entries(), look])
    made: list[str] = []
    boto3 = SimpleNamespace(client=lambda service, **_: made.append(service) or Client(service))
    exec(code.replace("import boto3", ""), {"boto3": boto3, "print": lambda *_: None})
    assert made[:2] == ["s3", "ec2"]
    assert 2 <= len(made) <= 4


class Client:
    """Stands in for boto3's; another service's methods are not there."""

    def __init__(self, service: str) -> None:
        self.meta = SimpleNamespace(region_name="")
        if service == "s3":
            self.list_buckets = dict
        else:
            self.describe_instances = dict


def test_a_lone_program_stays_as_it_is() -> None:
    look = done("s3", "ListBuckets")
    assert action_program([look]) == look.python()
    assert action_program([]) == ""


def test_an_action_shows_what_failed_only_when_nothing_worked() -> None:
    look, refused = done("s3", "ListBuckets"), done("ec2", "DescribeInstances", "AccessDenied")
    assert action_program([refused, look]) == look.python()
    assert action_program([refused, refused]).count(".describe_instances()") == 2
    assert action_program([refused, refused]).count("boto3.client(") == 1


def test_the_script_for_a_sandbox_uses_its_keys_alone(stub: Stub, tmp_path: Path) -> None:
    config = tmp_path / "aws config"
    config.write_text(
        "[default]\naws_access_key_id = AKIASANDBOX\naws_secret_access_key = s3cret-s3cret\n"
    )
    script = session_script(
        [done("s3", "ListBuckets")], endpoint_url=stub.url, config_file=str(config)
    )
    own = tmp_path / "own"
    own.write_text("[default]\naws_access_key_id = AKIAOWN\naws_secret_access_key = own\n")
    ran = run(
        script,
        tmp_path,
        AWS_PROFILE="nope",
        AWS_SHARED_CREDENTIALS_FILE=str(own),
        AWS_ENDPOINT_URL_S3="http://127.0.0.1:9",
    )
    assert ran.returncode == 0, ran.stderr
    assert "Credential=AKIASANDBOX/" in stub.kept[0][2]["authorization"]
    assert "s3cret" not in script
    assert "AKIA" not in script


def test_a_note_that_is_no_program_stops_no_other_step(tmp_path: Path) -> None:
    log = CallLog()
    log.note("Broken", python="print(\nnot python")
    log.note("Fine", python="print('fine')")
    ran = run(session_script(log.entries()), tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "fine\n"), ran.stderr


def test_reading_an_object_writes_no_file(stub: Stub, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("mine")
    read = done("s3", "GetObject", "206", Bucket="bucket", Key="raw/sales.csv", Range="bytes=0-9")
    ran = run(session_script([read], endpoint_url=stub.url), tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "sales.csv").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [tmp_path / "sales.csv"]
    assert " sales.csv" not in read.cli()


@pytest.mark.parametrize("title", ["a\nimport os", "a\rimport os", "a\x0cb", "a\x00b", "\u2028x"])
def test_no_title_breaks_out_of_its_comment(title: str) -> None:
    call = done("s3", "ListBuckets")
    call.cause = title
    script = session_script([call])
    imported = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Import)]
    assert [alias.name for node in imported for alias in node.names] == ["boto3"]
    assert script.replace("\n", "").isprintable()


def test_the_profile_is_set_for_boto3_before_its_first_client(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile dev]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = x\n")
    script = session_script([done("s3", "ListBuckets")], profile="dev")
    script = (
        script.split("response =")[0]
        + "print(boto3.DEFAULT_SESSION.get_credentials().access_key)\n"
    )
    ran = run(script, tmp_path, AWS_CONFIG_FILE=str(config))
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "AKIAPROFILE\n"  # not the environment's key
