"""All policies of the pack."""

from __future__ import annotations

from pulumi_policy import Policy

from policy.guards import guards
from policy.spending import Spending


def policies() -> list[Policy]:
    """The policies, in the order in which they are shown."""
    return [*guards(), *Spending().policies()]
