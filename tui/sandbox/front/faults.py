"""What callers hear of an exception: what they did wrong, what moto lacks, or to try again."""

from __future__ import annotations

import json
import re
from json import JSONDecodeError
from xml.parsers.expat import ExpatError

from tui.sandbox.replies import Environ, Refusal, read_body, service_of

NOT_NUMBERS = ("invalid literal for int", "could not convert string to float")
_LACKING = re.compile(r"The \w+ action has not been implemented")


def refusal_for(error: Exception, environ: Environ) -> Refusal:
    """The answer to a request that ended in `error`; 503, which clients try again, comes last."""
    if isinstance(error, NotImplementedError):
        if _LACKING.fullmatch(str(error)) and _is_made_up(environ):
            return _no_action()
        message = f"The sandbox does not offer this operation: {error}"
        return Refusal(501, "SandboxNotSupported", message)
    if isinstance(error, ImportError):
        message = f"The sandbox does not offer {service_of(environ) or 'this operation'}."
        return Refusal(501, "SandboxNotSupported", message)
    if (mistake := _mistake(error, environ)) is not None:
        return mistake
    message = f"The sandbox could not answer ({type(error).__name__}). Please try again."
    return Refusal(503, "ServiceUnavailable", message)


def is_no_route(environ: Environ, body: bytes) -> bool:
    """Whether moto had no path for a request: it says so in HTML, or in nothing at all."""
    if body:
        return body.startswith(b"<!doctype html>")
    calls = service_of(environ) == "s3" or environ.get("PATH_INFO") == "/"
    return calls and environ["REQUEST_METHOD"] in ("PUT", "POST")


def refusal_for_no_route(environ: Environ) -> Refusal:
    """The answer to it. moto has no path for settings of S3's that it cannot read either."""
    if service_of(environ) in ("s3", ""):
        return _bad_xml()
    if environ.get("PATH_INFO") == "/":
        return _no_action()
    return refusal_for(NotImplementedError(environ.get("PATH_INFO")), environ)


def check_json(environ: Environ) -> None:
    """Refuse a JSON call whose body is no object; moto takes it for an empty one.

    Raises:
        Refusal: so it is.
    """
    plain = "json" in environ.get("CONTENT_TYPE", "") and "HTTP_CONTENT_ENCODING" not in environ
    if "HTTP_X_AMZ_TARGET" in environ and plain:
        body = read_body(environ)
        if body and not isinstance(json.loads(body), dict):
            raise Refusal(400, "SerializationException", "The request must be an object.")


def _no_action() -> Refusal:
    return Refusal(400, "InvalidAction", "The action is not valid for this service.")


def _bad_xml() -> Refusal:
    message = "The XML you provided was not well-formed or did not validate."
    return Refusal(400, "MalformedXML", message)


def _mistake(error: Exception, environ: Environ) -> Refusal | None:
    """The caller's mistake behind an exception of moto's, which parses before it checks."""
    if type(error).__name__ == "OperationNotFoundError":  # botocore's; moto looks actions up in it
        return _no_action()
    if isinstance(error, KeyError) and error.args == ("HTTP_X_AMZ_TARGET",):
        return _no_action()
    if isinstance(error, (JSONDecodeError, UnicodeDecodeError)):
        return Refusal(400, "SerializationException", "The request could not be read.")
    if isinstance(error, KeyError) and "uploadId=" in environ.get("QUERY_STRING", ""):
        return Refusal(404, "NoSuchUpload", "The specified multipart upload does not exist.")
    if isinstance(error, ExpatError) or _is_odd_xml(error, environ):
        return _bad_xml()
    if isinstance(error, ValueError) or _is_odd_acl(error, environ):
        message = "A value in the request is not valid."
        if str(error).startswith(NOT_NUMBERS):
            message = f"This value must be a number: {str(error).rpartition(':')[2].strip()}"
        return Refusal(400, "InvalidParameterValue", message, {"s3": "InvalidArgument"})
    return None


def _is_odd_xml(error: Exception, environ: Environ) -> bool:
    """Whether a setting of S3's lacks what moto looks for in it."""
    return (
        isinstance(error, (KeyError, TypeError, AttributeError))
        and service_of(environ) == "s3"
        and environ["REQUEST_METHOD"] in ("PUT", "POST")
        and bool(environ.get("QUERY_STRING"))
    )


def _is_odd_acl(error: Exception, environ: Environ) -> bool:
    return isinstance(error, AssertionError) and "HTTP_X_AMZ_ACL" in environ


def _is_made_up(environ: Environ) -> bool:
    """Whether AWS has no such action either."""
    from moto.core.utils import get_service_model

    action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    try:
        return bool(action) and action not in get_service_model(service_of(environ)).operation_names
    except Exception:  # a service that signs by another name
        return False
