"""The table's route types: route tables, single routes, subnet associations."""

from __future__ import annotations

from typing import Any

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    one,
    quietly,
    retag_ec2,
    tag_specifications,
)
from sandbox.aws_provider.values import Props, pick, tag_map

_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_TARGETS = ("gatewayId", "natGatewayId", "networkInterfaceId", "vpcEndpointId")
# A route table's own `routes` name the destination more shortly than a Route does.
_INLINE_DESTINATION = {
    "cidrBlock": "destinationCidrBlock",
    "ipv6CidrBlock": "destinationIpv6CidrBlock",
    "destinationPrefixListId": "destinationPrefixListId",
}


def _table(aws: Aws, identity: str) -> Props | None:
    return one(lambda: aws.ec2("describe_route_tables", RouteTableIds=[identity])["RouteTables"])


def _create_table(aws: Aws, props: Props) -> str:
    answer = aws.ec2(
        "create_route_table", VpcId=props["vpcId"], **tag_specifications("route-table", props)
    )
    identity: str = answer["RouteTable"]["RouteTableId"]
    for route in props.get("routes", []):
        aws.ec2("create_route", RouteTableId=identity, **_inline(route))
    return identity


def _inline(route: Props) -> Props:
    renamed = {_INLINE_DESTINATION.get(key, key): value for key, value in route.items()}
    return pick(renamed, *_DESTINATIONS, *_TARGETS)


def _update_table(aws: Aws, identity: str, change: Change) -> None:
    if change.touches("routes"):
        for route in change.old.get("routes", []):
            destination = pick(_inline_names(route), *_DESTINATIONS)
            quietly(lambda d=destination: aws.ec2("delete_route", RouteTableId=identity, **d))
        for route in change.new.get("routes", []):
            aws.ec2("create_route", RouteTableId=identity, **_inline(route))
    retag_ec2(aws, [identity], change)


def _inline_names(route: Props) -> Props:
    return {_INLINE_DESTINATION.get(key, key): value for key, value in route.items()}


def _read_table(aws: Aws, identity: str, _props: Props) -> Props | None:
    found = _table(aws, identity)
    if found is None:
        return None
    return {
        "tagsAll": tag_map(found.get("Tags")),
        "arn": aws.arn("ec2", f"route-table/{identity}"),
        "vpcId": found["VpcId"],
        "ownerId": found.get("OwnerId", aws.account_id),
    }


def _delete_table(aws: Aws, identity: str, _props: Props) -> None:
    found = _table(aws, identity)
    for association in (found or {}).get("Associations", []):
        link = association.get("RouteTableAssociationId")
        quietly(lambda a=link: aws.ec2("disassociate_route_table", AssociationId=a))
    quietly(lambda: aws.ec2("delete_route_table", RouteTableId=identity))


def _destination(props: Props) -> tuple[str, Any]:
    return next((name, props[key]) for key, name in _DESTINATIONS.items() if props.get(key))


def _create_route(aws: Aws, props: Props) -> str:
    aws.ec2("create_route", **pick(props, "routeTableId", *_DESTINATIONS, *_TARGETS))
    return f"r-{props['routeTableId']}-{_destination(props)[1]}"


def _update_route(aws: Aws, _identity: str, change: Change) -> None:
    aws.ec2("replace_route", **pick(change.new, "routeTableId", *_DESTINATIONS, *_TARGETS))


def _read_route(aws: Aws, _identity: str, props: Props) -> Props | None:
    found = _table(aws, props["routeTableId"])
    name, value = _destination(props)
    route = next((r for r in (found or {}).get("Routes", []) if r.get(name) == value), None)
    if route is None:
        return None
    return {"origin": route.get("Origin", "CreateRoute"), "state": route.get("State", "active")}


def _delete_route(aws: Aws, _identity: str, props: Props) -> None:
    name, value = _destination(props)
    table = props["routeTableId"]
    quietly(lambda: aws.ec2("delete_route", RouteTableId=table, **{name: value}))


def _create_association(aws: Aws, props: Props) -> str:
    params = pick(props, "routeTableId", "subnetId", "gatewayId")
    return aws.ec2("associate_route_table", **params)["AssociationId"]


def _update_association(aws: Aws, identity: str, change: Change) -> None:
    table = change.new["routeTableId"]
    aws.ec2("replace_route_table_association", AssociationId=identity, RouteTableId=table)


def _read_association(aws: Aws, identity: str, props: Props) -> Props | None:
    # AWS gives a new id when an association moves to another table, so it is found by its subnet.
    found = _table(aws, props["routeTableId"])
    for link in (found or {}).get("Associations", []):
        same = link.get("SubnetId") == props.get("subnetId") and bool(props.get("subnetId"))
        if same or link.get("RouteTableAssociationId") == identity:
            return {"routeTableId": props["routeTableId"]}
    return None


def _delete_association(aws: Aws, identity: str, props: Props) -> None:
    found = _table(aws, props["routeTableId"])
    for link in (found or {}).get("Associations", []):
        actual = link.get("RouteTableAssociationId")
        if actual == identity or link.get("SubnetId") == props.get("subnetId", ""):
            quietly(lambda a=actual: aws.ec2("disassociate_route_table", AssociationId=a))


ROUTING = [
    ResourceType(
        token="aws:ec2/routeTable:RouteTable",
        create=_create_table,
        read=_read_table,
        update=_update_table,
        delete=_delete_table,
        replaces=("vpcId",),
        updates=("routes",),
        computed=("arn", "ownerId"),
        required=("vpcId",),
    ),
    ResourceType(
        token="aws:ec2/route:Route",
        create=_create_route,
        read=_read_route,
        update=_update_route,
        delete=_delete_route,
        replaces=("routeTableId", *_DESTINATIONS),
        updates=_TARGETS,
        computed=("origin", "state"),
        tagged=False,
        required=("routeTableId",),
    ),
    ResourceType(
        token="aws:ec2/routeTableAssociation:RouteTableAssociation",
        create=_create_association,
        read=_read_association,
        update=_update_association,
        delete=_delete_association,
        replaces=("subnetId", "gatewayId"),
        updates=("routeTableId",),
        tagged=False,
        required=("routeTableId",),
    ),
]
