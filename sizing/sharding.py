"""What one rank holds of a tensor, and which layouts an engine refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from sizing.census import weights
from sizing.model import ModelSpec, Moe
from sizing.plan import Layout
from sizing.precision import Precision
from sizing.tensors import Weight

VOCAB_PADDING = 64
"""vLLM pads the vocabulary to a multiple of this before it is cut."""
_SMALLEST_EXPERT_GROUP = 32


def shard(weight: Weight, layout: Layout) -> Weight:
    """The part of `weight` that one rank of a legal layout holds (a shape, not a position)."""
    if is_routed(weight) and layout.ep > 1:
        return replace(weight, copies=ceil(weight.copies / layout.ep))
    # Without expert parallelism the engine cuts experts over the data-parallel ranks too.
    tp = layout.tp * layout.dp if is_routed(weight) else layout.tp
    match weight.shard:
        case "column":
            return replace(weight, rows=ceil(weight.rows / tp))
        case "row":
            return replace(weight, cols=ceil(weight.cols / tp))
        case "vocab":
            return replace(weight, rows=_padded(weight.rows, VOCAB_PADDING) // tp)
        case "kv_heads":
            heads = weight.rows // weight.unit
            return replace(weight, rows=max(1, heads // tp) * weight.unit)
        case _:
            return weight


def stage_layers(layers: int, stages: int) -> list[int]:
    """Layers of each pipeline stage: vLLM gives what is left over to the stages before the last."""
    counts = [layers // stages] * stages
    for step in range(layers % stages):
        counts[-2 - step if stages > 1 else 0] += 1
    return counts


def violation(spec: ModelSpec, precision: Precision, layout: Layout) -> str | None:
    """Why no engine can start this layout, or None if it can."""
    return next(_violations(spec, precision, layout), None)


def _violations(spec: ModelSpec, precision: Precision, layout: Layout) -> Iterator[str]:
    if layout.pp > spec.layers:
        yield f"PP {layout.pp} is more than the {spec.layers} layers"
    if layout.ep > 1:
        yield from _expert_violations(spec, layout)
    # Heads before the vocabulary: the more telling reason first.
    for section in ("stack", "embedding", "head"):
        for layer in weights(spec):
            if layer.section == section:
                for weight in layer.weights:
                    yield from _uneven(weight, precision, layout)


def _expert_violations(spec: ModelSpec, layout: Layout) -> Iterator[str]:
    counts = {b.ffn.experts for b in spec.blocks.values() if isinstance(b.ffn, Moe)}
    if not counts:
        yield f"EP {layout.ep} on a model without experts"
    for experts in counts:
        if experts % layout.ep:
            yield f"EP {layout.ep} does not divide {experts} experts"


def _uneven(weight: Weight, precision: Precision, layout: Layout) -> Iterator[str]:
    degree, said = _degree(weight, layout)
    if degree == 1:
        return
    length = weight.cols if weight.shard == "row" else weight.rows
    pieces = length // weight.unit
    match weight.shard:
        case "column" | "row":
            if pieces % degree:
                yield f"{said} does not divide {_what(weight, pieces)}"
                return
        case "kv_heads":
            if pieces % layout.tp and layout.tp % pieces:
                yield f"TP {layout.tp} and {pieces} KV heads: neither divides the other"
                return
        case "vocab":
            if _padded(weight.rows, VOCAB_PADDING) % layout.tp:
                yield f"TP {layout.tp} does not divide the padded vocabulary"
            return
        case _:
            return
    yield from _broken_block(weight, precision, layout)


def _broken_block(weight: Weight, precision: Precision, layout: Layout) -> Iterator[str]:
    if weight.group not in precision.covers:
        return
    format_ = (precision.experts or precision) if is_routed(weight) else precision
    # mxfp4 experts are padded to whole blocks on every rank.
    if is_routed(weight) and format_.name == "mxfp4":
        return
    degree, said = _degree(weight, layout)
    rows, cols = format_.shard_multiple
    part = shard(weight, layout)
    length, size = (part.cols, cols) if weight.shard == "row" else (part.rows, rows)
    if is_routed(weight) and format_.scaling == "group":
        # Expert kernels split a group in halves until it fits, down to this.
        size = min(size, _SMALLEST_EXPERT_GROUP)
    if size > 1 and length % size:
        yield (
            f"{weight.name}: {length} of {length * degree} at {said} is not a multiple of the "
            f"{format_.name} block {size}"
        )


def _degree(weight: Weight, layout: Layout) -> tuple[int, str]:
    """Over how many ranks a tensor is cut, and how to say so."""
    if not is_routed(weight) or layout.dp == 1:
        whole = is_routed(weight) and layout.ep > 1
        return (1, "") if whole else (layout.tp, f"TP {layout.tp}")
    cut = layout.tp * layout.dp
    return (1, "") if layout.ep > 1 else (cut, f"TP {layout.tp} x DP {layout.dp}")


def _what(weight: Weight, pieces: int) -> str:
    kind = "heads" if weight.unit > 1 else "columns" if weight.shard == "row" else "rows"
    return f"the {pieces} {kind} of {weight.name}"


def is_routed(weight: Weight) -> bool:
    """Whether a tensor is that of routed experts."""
    return weight.group == "expert" and weight.copies > 1


def _padded(length: int, multiple: int) -> int:
    return ceil(length / multiple) * multiple
