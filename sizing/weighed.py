"""The formats that people weigh for a model, and the plan in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sizing.catalog.checkpoints import known_checkpoints
from sizing.errors import NoPlanError
from sizing.gpu import Gpu
from sizing.plan import Plan
from sizing.planner import make_plan
from sizing.precision import Precision
from sizing.request import Request
from sizing.support import support

WEIGHED = ("auto", "bf16", "fp16", "fp8", "int8", "int4", "nvfp4", "mxfp4", "gptq")
"""What to ask for where nothing was asked: the model's own format, then the others."""
_WIDTHS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (16, ("bf16", "fp16")),
    (8, ("fp8", "fp8-block", "int8")),
    (4, ("int4", "awq", "gptq")),
)
"""One format of each width comes first: of these the earliest that a GPU has arithmetic for."""


def worth_weighing(request: Request) -> tuple[Precision, ...]:
    """Of `request.precisions`, which `WEIGHED` filled: one each of 16, 8 and 4 bits, then the
    others that are stored somewhere or that a GPU asked for has arithmetic for."""
    own, *_ = request.precisions
    known = {own.name, *known_checkpoints(request.spec, request.named)}
    first = [p for width, names in _WIDTHS if (p := _of_width(request, own, width, names))]
    rest = [
        p
        for p in request.precisions
        if p not in first
        and p.bits < 16
        and (p.name in known or "native" in _modes(p, request.gpus))
    ]
    return (*first, *rest)


def plan_at(request: Request, precision: Precision, stored_as: str = "") -> Plan | str:
    """The plan in one format, or why there is none.

    Files that the user named hold the format `stored_as`, and serve no other.
    """
    refused = _unusable(request, precision)
    if refused:
        return refused
    files = request.checkpoint if precision.name == stored_as else None
    try:
        return make_plan(replace(request, precisions=(precision,), checkpoint=files))
    except NoPlanError as error:
        return error.message


def _of_width(
    request: Request, own: Precision, width: float, names: Sequence[str]
) -> Precision | None:
    """The model's own format if it is of that width and runs, else the first that runs best."""
    if own.bits == width and not _unusable(request, own):
        return own
    found = [p for p in request.precisions if p.bits == width and p.name in names]
    native = (p for p in found if "native" in _modes(p, request.gpus))
    return next(native, found[0] if found else None)


def _modes(precision: Precision, gpus: Sequence[Gpu]) -> set[str]:
    return {support(precision, gpu.compute_capability).mode for gpu in gpus}


def _unusable(request: Request, precision: Precision) -> str:
    """Why none of the asked GPUs runs it; empty where one does."""
    if _modes(precision, request.gpus) != {"no"}:
        return ""
    gpu = request.gpus[0]
    return f"{gpu.name}: {support(precision, gpu.compute_capability).reason}"
