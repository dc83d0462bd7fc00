"""The table of error texts: (operation, code) -> why and what next. Data only.

A message is a clause in lower case; a hint is one sentence. `{who}`, `{needs}`, `{region}`,
`{endpoint}`, `{proxy}`, `{profile}`, `{skew}` (of the clock), `{local}` (a file's trouble) and
`{message}` (AWS's own words, cleaned) are filled in by `errors`.
"""

from __future__ import annotations

import errno

from tui.aws.error_text import CORRUPT, DENIED, QUOTA, SWITCH, Text
from tui.aws.error_texts_s3 import S3_BY_MESSAGE, S3_BY_OPERATION, S3_CODES

__all__ = ["Text"]

# What the operation was trying to do; {} is the subject. Others are spelt from their names.
VERBS = {
    "": "reach AWS{}",
    "abort_multipart_upload": "clean up the unfinished upload of {}",
    "authorize_security_group_ingress": "open ports in {}",
    "complete_multipart_upload": "finish the upload of {}",
    "create_bucket": "create bucket {}",
    "create_key_pair": "create key pair {}",
    "create_multipart_upload": "start the upload of {}",
    "create_security_group": "create security group {}",
    "copy_object": "copy {}",
    "delete_bucket": "delete bucket {}",
    "delete_key_pair": "delete key pair {}",
    "delete_object": "delete {}",
    "delete_objects": "delete objects in {}",
    "delete_security_group": "delete security group {}",
    "describe_images": "look up images{}",
    "describe_instances": "list the instances{}",
    "describe_key_pairs": "list the key pairs{}",
    "describe_security_groups": "list the security groups{}",
    "describe_subnets": "list the subnets{}",
    "describe_volumes": "list the volumes{}",
    "describe_vpcs": "look up the default network{}",
    "download": "download {}",
    "get_caller_identity": "log in to AWS{}",
    "get_console_output": "read the console of {}",
    "get_object": "read {}",
    "get_object_tagging": "read the tags of {}",
    "head_bucket": "open bucket {}",
    "head_object": "look up {}",
    "list_buckets": "list the buckets{}",
    "list_instance_profiles": "list the roles{}",
    "list_multipart_uploads": "list the unfinished uploads of {}",
    "list_object_versions": "list the versions of {}",
    "list_objects_v2": "list {}",
    "list_parts": "look into the unfinished upload of {}",
    "put_object": "write {}",
    "put_object_tagging": "tag {}",
    "reboot_instances": "reboot {}",
    "restore_object": "restore {}",
    "run_instances": "launch the instance{}",
    "start_instances": "start {}",
    "stop_instances": "stop {}",
    "terminate_instances": "terminate {}",
    "upload": "upload {}",
    "upload_part": "upload {}",
}

_EXPIRED = Text("the session has expired", "Log in again (aws sso login), then retry.", True)
_BAD_KEYS = Text("AWS doesn't accept these credentials", SWITCH)
_SLOW = Text("AWS asks to slow down", "Wait a moment and retry.", True)
_BUSY = Text("AWS had an internal error", "Retry in a moment.", True)
_CLOCK = Text("this computer's clock is wrong{skew}", "Set the clock, then retry.", True)
_GONE_INSTANCE = Text("there is no such instance", "Press r to refresh the list.")
_GONE_GROUP = Text("there is no such security group", "Choose another one, or create one.")
_KEY_TAKEN = Text("a key pair of that name exists", "Choose another name, or use that key pair.")
_ROLE_TAKEN = Text("it exists already", "Choose another name, or use that one.")
_REGION_OFF = Text(
    "{region} is not switched on for this account", "Press R to choose another region."
)

