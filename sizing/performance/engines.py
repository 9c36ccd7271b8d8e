"""Serving engines as a load sees them: how many sequences and tokens a step takes, and what waits.

Sources, read 2026-11-24: vLLM's engine arguments and scheduler (V1), SGLang's server arguments
(chunked prefill of 8,192 tokens from 35 GB on, prompts before decoding, an overlapped scheduler),
TensorRT-LLM's trtllm-serve and trtllm-bench options (2,048 sequences, 8,192 tokens, the cache gets
0.9 of what is free, an overlapped scheduler in the PyTorch backend).
"""

from __future__ import annotations

from dataclasses import dataclass

from sizing.engine import DEFAULT_ENGINE, Engine, make_engine
from sizing.errors import unknown_name
from sizing.gpu import Gpu
from sizing.precision import PRECISIONS, Precision
from sizing.support import KV_DTYPES, KvDtype
from sizing.units import GB

FAMILIES = ("vllm", "sglang", "tensorrt-llm")
_SHORT = {"trtllm": "tensorrt-llm", "trt-llm": "tensorrt-llm", "tensorrt": "tensorrt-llm"}
# vLLM schedules a step while the last one runs by default since this version.
_VLLM_OVERLAPS_FROM = (0, 14)
_SGLANG_SEQUENCES, _SGLANG_TOKENS, _SGLANG_SMALL_TOKENS = 2048, 8192, 2048
_SGLANG_SMALL_GPU = 35 * GB
_TRT_SEQUENCES, _TRT_TOKENS = 2048, 8192
# What the named share of the whole memory comes to: SGLang's static fraction without graphs and
# activations; TensorRT-LLM's 0.9 of what weights and workspaces leave.
_SGLANG_UTILIZATION, _TRT_UTILIZATION = 0.9, 0.92


@dataclass(frozen=True, slots=True)
class Server:
    """An engine family with the settings of one deployment.

    `memory` is the engine whose memory model applies (vLLM's stands in for the other families,
    with their own shares and limits). `overlaps`: the host prepares the next step while the GPU
    computes. `mixes`: prompts and decoding share a step; otherwise prompts go first, alone.
    """

    name: str
    family: str
    memory: Engine
    overlaps: bool
    mixes: bool

    def launches_each_expert(self, precision: Precision) -> bool:
        """Whether quantised experts run one kernel after the other instead of grouped.

        Measured in SGLang 0.4 with GPTQ: 0.5 ms a layer of 128 experts, whatever their size.
        """
        return self.name.startswith("sglang:0.4") and precision.name == "gptq"

    def checkpoint(self, asked: str | None, found: Precision, native: Precision) -> Precision:
        """Which `fp8` is meant: NVIDIA publishes FP8 for TensorRT-LLM without block scales, unless
        the model's own checkpoint (`native`) has them."""
        nvidia = self.family == "tensorrt-llm" and asked == "fp8" and native.name != found.name
        return PRECISIONS["fp8"] if nvidia else found

    def cache_dtype(self, asked: KvDtype, precision: Precision) -> KvDtype:
        """How the cache is kept: TensorRT-LLM's default is the checkpoint's, and NVIDIA's FP8 and
        NVFP4 checkpoints say fp8."""
        follows = self.family == "tensorrt-llm" and precision.name in ("fp8", "nvfp4")
        return KV_DTYPES["fp8"] if follows and asked.name == "auto" else asked

    @property
    def max_num_seqs(self) -> int:
        """Sequences at once, at most, for each data-parallel rank."""
        return self.memory.max_num_seqs

    @property
    def max_num_batched_tokens(self) -> int:
        """Tokens of a step, at most, for each data-parallel rank."""
        return self.memory.max_num_batched_tokens


def make_server(
    gpu: Gpu,
    text: str = DEFAULT_ENGINE,
    *,
    context: int | None = None,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
    gpu_memory_utilization: float | None = None,
    enforce_eager: bool = False,
    overlaps: bool | None = None,
) -> Server:
    """The engine that `text` names (`vllm:0.19`, `sglang`, `tensorrt-llm`) with its own defaults.

    Raises InputError for an unknown family, version or setting.
    """
    family = family_of(text)
    defaults = _defaults(family, gpu)
    memory = make_engine(
        gpu,
        text if family == "vllm" and ":" in text else DEFAULT_ENGINE,
        context=context,
        gpu_memory_utilization=gpu_memory_utilization or defaults[0],
        max_num_seqs=max_num_seqs or defaults[1],
        max_num_batched_tokens=max_num_batched_tokens or defaults[2],
        enforce_eager=enforce_eager,
    )
    own = family != "vllm" or memory.version.first_version >= _VLLM_OVERLAPS_FROM
    return Server(
        name=memory.name if family == "vllm" else text.strip().lower(),
        family=family,
        memory=memory,
        overlaps=own if overlaps is None else overlaps,
        mixes=family != "sglang",
    )


def family_of(text: str) -> str:
    """The engine family that `text` names, whatever its version."""
    name = text.strip().lower().partition(":")[0]
    name = _SHORT.get(name, name)
    if name not in FAMILIES:
        raise unknown_name("engine", text, FAMILIES, f"; for example {DEFAULT_ENGINE}")
    return name


def _defaults(family: str, gpu: Gpu) -> tuple[float | None, int | None, int | None]:
    """Share of the memory, sequences, tokens of a step; None for the memory engine's own."""
    if family == "sglang":
        small = gpu.cuda_bytes < _SGLANG_SMALL_GPU
        tokens = _SGLANG_SMALL_TOKENS if small else _SGLANG_TOKENS
        return _SGLANG_UTILIZATION, _SGLANG_SEQUENCES, tokens
    if family == "tensorrt-llm":
        return _TRT_UTILIZATION, _TRT_SEQUENCES, _TRT_TOKENS
    return None, None, None
