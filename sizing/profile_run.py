"""The activation peak: what vLLM's profiling run holds at its fullest moment.

At start-up vLLM runs one dummy batch of `max_num_batched_tokens` through the model and samples
for `max_num_seqs` sequences; what PyTorch allocated at most, weights apart, is set aside for good.
The fullest moment is either inside one layer's MLP or while the sampler works on the logits.
"""

from __future__ import annotations

from collections.abc import Iterable

from sizing.engine import Engine
from sizing.gpu import Gpu
from sizing.model import (
    Compressed,
    CrossAttention,
    Dense,
    GatedDeltaNet,
    Gqa,
    Lightning,
    Mamba1,
    Mamba2,
    Mla,
    ModelSpec,
    Moe,
    Tower,
)
from sizing.plan import Layout
from sizing.precision import Precision
from sizing.units import MIB

# Small things of the run: positions, slot mappings, rounding of the allocator.
_SMALL = 9 * MIB
# cuBLAS keeps one workspace: 32 MiB from Hopper on, 8 MiB before.
_CUBLAS = {True: 32 * MIB, False: 8 * MIB}
# Expert kernels work through at most so many tokens at a time.
_MOE_CHUNK = 32_768
# Streaming multiprocessors, where they are not an H100's; the top-k kernel keeps a row for each.
_H100_SMS = 132
_SMS = {
    "A100-40GB": 108,
    "A100-80GB": 108,
    "A100-PCIe-40GB": 108,
    "A100-PCIe-80GB": 108,
    "A800-80GB": 108,
    "L4": 58,
    "L40": 142,
    "L40S": 142,
    "L20": 92,
    "A10": 72,
    "A10G": 80,
    "A40": 84,
    "RTX-A6000": 84,
    "RTX-3090": 82,
    "RTX-4090": 128,
    "RTX-5090": 170,
    "RTX-PRO-6000": 188,
    "T4": 40,
    "B200": 148,
    "B300": 148,
    "GB200": 148,
    "H20": 78,
    "GB10": 48,
    "H100-PCIe": 114,
}
_DYNAMIC_IMAGE_TOKENS = 16_384
"""Tokens of the largest image a resolution-following encoder takes (4096 x 4096 pixels)."""
_POOLED = {"siglip": 16, "llama4_vision": 4, "gemma4_vision": 9}
"""Patches that one token of a fixed-size encoder stands for."""


def activation_peak(
    spec: ModelSpec,
    blocks: Iterable[str],
    precision: Precision,
    layout: Layout,
    gpu: Gpu,
    engine: Engine,
    *,
    is_first: bool,
    is_last: bool,
) -> int:
    """Bytes of one rank that holds `blocks`."""
    names = tuple(blocks)
    tokens, width = engine.max_num_batched_tokens, _width(precision)
    hidden = tokens * spec.hidden * width
    # A pipeline stage keeps the hidden state and the residual that it receives or sends.
    passed = 2 * hidden if layout.pp > 1 else 0
    images = _images(spec, engine, width) if is_first else 0
    workspace = _workspace(spec, names, precision, layout, gpu, tokens) * width
    layers = max((_layer(spec, n, layout, tokens) * width for n in names), default=0.0)
    forward = layers + 3 * hidden + max(workspace, 0) + _SMALL + _CUBLAS[_hopper(gpu)] / 4
    peak = forward
    if is_last:
        kept = workspace if engine.version.moe_workspace_kept and _kept(precision, gpu) else 0
        sampling = _sampler(spec, gpu, engine, width) + hidden + kept
        peak = max(forward, sampling + _SMALL + _CUBLAS[_hopper(gpu)])
    return int(peak + passed + images)


def _kept(precision: Precision, gpu: Gpu) -> bool:
    """Whether the expert kernel takes its workspace from the engine's lasting one.

    On Hopper mxfp4 experts run in Triton kernels of their own, which free what they take.
    """
    experts = precision.experts or precision
    return not (experts.name == "mxfp4" and gpu.compute_capability == "9.0")


def _sampler(spec: ModelSpec, gpu: Gpu, engine: Engine, width: float) -> float:
    """Logits of every sequence over the whole vocabulary, which tensor parallelism gathers."""
    if engine.version.whole_prompt and engine.max_num_batched_tokens < 2 * engine.max_num_seqs:
        return 0.0  # V0 did not sample in the chunks of a long prompt.
    rows = min(engine.max_num_seqs, engine.max_num_batched_tokens)
    logits = rows * spec.vocab * (width + engine.version.sampler_bytes)
    buffer = _SMS.get(gpu.name, _H100_SMS) * spec.vocab * 4 if engine.version.top_k_buffer else 0
    return logits + buffer + rows * spec.hidden * width


