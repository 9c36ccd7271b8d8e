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
Purpose = Annotated[str | None, typer.Option(help="inference (training is not sized yet).")]
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
