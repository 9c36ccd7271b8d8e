"""A launch that fails for want of capacity ends with a line that says what to do."""

from __future__ import annotations

import pulumi
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import monitor_supports_feature

from cluster.preflight import capacity_error
from sizing.plan import Plan


def on_failed_launch(node: str, plan: Plan) -> pulumi.ResourceHookBinding | None:
    """Says in one line why a node could not be had and what the plan offers instead.

    None where the engine is too old to call it; the provider's own error stands either way.
    """
    if not monitor_supports_feature(resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS):
        return None

    def explain(args: pulumi.ErrorHookArgs) -> bool:
        said = next((line for e in args.errors if (line := capacity_error(e, plan))), None)
        if said:
            pulumi.log.error(f"{node}: {said}")
        return False  # the provider has retried already

    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(f"{node}-launch", explain)])
