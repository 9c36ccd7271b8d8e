"""The engine's command line on one node: vLLM's arguments after `vllm serve`."""

from __future__ import annotations

import json
from itertools import chain

from cluster.boot.container import image_family
from cluster.names import NodePlacement
from cluster.serving import Executor, Serving, WeightSource
from sizing.errors import InputError, unknown_name
from sizing.plan import Plan

MODEL_PATH = "/model"
"""Where the container sees the model's files."""
MASTER_PORT = 29501
"""Where the ranks of a replica that spans nodes meet, on its first node; vLLM's default."""

# vLLM 0.33 quantises while it loads under these names only (vllm/config/quantization.py); `fp8` is
# its deprecated name for `fp8_per_tensor` (vllm/model_executor/model_loader/weight_utils.py).
ONLINE_QUANTIZATIONS = (
    "fp8",
    "fp8_per_tensor",
    "fp8_per_channel",
    "fp8_per_block",
    "int8_per_channel_weight_only",
    "mxfp4",
    "mxfp8",
    "nvfp4_per_token",
)


def engine_arguments(plan: Plan, node: NodePlacement, serving: Serving) -> tuple[str, ...]:
    """What follows `vllm serve` on that node, the same for each replica that it carries.

    The node's own script adds `--port`, by replica, and `--master-addr`, which is known when it
    starts. A node that joins through Ray does not use them: Ray starts the engine there. Raises
    InputError for a combination that the engine refuses.
    """
    _check(plan, node, serving)
    return (
        serving.weights.location if streams(serving) else MODEL_PATH,
        *("--served-model-name", serving.served_name),
        *("--host", "0.0.0.0"),
        # A line per health check, for every replica, would fill the log.
        *("--disable-access-log-for-endpoints", "/health"),
        *_plan_flags(plan),
        *(("--quantization", serving.quantization) if serving.quantization else ()),
        *_load_flags(plan, serving),
        *_node_flags(plan, node, serving),
    )


def streams(serving: Serving) -> bool:
    """Whether the engine reads the weights from S3 itself, rather than from the node's disk."""
    s3 = serving.weights.source is WeightSource.S3
    return s3 and image_family(serving.image).streamer


def nodes_per_replica(plan: Plan, node: NodePlacement) -> int:
    """How many nodes the replicas of that node's group lie on."""
    end = 0
    for group in plan.node_groups:
        end += group.replicas
        if node.first_replica < end:
            return group.nodes_per_replica
    raise ValueError(f"{node.name} is no node of this plan")


def _plan_flags(plan: Plan) -> tuple[str, ...]:
    flags = dict(plan.engine_flags)
    if plan.layout.dp > 1:
        flags["data-parallel-size"] = str(plan.layout.dp)
    pairs = ((f"--{name}", value) if value else (f"--{name}",) for name, value in flags.items())
    return tuple(chain.from_iterable(pairs))


def _load_flags(plan: Plan, serving: Serving) -> tuple[str, ...]:
    if not streams(serving):
        return ()
    flags = ("--load-format", "runai_streamer")
    if plan.layout.gpus == 1:
        return flags
    # Else every rank of a node would read all files: so each reads a part and shares it.
    return (*flags, "--model-loader-extra-config", json.dumps({"distributed": True}))


def _node_flags(plan: Plan, node: NodePlacement, serving: Serving) -> tuple[str, ...]:
    if not node.spans_nodes:
        return ()
    if serving.executor is Executor.RAY:
        return ("--distributed-executor-backend", "ray")
    return (
        *("--nnodes", str(nodes_per_replica(plan, node)), "--node-rank", str(node.rank)),
        *("--master-port", str(MASTER_PORT)),
        *(("--headless",) if node.rank > 0 else ()),
    )


def _check(plan: Plan, node: NodePlacement, serving: Serving) -> None:
    quantization = serving.quantization
    if quantization and quantization not in ONLINE_QUANTIZATIONS:
        raise unknown_name("quantization", quantization, ONLINE_QUANTIZATIONS)
    if serving.executor is not Executor.RAY or not node.spans_nodes:
        return
    if plan.layout.dp > 1:
        allowed = "mp, where a replica has data parallel ranks on several nodes"
        raise InputError("serving.executor", serving.executor.value, allowed, "mp")
    if not image_family(serving.image).ray:
        allowed = f"mp, or an image of your own with Ray in it: {serving.image} has none"
        raise InputError("serving.executor", serving.executor.value, allowed, "mp")
