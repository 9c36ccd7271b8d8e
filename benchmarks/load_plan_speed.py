"""How long plans for a load take, on one core, with the simulations that check them.

    python benchmarks/load_plan_speed.py

Each load is planned as the command does, the alternatives on other GPUs included; the second column
asks for any GPU. The limit holds for every case.
"""

from __future__ import annotations

import sys
import time

from sizing.errors import NoPlanError
from sizing.planner import make_plan
from sizing.request import request_from
from sizing.stack_config import StackConfig

LIMIT_S = 1.0
CASES: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("chat", "llama-3.1-8b", {"requestsPerSecond": 20, "promptTokens": 1000, "outputTokens": 250}),
    (
        "chat, lognormal",
        "llama-3.1-8b",
        {
            "requestsPerSecond": 20,
            "promptTokens": 1000,
            "outputTokens": 250,
            "lengths": "lognormal",
        },
    ),
    ("RAG", "llama-3.1-70b", {"requestsPerSecond": 4, "promptTokens": 6000, "outputTokens": 300}),
    ("MoE", "qwen3-235b-a22b", {"requestsPerSecond": 60, "promptTokens": 800, "outputTokens": 400}),
    (
        "hundreds a second",
        "llama-3.1-70b",
        {"requestsPerSecond": 500, "promptTokens": 1000, "outputTokens": 300},
    ),
    ("two nodes a copy", "llama-3.1-405b", {"requestsPerSecond": 2, "promptTokens": 2000}),
    ("out of reach", "llama-3.1-70b", {"requestsPerSecond": 2, "promptTokens": 9000}),
)
TARGETS = {"ttftMs": 1500, "tpotMs": 50}
IMPOSSIBLE = {"ttftMs": 1, "tpotMs": 1}


def main() -> int:
    """Print seconds of processor time; 1 where one is above the limit."""
    print(f"{'load':<20}{'model':<18}{'H100':>8}{'any':>8}   s, limit {LIMIT_S:g}")
    slowest = 0.0
    for name, model, load in CASES:
        targets = IMPOSSIBLE if name == "out of reach" else TARGETS
        workload = {"outputTokens": 200, **load, "targets": targets}
        times = [seconds(model, workload, gpu) for gpu in ("", "any")]
        print(f"{name:<20}{model:<18}" + "".join(f"{t:>8.2f}" for t in times))
        slowest = max(slowest, *times)
    return int(slowest > LIMIT_S)


def seconds(model: str, workload: dict[str, object], gpu: str) -> float:
    """Processor time of one plan, the model's facts known already."""
    values = {"model": model, "gpu": gpu, "workload": workload}
    request = request_from(StackConfig.from_mapping(values), nodes_alone=True)
    start = time.process_time()
    try:
        make_plan(request)
    except NoPlanError as error:
        print(f"  {error.line[:96]}")
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(main())
