"""How long plans take, on one core, in one process.

    python benchmarks/plan_speed.py [one|all]

`one`: a full plan over one region and all GPUs, warm: the same question again, and the same model
with a context that was not asked for before. `all`: every model of the catalogue at 8 precisions
in all regions at once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

from sizing.catalog.instances import regions
from sizing.catalog.model_store import model_names
from sizing.errors import InputError, NoPlanError
from sizing.planner import make_plan, plan_for
from sizing.request import request_from
from sizing.stack_config import StackConfig

LIMIT_ONE_MS, LIMIT_ALL_S = 10.0, 20.0
RUNS = 15
MODELS = (
    "llama-3.1-8b",
    "llama-3.1-70b",
    "llama-3.1-405b",
    "deepseek-v3",
    "gpt-oss-120b",
    "qwen3-235b-a22b",
    "kimi-k2",
)
PRECISIONS = ("bf16", "fp16", "fp8", "int8", "int4", "nf4", "mxfp4", "nvfp4")


def main(what: list[str]) -> int:
    """Print the figures; 1 where one is above its limit."""
    checks = {"one": one_region, "all": everything}
    return max(checks[name]() for name in what or list(checks))


def one_region() -> int:
    """Medians of a warm plan, in milliseconds."""
    print(f"{'one region, all GPUs':<24}{'again':>10}{'new context':>14}   ms, limit again 10")
    slowest = 0.0
    for model in MODELS:
        ask(model, 4096)
        again = milliseconds(lambda _, m=model: ask(m, 4096))
        new = milliseconds(lambda i, m=model: ask(m, 4112 + 16 * i))
        print(f"{model:<24}{again:>10.1f}{new:>14.1f}")
        slowest = max(slowest, again)
    return int(slowest > LIMIT_ONE_MS)


def ask(model: str, context: int) -> None:
    """One plan over all GPUs."""
    load = {"context": context}
    plan_for(StackConfig.from_mapping({"model": model, "gpu": "any", "workload": load}))


def milliseconds(call: Callable[[int], None]) -> float:
    """The median of some runs."""
    times: list[float] = []
    for index in range(RUNS):
        start = time.perf_counter()
        call(index)
        times.append(time.perf_counter() - start)
    return median(times) * 1000


def everything() -> int:
    """Seconds of one core for every model and precision over all regions; how many gave a plan."""
    start = time.process_time()
    answers = [planned(m, p) for m in model_names() for p in PRECISIONS]
    seconds = time.process_time() - start
    plans = sum(answers)
    asked = f"{len(model_names())} models x {len(PRECISIONS)} precisions x {len(regions())} regions"
    print(f"{asked}: {seconds:.1f} s of one core, limit {LIMIT_ALL_S:.0f}")
    print(f"{plans} plans, {len(answers) - plans} without")
    return int(seconds > LIMIT_ALL_S)


def planned(model: str, precision: str) -> bool:
    """Whether there is a plan on the default GPU in some region."""
    try:
        config = StackConfig.from_mapping({"model": model, "precision": precision})
        make_plan(request_from(config, regions=regions()))
    except (InputError, NoPlanError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
