"""The nodes: placement, launch template and one instance each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cluster.access import Access
from cluster.capacity import on_failed_launch
from cluster.design import Design
from cluster.efa import Interface, network_interfaces
from cluster.market import Market
from cluster.names import NodePlacement
from cluster.network import Network
from cluster.preflight import Site
from cluster.scope import Scope
from cluster.tags import node_tags
from sizing.catalog.instances import instance
from sizing.instance import InstanceType
from sizing.stack_config import Replacement

_ROOT_DEVICE = "/dev/sda1"
_CREATE_TIMEOUT = "15m"
_DEFAULT_TENANCY = "default"


@dataclass(frozen=True, slots=True)
class Node:
    """A node that was made, with where it stands in the plan."""

    placement: NodePlacement
    instance: aws.ec2.Instance
    status_parameter: str

    def facts(self) -> dict[str, pulumi.Input[object]]:
        """The node as it is shown among a stack's outputs."""
        return {
            "name": self.placement.name,
            "id": self.instance.id,
            "privateIp": self.instance.private_ip,
            "instanceType": self.placement.instance_type,
            "replicas": list(self.placement.replicas),
            "rank": self.placement.rank,
            "statusParameter": self.status_parameter,
        }


@dataclass(frozen=True, slots=True)
class NodeMaker:
    """Makes the nodes of one design at one site. They wait for `after`; `images` are the machine
    images' ids by instance type."""

    scope: Scope
    design: Design
    site: Site
    network: Network
    access: Access
    images: Mapping[str, pulumi.Input[str]]
    after: Sequence[pulumi.Resource] = ()

    def make(self) -> list[Node]:
        """One instance a placement, in order."""
        placements = self.design.placements
        types = dict.fromkeys(placement.instance_type for placement in placements)
        templates = {name: self._launch_template(instance(name)) for name in types}
        groups = self._placement_groups(placements)
        return [
            Node(
                placement=p,
                instance=self._instance(p, templates[p.instance_type], groups),
                status_parameter=self.scope.identity.status_parameter(p.name),
            )
            for p in placements
        ]

    def _placement_groups(
        self, placements: Sequence[NodePlacement]
    ) -> dict[int, aws.ec2.PlacementGroup]:
        """One group for each replica that spans nodes, by replica."""
        # A reservation has fixed the place: EC2 matches it in no other group than its own.
        if self.design.market.reservation_id is not None:
            return {}
        # A group a replica, not one for all: only a replica's own nodes talk to each other, and
        # EC2 finds room for a few neighbours more easily than for many.
        spanning = dict.fromkeys(p.first_replica for p in placements if p.spans_nodes)
        return {
            replica: aws.ec2.PlacementGroup(
                self.scope.child(f"replica-{replica}"),
                strategy="cluster",
                tags=self.scope.tags,
                opts=self.scope.opts(),
            )
            for replica in spanning
        }

    def _launch_template(self, kind: InstanceType) -> aws.ec2.LaunchTemplate:
        market, pinned = self.design.market, self.design.config.image_id
        # A newer image must not replace a running node by surprise; a pinned one is meant.
        keep_image = pulumi.ResourceOptions(ignore_changes=None if pinned else ["imageId"])
        return aws.ec2.LaunchTemplate(
            self.scope.child(kind.name),
            image_id=self.images[kind.name],
            instance_type=kind.name,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(
                arn=self.access.profile.arn
            ),
            metadata_options=_imds_v2(),
            block_device_mappings=[_root_volume(self.design.config.root_volume_gb)],
            network_interfaces=self._interfaces(network_interfaces(kind)),
            instance_market_options=_market_options(market),
            capacity_reservation_specification=_reservation(market),
            placement=self._tenancy(),
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(
                    resource_type=kind_, tags=self.scope.tags
                )
                for kind_ in ("instance", "volume", "network-interface")
            ],
            tags=self.scope.tags,
            opts=pulumi.ResourceOptions.merge(self.scope.opts(), keep_image),
        )

    def _tenancy(self) -> aws.ec2.LaunchTemplatePlacementArgs | None:
        """A reservation takes only instances of its own tenancy."""
        reservation = self.site.reservation
        if reservation is None or reservation.tenancy == _DEFAULT_TENANCY:
            return None
        return aws.ec2.LaunchTemplatePlacementArgs(tenancy=reservation.tenancy)

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
                subnet_id=self.network.node_subnet_id,
                security_groups=[self.network.nodes.id],
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
    ) -> aws.ec2.Instance:
        group = groups.get(placement.first_replica)
        opts = pulumi.ResourceOptions(
            custom_timeouts=pulumi.CustomTimeouts(create=_CREATE_TIMEOUT),
            delete_before_replace=self._delete_first(),
            hooks=on_failed_launch(placement.name, self.design.plan),
        )
        after = [*self.network.ready, *self.access.ready, *self.after]
        # Subnet and security group stand in the template: EC2 refuses them beside interfaces.
        return aws.ec2.Instance(
            placement.name,
            launch_template=aws.ec2.InstanceLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(_version)
            ),
            placement_group=group.name if group else None,
            user_data=self.design.user_data[placement.name],
            user_data_replace_on_change=True,
            tags=node_tags(self.scope.tags, placement),
            opts=pulumi.ResourceOptions.merge(self.scope.opts(after=after), opts),
        )

    def _delete_first(self) -> bool | None:
        """A full reservation has no room for the new node until the old one is gone."""
        wanted = self.design.config.replacement
        reserved = self.design.market.reservation_id is not None
        if wanted is Replacement.DELETE_FIRST or (wanted is Replacement.AUTO and reserved):
            return True
        return None


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
