"""Commands and their options. Bodies import what they need, so that start-up stays fast."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from sizing.cli.failures import answering
from sizing.cli.options import (
    MODEL_HELP,
    Budget,
    CheckAccount,
    Checkpointing,
    ChunkedLoss,
    Concurrency,
    Context,
    Deny,
    Folder,
    Framework,
    Gpu,
    HoursPerMonth,
    Instance,
    Inventory,
    Json,
    KvDtype,
    Lengths,
    LoraRank,
    LoraTargets,
    Method,
    MicroBatch,
    Model,
    Offload,
    Optimizer,
    OutputTokens,
    Params,
    Percentile,
    Precision,
    Precisions,
    Prefer,
    PrefixCacheHitRate,
    PromptTokens,
    Purchase,
    Purpose,
    Quiet,
    Region,
    Replicas,
    RequestsPerSecond,
    Sharding,
    SpeculativeAcceptance,
    SpeculativeTokens,
    Spread,
    Tokens,
    TpotMs,
    TtftMs,
    Utilization,
)
from sizing.cli.training import train

app = typer.Typer(
    name="sizing",
    help="From a model, a precision and a load to GPU nodes on AWS and their cost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Colour is the only thing that Rich's pages add to the plain ones.
    rich_markup_mode=None if os.environ.get("NO_COLOR") else "rich",
)


def main() -> None:
    """Entry point: exit code 0 is yes, 1 is an honest no, 2 is bad input."""
    sys.exit(answering(app, sys.argv[1:]))


@app.command()
def plan(
    model: Model,
    params: Params = None,
    precision: Precision = None,
    kv_dtype: KvDtype = None,
    purpose: Purpose = None,
    context: Context = None,
    concurrency: Concurrency = None,
    requests_per_second: RequestsPerSecond = None,
    prompt_tokens: PromptTokens = None,
    output_tokens: OutputTokens = None,
    lengths: Lengths = None,
    ttft_ms: TtftMs = None,
    tpot_ms: TpotMs = None,
    percentile: Percentile = None,
    prefix_cache_hit_rate: PrefixCacheHitRate = None,
    speculative_tokens: SpeculativeTokens = None,
    speculative_acceptance: SpeculativeAcceptance = None,
    gpu: Gpu = None,
    instance: Instance = None,
    region: Region = None,
    purchase: Purchase = None,
    replicas: Replicas = None,
    method: Method = None,
    spread: Spread = False,
    prefer: Prefer = None,
    deny: Deny = None,
    hours_per_month: HoursPerMonth = None,
    budget: Budget = None,
    inventory: Inventory = None,
    tokens: Tokens = None,
    utilization: Utilization = None,
    optimizer: Optimizer = None,
    sharding: Sharding = None,
    checkpointing: Checkpointing = None,
    offload: Offload = None,
    micro_batch: MicroBatch = None,
    lora_rank: LoraRank = None,
    lora_targets: LoraTargets = None,
    chunked_loss: ChunkedLoss = None,
    framework: Framework = None,
    check_account: CheckAccount = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """The nodes that a model needs, their layout and their cost."""
    asked = locals()
    from sizing.cli.plans import ask_plan

    ask_plan(asked, check_account=check_account, quiet=quiet, as_json=json)


@app.command()
def compare(
    model: Model,
    params: Params = None,
    precision: Precisions = None,
    kv_dtype: KvDtype = None,
    context: Context = None,
    concurrency: Concurrency = None,
    requests_per_second: RequestsPerSecond = None,
    prompt_tokens: PromptTokens = None,
    output_tokens: OutputTokens = None,
    lengths: Lengths = None,
    ttft_ms: TtftMs = None,
    tpot_ms: TpotMs = None,
    percentile: Percentile = None,
    prefix_cache_hit_rate: PrefixCacheHitRate = None,
    speculative_tokens: SpeculativeTokens = None,
    speculative_acceptance: SpeculativeAcceptance = None,
    gpu: Gpu = None,
    instance: Instance = None,
    region: Region = None,
    purchase: Purchase = None,
    replicas: Replicas = None,
    method: Method = None,
    spread: Spread = False,
    prefer: Prefer = None,
    deny: Deny = None,
    hours_per_month: HoursPerMonth = None,
    budget: Budget = None,
    inventory: Inventory = None,
    json: Json = False,
) -> None:
    """One model at several precisions side by side: memory, nodes, cost, speed, accuracy."""
    asked = locals()
    from sizing.cli.comparing import ask_comparison

    ask_comparison(asked, as_json=json)


@app.command()
def report(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help=MODEL_HELP)] = None,
    stack: Annotated[
        str | None, typer.Option(help="Instead of a model: stacks/Pulumi.<stack>.yaml.")
    ] = None,
    folder: Folder = "stacks",
    form: Annotated[
        str, typer.Option("--format", help="html (default), markdown or json.")
    ] = "html",
    output: Annotated[
        str | None,
        typer.Option(help="A file, or - for the terminal. Default for html: report.html."),
    ] = None,
    previous: Annotated[
        str | None, typer.Option(help="JSON of what is deployed: a plan, or a stack's outputs.")
    ] = None,
    params: Params = None,
    precision: Precision = None,
    kv_dtype: KvDtype = None,
    purpose: Purpose = None,
    context: Context = None,
    concurrency: Concurrency = None,
    requests_per_second: RequestsPerSecond = None,
    prompt_tokens: PromptTokens = None,
    output_tokens: OutputTokens = None,
    lengths: Lengths = None,
    ttft_ms: TtftMs = None,
    tpot_ms: TpotMs = None,
    percentile: Percentile = None,
    prefix_cache_hit_rate: PrefixCacheHitRate = None,
    speculative_tokens: SpeculativeTokens = None,
    speculative_acceptance: SpeculativeAcceptance = None,
    gpu: Gpu = None,
    instance: Instance = None,
    region: Region = None,
    purchase: Purchase = None,
    replicas: Replicas = None,
    method: Method = None,
    spread: Spread = False,
    prefer: Prefer = None,
    deny: Deny = None,
    hours_per_month: HoursPerMonth = None,
    budget: Budget = None,
    inventory: Inventory = None,
    tokens: Tokens = None,
    utilization: Utilization = None,
    optimizer: Optimizer = None,
    sharding: Sharding = None,
    checkpointing: Checkpointing = None,
    offload: Offload = None,
    micro_batch: MicroBatch = None,
    lora_rank: LoraRank = None,
    lora_targets: LoraTargets = None,
    chunked_loss: ChunkedLoss = None,
    framework: Framework = None,
    check_account: CheckAccount = False,
    json: Json = False,
) -> None:
    """A plan as one HTML file with charts, as Markdown for a pull request, or as JSON.

    With --stack, the other options change what the stack's file says.
    """
    asked = locals()
    from sizing.cli.reports import Paper, ask_report

    paper = Paper(form, output, previous, as_json=json)
    ask_report(asked, stack, folder, paper, check_account=check_account)


@app.command()
def fit(
    model: Model,
    gpu: Annotated[str, typer.Option(help="GPU name, on AWS or not: H100, L4, RTX-4090, ...")],
    tp: Annotated[int, typer.Option(help="Tensor-parallel ranks.")] = 1,
    pp: Annotated[int, typer.Option(help="Pipeline stages.")] = 1,
    dp: Annotated[int, typer.Option(help="Data-parallel ranks inside the engine.")] = 1,
    ep: Annotated[bool, typer.Option("--ep", help="Spread experts over the ranks.")] = False,
    params: Params = None,
    precision: Annotated[
        str | None, typer.Option(help="bf16, fp8, int4, ...; default: the checkpoint's.")
    ] = None,
    kv_dtype: Annotated[str, typer.Option(help="KV cache format: auto, bf16, fp8.")] = "auto",
    context: Annotated[
        int | None, typer.Option(help="Tokens of one sequence, prompt and output together.")
    ] = None,
    max_num_seqs: Annotated[int | None, typer.Option(help="Sequences at once, at most.")] = None,
    max_num_batched_tokens: Annotated[int | None, typer.Option(help="Tokens of a step.")] = None,
    gpu_memory_utilization: Annotated[
        float | None, typer.Option(help="Share of the GPU's memory, above 0 and at most 1.")
    ] = None,
    gpu_memory_gib: Annotated[
        float | None, typer.Option(help="GiB that CUDA sees, instead of the catalogue's.")
    ] = None,
    enforce_eager: Annotated[bool, typer.Option("--enforce-eager", help="No CUDA graphs.")] = False,
    block_size: Annotated[int | None, typer.Option(help="Tokens of a cache block.")] = None,
    speculative_tokens: Annotated[int, typer.Option(help="Tokens drafted by MTP.")] = 0,
    engine: Annotated[
        str | None, typer.Option(help="vllm:0.19, ... or transformers. Default the newest vLLM.")
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Transformers: sequences at once.")] = None,
    input_len: Annotated[int | None, typer.Option(help="Transformers: prompt tokens.")] = None,
    output_len: Annotated[
        int | None, typer.Option(help="Transformers: generated tokens. Default 2048.")
    ] = None,
    json: Json = False,
) -> None:
    """Whether one given deployment starts, what it holds, and what would make it fit."""
    from sizing.cli.questions import ask_fit

    vllm = {
        "max_num_seqs": max_num_seqs,
        "max_num_batched_tokens": max_num_batched_tokens,
        "gpu_memory_utilization": gpu_memory_utilization,
        "block_size": block_size,
        "enforce_eager": enforce_eager,
        "speculative_tokens": speculative_tokens,
        "ep": ep,
        "pp": pp,
        "dp": dp,
    }
    plain = {"batch": batch, "input_len": input_len, "output_len": output_len}
    both = {
        "params": params,
        "precision": precision,
        "kv_dtype": kv_dtype,
        "context": context,
        "gpu_memory_gib": gpu_memory_gib,
        "engine": engine,
    }
    ask_fit(model, gpu, tp, both, vllm, plain, as_json=json)


app.command()(train)


@app.command()
def perf(
    model: Model,
    gpu: Annotated[str, typer.Option(help="GPU name, on AWS or not: H100, L4, RTX-4090, ...")],
    input_len: Annotated[int, typer.Option(help="Prompt tokens of a request.")],
    output_len: Annotated[int, typer.Option(help="Generated tokens of a request.")],
    tp: Annotated[int, typer.Option(help="Tensor-parallel ranks.")] = 1,
    pp: Annotated[int, typer.Option(help="Pipeline stages.")] = 1,
    dp: Annotated[int, typer.Option(help="Data-parallel ranks inside the engine.")] = 1,
    ep: Annotated[bool, typer.Option("--ep", help="Spread experts over the ranks.")] = False,
    params: Params = None,
    precision: Annotated[
        str | None, typer.Option(help="bf16, fp8, int4, ...; default: the checkpoint's.")
    ] = None,
    kv_dtype: Annotated[str, typer.Option(help="KV cache format: auto, bf16, fp8.")] = "auto",
    concurrency: Annotated[
        str | None, typer.Option(help="Requests kept in flight, or max. Default 16.")
    ] = None,
    num_prompts: Annotated[
        int | None, typer.Option(help="Instead: a benchmark of so many requests all at once.")
    ] = None,
    spread: Annotated[
        bool, typer.Option("--spread", help="With --num-prompts: lengths vary as in ShareGPT.")
    ] = False,
    engine: Annotated[
        str | None, typer.Option(help="vllm:0.19, sglang or tensorrt-llm. Default the newest vLLM.")
    ] = None,
    max_num_seqs: Annotated[int | None, typer.Option(help="Sequences at once, at most.")] = None,
    max_num_batched_tokens: Annotated[int | None, typer.Option(help="Tokens of a step.")] = None,
    gpu_memory_utilization: Annotated[
        float | None, typer.Option(help="Share of the GPU's memory, above 0 and at most 1.")
    ] = None,
    enforce_eager: Annotated[bool, typer.Option("--enforce-eager", help="No CUDA graphs.")] = False,
    json: Json = False,
) -> None:
    """How fast one given deployment serves: tokens per second, time to first token, and between."""
    asked = locals()
    from sizing.cli.performance import ask_performance

    given = {k: v for k, v in asked.items() if k not in _PERF_ARGUMENTS}
    ask_performance(model, gpu, input_len, output_len, given, as_json=json)


_PERF_ARGUMENTS = ("model", "gpu", "input_len", "output_len", "json")


@app.command()
def preview(
    stack: Annotated[str, typer.Option(help="The environment: stacks/Pulumi.<stack>.yaml.")],
    folder: Folder = "stacks",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """A stack's plan and cost, without an engine, an account or a credential."""
    from sizing.cli.plans import ask_preview

    ask_preview(stack, folder, quiet=quiet, as_json=json)


