"""The few shares of a GPU's peak that an engine reaches, and what it adds to each step.

They are fitted by `python -m benchmarks.fit_performance`, which also writes the dated file that
this module reads. None belongs to one model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sizing.catalog.store import read
from sizing.gpu import Gpu

_FILE = "performance.json"
_FAMILIES = (("Blackwell", "Blackwell"), ("Hopper", "Hopper"), ("Ada", "Ada"))
_OLDEST = "Ampere"


@dataclass(frozen=True, slots=True)
class Efficiency:
    """What one engine family reaches on one GPU architecture.

    Shares of the dense tensor peak: `matmul` in large matrix products, `experts` in routed experts'
    grouped products (experts of the inner width `expert_inner` reach half of that),
    `attention_matmul` in attention. `weight_only` is what expanding quantised weights inside the
    kernel leaves of the 16-bit rate, `scaled_blocks` what scales for every block leave of the 8-bit
    rate. `expert_skew` is the spread of experts' loads over their mean. Shares of bandwidth, when
    weights are read (`bandwidth`, and `expert_bandwidth` of that for experts), when the cache is
    (`attention_bandwidth`), and one way over a link (`link_bandwidth`). `roofline_exponent` is how
    sharply compute and memory time exclude each other: 1 adds them, infinity takes the larger.
    Seconds: `kernel_s` to launch a kernel and wait for its end, `reduce_s` for an all-reduce of
    nothing, `step_s` and `sequence_s` for the host's work in a step and on each running sequence,
    `request_s` to take in one request.
    """

    matmul: float
    experts: float
    attention_matmul: float
    weight_only: float
    bandwidth: float
    attention_bandwidth: float
    link_bandwidth: float
    roofline_exponent: float
    kernel_s: float
    expert_inner: float
    expert_skew: float
    expert_bandwidth: float
    scaled_blocks: float
    reduce_s: float
    step_s: float
    sequence_s: float
    request_s: float


def efficiency(gpu: Gpu, family: str, table: dict[str, Any] | None = None) -> Efficiency:
    """The factors of an engine family on a GPU; `table` replaces the dated file (for fitting)."""
    if table is None:
        return _filed(architecture_family(gpu), family)
    return _of(table, architecture_family(gpu), family)


def architecture_family(gpu: Gpu) -> str:
    """The architecture whose factors a GPU takes; what is older than Ampere takes Ampere's."""
    return next((name for part, name in _FAMILIES if part in gpu.architecture), _OLDEST)


@dataclass(frozen=True, slots=True)
class Spread:
    """How measurements lie about what is computed: 80% of `measured / computed` are between `low`
    and `high`, for `cases` cases of `models` models that the factors were fitted without; `median`
    and `p90` are of |computed / measured - 1|."""

    low: float
    high: float
    median: float
    p90: float
    cases: int
    models: int
    as_of: str


def spread(family: str) -> Spread:
    """The spread of output tokens per second of an engine family."""
    filed = read(_FILE)
    return Spread(**filed["spread"][family], as_of=str(filed["as_of"]))


@cache
def _filed(architecture: str, family: str) -> Efficiency:
    return _of(read(_FILE), architecture, family)


def _of(table: dict[str, Any], architecture: str, family: str) -> Efficiency:
    card, engine = table["architectures"][architecture], table["engines"][family]
    shared = table["shared"]
    matmul = card["matmul"] * engine["matmul"]
    return Efficiency(
        matmul=matmul,
        experts=matmul * engine["experts"],
        attention_matmul=card["matmul"] * shared["attention_matmul"],
        weight_only=card["weight_only"],
        bandwidth=card["bandwidth"],
        attention_bandwidth=card["bandwidth"] * shared["attention_bandwidth"],
        link_bandwidth=shared["link_bandwidth"],
        roofline_exponent=shared["roofline_exponent"],
        kernel_s=shared["kernel_s"],
        expert_inner=shared["expert_inner"],
        expert_skew=shared["expert_skew"],
        expert_bandwidth=shared["expert_bandwidth"],
        scaled_blocks=shared["scaled_blocks"],
        reduce_s=shared["reduce_s"],
        step_s=engine["step_s"],
        sequence_s=engine["sequence_s"],
        request_s=engine["request_s"],
    )
