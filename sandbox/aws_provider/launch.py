"""The table's launch types: placement groups and launch templates."""

from __future__ import annotations

from typing import Any

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


def _create_placement(aws: Aws, props: Props) -> str:
    params: dict[str, Any] = {
        "GroupName": props["name"],
        **pick(props, "strategy", "partitionCount", "spreadLevel"),
        **tag_specifications("placement-group", props),
    }
    aws.ec2("create_placement_group", **params)
    return props["name"]


def _placement(aws: Aws, name: str) -> Props | None:
    return one(lambda: aws.ec2("describe_placement_groups", GroupNames=[name])["PlacementGroups"])


def _update_placement(aws: Aws, identity: str, change: Change) -> None:
    found = _placement(aws, identity)
    if found:
        retag_ec2(aws, [found["GroupId"]], change)


def _read_placement(aws: Aws, identity: str, _props: Props) -> Props | None:
    found = _placement(aws, identity)
    if found is None or found["State"] == "deleted":
        return None
    return {
        **live_tags(found),
        "arn": aws.arn("ec2", f"placement-group/{identity}"),
        "name": found["GroupName"],
        "strategy": found["Strategy"],
        "placementGroupId": found["GroupId"],
    }


def _delete_placement(aws: Aws, identity: str, _props: Props) -> None:
    quietly(lambda: aws.ec2("delete_placement_group", GroupName=identity))


# The properties that make up a version's LaunchTemplateData.
_DATA = (
    "blockDeviceMappings", "capacityReservationSpecification", "cpuOptions", "creditSpecification",
    "disableApiStop", "disableApiTermination", "ebsOptimized", "enclaveOptions",
    "hibernationOptions", "iamInstanceProfile", "imageId", "instanceInitiatedShutdownBehavior",
    "instanceMarketOptions", "instanceType", "keyName", "licenseSpecifications",
    "maintenanceOptions", "metadataOptions", "monitoring", "networkInterfaces", "placement",
    "privateDnsNameOptions", "securityGroupNames", "tagSpecifications", "userData",
    "vpcSecurityGroupIds",
)  # fmt: skip
_VERSIONED = (*_DATA, "description")


def _create_template(aws: Aws, props: Props) -> str:
    answer = aws.ec2(
        "create_launch_template",
        LaunchTemplateName=props["name"],
        LaunchTemplateData=pick(props, *_DATA),
        **_note(props),
        **tag_specifications("launch-template", props),
    )
    return answer["LaunchTemplate"]["LaunchTemplateId"]


def _note(props: Props) -> Props:
    return {"VersionDescription": props["description"]} if props.get("description") else {}


def _update_template(aws: Aws, identity: str, change: Change) -> None:
    default = change.new.get("defaultVersion") if change.touches("defaultVersion") else None
    if change.touches(*_VERSIONED):
        version = aws.ec2(
            "create_launch_template_version",
            LaunchTemplateId=identity,
            LaunchTemplateData=pick(change.new, *_DATA),
            **_note(change.new),
        )["LaunchTemplateVersion"]["VersionNumber"]
        default = version if change.new.get("updateDefaultVersion") else default
    if default:
        aws.ec2("modify_launch_template", LaunchTemplateId=identity, DefaultVersion=str(default))
    retag_ec2(aws, [identity], change)


def _new_versions(change: Change) -> tuple[str, ...]:
    # Unknown at preview, so that an instance which follows the latest version shows as replaced.
    if not change.touches(*_VERSIONED):
        return ()
    moves = change.new.get("updateDefaultVersion")
    return ("latestVersion", "defaultVersion") if moves else ("latestVersion",)


def _read_template(aws: Aws, identity: str, _props: Props) -> Props | None:
    found = one(
        lambda: aws.ec2("describe_launch_templates", LaunchTemplateIds=[identity])[
            "LaunchTemplates"
        ]
    )
    if found is None:
        return None
    return {
        **live_tags(found),
        "arn": aws.arn("ec2", f"launch-template/{identity}"),
        "name": found["LaunchTemplateName"],
        "latestVersion": found["LatestVersionNumber"],
        "defaultVersion": found["DefaultVersionNumber"],
    }


def _delete_template(aws: Aws, identity: str, _props: Props) -> None:
    quietly(lambda: aws.ec2("delete_launch_template", LaunchTemplateId=identity))


LAUNCH = [
    ResourceType(
        token="aws:ec2/placementGroup:PlacementGroup",
        create=_create_placement,
        read=_read_placement,
        update=_update_placement,
        delete=_delete_placement,
        replaces=("name", "strategy", "partitionCount", "spreadLevel"),
        computed=("arn", "placementGroupId"),
        name="name",
        required=("strategy",),
    ),
    ResourceType(
        token="aws:ec2/launchTemplate:LaunchTemplate",
        create=_create_template,
        read=_read_template,
        update=_update_template,
        delete=_delete_template,
        replaces=("name",),
        updates=(*_VERSIONED, "defaultVersion", "updateDefaultVersion"),
        computed=("arn", "latestVersion", "defaultVersion"),
        volatile=_new_versions,
        name="name",
    ),
]
