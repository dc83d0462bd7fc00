"""Who may do what: identities that the sandbox made are held to their policies.

The sandbox's own key is the account's root and may do everything; a key it never saw may do
nothing, so that an instance without a role has no way in.
"""

from __future__ import annotations

import datetime
import hmac
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put
from tui.sandbox.records import ACCOUNT
from tui.sandbox.replies import Refusal, ec2_error

POLICIES = (
    "AdministratorAccess",
    "AmazonS3FullAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonEC2FullAccess",
    "AmazonEC2ReadOnlyAccess",
    "AmazonSSMManagedInstanceCore",
    "CloudWatchAgentServerPolicy",
    "IAMReadOnlyAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
)
SHORTEST_SESSION, LONGEST_SESSION = 900, 129_600
"""Seconds that GetSessionToken may be asked for."""
_KEY = re.compile(r"Credential=([^/]+)/")


def install_policies(context: PatchContext) -> None:
    """Keep ten of AWS's 1,500 managed policies: all of them cost a second at every reset."""
    from moto.iam import models

    everything = json.loads(need(models, "aws_managed_policies_data"))
    kept = {name: everything[name] for name in POLICIES if name in everything}
    put(models, aws_managed_policies_data=json.dumps(kept))


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom an access key stands for.

    Attributes:
        key_id: the key whose policies count: of a session, the key that asked for it.
        token: what moto compares with its own note of a role's session; "" for other keys.
        secret: what its requests are signed with.
    """

    key_id: str
    token: str = field(repr=False)
    secret: str = field(repr=False)


class Keys:
    """Every key that the sandbox gave out: its own, and those that moto keeps."""

    def __init__(self, root_key: str, root_secret: str) -> None:
        self._root = Identity(root_key, "", root_secret)

    def find(self, key_id: str, token: str) -> Identity:
        """Whom a key and its session token stand for.

        Raises:
            Refusal: the sandbox never gave it out, or it is no longer good.
        """
        if key_id == self._root.key_id:
            _compare(token, "")
            return self._root
        key = _active_key(key_id)
        session: Session | None = getattr(key, "skydeck_session", None)
        if session is None:
            expected = _role_token(key_id) if key.role_arn else ""
            _compare(token, expected)
            return Identity(key_id, expected, key.secret_access_key)
        _compare(token, session.token)
        if datetime.datetime.now(datetime.UTC) > session.expires:
            message = "The provided token has expired."
            raise Refusal(400, "ExpiredToken", message, {"ec2": "RequestExpired"})
        owner = session.owner and _active_key(session.owner).access_key_id
        return Identity(owner or self._root.key_id, "", key.secret_access_key)


@dataclass(frozen=True, slots=True)
class Session:
    """What GetSessionToken gave; lies at moto's own record of the key, and is kept with it.

    Attributes:
        owner: the key that asked for it; "" for the sandbox's own, which changes at every start.
    """

    owner: str
    expires: datetime.datetime
    token: str = field(repr=False)


def _keys() -> Any:
    """moto's access keys by id."""
    from moto.iam.models import iam_backends

    return iam_backends[ACCOUNT]["aws"].access_keys


def _active_key(key_id: str) -> Any:
    key = _keys().get(key_id)
    if key is None or key.status != "Active":
        codes = {"s3": "InvalidAccessKeyId", "": "InvalidAccessKeyId", "ec2": "AuthFailure"}
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise Refusal(403, "InvalidClientTokenId", message, codes)
    return key


def _role_token(key_id: str) -> str:
    """The session token of a role's temporary key."""
    from moto.sts.models import sts_backends

    roles = sts_backends[ACCOUNT]["aws"].assumed_roles
    found = (role.session_token for role in reversed(roles) if role.access_key_id == key_id)
    return str(next(found, ""))


def _compare(token: str, expected: str) -> None:
    if not hmac.compare_digest(token.encode("utf-8", "replace"), expected.encode()):
        codes = {"s3": "InvalidToken", "ec2": "AuthFailure"}
        message = "The security token included in the request is invalid."
        raise Refusal(403, "InvalidClientTokenId", message, codes)


def is_limited(authorization: str) -> bool:
    """Whether a request was signed by a user or a role session that the sandbox made."""
    found = _KEY.search(authorization)
    return found is not None and found.group(1) in _keys()


def install_sessions(context: PatchContext) -> None:
    """GetSessionToken hands out a key of its own; moto's is the same for everybody."""
    from moto.core.exceptions import AccessDeniedError
    from moto.core.responses import ActionResult
    from moto.iam.models import IAMBackend, iam_backends
    from moto.sts.responses import TokenResponse

    need(TokenResponse, "get_session_token")
    need(TokenResponse, "get_federation_token")
    need(IAMBackend, "create_temp_access_key")

    def get_session_token(self: Any) -> Any:
        asker = self.get_access_key()
        if asker.startswith("ASIA"):
            raise AccessDeniedError(user_arn=asker, action="sts:GetSessionToken")
        seconds = int(self._get_param("DurationSeconds") or 43200)
        if not SHORTEST_SESSION <= seconds <= LONGEST_SESSION:
            raise ValueError(f"DurationSeconds {seconds}")
        session = Session(
            owner=asker if asker in _keys() else "",
            expires=datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds),
            token=secrets.token_urlsafe(120),
        )
        key: Any = iam_backends[ACCOUNT]["aws"].create_temp_access_key()
        key.skydeck_session = session
        return ActionResult(
            {
                "Credentials": {
                    "AccessKeyId": key.access_key_id,
                    "SecretAccessKey": key.secret_access_key,
                    "SessionToken": session.token,
                    "Expiration": session.expires,
                }
            }
        )

    def get_federation_token(self: Any) -> Any:
        raise NotImplementedError("GetFederationToken")

    put(TokenResponse, get_session_token=get_session_token)
    put(TokenResponse, get_federation_token=get_federation_token)


def install_enforcement(context: PatchContext) -> None:
    """Check the policies of limited identities, and of nobody else."""
    from moto.core.authorization import ActionAuthenticatorMixin as Mixin

    need(Mixin, "_authenticate_and_authorize_action", "iam_request_cls", "resource")

    def authorize(self: Any, iam_request_cls: Any, resource: str = "*") -> None:
        if not is_limited(self.headers.get("Authorization") or ""):
            return
        request = iam_request_cls(
            account_id=self.current_account,
            method=self.method,
            path=self.raw_path,
            data=self.data,
            body=self.raw_body,
            headers=self.headers,
            action=self._get_action(),
        )
        request.check_action_permitted(resource)

    put(Mixin, _authenticate_and_authorize_action=authorize)


def install_ec2_denial(context: PatchContext) -> None:
    """EC2 says UnauthorizedOperation where the others say AccessDenied."""
    from moto.iam.access_control import IAMRequest
    from werkzeug.exceptions import Forbidden

    deny = need(IAMRequest, "_raise_access_denied")

    def raise_access_denied(self: Any) -> None:
        if self._service != "ec2":
            deny(self)
        message = (
            "You are not authorized to perform this operation. "
            f"User: {self._access_key.arn} is not authorized to perform: {self._action}"
        )
        # moto sends the description of an HTTPException raised here as the body.
        raise Forbidden(ec2_error("UnauthorizedOperation", message))

    put(IAMRequest, _raise_access_denied=raise_access_denied)
