"""A cluster of the real component on mocks."""

from __future__ import annotations

from typing import Any, cast

from cluster.args import GpuClusterArgs
from cluster.component import GpuCluster
from sizing.aws import Clients
from sizing.plan import Plan
from tests.cluster.plans import MODEL
from tests.cluster.recorder import Run, run_program

TOKEN, API_KEY = "hf_dummy_token", "dummy-api-key"


def cluster(
    plan: Plan | None = None,
    *,
    preview: bool = False,
    run: Run | None = None,
    clients: Clients | None = None,
    **args: Any,
) -> Run:
    """A run of one cluster called `llm`."""
    own = {"model": MODEL, "precision": "bf16", "hugging_face_token": TOKEN}
    given = cast("GpuClusterArgs", {**own, **args})
    return run_program(
        lambda: GpuCluster("llm", given, plan=plan, clients=clients), preview=preview, run=run
    )
