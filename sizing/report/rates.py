"""What more requests a second cost: more of the plan's own nodes, by what these carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, log10

from pydantic import BaseModel, ConfigDict

from sizing.performance.money import token_cost
from sizing.plan import Cost, Plan
from sizing.units import USD_DIGITS

_LOWER, _HIGHER, _AT_LEAST = 8, 8, 3
"""Steps below and above the plan's own, so that a chart of a hundred nodes stays readable."""
_DIGITS = 3
"""Borders are told to so many digits behind the first of what a node carries."""

_SLACK = 1e-6


class RateStep(BaseModel):
    """From `first` to `last` requests a second the same nodes do; above `last` more are needed.

    USD are of the nodes alone, None where their price is not known. A million output tokens cost
    most at `first`, where the nodes idle most, and least at `last`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: float
    last: float
    nodes: int
    instance_type: str
    gpus: int
    replicas: int
    usd_per_month: float | None
    usd_per_million_output_tokens_at_first: float | None
    usd_per_million_output_tokens_at_last: float | None


class RateCurve(BaseModel):
    """The nodes and their cost over requests a second; `basis` says how it is known.

    Borders are cut down to a multiple of `resolution`: the next step begins one of it later.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    over: str = "requests_per_second"
    asked: float
    resolution: float
    steps: tuple[RateStep, ...]
    basis: str


def rate_curve(plan: Plan, least_replicas: int = 1) -> RateCurve | None:
    """The curve around a plan's load, None where it serves none.

    Nothing is simulated here: each of the plan's nodes carries its share of what all of them carry
    in the plan's own simulation.
    """
    load, seen = plan.workload.load, plan.performance
    if load is None or seen is None:
        return None
    group = plan.node_groups[0]
    least = ceil(least_replicas / group.replicas_per_node)
    borders = _Borders(
        asked=load.requests_per_second,
        carried=seen.capacity_requests_per_second,
        planned=plan.nodes // group.nodes_per_replica,
    )
    return RateCurve(
        asked=borders.asked,
        resolution=borders.told(1),
        steps=tuple(_steps(plan, borders, least)),
        basis=(
            "nodes like the plan's, each with its share of the "
            f"{borders.carried:,.4g} requests a second that the plan's simulation gave them; only "
            "the load asked for was simulated, and other layouts and types are not weighed again"
        ),
    )


@dataclass(frozen=True, slots=True)
class _Borders:
    """Up to which rate so many units do; a unit is what one copy spans, or a node with its copies.

    Rates are counted in ticks of the resolution.
    """

    asked: float
    carried: float
    planned: int

    @property
    def digits(self) -> int:
        """Decimals of the resolution; below 0 it is tens or hundreds."""
        return _DIGITS - floor(log10(self.carried / self.planned))

    def told(self, ticks: int) -> float:
        """Ticks as requests a second."""
        return round(ticks * 10.0**-self.digits, max(0, self.digits))

    def last(self, units: int) -> int:
        """The last tick that so many units carry, which fits what the plan found for its load."""
        asked, carried = self.asked * 10.0**self.digits, self.carried * 10.0**self.digits
        share = floor(carried * units / self.planned + _SLACK)
        if units < self.planned:
            # Fewer copies even out less: the plan tried them, and they did not keep the targets.
            return min(share, floor(asked) - 1)
        return max(share, ceil(asked))


def _steps(plan: Plan, borders: _Borders, least: int) -> Iterator[RateStep]:
    lowest = max(least, borders.planned - _LOWER)
    highest = borders.planned + max(_AT_LEAST, min(borders.planned, _HIGHER))
    first = 0 if lowest == least else borders.last(lowest - 1) + 1
    for units in range(lowest, highest + 1):
        last = borders.last(units)
        if last >= first:
            yield _step(plan, units, borders.told(first), borders.told(last))
            first = last + 1


def _step(plan: Plan, units: int, first: float, last: float) -> RateStep:
    group = plan.node_groups[0]
    nodes = units * group.nodes_per_replica
    share = nodes / plan.nodes
    month = plan.cost.nodes_usd_per_month
    usd = None if month is None else round(month * share, USD_DIGITS)
    cost = plan.cost.model_copy(update={"usd_per_month": usd})
    return RateStep(
        first=first,
        last=last,
        nodes=nodes,
        instance_type=plan.instance_type,
        gpus=round(plan.gpus_provisioned * share),
        replicas=units * group.replicas_per_node,
        usd_per_month=usd,
        usd_per_million_output_tokens_at_first=_per_million(cost, plan, first),
        usd_per_million_output_tokens_at_last=_per_million(cost, plan, last),
    )


def _per_million(cost: Cost, plan: Plan, rate: float) -> float | None:
    load = plan.workload.load
    if load is None or not rate:
        return None
    found = token_cost(cost, rate * load.output_tokens, rate * load.tokens)
    return found.usd_per_million_output_tokens
