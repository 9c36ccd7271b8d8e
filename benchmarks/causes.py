"""Why a case misses, where that is known; by the case's id."""

from __future__ import annotations

_NEW_ENGINE = "the engine's own estimate of its CUDA graphs; few logs of 0.28 on small GPUs"
_SPARSE = "the version is inferred from a date; the engine estimated its graphs at 4.8 to 6 GiB"
_LONGEST = (
    "measured growth to 8,192 tokens is that to 4,096: at 4,096 the pool held more than it used"
)
_ZERO3_ALONE = "40.5 GiB at every length up to 2,048: what ZeRO-3 sets up rather than its steps"
_ZERO3_FIXED = "the runs' fixed part is 12.6 GiB, some 4 more than ZeRO-3's documented buffers"
_ROUNDED = "a rounded figure; two runs of this model and setup are published 17% apart"
CAUSES = {
    "C039": _ZERO3_FIXED,
    "C040": _ZERO3_FIXED,
    "C071": _LONGEST,
    "C082": _ZERO3_ALONE,
    "C083": _ZERO3_ALONE,
    "C084": _ZERO3_ALONE,
    "C133": "FSDP's first version with offloading; its buffers are not modelled",
    "T010": "the source says GB where its other figures are GiB: 44.8 GiB would be +13%",
    "T047": _LONGEST,
    "T049": _ZERO3_ALONE,
    "T052": _LONGEST,
    "T088": _ROUNDED,
    "T089": _ROUNDED,
    "T092": "experts are quantised while they load; whether the figure holds that is not said",
    "A015": "granite's runs show 0.46 GiB beside PyTorch, other models' 0.25; the cause is unknown",
    "A013": "granite's runs show 0.46 GiB beside PyTorch, other models' 0.25; the cause is unknown",
    "A072": "this development build counted 1.8 GiB beside PyTorch; later ones some 0.3",
    "A089": "the fix in this log reserved 13 GiB per GPU for NCCL and fragments",
    "A099": "V0 ran the whole 32,768-token prompt in AWQ kernels, whose buffers are not modelled",
    "A078": "V0 at 0.98 of an unstated GPU; the version and the batch are inferred",
    "A104": "a drafter is loaded beside the model",
    "A106": "V0; the version is inferred",
    "A116": "what CUDA sees of this A100 is not stated",
    "A117": "what CUDA sees of this A100 is not stated; eager mode with chunked images",
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
