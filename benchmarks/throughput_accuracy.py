"""How well throughput and latency agree with what was measured: every load case, by engine.

Errors are |ours / measured - 1|. They are given over cases, and averaged by model first so that a
model with many cases counts once. Pairs of cases of one source and engine tell whether the faster
of two deployments is predicted to be faster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from statistics import fmean, median

from benchmarks.accuracy import percentile
from benchmarks.throughput_cases import LoadCase, held_out_cases, load_cases, predict

TARGET_MEDIAN, TARGET_P90, TARGET_PAIRS = 0.25, 0.60, 0.90
_APART = 1.25
"""Two measurements that differ by less are not asked about."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is compared: how it is called, and its name among the measured ones."""

    name: str
    key: str


OUTPUT = Figure("output tokens/s", "output_tokens_per_s")
TPOT = Figure("time per output token", "tpot_ms")
TTFT = Figure("time to first token", "ttft_ms")
FIGURES = (OUTPUT, TPOT, TTFT)


@dataclass(frozen=True, slots=True)
class LoadResult:
    """One figure of one case, ours and theirs."""

    case: LoadCase
    figure: Figure
    ours: float
    theirs: float

    @property
    def error(self) -> float:
        """Signed: ours over theirs, less one."""
        return self.ours / self.theirs - 1


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """Absolute errors of an engine's figure: over cases, and over models of each model's mean."""

    family: str
    figure: Figure
    cases: int
    models: int
    median: float
    p90: float
    model_median: float
    model_p90: float


@dataclass(frozen=True, slots=True)
class PairScore:
    """Pairs of one engine that differ clearly, and how many of them are put in the right order."""

    family: str
    pairs: int
    right: int

    @property
    def share(self) -> float:
        """Of 1."""
        return self.right / self.pairs if self.pairs else 1.0


@cache
def load_results() -> tuple[LoadResult, ...]:
    """Every figure of every case that is computed."""
    return tuple(_results(load_cases()))


@cache
def held_out_results() -> tuple[LoadResult, ...]:
    """The same of the measurements that were never fitted to."""
    return tuple(_results(held_out_cases()))


def _results(cases: Iterable[LoadCase]) -> list[LoadResult]:
    found: list[LoadResult] = []
    for case in cases:
        rates = predict(case)
        ours = {
            OUTPUT.key: rates.output_tokens_per_s,
            TPOT.key: 1000 * rates.tpot_s,
            TTFT.key: 1000 * rates.ttft_s,
        }
        for figure in FIGURES:
            theirs = case.measured.get(figure.key)
            if theirs:
                found.append(LoadResult(case, figure, ours[figure.key], theirs))
    return found


def load_summaries(results: Iterable[LoadResult]) -> list[LoadSummary]:
    """One for each engine and figure, in the order of the figures."""
    groups: dict[tuple[int, str], list[LoadResult]] = defaultdict(list)
    for r in results:
        groups[(FIGURES.index(r.figure), r.case.family)].append(r)
    return [_summary(groups[key]) for key in sorted(groups)]


def _summary(rows: Sequence[LoadResult]) -> LoadSummary:
    by_model: dict[str, list[float]] = defaultdict(list)
    for r in rows:
        by_model[r.case.model].append(abs(r.error))
    each = sorted(abs(r.error) for r in rows)
    means = sorted(fmean(one) for one in by_model.values())
    return LoadSummary(
        family=rows[0].case.family,
        figure=rows[0].figure,
        cases=len(each),
        models=len(means),
        median=median(each),
        p90=percentile(each, 0.9),
        model_median=median(means),
        model_p90=percentile(means, 0.9),
    )


def pair_scores(results: Iterable[LoadResult], *, one_model: bool = False) -> list[PairScore]:
    """By engine: pairs of one source and arrival that differ by more than a quarter.

    `one_model` keeps the pairs of one model, which differ in GPU, layout, precision or lengths.
    """
    groups: dict[tuple[str, str, str], list[LoadResult]] = defaultdict(list)
    for r in results:
        if r.figure is OUTPUT:
            groups[(r.case.family, _publisher(r.case), r.case.row["arrival"])].append(r)
    scores: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (family, _, _), rows in groups.items():
        for a, b in combinations(rows, 2):
            if one_model and a.case.model != b.case.model:
                continue
            if max(a.theirs, b.theirs) > _APART * min(a.theirs, b.theirs):
                scores[family][0] += 1
                scores[family][1] += (a.ours > b.ours) == (a.theirs > b.theirs)
    return [PairScore(family, *scores[family]) for family in sorted(scores)]


def _publisher(case: LoadCase) -> str:
    """Whose measurement it is: the source's first part."""
    return str(case.row["source"]).split("/")[0]
