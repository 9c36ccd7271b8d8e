"""What longer sequences cost a training run."""

from __future__ import annotations

from dataclasses import replace

from sizing.plan import Plan
from sizing.report.curves import Curve, as_planned, contexts, curve, plan_or_reason
from sizing.request import Request

_PADDED_TO = 64
"""Sequences are padded to what tensor parallelism divides; an odd length would forbid it."""
# A run is cut in many ways, so each question takes longer than one about serving.
_TIMES_ASKED, _PARTS = 16, 64


def length_curve(request: Request, plan: Plan) -> Curve:
    """Cost over the tokens of a sequence, with the plan's region, purchase and precision.

    The budget does not cut it off: it shows where it would be exceeded.
    """
    fixed = as_planned(request, plan)
    asked, limit = plan.workload.context, request.spec.context_limit
    longest = min(_TIMES_ASKED * asked, limit)
    return curve(
        "context",
        lambda length: plan_or_reason(_of_length(fixed, _padded(length, asked, limit))),
        asked,
        contexts(asked, longest),
        f"{limit:,} tokens are the model's limit"
        if longest == limit
        else f"drawn up to {longest:,} tokens, {_TIMES_ASKED} times what is asked",
        _PARTS,
    )


def _of_length(request: Request, length: int) -> Request:
    """The same run on sequences of so many tokens."""
    job = request.training and request.training.changed(seq_len=length)
    workload = request.workload.model_copy(update={"context": length})
    return replace(request, workload=workload, training=job)


def _padded(length: int, asked: int, limit: int) -> int:
    if length == asked:
        return length
    return min(-(-length // _PADDED_TO) * _PADDED_TO, limit)