CODES: dict[str, Text] = {
    "AccessDenied": DENIED,
    "AccessDeniedException": DENIED,
    "AllAccessDisabled": DENIED,
    "Forbidden": DENIED,
    "UnauthorizedOperation": DENIED,
    "Client.UnauthorizedOperation": DENIED,
    "403": DENIED,
    "AuthFailure": _BAD_KEYS,
    "InvalidAccessKeyId": _BAD_KEYS,
    "InvalidClientTokenId": _BAD_KEYS,
    "UnrecognizedClientException": _BAD_KEYS,
    "SignatureDoesNotMatch": Text("the secret key doesn't fit the access key", SWITCH),
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "RequestTimeTooSkewed": _CLOCK,
    "OptInRequired": _REGION_OFF,
    "Blocked": Text("AWS has blocked this account", "Contact AWS Support."),
    "PendingVerification": Text("AWS is still verifying the account", "Try again later.", True),
    "SlowDown": _SLOW,
    "Throttling": _SLOW,
    "ThrottlingException": _SLOW,
    "RequestLimitExceeded": _SLOW,
    "TooManyRequestsException": _SLOW,
    "EC2ThrottledException": _SLOW,
    "400": Text("the server refuses the request and doesn't say why", "Check the settings."),
    "429": _SLOW,
    "InternalError": _BUSY,
    "InternalFailure": _BUSY,
    "ServiceUnavailable": _BUSY,
    "Unavailable": _BUSY,
    "500": _BUSY,
    "502": _BUSY,
    "503": _BUSY,
    "504": _BUSY,
    "RequestTimeout": Text("the connection was too slow", "Retry.", True),
    **S3_CODES,
    # EC2
    "InvalidInstanceID.NotFound": _GONE_INSTANCE,
    "InvalidInstanceID.Malformed": _GONE_INSTANCE,
    "IncorrectInstanceState": Text(
        "its state doesn't allow that now", "Wait until it has settled, then retry.", True
    ),
    "OperationNotPermitted": Text("{message}", "Switch off its protection first."),
    "InvalidKeyPair.Duplicate": _KEY_TAKEN,
    "InvalidKeyPair.NotFound": Text("there is no such key pair", "Choose or create another one."),
    "InvalidGroup.Duplicate": Text(
        "a security group of that name exists", "Choose another name, or use that group."
    ),
    "InvalidGroup.NotFound": _GONE_GROUP,
    "InvalidGroupId.Malformed": _GONE_GROUP,
    "DependencyViolation": Text("something still uses it", "Remove what uses it first."),
    "InvalidPermission.Duplicate": Text("that rule is there already", "Nothing needs doing."),
    "InvalidAMIID.NotFound": Text(
        "the image isn't in this region", "Choose another image; each region has its own ids."
    ),
    "InvalidAMIID.Malformed": Text(
        "that is no image id", "Image ids begin with ami-, as ami-0abc1234."
    ),
    "InvalidAMIID.Unavailable": Text("the image is withdrawn", "Choose another image."),
    "InvalidInstanceType": Text("there is no such instance type", "Choose another type."),
    "Unsupported": Text("{message}", "Choose another type or zone."),
    "InsufficientInstanceCapacity": Text(
        "AWS has no free machine of that type there", "Try another zone or type.", True
    ),
    "InstanceLimitExceeded": QUOTA,
    "VcpuLimitExceeded": QUOTA,
    "MaxSpotInstanceCountExceeded": QUOTA,
    "SpotMaxPriceTooLow": Text("the maximum price is below today's spot price", "Raise it."),
    "InvalidSubnetID.NotFound": Text("there is no such subnet", "Choose another subnet."),
    "InsufficientFreeAddressesInSubnet": Text("the subnet is full", "Choose another subnet."),
    "VPCIdNotSpecified": Text("the region has no default network", "Choose a subnet."),
    "MissingInput": Text("{message}", "Fill it in."),
    "IdempotentParameterMismatch": Text(
        "this launch was already sent with other settings", "Start a new launch."
    ),
    # IAM, SSM
    "EntityAlreadyExists": _ROLE_TAKEN,
    "NoSuchEntity": Text("there is no such role", "Choose another one."),
    "LimitExceeded": QUOTA,
}

BY_OPERATION: dict[tuple[str, str], Text] = {
    **S3_BY_OPERATION,
    ("terminate_instances", "OperationNotPermitted"): Text(
        "it is protected against termination", "Switch off its termination protection first."
    ),
    ("stop_instances", "OperationNotPermitted"): Text(
        "it is protected against stopping", "Switch off its stop protection first."
    ),
    ("stop_instances", "UnsupportedOperation"): Text(
        "a one-time spot instance can't be stopped", "Terminate it instead."
    ),
}

