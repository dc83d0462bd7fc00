"""Properties of objects and buckets that moto stores but does not tell, or not of all objects.

moto answers GET ?retention with the object itself, GET ?requestPayment with a listing, and fails
where an object that was uploaded in parts is asked for its ACL.
"""

from __future__ import annotations

import re
from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put

_XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_PAYER = re.compile(rb"<Payer>\s*(Requester|BucketOwner)\s*</Payer>")
_KEPT = ("acl", "tagging", "legal-hold", "retention")  # S3 tells these of archived objects too


def install_retention(context: PatchContext) -> None:
    """GET ?retention; and the small properties of archived objects without a restore."""
    from moto.s3.responses import S3Response

    answer = need(S3Response, "_key_response_get", "query", "key_name")
    find = need(S3Response, "_get_key", "validate_storage_class")

    def get_key(self: Any, validate_storage_class: bool = True) -> Any:
        kept = any(name in self.querystring for name in _KEPT)
        return find(self, validate_storage_class=validate_storage_class and not kept)

    def key_response_get(self: Any, query: dict[str, Any], key_name: str) -> Any:
        if "retention" not in query:
            return answer(self, query, key_name)
        self.data["Action"] = "GetObjectRetention"
        self._authenticate_and_authorize_s3_action(bucket_name=self.bucket_name, key_name=key_name)
        return _retention(self)

    put(S3Response, _get_key=get_key, _key_response_get=key_response_get)


def _retention(response: Any) -> tuple[int, dict[str, str], str]:
    from moto.s3.exceptions import LockNotEnabled, S3ClientError

    key, _ = response._get_key()
    if not response.backend.get_bucket(response.bucket_name).object_lock_enabled:
        raise LockNotEnabled
    if not key.lock_mode:
        raise S3ClientError(
            "NoSuchObjectLockConfiguration",
            "The specified object does not have a ObjectLock configuration",
        )
    body = (
        f"<Retention {_XMLNS}><Mode>{key.lock_mode}</Mode>"
        f"<RetainUntilDate>{key.lock_until}</RetainUntilDate></Retention>"
    )
    return 200, {"content-type": "application/xml"}, body


def install_acls(context: PatchContext) -> None:
    """An object without an ACL of its own is its owner's alone."""
    from moto.s3.models import S3Backend, get_canned_acl

    known = need(S3Backend, "get_object_acl", "key")

    def get_object_acl(self: Any, key: Any) -> Any:
        return known(self, key) or get_canned_acl("private")

    put(S3Backend, get_object_acl=get_object_acl)


def install_payment(context: PatchContext) -> None:
    """GET and PUT ?requestPayment: who pays for requests of the bucket."""
    from moto.s3.responses import S3Response

    asked = need(S3Response, "_bucket_response_get", "bucket_name", "querystring")
    told = need(S3Response, "_bucket_response_put", "request", "bucket_name", "querystring")

    def get(self: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        if "requestPayment" not in querystring:
            return asked(self, bucket_name, querystring)
        self.data["Action"] = "GetBucketRequestPayment"
        self._authenticate_and_authorize_s3_action(bucket_name=bucket_name)
        payer = getattr(self.backend.get_bucket(bucket_name), "skydeck_payer", "BucketOwner")
        body = f"<RequestPaymentConfiguration {_XMLNS}><Payer>{payer}</Payer>"
        return 200, {"content-type": "application/xml"}, f"{body}</RequestPaymentConfiguration>"

    def put_one(self: Any, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        if "requestPayment" not in querystring:
            return told(self, request, bucket_name, querystring)
        self.data["Action"] = "PutBucketRequestPayment"
        self._authenticate_and_authorize_s3_action(bucket_name=bucket_name)
        body = self.body if isinstance(self.body, bytes) else str(self.body).encode()
        found = _PAYER.search(body)
        if found is None:
            from moto.s3.exceptions import MalformedXML

            raise MalformedXML()
        self.backend.get_bucket(bucket_name).skydeck_payer = found[1].decode()
        return 200, {}, ""

    put(S3Response, _bucket_response_get=get, _bucket_response_put=put_one)
