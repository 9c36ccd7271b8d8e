"""The bill of a candidate: the nodes, everything the stack creates around them, and the total."""

from __future__ import annotations

from collections.abc import Sequence

from sizing.candidates import Candidate
from sizing.draft import Draft, draft
from sizing.evidence import Evidence, weakest
from sizing.infrastructure import Infrastructure, infrastructure
from sizing.instance import Purchase
from sizing.plan import Cost, CostLine
from sizing.request import Request
from sizing.surroundings import surroundings
from sizing.units import HOURS_PER_MONTH

# Totals are read by people: a month has cents, and its hour a hundredth of them.
_HOUR_DIGITS, _MONTH_DIGITS = 4, 2


def bill(request: Request, candidate: Candidate, made: Draft | None = None) -> Cost:
    """What a candidate costs: all in, or the nodes alone where no stack is asked about. Nodes of
    one's own stand where they stand: nothing else is created for them."""
    nodes = _node_line(candidate)
    if request.nodes_alone or candidate.lot.offer.purchase is Purchase.OWNED:
        return _total(request, candidate, nodes, (), None)
    made = made or draft(request, candidate)
    what = infrastructure(request.config, made, request.secrets)
    lines = surroundings(request.config, what, made.region, made.download_bytes)
    return _total(request, candidate, nodes, lines, what)


def _node_line(candidate: Candidate) -> CostLine:
    chosen = candidate.lot.offer
    return CostLine(
        item=f"{candidate.lot.instance.name}, {chosen.purchase}, {chosen.region}",
        quantity=candidate.nodes,
        unit="instance",
        usd_per_unit_hour=chosen.usd_per_hour,
        usd_per_hour=candidate.usd_per_hour,
        usd_per_month=candidate.usd_per_month,
        evidence=chosen.evidence,
        price_as_of=chosen.price_as_of,
        price_source=chosen.price_source,
    )


def _total(
    request: Request,
    candidate: Candidate,
    nodes: CostLine,
    around: Sequence[CostLine],
    what: Infrastructure | None,
) -> Cost:
    lines = (nodes, *around)
    known = [line for line in lines if line.usd_per_month is not None]
    is_known = nodes.usd_per_month is not None
    hour = round(sum(line.usd_per_hour or 0.0 for line in known), _HOUR_DIGITS)
    month = round(sum(line.usd_per_month or 0.0 for line in known), _MONTH_DIGITS)
    return Cost(
        usd_per_hour=hour if is_known else None,
        usd_per_month=month if is_known else None,
        nodes_usd_per_hour=nodes.usd_per_hour,
        nodes_usd_per_month=nodes.usd_per_month,
        hours_per_month=request.config.hours_per_month,
        billed_hours_per_month=candidate.billed_hours,
        price_as_of=nodes.price_as_of,
        price_source=nodes.price_source,
        evidence=weakest(*(x.evidence for x in known)) if is_known else Evidence.UNKNOWN,
        lines=lines,
        unknown_lines=len(lines) - len(known),
        usage_lines=sum(line.usage for line in lines),
        free=_free(what) if what else (),
        notes=_notes(request, what) if what else _nodes_notes(request),
    )


def _free(what: Infrastructure) -> tuple[str, ...]:
    """What is made and not billed: `2 SSM parameters`."""
    return tuple(f"{n} {name}{'s' if n > 1 else ''}" for name, n in what.free.items())


def _nodes_notes(request: Request) -> tuple[str, ...]:
    if not request.nodes_alone:
        return ()
    endpoint = "" if request.training else "endpoint, "
    return (
        "the nodes alone: `sizing preview` counts what a stack makes around them too (volumes, "
        f"network, {endpoint}logs)",
    )


def _notes(request: Request, what: Infrastructure) -> tuple[str, ...]:
    hours = request.config.hours_per_month
    said: list[str] = []
    if hours != HOURS_PER_MONTH:
        said.append(
            f"the stack exists {hours:g} hours a month: what AWS bills by the month counts for "
            f"{hours:g} of {HOURS_PER_MONTH:g} hours"
        )
    if what.load_balancers:
        said.append("between load balancer and nodes AWS bills no transfer, across zones neither")
    if not what.own_network:
        said.append("the existing network's own way out (NAT, endpoints, transfer) is not counted")
    said.append(
        "not counted: free tiers, taxes, what clients send across zones or regions, requests to "
        "Secrets Manager and S3, e-mails"
    )
    return tuple(said)
