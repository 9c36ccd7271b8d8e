"""Changes that would make a deployment fit; each is tried before it is offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from sizing.deployment import Deployment
from sizing.fit import Suggestion, longest_context, refusal, stages_of
from sizing.memory import max_concurrency
from sizing.plan import Layout
from sizing.precision import parse_precision
from sizing.support import KV_DTYPES

_MOST_GPUS, _MOST_TP = 64, 16
_FEWER_SEQUENCES = (256, 64, 16)
_FEWER_TOKENS = 2048
_HIGHER_SHARE = 0.95
_SMALLER_PRECISIONS = ("fp8", "int4")

_Change = tuple[str, dict[str, Any], Deployment]


def suggestions_for(deployment: Deployment) -> tuple[Suggestion, ...]:
    """The smallest changes first: the cache, the context, the batch, the weights, more GPUs.

    Of each kind the first that fits; of layouts the first two.
    """
    d = deployment
    kinds = (
        (_smaller_cache(d), 1),
        (_shorter_context(d), 1),
        (_fewer_sequences(d), 1),
        (_smaller_steps(d), 1),
        (_larger_share(d), 1),
        (_smaller_weights(d), 1),
        (_other_layouts(d), 2),
    )
    return tuple(s for changes, most in kinds for s in islice(_that_fit(changes), most))


def _that_fit(changes: Iterator[_Change]) -> Iterator[Suggestion]:
    for change, options, changed in changes:
        if refusal(changed) is not None:
            continue
        stages = stages_of(changed)
        if stages[0].short <= 0:
            held = max_concurrency(stages) * changed.layout.dp
            gpus = changed.layout.gpus
            yield Suggestion(change=change, options=options, max_concurrency=held, gpus=gpus)


def _smaller_cache(d: Deployment) -> Iterator[_Change]:
    if d.kv_dtype.bytes_per_element > 1:
        for name in ("fp8", "fp8_e5m2"):
            yield f"KV cache in {name}", {"kv-dtype": name}, replace(d, kv_dtype=KV_DTYPES[name])


def _shorter_context(d: Deployment) -> Iterator[_Change]:
    longest = longest_context(stages_of(d), d.context)
    if 0 < longest < d.context:
        yield (
            f"context of {longest:,} tokens",
            {"context": longest},
            replace(d, context=longest),
        )


def _fewer_sequences(d: Deployment) -> Iterator[_Change]:
    for count in _FEWER_SEQUENCES:
        if count < d.engine.max_num_seqs:
            yield (
                f"{count} sequences at once",
                {"max-num-seqs": count},
                _with(d, max_num_seqs=count),
            )


def _smaller_steps(d: Deployment) -> Iterator[_Change]:
    tokens = max(_FEWER_TOKENS, d.engine.max_num_seqs)
    if tokens < d.engine.max_num_batched_tokens:
        yield (
            f"{tokens:,} batched tokens",
            {"max-num-batched-tokens": tokens},
            _with(d, max_num_batched_tokens=tokens),
        )


def _larger_share(d: Deployment) -> Iterator[_Change]:
    if d.engine.gpu_memory_utilization < _HIGHER_SHARE:
        yield (
            f"{_HIGHER_SHARE:.0%} of the GPU's memory",
            {"gpu-memory-utilization": _HIGHER_SHARE},
            _with(d, gpu_memory_utilization=_HIGHER_SHARE),
        )


def _smaller_weights(d: Deployment) -> Iterator[_Change]:
    for name in _SMALLER_PRECISIONS:
        precision = parse_precision(name)
        if precision.bits < d.precision.bits:
            yield f"weights in {name}", {"precision": name}, replace(d, precision=precision)


def _other_layouts(d: Deployment) -> Iterator[_Change]:
    """More GPUs, fewest first; where the layout itself was refused, any number of them."""
    least = 1 if refusal(d) else d.layout.gpus
    for layout in _layouts(d, least):
        if layout != d.layout:
            name = f"{layout} on {layout.gpus} GPUs"
            yield name, _options(layout), replace(d, layout=layout)


def _layouts(d: Deployment, least: int) -> Iterator[Layout]:
    routed = d.spec.has_experts
    powers = [2**n for n in range(7)]
    for gpus in (n for n in powers if least <= n <= _MOST_GPUS):
        for pp in (p for p in powers if p <= gpus and gpus // p <= _MOST_TP):
            layout = Layout(tp=gpus // pp, pp=pp)
            yield layout
            if routed and layout.tp > 1:
                yield layout.model_copy(update={"ep": layout.tp})


def _options(layout: Layout) -> dict[str, Any]:
    options: dict[str, Any] = {"tp": layout.tp, "pp": layout.pp}
    return {**options, "ep": True} if layout.ep > 1 else options


def _with(d: Deployment, **settings: Any) -> Deployment:
    return replace(d, engine=replace(d.engine, **settings))
