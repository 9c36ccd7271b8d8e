"""Published peaks of LitGPT."""

from __future__ import annotations

from benchmarks.training_table import GB, QV, Figure, Table

_LITGPT = "Lightning-AI/litgpt tutorials/resource-tables.md, 2023-10-20"
_BARE = {"method": "lora", **QV, "checkpointing": "none"}
_NF4 = {"method": "qlora", "precision": "nf4"}
_DOUBLE = {"method": "qlora"}


def _lit(
    model: str, checkpoint: str, length: int, figures: tuple[Figure, ...], gpus: int = 1
) -> Table:
    """LoRA runs of one model; on several GPUs under FSDP with checkpointing."""
    many = {"checkpointing": "full", "sharding": "fsdp"} if gpus > 1 else {}
    return Table(
        source=_LITGPT,
        framework="litgpt",
        model=model,
        checkpoint=checkpoint,
        gpu="A100-40GB",
        gpus=gpus,
        unit=GB,
        options={**_BARE, **many, "seq_len": length},
        figures=figures,
    )


def _batches(*peaks: float | None) -> tuple[Figure, ...]:
    """Micro-batches of 1, 2 and 4."""
    pairs = zip((1, 2, 4), peaks, strict=False)
    return tuple(Figure(peak, {"micro_batch": size}) for size, peak in pairs)


def _kinds(nf4: float | None, double: float | None) -> tuple[Figure, ...]:
    """nf4 with plain and with quantised scales, micro-batch 1."""
    one = {"micro_batch": 1}
    return Figure(nf4, {**_NF4, **one}), Figure(double, {**_DOUBLE, **one})


_PHI, _STABLE = "cases/models/phi-1.5.json", "cases/models/stablelm-alpha-3b.json"
_FALCON = "cases/models/falcon-40b.json"
_LIT = (
    _lit(_PHI, "phi-1.5", 1044, (*_batches(4.82, 6.76, 10.68), *_kinds(3.78, 3.72))),
    _lit(_STABLE, "StableLM Alpha 3B", 1034, (*_batches(9.69, 12.1, 16.92), *_kinds(6.35, 6.19))),
    _lit("llama-2-7b", "Llama-2-7B", 1304, (*_batches(21.3, 29.07, None), *_kinds(14.14, 13.84))),
    _lit("llama-2-13b", "Llama-2-13B", 1304, (*_batches(38.12, None, None), *_kinds(23.14, 22.55))),
    _lit(_FALCON, "Falcon 40B", 1079, (*_batches(None), *_kinds(None, None))),
    _lit(_PHI, "phi-1.5", 1044, _batches(4.86, 5.05, 5.88), gpus=2),
    _lit(_STABLE, "StableLM Alpha 3B", 1034, _batches(12.75, 12.94, 13.45), gpus=2),
    _lit("llama-2-7b", "Llama-2-7B", 1304, _batches(22.18, 22.47, 23.39), gpus=2),
    _lit("llama-2-13b", "Llama-2-13B", 1304, _batches(None), gpus=2),
    _lit("llama-2-13b", "Llama-2-13B", 1304, _batches(35.57), gpus=4),
    _lit(_FALCON, "Falcon 40B", 1079, _batches(None), gpus=4),
)

TABLES = _LIT
