"""AWS's reason for a failed launch, in one line that says what to try instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cluster.market import RESERVATION_KEY
from cluster.zone import ZONE_KEY
from sizing.instance import Purchase
from sizing.plan import Alternative, Plan, PurchaseOption
from sizing.units import usd

# A code stands before a colon or in brackets; as a bare word it is part of a sentence.
_CODE = re.compile(
    r"\b(InsufficientInstanceCapacity|MaxSpotInstanceCountExceeded|ReservationCapacityExceeded"
    r"|Unsupported|VcpuLimitExceeded)(?=:|\))"
)
_ZONE = r"[a-z]{2}(?:-[a-z]+)+-\d[a-z]"
_REFUSED_ZONE = re.compile(rf"requested(?: Availability Zone)? \(({_ZONE})\)")
_OTHER_ZONES = re.compile(rf"choosing ((?:{_ZONE}[, ]*)+)")
_ALTERNATIVES = 3
# A reserved price is a contract about money: it finds no free machine.
_FIND_CAPACITY = (Purchase.ON_DEMAND, Purchase.SPOT, Purchase.CAPACITY_BLOCK)


def capacity_error(error: str, plan: Plan) -> str | None:
    """A readable line for AWS's text of a failed launch, None if it failed for another reason."""
    code = _CODE.search(error)
    if code is None:
        return None
    reason, options = _REASONS[code[1]](" ".join(error[code.start() :].split()), plan)
    return f"{reason} ({code[1]}); try {'; or '.join(options)}"


def _no_capacity(error: str, plan: Plan) -> tuple[str, list[str]]:
    zone = _REFUSED_ZONE.search(error)
    where = zone[1] if zone else f"the zone in {plan.region}"
    reason = f"AWS has too few {plan.instance_type} ({plan.purchase}) free in {where} now"
    options = [_zones(error, plan), *_purchases(plan), *_plans(plan), "`pulumi up` again later"]
    return reason, list(filter(None, options))


def _not_supported(error: str, plan: Plan) -> tuple[str, list[str]]:
    said = error.partition(": ")[2].partition(". ")[0].rstrip(".")
    reason = f"AWS does not launch {plan.instance_type} so: {said[:200]}"
    options = [_zones(error, plan), *_plans(plan)]
    return reason, list(filter(None, options)) or ["another region (aws:region)"]


def _reservation_full(_error: str, plan: Plan) -> tuple[str, list[str]]:
    reason = f"the reservation has no room for {plan.nodes} x {plan.instance_type}"
    wait = "again in some minutes, as a stopped node's place is freed slowly"
    other = f"another {RESERVATION_KEY}, or none{_priced(plan, Purchase.ON_DEMAND)}"
    return reason, [wait, other]


def _no_quota(_error: str, plan: Plan) -> tuple[str, list[str]]:
    market = "spot" if plan.purchase is Purchase.SPOT else "on-demand"
    reason = f"the account's {market} quota is too small for {plan.nodes} x {plan.instance_type}"
    return reason, [*_raise_quota(plan), *_purchases(plan), f"{RESERVATION_KEY} of a reservation"]


_REASONS: dict[str, Callable[[str, Plan], tuple[str, list[str]]]] = {
    "InsufficientInstanceCapacity": _no_capacity,
    "MaxSpotInstanceCountExceeded": _no_quota,
    "ReservationCapacityExceeded": _reservation_full,
    "Unsupported": _not_supported,
    "VcpuLimitExceeded": _no_quota,
}


def _zones(error: str, plan: Plan) -> str:
    """Other zones: those that AWS names, else that there are some; empty if there are none."""
    named = _OTHER_ZONES.search(error)
    if named:
        zones = " or ".join(re.findall(_ZONE, named[1]))
        return f"{ZONE_KEY}: {zones}, which AWS names"
    return f"another {ZONE_KEY}" if len(plan.zones) != 1 else ""


def _purchases(plan: Plan) -> Iterator[str]:
    for option in plan.purchase_options:
        if option.purchase in _FIND_CAPACITY and option.purchase is not plan.purchase:
            block = option.purchase is Purchase.CAPACITY_BLOCK
            needs = f" with its {RESERVATION_KEY}" if block else ""
            yield f"purchase: {option.purchase}{needs}{_price(option)}"


def _priced(plan: Plan, purchase: Purchase) -> str:
    found = next((o for o in plan.purchase_options if o.purchase is purchase), None)
    return f" with purchase: {purchase}{_price(found)}" if found else ""


def _plans(plan: Plan) -> list[str]:
    return [_other_plan(plan, other) for other in plan.alternatives[:_ALTERNATIVES]]


def _other_plan(plan: Plan, other: Alternative) -> str:
    changes: list[str] = []
    if other.region != plan.region:
        changes.append(f"aws:region: {other.region}")
    if other.gpu != plan.gpu:
        changes.append(f"gpu: {other.gpu}")
    elif other.instance_type != plan.instance_type:
        changes.append(f"instanceTypes.allow: [{other.instance_type}]")
    if other.purchase is not plan.purchase:
        changes.append(f"purchase: {other.purchase}")
    nodes = f"{other.nodes} x {other.instance_type}"
    return f"{' with '.join(changes) or 'the plan'} for {nodes}{_price(other)}"


def _price(found: PurchaseOption | Alternative | None) -> str:
    if found is None or found.usd_per_hour is None:
        return " (price not known)"
    low = getattr(found, "usd_per_hour_low", None)
    return (
        f" ({usd(low)} to {usd(found.usd_per_hour)}/h)"
        if low
        else f" ({usd(found.usd_per_hour)}/h)"
    )


def _raise_quota(plan: Plan) -> Iterator[str]:
    quota = plan.quota
    if quota is None or quota.code is None or quota.unit != "vCPUs":
        yield "a higher quota in the Service Quotas console (allow about 30 minutes)"
        return
    command = (
        f"aws service-quotas request-service-quota-increase --region {quota.region} "
        f"--service-code {quota.service} --quota-code {quota.code} --desired-value N"
    )
    needs = f"N at least {quota.needed:g} and what runs already; allow about 30 minutes"
    yield f"a higher '{quota.name}': `{command}` ({needs})"