# Codes that say too little: a piece of AWS's message decides.
BY_MESSAGE: tuple[tuple[str, str, Text], ...] = (
    *S3_BY_MESSAGE,
    (
        "InvalidParameterValue",
        "architecture",
        Text(
            "the type's processor doesn't fit the image's architecture",
            "Choose a type or an image of the other architecture.",
        ),
    ),
    (
        "Unsupported",
        "architecture",
        Text(
            "the type's processor doesn't fit the image's architecture",
            "Choose a type or an image of the other architecture.",
        ),
    ),
    (
        "InvalidParameterValue",
        "iamInstanceProfile",
        Text("AWS doesn't know the role yet", "New roles take some seconds; retry.", True),
    ),
    ("InvalidParameterCombination", "free tier", Text("{message}", "Choose a free-tier type.")),
)

_NO_WAY = Text(
    "nothing answers at {endpoint}", "Check the network, the region ({region}) and any VPN.", True
)
# A connection that failed, by what is known of it.
NO_SERVER = Text("nothing answers at {endpoint}", "Check that a server runs there.", True)
NO_SANDBOX = Text(
    "the sandbox has ended", "Press P and choose the sandbox: a new, empty one starts.", True
)
NO_HOST = Text(
    "the host name of {endpoint} can't be found",
    "Check the network and the region ({region}).",
    True,
)
_LATE = Text("{endpoint} doesn't answer in time", "Check the network, then retry.", True)
_BAD_CONFIG = Text("the AWS configuration files can't be used: {message}", "Correct ~/.aws/config.")
_LOGIN = Text("the login of profile {profile} has expired", "Log in again (aws sso login).", True)
_NOT_AWS = Text("{endpoint} doesn't speak as AWS does", "Check the endpoint's address.")
_BAD_ENDPOINT = Text("the endpoint's address can't be used", "Check the endpoint's address.")
_NO_RECORD = Text(
    "the server doesn't answer as AWS does", "It may be a look-alike: check the endpoint's address."
)
_NO_JSON = Text(
    "the program that fetches the credentials of profile {profile} printed no JSON",
    "Check its credential_process in ~/.aws/config.",
)
_CLOSED = Text("the connection is closed", "Start again.")
_CUT = Text("the connection broke off", "Check the network, then retry.", True)

# Exceptions that are no answer of AWS, by class name, most derived first along the MRO.
EXCEPTIONS: dict[str, Text] = {
    "NoCredentialsError": Text("no credentials found", "{credentials}"),
    "PartialCredentialsError": Text("the credentials are incomplete", "{credentials}"),
    "CredentialRetrievalError": Text("the credentials can't be fetched: {message}", SWITCH),
    "ProfileNotFound": Text("there is no profile {profile}", "{profiles}"),
    "NoRegionError": Text("no region is set", "Press R to choose a region."),
    "InvalidRegionError": Text("{region} is no region", "Press R to choose a region."),
    "UnknownServiceError": Text("this version doesn't know that service", "Update boto3."),
    "EndpointConnectionError": _NO_WAY,
    "ConnectTimeoutError": _NO_WAY,
    "ReadTimeoutError": _LATE,
    "ConnectionClosedError": _CUT,
    "ResponseStreamingError": _CUT,
    "IncompleteReadError": _CUT,
    "SSLError": Text("the secure connection to {endpoint} failed", "Check proxies and the clock."),
    "ProxyConnectionError": Text(
        "the proxy{proxy} doesn't answer", "Check HTTPS_PROXY, then retry.", True
    ),
    "HTTPClientError": _CUT,
    "ResponseParserError": _NOT_AWS,
    "SSOTokenLoadError": _LOGIN,
    "UnauthorizedSSOTokenError": _LOGIN,
    "TokenRetrievalError": _LOGIN,
    "LoginRefreshRequired": _LOGIN,
    "LoginTokenLoadError": _LOGIN,
    "LoginError": _LOGIN,
    "SSOError": _LOGIN,
    "RefreshWithMFAUnsupportedError": Text(
        "the profile asks for an MFA code", "Log in on the command line, then retry."
    ),
    "ConfigParseError": _BAD_CONFIG,
    "InvalidConfigError": _BAD_CONFIG,
    "FlexibleChecksumError": CORRUPT,
    "EndpointResolutionError": Text("there is no endpoint for it in {region}", "Press R."),
    "ParamValidationError": Text("{message}", ""),
    "ValidationError": Text("{message}", ""),
    "JSONDecodeError": _NO_JSON,
    "UnicodeDecodeError": Text(
        "a credential program or a file holds no UTF-8 text", "Check ~/.aws/config."
    ),
    "UnicodeEncodeError": Text("a name holds characters that can't be sent", "Choose another one."),
    "UnicodeError": Text(
        "a name holds characters that don't fit there", "Check the names that you gave."
    ),
    "ValueError": Text("{message}", ""),
    "LookupError": _NO_RECORD,
    "ConnectionError": _CUT,
    "ProtocolError": _CUT,
    "TimeoutError": _LATE,
    "gaierror": NO_HOST,
    "OSError": Text("{local}", "{local_hint}"),
    "BotoCoreError": Text("{message}", ""),
}

