"""Studies to show: asked once, changed by copying."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from sizing.plan import CostLine, Plan
from sizing.planner import make_plan
from sizing.report.curves import Curve
from sizing.report.study import Study, make_study
from sizing.request import request_from
from sizing.stack_config import StackConfig

DAY = date(2026, 11, 24)
HOSTILE = '<img src=x onerror="alert(1)">|`*_@everyone & [a](b) $1'
CASES: dict[str, dict[str, Any]] = {
    "405b": {"model": "llama-3.1-405b", "precision": "bf16", "budget": {"monthlyUsd": 130_000}},
    "any gpu": {"model": "gpt-oss-120b", "gpu": "any"},
    "rule": {"model": "llama-3.1-70b", "precision": "bf16", "method": "rule-of-thumb"},
    "small": {"model": "gpt2", "gpu": "any", "precision": "fp16"},
    "bought in advance": {
        "model": "deepseek-v3",
        "gpu": "H200",
        "purchase": "reserved",
        "hoursPerMonth": 200,
    },
}


@cache
def study(name: str = "405b") -> Study:
    """One of the cases, as the stack `prod` or as a model."""
    request = request_from(StackConfig.from_mapping(CASES[name]))
    return make_study(request, make_plan(request), DAY, stack="prod" if name == "405b" else None)


def with_plan(found: Study, **changes: Any) -> Study:
    """The study of a plan that differs."""
    return found.model_copy(update={"plan": found.plan.model_copy(update=changes)})


def with_lines(plan: Plan, *lines: CostLine, unknown: int = 0) -> Plan:
    """The plan with more items in its cost."""
    both = (*plan.cost.lines, *lines)
    cost = plan.cost.model_copy(update={"lines": both, "unknown_lines": unknown})
    return plan.model_copy(update={"cost": cost})


def without_price(found: Study) -> Study:
    """The study of nodes whose price is not known anywhere."""
    nothing = {"usd_per_hour": None, "usd_per_month": None}
    lines = tuple(
        line.model_copy(update=nothing) if line.group == "instances" else line
        for line in found.plan.cost.lines
    )
    cost = found.plan.cost.model_copy(
        update={
            **nothing,
            "nodes_usd_per_hour": None,
            "nodes_usd_per_month": None,
            "lines": lines,
            "unknown_lines": 1,
        }
    )
    alternatives = tuple(a.model_copy(update=nothing) for a in found.plan.alternatives)
    options = tuple(o.model_copy(update=nothing) for o in found.plan.purchase_options)
    changed = with_plan(found, cost=cost, alternatives=alternatives, purchase_options=options)
    curves = {"context": _unpriced(found.context), "concurrency": _unpriced(found.concurrency)}
    rows = tuple(
        r.model_copy(update={"plan": changed.plan if r.plan else None}) for r in found.precisions
    )
    return changed.model_copy(update={**curves, "precisions": rows})


def _unpriced(curve: Curve) -> Curve:
    steps = tuple(step.model_copy(update={"usd_per_month": None}) for step in curve.steps)
    return curve.model_copy(update={"steps": steps})
