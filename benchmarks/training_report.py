"""The training part of the accuracy report as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.causes import CAUSES
from benchmarks.markdown import table
from benchmarks.training_accuracy import (
    COLLECTED,
    FURTHER,
    TARGET_MEDIAN,
    TARGET_P90,
    Run,
    Summary,
    certain,
    left_out,
    runs,
    summaries,
    uncertain,
    verdicts,
    wrongly_fit,
)

_MISS = 0.15
_HEADS = ("Framework", "Runs", "Median", "p90", "Worst")
_SPREAD_HEADS = ("Which cases", *_HEADS[1:], "Met")

INTRODUCTION = f"""\
# Training

Every case is a published peak memory of full fine-tuning, LoRA or QLoRA. `sizing train` gets the
run's settings and its framework, and the figure is set beside what that framework prints: the
allocator's tensors, its pool, or the device's total. Errors are taken within a framework, then
averaged over frameworks; the target is a median of {TARGET_MEDIAN:.0%} and a p90 of
{TARGET_P90:.0%} of those averages. Runs whose source leaves the settings or the figure in doubt are
told apart and count nowhere else.
"""


def training_section() -> str:
    """Accuracy by framework, verdicts, misses and what is left out."""
    collected, further = runs(COLLECTED), runs(FURTHER)
    every = (*collected, *further)
    return "\n".join(
        [
            INTRODUCTION,
            _overview(collected, further),
            _by_framework("By framework, all cases", certain(every)),
            _by_framework("By framework, the collected rows", certain(collected)),
            _by_framework("By framework, further rows of the same sources", certain(further)),
            _by_framework("In doubt, outside all other figures", uncertain(every)),
            _unnamed(),
            _verdicts(every),
            _misses(certain(every)),
            _left_out(),
        ]
    )


def _overview(collected: Sequence[Run], further: Sequence[Run]) -> str:
    sets = {
        "collected rows": collected,
        "further rows of the same sources": further,
        "together": (*collected, *further),
    }
    rows = [
        (name, *_spread(average), "yes" if average.reached else "no")
        for name, found in sets.items()
        for average in summaries(certain(found))[-1:]
    ]
    return table("## Result, averaged over frameworks", _SPREAD_HEADS, rows)


def _by_framework(title: str, found: Sequence[Run]) -> str:
    rows = [(s.name, *_spread(s)) for s in summaries(found)]
    return table(f"## {title}", _HEADS, rows)


def _unnamed() -> str:
    """How the default does for those who do not name a framework."""
    found = [*runs(COLLECTED, named=False), *runs(FURTHER, named=False)]
    title = (
        "## Without naming the framework\n\nThe same runs asked without `--framework`: states, "
        "buffers and loss are DeepSpeed's with ZeRO, Megatron's where TP or PP come with it, else "
        "plain PyTorch's."
    )
    return table(title, _HEADS, [(s.name, *_spread(s)) for s in summaries(certain(found))])


def _spread(s: Summary) -> tuple[str, str, str, str]:
    return str(s.runs), f"{s.median:.1%}", f"{s.p90:.1%}", f"{s.worst:.1%}"


def _verdicts(found: Sequence[Run]) -> str:
    asked = verdicts(found)
    failed = [r for r in asked if not r.ran]
    right = sum(not r.fits for r in failed)
    ran = [r for r in asked if r.ran]
    refused = [r for r in ran if not r.fits]
    lines = [
        "## Fits or does not fit\n",
        f"Out of memory: {right} of {len(failed)} agree "
        f"({', '.join(r.id for r in failed)}). "
        f"Said to fit where memory ran out: {_ids(wrongly_fit(found))}.",
        f"Went through: {len(ran) - len(refused)} of {len(ran)} agree. "
        f"Said not to fit all the same: {_ids(refused)}.\n",
    ]
    return "\n".join(lines)


def _ids(found: Iterable[Run]) -> str:
    return ", ".join(r.id for r in found) or "none"


def _misses(found: Sequence[Run]) -> str:
    missed = [r for r in found if abs(r.error) > _MISS]
    rows = [
        (
            r.id,
            str(r.row["checkpoint"]),
            r.framework,
            f"{r.peak:.1f}",
            f"{r.measured:.1f}",
            f"{r.error:+.1%}",
            CAUSES.get(r.id, "not known"),
        )
        for r in sorted(missed, key=lambda r: -abs(r.error))
    ]
    heads = ("Case", "Checkpoint", "Framework", "Ours", "Measured", "Error", "Cause")
    return table(f"## Misses\n\nErrors above {_MISS:.0%}, GiB of one GPU.", heads, rows)


def _left_out() -> str:
    reasons: dict[str, list[str]] = {}
    for name in (COLLECTED, FURTHER):
        for case, reason in left_out(name).items():
            reasons.setdefault(reason, []).append(case)
    rows = [(reason, str(len(ids)), ", ".join(ids)) for reason, ids in reasons.items()]
    return table("## Left out of the training figures", ("Why", "Cases", "Which"), rows)
