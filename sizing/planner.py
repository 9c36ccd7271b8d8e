"""From a request to a Plan, or to a no that says what would make it a yes."""

from __future__ import annotations

from collections.abc import Collection

from sizing.describe import describe
from sizing.errors import NoPlanError
from sizing.lots import Rejections
from sizing.plan import Plan
from sizing.request import Request, request_from
from sizing.search import search
from sizing.stack_config import StackConfig

_SHOWN = 4


def plan_for(config: StackConfig, secrets: Collection[str] = ()) -> Plan:
    """The plan of a stack, which brings secrets under those config keys itself.

    Raises InputError for a bad key, NoPlanError where nothing fits.
    """
    return make_plan(request_from(config, secrets=secrets))


def make_plan(request: Request) -> Plan:
    """The best plan that holds the workload: the cheapest unless the request prefers otherwise.

    Raises NoPlanError with the reasons and with what relaxing each constraint would give.
    """
    found = search(request)
    if not found.ranked:
        raise _no_plan(request, found.rejected)
    if request.training:
        from sizing.training.describe import describe_training

        return describe_training(request, found)
    return describe(request, found)


def _no_plan(request: Request, rejected: Rejections) -> NoPlanError:
    from sizing.relax import relaxations

    groups = rejected.grouped()
    what = f"{request.spec.name} at {' or '.join(p.name for p in request.precisions)}"
    over = [g for g in groups if g.kind == "budget"]
    reasons = "; ".join(
        f"{', '.join(g.candidates[:_SHOWN])}: {g.reason}" for g in (over or groups)[:_SHOWN]
    )
    lead = "over budget: no plan" if over else "no plan"
    return NoPlanError(
        f"{lead} for {what} in {', '.join(request.regions[:_SHOWN])}"
        f": {reasons or 'no instance type carries that GPU'}",
        [g.model_dump(mode="json") for g in groups],
        relaxations(request),
    )
