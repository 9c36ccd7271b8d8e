"""Which existing subnets the load balancer goes to: one a zone, in two zones or more."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.preflight.existing import BALANCER_KEY
from cluster.preflight.facts import (
    Facts,
    Question,
    Subnet,
    Unanswered,
    answered,
    unknown,
    yes,
)
from cluster.preflight.subnets import listing, named_subnets, own_addresses
from sizing.errors import InputError
from sizing.plan import Finding

WHAT = "load balancer"
# Elastic Load Balancing makes none where fewer are free.
FREE_ADDRESSES = 8
_FEWEST_ZONES = 2
_NODES_ALONE = "or serving.enabled: false for nodes alone"


def balancer_subnets(
    question: Question, facts: Facts, node: Subnet
) -> tuple[tuple[str, ...], Finding]:
    """The load balancer's subnets beside the nodes' one, and what is known of their room.

    They are `network.loadBalancerSubnetIds`, else the first roomy of `network.subnetIds` in each
    zone. Raises InputError if they do not span two zones, or leave out the nodes' own.
    """
    explicit = question.network.load_balancer_subnet_ids
    ids = explicit or question.network.subnet_ids
    given = named_subnets(BALANCER_KEY, ids, question, facts)
    if explicit:
        _check_one_a_zone(given)
    short = [s for s in given if _left(question, facts, node, s) < FREE_ADDRESSES]
    # A load balancer that is there already has taken its addresses from these very subnets.
    tolerated = bool(short) and not _is_first_time(facts)
    if explicit and short and not tolerated:
        raise _refused(question, facts, node, given, _shortage(question, facts, node, short))
    roomy = given if tolerated else [s for s in given if s not in short]
    chosen = {subnet.zone: subnet for subnet in reversed(roomy)}
    if len(chosen) < _FEWEST_ZONES:
        found = f"one subnet in each of at least two zones, {FREE_ADDRESSES} free addresses each"
        raise _refused(question, facts, node, given, found)
    if node.zone not in chosen:
        found = f"one subnet in {node.zone} too: a load balancer reaches no node outside its zones"
        raise _refused(question, facts, node, given, found)
    picked = [s for s in given if s in chosen.values()]
    return tuple(s.id for s in picked), _finding(picked, short if tolerated else ())


def _finding(picked: Sequence[Subnet], short: Sequence[Subnet]) -> Finding:
    said = ", ".join(f"{s.id} in {s.zone}" for s in picked)
    low = [s.id for s in short if s in picked]
    if low:
        return unknown(WHAT, f"{said}; fewer than {FREE_ADDRESSES} addresses left in {low[0]}")
    return yes(WHAT, said)


def _left(question: Question, facts: Facts, node: Subnet, subnet: Subnet) -> int:
    """Free addresses after the nodes have taken theirs."""
    if subnet.id != node.id:
        return subnet.free_addresses
    return subnet.free_addresses + own_addresses(facts, subnet) - question.addresses


def _is_first_time(facts: Facts) -> bool:
    return not isinstance(facts.running, Unanswered) and not facts.running.own


def _check_one_a_zone(given: Sequence[Subnet]) -> None:
    seen: dict[str, Subnet] = {}
    for subnet in given:
        other = seen.setdefault(subnet.zone, subnet)
        if other is not subnet:
            allowed = f"one subnet a zone; {other.id} is in {subnet.zone} too"
            raise InputError(BALANCER_KEY, subnet.id, allowed)


def _shortage(question: Question, facts: Facts, node: Subnet, short: Sequence[Subnet]) -> str:
    have = ", ".join(f"{s.id} has {max(_left(question, facts, node, s), 0)}" for s in short)
    taken = " once the nodes have theirs" if node in short else ""
    return f"subnets with at least {FREE_ADDRESSES} free addresses each ({have}{taken})"


def _refused(
    question: Question, facts: Facts, node: Subnet, given: Sequence[Subnet], allowed: str
) -> InputError:
    explicit = question.network.load_balancer_subnet_ids
    value = ", ".join(f"{s.id} ({s.zone})" for s in given) if explicit else None
    roomy = [
        s for s in answered(facts.neighbours) if _left(question, facts, node, s) >= FREE_ADDRESSES
    ]
    listed = f" (there are {listing(roomy)})" if roomy else ""
    return InputError(
        BALANCER_KEY, value, f"{allowed}{listed}; {_NODES_ALONE}", _proposal(roomy, node)
    )


def _proposal(roomy: Sequence[Subnet], node: Subnet) -> str | None:
    """A pair that would do: a subnet in the nodes' zone and the roomiest of another."""
    best = sorted(
        roomy, key=lambda s: (s.zone != node.zone, s.id != node.id, -s.free_addresses, s.id)
    )
    first = best[0] if best and best[0].zone == node.zone else None
    second = next((s for s in best if s.zone != node.zone), None)
    return f"[{first.id}, {second.id}]" if first and second else None
