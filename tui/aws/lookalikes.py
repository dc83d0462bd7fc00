"""S3 servers that are not Amazon's: what they lack, and what they must not be asked.

Some take no notice of what follows the question mark: `rclone serve s3` writes a tag set into the
object itself (PUT key?tagging), deletes the object for its tags' sake (DELETE key?tagging) and the
bucket for its policy's, and sends all of a file that is asked for its ACL. So a client of such a
server asks for such a property with a range, tells by the answer whether it was understood, and
changes only what it could ask for.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tui.aws.calls import caused_by
from tui.core.errors import AwsError

if TYPE_CHECKING:
    from tui.aws.connection import Connection
    from tui.aws.s3.service import S3

# What servers answer that lack a call.
LACKING: Final = frozenset(
    {
        *("NotImplemented", "XNotImplemented", "501", "MethodNotAllowed", "405"),
        *("UnsupportedOperation", "NotSupported", "SandboxNotSupported"),
        "UnknownOperationException",
    }
)
MOST_BYTES: Final = 64 * 1024  # of an answer about a property
_WHERE: Final = "skydeck_where"
_NOT_THERE: Final = frozenset({"NoSuchBucket", "NoSuchKey", "NoSuchVersion", "NotFound", "404"})
_PLAIN: Final = frozenset({"list-type=2", "uploads", "delete", "location"})


def is_lookalike(connection: Connection) -> bool:
    """Whether a connection leads to neither Amazon nor the sandbox."""
    return connection.wants_path_style and not connection.sandbox


def install(client: Any) -> None:
    """Guard one S3 client of such a server."""
    guard = _Guard(client)
    events = client.meta.events
    events.register("before-parameter-build.s3.*", guard.remember)
    events.register("before-call.s3.*", guard.before_call)
    events.register_first("before-parse.s3.*", guard.before_parse)


async def hold_condition(s3: S3, bucket: str, key: str, if_match: str) -> None:
    """Look before a conditional write: some servers overlook the condition itself.

    Args:
        if_match: the ETag of what may be replaced; "" where nothing may.

    Raises:
        AwsError: PreconditionFailed.
    """
    try:
        with caused_by(None):
            etag = (await s3.head(bucket, key)).etag
    except AwsError as error:
        if error.code in _NOT_THERE and not if_match:
            return
        raise
    if etag != if_match:
        raise AwsError(
            f"Can't write {bucket}/{key}",
            "an object of that name exists or has changed",
            "Look at it before you replace it.",
            code="PreconditionFailed",
        )


class _Property(NamedTuple):
    """What a request is about: "tagging" of an object, "policy" of a bucket."""

    of_object: bool
    name: str


class _Guard:
    """Knows which properties the client's server understands."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._understood: set[_Property] = set()

    def remember(self, params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        """Keep which bucket and key a call is about."""
        context[_WHERE] = {name: params[name] for name in ("Bucket", "Key") if name in params}

    def before_call(
        self, model: Any, params: dict[str, Any], context: Mapping[str, Any], **_: Any
    ) -> None:
        """Ask for properties of objects with a range; change only what is understood.

        Raises:
            ClientError: NotImplemented.
        """
        _add_md5(model, params)
        about, method = _property_of(model), model.http["method"]
        if about is not None and about.of_object and method == "GET":
            params["headers"]["Range"] = f"bytes=0-{MOST_BYTES - 1}"
        elif about is not None and method in ("PUT", "DELETE"):
            self._check(about, model.name, context.get(_WHERE, {}))
        elif model.name in ("DeleteObject", "DeleteObjects") and _names_versions(params):
            # A server without versions would delete the object that is there now.
            where = {"Bucket": context.get(_WHERE, {}).get("Bucket", "")}
            self._check(_VERSIONS, model.name, where)

    def before_parse(
        self, operation_model: Any, response_dict: Mapping[str, Any], **_: Any
    ) -> None:
        """Tell an answer about a property from the object or the listing sent in its place.

        Raises:
            ClientError: NotImplemented.
        """
        about = _property_of(operation_model)
        if about is None or operation_model.http["method"] != "GET":
            return
        status, headers = response_dict["status_code"], response_dict["headers"]
        if about.of_object:
            # botocore has made a 500 of what is no XML.
            sent = "etag" in headers and status in (200, 206, 500)
            mistaken = sent or status == 416 or "content-range" in headers
        else:
            mistaken = status == 200 and b"<ListBucketResult" in response_dict["body"][:300]
        if mistaken:
            raise _lacking(operation_model.name)

    def _check(self, about: _Property, operation: str, where: Mapping[str, str]) -> None:
        if about in self._understood:
            return
        from botocore.exceptions import ClientError

        asking = self._asking(about)
        if asking is None:
            raise _lacking(operation)
        more = {"MaxKeys": 1} if about == _VERSIONS else {}
        try:
            with caused_by(None):
                getattr(self._client, asking)(**where, **more)
        except ClientError as error:
            # "There is no policy" is an answer about policies; being refused is none.
            code = error.response.get("Error", {}).get("Code", "")
            if code in LACKING:
                raise _lacking(operation) from None
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status != 404 or code in _NOT_THERE:
                raise
        self._understood.add(about)

    def _asking(self, about: _Property) -> str | None:
        """The client's method that asks for the same property, by bucket and key alone."""
        service = self._client.meta.service_model
        for method, operation in self._client.meta.method_to_api_mapping.items():
            model = service.operation_model(operation)
            needs = set(model.input_shape.required_members) if model.input_shape else set()
            asks = model.http["method"] == "GET" and _property_of(model) == about
            if asks and needs <= {"Bucket", "Key"}:
                return str(method)
        return None


_VERSIONS: Final = _Property(False, "versions")


def _property_of(model: Any) -> _Property | None:
    """What a request is about besides a bucket or object as such, by what follows its "?"."""
    # botocore takes the bucket out of this address once an operation has been called.
    path, _, part = model.http["requestUri"].partition("?")
    return _Property("{Key+}" in path, part) if part and part not in _PLAIN else None


def _add_md5(model: Any, params: dict[str, Any]) -> None:
    """boto3 sends newer checksums in place of this one, which older servers insist on."""
    body = params.get("body")
    needed = (model.http_checksum or {}).get("requestChecksumRequired")
    if needed and isinstance(body, bytes) and "Content-MD5" not in params["headers"]:
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def _names_versions(params: Mapping[str, Any]) -> bool:
    body = params.get("body") or b""
    return "versionId" in params.get("query_string", {}) or b"<VersionId>" in bytes(body)


def _lacking(operation: str) -> Exception:
    from botocore.exceptions import ClientError

    said = {"Code": "NotImplemented", "Message": "this server doesn't know how"}
    return ClientError({"Error": said}, operation)  # type: ignore[no-any-return]
