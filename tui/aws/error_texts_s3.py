"""The error texts of S3: by code, by operation, by what is said. Data only; see `error_texts`."""

from __future__ import annotations

from tui.aws.error_text import CORRUPT, DENIED, QUOTA, SWITCH, Text

# S3 answers HEAD without a body, so without a code: 400 is what a stale session gets.
_MAYBE_EXPIRED = Text(
    "the session may have expired", "Log in again (aws sso login), then retry.", True
)
_EXPIRED_OR_SSE_C = Text(
    "the session may have expired",
    "Log in again (aws sso login); if other objects can be read, this one wants a key of its own "
    "(SSE-C).",
    True,
)
_NO_BUCKET = Text("there is no such bucket", "Check the name; it may have been deleted.")
_NO_OBJECT = Text("it isn't there any more", "Press r to refresh the list.")
_CHANGED = Text("it changed in the meantime", "Press r to refresh, then try again.", True)
_TAKEN = Text("the name is taken by someone else", "Bucket names are global: choose another name.")
_NOT_EMPTY = Text("it still holds objects or versions", "Empty it first.")
_ELSEWHERE = Text("the bucket lives in another region{where}", "Press R to choose it.")
_ARCHIVED = Text(
    "it is archived, so its bytes can't be read now",
    "Restore it first; that takes minutes to hours and costs a little.",
)
_KMS_DENIED = Text(
    "it is encrypted with a KMS key that {who} may not use{needs}",
    "Ask who runs the key for kms:Decrypt, or press P to switch profile.",
)
_KMS_WRITE_DENIED = Text(
    "what is written there is encrypted with a KMS key that {who} may not use{needs}",
    "Ask who runs the key for kms:GenerateDataKey, or press P to switch profile.",
)
_SSE_C = Text(
    "it is encrypted with a key of its owner's (SSE-C), which AWS doesn't keep",
    "Only a program that is given the key can read it.",
)
_REQUESTER_PAYS = Text(
    "whoever asks pays for this bucket's requests and transfer",
    "Open the bucket and agree to pay for it.",
)

S3_CODES: dict[str, Text] = {
    "NoSuchBucket": _NO_BUCKET,
    "NoSuchKey": _NO_OBJECT,
    "NoSuchVersion": _NO_OBJECT,
    "NotFound": _NO_OBJECT,
    "404": _NO_OBJECT,
    "NoSuchUpload": Text("the upload was ended elsewhere", "Start it again.", True),
    "BucketAlreadyExists": _TAKEN,
    "BucketAlreadyOwnedByYou": Text("you already have a bucket of that name", "Open it instead."),
    "BucketNotEmpty": _NOT_EMPTY,
    "InvalidBucketName": Text("S3 doesn't allow that name", "Use a-z, 0-9, dots and hyphens."),
    "TooManyBuckets": QUOTA,
    "OperationAborted": Text("another change of it is under way", "Retry in a minute.", True),
    "IllegalLocationConstraintException": _ELSEWHERE,
    "PermanentRedirect": _ELSEWHERE,
    "TemporaryRedirect": _ELSEWHERE,
    "301": _ELSEWHERE,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "PreconditionFailed": _CHANGED,
    "412": _CHANGED,
    "ConditionalRequestConflict": _CHANGED,
    "InvalidObjectState": _ARCHIVED,
    "ObjectNotInActiveTierError": _ARCHIVED,
    "GlacierExpeditedRetrievalNotAvailable": Text("AWS has no room for it now", "Use Standard."),
    "InvalidRange": Text("it is shorter than expected", "Press r to refresh, then try again."),
    "416": Text("it is shorter than expected", "Press r to refresh, then try again."),
    "KeyTooLongError": Text("the name is longer than 1,024 bytes", "Choose a shorter name."),
    "EntityTooLarge": Text("it is larger than S3 takes", "Split it into smaller objects."),
    "BadDigest": CORRUPT,
    "XAmzContentChecksumMismatch": CORRUPT,
    "XAmzContentSHA256Mismatch": CORRUPT,
    "IncompleteBody": CORRUPT,
    "KMS.DisabledException": Text("its KMS key is disabled", "Have the key switched on."),
    "KMS.NotFoundException": Text("its KMS key is gone", "Ask who runs the key."),
    "KMS.KMSInvalidStateException": Text(
        "its KMS key is about to be deleted, or not ready", "Ask who runs the key, soon."
    ),
    "KMS.InvalidKeyUsageException": Text(
        "its KMS key is of a kind that can't encrypt objects", "Choose a symmetric key."
    ),
    "KMS.ThrottlingException": Text("KMS asks to slow down", "Wait a moment and retry.", True),
    "MethodNotAllowed": Text("this server doesn't allow it", "Choose another way."),
    "405": Text("it is a delete marker, or the server doesn't allow it", "Show its versions."),
    "NotImplemented": Text("this server doesn't know how", "It may be an S3 look-alike."),
    "SandboxNotSupported": Text("the sandbox doesn't play this part of AWS", "Use a real account."),
}

S3_BY_OPERATION: dict[tuple[str, str], Text] = {
    ("head_bucket", "400"): _MAYBE_EXPIRED,
    ("head_object", "400"): _EXPIRED_OR_SSE_C,
    ("download", "400"): _EXPIRED_OR_SSE_C,
    ("head_bucket", "404"): _NO_BUCKET,
    ("head_bucket", "403"): Text("it belongs to someone else, or access is denied", SWITCH),
    ("create_bucket", "403"): DENIED,
    ("create_bucket", "409"): _TAKEN,
    ("delete_bucket", "409"): _NOT_EMPTY,
    ("download", "PreconditionFailed"): Text(
        "it kept changing during the download", "Nothing was kept; retry.", True
    ),
    ("download", "412"): Text(
        "it kept changing during the download", "Nothing was kept; retry.", True
    ),
    ("put_object", "PreconditionFailed"): Text(
        "an object of that name exists or has changed", "Look at it before you replace it."
    ),
    ("restore_object", "InvalidObjectState"): Text("it is not archived", "Read it as it is."),
}

# Codes that say too little: a piece of AWS's message decides.
S3_BY_MESSAGE: tuple[tuple[str, str, Text], ...] = (
    ("AccessDenied", "kms:Decrypt", _KMS_DENIED),
    ("AccessDenied", "kms:GenerateDataKey", _KMS_WRITE_DENIED),
    (
        "AccessDenied",
        "customer master key that does not exist",
        Text(
            "its KMS key is gone, or of another account or region",
            "Ask who runs the key; without it nobody can read the object.",
        ),
    ),
    ("AccessDenied", "requester pays", _REQUESTER_PAYS),
    ("InvalidRequest", "stored using a form of server side encryption", _SSE_C),
    ("InvalidRequest", "secret key was not provided", _SSE_C),
    (
        "InvalidRequest",
        "encryption parameters are not applicable",
        Text("a key was given for an object that has none", "Read it without a key."),
    ),
    (
        "AccessDenied",
        "does not match the key used",
        Text("the key that was given is not the object's (SSE-C)", "Give the right key."),
    ),
)
