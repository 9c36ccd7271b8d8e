"""How long one warm `fit` takes on one core, from the typed options to the verdict.

    python benchmarks/fit_speed.py [rounds]

A verdict that says no also tries out its suggestions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

from sizing.deployment import make_deployment
from sizing.fit import fit

LIMIT_MS = 2.0
FITS = {
    "llama-3.1-8b on H100": lambda: make_deployment("llama-3.1-8b", "H100"),
    "llama-3.1-405b on 16 x H100": lambda: make_deployment("llama-3.1-405b", "H100", tp=8, pp=2),
    "deepseek-v3 on 8 x H200": lambda: make_deployment("deepseek-v3", "H200", tp=8, ep=True),
    "gpt-oss-120b on H100": lambda: make_deployment("gpt-oss-120b", "H100"),
    "qwen3.6-27b on 2 x L40S": lambda: make_deployment("qwen3.6-27b", "L40S", tp=2),
    "llama-3.3-70b on L40S, which is too small": lambda: make_deployment("llama-3.3-70b", "L40S"),
}


def main(rounds: int) -> int:
    """Print the median of each; exit 1 where one of the limited is over."""
    slow = False
    for name, ask in FITS.items():
        taken = _milliseconds(lambda ask=ask: fit(ask()), rounds)
        slow = slow or taken > LIMIT_MS
        print(f"{name:<42}{taken:>7.2f} ms  limit {LIMIT_MS:g}")
    return int(slow)


def _milliseconds(work: Callable[[], object], rounds: int) -> float:
    work()
    taken: list[float] = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return median(taken) * 1000


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
