"""Serving engines by version: their defaults, and what they keep beside weights and KV cache.

One table, keyed by version. Sources: vLLM's engine arguments and worker code of those releases,
and start-up logs of 0.6 to 0.28 (benchmarks/cases), read 2026-11-23.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from sizing.errors import InputError, unknown_name
from sizing.evidence import Evidence
from sizing.gpu import Gpu
from sizing.units import GIB

_N = TypeVar("_N", int, float)

DEFAULT_ENGINE = "vllm:0.33"
BLOCK_SIZES = (1, 8, 16, 32, 64, 128, 256, 512, 1024)
MAX_NUM_SEQS = 65_536
MAX_BATCHED_TOKENS = 2**22
MAX_SPECULATIVE_TOKENS = 64
# vLLM gives GPUs of at least this much memory its large-batch defaults (A100 excepted).
_LARGE_GPU_BYTES = 70 * GIB
# V0 read prompts of up to this many tokens in one piece, longer ones 512 tokens at a time.
_V0_WHOLE_PROMPT, _V0_CHUNK = 32_768, 512


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """What one range of vLLM versions does.

    `sampler_bytes` are held per logit while the profiling run samples, beside the logits in the
    model's own type; `top_k_buffer` is a row of float32 logits per multiprocessor.
    `moe_workspace_kept`: the expert kernels' workspace stays allocated after the forward pass.
    `window_pages`: sliding windows and states have page groups of their own; otherwise every
    layer is paged like full attention. `tokens_by_concurrency`: the reported cache size is the
    maximum concurrency times the context. `non_torch` is bytes for ranks alone, tensor-parallel
    on NVLink from Hopper on, otherwise tensor-parallel, and pipelined only. `whole_prompt`:
    prompts are not cut into chunks. `latent_multiple`: an MLA latent is padded to it;
    `latent_expanded`: before MLA kernels every head kept a key and a value of that width.
    `state_blocks` are held per sequence and group of recurrent layers (two where prefixes of
    states are cached by default). `mxfp4_padded`: both sides of an expert matrix are padded.
    `graphs_in_activations`: the printed activation peak holds the estimate of the CUDA graphs.
    """

    name: str
    first_version: tuple[int, int]
    evidence: Evidence
    gpu_memory_utilization: float
    sampler_bytes: float
    top_k_buffer: bool
    moe_workspace_kept: bool
    window_pages: bool
    cuda_graphs_in_budget: bool
    tokens_by_concurrency: bool
    non_torch: tuple[float, float, float, float]
    whole_prompt: bool = False
    latent_multiple: int = 1
    latent_expanded: int = 0
    state_blocks: int = 1
    mxfp4_padded: bool = True
    graphs_in_activations: bool = False


# 0.19 on H100: 0.24 to 0.27 alone, 2.07 to 2.21 tensor-parallel, 0.07 pipelined; 0.8 on 24 GB
# cards without peer access: 0.27 alone, 0.7 tensor-parallel.
_NON_TORCH_NEW = (0.25 * GIB, 2.12 * GIB, 0.7 * GIB, 0.07 * GIB)
# 0.28: 0.39 alone on an L4, 0.47 on an RTX 3090, 1.74 tensor-parallel on H200.
_NON_TORCH_NEWEST = (0.42 * GIB, 2.12 * GIB, 0.9 * GIB, 0.2 * GIB)
# 0.11 to 0.17 on H100: 0.13 alone. Tensor-parallel ranks are taken as in 0.19.
_NON_TORCH_OLD = (0.13 * GIB, 2.12 * GIB, 0.7 * GIB, 0.07 * GIB)
# V0: 0.05 to 0.35 alone, 0.32 on two A40.
_NON_TORCH_V0 = (0.26 * GIB, 0.6 * GIB, 0.4 * GIB, 0.1 * GIB)

_NEWEST = EngineVersion(
    "vllm:0.28+",
    (0, 28),
    Evidence.ESTIMATED,
    gpu_memory_utilization=0.92,
    # float32 logits, their probabilities, and the random draw.
    sampler_bytes=12,
    top_k_buffer=True,
    moe_workspace_kept=True,
    window_pages=True,
    cuda_graphs_in_budget=True,
    tokens_by_concurrency=True,
    non_torch=_NON_TORCH_NEWEST,
    state_blocks=2,
    # Logs of 0.28: requested memory less weights, non-torch and this peak is the pool, and the
    # peak is larger than the run's by the estimate.
    graphs_in_activations=True,
)
_V21 = replace(
    _NEWEST,
    name="vllm:0.21-0.27",
    first_version=(0, 21),
    non_torch=_NON_TORCH_NEW,
    graphs_in_activations=False,
)
_V19 = replace(
    _V21,
    name="vllm:0.19-0.20",
    first_version=(0, 19),
    evidence=Evidence.DERIVED,
    cuda_graphs_in_budget=False,
    tokens_by_concurrency=False,
    state_blocks=1,
)
_V17 = replace(
    _V19,
    name="vllm:0.17-0.18",
    first_version=(0, 17),
    gpu_memory_utilization=0.90,
    non_torch=_NON_TORCH_OLD,
    mxfp4_padded=False,
)
# Before 0.17 top-k and top-p sorted all logits: sorted values, 64-bit indices and their buffers.
_V13 = replace(
    _V17, name="vllm:0.13-0.16", first_version=(0, 13), sampler_bytes=36, top_k_buffer=False
)
_V10 = replace(_V13, name="vllm:0.10-0.12", first_version=(0, 10), moe_workspace_kept=False)
_V8 = replace(_V10, name="vllm:0.8-0.9", first_version=(0, 8), window_pages=False)
_V0 = replace(
    _V8,
    name="vllm:0.7",
    first_version=(0, 7),
    evidence=Evidence.ESTIMATED,
    non_torch=_NON_TORCH_V0,
    whole_prompt=True,
    # The first MLA kernels padded the latent of 576 to 640.
    latent_multiple=128,
)
_V0_OLD = replace(_V0, name="vllm:0.2-0.6", first_version=(0, 2), latent_expanded=256)
# Newest first: a version uses the first entry it is not older than.
_VLLM = (_NEWEST, _V21, _V19, _V17, _V13, _V10, _V8, _V0, _V0_OLD)


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine at one version with the settings it will be started with."""

    name: str
    version: EngineVersion
    gpu_memory_utilization: float
    max_num_seqs: int
    max_num_batched_tokens: int
    block_size: int = 16
    enforce_eager: bool = False
    speculative_tokens: int = 0


