"""The table's ways out of a network: addresses and NAT gateways."""

from __future__ import annotations

from typing import Any

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    deleter,
    first,
    live_tags,
    one,
    quietly,
    retag,
    retag_ec2,
    tag_specifications,
)
from sandbox.aws_provider.values import Props, pick


def _create_address(aws: Aws, props: Props) -> str:
    params: dict[str, Any] = {"Domain": props.get("domain", "vpc")}
    answer = aws.ec2("allocate_address", **params, **tag_specifications("elastic-ip", props))
    identity: str = answer["AllocationId"]
    _associate(aws, identity, props)
    return identity


def _associate(aws: Aws, identity: str, props: Props) -> None:
    target = {
        "InstanceId": props.get("instance"),
        "NetworkInterfaceId": props.get("networkInterface"),
    }
    if chosen := {key: value for key, value in target.items() if value}:
        aws.ec2("associate_address", AllocationId=identity, **chosen)


def _disassociate(aws: Aws, identity: str) -> None:
    found = one(lambda: aws.ec2("describe_addresses", AllocationIds=[identity])["Addresses"])
    if found and found.get("AssociationId"):
        aws.ec2("disassociate_address", AssociationId=found["AssociationId"])


def _update_address(aws: Aws, identity: str, change: Change) -> None:
    if change.touches("instance", "networkInterface"):
        _disassociate(aws, identity)
        _associate(aws, identity, change.new)
    retag_ec2(aws, [identity], change)


def _read_address(aws: Aws, identity: str, _props: Props) -> Props | None:
    found = one(lambda: aws.ec2("describe_addresses", AllocationIds=[identity])["Addresses"])
    if found is None:
        return None
    return {
        **live_tags(found),
        "allocationId": identity,
        "publicIp": found["PublicIp"],
        "domain": found["Domain"],
        "associationId": found.get("AssociationId", ""),
        "privateIp": found.get("PrivateIpAddress", ""),
    }


def _delete_address(aws: Aws, identity: str, _props: Props) -> None:
    _disassociate(aws, identity)
    quietly(lambda: aws.ec2("release_address", AllocationId=identity))


def _create_nat(aws: Aws, props: Props) -> str:
    params = pick(props, "subnetId", "allocationId", "connectivityType", "privateIp")
    answer = aws.ec2("create_nat_gateway", **params, **tag_specifications("natgateway", props))
    return answer["NatGateway"]["NatGatewayId"]


def _read_nat(aws: Aws, identity: str, _props: Props) -> Props | None:
    found = one(lambda: aws.ec2("describe_nat_gateways", NatGatewayIds=[identity])["NatGateways"])
    if found is None or found["State"] == "deleted":
        return None
    address = first(found.get("NatGatewayAddresses"))
    return {
        **live_tags(found),
        "subnetId": found["SubnetId"],
        "connectivityType": found.get("ConnectivityType", "public"),
        "allocationId": address.get("AllocationId", ""),
        "privateIp": address.get("PrivateIp", ""),
        "publicIp": address.get("PublicIp", ""),
        "networkInterfaceId": address.get("NetworkInterfaceId", ""),
    }


EGRESS = [
    ResourceType(
        token="aws:ec2/eip:Eip",
        create=_create_address,
        read=_read_address,
        update=_update_address,
        delete=_delete_address,
        replaces=("domain",),
        updates=("instance", "networkInterface"),
        computed=("allocationId", "associationId", "publicIp", "privateIp"),
        volatile=lambda change: (
            ("associationId", "privateIp") if change.touches("instance", "networkInterface") else ()
        ),
    ),
    ResourceType(
        token="aws:ec2/natGateway:NatGateway",
        create=_create_nat,
        read=_read_nat,
        update=retag,
        delete=deleter("delete_nat_gateway", "NatGatewayId"),
        replaces=("subnetId", "allocationId", "connectivityType", "privateIp"),
        computed=("networkInterfaceId", "publicIp", "privateIp"),
        required=("subnetId",),
    ),
]  # fmt: skip
