"""The accuracy report as Markdown: what was compared, how well it agrees, and where it does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean

from benchmarks.accuracy import (
    KINDS,
    SMALL_POOL_GIB,
    Kind,
    Result,
    Summary,
    left_out,
    over_predicted,
    results,
    summaries,
)
from benchmarks.causes import CAUSES
from benchmarks.markdown import table
from benchmarks.throughput_report import throughput_report
from benchmarks.training_report import training_section
from benchmarks.verdicts import Verdict, verdicts

_MISS = 0.02
_WIDE_MISS = 0.05

METHOD = """\
# How well the figures agree with what engines measured

This page is the output of `python benchmarks/accuracy.py --write`; the cases are in
`benchmarks/cases/`, each with its source. No figure on it is typed by hand.

## Memory: what is compared, and how

Every case is a published measurement: a vLLM start-up log (weights per GPU, peak of the profiling
run, memory left for the KV cache, tokens that it holds) or the memory of a Transformers process.
For each, the same function that serves `sizing plan` and `sizing fit` gets the case's settings and
nothing else, and its figures are set beside the measured ones.

- An error is |ours - measured| / measured. Errors are averaged **by model first**; median and 90th
  percentile (p90) are then taken over models, so that a model with many logs counts once. `Worst`
  is the worst single case.
- **Full settings**: the engine's version, the GPU, the layout, the context and the utilisation were
  all stated. Otherwise something had to be inferred (a version from a date, a default), and the
  case counts among the inferred ones.
- What a version of the engine does by default (sequences, batched tokens) is taken from the
  engine's own rules, not from the case.
- No constant belongs to one model. What is not derived from the architecture is a property of the
  engine's version, kept in one table with its evidence (`sizing/engine.py`).
"""

DERIVED = """\
## What the figures are made of

- **Weights**: every tensor that the rank loads, as the engine fuses, pads and rounds it: vocabulary
  to 64 rows, KV heads repeated where there are more ranks than heads, the copies of MLA's
  up-projections, tables of rotations, mxfp4 padding, PyTorch's 2 MiB pages.
- **Activation peak**: the fuller of two moments of the profiling run: inside one layer's MLP with
  all batched tokens, or the sampler with the logits of every sequence (14 bytes a logit since 0.17,
  38 before, in 16-bit models), beside hidden states, expert workspaces, images and their encodings.
- **KV cache**: pages and groups of layers as the cache manager forms them: full attention, windows,
  recurrent states, latents; blocks per sequence; whole blocks only.
- **Beside PyTorch**: CUDA context, NCCL and workspaces, by version and layout; CUDA graphs, which
  the engine counts itself since 0.21.
