"""GpuCluster: from a model, a precision and a load to the nodes that serve them."""
# No `from __future__ import annotations`: Pulumi reads the annotations at run time.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pulumi

from cluster.access import make_access
from cluster.account import Place, own_clients, own_place, providers_place, public_parameter
from cluster.args import GpuClusterArgs, plain_args, secret_args
from cluster.design import Design, design, warnings
from cluster.endpoint import Endpoint, Target, make_endpoint, ports
from cluster.errors import property_errors
from cluster.identity import Identity
from cluster.network import Network, NetworkMaker, existing_network
from cluster.nodes import Node, NodeMaker
from cluster.operations import AlarmMaker, make_log_group
from cluster.preflight import Site
from cluster.scope import Scope
from cluster.site import choose_site, with_reservation
from cluster.stored import make_head_parameters, make_secrets, make_status_parameters
from cluster.tags import shared_tags
from sizing.aws import Clients
from sizing.plan import Plan
from sizing.planner import plan_for
from sizing.render.text import wrapped
from sizing.stack_config import StackConfig

TYPE = "gpu-sizing:index:GpuCluster"


class GpuCluster(pulumi.ComponentResource):
    """GPU nodes sized for a model, a precision and a load, serving it inside a private network."""

    plan: pulumi.Output[dict[str, Any]]
    """The plan: what runs, on what, at what cost, and how each figure is known."""
    nodes: pulumi.Output[list[dict[str, Any]]]
    """The nodes: name, id, privateIp, instanceType, replicas, rank, statusParameter."""
    hourly_cost_usd: pulumi.Output[float | None]
    """USD an hour, all in; absent where the nodes' price is not known."""
    monthly_cost_usd: pulumi.Output[float | None]
    """USD a month, all in; absent where the nodes' price is not known."""
    cost_breakdown: pulumi.Output[list[dict[str, Any]]]
    """Every item that is created or flows; one without a known price has none."""
    endpoint_url: pulumi.Output[str | None]
    """Where the model answers (OpenAI-compatible, inside the VPC); absent for nodes alone."""

    def __init__(
        self,
        name: str,
        args: GpuClusterArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        plan: Plan | None = None,
        clients: Clients | None = None,
    ) -> None:
        """Checks everything first: a mistake raises InputPropertyError before a child is made.

        `plan` is the plan of these very arguments where the caller has made it already; `clients`
        ask the account before anything is made; they must have the provider's own credentials
        (default: what the environment holds, where it leads to the provider's account).
        """
        secrets = secret_args(args)
        with property_errors():
            config = StackConfig.from_mapping(plain_args(args))
            asking = clients or own_clients()
            if plan is None:  # else the plan's maker has asked what the reservation stands for
                config = with_reservation(config, asking)
            identity = Identity(pulumi.get_project(), pulumi.get_stack(), name, config.region)
            wanted = design(identity, config, plan or plan_for(config, secrets), secrets.keys())
        inputs = config.model_dump(mode="json", by_alias=True, exclude_unset=True)
        super().__init__(TYPE, name, inputs, _protected(opts, config))
        with property_errors():
            place = own_place(config.region, clients) or providers_place(
                config.region, asking, pulumi.InvokeOptions(parent=self)
            )
            self.results = self._make(wanted, secrets, place)
        self._set_outputs()
        self.register_outputs(self.results)

    def _make(
        self,
        wanted: Design,
        secrets: Mapping[str, pulumi.Input[str]],
        place: Place,
    ) -> dict[str, Any]:
        for warning in warnings(wanted):
            pulumi.log.warn("\n".join(wrapped(warning)), self)
        site = choose_site(wanted, place)
        return _Maker(self._scope(wanted), wanted, site, place).make(secrets)

    def _scope(self, wanted: Design) -> Scope:
        return Scope(
            identity=wanted.identity,
            tags=shared_tags(
                wanted.identity.project, wanted.identity.stack, wanted.model, wanted.config.tags
            ),
            parent=self,
            protect=wanted.config.protect,
        )

    def _set_outputs(self) -> None:
        known = pulumi.Output.from_input
        self.plan = known(self.results["plan"])
        self.nodes = known(self.results["nodes"])
        self.hourly_cost_usd = known(self.results["hourlyCostUsd"])
        self.monthly_cost_usd = known(self.results["monthlyCostUsd"])
        self.cost_breakdown = known(self.results["costBreakdown"])
        self.endpoint_url = known(self.results["endpointUrl"])


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes one design at one site, from the network to the endpoint."""

    scope: Scope
    wanted: Design
    site: Site
    place: Place

    def make(self, secrets: Mapping[str, pulumi.Input[str]]) -> dict[str, Any]:
        """Everything, in the order in which a node needs it; the outputs by name."""
        wanted, scope = self.wanted, self.scope
        network = self._network()
        stored = make_secrets(scope, wanted.own_secrets(secrets))
        logs = make_log_group(scope, wanted.config.operations.log_retention_days)
        status = make_status_parameters(scope, wanted.placements)
        nodes = NodeMaker(
            scope=scope,
            design=wanted,
            site=self.site,
            network=network,
            access=make_access(scope, self.place.account, wanted.serving),
            images=self._images(),
            after=(*stored, logs, *status),
        ).make()
        make_head_parameters(scope, _heads(nodes))
        endpoint = self._endpoint(network, nodes)
        self._alarms().make(nodes, endpoint)
        return _results(wanted.plan, nodes, endpoint)

    def _images(self) -> dict[str, pulumi.Input[str]]:
        """The machine image of each type: the pinned one, else the newest."""
        pinned = self.wanted.config.image_id
        types = {node.instance_type for node in self.wanted.placements}
        if pinned:
            return dict.fromkeys(types, pinned)
        opts = self.scope.invoke_opts()
        return {
            name: public_parameter(self.place, path, opts)
            for name, path in self.wanted.images.items()
        }

    def _network(self) -> Network:
        if self.wanted.blocks is None:
            return existing_network(self.scope, self.site)
        return NetworkMaker(
            scope=self.scope,
            zones=self.site.zones,
            vpc_cidr=self.wanted.config.network.vpc_cidr,
            blocks=self.wanted.blocks,
            egress=self.wanted.egress,
            serving=self.wanted.serving is not None,
        ).make()

    def _endpoint(self, network: Network, nodes: Sequence[Node]) -> Endpoint | None:
        serving = self.wanted.serving
        if serving is None:
            return None
        targets = [
            Target(replica, node.instance.id, serving.port + index)
            for node in nodes
            if node.placement.rank == 0
            for index, replica in enumerate(node.placement.replicas)
        ]
        node_ports = ports(self.wanted.placements, serving.port)
        return make_endpoint(self.scope, network, self.wanted.config.serving, node_ports, targets)

    def _alarms(self) -> AlarmMaker:
        return AlarmMaker(
            scope=self.scope,
            account=self.place.account,
            config=self.wanted.config.operations,
            purchase=self.wanted.plan.purchase,
            reservation=self.site.reservation,
            now=datetime.now(UTC),
        )


def _protected(
    opts: pulumi.ResourceOptions | None, config: StackConfig
) -> pulumi.ResourceOptions | None:
    """The caller's options; what protects the component protects every child.

    All of them, since a destroy that may take the listener but not the nodes is an outage too.
    """
    if not config.protect:
        return opts
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=True))


def _heads(nodes: Sequence[Node]) -> dict[int, pulumi.Input[str]]:
    """The private address of rank 0 of each replica that spans nodes."""
    return {
        node.placement.first_replica: node.instance.private_ip
        for node in nodes
        if node.placement.spans_nodes and node.placement.rank == 0
    }


def _results(plan: Plan, nodes: Sequence[Node], endpoint: Endpoint | None) -> dict[str, Any]:
    """The outputs by name. Plain where they are known, so that a preview shows them."""
    return {
        "plan": plan.model_dump(mode="json"),
        "nodes": [node.facts() for node in nodes],
        "hourlyCostUsd": plan.cost.usd_per_hour,
        "monthlyCostUsd": plan.cost.usd_per_month,
        "costBreakdown": [line.model_dump(mode="json") for line in plan.cost.lines],
        "endpointUrl": endpoint.url if endpoint else None,
    }
