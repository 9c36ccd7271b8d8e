"""The table's EC2 instance."""

from __future__ import annotations

import base64
from typing import Any

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    first,
    live_tags,
    one,
    quietly,
    retag_ec2,
    tag_specifications,
)
from sandbox.aws_provider.values import Props, aws_params, pick

_PLACEMENT = {
    "availabilityZone": "AvailabilityZone",
    "placementGroup": "GroupName",
    "placementPartitionNumber": "PartitionNumber",
    "tenancy": "Tenancy",
    "hostId": "HostId",
}
_AS_THEY_ARE = (
    "capacityReservationSpecification", "cpuOptions", "disableApiStop", "disableApiTermination",
    "ebsOptimized", "instanceMarketOptions", "instanceType",
    "keyName", "metadataOptions",
)  # fmt: skip


def _create(aws: Aws, props: Props) -> str:
    instance = aws.ec2("run_instances", **run_parameters(aws, props))["Instances"][0]
    identity: str = instance["InstanceId"]
    if props.get("sourceDestCheck") is False:
        _set(aws, identity, SourceDestCheck={"Value": False})
    return identity


def run_parameters(aws: Aws, props: Props) -> Props:
    """The RunInstances request for one instance."""
    params: dict[str, Any] = {"MinCount": 1, "MaxCount": 1, **pick(props, *_AS_THEY_ARE)}
    optional = {
        "ImageId": props.get("ami"),
        "LaunchTemplate": _template(props.get("launchTemplate")),
        "IamInstanceProfile": {"Name": p} if (p := props.get("iamInstanceProfile")) else None,
        "Placement": {name: props[key] for key, name in _PLACEMENT.items() if props.get(key)},
        "UserData": _user_data(props),
        "BlockDeviceMappings": _block_devices(aws, props),
        **_addressing(props),
    }
    params.update({key: value for key, value in optional.items() if value})
    return {**params, **tag_specifications("instance", props)}


def _template(reference: Props | None) -> Props | None:
    if not reference:
        return None
    key, name = (
        ("id", "LaunchTemplateId") if reference.get("id") else ("name", "LaunchTemplateName")
    )
    return {name: reference[key], "Version": str(reference.get("version", "$Default"))}


def _user_data(props: Props) -> str | bytes | None:
    # boto3 encodes user data itself, so what is encoded already must be decoded first.
    if encoded := props.get("userDataBase64"):
        return base64.b64decode(encoded)
    return props.get("userData")


def _addressing(props: Props) -> Props:
    placed = pick(props, "subnetId", "vpcSecurityGroupIds")
    if "associatePublicIpAddress" not in props:
        return {**placed, "PrivateIpAddress": props.get("privateIp")}
    # A public address can only be asked for on an interface, which then carries the rest too.
    interface = {
        "DeviceIndex": 0,
        "AssociatePublicIpAddress": props["associatePublicIpAddress"],
        "DeleteOnTermination": True,
        "SubnetId": props.get("subnetId"),
        "Groups": props.get("vpcSecurityGroupIds"),
        "PrivateIpAddress": props.get("privateIp"),
    }
    return {"NetworkInterfaces": [{k: v for k, v in interface.items() if v is not None}]}


def _block_devices(aws: Aws, props: Props) -> list[Props]:
    devices: list[Props] = []
    if root := props.get("rootBlockDevice"):
        devices.append({"DeviceName": _root_device(aws, props["ami"]), "Ebs": _volume(root)})
    for extra in props.get("ebsBlockDevices", []):
        devices.append({"DeviceName": extra["deviceName"], "Ebs": _volume(extra)})
    return devices


def _volume(device: Props) -> Props:
    settings = {k: v for k, v in device.items() if k not in ("deviceName", "tags", "tagsAll")}
    return {"DeleteOnTermination": True, **aws_params(settings)}


def _root_device(aws: Aws, image: str) -> str:
    found = one(lambda: aws.ec2("describe_images", ImageIds=[image])["Images"])
    return (found or {}).get("RootDeviceName", "/dev/sda1")


def _describe(aws: Aws, identity: str) -> Props | None:
    reservation = one(lambda: aws.ec2("describe_instances", InstanceIds=[identity])["Reservations"])
    found = reservation["Instances"][0] if reservation else None
    alive = found and found["State"]["Name"] not in ("terminated", "shutting-down")
    return found if alive else None


def _read(aws: Aws, identity: str, props: Props) -> Props | None:
    found = _describe(aws, identity)
    if found is None:
        return None
    interfaces: list[Props] = found.get("NetworkInterfaces", [])
    primary = first([i for i in interfaces if _is_primary(i)])
    groups: list[Props] = primary.get("Groups", [])
    live: Props = {
        **live_tags(found),
        "arn": aws.arn("ec2", f"instance/{identity}"),
        "ami": found["ImageId"],
        "instanceType": found["InstanceType"],
        "instanceState": found["State"]["Name"],
        "availabilityZone": found["Placement"].get("AvailabilityZone", ""),
        "placementGroup": found["Placement"].get("GroupName", ""),
        "subnetId": found.get("SubnetId", ""),
        "primaryNetworkInterfaceId": primary.get("NetworkInterfaceId", ""),
        "privateIp": found.get("PrivateIpAddress", ""),
        "privateDns": found.get("PrivateDnsName", ""),
        "publicIp": found.get("PublicIpAddress", ""),
        "publicDns": found.get("PublicDnsName", ""),
        "vpcSecurityGroupIds": sorted(group["GroupId"] for group in groups),
    }
    if str(props.get("ami", "")).startswith("resolve:"):
        del live["ami"]  # the program's word for it, not a change
    return live


