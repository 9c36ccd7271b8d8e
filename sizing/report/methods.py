"""The same training at every method, side by side."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from sizing.errors import InputError
from sizing.plan import Plan
from sizing.report.curves import plan_or_reason
from sizing.request import Request
from sizing.training.asked import training_job, training_workload
from sizing.training.make import METHODS
from sizing.workload import Purpose

_NO_ADAPTERS: dict[str, None] = {"lora_rank": None, "lora_targets": None}


class AtMethod(BaseModel):
    """The plan of one method, or in `reason` why there is none. Exactly one is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    plan: Plan | None = None
    reason: str = ""


def methods_side_by_side(request: Request, plan: Plan) -> tuple[AtMethod, ...]:
    """Full, LoRA and QLoRA on sequences of the same length. The budget decides nothing here."""
    return tuple(
        AtMethod(method=method.value, plan=plan)
        if method is plan.workload.purpose
        else _at(request, method)
        for method in METHODS
    )


def _at(request: Request, method: Purpose) -> AtMethod:
    try:
        found = plan_or_reason(_by(request, method))
    except InputError as error:
        found = error.message
    if isinstance(found, str):
        return AtMethod(method=method.value, reason=found)
    return AtMethod(method=method.value, plan=found)


def _by(request: Request, method: Purpose) -> Request:
    """The request for another method, at the precision that it takes by itself.

    Raises InputError where what else was asked contradicts the method.
    """
    asked = request.config.workload
    unasked = _NO_ADAPTERS if method is Purpose.FULL else {}
    update = {
        "purpose": method,
        "context": request.workload.context,
        "training": asked.training.model_copy(update=unasked),
    }
    load = asked.model_copy(update=update)
    config = request.config.model_copy(update={"precision": "auto", "workload": load})
    workload = training_workload(request.spec, config)
    job = training_job(request.spec, config, workload)
    return replace(
        request,
        config=config,
        precisions=(job.precision,),
        workload=workload,
        training=job,
        budget_monthly_usd=None,
        other_gpus=(),
    )
