"""Bytes that one token leaves in one layer for the backward pass, operator by operator.

Attention is a fused kernel that keeps queries, keys, values, its output and a float32 per head.
Eager norms keep a float32 copy of their input; fused ones keep the input. An eager gated MLP keeps
the gate, its activation and the other branch; a fused one computes the activation again. A linear
layer keeps its input where its weight trains, has an adapter, or is quantised by a kernel that
keeps it. Tensor parallelism is taken with sequence parallelism, so that it cuts all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sizing.model import (
    Block,
    CrossAttention,
    Dense,
    Gqa,
    Mla,
    Moe,
    NoAttention,
    NoFfn,
)
from sizing.tensors import attention_weights
from sizing.training.job import Job
from sizing.training.options import Checkpointing

_FLOAT32 = 4.0
_MASK = 1.0
_READS_HIDDEN = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.q_a_proj",
    "self_attn.kv_a_proj_with_mqa",
)


@dataclass(frozen=True, slots=True)
class LayerActivations:
    """Bytes a token in one layer: `whole` without recomputation, `kept` under the run's
    checkpointing, `working` the gradients in flight while the layer runs backward."""

    whole: float
    kept: float
    working: float

    @property
    def recomputed(self) -> float:
        """What comes back while this layer runs backward."""
        return max(0.0, self.whole - self.kept)


def layer_activations(job: Job, block: Block) -> LayerActivations:
    """The block's activations for one token on one rank."""
    layer = _Layer(job, block)
    whole = sum(layer.saved())
    kept = _kept(job, layer, whole)
    return LayerActivations(
        whole=whole / job.cut.tp, kept=kept / job.cut.tp, working=layer.working() / job.cut.tp
    )


