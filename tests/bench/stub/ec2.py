"""A loopback EC2 that describes thousands of instances and their volumes, page by page.

What it answers is as long and as deep as what EC2 does; one word in it changes with each round, so
that nothing can be told to be as it was. Everything else that is asked has an empty answer.

Run: ``python -m tests.bench.stub.ec2 --instances 5000``; prints its port, ends with its stdin.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from functools import lru_cache
from urllib.parse import parse_qs

from tests.bench.stub.s3 import _IDENTITY, Connection, buckets_xml

NAMESPACE = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'
TYPES = ("t3.micro", "m7g.2xlarge", "c7g.4xlarge", "r6i.large", "t4g.medium")
STATES = (("16", "running"), ("16", "running"), ("16", "running"), ("80", "stopped"))


def id_of(kind: str, number: int) -> str:
    """An id such as `i-000000000000002a1`."""
    return f"{kind}-{number:017x}"


@lru_cache(maxsize=20_000)
def instance_xml(number: int) -> str:
    """One reservation with its instance."""
    code, state = STATES[number % len(STATES)]
    address = f"198.51.{number // 250}.{number % 250 + 1}"
    group = "<item><groupId>sg-0123456789abcdef0</groupId><groupName>default</groupName></item>"
    tags = "".join(
        f"<item><key>{key}</key><value>{value}</value></item>"
        for key, value in (
            ("Name", f"worker-{number:05d}"),
            ("team", f"team-{number % 17}"),
            ("skydeck-stop-after", "8h"),
            ("aws:autoscaling:groupName", f"group-{number % 40}"),
        )
    )
    volume = id_of("vol", number)
    return (
        f"<item><reservationId>{id_of('r', number)}</reservationId><ownerId>000000000000</ownerId>"
        f"<groupSet/><instancesSet><item><instanceId>{id_of('i', number)}</instanceId>"
        "<imageId>ami-0123456789abcdef0</imageId>"
        f"<instanceState><code>{code}</code><name>{state}</name></instanceState>"
        f"<privateDnsName>ip-10-0-0-1.ec2.internal</privateDnsName><dnsName>ec2-{number}</dnsName>"
        "<reason/><keyName>dev-2026</keyName><amiLaunchIndex>0</amiLaunchIndex><productCodes/>"
        f"<instanceType>{TYPES[number % len(TYPES)]}</instanceType>"
        f"<launchTime>2026-11-{number % 24 + 1:02d}T{number % 24:02d}:00:00.000Z</launchTime>"
        f"<placement><availabilityZone>us-east-1{'abc'[number % 3]}</availabilityZone><groupName/>"
        "<tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>"
        "<subnetId>subnet-0123456789abcdef0</subnetId><vpcId>vpc-0123456789abcdef0</vpcId>"
        f"<privateIpAddress>10.0.{number // 250}.{number % 250 + 1}</privateIpAddress>"
        f"<ipAddress>{address}</ipAddress><sourceDestCheck>true</sourceDestCheck>"
        f"<groupSet>{group}</groupSet><architecture>x86_64</architecture>"
        "<rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName>"
        f"<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>{volume}"
        "</volumeId><status>attached</status><attachTime>2026-11-01T00:00:00.000Z</attachTime>"
        "<deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>"
        f"<virtualizationType>hvm</virtualizationType><tagSet>{tags}</tagSet>"
        "<hypervisor>xen</hypervisor><networkInterfaceSet><item><networkInterfaceId>"
        f"{id_of('eni', number)}</networkInterfaceId><subnetId>subnet-0123456789abcdef0</subnetId>"
        "<vpcId>vpc-0123456789abcdef0</vpcId><status>in-use</status>"
        f"<groupSet>{group}</groupSet><attachment><attachmentId>{id_of('eni-attach', number)}"
        "</attachmentId><deviceIndex>0</deviceIndex><status>attached</status></attachment>"
        f"<association><publicIp>{address}</publicIp><ipOwnerId>amazon</ipOwnerId></association>"
        "</item></networkInterfaceSet><ebsOptimized>true</ebsOptimized><enaSupport>true"
        "</enaSupport><hibernationOptions><configured>false</configured></hibernationOptions>"
        "<metadataOptions><state>applied</state><httpTokens>required</httpTokens>"
        "<httpEndpoint>enabled</httpEndpoint></metadataOptions></item></instancesSet></item>"
    )


@lru_cache(maxsize=20_000)
def volume_xml(number: int) -> str:
    """One volume, attached to its instance."""
    return (
        f"<item><volumeId>{id_of('vol', number)}</volumeId><size>{8 + number % 90}</size>"
        "<snapshotId>snap-0123456789abcdef0</snapshotId><availabilityZone>us-east-1a"
        "</availabilityZone><status>in-use</status><createTime>2026-11-01T00:00:00.000Z"
        f"</createTime><attachmentSet><item><volumeId>{id_of('vol', number)}</volumeId>"
        f"<instanceId>{id_of('i', number)}</instanceId><device>/dev/xvda</device><status>attached"
        "</status><attachTime>2026-11-01T00:00:00.000Z</attachTime><deleteOnTermination>true"
        "</deleteOnTermination></item></attachmentSet><volumeType>gp3</volumeType>"
        "<iops>3000</iops><throughput>125</throughput><encrypted>true</encrypted></item>"
    )


class Ec2(Connection):
    """One client's requests."""

    instances = 0

    def answer(self, head: str, body: bytes) -> None:
        """Describe, or say nothing."""
        asked = {name: values[-1] for name, values in parse_qs(body.decode("latin-1")).items()}
        action = asked.get("Action", "")
        if head.startswith("GET / "):
            self.send(buckets_xml().encode())
        elif action == "GetCallerIdentity":
            self.send(_IDENTITY.encode())
        elif action in ("DescribeInstances", "DescribeVolumes") and "Filter.1.Name" not in asked:
            self.send(self.page(action, asked).encode())
        elif action:
            self.send(f"<{action}Response {NAMESPACE}/>".encode())
        else:
            self.send(b"{}")

    def page(self, action: str, asked: dict[str, str]) -> str:
        """One page of all."""
        first = int(asked.get("NextToken", 0))
        last = min(self.instances, first + int(asked.get("MaxResults", 1000)))
        made, field = (
            (instance_xml, "reservationSet")
            if action == "DescribeInstances"
            else (volume_xml, "volumeSet")
        )
        rows = "".join(made(number) for number in range(first, last))
        token = f"<nextToken>{last}</nextToken>" if last < self.instances else ""
        return f"<{action}Response {NAMESPACE}><{field}>{rows}</{field}>{token}</{action}Response>"


async def serve(instances: int) -> None:
    """Answer until the standard input ends."""
    Ec2.instances = instances
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Ec2, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()
    await ended.wait()
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instances", type=int, default=5_000)
    asyncio.run(serve(parser.parse_args().instances))
