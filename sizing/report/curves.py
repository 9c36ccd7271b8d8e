"""What a heavier load costs: the same question asked again over a range, told as steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from pydantic import BaseModel, ConfigDict

from sizing.errors import NoPlanError
from sizing.plan import Plan
from sizing.planner import make_plan
from sizing.report.figures import held_in_all
from sizing.request import Request
from sizing.workload import MAX_CONCURRENCY

LEAST_CONTEXT = 1024
_TIMES_HELD = 4
# A step's end is found to this share of the range: fine enough to read, cheap to find.
_PARTS = 512
_MOST_QUESTIONS = 160

Ask = Callable[[int], "Plan | str"]
_Key = tuple[int, str] | None


class Step(BaseModel):
    """From `first` to `last` the same nodes do. USD are all in; None is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: int
    last: int
    nodes: int
    instance_type: str
    gpus: int
    usd_per_month: float | None


class Curve(BaseModel):
    """The nodes and their cost over one measure of the load, the other one as asked.

    `ends` says why nothing follows the last step. Where steps change, `last` is a value that was
    asked; the next step begins at most `resolution` later.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    over: str
    asked: int
    resolution: int
    steps: tuple[Step, ...]
    ends: str


@dataclass(frozen=True, slots=True)
class _Range:
    grid: Sequence[int]
    resolution: int


def curves_of(request: Request, plan: Plan) -> tuple[Curve, Curve]:
    """Cost over context and over concurrency, with the plan's region, purchase and precision.

    The budget does not cut them off: they show where it would be exceeded.
    """
    fixed = as_planned(request, plan)
    limit = request.spec.context_limit
    held = held_in_all(plan)
    most = min(max(_TIMES_HELD * held, 2 * plan.workload.concurrency), MAX_CONCURRENCY)
    return (
        curve(
            "context",
            lambda n: _plan(fixed, context=n),
            plan.workload.context,
            contexts(plan.workload.context, limit),
            f"{limit:,} tokens are the model's limit",
        ),
        curve(
            "concurrency",
            lambda n: _plan(fixed, concurrency=n),
            plan.workload.concurrency,
            _counts(plan.workload.concurrency, most),
            f"drawn up to {most:,} sequences",
        ),
    )


def curve(
    over: str, ask: Ask, asked: int, grid: Sequence[int], ends: str, parts: int = _PARTS
) -> Curve:
    """The steps of `ask` over an ascending grid, with the borders between points that differ.

    They are found to one of `parts` of the range. It stops at the first point without a plan, and
    says why.
    """
    found = _Asked(ask)
    resolution = max(1, (grid[-1] - grid[0]) // parts)
    last_good = grid[0]
    for point in grid:
        if found.key(point) is None:
            found.seek(last_good, point, resolution)
            break
        found.seek(last_good, point, resolution)
        last_good = point
    return Curve(
        over=over,
        asked=asked,
        resolution=resolution,
        steps=tuple(_steps(found.plans)),
        ends=found.refusal or ends,
    )


def plan_or_reason(request: Request) -> Plan | str:
    """The plan, or in words why there is none."""
    try:
        return make_plan(request)
    except NoPlanError as error:
        return error.message


def as_planned(request: Request, plan: Plan) -> Request:
    """The request with what the plan settled, without a budget and without GPUs to compare with.

    A load becomes the sequences that it has in flight: the curves are of memory.
    """
    return replace(
        request,
        precisions=tuple(p for p in request.precisions if p.name == plan.precision),
        regions=(plan.region,) if plan.region in request.regions else request.regions,
        purchases=(plan.purchase,) if plan.purchase in request.purchases else request.purchases,
        budget_monthly_usd=None,
        workload=plan.workload.model_copy(update={"load": None}),
        other_gpus=(),
    )


def contexts(asked: int, limit: int) -> list[int]:
    """Doubling from 1,024 tokens to the model's limit, and the length that was asked."""
    least = min(LEAST_CONTEXT, asked, limit)
    points = {least, asked, limit}
    while least * 2 < limit:
        least *= 2
        points.add(least)
    return sorted(points)


class _Asked:
    """Remembers each answer, and the reason of the least question that had none."""

    def __init__(self, ask: Ask) -> None:
        self.plans: dict[int, Plan] = {}
        self._ask = ask
        self._refused: dict[int, str] = {}

    @property
    def refusal(self) -> str:
        """Why the least load without a plan has none; empty where all had one."""
        least = min(self._refused, default=None)
        return "" if least is None else self._refused[least]

    def key(self, point: int) -> _Key:
        """What is bought at this point; None where nothing is."""
        if point not in self.plans and point not in self._refused:
            answer = self._ask(point)
            if isinstance(answer, str):
                self._refused[point] = answer
            else:
                self.plans[point] = answer
        plan = self.plans.get(point)
        return (plan.nodes, plan.instance_type) if plan else None

    def seek(self, low: int, high: int, resolution: int) -> None:
        """Ask between two points that differ, until the borders are known to `resolution`."""
        spent = len(self.plans) + len(self._refused)
        if high - low <= resolution or self.key(low) == self.key(high) or spent > _MOST_QUESTIONS:
            return
        middle = (low + high) // 2
        self.seek(low, middle, resolution)
        if self.key(middle) is not None:
            self.seek(middle, high, resolution)


def _steps(plans: Mapping[int, Plan]) -> list[Step]:
    steps: list[Step] = []
    for point in sorted(plans):
        plan = plans[point]
        step = Step(
            first=point,
            last=point,
            nodes=plan.nodes,
            instance_type=plan.instance_type,
            gpus=plan.gpus_provisioned,
            usd_per_month=plan.cost.usd_per_month,
        )
        if steps and _same_nodes(steps[-1], step):
            steps[-1] = steps[-1].model_copy(update={"last": point})
        else:
            steps.append(step)
    return steps


def _same_nodes(a: Step, b: Step) -> bool:
    return (a.nodes, a.instance_type) == (b.nodes, b.instance_type)


def _plan(request: Request, **load: int) -> Plan | str:
    workload = request.workload.model_copy(update=load)
    return plan_or_reason(replace(request, workload=workload))


def _counts(asked: int, most: int) -> list[int]:
    """Even points from one sequence to `most`, and the number that was asked."""
    points = {1, asked, most}
    points |= {ceil(most * part / 8) for part in range(1, 8)}
    return sorted(points)
