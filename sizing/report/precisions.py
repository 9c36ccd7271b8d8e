"""The same question at every precision that people weigh, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from sizing.deployment import find_model
from sizing.errors import InputError
from sizing.plan import Plan
from sizing.precision import Precision
from sizing.request import Request
from sizing.weighed import plan_at

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
    found = plan_at(request, precision, plan.precision)
    if isinstance(found, str):
        return AtPrecision(precision=precision.name, bits=precision.bits, reason=found)
    return AtPrecision(precision=precision.name, bits=precision.bits, plan=found)
