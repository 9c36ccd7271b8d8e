"""Required tags, on what takes tags."""

from __future__ import annotations

from collections.abc import Sequence

from policy.resources import Resource
from policy.values import UNKNOWN, block

OWN_TAGS = ("gpu-sizing:project", "gpu-sizing:stack", "gpu-sizing:model")
_EC2 = (
    "capacityReservation:CapacityReservation",
    "eip:Eip",
    "instance:Instance",
    "internetGateway:InternetGateway",
    "launchTemplate:LaunchTemplate",
    "natGateway:NatGateway",
    "networkInterface:NetworkInterface",
    "placementGroup:PlacementGroup",
    "routeTable:RouteTable",
    "securityGroup:SecurityGroup",
    "spotInstanceRequest:SpotInstanceRequest",
    "subnet:Subnet",
    "vpc:Vpc",
    "vpcEndpoint:VpcEndpoint",
)
_OTHER = (
    "cloudwatch/eventRule:EventRule",
    "cloudwatch/logGroup:LogGroup",
    "cloudwatch/metricAlarm:MetricAlarm",
    "ebs/snapshot:Snapshot",
    "ebs/volume:Volume",
    "efs/fileSystem:FileSystem",
    "fsx/lustreFileSystem:LustreFileSystem",
    "iam/instanceProfile:InstanceProfile",
    "iam/role:Role",
    "kms/key:Key",
    "lb/loadBalancer:LoadBalancer",
    "lb/targetGroup:TargetGroup",
    "s3/bucket:Bucket",
    "secretsmanager/secret:Secret",
    "sns/topic:Topic",
    "ssm/parameter:Parameter",
)
TAKES_TAGS = frozenset(f"aws:ec2/{kind}" for kind in _EC2) | {f"aws:{kind}" for kind in _OTHER}
"""What must carry tags; anything else of AWS only once it has some."""


def missing_tags(resource: Resource, required: Sequence[str] = OWN_TAGS) -> str | None:
    """Which required tags are missing or empty, those of the provider counted in."""
    own, all_tags = resource.props.get("tags"), resource.props.get("tagsAll")
    if not _takes_tags(resource) or UNKNOWN in (own, all_tags):
        return None
    found = {**resource.default_tags, **block(all_tags), **block(own)}
    missing = [key for key in required if found.get(key) in (None, "")]
    return f"without the required tags {', '.join(missing)}" if missing else None


def _takes_tags(resource: Resource) -> bool:
    has_some = "tags" in resource.props or "tagsAll" in resource.props
    return resource.kind in TAKES_TAGS or (resource.kind.startswith("aws:") and has_some)
