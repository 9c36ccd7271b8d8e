"""Fits or does not fit: our verdict on every published case beside what happened."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.case import (
    Case,
    engine_of,
    gpu_of,
    kv_dtype_of,
    layout_of,
    load_cases,
    precision_of,
    process_of,
    spec_of,
)
from sizing.deployment import Deployment
from sizing.errors import InputError
from sizing.fit import fit
from sizing.support import support

DEFAULT_CONTEXT = 8192


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ours and theirs on one case; `ours` is None where it cannot be asked, with the reason."""

    case: Case
    theirs: bool | None
    ours: bool | None
    reason: str

    @property
    def agrees(self) -> bool | None:
        """None where either side says nothing."""
        return None if self.ours is None or self.theirs is None else self.ours == self.theirs

    @property
    def from_engine(self) -> bool:
        """A run that was seen, not advice."""
        return bool(self.case.row["from_engine"])


def verdicts() -> list[Verdict]:
    """One verdict a case of `benchmarks/cases/fits.json`."""
    return [_verdict(case) for case in load_cases("fits")]


def _verdict(case: Case) -> Verdict:
    theirs = case.row.get("fits")
    if "model" not in case.row:
        return Verdict(case, theirs, None, f"{case.row['checkpoint']} is not in the catalogue")
    if "gpu" not in case.row:
        return Verdict(case, theirs, None, "no single GPU is named")
    try:
        fits, reason = _ask(case)
    except InputError as error:
        return Verdict(case, theirs, None, error.message)
    return Verdict(case, theirs, fits, reason)


def _ask(case: Case) -> tuple[bool, str]:
    if str(case.row["engine"]).startswith("transformers"):
        memory = process_of(case)
        return memory.free_per_gpu >= 0, f"{memory.free_per_gpu / 2**30:.2f} GiB free per GPU"
    found = fit(_deployment(case), suggest=False)
    return found.fits, found.reason


def _deployment(case: Case) -> Deployment:
    spec, gpu = spec_of(case), gpu_of(case)
    precision = precision_of(case)
    if support(precision, gpu.compute_capability).mode == "no" and precision.bits == 16:
        precision = replace(precision, name="fp16")
    known = case if case.is_vllm else Case({**case.row, "engine": "vllm:0.19"})
    context = case.row.get("context") or min(DEFAULT_CONTEXT, spec.max_context or DEFAULT_CONTEXT)
    return Deployment(
        spec=spec,
        precision=precision,
        kv_dtype=kv_dtype_of(case),
        gpu=gpu,
        layout=layout_of(case),
        engine=engine_of(known),
        context=context,
    )