"""


def report() -> str:
    """The whole page."""
    found = results()
    parts = [
        METHOD,
        _summary(summaries(found)),
        _small_pools(found),
        DERIVED,
        _by_version(found),
        _by_model(found),
        _misses(found),
        _verdicts(verdicts()),
        _left_out(),
        training_section(),
        throughput_report(),
    ]
    return "\n".join(parts)


def _summary(rows: Iterable[Summary]) -> str:
    heads = ("Figure", "Cases", "Models", "Median", "p90", "Worst", "Target (median / p90)", "Met")
    return table("## Result", heads, [_summary_row(s) for s in rows])


def _summary_row(s: Summary) -> tuple[str, ...]:
    met = {True: "yes", False: "no", None: "-"}[s.reached]
    return (
        s.kind.name,
        str(s.cases),
        str(s.models),
        _share(s.median),
        _share(s.p90),
        _share(s.worst),
        _target(s.kind),
        met,
    )


def _target(kind: Kind) -> str:
    if kind.median is None or kind.p90 is None:
        return "-"
    return f"{kind.median:.1%} / {kind.p90:.1%}"


def _small_pools(found: Sequence[Result]) -> str:
    over = over_predicted(found)
    named = ", ".join(f"{r.case.id} ({r.ours:.2f} for {r.theirs:.2f} GiB)" for r in over)
    said = f"over-predicted in: {named}" if over else "over-predicted in none of these cases"
    return f"Where the measured KV pool is under {SMALL_POOL_GIB:g} GiB it is {said}.\n"


def _by_version(found: Sequence[Result]) -> str:
    groups: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for row in found:
        groups[(row.kind.name, str(row.case.row["engine"]))].append(row)
    order = {kind.name: i for i, kind in enumerate(KINDS)}
    keys = sorted(groups, key=lambda k: (order[k[0]], k[1]))
    rows = [(*key, *_spread(groups[key])) for key in keys]
    return table("## By engine version", ("Figure", "Engine", *_SPREAD), rows)


def _by_model(found: Sequence[Result]) -> str:
    groups: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for row in found:
        groups[(row.model, row.kind.name)].append(row)
    rows = [(*key, *_spread(groups[key])) for key in sorted(groups)]
    return table("## By model", ("Model", "Figure", *_SPREAD), rows)


_SPREAD = ("Cases", "Mean error", "Worst")


def _spread(rows: Sequence[Result]) -> tuple[str, str, str]:
    errors = [abs(r.error) for r in rows]
    return str(len(rows)), _share(fmean(errors)), _share(max(errors))


def _misses(found: Sequence[Result]) -> str:
    missed = [r for r in found if abs(r.error) > _limit(r.kind)]
    rows = [
        (
            r.case.id,
            r.model,
            r.kind.name,
            f"{r.ours:,.2f}",
            f"{r.theirs:,.2f}",
            f"{r.error:+.1%}",
            CAUSES.get(r.case.id, "not known"),
        )
        for r in missed
    ]
    heads = ("Case", "Model", "Figure", "Ours", "Measured", "Error", "Cause")
    title = (
        f"## Misses\n\nErrors above {_MISS:.0%} where all settings were stated, above "
        f"{_WIDE_MISS:.0%} elsewhere."
    )
    return table(title, heads, rows)


def _limit(kind: Kind) -> float:
    strict = kind.p90 is not None and kind.p90 <= 0.025
    return _MISS if strict else _WIDE_MISS


def _verdicts(found: Sequence[Verdict]) -> str:
    runs = [v for v in found if v.from_engine and v.theirs is not None]
    advice = [v for v in found if not v.from_engine and v.theirs is not None]
    heads = ("Case", "Checkpoint", "GPUs", "Measured", "Ours", "Our reason")
    return "\n".join(
        [
            "## Fits or does not fit\n",
            table(f"From engines' runs: {_score(runs)}.", heads, [_verdict_row(v) for v in runs]),
            table(
                f"Vendors' advice and rules of thumb, reported apart: {_score(advice)}.",
                heads,
                [_verdict_row(v) for v in advice],
            ),
        ]
    )


def _score(found: Sequence[Verdict]) -> str:
    asked = [v for v in found if v.ours is not None]
    return f"{sum(v.agrees is True for v in asked)} of {len(asked)} agree"


def _verdict_row(v: Verdict) -> tuple[str, ...]:
    row, words = v.case.row, {True: "fits", False: "does not", None: "not asked"}
    sure = " (uncertain)" if row["uncertain"] else ""
    gpus = f"{row['gpus']} x {row.get('gpu', 'unstated')}"
    cause = "" if v.agrees is not False else CAUSES.get(v.case.id, "cause not known")
    reason = f"{v.reason} **{cause}**" if cause else v.reason
    return (v.case.id, row["checkpoint"], gpus, words[v.theirs] + sure, words[v.ours], reason)


def _left_out() -> str:
    rows = [(reason, str(len(ids)), ", ".join(ids)) for reason, ids in sorted(left_out().items())]
    return table("## Left out", ("Why", "Cases", "Which"), rows)


def _share(value: float) -> str:
    return f"{value:.2%}"
