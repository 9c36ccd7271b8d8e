"""How many sequences an engine runs at once: its own limit, or what the cache holds."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.gpu import Gpu
from sizing.memory import budget, max_concurrency
from sizing.model import ModelSpec
from sizing.performance.engines import Server
from sizing.plan import Layout
from sizing.precision import Precision
from sizing.support import KvDtype
from sizing.workload import Workload


@dataclass(frozen=True, slots=True)
class Capacity:
    """Sequences of a replica: `by_cache` of the load's lengths, `by_setting` of the engine.

    `short` is the bytes missing on the worst rank for one sequence; above 0 nothing starts.
    """

    by_cache: float
    by_setting: int
    short: int

    @property
    def held(self) -> float:
        """What runs at once, at most: one sequence at least."""
        return max(1.0, min(self.by_cache, self.by_setting))


def capacity(
    spec: ModelSpec,
    precision: Precision,
    kv_dtype: KvDtype,
    layout: Layout,
    gpu: Gpu,
    server: Server,
    input_len: int,
    output_len: int,
) -> Capacity:
    """What the cache and the engine's limit hold of sequences of these lengths, all DP ranks.

    TensorRT-LLM reserves a request's whole length when it starts; the others give out blocks as
    tokens come, so that a sequence takes the mean of its prompt and its end.
    """
    longest = input_len + output_len
    mean = longest if server.family == "tensorrt-llm" else input_len + (output_len + 1) // 2
    args = (layout, gpu, server.memory, kv_dtype)
    stages = budget(spec, precision, Workload(context=mean, concurrency=1), *args)
    one = budget(spec, precision, Workload(context=longest, concurrency=1), *args)
    return Capacity(
        by_cache=max_concurrency(stages) * layout.dp,
        by_setting=server.max_num_seqs * layout.dp,
        short=one[0].short,
    )
