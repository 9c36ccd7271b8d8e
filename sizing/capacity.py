"""What one copy of a model holds on a layout: asked often by the search, worked out once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import ceil
from typing import TypeVar, cast

from sizing.census import params_total
from sizing.engine import Engine, make_engine
from sizing.gpu import Gpu
from sizing.memory import RankBudget, budget, max_concurrency
from sizing.model import ModelSpec
from sizing.plan import Layout, Method, RuleOfThumb
from sizing.precision import Precision
from sizing.request import Request
from sizing.rule import rule_of_thumb
from sizing.sharding import violation
from sizing.support import KvDtype
from sizing.workload import MAX_CONCURRENCY, Workload

# Questions remembered for one model before the memory is emptied.
_MAX_REMEMBERED = 256
# Whole bytes are cut off at every stage, so bounds leave this much room.
_SLACK = 1.01

_T = TypeVar("_T")
_Degrees = tuple[int, int, int, int]


class _Known:
    """Budgets of one sequence by GPU and layout, and what is wrong with a layout."""

    def __init__(self) -> None:
        self.budgets: dict[tuple[str, _Degrees], tuple[RankBudget, ...]] = {}
        self.violations: dict[_Degrees, str | None] = {}


def capacity_for(request: Request, precision: Precision) -> Capacity:
    """The capacity that this request asks about, with what earlier questions left behind."""
    spec, kv, load = request.spec, request.kv_dtype, request.workload
    about = (precision, kv.name, load.purpose, load.context)
    known = _remembered(spec, "budgets", about, _Known)
    asked = (*about, load.concurrency, request.replicas, request.method)
    return _remembered(
        spec,
        "capacities",
        asked,
        lambda: Capacity(spec, precision, kv, load, request.replicas, request.method, known),
    )


class Capacity:
    """One model at one precision, KV format and load, on any GPU and layout."""

    def __init__(
        self,
        spec: ModelSpec,
        precision: Precision,
        kv_dtype: KvDtype,
        workload: Workload,
        replicas: int,
        method: Method,
        known: _Known,
    ) -> None:
        self.precision = precision
        self.layers = spec.layers
        self.by_rule = method is Method.RULE_OF_THUMB
        self._spec, self._kv, self._known = spec, kv_dtype, known
        self._workload, self._replicas = workload, replicas
        self._rules: dict[str, RuleOfThumb] = {}
        self._engines: dict[str, Engine] = {}
        self._bounds: dict[str, tuple[float, float, float]] = {}
        self._recalled: dict[tuple[object, ...], object] = {}

    def recall(self, key: tuple[object, ...], make: Callable[[], _T]) -> _T:
        """`make()` worked out once for this load; `key` says what it is."""
        if key not in self._recalled:
            self._recalled[key] = make()
        return cast("_T", self._recalled[key])

    @cached_property
    def has_experts(self) -> bool:
        """Whether some layer routes tokens to experts."""
        return self._spec.has_experts

    def engine(self, gpu: Gpu) -> Engine:
        """The engine with its defaults on that GPU."""
        if gpu.name not in self._engines:
            self._engines[gpu.name] = make_engine(gpu)
        return self._engines[gpu.name]

    def rule(self, gpu: Gpu) -> RuleOfThumb:
        """The rule of thumb's answer on that GPU."""
        if gpu.name not in self._rules:
            self._rules[gpu.name] = rule_for(self._spec, self.precision, gpu)
        return self._rules[gpu.name]

    def violation(self, layout: Layout) -> str | None:
        """Why no engine can start this layout, or None if it can."""
        known, key = self._known.violations, _degrees(layout)
        if key not in known:
            known[key] = violation(self._spec, self.precision, layout)
        return known[key]

    def sequences(self, gpu: Gpu, layout: Layout) -> int:
        """Sequences of the asked context that a copy holds at once; 0 where it holds none."""
        if self.by_rule:
            return self.most_sequences(gpu, layout.gpus)
        if not self.most_sequences(gpu, layout.gpus):
            return 0
        one = self._one(gpu, layout)
        return 0 if one[0].short > 0 else max(1, int(max_concurrency(one)))

    def most_sequences(self, gpu: Gpu, gpus: int) -> int:
        """No layout of so many GPUs holds more: weights and cache at their least, no overheads."""
        if self.by_rule:
            return MAX_CONCURRENCY if gpus >= self.rule(gpu).gpus_required else 0
        usable, weights, sequence = self._least(gpu)
        room = gpus * usable - weights
        return int(min(MAX_CONCURRENCY, room * _SLACK / sequence)) if room > 0 else 0

    def _least(self, gpu: Gpu) -> tuple[float, float, float]:
        """Bytes: what the engine may use of a GPU, the whole weights, a sequence in all layers."""
        if gpu.name not in self._bounds:
            whole = self._one(gpu, Layout(tp=1, pp=1))[0]
            usable = gpu.cuda_bytes * self.engine(gpu).gpu_memory_utilization * _SLACK
            self._bounds[gpu.name] = (usable, whole.weights, max(1, whole.kv_per_sequence))
        return self._bounds[gpu.name]

    def copies_needed(self, held: int) -> int:
        """Copies that carry the load between them when each holds `held` sequences."""
        if self.by_rule:
            return self._replicas
        return max(self._replicas, ceil(self._workload.concurrency / held))

    def gpus_per_copy(self, gpu: Gpu, layout: Layout) -> int:
        """GPUs that one copy needs, by the asked method."""
        return self.rule(gpu).gpus_required if self.by_rule else layout.gpus

    def short(self, gpu: Gpu, layout: Layout) -> int:
        """Bytes that the fullest GPU lacks for a single sequence; negative where it fits."""
        return self._one(gpu, layout)[0].short

    def short_for_weights(self, gpu: Gpu, gpus: int) -> float:
        """Bytes that each of so many GPUs lacks for an equal share of the weights alone."""
        usable, weights, _ = self._least(gpu)
        return weights / gpus - usable

    def budget(self, gpu: Gpu, layout: Layout, copies: int) -> tuple[RankBudget, ...]:
        """One copy's memory under its share of the load, worst stage first."""
        share = ceil(self._workload.concurrency / copies)
        return self._budget(gpu, layout, share)

    def _one(self, gpu: Gpu, layout: Layout) -> tuple[RankBudget, ...]:
        known, key = self._known.budgets, (gpu.name, _degrees(layout))
        if key not in known:
            known[key] = self._budget(gpu, layout, 1)
        return known[key]

    def _budget(self, gpu: Gpu, layout: Layout, sequences: int) -> tuple[RankBudget, ...]:
        load = self._workload.model_copy(update={"concurrency": sequences})
        engine = self.engine(gpu)
        return budget(self._spec, self.precision, load, layout, gpu, engine, self._kv)


def rule_for(spec: ModelSpec, precision: Precision, gpu: Gpu) -> RuleOfThumb:
    """The rule of thumb's answer for this model and precision on this GPU."""
    nominal = spec.nominal_params
    params = nominal if nominal is not None else params_total(spec)
    return rule_of_thumb(params, precision.rule_of_thumb_bytes, gpu, nominal=nominal is not None)


def _remembered(spec: ModelSpec, name: str, key: tuple[object, ...], make: Callable[[], _T]) -> _T:
    memory = spec.once(f"capacity {name}", dict[tuple[object, ...], _T])
    if key not in memory:
        if len(memory) >= _MAX_REMEMBERED:
            memory.clear()
        memory[key] = make()
    return memory[key]


def _degrees(layout: Layout) -> _Degrees:
    return (layout.tp, layout.pp, layout.dp, layout.ep)
