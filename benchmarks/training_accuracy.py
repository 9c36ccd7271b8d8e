"""How well the training model agrees with published peak memories, framework by framework.

    python benchmarks/training_accuracy.py

Figures are what the framework itself would print (allocated, reserved or the device's); errors are
taken within a framework first, then averaged over frameworks, so that one with many runs counts
once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, median
from typing import Any

from benchmarks.accuracy import percentile
from benchmarks.case import Case, load_cases, spec_of
from sizing.training.answer import job_fits, reported_bytes
from sizing.training.job import Job
from sizing.training.make import make_job
from sizing.training.memory import training_memory
from sizing.units import gib

TARGET_MEDIAN, TARGET_P90 = 0.12, 0.30
COLLECTED, FURTHER = "training_memory", "training_memory_more"


@dataclass(frozen=True, slots=True)
class Run:
    """One case, and ours of it: the peak in GiB that its framework would report, the verdict."""

    row: dict[str, Any]
    peak: float
    fits: bool
    moment: str

    @property
    def id(self) -> str:
        """The case's own name."""
        return str(self.row["id"])

    @property
    def framework(self) -> str:
        """The framework that measured it."""
        return str(self.row["framework"])

    @property
    def measured(self) -> float | None:
        """GiB that the framework printed; None where it ran out of memory."""
        return self.row.get("peak_gib")

    @property
    def error(self) -> float:
        """Signed share of the measured peak."""
        measured = self.measured
        assert measured is not None
        return (self.peak - measured) / measured

    @property
    def ran(self) -> bool | None:
        """Whether the run went through on the GPU that is named; None where that is not known."""
        if not self.row.get("fits", False):
            return self.row.get("fits")
        return True if self.row["gpu_exact"] else None


@dataclass(frozen=True, slots=True)
class Summary:
    """Absolute errors of one framework's runs, or the averages over several frameworks."""

    name: str
    runs: int
    median: float
    p90: float
    worst: float

    @property
    def reached(self) -> bool:
        """Whether both targets are met."""
        return self.median <= TARGET_MEDIAN and self.p90 <= TARGET_P90


@cache
def runs(name: str, *, named: bool = True) -> tuple[Run, ...]:
    """The cases of a file that can be computed; not `named` asks without the framework's name."""
    rows = (case.row for case in load_cases(name))
    return tuple(_run(row, named=named) for row in rows if "left_out" not in row)


def left_out(name: str) -> dict[str, str]:
    """Case to reason, where nothing is computed."""
    rows = (case.row for case in load_cases(name))
    return {row["id"]: row["left_out"] for row in rows if "left_out" in row}


def certain(found: Iterable[Run]) -> list[Run]:
    """Measured runs whose source leaves no doubt about what ran."""
    return [r for r in found if r.measured is not None and not r.row["uncertain"]]


def uncertain(found: Iterable[Run]) -> list[Run]:
    """Measured runs whose settings or figure are in doubt."""
    return [r for r in found if r.measured is not None and r.row["uncertain"]]


def summaries(found: Sequence[Run]) -> list[Summary]:
    """One summary a framework, in the frameworks' first order, then their average."""
    names = dict.fromkeys(r.framework for r in found)
    each = [_summary(name, [r for r in found if r.framework == name]) for name in names]
    return [*each, _average(each)] if each else []


def verdicts(found: Iterable[Run]) -> list[Run]:
    """Runs of which it is known whether they went through."""
    return [r for r in found if r.ran is not None]


def wrongly_fit(found: Iterable[Run]) -> list[Run]:
    """Runs that were out of memory and that we say fit: there must be none."""
    return [r for r in verdicts(found) if r.fits and not r.ran]


def _run(row: dict[str, Any], *, named: bool) -> Run:
    job = job_of(row, named=named)
    worst = training_memory(job)[0]
    return Run(row, gib(reported_bytes(job, worst)), job_fits(job), worst.moment)


def job_of(row: dict[str, Any], *, named: bool = True) -> Job:
    """The case as a training job, with or without its framework's name."""
    return make_job(
        row["model"],
        gpu=row["gpu"],
        gpus=row["gpus"],
        framework=row["framework"] if named else None,
        spec=spec_of(Case(row)),
        **row["options"],
    )


def _summary(name: str, found: Sequence[Run]) -> Summary:
    errors = sorted(abs(r.error) for r in found)
    return Summary(name, len(errors), median(errors), percentile(errors, 0.9), errors[-1])


def _average(each: Sequence[Summary]) -> Summary:
    return Summary(
        name="average over frameworks",
        runs=sum(s.runs for s in each),
        median=fmean(s.median for s in each),
        p90=fmean(s.p90 for s in each),
        worst=max(s.worst for s in each),
    )


def main() -> int:
    """Print the section of the report."""
    from benchmarks.training_report import training_section

    print(training_section())
    return 0


if __name__ == "__main__":
    sys.exit(main())
