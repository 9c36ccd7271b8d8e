"""How long simulating 100,000 requests takes, on one core.

    python benchmarks/simulation_speed.py

Cases differ in what cuts runs of equal steps short: how often requests arrive, how much they vary,
how many copies share them, and a cache that is full all the time.
"""

from __future__ import annotations

import sys
import time

from sizing.catalog.gpus import gpu
from sizing.deployment import find_model
from sizing.load import Lengths
from sizing.performance.arrivals import poisson_arrivals
from sizing.performance.engines import make_server
from sizing.performance.replica import Setup
from sizing.performance.simulation import simulate
from sizing.performance.step import step_model
from sizing.plan import Layout
from sizing.support import parse_kv_dtype

REQUESTS, LIMIT_S = 100_000, 5.0
CASES: tuple[tuple[str, float, int, int, int, int, Lengths], ...] = (
    ("chat, one copy", 15.0, 1, 1000, 250, 440_000, Lengths.FIXED),
    ("chat, lengths vary", 15.0, 1, 1000, 250, 440_000, Lengths.LOGNORMAL),
    ("four copies", 60.0, 4, 1000, 250, 440_000, Lengths.LOGNORMAL),
    ("thirty-two copies", 400.0, 32, 1000, 250, 440_000, Lengths.LOGNORMAL),
    ("long prompts", 2.0, 1, 12_000, 100, 440_000, Lengths.FIXED),
    ("long answers", 0.4, 1, 200, 4000, 440_000, Lengths.LOGNORMAL),
    ("cache always full", 15.0, 1, 1000, 250, 20_000, Lengths.LOGNORMAL),
)


def main() -> int:
    """Print seconds of processor time; 1 where one is above the limit."""
    spec, precision = find_model("llama-3.1-8b", "bf16", None)
    card, kv = gpu("H100"), parse_kv_dtype("auto", "kvDtype")
    step = step_model(spec, precision, kv, Layout(tp=1, pp=1), card, make_server(card))
    print(f"{REQUESTS:,} requests{'s':>22}   limit {LIMIT_S:g}")
    slowest = 0.0
    for name, per_second, copies, prompt, output, cache, lengths in CASES:
        load = poisson_arrivals(REQUESTS, per_second, prompt, output, lengths=lengths)
        start = time.process_time()
        seen = simulate(load, Setup(step, cache, 1024, 8192), copies)
        took = time.process_time() - start
        print(
            f"{name:<20}{took:>18.2f}   {seen.running:,.0f} running on average, "
            f"p95 TTFT {seen.ttft.p95 * 1000:,.0f} ms"
        )
        slowest = max(slowest, took)
    return int(slowest > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
