"""Everything about a cluster that is decided before AWS is asked for anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cluster.addresses import Subnets, subnets
from cluster.boot import user_data
from cluster.efa import addresses_per_node
from cluster.identity import Identity
from cluster.image import image_parameter
from cluster.market import Market, market_for
from cluster.names import NodePlacement, node_placements
from sizing.catalog.instances import instance
from sizing.plan import Plan
from sizing.stack_config import PROJECT, StackConfig


@dataclass(frozen=True, slots=True)
class Design:
    """A checked plan, ready to be made.

    `images` are SSM parameters by instance type, `user_data` is by node name.
    """

    config: StackConfig
    plan: Plan
    market: Market
    placements: tuple[NodePlacement, ...]
    subnets: Subnets
    images: Mapping[str, str]
    user_data: Mapping[str, str]

    @property
    def model(self) -> str:
        """The model's name for tags: its Hugging Face id where it has one."""
        return self.plan.hf_id or self.plan.model


def design(name: str, config: StackConfig, plan: Plan) -> Design:
    """The design of a cluster called `name`. Raises InputError for what AWS would refuse."""
    placements = node_placements(name, plan.node_groups)
    identity = Identity(PROJECT, name, name, plan.region)
    kinds = [instance(node.instance_type) for node in placements]
    return Design(
        config=config,
        plan=plan,
        market=market_for(plan.purchase, config.capacity_reservation_id),
        placements=placements,
        subnets=subnets(config.network.vpc_cidr, sum(map(addresses_per_node, kinds))),
        images={kind.name: image_parameter(kind) for kind in kinds},
        user_data={node.name: user_data(plan, node, identity, None) for node in placements},
    )
