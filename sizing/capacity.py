"""What one copy of a model holds on a layout: asked often by the search, worked out once."""

from __future__ import annotations

from functools import cached_property
from math import ceil

from sizing.census import params_total
from sizing.engine import Engine, make_engine
from sizing.gpu import Gpu
from sizing.memory import RankBudget, budget
from sizing.model import ModelSpec, Moe
from sizing.plan import Layout, Method, RuleOfThumb
from sizing.precision import Precision
from sizing.request import Request
from sizing.rule import rule_of_thumb
from sizing.sharding import violation
from sizing.support import KvDtype
from sizing.workload import MAX_CONCURRENCY, Workload

# Contexts and precisions remembered for one model before the memory is emptied.
_MAX_REMEMBERED = 256
# Whole bytes are cut off at every stage, so bounds leave this much room.
_SLACK = 1.01

_Degrees = tuple[int, int, int, int]


class _Known:
    """Budgets of one sequence by GPU and layout, and what is wrong with a layout."""

    def __init__(self) -> None:
        self.budgets: dict[tuple[str, _Degrees], tuple[RankBudget, ...]] = {}
        self.violations: dict[_Degrees, str | None] = {}


class Capacity:
    """One model at one precision, KV format and context, on any GPU and layout."""

    def __init__(self, request: Request, precision: Precision) -> None:
        self.precision = precision
        self._request = request
        self._spec, self._kv = request.spec, request.kv_dtype
        self._known = _known(request.spec, precision, request.kv_dtype, request.workload)
        self._rules: dict[str, RuleOfThumb] = {}
        self._engines: dict[str, Engine] = {}

    @cached_property
    def has_experts(self) -> bool:
        """Whether some layer routes tokens to experts."""
        return any(isinstance(b.ffn, Moe) for b in self._spec.blocks.values())

    @property
    def by_rule(self) -> bool:
        """Whether the rule of thumb decides what fits."""
        return self._request.method is Method.RULE_OF_THUMB

    @property
    def layers(self) -> int:
        """The most pipeline stages there can be."""
        return self._spec.layers

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
        """No layout of so many GPUs holds more: weights and KV cache at their least, no overheads."""
        if self.by_rule:
            return MAX_CONCURRENCY if gpus >= self.rule(gpu).gpus_required else 0
        whole = self._one(gpu, Layout(tp=1, pp=1))[0]
        usable = gpu.cuda_bytes * self.engine(gpu).gpu_memory_utilization
        room = gpus * usable * _SLACK - whole.weights
        if room <= 0:
            return 0
        return int(min(MAX_CONCURRENCY, room * _SLACK / max(1, whole.kv_per_sequence)))

    def copies_needed(self, held: int) -> int:
        """Copies that carry the load between them when each holds `held` sequences."""
        replicas = self._request.replicas
        if self.by_rule:
            return replicas
        return max(replicas, ceil(self._request.workload.concurrency / held))

    def gpus_per_copy(self, gpu: Gpu, layout: Layout) -> int:
        """GPUs that one copy needs, by the asked method."""
        return self.rule(gpu).gpus_required if self.by_rule else layout.gpus

    def short(self, gpu: Gpu, layout: Layout) -> int:
        """Bytes that the fullest GPU lacks for a single sequence; negative where it fits."""
        return self._one(gpu, layout)[0].short

    def budget(self, gpu: Gpu, layout: Layout, copies: int) -> tuple[RankBudget, ...]:
        """One copy's memory under its share of the load, worst stage first."""
        share = ceil(self._request.workload.concurrency / copies)
        return self._budget(gpu, layout, share)

    def _one(self, gpu: Gpu, layout: Layout) -> tuple[RankBudget, ...]:
        known, key = self._known.budgets, (gpu.name, _degrees(layout))
        if key not in known:
            known[key] = self._budget(gpu, layout, 1)
        return known[key]

    def _budget(self, gpu: Gpu, layout: Layout, sequences: int) -> tuple[RankBudget, ...]:
        load = self._request.workload.model_copy(update={"concurrency": sequences})
        engine = self.engine(gpu)
        return budget(self._spec, self.precision, load, layout, gpu, engine, self._kv)


def max_concurrency(budget: tuple[RankBudget, ...]) -> float:
    """Sequences of the asked context that one copy holds; the tightest stage decides."""
    held = (s.pool / s.kv_per_sequence for s in budget if s.kv_per_sequence)
    return max(0.0, min(held, default=float(MAX_CONCURRENCY)))


def rule_for(spec: ModelSpec, precision: Precision, gpu: Gpu) -> RuleOfThumb:
    """The rule of thumb's answer for this model and precision on this GPU."""
    nominal = spec.nominal_params
    params = nominal if nominal is not None else params_total(spec)
    return rule_of_thumb(params, precision.rule_of_thumb_bytes, gpu, nominal=nominal is not None)


def _known(spec: ModelSpec, precision: Precision, kv: KvDtype, workload: Workload) -> _Known:
    """What earlier questions about this model left behind."""
    memory = spec.once("capacity", dict[object, _Known])
    key = (precision, kv.name, workload.purpose, workload.context)
    if key not in memory:
        if len(memory) >= _MAX_REMEMBERED:
            memory.clear()
        memory[key] = _Known()
    return memory[key]


def _degrees(layout: Layout) -> _Degrees:
    return (layout.tp, layout.pp, layout.dp, layout.ep)
