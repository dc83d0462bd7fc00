"""Uploads by HTML form: a policy that somebody signed, and a form that keeps to it.

The rules are S3's 'Browser-based uploads using POST'.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import io
import json
from dataclasses import dataclass, field, replace
from typing import Any

from tui.sandbox.front.claims import VERSION_2, Claim, version_4
from tui.sandbox.replies import Environ, Refusal, path_of, read_body

UNCHECKED = frozenset({"policy", "file", "awsaccesskeyid", "signature", "x-amz-signature"})
"""Fields that the policy need not name."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it came: its fields by lower-case names, and the bytes of its file."""

    fields: dict[str, str] = field(repr=False)
    size_bytes: int

    @property
    def claim(self) -> Claim:
        """Who is said to have signed its policy.

        Raises:
            Refusal: nobody, or in no form that AWS knows.
        """
        fields = self.fields
        token = fields.get("x-amz-security-token", "")
        if "x-amz-credential" in fields:
            found = {
                "Credential": fields["x-amz-credential"],
                "SignedHeaders": "policy",
                "Signature": fields.get("x-amz-signature", ""),
            }
            return version_4(
                found, in_query=False, moment=fields.get("x-amz-date", ""), token=token
            )
        key_id, signature = fields.get("awsaccesskeyid", ""), fields.get("signature", "")
        return replace(VERSION_2, key_id=key_id, signature=signature, token=token)


def read_form(environ: Environ) -> Form | None:
    """The form of an upload; None when the request is none, or nobody signed it."""
    kind = str(environ.get("CONTENT_TYPE", ""))
    if environ["REQUEST_METHOD"] != "POST" or not kind.startswith("multipart/form-data"):
        return None
    from werkzeug.formparser import parse_form_data

    copy = {**environ, "wsgi.input": io.BytesIO(read_body(environ))}
    _, form, files = parse_form_data(copy)
    fields = {name.lower(): value for name, value in form.items()}
    if "policy" not in fields:
        return None
    file = files.get("file")
    size = len(file.stream.read()) if file is not None else len(form.get("file", "").encode())
    fields["bucket"] = path_of(environ).strip("/")
    return Form(fields, size)


def check_policy(form: Form) -> None:
    """Hold a form to its policy.

    Raises:
        Refusal: the policy has expired or cannot be read, or the form differs from it.
    """
    try:
        policy = json.loads(base64.b64decode(form.fields["policy"]))
        end = datetime.datetime.fromisoformat(policy["expiration"])
        rows = [row for condition in policy["conditions"] for row in _rows(condition)]
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        raise Refusal(400, "InvalidPolicyDocument", "The policy cannot be read.") from None
    if end.tzinfo is None or datetime.datetime.now(datetime.UTC) > end:
        raise _misfit("Policy expired.")
    named = set(UNCHECKED)
    for row in rows:
        if row[0] == "content-length-range":
            _check_size(form.size_bytes, row)
            continue
        name = str(row[1]).removeprefix("$").lower()
        named.add(name)
        if not _fits(form.fields.get(name, ""), str(row[0]), str(row[2])):
            raise _misfit(f"Policy Condition failed: {json.dumps(row)}")
    extra = [name for name in form.fields if name not in named and name != "bucket"]
    if extra := [name for name in extra if not name.startswith("x-ignore-")]:
        raise _misfit(f"Extra input fields: {', '.join(extra)}")


def _rows(condition: Any) -> list[list[Any]]:
    """A condition's rows: operator, field, value."""
    if isinstance(condition, dict):
        return [["eq", f"${name}", value] for name, value in condition.items()]
    if not isinstance(condition, list) or len(condition) != 3:
        raise ValueError
    return [condition]


def _fits(value: str, operator: str, wanted: str) -> bool:
    if operator == "starts-with":
        return value.startswith(wanted)
    return operator == "eq" and value == wanted


def _check_size(size: int, row: list[Any]) -> None:
    if size < int(row[1]):
        message = "Your proposed upload is smaller than the minimum allowed size"
        raise Refusal(400, "EntityTooSmall", message)
    if size > int(row[2]):
        raise Refusal(
            400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"
        )


def _misfit(why: str) -> Refusal:
    return Refusal(403, "AccessDenied", f"Invalid according to Policy: {why}")
