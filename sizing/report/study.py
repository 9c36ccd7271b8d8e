"""What a report tells: the plan, and the plans around it."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from sizing.deployed import Deployed
from sizing.plan import Plan
from sizing.report.curves import Curve, curves_of
from sizing.report.lengths import length_curve
from sizing.report.methods import AtMethod, methods_side_by_side
from sizing.report.precisions import AtPrecision, side_by_side
from sizing.report.rates import RateCurve, rate_curve
from sizing.request import Request


class Told(BaseModel):
    """A plan to report. `stack` is the environment it belongs to, None for a model;
    `previous` is what is deployed now, None where that was not given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: Plan
    stack: str | None = None
    previous: Deployed | None = None
    budget_monthly_usd: float | None = None
    made_on: date


class Study(Told):
    """A plan to serve, with its surroundings; `rate` is None without a load."""

    context: Curve
    concurrency: Curve
    rate: RateCurve | None = None
    precisions: tuple[AtPrecision, ...]


class TrainingStudy(Told):
    """A plan to train; `context` is the cost over the sequence length."""

    context: Curve
    methods: tuple[AtMethod, ...]


AnyStudy = Study | TrainingStudy


def make_study(
    request: Request,
    plan: Plan,
    today: date,
    *,
    stack: str | None = None,
    previous: Deployed | None = None,
) -> Study:
    """Everything around `plan`, which is the answer to `request` to serve."""
    context, concurrency = curves_of(request, plan)
    return Study(
        plan=plan,
        stack=stack,
        previous=previous,
        budget_monthly_usd=request.budget_monthly_usd,
        context=context,
        concurrency=concurrency,
        rate=rate_curve(plan, request.replicas),
        precisions=side_by_side(request, plan),
        made_on=today,
    )


def make_training_study(
    request: Request,
    plan: Plan,
    today: date,
    *,
    stack: str | None = None,
    previous: Deployed | None = None,
) -> TrainingStudy:
    """Everything around `plan`, which is the answer to `request` to train."""
    return TrainingStudy(
        plan=plan,
        stack=stack,
        previous=previous,
        budget_monthly_usd=request.budget_monthly_usd,
        context=length_curve(request, plan),
        methods=methods_side_by_side(request, plan),
        made_on=today,
    )
