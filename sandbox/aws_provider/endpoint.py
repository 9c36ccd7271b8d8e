"""The table's VPC endpoint, of the gateway and the interface kind."""

from __future__ import annotations

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    live_tags,
    one,
    quietly,
    retag_ec2,
    tag_specifications,
)
from sandbox.aws_provider.values import Props, pick

_LISTS = {
    "routeTableIds": "RouteTableIds",
    "subnetIds": "SubnetIds",
    "securityGroupIds": "SecurityGroupIds",
}
_CREATED = ("vpcId", "serviceName", "vpcEndpointType", "privateDnsEnabled", *_LISTS)


def _create(aws: Aws, props: Props) -> str:
    params = pick(props, *_CREATED)
    if policy := props.get("policy"):
        params["PolicyDocument"] = policy
    answer = aws.ec2("create_vpc_endpoint", **params, **tag_specifications("vpc-endpoint", props))
    return answer["VpcEndpoint"]["VpcEndpointId"]


def _update(aws: Aws, identity: str, change: Change) -> None:
    params = pick(change.new, "privateDnsEnabled") if change.touches("privateDnsEnabled") else {}
    if change.touches("policy"):
        params["PolicyDocument"] = change.new.get("policy", "")
    for key, name in _LISTS.items():
        before, after = set(change.old.get(key, [])), set(change.new.get(key, []))
        if added := sorted(after - before):
            params[f"Add{name}"] = added
        if removed := sorted(before - after):
            params[f"Remove{name}"] = removed
    if params:
        aws.ec2("modify_vpc_endpoint", VpcEndpointId=identity, **params)
    retag_ec2(aws, [identity], change)


def _read(aws: Aws, identity: str, props: Props) -> Props | None:
    found = one(
        lambda: aws.ec2("describe_vpc_endpoints", VpcEndpointIds=[identity])["VpcEndpoints"]
    )
    if found is None or found["State"] == "deleted":
        return None
    entries: list[Props] = found.get("DnsEntries") or []
    live: Props = {
        **live_tags(found),
        "arn": aws.arn("ec2", f"vpc-endpoint/{identity}"),
        "vpcId": found["VpcId"],
        "serviceName": found["ServiceName"],
        "vpcEndpointType": found["VpcEndpointType"],
        "routeTableIds": found.get("RouteTableIds") or [],
        "subnetIds": found.get("SubnetIds") or [],
        "securityGroupIds": sorted(group["GroupId"] for group in found.get("Groups", [])),
        "privateDnsEnabled": found.get("PrivateDnsEnabled", False),
        "networkInterfaceIds": found.get("NetworkInterfaceIds") or [],
        "dnsEntries": [_dns_entry(entry) for entry in entries],
        "state": found["State"],
        "ownerId": found.get("OwnerId", aws.account_id),
    }
    return {**live, "policy": found["PolicyDocument"]} if "policy" in props else live


def _dns_entry(entry: Props) -> Props:
    return {"dnsName": entry["DnsName"], "hostedZoneId": entry.get("HostedZoneId", "")}


def _delete(aws: Aws, identity: str, _props: Props) -> None:
    quietly(lambda: aws.ec2("delete_vpc_endpoints", VpcEndpointIds=[identity]))


ENDPOINT = [
    ResourceType(
        token="aws:ec2/vpcEndpoint:VpcEndpoint",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        replaces=("vpcId", "serviceName", "vpcEndpointType"),
        updates=("policy", "privateDnsEnabled", *_LISTS),
        computed=("arn", "dnsEntries", "networkInterfaceIds", "ownerId", "state"),
        volatile=lambda change: (
            ("networkInterfaceIds", "dnsEntries") if change.touches("subnetIds") else ()
        ),
        defaults={"vpcEndpointType": "Gateway", "privateDnsEnabled": False},
        required=("vpcId", "serviceName"),
    ),
]
