"""The rule of thumb: parameters x bytes x 1.2, on GPUs counted at their nominal size.

It is the table that this project starts from: Llama 3.1 405B (nominal 405e9 parameters) needs
972 / 486 / 243 GB at 16 / 8 / 4 bits, so 13 / 7 / 4 H100s of 80 GB. It knows nothing of context,
batching or layouts; the engine method does.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from sizing.gpu import Gpu
from sizing.plan import RuleOfThumb
from sizing.units import GB

OVERHEAD = Fraction(12, 10)


def rule_of_thumb(params: float, bytes_per_param: float, gpu: Gpu, *, nominal: bool) -> RuleOfThumb:
    """Memory in GB (10^9) and GPUs of nominal GB; exact fractions, so that 972 is 972."""
    needed = Fraction(params) * Fraction(bytes_per_param) * OVERHEAD / GB
    return RuleOfThumb(
        parameters=params,
        parameters_are_nominal=nominal,
        memory_required_gb=float(needed),
        gpu_nominal_gb=gpu.nominal_gb,
        gpus_required=ceil(needed / gpu.nominal_gb),
    )
