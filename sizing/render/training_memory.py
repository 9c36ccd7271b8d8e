"""Where one GPU's memory goes in a training step, as aligned lines."""

from __future__ import annotations

from collections.abc import Mapping

from sizing.evidence import Evidence
from sizing.render.text import bar

_BAR = 24
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
_SMALLEST = 0.005


def training_memory(
    breakdown: Mapping[str, float], device_gib: float, visible_gib: float, visible: Evidence
) -> list[str]:
    """A line a part of `breakdown` (GiB), what lies outside PyTorch, and the sum."""
    outside = device_gib - sum(breakdown.values())
    rows = [(*_LABELS[name], value) for name, value in breakdown.items() if value >= _SMALLEST]
    rows.append(("CUDA, NCCL", "outside PyTorch (estimated)", outside))
    lines = [
        f"  {label:<15}{value:>9,.2f}  {bar(value / visible_gib, _BAR):<{_BAR + 1}}{note}".rstrip()
        for label, note, value in rows
    ]
    seen = f"of {visible_gib:.2f} that CUDA sees ({visible})"
    return [*lines, f"  {'in all':<15}{device_gib:>9,.2f}  {seen}"]
