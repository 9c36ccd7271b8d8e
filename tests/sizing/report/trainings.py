"""Studies of training runs to show: asked once, changed by copying."""

from __future__ import annotations

from functools import cache
from typing import Any

from sizing.planner import make_plan
from sizing.report.study import TrainingStudy, make_training_study
from sizing.request import request_from
from sizing.stack_config import StackConfig
from tests.sizing.report.studies import DAY, HOSTILE

CASES: dict[str, dict[str, Any]] = {
    "lora": {"model": "llama-3.1-8b", "workload": {"purpose": "lora", "training": {"loraRank": 8}}},
    "full": {"model": "llama-3.1-70b", "workload": {"purpose": "full", "context": 3000}},
    "qlora": {
        "model": "llama-3.1-70b",
        "gpu": "any",
        "workload": {"purpose": "qlora", "training": {"tokens": 5e7}},
    },
    "offloaded": {
        "model": "llama-3.1-8b",
        "workload": {"purpose": "lora", "training": {"offload": "all", "sharding": "zero3"}},
    },
}


@cache
def training_study(name: str = "full") -> TrainingStudy:
    """One of the cases, as the stack `tune` or as a model."""
    request = request_from(StackConfig.from_mapping(CASES[name]), nodes_alone=name != "full")
    stack = "tune" if name == "full" else None
    return make_training_study(request, make_plan(request), DAY, stack=stack)


def unpriced_training() -> TrainingStudy:
    """The study of a run on nodes whose price is not known."""
    found = training_study("lora")
    plan, nothing = found.plan, {"usd_per_hour": None, "usd_per_month": None}
    training = plan.training
    assert training is not None
    changed = training.model_copy(
        update={
            "run": training.run.model_copy(update={"usd": None}),
            "trade_offs": tuple(t.model_copy(update={"usd": None}) for t in training.trade_offs),
        }
    )
    lines = tuple(line.model_copy(update=nothing) for line in plan.cost.lines)
    update = {**nothing, "nodes_usd_per_hour": None, "nodes_usd_per_month": None, "lines": lines}
    plan = plan.model_copy(
        update={
            "cost": plan.cost.model_copy(update={**update, "unknown_lines": len(lines)}),
            "training": changed,
            "alternatives": (),
            "purchase_options": (),
        }
    )
    steps = tuple(s.model_copy(update={"usd_per_month": None}) for s in found.context.steps)
    return found.model_copy(
        update={
            "plan": plan,
            "context": found.context.model_copy(update={"steps": steps}),
            "methods": tuple(
                m.model_copy(update={"plan": plan if m.plan else None}) for m in found.methods
            ),
        }
    )


def hostile_training() -> TrainingStudy:
    """A study in which every text of a run that somebody may have typed attacks the page."""
    found = training_study("lora")
    training = found.plan.training
    assert training is not None
    texts = ("framework", "optimizer", "sharding", "checkpointing", "loss", "worst_moment")
    rows = tuple(t.model_copy(update={"change": HOSTILE}) for t in training.trade_offs)
    update = {**dict.fromkeys(texts, HOSTILE), "lora_targets": (HOSTILE,), "trade_offs": rows}
    plan = found.plan.model_copy(
        update={"model": HOSTILE, "training": training.model_copy(update=update)}
    )
    methods = tuple(m.model_copy(update={"plan": None, "reason": HOSTILE}) for m in found.methods)
    return found.model_copy(update={"plan": plan, "methods": methods, "stack": HOSTILE})
