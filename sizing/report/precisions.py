"""The same question at every precision that people weigh, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from sizing.deployment import find_model
from sizing.errors import InputError, NoPlanError
from sizing.plan import Plan
from sizing.planner import make_plan
from sizing.precision import Precision
from sizing.request import Request
from sizing.support import support

_WEIGHED = ("bf16", "fp8", "int8", "int4", "nvfp4")


class AtPrecision(BaseModel):
    """The plan at one precision, or in `reason` why there is none. Exactly one is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: str
    bits: float
    plan: Plan | None = None
    reason: str = ""


def side_by_side(request: Request, plan: Plan) -> tuple[AtPrecision, ...]:
    """Every precision, most bits first. The budget decides nothing here."""
    asked = replace(request, budget_monthly_usd=None, other_gpus=())
    chosen = next(p for p in request.precisions if p.name == plan.precision)
    found = [_at(asked, precision, plan) for precision in _weighed(request)]
    rest = [row for row in found if row.precision != chosen.name]
    own = AtPrecision(precision=chosen.name, bits=chosen.bits, plan=plan)
    return tuple(sorted((own, *rest), key=lambda row: (-row.bits, row.precision)))


def _weighed(request: Request) -> Iterator[Precision]:
    """Those asked for, and those of the list that this model can be stored in, each once."""
    params = request.config.params or None
    seen = {p.name for p in request.precisions}
    yield from request.precisions
    for name in _WEIGHED:
        try:
            _, precision = find_model(request.named, name, params)
        except InputError:
            continue
        if precision.name not in seen:
            seen.add(precision.name)
            yield precision


def _at(request: Request, precision: Precision, plan: Plan) -> AtPrecision:
    refused = _unusable(request, precision)
    if refused:
        return AtPrecision(precision=precision.name, bits=precision.bits, reason=refused)
    # Files that the user named hold the precision that was asked for, and no other.
    named = request.checkpoint if precision.name == plan.precision else None
    try:
        found = make_plan(replace(request, precisions=(precision,), checkpoint=named))
    except NoPlanError as error:
        return AtPrecision(precision=precision.name, bits=precision.bits, reason=error.message)
    return AtPrecision(precision=precision.name, bits=precision.bits, plan=found)


def _unusable(request: Request, precision: Precision) -> str:
    """Why none of the asked GPUs runs it; empty where one does."""
    verdicts = [(g.name, support(precision, g.compute_capability)) for g in request.gpus]
    if any(verdict.mode != "no" for _, verdict in verdicts):
        return ""
    name, verdict = verdicts[0]
    return f"{name}: {verdict.reason}"
