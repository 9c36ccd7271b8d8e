"""The provider's functions that look a network up."""

from __future__ import annotations

from typing import Any

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.queries import filters, single
from sandbox.aws_provider.values import Props, tag_map


def get_subnet(aws: Aws, args: Props) -> Props:
    """One subnet, with how many addresses it has left."""
    found = single(aws.ec2("describe_subnets", **_subnet_query(args))["Subnets"], "subnet", args)
    return {
        "id": found["SubnetId"],
        "arn": aws.arn("ec2", f"subnet/{found['SubnetId']}"),
        "vpcId": found["VpcId"],
        "cidrBlock": found["CidrBlock"],
        "availabilityZone": found["AvailabilityZone"],
        "availabilityZoneId": found.get("AvailabilityZoneId", ""),
        "availableIpAddressCount": found["AvailableIpAddressCount"],
        "defaultForAz": found.get("DefaultForAz", False),
        "ownerId": found.get("OwnerId", aws.account_id),
        "state": found["State"],
        "mapPublicIpOnLaunch": found.get("MapPublicIpOnLaunch", False),
        "tags": tag_map(found.get("Tags")),
    }


def get_subnets(aws: Aws, args: Props) -> Props:
    """The ids of all subnets that match; none is an answer too."""
    found = aws.ec2("describe_subnets", **_subnet_query(args))["Subnets"]
    ids = sorted(subnet["SubnetId"] for subnet in found)
    return {**args, "id": aws.region, "region": aws.region, "ids": ids}


def _subnet_query(args: Props) -> dict[str, Any]:
    return _network_query(
        args, vpcId="vpc-id", cidrBlock="cidr-block", availabilityZone="availability-zone"
    )


def get_vpc(aws: Aws, args: Props) -> Props:
    """One VPC."""
    query = _network_query(args, cidrBlock="cidr")
    if args.get("default"):
        query["Filters"].append({"Name": "is-default", "Values": ["true"]})
    found = single(aws.ec2("describe_vpcs", **query)["Vpcs"], "VPC", args)
    return {
        "id": found["VpcId"],
        "arn": aws.arn("ec2", f"vpc/{found['VpcId']}"),
        "cidrBlock": found["CidrBlock"],
        "default": found.get("IsDefault", False),
        "instanceTenancy": found["InstanceTenancy"],
        "tags": tag_map(found.get("Tags")),
    }


def _network_query(args: Props, **filter_names: str) -> dict[str, Any]:
    query: dict[str, Any] = {"Filters": filters(args)}
    if identity := args.get("id"):
        kind = "VpcIds" if str(identity).startswith("vpc-") else "SubnetIds"
        query[kind] = [identity]
    for key, name in filter_names.items():
        if args.get(key):
            query["Filters"].append({"Name": name, "Values": [args[key]]})
    for key, value in args.get("tags", {}).items():
        query["Filters"].append({"Name": f"tag:{key}", "Values": [value]})
    return query
