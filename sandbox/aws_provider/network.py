"""The table's network types: VPC, subnet, internet gateway."""

from __future__ import annotations

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    deleter,
    first,
    live_tags,
    one,
    quietly,
    retag_ec2,
    tag_specifications,
)
from sandbox.aws_provider.values import Props, pick


def _create_vpc(aws: Aws, props: Props) -> str:
    params = pick(props, "cidrBlock", "instanceTenancy")
    vpc = aws.ec2("create_vpc", **params, **tag_specifications("vpc", props))["Vpc"]
    _set_vpc_dns(aws, vpc["VpcId"], props)
    return vpc["VpcId"]


_VPC_DNS = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}


def _set_vpc_dns(aws: Aws, identity: str, props: Props) -> None:
    for key, parameter in _VPC_DNS.items():  # AWS takes one attribute a call
        if key in props:
            aws.ec2("modify_vpc_attribute", VpcId=identity, **{parameter: {"Value": props[key]}})


def _update_vpc(aws: Aws, identity: str, change: Change) -> None:
    if change.touches(*_VPC_DNS):
        _set_vpc_dns(aws, identity, change.new)
    retag_ec2(aws, [identity], change)


def _read_vpc(aws: Aws, identity: str, _props: Props) -> Props | None:
    vpc = one(lambda: aws.ec2("describe_vpcs", VpcIds=[identity])["Vpcs"])
    if vpc is None:
        return None
    ours = [{"Name": "vpc-id", "Values": [identity]}]
    tables = aws.ec2("describe_route_tables", Filters=ours)["RouteTables"]
    groups = aws.ec2("describe_security_groups", Filters=ours)["SecurityGroups"]
    main = next((t for t in tables if any(a.get("Main") for a in t["Associations"])), None)
    dns = {
        key: aws.ec2("describe_vpc_attribute", VpcId=identity, Attribute=key)[name]["Value"]
        for key, name in _VPC_DNS.items()
    }
    table_id = main["RouteTableId"] if main else ""
    return {
        **dns,
        **live_tags(vpc),
        "arn": aws.arn("ec2", f"vpc/{identity}"),
        "cidrBlock": vpc["CidrBlock"],
        "instanceTenancy": vpc["InstanceTenancy"],
        "dhcpOptionsId": vpc.get("DhcpOptionsId", ""),
        "ownerId": vpc.get("OwnerId", aws.account_id),
        "mainRouteTableId": table_id,
        "defaultRouteTableId": table_id,
        "defaultSecurityGroupId": next(
            (g["GroupId"] for g in groups if g["GroupName"] == "default"), ""
        ),
    }


_SUBNET_KEYS = ("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId")


def _create_subnet(aws: Aws, props: Props) -> str:
    answer = aws.ec2(
        "create_subnet", **pick(props, *_SUBNET_KEYS), **tag_specifications("subnet", props)
    )
    identity: str = answer["Subnet"]["SubnetId"]
    if props.get("mapPublicIpOnLaunch"):
        _set_public_ip(aws, identity, True)
    return identity


def _set_public_ip(aws: Aws, identity: str, on: bool) -> None:
    aws.ec2("modify_subnet_attribute", SubnetId=identity, MapPublicIpOnLaunch={"Value": on})


def _update_subnet(aws: Aws, identity: str, change: Change) -> None:
    if change.touches("mapPublicIpOnLaunch"):
        _set_public_ip(aws, identity, bool(change.new.get("mapPublicIpOnLaunch")))
    retag_ec2(aws, [identity], change)


def _read_subnet(aws: Aws, identity: str, _props: Props) -> Props | None:
    found = one(lambda: aws.ec2("describe_subnets", SubnetIds=[identity])["Subnets"])
    if found is None:
        return None
    return {
        **live_tags(found),
        "arn": aws.arn("ec2", f"subnet/{identity}"),
        "vpcId": found["VpcId"],
        "cidrBlock": found["CidrBlock"],
        "availabilityZone": found["AvailabilityZone"],
        "availabilityZoneId": found.get("AvailabilityZoneId", ""),
        "mapPublicIpOnLaunch": found.get("MapPublicIpOnLaunch", False),
        "ownerId": found.get("OwnerId", aws.account_id),
    }


def _create_gateway(aws: Aws, props: Props) -> str:
    answer = aws.ec2("create_internet_gateway", **tag_specifications("internet-gateway", props))
    identity: str = answer["InternetGateway"]["InternetGatewayId"]
    if vpc := props.get("vpcId"):
        aws.ec2("attach_internet_gateway", InternetGatewayId=identity, VpcId=vpc)
    return identity


def _detach_gateway(aws: Aws, identity: str, vpc: str | None) -> None:
    if vpc:
        quietly(lambda: aws.ec2("detach_internet_gateway", InternetGatewayId=identity, VpcId=vpc))


def _update_gateway(aws: Aws, identity: str, change: Change) -> None:
    if change.touches("vpcId"):
        _detach_gateway(aws, identity, change.old.get("vpcId"))
        aws.ec2("attach_internet_gateway", InternetGatewayId=identity, VpcId=change.new["vpcId"])
    retag_ec2(aws, [identity], change)


def _read_gateway(aws: Aws, identity: str, _props: Props) -> Props | None:
    found = one(
        lambda: aws.ec2("describe_internet_gateways", InternetGatewayIds=[identity])[
            "InternetGateways"
        ]
    )
    if found is None:
        return None
    attached = first(found.get("Attachments"))
    return {
        **live_tags(found),
        "arn": aws.arn("ec2", f"internet-gateway/{identity}"),
        "vpcId": attached.get("VpcId", ""),
        "ownerId": found.get("OwnerId", aws.account_id),
    }


def _delete_gateway(aws: Aws, identity: str, props: Props) -> None:
    _detach_gateway(aws, identity, props.get("vpcId"))  # an attached one cannot be deleted
    quietly(lambda: aws.ec2("delete_internet_gateway", InternetGatewayId=identity))


NETWORK = [
    ResourceType(
        token="aws:ec2/vpc:Vpc",
        create=_create_vpc,
        read=_read_vpc,
        update=_update_vpc,
        delete=deleter("delete_vpc", "VpcId"),
        replaces=("cidrBlock", "instanceTenancy"),
        updates=("enableDnsSupport", "enableDnsHostnames"),
        computed=(
            "arn", "ownerId", "dhcpOptionsId", "mainRouteTableId", "defaultRouteTableId",
            "defaultSecurityGroupId",
        ),
        defaults={"enableDnsSupport": True},
    ),
    ResourceType(
        token="aws:ec2/subnet:Subnet",
        create=_create_subnet,
        read=_read_subnet,
        update=_update_subnet,
        delete=deleter("delete_subnet", "SubnetId"),
        replaces=_SUBNET_KEYS,
        updates=("mapPublicIpOnLaunch",),
        computed=("arn", "ownerId", "availabilityZone", "availabilityZoneId"),
        required=("vpcId",),
    ),
    ResourceType(
        token="aws:ec2/internetGateway:InternetGateway",
        create=_create_gateway,
        read=_read_gateway,
        update=_update_gateway,
        delete=_delete_gateway,
        updates=("vpcId",),
        computed=("arn", "ownerId"),
    ),
]  # fmt: skip
