"""How well the memory model agrees with what engines measured: every case, by kind and model.

The report adds how well throughput agrees (`benchmarks/throughput_report.py`).

    python benchmarks/accuracy.py [--write]

Errors are averaged by model first, then taken over models, so that a model with many logs counts
once. `--write` puts the report into docs/accuracy.md.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from benchmarks.case import Case, engine_of, load_cases, predict
from sizing.errors import InputError

REPORT = Path(__file__).parents[1] / "docs" / "accuracy.md"
SMALL_POOL_GIB = 5.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of figure and what the project aims at, as shares."""

    name: str
    median: float | None = None
    p90: float | None = None


WEIGHTS = Kind("weights per GPU", 0.003, 0.015)
POOL_FULL = Kind("KV pool, full settings", 0.005, 0.02)
TOKENS_FULL = Kind("KV tokens, full settings", 0.005, 0.025)
ACTIVATIONS = Kind("activation peak, vLLM 0.17 and later", 0.03, 0.10)
POOL_INFERRED = Kind("KV pool, some settings inferred", 0.05, 0.15)
TOTALS = Kind("Transformers totals", 0.04, 0.10)
ACTIVATIONS_OLD = Kind("activation peak, before vLLM 0.17")
TOKENS_INFERRED = Kind("KV tokens, some settings inferred")
TOKENS_OF_POOL = Kind("KV tokens in the measured pool")
KINDS = (
    WEIGHTS,
    POOL_FULL,
    TOKENS_FULL,
    ACTIVATIONS,
    POOL_INFERRED,
    TOTALS,
    ACTIVATIONS_OLD,
    TOKENS_INFERRED,
    TOKENS_OF_POOL,
)


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of one case: ours, theirs (GiB or tokens)."""

    case: Case
    kind: Kind
    ours: float
    theirs: float

    @property
    def error(self) -> float:
        """Signed share of what was measured."""
        return (self.ours - self.theirs) / abs(self.theirs)

    @property
    def model(self) -> str:
        """The model's short name."""
        return Path(self.case.row["model"]).name.removesuffix(".json")


@dataclass(frozen=True, slots=True)
class Summary:
    """Absolute errors of a kind, by model first; `worst` is the worst single case."""

    kind: Kind
    cases: int
    models: int
    median: float
    p90: float
    worst: float

    @property
    def reached(self) -> bool | None:
        """Whether both targets are met; None where there is none."""
        if self.kind.median is None or self.kind.p90 is None:
            return None
        return self.median <= self.kind.median and self.p90 <= self.kind.p90


def results() -> list[Result]:
    """Every comparable figure of every case that can be computed."""
    return [r for case in load_cases("serving_memory") if not case.left_out() for r in _of(case)]


def left_out() -> dict[str, list[str]]:
    """Reason to the ids of the cases for which nothing is computed."""
    found: dict[str, list[str]] = defaultdict(list)
    for case in load_cases("serving_memory"):
        reason = case.left_out()
        if reason:
            found[reason].append(case.id)
    return dict(found)


def summaries(found: Iterable[Result]) -> list[Summary]:
    """One summary a kind, in the order of `KINDS`."""
    rows = list(found)
    return [s for kind in KINDS if (s := summary(kind, [r for r in rows if r.kind is kind]))]


def summary(kind: Kind, rows: list[Result]) -> Summary | None:
    """Median and 90th percentile over models of each model's mean absolute error."""
    if not rows:
        return None
    by_model: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        by_model[row.model].append(abs(row.error))
    means = sorted(fmean(errors) for errors in by_model.values())
    return Summary(
        kind=kind,
        cases=len(rows),
        models=len(means),
        median=median(means),
        p90=percentile(means, 0.9),
        worst=max(abs(r.error) for r in rows),
    )


def percentile(ordered: list[float], share: float) -> float:
    """Linear interpolation between the nearest ranks of an ascending list."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def over_predicted(found: Iterable[Result]) -> list[Result]:
    """Pools under 5 GiB that we say are larger than they are (beyond the log's two decimals)."""
    pools = (r for r in found if r.kind in (POOL_FULL, POOL_INFERRED))
    return [r for r in pools if r.theirs < SMALL_POOL_GIB and r.ours > r.theirs + 0.005]


def _of(case: Case) -> Iterable[Result]:
    try:
        ours = predict(case)
    except InputError as error:
        raise ValueError(f"case {case.id}: {error.message}") from error
    for figure, kind in _kinds(case).items():
        theirs = case.measured.get("tokens" if figure == "tokens_of_pool" else figure)
        if theirs and figure in ours:
            yield Result(case, kind, ours[figure], theirs)


def _kinds(case: Case) -> dict[str, Kind]:
    """Which of a case's figures its settings suffice for."""
    row = case.row
    found: dict[str, Kind] = {}
    if not case.is_vllm:
        return {"total_gib": TOTALS}
    if row.get("weights_comparable"):
        found["weights_gib"] = WEIGHTS
    if row.get("end_to_end"):
        full = case.full_settings
        found["pool_gib"] = POOL_FULL if full else POOL_INFERRED
        found["tokens"] = TOKENS_FULL if full else TOKENS_INFERRED
    new = engine_of(case).version.first_version >= (0, 17)
    found["activations_gib"] = ACTIVATIONS if new else ACTIVATIONS_OLD
    if row.get("tokens_of_pool"):
        found["tokens_of_pool"] = TOKENS_OF_POOL
    return found


def main(write: bool) -> int:
    """Print the report, and write it where asked."""
    from benchmarks.accuracy_report import report

    text = report()
    if write:
        REPORT.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
