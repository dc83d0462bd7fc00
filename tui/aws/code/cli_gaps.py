"""The operations that the AWS CLI (version 1) has no plain command for, and why.

botocore's models do not tell: awscli takes these commands out of its table by hand, and a slow
test compares its table with every model.
"""

from __future__ import annotations

from tui.aws.code.models import xform

_OWN_SESSION = (
    "The AWS CLI's {command} opens the session itself, through a plugin; "
    "it does not just send this call."
)
_NO_STREAMS = "The AWS CLI has no {command}: it cannot carry streams of events."
_REMOVED = "The AWS CLI has no {command}: it was removed as deprecated."
_OTHER = "The AWS CLI has no plain {command}: its own commands take other options."

_GAPS: dict[str, dict[str, tuple[str, ...]]] = {
    _OWN_SESSION: {
        "ecs": ("ExecuteCommand",),
        "logs": ("StartLiveTail",),
        "ssm": ("StartSession",),
    },
    _REMOVED: {
        "ec2": ("ImportInstance", "ImportVolume"),
        "ses": (
            "DeleteVerifiedEmailAddress",
            "ListVerifiedEmailAddresses",
            "VerifyEmailAddress",
        ),
    },
    _OTHER: {
        "emr": (
            "AddInstanceGroups",
            "AddJobFlowSteps",
            "DescribeCluster",
            "DescribeJobFlows",
            "ListBootstrapActions",
            "ListInstanceGroups",
            "RunJobFlow",
            "SetKeepJobFlowAliveWhenNoSteps",
            "SetTerminationProtection",
            "SetUnhealthyNodeReplacement",
            "SetVisibleToAllUsers",
            "TerminateJobFlows",
        ),
        "rds": ("ModifyOptionGroup",),
    },
    _NO_STREAMS: {
        "bedrock-agent-runtime": (
            "AgenticRetrieveStream",
            "InvokeAgent",
            "InvokeFlow",
            "InvokeInlineAgent",
            "OptimizePrompt",
            "RetrieveAndGenerateStream",
        ),
        "bedrock-agentcore": (
            "InvokeAgentRuntimeCommand",
            "InvokeCodeInterpreter",
            "InvokeHarness",
        ),
        "bedrock-runtime": (
            "ConverseStream",
            "InvokeModelWithBidirectionalStream",
            "InvokeModelWithResponseStream",
        ),
        "connecthealth": ("StartMedicalScribeListeningSession",),
        "devops-agent": ("SendMessage",),
        "iotsitewise": ("InvokeAssistant",),
        "kinesis": ("SubscribeToShard",),
        "lambda": ("InvokeWithResponseStream",),
        "lexv2-runtime": ("StartConversation",),
        "logs": ("GetLogObject",),
        "polly": ("StartSpeechSynthesisStream",),
        "qbusiness": ("Chat",),
        "sagemaker-runtime": ("InvokeEndpointWithResponseStream",),
    },
}


def missing_command(service: str, operation: str) -> str | None:
    """Return a sentence that says why an operation has no CLI line, or None when it has one."""
    for reason, services in _GAPS.items():
        if operation in services.get(service, ()):
            return reason.format(command=f"{service} {xform(operation, '-')}")
    return None
