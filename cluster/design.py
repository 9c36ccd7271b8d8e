"""Everything about a cluster that is decided before AWS is asked for anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pulumi

from cluster.addresses import Blocks, blocks
from cluster.boot import lacks_efa, streams, user_data
from cluster.checks import check_settings
from cluster.choice import SECRET_KINDS, choose_serving
from cluster.disk import check_disk
from cluster.efa import addresses_per_node
from cluster.egress import choose_egress
from cluster.identity import Identity
from cluster.image import image_parameter
from cluster.market import Market, market_for
from cluster.names import NodePlacement, node_placements
from cluster.serving import Serving
from sizing.budget import budget_warning
from sizing.catalog.instances import instance
from sizing.egress import Egress
from sizing.plan import Plan
from sizing.stack_config import StackConfig


@dataclass(frozen=True, slots=True)
class Design:
    """A checked plan, ready to be made.

    `addresses` is what all nodes take from their subnet; `blocks` is None in an existing VPC;
    `serving` is None for nodes alone; `images` are SSM parameters by instance type, `user_data` is
    by node name.
    """

    identity: Identity
    config: StackConfig
    plan: Plan
    market: Market
    placements: tuple[NodePlacement, ...]
    addresses: int
    blocks: Blocks | None
    egress: Egress
    serving: Serving | None
    images: Mapping[str, str]
    user_data: Mapping[str, str]

    @property
    def model(self) -> str:
        """The model's name for tags: its Hugging Face id where it has one."""
        return self.plan.hf_id or self.plan.model

    def own_secrets(self, values: Mapping[str, pulumi.Input[str]]) -> dict[str, pulumi.Input[str]]:
        """Those of the stack's secrets that the nodes read, by kind."""
        read = self.serving.secrets if self.serving else ()
        kinds = {SECRET_KINDS[key]: value for key, value in values.items()}
        return {k: v for k, v in kinds.items() if self.identity.secret_name(k) in read}


def design(
    identity: Identity, config: StackConfig, plan: Plan, secrets: Collection[str] = ()
) -> Design:
    """The design of one cluster. `secrets` are the kinds that the stack itself brings.

    Raises InputError for what AWS or the engine would refuse.
    """
    check_settings(config)
    placements = node_placements(identity.name, plan.node_groups)
    kinds = [instance(node.instance_type) for node in placements]
    serving = choose_serving(plan, config, identity, secrets)
    if serving and not streams(serving):
        for kind in kinds:
            check_disk(plan, kind, config.root_volume_gb)
    egress = choose_egress(config.network.egress, serving)
    addresses = sum(map(addresses_per_node, kinds))
    return Design(
        identity=identity,
        config=config,
        plan=plan,
        market=market_for(plan.purchase, config.capacity_reservation_id),
        placements=placements,
        addresses=addresses,
        blocks=_blocks(config, addresses + len(egress.services)),
        egress=egress,
        serving=serving,
        images={} if config.image_id else {kind.name: image_parameter(kind) for kind in kinds},
        user_data={node.name: user_data(plan, node, identity, serving) for node in placements},
    )


def warnings(wanted: Design) -> tuple[str, ...]:
    """What works, but not as well as it should, or at a price near the budget."""
    return (*_slow(wanted), *filter(None, [budget_warning(wanted.plan.cost, wanted.config.budget)]))


def _slow(wanted: Design) -> tuple[str, ...]:
    spanning = any(node.spans_nodes for node in wanted.placements)
    if wanted.serving is None or not spanning or not lacks_efa(wanted.serving.image):
        return ()
    return (
        f"{wanted.serving.image} holds no EFA: the ranks of a replica on different nodes talk over "
        "TCP, which is slower; serving.image names an image with it",
    )


def _blocks(config: StackConfig, addresses: int) -> Blocks | None:
    if config.network.is_existing:
        return None
    return blocks(config.network.vpc_cidr, addresses)
