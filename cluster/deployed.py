"""The bill is shown before anything is registered, beside what the stack's last outputs say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pulumi
from pulumi.runtime import invoke

from sizing.deployed import Deployed, deployed
from sizing.plan import Plan
from sizing.render import render_plan

# What a StackReference reads, but asked for at once: the page needs it before the first resource,
# and a reference would be a resource of the stack.
_READ = "pulumi:pulumi:readStackOutputs"
_MOST_CHARACTERS = 120


def show(plan: Plan) -> None:
    """The whole page as one message, with the change against what is deployed."""
    pulumi.log.info(render_plan(plan, deployed_now(), stack=pulumi.get_stack()))


def deployed_now() -> Deployed:
    """What the stack's last deployment made, or why that is not known. Never raises."""
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    try:
        answer = cast("Mapping[str, Any] | None", invoke(_READ, {"name": stack}).value)
        return deployed(cast("Mapping[str, Any]", (answer or {}).get("outputs") or {}))
    except Exception as error:
        # A comparison that fails must not stop a deployment.
        reason = " ".join(str(error).removeprefix(f"invoke of {_READ} failed: ").split())
        return Deployed(problem=f"what is deployed could not be read ({reason[:_MOST_CHARACTERS]})")
