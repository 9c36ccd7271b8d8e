"""An existing VPC: what may stand beside it in the configuration, and whether it is fit."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.addresses import CIDR_KEY
from cluster.preflight.facts import (
    Facts,
    Question,
    Subnet,
    Unanswered,
    Vpc,
    answered,
    unknown,
    yes,
)
from sizing.errors import InputError, nearest_name
from sizing.plan import Finding
from sizing.stack_config import DEFAULT_VPC_CIDR, Egress, NetworkConfig

VPC_KEY = "network.vpcId"
SUBNETS_KEY = "network.subnetIds"
BALANCER_KEY = "network.loadBalancerSubnetIds"
EGRESS_KEY = "network.egress"
WAY_OUT = "way out"
_LISTED = 6


def check_consistent(network: NetworkConfig) -> None:
    """Raises InputError for network keys that contradict each other."""
    if not network.is_existing:
        _check_new(network)
        return
    key = SUBNETS_KEY if network.subnet_ids else VPC_KEY
    if network.vpc_cidr != DEFAULT_VPC_CIDR:
        allowed = f"nothing with {key}: an existing VPC has its own block"
        raise InputError(CIDR_KEY, network.vpc_cidr, allowed)
    if network.egress is not Egress.AUTO:
        allowed = f"auto with {key}: an existing VPC keeps its own way out"
        raise InputError(EGRESS_KEY, network.egress.value, allowed, Egress.AUTO.value)


def _check_new(network: NetworkConfig) -> None:
    if network.load_balancer_subnet_ids:
        shown = ", ".join(network.load_balancer_subnet_ids)
        allowed = f"nothing without {SUBNETS_KEY}: the load balancer lies in the nodes' VPC"
        raise InputError(BALANCER_KEY, shown, allowed)


def vpc_of_subnets(network: NetworkConfig, subnets: tuple[Subnet, ...] | Unanswered) -> str | None:
    """The VPC of the first of `network.subnetIds`; None where it is not known."""
    known = {subnet.id: subnet.vpc_id for subnet in answered(subnets)}
    return next((known[i] for i in network.subnet_ids if i in known), None)


def existing_vpc(
    question: Question, facts: Facts, of_subnets: str | None
) -> tuple[str, str | None]:
    """The VPC's id and its block; the block is None where AWS did not say.

    `of_subnets` is the VPC of the given subnets, if it is known. Raises InputError if `vpcId` names
    none of the region's VPCs, or is needed and missing.
    """
    wanted = question.network.vpc_id or of_subnets
    if wanted is None:
        raise InputError(VPC_KEY, None, f"the VPC of {SUBNETS_KEY}, as AWS did not say which it is")
    if isinstance(facts.vpcs, Unanswered):
        return wanted, None
    found = next((vpc for vpc in facts.vpcs if vpc.id == wanted), None)
    if found:
        return found.id, found.cidr
    if wanted == of_subnets:
        return wanted, None
    raise _no_vpc(wanted, question.region, facts.vpcs)


def check_dns(facts: Facts, vpc_id: str) -> Iterator[Finding]:
    """Whether names resolve in the VPC; raises InputError if they do not."""
    dns = facts.dns
    if dns is None or isinstance(dns, Unanswered):
        yield unknown("dns", dns or "the VPC's attributes were not read")
        return
    if not dns.support:
        command = f"aws ec2 modify-vpc-attribute --vpc-id {vpc_id} --enable-dns-support"
        allowed = (
            f"a VPC that resolves names, as nodes look AWS up by name; turn it on: `{command}`"
        )
        raise InputError(VPC_KEY, vpc_id, allowed)
    private = "" if dns.hostnames else "; DNS hostnames are off: no private names for endpoints"
    yield yes("dns", f"{vpc_id} resolves names{private}")


def check_way_out(facts: Facts, subnet_id: str) -> Finding:
    """How nodes in the subnet reach AWS. Never a no: endpoints in the VPC may stand in."""
    routes = facts.routes
    if routes is None or isinstance(routes, Unanswered):
        return unknown(WAY_OUT, routes or "the VPC's routes were not read")
    target = routes.by_subnet.get(subnet_id, routes.main)
    if target and not target.startswith("igw-"):
        return yes(WAY_OUT, f"{subnet_id} by {target}")
    where = f"goes to {target}, which serves public addresses only" if target else "is missing"
    needs = "nodes need VPC endpoints or a NAT gateway, or their boot stops"
    return unknown(WAY_OUT, f"the default route of {subnet_id} {where}: {needs}")


def _no_vpc(wanted: str, region: str, vpcs: tuple[Vpc, ...]) -> InputError:
    listed = ", ".join(f"{vpc.id} ({vpc.cidr})" for vpc in vpcs[:_LISTED])
    nearest = nearest_name(wanted, [vpc.id for vpc in vpcs])
    return InputError(VPC_KEY, wanted, f"the id of a VPC in {region}: {listed or 'none'}", nearest)