def _is_primary(interface: Props) -> bool:
    attachment = interface.get("Attachment", {})
    return attachment.get("DeviceIndex") == 0 and attachment.get("NetworkCardIndex", 0) == 0


def _set(aws: Aws, identity: str, **attribute: Any) -> None:
    aws.ec2("modify_instance_attribute", InstanceId=identity, **attribute)


_SWITCHES = {"disableApiTermination": "DisableApiTermination", "disableApiStop": "DisableApiStop"}


def _update(aws: Aws, identity: str, change: Change) -> None:
    new = change.new
    if change.touches("instanceType", "userData", "userDataBase64"):
        _update_stopped(aws, identity, change)
    if change.touches("vpcSecurityGroupIds"):
        _set(aws, identity, Groups=new["vpcSecurityGroupIds"])
    if change.touches("sourceDestCheck"):
        _set(aws, identity, SourceDestCheck={"Value": new.get("sourceDestCheck", True)})
    for key, name in _SWITCHES.items():
        if change.touches(key):
            _set(aws, identity, **{name: {"Value": bool(new.get(key))}})
    if change.touches("metadataOptions"):
        options = aws_params(new.get("metadataOptions", {}))
        aws.ec2("modify_instance_metadata_options", InstanceId=identity, **options)
    if change.touches("iamInstanceProfile"):
        _swap_profile(aws, identity, new.get("iamInstanceProfile"))
    if change.touches("rootBlockDevice"):
        _resize_root(aws, identity, new["rootBlockDevice"])
    retag_ec2(aws, [identity], change)


def _update_stopped(aws: Aws, identity: str, change: Change) -> None:
    """AWS changes the type and the user data of a stopped instance only."""
    aws.ec2("stop_instances", InstanceIds=[identity])
    if change.touches("instanceType"):
        _set(aws, identity, InstanceType={"Value": change.new["instanceType"]})
    if change.touches("userData", "userDataBase64"):
        _set(aws, identity, UserData={"Value": _user_data(change.new) or ""})
    aws.ec2("start_instances", InstanceIds=[identity])


def _swap_profile(aws: Aws, identity: str, profile: str | None) -> None:
    links = aws.ec2(
        "describe_iam_instance_profile_associations",
        Filters=[{"Name": "instance-id", "Values": [identity]}],
    )["IamInstanceProfileAssociations"]
    for link in links:
        aws.ec2("disassociate_iam_instance_profile", AssociationId=link["AssociationId"])
    if profile:
        aws.ec2(
            "associate_iam_instance_profile",
            InstanceId=identity,
            IamInstanceProfile={"Name": profile},
        )


def _resize_root(aws: Aws, identity: str, device: Props) -> None:
    found = _describe(aws, identity) or {}
    root = found.get("RootDeviceName")
    for mapping in found.get("BlockDeviceMappings", []):
        if mapping["DeviceName"] == root:
            settings = aws_params(
                {
                    "size": device.get("volumeSize"),
                    "volumeType": device.get("volumeType"),
                    "iops": device.get("iops"),
                    "throughput": device.get("throughput"),
                }
            )
            aws.ec2("modify_volume", VolumeId=mapping["Ebs"]["VolumeId"], **settings)


def _delete(aws: Aws, identity: str, _props: Props) -> None:
    quietly(lambda: aws.ec2("terminate_instances", InstanceIds=[identity]))


def _replaced_by_user_data(new: Props) -> tuple[str, ...]:
    return ("userData", "userDataBase64") if new.get("userDataReplaceOnChange") else ()


INSTANCE = [
    ResourceType(
        token="aws:ec2/instance:Instance",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        replaces=(
            "ami", "associatePublicIpAddress", "availabilityZone",
            "capacityReservationSpecification", "cpuOptions", "ebsBlockDevices", "ebsOptimized",
            "hostId", "instanceMarketOptions", "keyName", "launchTemplate", "placementGroup",
            "placementPartitionNumber", "privateIp", "rootBlockDevice.encrypted",
            "rootBlockDevice.kmsKeyId", "subnetId", "tenancy",
        ),
        updates=(
            "disableApiStop", "disableApiTermination", "iamInstanceProfile",
            "instanceType", "metadataOptions",
            "rootBlockDevice", "sourceDestCheck", "userData", "userDataBase64",
            "userDataReplaceOnChange", "vpcSecurityGroupIds",
        ),
        computed=(
            "ami", "arn", "availabilityZone", "instanceState", "instanceType", "placementGroup",
            "primaryNetworkInterfaceId", "privateDns", "privateIp", "publicDns", "publicIp",
            "subnetId", "vpcSecurityGroupIds",
        ),
        replaces_when=_replaced_by_user_data,
        volatile=lambda change: ("publicIp", "publicDns") if change.touches("instanceType") else (),
    )
]  # fmt: skip
