"""All that S3 keeps about a bucket, each asked for on its own: what may not be read hides nothing.

Reading only; changes are in `changes`, the words for it all in `words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tui.aws.lookalikes import LACKING
from tui.core.errors import AwsError, UserError

if TYPE_CHECKING:
    from tui.aws.s3.service import S3


REFUSALS: Final = frozenset({"AccessDenied", "AllAccessDisabled", "403", "Forbidden"})


class State(Enum):
    """What came of asking."""

    SET = "set"
    NONE = "none"  # S3 says that there is none
    DENIED = "not allowed"
    LACKING = "this server has none"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """One property: what S3 said, without what is round it.

    Attributes:
        value: JSON-like, as the service names things.
        error: why there is no value, for all but NONE.
    """

    state: State
    value: Mapping[str, Any] = field(default_factory=dict)
    error: UserError | None = None

    @property
    def known(self) -> bool:
        """Whether S3 answered the question."""
        return self.state in (State.SET, State.NONE)


class Question(NamedTuple):
    """How a property is asked for: boto3's method, and the codes that mean that there is none."""

    operation: str
    none_codes: tuple[str, ...] = ()


Settings = Mapping[str, Answer]

QUESTIONS: Mapping[str, Question] = {
    "public_access_block": Question(
        "get_public_access_block", ("NoSuchPublicAccessBlockConfiguration",)
    ),
    "policy_status": Question("get_bucket_policy_status", ("NoSuchBucketPolicy",)),
    "policy": Question("get_bucket_policy", ("NoSuchBucketPolicy",)),
    "acl": Question("get_bucket_acl"),
    "ownership": Question("get_bucket_ownership_controls", ("OwnershipControlsNotFoundError",)),
    "account_block": Question("get_public_access_block", ("NoSuchPublicAccessBlockConfiguration",)),
    "location": Question("get_bucket_location"),
    "versioning": Question("get_bucket_versioning"),
    "encryption": Question(
        "get_bucket_encryption", ("ServerSideEncryptionConfigurationNotFoundError",)
    ),
    "lifecycle": Question("get_bucket_lifecycle_configuration", ("NoSuchLifecycleConfiguration",)),
    "tags": Question("get_bucket_tagging", ("NoSuchTagSet", "NoSuchTagSetError")),
    "cors": Question("get_bucket_cors", ("NoSuchCORSConfiguration",)),
    "website": Question("get_bucket_website", ("NoSuchWebsiteConfiguration",)),
    "logging": Question("get_bucket_logging"),
    "notifications": Question("get_bucket_notification_configuration"),
    "object_lock": Question(
        "get_object_lock_configuration", ("ObjectLockConfigurationNotFoundError",)
    ),
    "replication": Question("get_bucket_replication", ("ReplicationConfigurationNotFoundError",)),
    "payment": Question("get_bucket_request_payment"),
    "acceleration": Question("get_bucket_accelerate_configuration"),
    "inventory": Question("list_bucket_inventory_configurations"),
    "tiering": Question("list_bucket_intelligent_tiering_configurations"),
}


async def ask(s3: S3, bucket: str, name: str, account: str = "") -> Answer:
    """Ask for one of `QUESTIONS`; never raises `AwsError`.

    `account` is the account's number, for what it blocks as a whole: only Amazon has that.
    """
    question = QUESTIONS[name]
    try:
        if name == "account_block":
            answer = await _ask_account(s3, account)
        else:
            answer = await s3.ask(question.operation, bucket)
    except AwsError as error:
        return _failed(question, error)
    value = {key: part for key, part in answer.items() if key != "ResponseMetadata"}
    return Answer(State.SET, value) if _says_something(value) else Answer(State.NONE)


async def _ask_account(s3: S3, account: str) -> dict[str, Any]:
    if s3.gateway.connection.endpoint_url or not account:
        raise AwsError("Can't ask what the account blocks", "", code="NotImplemented")
    return await s3.gateway.call("s3control", "get_public_access_block", AccountId=account)


def _failed(question: Question, error: AwsError) -> Answer:
    if error.code in question.none_codes:
        return Answer(State.NONE)
    if error.code in REFUSALS:
        return Answer(State.DENIED, error=error)
    if error.code in LACKING:
        return Answer(State.LACKING, error=error)
    return Answer(State.FAILED, error=error)


def _says_something(value: Mapping[str, Any]) -> bool:
    return any(part is not None for part in value.values())


class Switches(NamedTuple):
    """The four switches of a public access block."""

    block_acls: bool = False
    ignore_acls: bool = False
    block_policy: bool = False
    restrict: bool = False

    @property
    def all_on(self) -> bool:
        """Whether nothing can become public."""
        return all(self)

    @property
    def shut(self) -> bool:
        """Whether neither a policy nor an ACL that is there lets a stranger in."""
        return self.ignore_acls and self.restrict

    def merged(self, other: Switches) -> Switches:
        """What takes effect where bucket and account block: each that either has."""
        return Switches(*(one or two for one, two in zip(self, other, strict=True)))


SWITCH_NAMES = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def switches_of(answer: Answer | None) -> Switches:
    """The switches as they stand; all off where there are none or they may not be read."""
    found = answer.value.get("PublicAccessBlockConfiguration", {}) if answer else {}
    return Switches(*(bool(found.get(name)) for name in SWITCH_NAMES))


def policy_of(answer: Answer | None) -> str:
    """The policy's text, or ""."""
    return str(answer.value.get("Policy", "")) if answer else ""


def rules_of(answer: Answer | None) -> list[Mapping[str, Any]]:
    """The lifecycle rules, as S3 gave them."""
    return list(answer.value.get("Rules", ())) if answer else []


def tags_of(answer: Answer | None) -> tuple[tuple[str, str], ...]:
    """The tags, in the order that S3 gave."""
    rows = answer.value.get("TagSet", ()) if answer else ()
    return tuple((str(row["Key"]), str(row.get("Value", ""))) for row in rows)
