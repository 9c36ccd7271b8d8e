"""The throughput part of the accuracy report, as Markdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from benchmarks.accuracy import percentile
from benchmarks.markdown import table
from benchmarks.throughput_accuracy import (
    OUTPUT,
    TARGET_MEDIAN,
    TARGET_P90,
    TARGET_PAIRS,
    LoadResult,
    LoadSummary,
    held_out_results,
    load_results,
    load_summaries,
    pair_scores,
)
from benchmarks.throughput_cases import left_out
from sizing.performance.engines import FAMILIES
from sizing.performance.factors import spread

_MISS = 0.6

METHOD = f"""\
# Throughput and latency

## What is compared, and how

Every case is a published measurement of an engine under load: a benchmark of so many prompts all at
once, a kept number of requests in flight, or the engine's maximum. The functions that serve `sizing
perf` get the case's settings and nothing else. The cases are in
`benchmarks/cases/throughput.json`, with what had to be inferred (MLPerf's and ML.ENERGY's prompt
lengths, the layout of MLPerf's systems, formats that a submission does not state).

- An error is |ours / measured - 1|. It is given over cases, and over models after averaging by
  model, so that a model with many cases counts once.
- The work of a step is counted from the architecture. What is fitted is one table of
  {{factors}} shares and times (`sizing/catalog/data/performance.json`): by GPU architecture, by
  engine family, or alike for all; none belongs to a model or a GPU.
  `python -m benchmarks.fit_performance` fits them, and predicts each model by factors that were
  fitted without it.
- Target for output tokens per second, by engine: median {TARGET_MEDIAN:.0%}, p90 {TARGET_P90:.0%};
  and of two cases of one source that differ by more than a quarter, the faster one is predicted to
  be faster in {TARGET_PAIRS:.0%}.
"""


def throughput_report() -> str:
    """All its sections."""
    found = load_results()
    outputs = [r for r in found if r.figure is OUTPUT]
    return "\n".join(
        [
            METHOD.replace("{factors}", str(_factor_count())),
            _summary(load_summaries(found)),
            _left_out_models(),
            _held_out(),
            _pairs(found),
            _groups("## By engine and GPU", ("Engine", "GPU"), outputs, _by_gpu),
            _groups("## By engine and model", ("Engine", "Model"), outputs, _by_model),
            _groups("## By engine and load", ("Engine", "Load"), outputs, _by_load),
            _misses(outputs),
            _not_computed(),
        ]
    )


def _factor_count() -> int:
    from benchmarks.fit_performance import factor_names, known_table

    return len(list(factor_names(known_table())))


def _summary(rows: Iterable[LoadSummary]) -> str:
    heads = ("Figure", "Engine", "Cases", "Median", "p90", "Models", "Median", "p90", "Met")
    return table("## Result", heads, [_summary_row(s) for s in rows])


def _summary_row(s: LoadSummary) -> tuple[str, ...]:
    met = s.median <= TARGET_MEDIAN and s.p90 <= TARGET_P90
    return (
        s.figure.name,
        s.family,
        str(s.cases),
        f"{s.median:.1%}",
        f"{s.p90:.1%}",
        str(s.models),
        f"{s.model_median:.1%}",
        f"{s.model_p90:.1%}",
        ("yes" if met else "no") if s.figure is OUTPUT else "-",
    )


def _left_out_models() -> str:
    rows = [
        (
            name,
            str(s.cases),
            str(s.models),
            f"{s.median:.1%}",
            f"{s.p90:.1%}",
            _range(s.low, s.high),
        )
        for name, s in ((name, spread(name)) for name in FAMILIES)
    ]
    title = (
        "## Models that the factors were fitted without\n\nOutput tokens per second. The last "
        "column is the error band of `sizing perf`: 80% of measured / ours lie in it."
    )
    heads = ("Engine", "Cases", "Models", "Median", "p90", "Measured / ours")
    return table(title, heads, rows)


def _range(low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f}"


def _held_out() -> str:
    found = held_out_results()
    title = (
        "## Measurements that were never fitted to\n\nNVIDIA's tables of TensorRT-LLM 0.17 "
        "(`benchmarks/cases/throughput_held_out.json`)."
    )
    head = _groups(title, ("Model", "GPUs"), found, _by_cards)
    whole = load_summaries(found)[0]
    pairs = pair_scores(found, one_model=True)[0]
    return (
        f"{head}\nIn all {whole.cases} cases: median {whole.median:.1%}, p90 {whole.p90:.1%}; "
        f"{pairs.share:.1%} of {pairs.pairs:,} pairs of one model in the right order.\n"
    )


def _pairs(found: Sequence[LoadResult]) -> str:
    every = pair_scores(found)
    same = {p.family: p for p in pair_scores(found, one_model=True)}
    rows = [
        (
            p.family,
            f"{p.pairs:,}",
            f"{p.share:.1%}",
            f"{same[p.family].pairs:,}",
            f"{same[p.family].share:.1%}",
        )
        for p in every
    ]
    heads = ("Engine", "Pairs", "Right", "Of one model", "Right")
    return table("## Which of two is faster", heads, rows)


def _by_gpu(r: LoadResult) -> tuple[str, str]:
    return r.case.family, r.case.gpu.name


def _by_model(r: LoadResult) -> tuple[str, str]:
    return r.case.family, r.case.model


def _by_cards(r: LoadResult) -> tuple[str, str]:
    return r.case.model, f"{r.case.layout.gpus} x {r.case.gpu.name}"


def _by_load(r: LoadResult) -> tuple[str, str]:
    row = r.case.row
    arrival = {"burst": "all at once", "kept": "kept in flight", "max": "as many as fit"}
    prompt = "short" if row["input_len"] < 1000 else "long"
    return r.case.family, f"{arrival[row['arrival']]}, {prompt} prompts"


def _groups(
    title: str,
    heads: tuple[str, str],
    found: Iterable[LoadResult],
    key: Callable[[LoadResult], tuple[str, str]],
) -> str:
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for r in found:
        groups[key(r)].append(r.error)
    rows = [(*name, *_spread(groups[name])) for name in sorted(groups)]
    return table(title, (*heads, "Cases", "Median", "p90", "Middle signed error"), rows)


def _spread(errors: Sequence[float]) -> tuple[str, str, str, str]:
    sizes = sorted(abs(e) for e in errors)
    return (
        str(len(sizes)),
        f"{median(sizes):.1%}",
        f"{percentile(sizes, 0.9):.1%}",
        f"{median(errors):+.1%}",
    )


def _misses(found: Iterable[LoadResult]) -> str:
    rows = [
        (
            r.case.id,
            r.case.family,
            r.case.model,
            f"{r.case.layout.gpus} x {r.case.gpu.name}",
            f"{r.ours:,.0f}",
            f"{r.theirs:,.0f}",
            f"{r.error:+.0%}",
        )
        for r in found
        if abs(r.error) > _MISS
    ]
    heads = ("Case", "Engine", "Model", "GPUs", "Ours", "Measured", "Error")
    title = (
        f"## Misses\n\nErrors above {_MISS:.0%}. Most are runs that other engines, or the same "
        "engine on another GPU, beat several times over: kernels were missing for that model and "
        "GPU, which nothing in the settings tells."
    )
    return table(title, heads, rows)


def _not_computed() -> str:
    rows = [(why, str(len(ids)), ", ".join(ids)) for why, ids in sorted(left_out().items())]
    return table("## Left out of throughput", ("Why", "Cases", "Which"), rows)
