"""The stored tensors of linear attention and state-space mixers."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.model import GatedDeltaNet, Lightning, Mamba1, Mamba2
from sizing.weight import Weight


def gated_delta_net(a: GatedDeltaNet, hidden: int) -> Iterator[Weight]:
    """Gated DeltaNet: fused input projections, a short convolution, decay per value head."""
    keys, values = a.key_heads * a.key_head_dim, a.value_heads * a.value_head_dim
    conv = 2 * keys + values
    yield Weight("linear_attn.in_proj_qkv", "linear", conv, hidden, 1, "column", a.key_head_dim)
    yield Weight("linear_attn.in_proj_z", "linear", values, hidden, 1, "column", a.value_head_dim)
    yield Weight("linear_attn.in_proj_ba", "linear", 2 * a.value_heads, hidden, 1, "column")
    yield Weight("linear_attn.out_proj", "linear", hidden, values, 1, "row", a.value_head_dim)
    yield Weight("linear_attn.conv1d", "other", conv, a.conv_kernel, 1, "column", a.key_head_dim)
    yield Weight("linear_attn.dt_bias", "other", a.value_heads, 1, 1, "column")
    yield Weight("linear_attn.A_log", "other", a.value_heads, 1, 1, "column")
    yield Weight("linear_attn.norm", "norm", a.value_head_dim)


def lightning(a: Lightning, hidden: int) -> Iterator[Weight]:
    """Lightning attention: one fused projection and an output gate."""
    inner = a.heads * a.head_dim
    yield Weight("self_attn.qkv_proj", "linear", 3 * inner, hidden, 1, "column", a.head_dim)
    yield Weight("self_attn.output_gate", "linear", inner, hidden, 1, "column", a.head_dim)
    yield Weight("self_attn.out_proj", "linear", hidden, inner, 1, "row", a.head_dim)
    yield Weight("self_attn.norm", "norm", inner)


def mamba1(a: Mamba1, hidden: int) -> Iterator[Weight]:
    """Mamba: input, selection and step projections, a decay per channel and state."""
    yield Weight("mamba.in_proj", "linear", 2 * a.inner, hidden, 1, "column")
    yield Weight("mamba.x_proj", "linear", a.dt_rank + 2 * a.state, a.inner, 1, "row")
    yield Weight("mamba.dt_proj", "linear", a.inner, a.dt_rank, 1, "column")
    yield Weight("mamba.out_proj", "linear", hidden, a.inner, 1, "row")
    yield Weight("mamba.dt_proj.bias", "bias", a.inner, 1, 1, "column")
    yield Weight("mamba.conv1d", "other", a.inner, a.conv_kernel, 1, "column")
    yield Weight("mamba.A_log", "other", a.inner, a.state, 1, "column")
    yield Weight("mamba.D", "other", a.inner, 1, 1, "column")
    if a.conv_bias:
        yield Weight("mamba.conv1d.bias", "other", a.inner, 1, 1, "column")
    if a.proj_bias:
        yield Weight("mamba.in_proj.bias", "bias", 2 * a.inner, 1, 1, "column")
        yield Weight("mamba.out_proj.bias", "bias", hidden)
    if a.inner_norms:
        yield Weight("mamba.dt_b_c_layernorm", "norm", a.dt_rank + 2 * a.state)


def mamba2(a: Mamba2, hidden: int) -> Iterator[Weight]:
    """Mamba 2: one input projection for everything, a decay per head."""
    inner = a.heads * a.head_dim
    conv = inner + 2 * a.groups * a.state
    project = inner + conv + a.heads
    yield Weight("mixer.in_proj", "linear", project, hidden, 1, "column")
    yield Weight("mixer.out_proj", "linear", hidden, inner, 1, "row", a.head_dim)
    yield Weight("mixer.conv1d", "other", conv, a.conv_kernel, 1, "column")
    for name in ("dt_bias", "A_log", "D"):
        yield Weight(f"mixer.{name}", "other", a.heads, 1, 1, "column")
    if a.conv_bias:
        yield Weight("mixer.conv1d.bias", "other", conv, 1, 1, "column")
    if a.proj_bias:
        yield Weight("mixer.in_proj.bias", "bias", project, 1, 1, "column")
        yield Weight("mixer.out_proj.bias", "bias", hidden)
    if a.gated_norm:
        yield Weight("mixer.norm", "norm", inner, 1, 1, "column")
