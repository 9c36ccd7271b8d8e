"""How far the power model is from measured power of GPUs, and what a fit of it would be.

    python benchmarks/power.py

Each model's runs are also predicted by a fit that did not see them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from benchmarks.case import CASES
from benchmarks.throughput_cases import LoadCase, load_rows, make_case
from sizing.performance.energy import BUSY, COMPUTING, READING, MeanStep, shares
from sizing.performance.step import step_model

LIMIT = 0.2
Constants = tuple[float, float, float]


@dataclass(frozen=True)
class Run:
    """A measured run: its model, the shares of a step, and the power over the TDP."""

    case: LoadCase
    reading: float
    computing: float
    measured: float

    def predicted(self, constants: Constants) -> float:
        """The share of the TDP by these constants."""
        busy, reading, computing = constants
        return min(1.0, busy + reading * self.reading + computing * self.computing)

    def error(self, constants: Constants) -> float:
        """How far the prediction is off, as a share of what was measured."""
        return abs(self.predicted(constants) - self.measured) / self.measured


def main() -> int:
    """Print every run and the errors; 1 where the mean error is above the limit."""
    found, ours = runs(), (BUSY, READING, COMPUTING)
    print(f"{'model':<20}{'GPUs':>10}{'batch':>8}{'measured':>10}{'ours':>8}   share of the TDP")
    for run in found:
        row = run.case.row
        print(
            f"{run.case.model:<20}{row['gpus']:>4} {row['gpu']:<5}{row['concurrency']:>8,.0f}"
            f"{run.measured:>10.2f}{run.predicted(ours):>8.2f}"
        )
    mean = fmean(run.error(ours) for run in found)
    unseen = [e for model in sorted({r.case.model for r in found}) for e in _unseen(found, model)]
    fitted = ", ".join(f"{c:.2f}" for c in fit(found))
    middle = median(run.error(ours) for run in found)
    print(f"\n{len(found)} runs: off by {mean:.1%} on average, median {middle:.1%}")
    print(f"models that a fit did not see: {fmean(unseen):.1%}, median {median(unseen):.1%}")
    print(f"the fit gives {fitted}; ours are {ours}; limit {LIMIT:.0%} on average")
    return int(mean > LIMIT)


def runs() -> list[Run]:
    """Every run whose power was measured."""
    rows = {row["id"]: row for row in load_rows()}
    power = json.loads((CASES / "power.json").read_text())["cases"]
    return [_run(rows[p["id"]], p["average_power_w"], p["average_batch"]) for p in power]


def fit(found: Sequence[Run]) -> Constants:
    """The constants of least squares, by the normal equations."""
    rows = [(1.0, run.reading, run.computing, run.measured) for run in found]
    matrix = [[sum(r[i] * r[j] for r in rows) for j in range(4)] for i in range(3)]
    for i in range(3):
        for k in range(3):
            times = matrix[k][i] / matrix[i][i] if k != i else 0.0
            matrix[k] = [a - times * b for a, b in zip(matrix[k], matrix[i], strict=True)]
    a, b, c = (matrix[i][3] / matrix[i][i] for i in range(3))
    return a, b, c


def _unseen(found: Sequence[Run], model: str) -> list[float]:
    constants = fit([run for run in found if run.case.model != model])
    return [run.error(constants) for run in found if run.case.model == model]


def _run(row: dict[str, object], watts: float, batch: float) -> Run:
    case = make_case(row)
    model = step_model(case.spec, case.precision, case.kv_dtype, case.layout, case.gpu, case.server)
    prompt, output = float(case.row["input_len"]), float(case.row["output_len"])
    prompts = batch * prompt / output
    step = MeanStep(prompts, prompts * prompt / 2, batch, batch * (prompt + output / 2))
    reading, computing = shares(model, step)
    tdp = case.row["gpus"] * case.gpu.tdp_w
    return Run(case, reading, computing, watts / tdp)


if __name__ == "__main__":
    sys.exit(main())
