"""A training run as a page of text: the verdict first, then where the memory goes."""

from __future__ import annotations

from sizing.render.text import WIDTH, bullets, fields
from sizing.render.training_memory import training_memory
from sizing.render.training_plan import METHODS
from sizing.training.answer import TrainingFit


def render_train(fit: TrainingFit, *, width: int = WIDTH) -> str:
    """The whole page."""
    sections = [
        [_answer(fit), *bullets([fit.reason], width)],
        fields(_facts(fit), width),
        ["Memory of one GPU (the fullest, at its worst moment), GiB", *_memory(fit)],
        _suggestions(fit, width),
        ["Warnings", *bullets(fit.warnings, width)] if fit.warnings else [],
        fields([("Assumed", "; ".join(fit.assumptions))], width),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _answer(fit: TrainingFit) -> str:
    verdict = "fits" if fit.fits else "does not fit"
    how = f"{METHODS[fit.method]} of {fit.model} at {fit.precision}"
    return f"{how} {verdict} on {fit.gpus:,} x {fit.gpu}"


def _facts(fit: TrainingFit) -> list[tuple[str, str]]:
    share = fit.params_trained / fit.params_total
    trained = f"{fit.params_trained:,} of {fit.params_total:,} parameters"
    rows = [
        ("Trains", trained if share > 0.999 else f"{trained} ({share:.2%})"),
        (
            "Batch",
            f"{fit.micro_batch:,} x {fit.seq_len:,} tokens a rank, {fit.micro_batches:,} before a "
            f"step: {fit.tokens_per_step:,} tokens a step",
        ),
        ("Layout", f"{_layout(fit)}; sharding {fit.sharding}"),
        ("Optimiser", fit.optimizer),
        ("Activations", f"checkpointing {fit.checkpointing}; loss on {fit.loss} logits"),
    ]
    if fit.host_memory_gib_per_gpu:
        rows.append(("Host memory", f"{fit.host_memory_gib_per_gpu:,.1f} GiB for each GPU"))
    return rows


def _layout(fit: TrainingFit) -> str:
    named = fit.layout.model_dump().items()
    return " x ".join(f"{n.upper()} {v}" for n, v in named if v > 1) or "one GPU"


def _memory(fit: TrainingFit) -> list[str]:
    visible = fit.evidence["cuda_visible_memory"]
    device = fit.device_memory_gib_per_gpu
    return training_memory(fit.breakdown_gib, device, fit.gpu_memory_gib, visible)


def _suggestions(fit: TrainingFit, width: int) -> list[str]:
    if fit.fits:
        return []
    if not fit.suggestions:
        return ["Nothing that was tried would make it fit"]
    return ["Would fit (each line was tried)", *bullets(fit.suggestions, width)]
