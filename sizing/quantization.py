"""A checkpoint's own `quantization_config`, read into facts."""

from __future__ import annotations

from sizing.architectures.facts import Facts
from sizing.model import Quantization


def read_quantization(facts: Facts) -> Quantization | None:
    """How the checkpoint is quantised, or None; InputError for a method that is not known."""
    if "quantization_config" not in facts:
        return None
    q = facts.sub("quantization_config")
    return Quantization(method=q.text("quant_method"), format="fp8-block")
