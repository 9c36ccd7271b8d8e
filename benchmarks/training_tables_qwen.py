"""Published peaks of the first Qwen's scripts."""

from __future__ import annotations

from benchmarks.training_table import GB, Figure, Options, Table

_LENGTHS = (256, 512, 1024, 2048, 4096, 8192)


def _lengths(peaks: tuple[float, ...]) -> tuple[Figure, ...]:
    """One figure a sequence length, as the Qwen table has its columns."""
    pairs = zip(_LENGTHS, peaks, strict=False)
    return tuple(Figure(peak, {"seq_len": length}) for length, peak in pairs)


_QWEN = "QwenLM/Qwen README.md, fine-tuning profile, 2023-12"
_SCRIPT = {"micro_batch": 1, "micro_batches": 8, "checkpointing": "full"}
_RANK = {"lora_rank": 64}
_LORA = {"method": "lora", **_RANK}
_EMB = {**_LORA, "train_embeddings": True}
_QLORA = {"method": "qlora", "precision": "gptq", **_RANK}
_FULL = {"method": "full", "sharding": "zero3"}


def _qwen(
    size: str, options: Options, figures: tuple[Figure, ...], gpus: int = 1, nodes: int = 1
) -> Table:
    """One line of the table: peaks by length, totals where several GPUs ran."""
    return Table(
        source=f"{_QWEN}, {nodes} nodes" if nodes > 1 else _QWEN,
        framework="transformers",
        model=f"cases/models/qwen-{size}.json",
        checkpoint=f"Qwen-{size.upper()}",
        gpu="A100-80GB",
        gpus=gpus,
        unit=GB,
        divided_by=gpus,
        options={**_SCRIPT, **options},
        figures=figures,
    )


_QWENS = (
    _qwen("1.8b", _LORA, _lengths((6.7, 7.4, 8.4, 11.0, 16.2, 21.8))),
    _qwen("1.8b", _EMB, _lengths((13.7, 14.0, 14.0, 15.1, 19.7, 27.7))),
    _qwen("1.8b", _QLORA, _lengths((5.8, 6.0, 6.6, 7.8, 10.2, 15.8))),
    _qwen("1.8b", _FULL, _lengths((43.5, 43.5, 43.5, 43.5, 47.1, 48.3))),
    _qwen("7b", _LORA, _lengths((20.1, 20.4, 21.5, 23.8, 29.7, 36.6))),
    _qwen("7b", _EMB, _lengths((33.7, 34.1, 35.2, 35.1, 39.2, 48.5))),
    _qwen("7b", _QLORA, _lengths((11.5, 11.5, 12.3, 13.9, 16.9, 23.5))),
    _qwen("7b", _FULL, _lengths((139.2, 148.0, 162.0)), gpus=2),
    _qwen(
        "7b",
        {**_LORA, "sharding": "zero2"},
        _lengths((74.7, 77.6, 84.9, 95.1, 121.1, 155.5)),
        gpus=4,
        nodes=2,
    ),
    _qwen("14b", _LORA, _lengths((34.6, 35.1, 35.3, 37.4, 42.5, 55.2))),
    _qwen("14b", _EMB, _lengths((51.2, 51.1, 51.5, 54.1, 56.8, 67.7))),
    _qwen("14b", _QLORA, _lengths((18.7, 18.4, 18.9, 19.9, 23.0, 27.9))),
    _qwen(
        "72b",
        {**_LORA, "sharding": "zero3"},
        _lengths((215.4, 217.7, 222.6, 228.8, 249.0, 289.2)),
        gpus=4,
    ),
    _qwen("72b", _QLORA, _lengths((61.4, 61.4, 62.9, 64.1, 68.0, 75.6))),
    _qwen(
        "72b",
        {**_EMB, "sharding": "zero2"},
        (Figure(None, {"seq_len": 256}),),
        gpus=4,
    ),
)

TABLES = _QWENS
