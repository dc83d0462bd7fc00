"""Calls whose code must send the very request: what Skydeck does, and every trap that is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

EVIL = "a b'c\"d$(touch pwned)`touch pwned`\\n\n-é;touch pwned;&|*?!#~{x}"
UNPRINTABLE = "esc\x1b[201~\ttab\u202ebidi\x9bc1 50%\\\n"
FETCHED = "http://127.0.0.1:9/it's"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
NAIVE = datetime(2026, 3, 4, 6, 0)  # noqa: DTZ001 - botocore takes it for UTC
PAGE_SIZES = ("MaxKeys", "MaxItems", "MaxResults")


@dataclass(frozen=True)
class Case:
    """One call.

    Attributes:
        pages: 2 to make it as a listing of two pages; a page size in the parameters is the page's.
        process: True to run the CLI line by the installed `aws` itself, not by its driver.
        cli_differs: why the AWS CLI cannot send the very request, or "".
    """

    service: str
    operation: str
    params: dict[str, Any]
    pages: int = 1
    process: bool = False
    cli_differs: str = ""


def call(service: str, operation: str, **params: Any) -> Case:
    return Case(service, operation, params)


def listing(service: str, operation: str, **params: Any) -> Case:
    return Case(service, operation, params, pages=2)


def process(service: str, operation: str, **params: Any) -> Case:
    return Case(service, operation, params, process=True)


# fmt: off
_RULE = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
          "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "it's ok"}]}]
_PUBLIC = {"DeviceIndex": 0, "AssociatePublicIpAddress": True}

S3 = [
    call("s3", "CreateBucket", Bucket="bucket-x",
         CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}),
    call("s3", "ListBuckets"),
    call("s3", "ListObjectsV2", Bucket="bucket", Prefix=EVIL, MaxKeys=7),
    call("s3", "ListObjectsV2", Bucket="bucket", Prefix=UNPRINTABLE, Delimiter="/"),
    call("s3", "ListObjectsV2", Bucket="bucket", Prefix="", StartAfter="file://x"),
    listing("s3", "ListObjectsV2", Bucket="bucket", Prefix="logs/", MaxKeys=7),
    process("s3", "PutObject", Bucket="bucket", Key=EVIL, Body=b"\x00\xffhi",
            ContentType="text/plain", Metadata={"a": "b c"}),
    call("s3", "PutObject", Bucket="bucket", Key="k", Body=b"x", Metadata={"a": "b", "c": "d"}),
    call("s3", "PutObject", Bucket="bucket", Key=UNPRINTABLE, Body=b"x", Tagging="a=b&c=d"),
    call("s3", "PutObject", Bucket="bucket", Key="text.txt", Body="plain text"),
    process("s3", "PutObject", Bucket="bucket", Key="-dash", Body=b"x",
            SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32),
    call("s3", "GetObject", Bucket="bucket", Key="dir/my file.txt", Range="bytes=0-9",
         IfModifiedSince=NOW),
    call("s3", "GetObject", Bucket="bucket", Key="-k"),
    process("s3", "GetObject", Bucket="bucket", Key=FETCHED),
    process("s3", "GetObject", Bucket="bucket", Key=UNPRINTABLE),
    call("s3", "HeadObject", Bucket="bucket", Key="k", VersionId="v1"),
    call("s3", "DeleteObjects", Bucket="bucket",
         Delete={"Objects": [{"Key": "a,b"}, {"Key": "c=d"}, {"Key": UNPRINTABLE}], "Quiet": True}),
    call("s3", "CopyObject", Bucket="bucket", Key="k2",
         CopySource={"Bucket": "bucket", "Key": "a b+c"}),
    call("s3", "CopyObject", Bucket="bucket", Key="k2",
         CopySource={"Bucket": "bucket", "Key": "k", "VersionId": "v1"}),
    call("s3", "CopyObject", Bucket="bucket", Key="k2", CopySource="bucket/k",
         WebsiteRedirectLocation="https://example.com/"),
    call("s3", "UploadPart", Bucket="bucket", Key="k", PartNumber=1, UploadId="u", Body=b"part"),
    call("s3", "PutBucketTagging", Bucket="bucket",
         Tagging={"TagSet": [{"Key": "k", "Value": EVIL}]}),
    call("s3", "PutPublicAccessBlock", Bucket="bucket",
         PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": False}),
    call("s3", "PutBucketPolicy", Bucket="bucket",
         Policy='{"Version": "2012-10-17", "Statement": []}'),
    call("s3", "PutBucketVersioning", Bucket="bucket",
         VersioningConfiguration={"Status": "Enabled"}),
    call("s3", "PutBucketLifecycleConfiguration", Bucket="bucket",
         LifecycleConfiguration={"Rules": [{"ID": "r", "Status": "Enabled",
                                            "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}}]}),
]

EC2 = [
    call("ec2", "DescribeInstances", Filters=[
        {"Name": "tag:Name", "Values": ["web", "db"]},
        {"Name": "instance-state-name", "Values": ["running"]}]),
    call("ec2", "DescribeInstances", MaxResults=5, NextToken="abc=="),
    listing("ec2", "DescribeInstances", Filters=[{"Name": "vpc-id", "Values": ["vpc-1"]}],
            MaxResults=50),
    process("ec2", "RunInstances", ImageId="ami-1", MinCount=1, MaxCount=3,
            InstanceType="t3.micro", SubnetId="subnet-1", SecurityGroupIds=["sg-1", "sg-2"],
            UserData="#!/bin/sh\necho 'hi there'", EbsOptimized=False, DryRun=True,
            BlockDeviceMappings=[{"DeviceName": "/dev/sda1",
                                  "Ebs": {"VolumeSize": 8, "DeleteOnTermination": True}}],
            TagSpecifications=[{"ResourceType": "instance",
                                "Tags": [{"Key": "Name", "Value": EVIL}]}]),
    call("ec2", "RunInstances", ImageId="ami-1", MinCount=1, MaxCount=1,
         NetworkInterfaces=[_PUBLIC | {"SubnetId": "subnet-1", "Groups": ["sg-1"]}],
         DisableApiTermination=False),
    Case("ec2", "RunInstances", {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1,
                                 "NetworkInterfaces": [_PUBLIC], "SubnetId": "subnet-1"},
         cli_differs="the CLI moves SubnetId into the interface; EC2 refuses it anywhere else"),
    call("ec2", "CreateLaunchTemplate", LaunchTemplateName="t",
         LaunchTemplateData={"ImageId": "ami-1", "UserData": "IyEvYmluL3NoCg=="}),
    call("ec2", "CreateImage", InstanceId="i-1", Name="name", NoReboot=False),
    call("ec2", "AuthorizeSecurityGroupIngress", GroupId="sg-1", IpPermissions=_RULE),
    call("ec2", "AuthorizeSecurityGroupIngress", GroupId="sg-1", IpProtocol="tcp", FromPort=-1,
         ToPort=-1, CidrIp="0.0.0.0/0"),
    call("ec2", "RevokeSecurityGroupEgress", GroupId="sg-1", IpPermissions=_RULE),
    call("ec2", "CreateNetworkAclEntry", NetworkAclId="acl-1", RuleNumber=100, Protocol="-1",
         RuleAction="allow", Egress=False, CidrBlock="0.0.0.0/0"),
    call("ec2", "ModifyInstanceAttribute", InstanceId="i-1", EbsOptimized={"Value": False}),
    call("ec2", "ModifyVpcAttribute", VpcId="vpc-1", EnableDnsSupport={"Value": True}),
    process("ec2", "CreateKeyPair", KeyName="my key", KeyType="ed25519"),
    call("ec2", "ImportKeyPair", KeyName="my key", PublicKeyMaterial=b"ssh-rsa AAAA me@host"),
    call("ec2", "CreateTags", Resources=["i-1"], Tags=[
        {"Key": "empty", "Value": ""}, {"Key": "url", "Value": "file:///etc/passwd"}]),
    call("ec2", "StopInstances", InstanceIds=["i-1", "i-2"], Force=True, Hibernate=False),
    call("ec2", "DescribeSpotPriceHistory", StartTime=NOW, InstanceTypes=["t3.micro"]),
    call("ec2", "CopySnapshot", SourceRegion="eu-west-1", SourceSnapshotId="snap-1",
         Description=EVIL),
]

SSM = [
    call("ssm", "PutParameter", Name="/app/db", Value="p@ss'w\"ord $HOME", Type="SecureString",
         Overwrite=True),
    call("ssm", "PutParameter", Name="/app/url", Value="https://example.com/", Type="String"),
    call("ssm", "PutParameter", Name="/app/d", Value="value-v", Type="String",
         Description="http://127.0.0.1:9/x"),
    call("ssm", "PutParameter", Name="/app/d", Value="value-v", Type="String",
         Description="file:///etc/hostname", AllowedPattern="-x.*"),
    call("ssm", "PutParameter", Name="/app/d", Value="value-v\n", Type="String",
         Description=UNPRINTABLE),
    listing("ssm", "GetParametersByPath", Path="/app", Recursive=True, WithDecryption=False,
            MaxResults=5),
    process("ssm", "SendCommand", InstanceIds=["i-1"], DocumentName="AWS-RunShellScript",
            Parameters={"commands": ["echo 'hi there' \"$HOME\"", "ls | wc -l \\ é"]},
            TimeoutSeconds=60),
    call("ssm", "GetParameters", Names=["-dash", "x"]),
    call("ssm", "GetParameters", Names=["http://127.0.0.1:9/"]),
    call("ssm", "GetParameters", Names=["[weird", "-dash", "a b"]),
]

IAM = [
    call("iam", "CreateUser", UserName="u", Tags=[]),
    call("iam", "ListUsers", PathPrefix="/team/", MaxItems=3),
    listing("iam", "ListUsers", MaxItems=3),
    call("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument='{"Version":"2012-10-17"}',
         Tags=[{"Key": "a", "Value": "b c"}]),
    call("iam", "CreateLoginProfile", UserName="u", Password="S3cr$t 'x'",
         PasswordResetRequired=False),
    process("iam", "EnableMFADevice", UserName="u", SerialNumber="arn:aws:iam::1:mfa/u",
            AuthenticationCode1="123456", AuthenticationCode2="012345"),
    call("iam", "CreateVirtualMFADevice", VirtualMFADeviceName="m"),
    call("iam", "SimulatePrincipalPolicy", PolicySourceArn="arn:aws:iam::1:user/u",
         ActionNames=["s3:*", "ec2:Describe*"]),
    call("iam", "CreateOpenIDConnectProvider", Url="https://token.example.com",
         ClientIDList=["sts.amazonaws.com"]),
    call("sts", "GetCallerIdentity"),
    call("sts", "AssumeRole", RoleArn="arn:aws:iam::123456789012:role/r",
         RoleSessionName="session", TokenCode="654329", SerialNumber="arn:aws:iam::1:mfa/u",
         Policy='{"a": "it\'s"}', DurationSeconds=900),
]

WATCH = [
    call("cloudwatch", "GetMetricStatistics", Namespace="AWS/EC2", MetricName="CPUUtilization",
         StartTime=NOW, EndTime=NAIVE, Period=300, Statistics=["Average", "Maximum"],
         Dimensions=[{"Name": "InstanceId", "Value": "i-1"}]),
    call("cloudwatch", "PutMetricData", Namespace="N", MetricData=[
        {"MetricName": "m", "Value": 1.5, "Timestamp": NOW,
         "Dimensions": [{"Name": "a", "Value": "b c"}]}]),
    call("cloudwatch", "PutMetricData", Namespace="N",
         MetricData=[{"MetricName": "m", "Value": 1e-7}]),
    listing("cloudwatch", "GetMetricData", StartTime=NOW, EndTime=NOW, MetricDataQueries=[
        {"Id": "q", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "m"},
                                   "Period": 60, "Stat": "p99"}}]),
    call("cloudwatch", "PutMetricAlarm", AlarmName=EVIL, EvaluationPeriods=1, Threshold=-5.0,
         ComparisonOperator="GreaterThanThreshold", ActionsEnabled=False),
    call("pricing", "GetProducts", ServiceCode="AmazonEC2", MaxResults=1, Filters=[
        {"Type": "TERM_MATCH", "Field": "location", "Value": "EU (Ireland)"}]),
    listing("pricing", "DescribeServices", ServiceCode="AmazonEC2"),
]

TAGS = [
    call("logs", "CreateLogGroup", logGroupName="g",
         tags={"team": "file:///etc/hostname", "b": "a@b"}),
    # Key@=file:///x is the file's content.
    call("logs", "CreateLogGroup", logGroupName="g", tags={"team@": "file:///etc/hostname"}),
]
# fmt: on

CASES = [*S3, *EC2, *SSM, *IAM, *WATCH, *TAGS]