def _kept(job: Job, layer: _Layer, whole: float) -> float:
    match job.checkpointing:
        case Checkpointing.NONE:
            return whole
        case Checkpointing.SELECTIVE:
            return min(whole, layer.selective())
        case Checkpointing.FULL:
            return min(whole, 0.0 if job.offload_activations else layer.hidden)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Widths of one layer in bytes of one activation each."""

    job: Job
    block: Block

    @property
    def width(self) -> float:
        """Bytes of one element."""
        return self.job.compute_bytes

    @property
    def _input_share(self) -> float:
        """How much of its width a matrix product's input is kept in."""
        in_8_bits = self.job.precision.name == "fp8" and self.job.framework.float8_inputs
        return 1 / self.width if in_8_bits else 1.0

    @property
    def hidden(self) -> float:
        """One hidden state."""
        return self.job.spec.hidden * self.width

    def saved(self) -> Iterator[float]:
        """Everything that autograd keeps without checkpointing."""
        yield from self._norms()
        yield from self._attention()
        yield from self._ffn()

    def selective(self) -> float:
        """The layer's input, attention's output and every other matrix product's."""
        q, _, v, out = self._attention_widths()
        inner = self._ffn_width()
        products = q + v + inner + self.hidden
        return self.hidden + out + self._statistics() + products

    def working(self) -> float:
        """Gradients alive at once in the backward pass: the MLP's three and two hidden states."""
        return 3 * self._ffn_width() + 2 * self.hidden

    def _norms(self) -> Iterator[float]:
        if self.job.fused:
            yield self.block.norms * self.hidden
            return
        normalised = self.hidden if self.job.is_full else 0.0
        yield self.block.norms * (self.job.spec.hidden * _FLOAT32 + normalised)

    def _attention(self) -> Iterator[float]:
        if isinstance(self.block.attention, NoAttention):
            return
        yield from self._inputs(_READS_HIDDEN, self.hidden)
        q, k, v, out = self._attention_widths()
        yield q + k + v + out + self._statistics()
        yield from self._latents()
        yield from self._adapter_dropout("self_attn.o_proj", out)

    def _latents(self) -> Iterator[float]:
        a = self.block.attention
        if isinstance(a, Mla):
            # Latents before and after their norm.
            yield 2 * (a.kv_lora_rank + (a.q_lora_rank or 0)) * self.width
        if isinstance(a, Gqa) and a.qk_norm != "none":
            q, k, _, _ = self._attention_widths()
            yield (q + k) * (1 if self.job.fused else _FLOAT32 / self.width)

    def _statistics(self) -> float:
        """Log-sum-exp of each head."""
        heads = getattr(self.block.attention, "heads", 0)
        return heads * _FLOAT32

    def _attention_widths(self) -> tuple[float, float, float, float]:
        """Queries, keys, values and the output, in bytes."""
        a, width = self.block.attention, self.width
        match a:
            case Gqa():
                gate = 2 if a.output_gate else 1
                kv = a.kv_heads
                return (
                    a.heads * a.head_dim * gate * width,
                    kv * a.head_dim * width,
                    kv * a.v_dim * width,
                    a.heads * a.v_dim * width,
                )
            case Mla():
                qk = a.heads * (a.qk_nope_head_dim + a.qk_rope_head_dim) * width
                return qk, qk, a.heads * a.v_head_dim * width, a.heads * a.v_head_dim * width
            case CrossAttention():
                inner = a.heads * a.head_dim * width
                return inner, 0.0, 0.0, inner
            case NoAttention():
                return 0.0, 0.0, 0.0, 0.0
            case _:
                # Recurrent mixers keep what each projection gives.
                outs = [
                    w.rows * w.copies * width
                    for w in attention_weights(a, self.job.spec.hidden)
                    if w.group == "linear"
                ]
                return sum(outs), 0.0, 0.0, self.hidden

    def _ffn(self) -> Iterator[float]:
        match self.block.ffn:
            case Dense() as f:
                yield from self._mlp("mlp", f.intermediate, gated=f.gated)
            case Moe() as f:
                yield from self._experts(f)
            case NoFfn():
                return

    def _mlp(self, name: str, inner: int, *, gated: bool) -> Iterator[float]:
        width = inner * self.width
        yield from self._inputs((f"{name}.gate_proj", f"{name}.up_proj"), self.hidden)
        if gated:
            yield (2 if self.job.fused else 3) * width
        else:
            yield width
        if self._keeps_input(f"{name}.down_proj"):
            yield width * self._input_share
        yield from self._adapter_dropout(f"{name}.down_proj", width)

    def _experts(self, f: Moe) -> Iterator[float]:
        inner = f.intermediate * self.width * f.top_k
        latent = (f.latent or self.job.spec.hidden) * self.width * f.top_k
        # Router scores and probabilities; each expert's copy of the token and its answer.
        yield 2 * f.experts * _FLOAT32
        if self._keeps_input("mlp.experts.up_proj"):
            yield latent
        yield (2 if self.job.fused else 3) * inner if f.gated else inner
        if self._keeps_input("mlp.experts.down_proj"):
            yield inner
        yield latent
        if f.shared_intermediate:
            yield from self._mlp("mlp.shared_experts", f.shared_intermediate, gated=f.gated)
        if f.parallel_dense:
            yield from self._mlp("mlp", f.parallel_dense, gated=f.gated)

    def _ffn_width(self) -> float:
        match self.block.ffn:
            case Dense() as f:
                return f.intermediate * self.width
            case Moe() as f:
                inner = f.intermediate * f.top_k + f.shared_intermediate + (f.parallel_dense or 0)
                return inner * self.width
            case NoFfn():
                return 0.0

    def _inputs(self, names: tuple[str, ...], width: float) -> Iterator[float]:
        """One input that several layers share, and the dropout of each adapter on it."""
        if any(self._keeps_input(name) for name in names):
            yield width * self._input_share
        for name in names:
            yield from self._adapter_dropout(name, width)

    def _keeps_input(self, name: str) -> bool:
        job = self.job
        if job.is_full or (job.adapters and job.adapters.adapts(name)):
            return True
        return job.precision.bits < 16 and job.framework.keeps_quantized_inputs

    def _adapter_dropout(self, name: str, width: float) -> Iterator[float]:
        adapters = self.job.adapters
        if adapters and adapters.dropout and adapters.adapts(name):
            yield width + _MASK * width / self.width
