"""Commands and their options. Bodies import what they need, so that start-up stays fast."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sizing.cli.failures import answering

app = typer.Typer(
    name="sizing",
    help="From a model, a precision and a load to GPU nodes on AWS and their cost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="Catalogue name or alias, Hugging Face id, or a path to a config.json.",
    ),
]
Params = Annotated[
    int | None,
    typer.Option(help="Parameters, for a config of an architecture that is not known."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the answer alone.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def main() -> None:
    """Entry point: exit code 0 is yes, 1 is an honest no, 2 is bad input."""
    sys.exit(answering(app, sys.argv[1:]))


@app.command()
def plan(
    model: Model,
    params: Params = None,
    precision: Annotated[
        str | None,
        typer.Option(help="bf16, fp8, int4, ... or several: bf16,fp8. Default: the checkpoint's."),
    ] = None,
    kv_dtype: Annotated[str | None, typer.Option(help="KV cache format: auto, bf16, fp8.")] = None,
    purpose: Annotated[
        str | None, typer.Option(help="inference (training is not sized yet).")
    ] = None,
    context: Annotated[
        int | None, typer.Option(help="Tokens of one sequence, prompt and output together.")
    ] = None,
    concurrency: Annotated[int | None, typer.Option(help="Sequences at once.")] = None,
    gpu: Annotated[
        str | None, typer.Option(help="GPU name, or any. Default H100, or --instance's own.")
    ] = None,
    instance: Annotated[
        list[str] | None, typer.Option(help="Only this instance type (repeatable).")
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option(help="AWS region (repeatable), or any. Default us-east-1.")
    ] = None,
    purchase: Annotated[
        str | None, typer.Option(help="on-demand, spot, capacity-block, reserved or any.")
    ] = None,
    replicas: Annotated[int | None, typer.Option(help="Copies of the model, at least.")] = None,
    method: Annotated[
        str | None, typer.Option(help="engine (what vLLM allocates) or rule-of-thumb.")
    ] = None,
    spread: Annotated[
        bool, typer.Option("--spread", help="Allow more nodes a copy than the fewest.")
    ] = False,
    prefer: Annotated[
        str | None, typer.Option(help="cheapest (default), nodes or headroom.")
    ] = None,
    deny: Annotated[
        list[str] | None, typer.Option(help="Never this instance type (repeatable).")
    ] = None,
    hours_per_month: Annotated[
        float | None, typer.Option(help="Hours a month that the nodes run. Default 730.")
    ] = None,
    budget: Annotated[float | None, typer.Option(help="USD a month all in, at most.")] = None,
    inventory: Annotated[
        str | None, typer.Option(help="A YAML file of your own nodes, to use beside AWS.")
    ] = None,
    check_account: Annotated[
        bool, typer.Option("--check-account", help="Ask the AWS account: quota and zones.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """The nodes that a model needs, their layout and their cost."""
    from sizing.cli.plans import ask_plan

    ask_plan(
        {
            "model": model,
            "precision": precision,
            "params": params,
            "kvDtype": kv_dtype,
            "workload": {"purpose": purpose, "context": context, "concurrency": concurrency},
            "gpu": gpu,
            "instanceTypes": {"allow": instance, "deny": deny},
            "replicas": replicas,
            "method": method,
            "spread": spread or None,
            "prefer": prefer,
            "hoursPerMonth": hours_per_month,
            "budget": {"monthlyUsd": budget},
        },
        regions=region or [],
        purchase=purchase,
        inventory=inventory,
        check_account=check_account,
        quiet=quiet,
        as_json=json,
    )


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


@app.command()
def preview(
    stack: Annotated[str, typer.Option(help="The environment: stacks/Pulumi.<stack>.yaml.")],
    folder: Annotated[str, typer.Option(help="Where the stack files lie.")] = "stacks",
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
        list[str] | None, typer.Option(help="price-list, spot or capacity-block (repeatable).")
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