# Exceptions whose class says too little: a piece of their message, in lower case, decides.
EXCEPTIONS_BY_MESSAGE: tuple[tuple[str, str, Text], ...] = (
    *S3_BY_MESSAGE,
    (
        "ProxyConnectionError",
        " 407 ",
        Text("the proxy{proxy} wants a login", "Put its user and password into HTTPS_PROXY."),
    ),
    (
        "ProxyConnectionError",
        "tunnel connection failed",
        Text("the proxy{proxy} doesn't let it through", "Ask who runs it, or unset HTTPS_PROXY."),
    ),
    (
        "ValueError",
        "invalid endpoint",
        Text("{endpoint} is no address of a server", "Check the endpoint's address."),
    ),
    ("ValueError", "invalid ipv6 url", _BAD_ENDPOINT),
    ("ValueError", "port could not be cast", _BAD_ENDPOINT),
    ("ValueError", "port out of range", _BAD_ENDPOINT),
    (
        "ValueError",
        "no closing quotation",
        Text("a quotation mark is missing in a credential_process", "Correct ~/.aws/config."),
    ),
    (
        "RuntimeError",
        "start new thread",
        Text("this computer starts no more threads", "Close something, then retry.", True),
    ),
    (
        "RuntimeError",
        "still expired",
        Text("the renewed credentials have expired already", "Log in again (aws sso login)."),
    ),
    ("RuntimeError", "shut down", _CLOSED),
    ("RuntimeError", "shutdown", _CLOSED),
)

# What the file system says, by errno: why, and what to do next.
LOCAL: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", "Free some space, then retry."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space, then retry."),
    errno.EACCES: ("permission denied", "Check the file's and the folder's permissions."),
    errno.EPERM: ("permission denied", "Check the file's and the folder's permissions."),
    errno.EROFS: ("the disk is read-only", "Choose another folder."),
    errno.ENOENT: ("there is no such file", "It may have been moved or deleted."),
    errno.ENOEXEC: ("it is no program for this computer", "Check how it begins."),
    errno.EEXIST: ("the file exists already", "Choose another name."),
    errno.EISDIR: ("that is a folder", "Choose a file name."),
    errno.ENOTDIR: ("a file stands where a folder is needed", "Choose another folder."),
    errno.ELOOP: ("it is a symbolic link", "Name the file itself."),
    errno.ENAMETOOLONG: ("the name is too long for this disk", "Choose a shorter path."),
    errno.EFBIG: ("the file is too large for this disk", "Choose another disk."),
    errno.EMFILE: ("too many files are open", "Close something, then retry."),
    errno.ENXIO: ("it is no plain file", "Choose a file."),  # a socket
    errno.EINVAL: ("the disk refuses it, perhaps for its name", "Choose another folder."),
    errno.EIO: ("the disk reports an error", "Check the disk."),
}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE)  # the file itself is not to blame
# For a file that no one chose here: a credential program, a token file, a certificate.
LOCAL_SETTING = "Check the file, and what names it (~/.aws/config or an AWS_ variable)."
