"""Decides from AWS's answers where the nodes go, or that they cannot start. Asks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from cluster.preflight.balancer import WHAT as BALANCER
from cluster.preflight.balancer import balancer_subnets
from cluster.preflight.existing import (
    SUBNETS_KEY,
    check_consistent,
    check_dns,
    check_way_out,
    existing_vpc,
)
from cluster.preflight.facts import Facts, Question, Reservation, Site, Unanswered, unknown
from cluster.preflight.quota import check_quota
from cluster.preflight.reservation import WHAT as RESERVATION
from cluster.preflight.reservation import check_reservation
from cluster.preflight.secrets import check_names, check_secrets
from cluster.preflight.subnets import NodeSubnets
from cluster.preflight.zones import all_zones, nodes_zone, valid_zones, zone_findings
from cluster.zone import ZONE_KEY, Zone
from sizing.errors import InputError
from sizing.plan import Finding

_FEWEST_ZONES = 2


def check_question(question: Question) -> None:
    """Raises InputError for what no account could make right."""
    check_consistent(question.network)
    check_names(question)


def decide(question: Question, facts: Facts, now: datetime) -> Site:
    """The site, with a finding for each check. Raises InputError for the first that fails.

    `now` carries its time zone.
    """
    reservation = facts.reservation if isinstance(facts.reservation, Reservation) else None
    checks = list(_purchase_findings(question, facts, now))
    # A reservation is proof that its zone has the type.
    valid = () if reservation else valid_zones(question, facts)
    site = _site(question, facts, valid, reservation)
    secrets = check_secrets(question, facts)
    offered = zone_findings(question, facts, site.zone, reservation)
    return replace(site, checks=(*offered, *checks, *site.checks, *secrets))


def _purchase_findings(question: Question, facts: Facts, now: datetime) -> Iterator[Finding]:
    if isinstance(facts.reservation, Reservation):
        yield check_reservation(question, facts.reservation, facts.running, now)
    elif facts.reservation:
        hint = f"{facts.reservation.reason}; {ZONE_KEY} must be its zone"
        yield unknown(RESERVATION, Unanswered(hint))
    if quota := check_quota(question, facts):
        yield quota


def _site(
    question: Question, facts: Facts, valid: tuple[Zone, ...], reservation: Reservation | None
) -> Site:
    if not question.network.is_existing:
        return _new(question, facts, nodes_zone(question, facts, valid, reservation), reservation)
    if isinstance(facts.subnets, Unanswered):
        return _unseen(question, facts, facts.subnets, reservation)
    return _existing(question, facts, valid, reservation)


def _new(question: Question, facts: Facts, zone: str, reservation: Reservation | None) -> Site:
    zones = all_zones(facts, zone)
    if question.serving and len(zones) < _FEWEST_ZONES:
        why = f" ({facts.zones.reason})" if isinstance(facts.zones, Unanswered) else ""
        allowed = f"false where only {zone} is known: a load balancer takes two zones{why}"
        raise InputError("serving.enabled", True, allowed, "false")
    return Site(zone=zone, zones=zones, reservation=reservation)


def _existing(
    question: Question, facts: Facts, valid: tuple[Zone, ...], reservation: Reservation | None
) -> Site:
    if question.network.availability_zone is not None:
        nodes_zone(question, facts, valid, reservation)
    if question.network.vpc_id:
        existing_vpc(question, facts, None)
    choice = NodeSubnets(question, facts, valid, reservation)
    node = choice.choose()
    vpc_id, cidr = existing_vpc(question, facts, node.vpc_id)
    way_out = check_way_out(facts, node.id)
    checks = [*check_dns(facts, vpc_id), way_out, choice.finding(node)]
    balancer: tuple[str, ...] = ()
    if question.serving:
        balancer, finding = balancer_subnets(question, facts, node)
        checks.append(finding)
    return Site(
        zone=node.zone,
        zones=all_zones(facts, node.zone),
        vpc_id=vpc_id,
        vpc_cidr=cidr,
        node_subnet=node.id,
        load_balancer_subnets=balancer,
        reservation=reservation,
        checks=tuple(checks),
    )


def _unseen(
    question: Question, facts: Facts, why: Unanswered, reservation: Reservation | None
) -> Site:
    """The site that the configuration names, where AWS does not show the subnets."""
    network = question.network
    zone = reservation.zone if reservation else network.availability_zone
    if zone is None:
        raise InputError(ZONE_KEY, None, f"the zone of {SUBNETS_KEY}: {why.reason}")
    if not network.subnet_ids:
        raise InputError(SUBNETS_KEY, None, f"the subnet for the nodes: {why.reason}")
    vpc_id, cidr = existing_vpc(question, facts, None)
    whats = ("subnet", BALANCER) if question.serving else ("subnet",)
    balancer = network.load_balancer_subnet_ids or network.subnet_ids
    return Site(
        zone=zone,
        zones=all_zones(facts, zone),
        vpc_id=vpc_id,
        vpc_cidr=cidr,
        node_subnet=network.subnet_ids[0],
        load_balancer_subnets=balancer if question.serving else (),
        reservation=reservation,
        checks=(*check_dns(facts, vpc_id), *(unknown(what, why) for what in whats)),
    )
