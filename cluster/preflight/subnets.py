"""Which existing subnet the nodes go to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from cluster.addresses import RESERVED_BY_AWS
from cluster.preflight.existing import SUBNETS_KEY, vpc_of_subnets
from cluster.preflight.facts import (
    Facts,
    Question,
    Reservation,
    Subnet,
    Unanswered,
    answered,
    unknown,
    yes,
)
from cluster.zone import ZONE_KEY, Zone
from sizing.errors import InputError, nearest_name
from sizing.plan import Finding

WHAT = "subnet"
_LISTED = 6


def named_subnets(
    key: str, ids: Sequence[str], question: Question, facts: Facts
) -> tuple[Subnet, ...]:
    """The subnets that the configuration names under `key`, in its order, all of one VPC.

    Raises InputError for one that does not exist or is of another VPC.
    """
    known = {subnet.id: subnet for subnet in answered(facts.subnets)}
    for identity in ids:
        if identity not in known:
            raise _no_subnet(key, identity, question, facts)
    found = tuple(known[identity] for identity in dict.fromkeys(ids))
    vpc = question.network.vpc_id or vpc_of_subnets(question.network, facts.subnets)
    for subnet in found:
        if subnet.vpc_id != vpc:
            allowed = f"subnets of {vpc}, as the others; this one is of {subnet.vpc_id}"
            raise InputError(key, subnet.id, allowed)
    return found


@dataclass(frozen=True, slots=True)
class NodeSubnets:
    """Judges subnets for the nodes. `valid` zones offer the type; empty means not known."""

    question: Question
    facts: Facts
    valid: tuple[Zone, ...]
    reservation: Reservation | None

    def choose(self) -> Subnet:
        """The subnet of all nodes: the one they run in already, else the first that will do.

        Raises InputError naming what speaks against the given ones, and those that would do.
        """
        ids = self.question.network.subnet_ids
        if not ids:
            raise self._refused(None, "the subnets for the nodes")
        given = named_subnets(SUBNETS_KEY, ids, self.question, self.facts)
        in_zone = [subnet for subnet in given if self._zone_fits(subnet)]
        if not in_zone:
            raise self._wrong_zone(given)
        private = [subnet for subnet in in_zone if not subnet.public_addresses]
        if not private:
            raise self._refused(in_zone, "a private subnet, as nodes never get a public address")
        roomy = [subnet for subnet in private if self._has_room(subnet) is not False]
        if not roomy:
            raise self._too_small(private)
        # A stable sort: what the user wrote first wins among equals.
        return min(roomy, key=lambda s: (-self._own(s), self._has_room(s) is None))

    def finding(self, chosen: Subnet) -> Finding:
        """What is known of the chosen subnet's room."""
        need = f"{self.question.addresses} addresses needed, {chosen.free_addresses} free"
        said = f"{chosen.id} in {chosen.zone}: {need}"
        if self._has_room(chosen) is None:
            return unknown(WHAT, f"{said}; which are this stack's own is not known")
        own = self._own(chosen)
        return yes(WHAT, f"{said}{f' and {own} this stack already has' if own else ''}")

    def _own(self, subnet: Subnet) -> int:
        return own_addresses(self.facts, subnet)

    def _has_room(self, subnet: Subnet) -> bool | None:
        need = self.question.addresses
        if subnet.free_addresses + self._own(subnet) >= need:
            return True
        fits_when_empty = ip_network(subnet.cidr).num_addresses - RESERVED_BY_AWS >= need
        return None if isinstance(self.facts.running, Unanswered) and fits_when_empty else False

    def _zone_fits(self, subnet: Subnet) -> bool:
        wanted = self.question.network.availability_zone
        if self.reservation:
            return subnet.zone == self.reservation.zone
        if wanted is not None:
            return subnet.zone == wanted
        return not self.valid or subnet.zone in {zone.name for zone in self.valid}

    def _would_do(self, subnet: Subnet) -> bool:
        fits = self._zone_fits(subnet) and not subnet.public_addresses
        return fits and self._has_room(subnet) is True

    def _wrong_zone(self, given: Sequence[Subnet]) -> InputError:
        wanted, kind = self.question.network.availability_zone, self.question.instance_type
        if self.reservation:
            where = f"{self.reservation.zone}, where {self.reservation.id} lies"
            return self._refused(given, f"a subnet in {where}")
        if wanted is not None:
            zones = ", ".join(f"{subnet.zone} ({subnet.id})" for subnet in given)
            allowed = f"the zone of one of {SUBNETS_KEY}: {zones}"
            return InputError(
                ZONE_KEY, wanted, allowed, nearest_name(wanted, [s.zone for s in given])
            )
        names = ", ".join(zone.name for zone in self.valid)
        return self._refused(given, f"a subnet in a zone that offers {kind} ({names})")

    def _too_small(self, given: Sequence[Subnet]) -> InputError:
        question = self.question
        have = ", ".join(f"{s.id} has {s.free_addresses + self._own(s)}" for s in given)
        need = (
            f"{question.addresses} free addresses for {question.nodes} x {question.instance_type}"
        )
        return self._refused(given, f"a subnet with {need} ({have})")

    def _refused(self, given: Sequence[Subnet] | None, allowed: str) -> InputError:
        others = [s for s in answered(self.facts.neighbours) if self._would_do(s)]
        value = None if given is None else ", ".join(f"{s.id} ({s.zone})" for s in given)
        need = f"no subnet there is private, in the zone and has {self.question.addresses} free"
        listed = listing(others) or need
        return InputError(SUBNETS_KEY, value, f"{allowed}: {listed}", nearest_subnet(others))


def own_addresses(facts: Facts, subnet: Subnet) -> int:
    """Addresses in the subnet that the stack's own nodes hold; 0 where that is not known."""
    if isinstance(facts.running, Unanswered):
        return 0
    return sum(node.addresses.get(subnet.id, 0) for node in facts.running.own)


def listing(subnets: Sequence[Subnet]) -> str:
    """Subnets by zone, with their free addresses."""
    ordered = sorted(subnets, key=lambda s: (s.zone, -s.free_addresses, s.id))
    shown = [f"{s.zone} {s.id} ({s.free_addresses} free)" for s in ordered[:_LISTED]]
    more = [f"... ({len(ordered)})"] if len(ordered) > _LISTED else []
    return ", ".join(shown + more)


def nearest_subnet(subnets: Sequence[Subnet]) -> str | None:
    """The one with the most free addresses."""
    best = max(subnets, key=lambda s: (s.free_addresses, s.id), default=None)
    return best.id if best else None


def _no_subnet(key: str, identity: str, question: Question, facts: Facts) -> InputError:
    others = answered(facts.neighbours) or answered(facts.subnets)
    place = question.network.vpc_id or question.region
    nearest = nearest_name(identity, [subnet.id for subnet in others])
    listed = f": {listing(others)}" if others else ""
    return InputError(key, identity, f"the id of a subnet in {place}{listed}", nearest)
