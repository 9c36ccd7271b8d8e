"""GpuCluster: from a model, a precision and a load to the nodes that serve them."""
# No `from __future__ import annotations`: Pulumi reads the annotations at run time.

from collections.abc import Sequence
from typing import Any

import pulumi

from cluster.args import GpuClusterArgs, plain_args
from cluster.design import Design, design
from cluster.errors import property_errors
from cluster.network import Network, NetworkMaker, account_zones
from cluster.nodes import Node, NodeMaker
from cluster.tags import shared_tags
from cluster.zone import choose_zone
from sizing.plan import Plan
from sizing.planner import plan_for
from sizing.stack_config import StackConfig

TYPE = "gpu-sizing:index:GpuCluster"


class GpuCluster(pulumi.ComponentResource):
    """GPU nodes sized for a model, a precision and a load, in a private network of their own."""

    plan: pulumi.Output[dict[str, Any]]
    """The plan: what runs, on what, at what cost, and how each figure is known."""
    nodes: pulumi.Output[list[dict[str, Any]]]
    """The nodes: name, id, privateIp, instanceType, replicas, rank."""
    hourly_cost_usd: pulumi.Output[float | None]
    """USD an hour for all nodes; absent where no price is known."""
    monthly_cost_usd: pulumi.Output[float | None]
    """USD a month for all nodes; absent where no price is known."""
    cost_breakdown: pulumi.Output[list[dict[str, Any]]]
    """The priced items."""
    endpoint_url: pulumi.Output[str | None]
    """Where the model answers; absent, as the nodes do not serve yet."""

    def __init__(
        self,
        name: str,
        args: GpuClusterArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        plan: Plan | None = None,
    ) -> None:
        """Checks everything first: a mistake raises InputPropertyError before a child is made.

        `plan` is the plan of these very arguments where the caller has made it already.
        """
        with property_errors():
            config = StackConfig.from_mapping(plain_args(args))
            wanted = design(name, config, plan or plan_for(config))
        inputs = config.model_dump(mode="json", by_alias=True, exclude_unset=True)
        super().__init__(TYPE, name, inputs, opts)
        with property_errors():
            made = self._make(name, wanted)
        self.results = _results(wanted.plan, made)
        self._set_outputs()
        self.register_outputs(self.results)

    def _make(self, name: str, wanted: Design) -> list[Node]:
        own = pulumi.ResourceOptions(parent=self)
        tags = shared_tags(pulumi.get_stack(), wanted.model)
        return NodeMaker(
            name=name,
            region=wanted.plan.region,
            network=self._network(name, wanted, tags),
            market=wanted.market,
            root_volume_gb=wanted.config.root_volume_gb,
            images=wanted.images,
            user_data=wanted.user_data,
            tags=tags,
            opts=own,
            invoke_opts=pulumi.InvokeOptions(parent=self),
        ).make(wanted.placements)

    def _network(self, name: str, wanted: Design, tags: dict[str, str]) -> Network:
        plan, network = wanted.plan, wanted.config.network
        zones = account_zones(pulumi.InvokeOptions(parent=self))
        zone = choose_zone(
            zones, plan.zones, network.availability_zone, plan.instance_type, plan.region
        )
        return NetworkMaker(
            name=name,
            region=plan.region,
            zone=zone,
            vpc_cidr=network.vpc_cidr,
            subnets=wanted.subnets,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        ).make()

    def _set_outputs(self) -> None:
        known = pulumi.Output.from_input
        self.plan = known(self.results["plan"])
        self.nodes = known(self.results["nodes"])
        self.hourly_cost_usd = known(self.results["hourlyCostUsd"])
        self.monthly_cost_usd = known(self.results["monthlyCostUsd"])
        self.cost_breakdown = known(self.results["costBreakdown"])
        self.endpoint_url = known(self.results["endpointUrl"])


def _results(plan: Plan, nodes: Sequence[Node]) -> dict[str, Any]:
    """The outputs by name. Plain where they are known, so that a preview shows them."""
    return {
        "plan": plan.model_dump(mode="json"),
        "nodes": [node.facts() for node in nodes],
        "hourlyCostUsd": plan.cost.usd_per_hour,
        "monthlyCostUsd": plan.cost.usd_per_month,
        "costBreakdown": [line.model_dump(mode="json") for line in plan.cost.lines],
        "endpointUrl": None,
    }
