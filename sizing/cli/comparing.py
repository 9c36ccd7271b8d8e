"""`sizing compare`: what is asked of the library, and how the answer is printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sizing.cli.plans import request_for
from sizing.cli.waiting import waiting


def ask_comparison(asked: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one model at several precisions, for the options of a plan by their names."""
    from sizing.comparison import compare
    from sizing.weighed import WEIGHED

    chosen = asked["precision"] is not None
    names = asked["precision"] if chosen else ",".join(WEIGHED)
    request = request_for({**asked, "precision": names}, nodes_alone=True)
    with waiting(f"planning {request.spec.name}"):
        found = compare(request, chosen=chosen)
    if as_json:
        print(found.model_dump_json())
        return
    from sizing.render.compare import render_comparison

    print(render_comparison(found))
