"""How many parameters a run trains."""

from __future__ import annotations

from sizing.census import weights
from sizing.training.adapters import adapter_elements
from sizing.training.job import Job


def trained_parameters(job: Job) -> int:
    """Parameters that get gradients, the whole model's: all of them, or adapters and tables."""
    total = 0
    for layer in weights(job.spec):
        if layer.section in ("mtp", "tower"):
            continue
        for w in layer.weights:
            if w.group == "buffer":
                continue
            lora = job.adapters
            table = w.group in ("embedding", "lm_head")
            if lora is None or (lora.train_embeddings and table):
                total += layer.count * w.elements
            elif w.cols > 1 and lora.adapts(w.name):
                total += layer.count * adapter_elements(w, lora.rank)
    return total
