"""Who may do what: identities that the sandbox made are held to their policies.

The sandbox's own key is the account's root and may do everything; a key it never saw may do
nothing, so that an instance without a role has no way in.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tui.sandbox.front.replies import ec2_error
from tui.sandbox.patches.base import PatchContext, need, put
from tui.sandbox.records import ACCOUNT

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
SESSION_TOKEN_KEY = "AKIAIOSFODNN7EXAMPLE"
"""What moto's GetSessionToken gives to everybody."""
_KEY = re.compile(r"Credential=([^/]+)/")


def install_policies(context: PatchContext) -> None:
    """Keep ten of AWS's 1,500 managed policies: all of them cost a second at every reset."""
    from moto.iam import models

    everything = json.loads(need(models, "aws_managed_policies_data"))
    kept = {name: everything[name] for name in POLICIES if name in everything}
    put(models, aws_managed_policies_data=json.dumps(kept))


def is_limited(authorization: str) -> bool:
    """Whether a request was signed by a user or a role session that the sandbox made."""
    from moto.iam.models import iam_backends

    found = _KEY.search(authorization)
    return found is not None and found.group(1) in iam_backends[ACCOUNT]["aws"].access_keys


def is_stranger(key: str, root_key: str) -> bool:
    """Whether a request's access key is none that the sandbox gave out."""
    from moto.iam.models import iam_backends

    if key in ("", root_key, SESSION_TOKEN_KEY):
        return False
    return key not in iam_backends[ACCOUNT]["aws"].access_keys


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
