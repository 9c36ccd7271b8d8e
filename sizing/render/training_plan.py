"""A training run's plan as a page of text: nodes, time and money first."""

from __future__ import annotations

from sizing.plan import Plan
from sizing.render.text import Align, table
from sizing.render.training_memory import training_memory
from sizing.training.outcome import RunEstimate, TradeOff, TrainingPlan

METHODS = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
_ALIGNS: tuple[Align, ...] = ("<", ">", ">", "<", ">", ">")


def run_answer(training: TrainingPlan) -> str:
    """How long the tokens take and what that costs."""
    run, notes = training.run, run_notes(training)
    notes += ["--tokens asks about yours"] if run.is_example else []
    return (
        f"{tokens(run.tokens)}: about {duration(run.hours)}, {money(run.usd)} of nodes "
        f"({'; '.join(notes)})"
    )


def run_notes(training: TrainingPlan) -> list[str]:
    """What the run's time is, and what it leaves out."""
    uncounted = ["the host's part of a step not counted"] if training.offload != "none" else []
    return [f"estimated at {training.run.utilization:.0%} of the GPUs' peak", *uncounted]


def training_facts(plan: Plan, training: TrainingPlan) -> list[tuple[str, str]]:
    """What is trained, how it is cut and how fast it goes."""
    how = (
        f"{training.optimizer}, checkpointing {training.checkpointing}, loss on "
        f"{training.loss} logits, as {training.framework} does it"
    )
    return [*what_trains(plan, training), ("How", how), *how_fast(training)]


def what_trains(plan: Plan, training: TrainingPlan) -> list[tuple[str, str]]:
    """Parameters, adapters, batch and layout."""
    share = training.params_trained / plan.params_total
    trained = f"{training.params_trained:,} of {plan.params_total:,} parameters"
    rows = [
        ("Trains", trained if share > 0.999 else f"{trained} ({share:.2%})"),
        (
            "Batch",
            f"{training.micro_batch:,} x {training.seq_len:,} tokens a rank, "
            f"{training.micro_batches:,} before a step: {training.tokens_per_step:,} tokens a step",
        ),
        ("Layout", f"{plan.layout}; sharding {training.sharding}"),
    ]
    if training.lora_rank:
        targets = ", ".join(t.rpartition(".")[2] for t in training.lora_targets)
        rows.insert(1, ("Adapters", f"rank {training.lora_rank} on {targets}"))
    return rows


def how_fast(training: TrainingPlan) -> list[tuple[str, str]]:
    """The rate, and what lies in the hosts' memory meanwhile."""
    rows = [("Rate", _rate(training.run))]
    if training.host_memory_gib_per_node >= 1:
        rows.append(("Offloaded", f"{training.host_memory_gib_per_node:,.0f} GiB to each host"))
    return rows


def training_memory_section(plan: Plan, training: TrainingPlan) -> list[str]:
    """The fullest GPU at its worst moment."""
    visible = sum(plan.memory_per_gpu_gib.model_dump().values())
    head = f"Memory of one GPU (the fullest, at {training.worst_moment}), GiB"
    evidence = plan.evidence["cuda_visible_memory"]
    device = training.device_memory_gib_per_gpu
    return [head, *training_memory(training.breakdown_gib, device, visible, evidence)]


def trade_offs(training: TrainingPlan, width: int) -> list[str]:
    """What the run would take if one thing were done otherwise."""
    heads = ("Otherwise", "Nodes", "GiB a GPU", "", "Time", "USD")
    rows = [trade_off_cells(row) for row in training.trade_offs]
    title = f"Trade-offs, over {tokens(training.run.tokens)} (estimated)"
    return [title, *table(heads, rows, _ALIGNS, width)]


def trade_off_cells(row: TradeOff) -> tuple[str, ...]:
    """Change, nodes, GiB a GPU, whether it fits; time and USD where it does and they are known."""
    hours = row.hours if row.fits else None
    return (
        row.change,
        f"{row.nodes:,}",
        f"{row.device_memory_gib_per_gpu:,.1f}",
        "fits" if row.fits else "does not fit",
        "" if hours is None else duration(hours),
        "" if hours is None else money(row.usd),
    )


def tokens(count: float) -> str:
    """A number of tokens in words."""
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if count >= size:
            return f"{count / size:,.4g} {word} tokens"
    return f"{count:,.0f} tokens"


def duration(hours: float) -> str:
    """Hours in the unit that people would say."""
    if hours < 1.5:
        return f"{hours * 60:,.0f} minutes"
    return f"{hours:,.0f} hours" if hours < 72 else f"{hours / 24:,.1f} days"


def money(amount: float | None) -> str:
    """Whole USD, since the time is an estimate, or that it is not known."""
    return "cost unknown" if amount is None else f"${amount:,.0f}"


def _rate(run: RunEstimate) -> str:
    return (
        f"{run.tokens_per_second:,.0f} tokens a second on all GPUs: "
        f"{run.flops_per_token / 1e9:,.0f} GFLOP a token, recomputation included"
    )
