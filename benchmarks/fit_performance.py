"""Fits the engines' efficiency factors to the measured loads, and says how well that generalises.

    python -m benchmarks.fit_performance [--write] [--no-cross-validation]

The loss is the mean over models of each model's mean |log(ours / measured)| of output tokens per
second (capped, so that a source that contradicts the others does not steer), plus a small pull
towards the values that kernels are known to reach, which decides where measurements say little.
Each model is then predicted by factors that were fitted without it. `--write` keeps the factors in
sizing/catalog/data/performance.json.
"""

from __future__ import annotations

import copy
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp, log
from pathlib import Path
from statistics import fmean, median
from typing import Any

from benchmarks.accuracy import percentile
from benchmarks.throughput_cases import LoadCase, load_cases, predict
from sizing.catalog.store import DATA, read

FILE = DATA / "performance.json"
_CAP = 1.0
_PULL = 0.004
_LATENCY_WEIGHT = 0.15
_SWEEPS, _VALIDATION_SWEEPS, _FOLDS = 30, 10, 6
_STEPS = (0.3, 0.1, 0.03)
_LITTLE = 1e-3
"""A sweep that gains less goes on with smaller steps."""

Table = dict[str, Any]
Name = tuple[str, ...]

# What kernels are known to reach, where a search starts and what it is pulled to; and the most
# that is physical.
_KNOWN: dict[str, tuple[float, float]] = {
    "matmul": (0.6, 0.85),
    "bandwidth": (0.8, 0.93),
    "engine matmul": (0.9, 1.0),
    "experts": (0.75, 1.0),
    "step_s": (1e-3, 2e-2),
    "sequence_s": (1e-5, 1e-4),
    "request_s": (3e-3, 2e-2),
    "attention_matmul": (0.6, 1.2),
    "attention_bandwidth": (0.85, 1.0),
    "weight_only": (0.7, 1.0),
    "scaled_blocks": (0.75, 1.0),
    "expert_skew": (0.7, 2.0),
    "expert_bandwidth": (0.75, 1.0),
    "roofline_exponent": (1.6, 6.0),
    "kernel_s": (2e-6, 1e-5),
    "expert_inner": (500.0, 4000.0),
    "reduce_s": (8e-6, 6e-5),
    "link_bandwidth": (0.6, 0.9),
}


def known_table() -> Table:
    """The factors before any fit: what kernels are known to reach, alike for all engines."""
    filed = read(FILE.name)
    return {
        "architectures": {
            name: {key: _KNOWN[key][0] for key in ("matmul", "bandwidth", "weight_only")}
            for name in filed["architectures"]
        },
        "engines": {
            name: {
                "matmul": _KNOWN["engine matmul"][0],
                **{key: _KNOWN[key][0] for key in ("experts", "step_s", "sequence_s", "request_s")},
            }
            for name in filed["engines"]
        },
        "shared": {key: _KNOWN[key][0] for key in filed["shared"]},
    }


@dataclass(frozen=True, slots=True)
class Misfit:
    """log(ours / measured) of a case: of output tokens per second, and of its latencies."""

    rate: float
    latencies: tuple[float, ...]


def misfits(cases: Iterable[LoadCase], table: Table | None = None) -> dict[str, list[Misfit]]:
    """By model, of the cases whose output rate was measured."""
    found: dict[str, list[Misfit]] = defaultdict(list)
    for case in cases:
        theirs = case.measured
        if "output_tokens_per_s" not in theirs:
            continue
        ours = predict(case, table)
        times = {"ttft_ms": 1000 * ours.ttft_s, "tpot_ms": 1000 * ours.tpot_s}
        found[case.model].append(
            Misfit(
                log(ours.output_tokens_per_s / theirs["output_tokens_per_s"]),
                tuple(log(times[key] / theirs[key]) for key in times if theirs.get(key)),
            )
        )
    return found


def errors(cases: Iterable[LoadCase], table: Table | None = None) -> dict[str, list[float]]:
    """log(ours / measured) of output tokens per second, by model."""
    return {name: [m.rate for m in one] for name, one in misfits(cases, table).items()}


def fit(cases: Sequence[LoadCase], start: Table, sweeps: int) -> Table:
    """Coordinate search in the factors' logarithms, smaller steps when larger ones help no more."""
    table = copy.deepcopy(start)
    best, names = _loss(cases, table), list(factor_names(table))
    size = 0
    for _ in range(sweeps):
        before = best
        for name in names:
            best = _improve(cases, table, name, _STEPS[size], best)
        if before - best < _LITTLE:
            size += 1
            if size == len(_STEPS):
                break
    return table


