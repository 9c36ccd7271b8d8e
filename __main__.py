"""The program: a stack's configuration becomes a plan, the plan is shown and then made."""
# ruff: noqa: E402 -- what is imported is what the first lines are about

from __future__ import annotations

import gc

# A short program over a large SDK: looking for garbage in it takes longer than the program itself.
gc.disable()

import os

import pulumi

from cluster.account import own_clients
from cluster.component import GpuCluster
from cluster.config import cluster_args, secrets_brought, stack_config
from cluster.credentials import require_credentials
from cluster.deployed import show
from cluster.errors import one_line_errors
from cluster.outputs import export
from cluster.provider import aws_provider
from cluster.site import with_reservation
from sizing.planner import plan_for

with one_line_errors():
    config = stack_config()
    require_credentials(pulumi.Config("aws").get, os.environ)
    clients = own_clients()
    config = with_reservation(config, clients)
    plan = plan_for(config, secrets_brought())
    show(plan)
    provider = aws_provider(plan.region, plan.hf_id or plan.model, config.tags)
    cluster = GpuCluster(
        "llm",
        cluster_args(config),
        pulumi.ResourceOptions(provider=provider),
        plan=plan,
        clients=clients,
    )
    export(plan, cluster.results)
