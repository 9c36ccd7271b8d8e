"""The provider's functions (`aws.ec2.get_ami` and the like): token -> answer."""

from __future__ import annotations

from typing import Any

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.network_invokes import get_subnet, get_subnets, get_vpc
from sandbox.aws_provider.queries import Invoke, filters, single
from sandbox.aws_provider.service_invokes import (
    get_load_balancer,
    get_parameter,
    get_secret,
    get_secret_version,
    get_service_quota,
)
from sandbox.aws_provider.values import Props, tag_map

_DNS_SUFFIX = "amazonaws.com"


def _region(aws: Aws, args: Props) -> Props:
    name = args.get("region") or args.get("name") or aws.region
    return {
        "id": name,
        "name": name,
        "region": name,
        "endpoint": f"ec2.{name}.{_DNS_SUFFIX}",
        "description": name,
    }


def _caller(aws: Aws, _args: Props) -> Props:
    found = aws.call("sts", "get_caller_identity")
    account: str = found["Account"]
    return {"id": account, "accountId": account, "arn": found["Arn"], "userId": found["UserId"]}


def _partition(aws: Aws, _args: Props) -> Props:
    return {
        "id": aws.partition,
        "partition": aws.partition,
        "dnsSuffix": _DNS_SUFFIX,
        "reverseDnsPrefix": "com.amazonaws",
    }


def _zones(aws: Aws, args: Props) -> Props:
    query = [*filters(args)]
    if state := args.get("state"):
        query.append({"Name": "state", "Values": [state]})
    found = aws.ec2("describe_availability_zones", Filters=query)["AvailabilityZones"]
    names, ids = set(args.get("excludeNames", [])), set(args.get("excludeZoneIds", []))
    kept = [z for z in found if z["ZoneName"] not in names and z["ZoneId"] not in ids]
    kept.sort(key=lambda zone: zone["ZoneName"])
    return {
        **args,
        "id": aws.region,
        "region": aws.region,
        "names": [zone["ZoneName"] for zone in kept],
        "zoneIds": [zone["ZoneId"] for zone in kept],
        "groupNames": sorted({zone.get("GroupName", aws.region) for zone in kept}),
    }


def _zone(aws: Aws, args: Props) -> Props:
    found = [
        zone
        for zone in aws.ec2("describe_availability_zones")["AvailabilityZones"]
        if args.get("name") in (None, zone["ZoneName"])
        and args.get("zoneId") in (None, zone["ZoneId"])
    ]
    zone = single(found, "availability zone", args)
    return {
        "id": zone["ZoneName"],
        "name": zone["ZoneName"],
        "nameSuffix": zone["ZoneName"].removeprefix(aws.region),
        "zoneId": zone["ZoneId"],
        "zoneType": zone.get("ZoneType", "availability-zone"),
        "region": aws.region,
        "state": zone["State"],
    }


def _ami(aws: Aws, args: Props) -> Props:
    params: dict[str, Any] = {"Filters": filters(args)}
    if owners := args.get("owners"):
        params["Owners"] = owners
    found: list[Props] = aws.ec2("describe_images", **params)["Images"]
    found.sort(key=lambda image: image["CreationDate"], reverse=True)
    image = single(found[:1] if args.get("mostRecent") else found, "AMI", args)
    return {
        **args,
        "id": image["ImageId"],
        "imageId": image["ImageId"],
        "arn": f"arn:{aws.partition}:ec2:{aws.region}::image/{image['ImageId']}",
        "name": image["Name"],
        "description": image.get("Description", ""),
        "architecture": image["Architecture"],
        "creationDate": image["CreationDate"],
        "ownerId": image["OwnerId"],
        "rootDeviceName": image.get("RootDeviceName", ""),
        "rootDeviceType": image.get("RootDeviceType", ""),
        "virtualizationType": image["VirtualizationType"],
        "state": image["State"],
        "tags": tag_map(image.get("Tags")),
    }


def _offerings(aws: Aws, args: Props) -> Props:
    kind = args.get("locationType", "region")
    query = {"LocationType": kind, "Filters": filters(args)}
    found: list[Props] = []
    while True:
        answer = aws.ec2("describe_instance_type_offerings", **query)
        found += answer["InstanceTypeOfferings"]
        if not (token := answer.get("NextToken")):
            break
        query["NextToken"] = token
    return {
        **args,
        "id": aws.region,
        "instanceTypes": [offer["InstanceType"] for offer in found],
        "locations": [offer["Location"] for offer in found],
        "locationTypes": [kind for _ in found],
    }


def _instance_type(aws: Aws, args: Props) -> Props:
    name = args["instanceType"]
    found = aws.ec2("describe_instance_types", InstanceTypes=[name])["InstanceTypes"]
    kind = single(found, "instance type", args)
    network, cpu = kind["NetworkInfo"], kind["VCpuInfo"]
    gpus = [
        {
            "count": gpu["Count"],
            "manufacturer": gpu["Manufacturer"],
            "memorySize": gpu["MemoryInfo"]["SizeInMiB"],
            "name": gpu["Name"],
        }
        for gpu in kind.get("GpuInfo", {}).get("Gpus", [])
    ]
    return {
        "id": name,
        "instanceType": name,
        "defaultVcpus": cpu["DefaultVCpus"],
        "memorySize": kind["MemoryInfo"]["SizeInMiB"],
        "gpuses": gpus,
        "totalGpuMemory": kind.get("GpuInfo", {}).get("TotalGpuMemoryInMiB", 0),
        "efaSupported": network.get("EfaSupported", False),
        "efaMaximumInterfaces": network.get("EfaInfo", {}).get("MaximumEfaInterfaces", 0),
        "maximumNetworkCards": network.get("MaximumNetworkCards", 1),
        "maximumNetworkInterfaces": network["MaximumNetworkInterfaces"],
        "networkPerformance": network["NetworkPerformance"],
        "totalInstanceStorage": kind.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0),
        "supportedUsagesClasses": kind.get("SupportedUsageClasses", []),
        "supportedPlacementStrategies": kind.get("PlacementGroupInfo", {}).get(
            "SupportedStrategies", []
        ),
    }


INVOKES: dict[str, Invoke] = {
    "aws:ec2/getAmi:getAmi": _ami,
    "aws:ec2/getInstanceType:getInstanceType": _instance_type,
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": _offerings,
    "aws:ec2/getSubnet:getSubnet": get_subnet,
    "aws:ec2/getSubnets:getSubnets": get_subnets,
    "aws:ec2/getVpc:getVpc": get_vpc,
    "aws:index/getAvailabilityZone:getAvailabilityZone": _zone,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:lb/getLoadBalancer:getLoadBalancer": get_load_balancer,
    "aws:secretsmanager/getSecret:getSecret": get_secret,
    "aws:secretsmanager/getSecretVersion:getSecretVersion": get_secret_version,
    "aws:servicequotas/getServiceQuota:getServiceQuota": get_service_quota,
    "aws:ssm/getParameter:getParameter": get_parameter,
}