def make_engine(
    gpu: Gpu,
    text: str = DEFAULT_ENGINE,
    *,
    context: int | None = None,
    gpu_memory_utilization: float | None = None,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
    block_size: int | None = None,
    enforce_eager: bool = False,
    speculative_tokens: int = 0,
) -> Engine:
    """The engine with its own defaults on that GPU where a setting is not given.

    `context` (tokens) matters to V0 alone, which read whole prompts. Raises InputError for an
    unknown version or a setting that no engine takes.
    """
    version = _version(text)
    seqs, tokens = _batch_defaults(gpu, version, context)
    engine = Engine(
        name=text if ":" in text else DEFAULT_ENGINE,
        version=version,
        gpu_memory_utilization=_or(gpu_memory_utilization, version.gpu_memory_utilization),
        max_num_seqs=_or(max_num_seqs, seqs),
        max_num_batched_tokens=_or(max_num_batched_tokens, max(tokens, max_num_seqs or 0)),
        block_size=_or(block_size, 16),
        enforce_eager=enforce_eager,
        speculative_tokens=speculative_tokens,
    )
    _check(engine)
    return engine


def engine_names() -> list[str]:
    """The version ranges that are known, newest first."""
    return [version.name for version in _VLLM]


def _or(value: _N | None, default: _N) -> _N:
    return default if value is None else value


def _batch_defaults(gpu: Gpu, version: EngineVersion, context: int | None) -> tuple[int, int]:
    """Sequences and batched tokens of `vllm serve`."""
    if version.whole_prompt:
        whole = context is None or context <= _V0_WHOLE_PROMPT
        return 256, max(context or 2048, 2048) if whole else _V0_CHUNK
    large = gpu.cuda_bytes >= _LARGE_GPU_BYTES and not gpu.name.startswith("A100")
    return (1024, 8192) if large else (256, 2048)


def _check(engine: Engine) -> None:
    share = engine.gpu_memory_utilization
    if not 0 < share <= 1:
        raise InputError(
            "gpu-memory-utilization", share, "more than 0 and at most 1", 0.9 if share > 1 else 0.1
        )
    _within("max-num-seqs", engine.max_num_seqs, 1, MAX_NUM_SEQS)
    _within("max-num-batched-tokens", engine.max_num_batched_tokens, 1, MAX_BATCHED_TOKENS)
    _within("speculative-tokens", engine.speculative_tokens, 0, MAX_SPECULATIVE_TOKENS)
    if engine.block_size not in BLOCK_SIZES:
        near = min(BLOCK_SIZES, key=lambda size: abs(size - engine.block_size))
        listed = ", ".join(map(str, BLOCK_SIZES))
        raise InputError("block-size", engine.block_size, f"{listed} tokens", near)
    if engine.max_num_batched_tokens < engine.max_num_seqs:
        raise InputError(
            "max-num-batched-tokens",
            engine.max_num_batched_tokens,
            f"at least max-num-seqs, {engine.max_num_seqs}",
            engine.max_num_seqs,
        )


def _within(key: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(key, value, f"{low:,} to {high:,}", min(max(value, low), high))


def _version(text: str) -> EngineVersion:
    name, _, number = text.strip().lower().partition(":")
    newest = DEFAULT_ENGINE.partition(":")[2]
    asked = _numbers(number or newest) if name == "vllm" else None
    if asked is None:
        hint = f"; for example {DEFAULT_ENGINE}"
        raise unknown_name("engine", text, engine_names(), hint)
    found = next((v for v in _VLLM if asked >= v.first_version), None)
    if found is None or asked > (_numbers(newest) or asked):
        first = ".".join(map(str, _VLLM[-1].first_version))
        nearest = DEFAULT_ENGINE if found else f"vllm:{first}"
        raise InputError("engine", text, f"vllm:{first} to {DEFAULT_ENGINE}", nearest)
    return found


def _numbers(text: str) -> tuple[int, int] | None:
    """Major and minor version, None where the text is not a version."""
    parts = text.split(".")[:2]
    good = len(parts) == 2 and all(p.isascii() and p.isdigit() and len(p) < 5 for p in parts)
    return (int(parts[0]), int(parts[1])) if good else None