def _layer(spec: ModelSpec, block: str, layout: Layout, tokens: int) -> float:
    """Elements of the widest moment in one layer: MLP in and out, and what attention gave it."""
    mixed = tokens * _mixer_width(spec, block) / layout.tp
    ffn = spec.blocks[block].ffn
    inner = 0.0
    if isinstance(ffn, Dense):
        inner = (3 if ffn.gated else 2) * ffn.intermediate / layout.tp
    elif isinstance(ffn, Moe):
        shared = max(ffn.shared_intermediate, ffn.parallel_dense or 0)
        inner = (3 if ffn.gated else 2) * shared / layout.tp + spec.hidden
    return mixed + tokens * max(inner, _mixer_inner(spec, block) / layout.tp)


def _mixer_width(spec: ModelSpec, block: str) -> int:
    """Width that the token mixer hands to its output projection."""
    match spec.blocks[block].attention:
        case Gqa() as a:
            return a.heads * a.v_dim
        case Mla() as a:
            return a.heads * a.v_head_dim
        case Compressed() | Lightning() | CrossAttention() as a:
            return a.heads * a.head_dim
        case GatedDeltaNet() as a:
            return a.value_heads * a.value_head_dim
        case Mamba1() as a:
            return a.inner
        case Mamba2() as a:
            return a.heads * a.head_dim
        case _:
            return 0


def _mixer_inner(spec: ModelSpec, block: str) -> int:
    """Elements per token inside the mixer while it works: projections of queries, keys, values."""
    match spec.blocks[block].attention:
        case Gqa() as a:
            return a.heads * a.head_dim * (2 if a.output_gate else 1) + 2 * a.kv_heads * a.head_dim
        case Mla() as a:
            # Prefill expands the latent to full keys and values, keys once more with their rope.
            key = a.qk_nope_head_dim + a.qk_rope_head_dim
            return a.heads * (2 * key + a.qk_nope_head_dim + 2 * a.v_head_dim)
        case GatedDeltaNet() as a:
            keys = 2 * a.key_heads * a.key_head_dim
            return 2 * (keys + a.value_heads * a.value_head_dim) + a.value_heads * a.value_head_dim
        case Mamba2() as a:
            return 3 * a.heads * a.head_dim
        case Mamba1() as a:
            return 3 * a.inner
        case _:
            return 0


def _workspace(
    spec: ModelSpec,
    blocks: tuple[str, ...],
    precision: Precision,
    layout: Layout,
    gpu: Gpu,
    tokens: int,
) -> float:
    """Elements of the fused expert kernel's two buffers, each wide enough for either matrix."""
    experts = precision.experts or precision
    found = 0.0
    for name in blocks:
        ffn = spec.blocks[name].ffn
        if isinstance(ffn, Moe):
            inner = ffn.intermediate / (1 if layout.ep > 1 else layout.tp * layout.dp)
            wide = ffn.latent or spec.hidden
            # Data-parallel ranks hand their tokens to each other's experts.
            rows = min(tokens * layout.dp, _MOE_CHUNK) * ffn.top_k
            if experts.name == "fp8-block" and _hopper(gpu):
                # Grouped GEMM pads every expert's rows to a multiple of 128.
                rows += 127 * ffn.experts / layout.ep
            up = (2 if ffn.gated else 1) * inner
            found = max(found, rows * (max(inner, wide) + max(up, wide)))
    return found


def _images(spec: ModelSpec, engine: Engine, width: float) -> float:
    """Pixels and encoder outputs of as many images as the encoder's budget takes."""
    return max((_tower(t, spec, engine, width) for t in spec.towers), default=0.0)


def _tower(tower: Tower, spec: ModelSpec, engine: Engine, width: float) -> float:
    if tower.patch_size is None:
        return 0.0
    pooled = _POOLED.get(tower.kind, 4)
    per_image = tower.tokens_per_image or _image_tokens(tower, pooled)
    budget = max(engine.max_num_batched_tokens, per_image)
    tokens = budget // per_image * per_image
    pixels = tokens * pooled * 3 * tower.patch_size**2
    return (tokens * spec.hidden + pixels) * width


def _image_tokens(tower: Tower, pooled: int) -> int:
    if tower.image_size is None or tower.patch_size is None:
        return _DYNAMIC_IMAGE_TOKENS
    return max(1, (tower.image_size // tower.patch_size) ** 2 // pooled)


def _width(precision: Precision) -> float:
    """Bytes of an activation: 4 where the model runs in float32, else 2."""
    return 4.0 if precision.name == "fp32" else 2.0


def _hopper(gpu: Gpu) -> bool:
    return int(gpu.compute_capability.partition(".")[0]) >= 9
