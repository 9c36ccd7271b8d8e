"""Options that several commands take, each said once."""

from __future__ import annotations

from typing import Annotated

import typer

MODEL_HELP = "Catalogue name or alias, Hugging Face id, or a path to a config.json."

Model = Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP)]
Folder = Annotated[str, typer.Option(help="Where the stack files lie.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the answer alone.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]

# What is asked of a plan.
Params = Annotated[
    int | None,
    typer.Option(help="Parameters, for a config of an architecture that is not known."),
]
Precision = Annotated[
    str | None,
    typer.Option(help="bf16, fp8, int4, ... or several: bf16,fp8. Default: the checkpoint's."),
]
Precisions = Annotated[
    str | None,
    typer.Option("--precision", help="Only these: bf16,fp8,int4. Default: 16, 8, 4 bits, others."),
]
KvDtype = Annotated[str | None, typer.Option(help="KV cache format: auto, bf16, fp8.")]
Purpose = Annotated[
    str | None, typer.Option(help="inference (default), or training: full, lora, qlora.")
]
Context = Annotated[
    int | None, typer.Option(help="Tokens of one sequence, prompt and output together.")
]
Concurrency = Annotated[int | None, typer.Option(help="Sequences at once.")]
RequestsPerSecond = Annotated[
    float | None, typer.Option(help="Requests a second: plans for this load.")
]
PromptTokens = Annotated[int | None, typer.Option(help="Load: tokens of a prompt.")]
OutputTokens = Annotated[int | None, typer.Option(help="Load: tokens of an answer.")]
Lengths = Annotated[str | None, typer.Option(help="Load: fixed (default) or lognormal lengths.")]
TtftMs = Annotated[float | None, typer.Option(help="Load: ms to the first token, at most.")]
TpotMs = Annotated[float | None, typer.Option(help="Load: ms between tokens, at most.")]
Percentile = Annotated[
    str | None, typer.Option(help="Load: whose ms: p50, p90, p95 (default) or p99.")
]
PrefixCacheHitRate = Annotated[
    float | None, typer.Option(help="Load: share of prompt tokens cached already, below 1.")
]
SpeculativeTokens = Annotated[int | None, typer.Option(help="Load: tokens drafted a step.")]
SpeculativeAcceptance = Annotated[
    float | None, typer.Option(help="Load: chance that a drafted token is accepted.")
]
Gpu = Annotated[
    str | None, typer.Option(help="GPU name, or any. Default H100, or --instance's own.")
]
Instance = Annotated[list[str] | None, typer.Option(help="Only this instance type (repeatable).")]
Region = Annotated[
    list[str] | None, typer.Option(help="AWS region (repeatable), or any. Default us-east-1.")
]
Purchase = Annotated[
    str | None, typer.Option(help="on-demand, spot, capacity-block, reserved or any.")
]
Replicas = Annotated[int | None, typer.Option(help="Copies of the model, at least.")]
Method = Annotated[str | None, typer.Option(help="engine (what vLLM allocates) or rule-of-thumb.")]
Spread = Annotated[bool, typer.Option("--spread", help="Allow more nodes a copy than the fewest.")]
Prefer = Annotated[str | None, typer.Option(help="cheapest (default), nodes or headroom.")]
Deny = Annotated[list[str] | None, typer.Option(help="Never this instance type (repeatable).")]
HoursPerMonth = Annotated[
    float | None, typer.Option(help="Hours a month that the nodes run. Default 730.")
]
Budget = Annotated[float | None, typer.Option(help="USD a month all in, at most.")]
Inventory = Annotated[
    str | None, typer.Option(help="A YAML file of your own nodes, to use beside AWS.")
]
CheckAccount = Annotated[
    bool, typer.Option("--check-account", help="Ask the AWS account: quota and zones.")
]

# What is asked of a training run.
_TRAINING = "Training"
Tokens = Annotated[
    float | None,
    typer.Option(help="Tokens trained on in all, for time and cost.", rich_help_panel=_TRAINING),
]
Utilization = Annotated[
    float | None,
    typer.Option(
        help="Share of the GPUs' peak that is reached. Default 0.4.", rich_help_panel=_TRAINING
    ),
]
Optimizer = Annotated[
    str | None,
    typer.Option(
        help="adamw (default), adamw-bf16, adamw8bit, paged-adamw8bit, adafactor, muon, lion, sgd; "
        "each also with -fused-backward.",
        rich_help_panel=_TRAINING,
    ),
]
Sharding = Annotated[
    str | None,
    typer.Option(
        help="none, zero1, zero2, zero3 or fsdp. Default: chosen.", rich_help_panel=_TRAINING
    ),
]
Checkpointing = Annotated[
    str | None,
    typer.Option(help="none, selective or full. Default: chosen.", rich_help_panel=_TRAINING),
]
Offload = Annotated[
    str | None,
    typer.Option(help="To the host: none (default), optimizer or all.", rich_help_panel=_TRAINING),
]
MicroBatch = Annotated[
    int | None,
    typer.Option(help="Sequences a rank computes at once.", rich_help_panel=_TRAINING),
]
LoraRank = Annotated[
    int | None, typer.Option(help="LoRA's rank. Default 16.", rich_help_panel=_TRAINING)
]
LoraTargets = Annotated[
    str | None,
    typer.Option(
        help="all-linear (default), attention, mlp, experts, or q_proj,v_proj,...",
        rich_help_panel=_TRAINING,
    ),
]
ChunkedLoss = Annotated[
    bool | None,
    typer.Option(
        "--chunked-loss/--whole-loss",
        help="Never all logits at once (Liger, CCE).",
        rich_help_panel=_TRAINING,
    ),
]
Framework = Annotated[
    str | None,
    typer.Option(
        help="Dtypes, buffers and loss of pytorch (default), deepspeed (default with ZeRO), "
        "megatron (with ZeRO and TP or PP), torchtune, torchtitan, transformers, litgpt, axolotl.",
        rich_help_panel=_TRAINING,
    ),
]