def _improve(
    cases: Sequence[LoadCase], table: Table, name: Name, step: float, best: float
) -> float:
    group, key, most = _slot(table, name)
    old = group[key]
    for factor in (exp(step), exp(-step)):
        group[key] = min(old * factor, most)
        found = _loss(cases, table)
        if found < best - 1e-7:
            return found
    group[key] = old
    return best


def _loss(cases: Sequence[LoadCase], table: Table) -> float:
    misfit = fmean(fmean(map(_cost, one)) for one in misfits(cases, table).values())
    pull = sum(log(_slot(table, n)[0][n[-1]] / _known(n)[0]) ** 2 for n in factor_names(table))
    return misfit + _PULL * pull


def _cost(found: Misfit) -> float:
    times = sum(min(abs(e), _CAP) for e in found.latencies)
    return min(abs(found.rate), _CAP) + _LATENCY_WEIGHT * times


def factor_names(table: Table) -> Iterable[Name]:
    """The path of every factor in the table."""
    for part in ("architectures", "engines"):
        for owner, group in table[part].items():
            yield from ((part, owner, key) for key in group)
    yield from (("shared", key) for key in table["shared"])


def _slot(table: Table, name: Name) -> tuple[dict[str, float], str, float]:
    group = table
    for part in name[:-1]:
        group = group[part]
    return group, name[-1], _known(name)[1]


def _known(name: Name) -> tuple[float, float]:
    return _KNOWN["engine matmul" if name[0] == "engines" and name[-1] == "matmul" else name[-1]]


def cross_validate(cases: Sequence[LoadCase], start: Table) -> list[tuple[LoadCase, float]]:
    """Each case's log(ours / measured) under factors fitted without any case of its model.

    Several models are left out at a time, which is stricter than one, and quicker.
    """
    found: list[tuple[LoadCase, float]] = []
    models = sorted({case.model for case in cases})
    for fold in range(_FOLDS):
        out = models[fold::_FOLDS]
        table = fit([c for c in cases if c.model not in out], start, _VALIDATION_SWEEPS)
        for model in out:
            own = [c for c in cases if c.model == model and "output_tokens_per_s" in c.measured]
            missed = errors(own, table).get(model, [])
            found += zip(own, missed, strict=True)
            print(f"  without {model:<24}{_summary({model: missed})}", flush=True)
    return found


def spreads(found: Sequence[tuple[LoadCase, float]]) -> Table:
    """By engine family: between which shares of ours four of five measurements lie."""
    by_family: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for case, error in found:
        by_family[case.family].append((case.model, exp(-error)))
    return {
        family: {
            "low": percentile(sorted(share for _, share in rows), 0.1),
            "high": percentile(sorted(share for _, share in rows), 0.9),
            "median": median(abs(1 / share - 1) for _, share in rows),
            "p90": percentile(sorted(abs(1 / share - 1) for _, share in rows), 0.9),
            "cases": len(rows),
            "models": len({model for model, _ in rows}),
        }
        for family, rows in sorted(by_family.items())
    }


def _summary(by_model: dict[str, list[float]]) -> str:
    cases = sorted(abs(exp(e) - 1) for one in by_model.values() for e in one)
    means = sorted(fmean(abs(exp(e) - 1) for e in one) for one in by_model.values() if one)
    if not cases:
        return "no output rate was measured"
    return (
        f"median {median(cases):5.1%}, p90 {percentile(cases, 0.9):5.1%} of {len(cases)} cases; by "
        f"model first {median(means):5.1%}, {percentile(means, 0.9):5.1%} of {len(means)}"
    )


def main(arguments: Sequence[str]) -> int:
    """Fit, print, validate, write."""
    cases = load_cases()
    before = known_table()
    print(f"known values    {_summary(errors(cases, before))}")
    table = fit(cases, before, _SWEEPS)
    print(f"fitted          {_summary(errors(cases, table))}")
    print(json.dumps(table, indent=1))
    if "--no-cross-validation" not in arguments:
        left = cross_validate(cases, before)
        table["spread"] = spreads(left)
        for family in table["spread"]:
            rows = [(c.model, e) for c, e in left if c.family == family]
            by_model = {m: [e for model, e in rows if model == m] for m, _ in rows}
            print(f"left out, {family:<13}{_summary(by_model)}")
    if "--write" in arguments:
        write(table, FILE)
    return 0


def write(table: Table, path: Path) -> None:
    """The factors with four digits and the day."""
    filed = read(path.name)
    rounded = json.loads(json.dumps(table), parse_float=lambda x: float(f"{float(x):.3g}"))
    text = json.dumps({**filed, "as_of": str(date.today()), **rounded}, indent=1)
    path.write_text(text + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
