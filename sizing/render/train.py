"""A training run as a page of text: the verdict first, then where the memory goes."""

from __future__ import annotations

from sizing.render.text import WIDTH, bar, bullets, fields
from sizing.training.answer import TrainingFit

_LABELS = {
    "weights": ("weights", ""),
    "adapters": ("adapters", "LoRA's matrices"),
    "gradients": ("gradients", ""),
    "optimizer_states": ("optimiser", "moments"),
    "master_weights": ("master weights", "the optimiser's float32 copy"),
    "activations": ("activations", "kept for the backward pass"),
    "recomputation": ("working", "one layer computed again, and its gradients"),
    "logits_and_loss": ("logits, loss", ""),
    "gathered_weights": ("gathered", "weights fetched from shards, or unpacked"),
    "communication": ("buffers", "gradients on their way"),
    "fragmentation": ("fragmentation", "the allocator's own (estimated)"),
}
_BAR = 24
_METHODS = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}


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
    how = f"{_METHODS[fit.method]} of {fit.model} at {fit.precision}"
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
    total = fit.gpu_memory_gib
    outside = fit.device_memory_gib_per_gpu - fit.peak_memory_gib_per_gpu
    rows = [(*_LABELS[name], value) for name, value in fit.breakdown_gib.items() if value >= 0.005]
    rows.append(("CUDA, NCCL", "outside PyTorch (estimated)", outside))
    lines = [
        f"  {label:<15}{value:>8.2f}  {bar(value / total, _BAR):<{_BAR + 1}}{note}".rstrip()
        for label, note, value in rows
    ]
    seen = f"of {total:.2f} that CUDA sees ({fit.evidence['cuda_visible_memory']})"
    return [*lines, f"  {'in all':<15}{fit.device_memory_gib_per_gpu:>8.2f}  {seen}"]


def _suggestions(fit: TrainingFit, width: int) -> list[str]:
    if fit.fits:
        return []
    if not fit.suggestions:
        return ["No single change that was tried would make it fit"]
    return ["Would fit (each was tried)", *bullets(fit.suggestions, width)]