@app.command()
def inspect(
    model: Model,
    params: Params = None,
    json: Json = False,
) -> None:
    """A model's facts: parameters by group, attention, KV cache growth."""
    from sizing.cli.questions import ask_inspect

    ask_inspect(model, params, as_json=json)


@app.command()
def models(
    search: Annotated[str | None, typer.Argument(help="Part of a name, family or id.")] = None,
    json: Json = False,
) -> None:
    """The models in the catalogue."""
    from sizing.cli.questions import ask_models

    ask_models(search, as_json=json)


@app.command()
def instances(
    gpu: Annotated[str, typer.Option(help="GPU name, or any.")] = "any",
    region: Annotated[str, typer.Option(help="AWS region.")] = "us-east-1",
    json: Json = False,
) -> None:
    """EC2 instance types with NVIDIA GPUs, and what they cost in a region."""
    from sizing.cli.questions import ask_instances

    ask_instances(gpu, region, as_json=json)


prices = typer.Typer(help="What AWS charges, and how old that is.", no_args_is_help=True)
app.add_typer(prices, name="prices")


@prices.command()
def refresh(
    region: Annotated[
        list[str] | None,
        typer.Option(help="Only this region (repeatable). Default: all that are enabled."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="price-list, services, spot or capacity-block (repeatable)."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, write nothing.")] = False,
    json: Json = False,
) -> None:
    """Ask AWS for today's prices (needs credentials) and keep them in a dated file."""
    from sizing.cli.refreshing import ask_refresh

    ask_refresh(region or [], only or [], dry_run=dry_run, as_json=json)


@prices.callback()
def about_prices() -> None:
    """What AWS charges, and how old that is."""
