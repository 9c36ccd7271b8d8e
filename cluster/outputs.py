"""What a stack says of itself once it is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from sizing.plan import Plan
from sizing.report.readme import render_readme


def export(plan: Plan, results: Mapping[str, Any]) -> None:
    """The component's results under their names, and `readme`, which Pulumi Cloud shows."""
    for name, value in results.items():
        pulumi.export(name, value)
    pulumi.export("readme", render_readme(plan))
