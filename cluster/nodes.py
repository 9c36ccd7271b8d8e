"""The nodes: role, placement, launch template and one instance each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cluster.efa import Interface, network_interfaces
from cluster.market import Market
from cluster.names import NodePlacement
from cluster.network import Network
from cluster.tags import node_tags
from sizing.catalog.instances import instance
from sizing.instance import InstanceType

_ROOT_DEVICE = "/dev/sda1"
_CREATE_TIMEOUT = "15m"
_EC2_MAY_ASSUME = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Node:
    """A node that was made, with where it stands in the plan."""

    placement: NodePlacement
    instance: aws.ec2.Instance

    def facts(self) -> dict[str, pulumi.Input[object]]:
        """The node as it is shown among a stack's outputs."""
        return {
            "name": self.placement.name,
            "id": self.instance.id,
            "privateIp": self.instance.private_ip,
            "instanceType": self.placement.instance_type,
            "replicas": list(self.placement.replicas),
            "rank": self.placement.rank,
        }


@dataclass(frozen=True, slots=True)
class NodeMaker:
    """Makes the nodes of one cluster as children of it.

    `images` are SSM parameters by instance type, `user_data` is by node name.
    """

    name: str
    region: str
    network: Network
    market: Market
    root_volume_gb: int
    images: Mapping[str, str]
    user_data: Mapping[str, str]
    tags: dict[str, str]
    opts: pulumi.ResourceOptions
    invoke_opts: pulumi.InvokeOptions

    def make(self, placements: Sequence[NodePlacement]) -> list[Node]:
        """One instance a placement, in order."""
        profile, attachment = self._instance_profile()
        types = dict.fromkeys(placement.instance_type for placement in placements)
        templates = {name: self._launch_template(instance(name), profile) for name in types}
        groups = self._placement_groups(placements)
        return [
            Node(p, self._instance(p, templates[p.instance_type], groups, attachment))
            for p in placements
        ]

    def _instance_profile(self) -> tuple[aws.iam.InstanceProfile, aws.iam.RolePolicyAttachment]:
        """Nodes are reached through Session Manager: no key, no open port."""
        role = aws.iam.Role(
            f"{self.name}-node",
            assume_role_policy=json.dumps(_EC2_MAY_ASSUME),
            tags=self.tags,
            opts=self.opts,
        )
        policy = f"arn:{partition(self.region)}:iam::aws:policy/AmazonSSMManagedInstanceCore"
        attachment = aws.iam.RolePolicyAttachment(
            f"{self.name}-ssm", role=role.name, policy_arn=policy, opts=self.opts
        )
        profile = aws.iam.InstanceProfile(
            f"{self.name}-node", role=role.name, tags=self.tags, opts=self.opts
        )
        return profile, attachment

    def _placement_groups(
        self, placements: Sequence[NodePlacement]
    ) -> dict[int, aws.ec2.PlacementGroup]:
        """One group for each replica that spans nodes, by replica."""
        # A reservation has fixed the place: EC2 matches it in no other group than its own.
        if self.market.reservation_id is not None:
            return {}
        # A group a replica, not one for all: only a replica's own nodes talk to each other, and
        # EC2 finds room for a few neighbours more easily than for many.
        spanning = dict.fromkeys(p.first_replica for p in placements if p.spans_nodes)
        return {
            replica: aws.ec2.PlacementGroup(
                f"{self.name}-replica-{replica}", strategy="cluster", tags=self.tags, opts=self.opts
            )
            for replica in spanning
        }

    def _launch_template(
        self, kind: InstanceType, profile: aws.iam.InstanceProfile
    ) -> aws.ec2.LaunchTemplate:
        # A newer image must not replace a running node by surprise.
        keep_image = pulumi.ResourceOptions(ignore_changes=["imageId"])
        return aws.ec2.LaunchTemplate(
            f"{self.name}-{kind.name}",
            image_id=self._image_id(kind),
            instance_type=kind.name,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=profile.arn),
            metadata_options=_imds_v2(),
            block_device_mappings=[_root_volume(self.root_volume_gb)],
            network_interfaces=self._interfaces(network_interfaces(kind)),
            instance_market_options=_market_options(self.market),
            capacity_reservation_specification=_reservation(self.market),
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind_, tags=self.tags)
                for kind_ in ("instance", "volume", "network-interface")
            ],
            tags=self.tags,
            opts=pulumi.ResourceOptions.merge(self.opts, keep_image),
        )

    def _image_id(self, kind: InstanceType) -> pulumi.Output[str]:
        path = self.images[kind.name]
        found = aws.ssm.get_parameter_output(name=path, opts=self.invoke_opts)
        # The other field is always a secret, and a public image's id need not be one.
        return found.insecure_value

    def _interfaces(
        self, interfaces: Sequence[Interface]
    ) -> list[aws.ec2.LaunchTemplateNetworkInterfaceArgs]:
        # EC2 takes this field only with a single interface; several never get a public address.
        no_public_address = "false" if len(interfaces) == 1 else None
        return [
            aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                network_card_index=interface.card,
                device_index=interface.device,
                interface_type=interface.type.value,
                subnet_id=self.network.subnet_id,
                security_groups=[self.network.security_group_id],
                associate_public_ip_address=no_public_address,
                delete_on_termination="true",
            )
            for interface in interfaces
        ]

    def _instance(
        self,
        placement: NodePlacement,
        template: aws.ec2.LaunchTemplate,
        groups: Mapping[int, aws.ec2.PlacementGroup],
        attachment: aws.iam.RolePolicyAttachment,
    ) -> aws.ec2.Instance:
        group = groups.get(placement.first_replica)
        # A full reservation has no room for the new node until the old one is gone.
        first_delete = True if self.market.reservation_id is not None else None
        opts = pulumi.ResourceOptions(
            depends_on=[*self.network.ready, attachment],
            custom_timeouts=pulumi.CustomTimeouts(create=_CREATE_TIMEOUT),
            delete_before_replace=first_delete,
        )
        # Subnet and security group stand in the template: EC2 refuses them beside interfaces.
        return aws.ec2.Instance(
            placement.name,
            launch_template=aws.ec2.InstanceLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(_version)
            ),
            placement_group=group.name if group else None,
            user_data=self.user_data[placement.name],
            user_data_replace_on_change=True,
            tags=node_tags(self.tags, placement),
            opts=pulumi.ResourceOptions.merge(self.opts, opts),
        )


