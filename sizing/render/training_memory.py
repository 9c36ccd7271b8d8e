"""Where one GPU's memory goes in a training step, as aligned lines."""

from __future__ import annotations

from collections.abc import Mapping

from sizing.evidence import Evidence
from sizing.render.text import bar

_BAR = 24
OUTSIDE = "outside"
PARTS = {
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
    OUTSIDE: ("CUDA, NCCL", "outside PyTorch (estimated)"),
}
"""What each part of a training step's memory is called, and what it is."""
_SMALLEST = 0.005


def parts_to_show(breakdown: Mapping[str, float], device_gib: float) -> dict[str, float]:
    """GiB of each part that is large enough to be seen, by its key in `PARTS`."""
    shown = {name: value for name, value in breakdown.items() if value >= _SMALLEST}
    return {**shown, OUTSIDE: device_gib - sum(breakdown.values())}


def training_memory(
    breakdown: Mapping[str, float], device_gib: float, visible_gib: float, visible: Evidence
) -> list[str]:
    """A line a part of `breakdown` (GiB), what lies outside PyTorch, and the sum."""
    rows = [(*PARTS[name], value) for name, value in parts_to_show(breakdown, device_gib).items()]
    lines = [
        f"  {label:<15}{value:>9,.2f}  {bar(value / visible_gib, _BAR):<{_BAR + 1}}{note}".rstrip()
        for label, note, value in rows
    ]
    seen = f"of {visible_gib:.2f} that CUDA sees ({visible})"
    return [*lines, f"  {'in all':<15}{device_gib:>9,.2f}  {seen}"]
