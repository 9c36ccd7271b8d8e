"""Why a case misses, where that is known; by the case's id."""

from __future__ import annotations

_NEW_ENGINE = (
    "0.28's profiling run on an L4: batched tokens are not stated and the log's peak is that of "
    "some 8,192 tokens, not of the 2,048 that the engine takes by default on such a card"
)
_SPARSE = (
    "the version is not stated, and this build's own sparse-attention and expert kernels hold "
    "more than vLLM's"
)
CAUSES = {
    "A015": "granite's runs show 0.46 GiB beside PyTorch, other models' 0.25; the cause is unknown",
    "A013": "granite's runs show 0.46 GiB beside PyTorch, other models' 0.25; the cause is unknown",
    "A072": "this development build counted 1.8 GiB beside PyTorch; later ones some 0.3",
    "A089": "the fix in this log reserved 13 GiB per GPU for NCCL and fragments",
    "A099": "V0 ran the whole 32,768-token prompt in AWQ kernels, whose buffers are not modelled",
    "A106": "V0; the version is inferred",
    "A107": "the GPU is a slice whose size is not stated",
    "A108": "the GPU is inferred, and its visible memory with it",
    "A113": _NEW_ENGINE,
    "A114": _NEW_ENGINE,
    "A118": "the cache's format is not stated: the tokens are exactly those of fp8",
    "A119": "unified memory: what CUDA sees depends on what else runs",
    "A123": "sequences and batched tokens of this setup are not stated",
    "A133": _SPARSE,
    "A134": _SPARSE,
    "A170": "AWQ runs took an eighth more than the cache; the cause is unknown",
    "A173": "AWQ runs took an eighth more than the cache; the cause is unknown",
    "A219": "LitGPT, not Transformers: it reserves its cache before the first token",
    "A221": "LitGPT, not Transformers: it reserves its cache before the first token",
    "A231": "two GPUs; the first Qwen's own code",
    "A232": "the first Qwen's own code",
    "B019": "unified memory shared with the system, and a drafter that is not modelled",
    "B086": "the advice is wrong: 671 billion parameters at 2 bytes do not fit 640 GB",
    "B092": "advice without its flags: at TP 8 the blocks do not divide, with EP it fits",
}