def partition(region: str) -> str:
    """The AWS partition that a region lies in; ARNs begin with it."""
    prefixes = {"us-gov-": "aws-us-gov", "cn-": "aws-cn"}
    return next((name for start, name in prefixes.items() if region.startswith(start)), "aws")


def _version(number: float) -> str:
    return str(int(number))


def _imds_v2() -> aws.ec2.LaunchTemplateMetadataOptionsArgs:
    # One hop: nothing on the node runs behind a bridge that would need a second one.
    return aws.ec2.LaunchTemplateMetadataOptionsArgs(
        http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
    )


def _root_volume(size_gb: int) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=_ROOT_DEVICE,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type="gp3",
            volume_size=size_gb,
            encrypted="true",
            delete_on_termination="true",
        ),
    )


def _market_options(market: Market) -> aws.ec2.LaunchTemplateInstanceMarketOptionsArgs | None:
    if market.market_type is None:
        return None
    one_time = aws.ec2.LaunchTemplateInstanceMarketOptionsSpotOptionsArgs(
        spot_instance_type="one-time", instance_interruption_behavior="terminate"
    )
    return aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(
        market_type=market.market_type,
        spot_options=one_time if market.market_type == "spot" else None,
    )


def _reservation(
    market: Market,
) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs | None:
    if market.reservation_id is None:
        return None
    return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
        capacity_reservation_target=(
            aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
                capacity_reservation_id=market.reservation_id
            )
        )
    )
