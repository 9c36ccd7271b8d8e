"""`sizing train`: what one training run takes on each GPU."""

from __future__ import annotations

from typing import Annotated

import typer

from sizing.cli.options import (
    ChunkedLoss,
    Framework,
    Json,
    LoraRank,
    LoraTargets,
    Model,
    Offload,
    Optimizer,
)

Method = Annotated[str, typer.Option(help="full, lora or qlora.")]
GpuName = Annotated[str, typer.Option(help="GPU name, on AWS or not: H100, L4, RTX-4090, ...")]
Gpus = Annotated[int, typer.Option(help="GPUs in all; tp x pp x cp divides them.")]
Precision = Annotated[
    str | None,
    typer.Option(help="full: bf16, fp8, fp32; lora: bf16; qlora: nf4 (default), int4, gptq, ..."),
]
SeqLen = Annotated[
    int | None, typer.Option(help="Tokens of one sequence. Default 4096, or the model's limit.")
]
MicroBatch = Annotated[int, typer.Option(help="Sequences that a rank computes at once.")]
MicroBatches = Annotated[
    int | None,
    typer.Option(help="Micro-batches before an optimiser step. Default 1, or the stages (--pp)."),
]


def train(
    model: Model,
    method: Method,
    gpu: GpuName,
    gpus: Gpus = 1,
    precision: Precision = None,
    seq_len: SeqLen = None,
    micro_batch: MicroBatch = 1,
    micro_batches: MicroBatches = None,
    tp: Annotated[int, typer.Option(help="Tensor-parallel ranks.")] = 1,
    pp: Annotated[int, typer.Option(help="Pipeline stages.")] = 1,
    cp: Annotated[int, typer.Option(help="Context-parallel ranks: each has a part of it.")] = 1,
    ep: Annotated[int, typer.Option(help="Ranks that experts are spread over.")] = 1,
    sharding: Annotated[
        str | None,
        typer.Option(
            help="none, zero1, zero2, zero3 or fsdp. Default: the framework's, above 1 GPU."
        ),
    ] = None,
    optimizer: Optimizer = None,
    checkpointing: Annotated[
        str | None, typer.Option(help="Activations: none, selective or full (default).")
    ] = None,
    offload: Offload = None,
    offload_activations: Annotated[
        bool, typer.Option("--offload-activations", help="Kept activations go to the host.")
    ] = False,
    lora_rank: LoraRank = None,
    lora_targets: LoraTargets = None,
    lora_dropout: Annotated[
        bool | None,
        typer.Option("--lora-dropout/--no-lora-dropout", help="Dropout on adapters' inputs."),
    ] = None,
    train_embeddings: Annotated[
        bool, typer.Option("--train-embeddings", help="Train embedding and head beside adapters.")
    ] = False,
    chunked_loss: ChunkedLoss = None,
    compile: Annotated[
        bool, typer.Option("--compile", help="Fused kernels: torch.compile, Liger, TE.")
    ] = False,
    schedule: Annotated[
        str | None, typer.Option(help="Pipeline: 1f1b (default), gpipe or interleaved-1f1b.")
    ] = None,
    virtual_stages: Annotated[
        int, typer.Option(help="Chunks of layers a rank has in an interleaved pipeline.")
    ] = 1,
    master_weights: Annotated[
        bool | None,
        typer.Option(
            "--master-weights/--no-master-weights",
            help="Float32 weights beside 16-bit ones. Default: as the optimiser needs.",
        ),
    ] = None,
    framework: Framework = None,
    extend_context: Annotated[
        bool, typer.Option("--extend-context", help="Allow sequences beyond the model's context.")
    ] = False,
    gpu_memory_gib: Annotated[
        float | None, typer.Option(help="GiB that CUDA sees, instead of the catalogue's.")
    ] = None,
    json: Json = False,
) -> None:
    """What a training run takes on each GPU, where it goes, and whether it fits."""
    options = {**locals()}
    as_json = options.pop("json")
    asked = {key: options.pop(key) for key in ("model", "method", "gpu", "gpus")}
    options["fused"] = options.pop("compile")
    from sizing.cli.waiting import waiting
    from sizing.training.answer import train as answer
    from sizing.training.make import make_job

    with waiting(f"sizing {model}"):
        found = answer(make_job(*asked.values(), **options))
    if as_json:
        print(found.model_dump_json())
    else:
        from sizing.render.train import render_train

        print(render_train(found))
    if not found.fits:
        raise SystemExit(1)
