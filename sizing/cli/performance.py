"""`sizing perf`: what is asked of the library, and how the answer is printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sizing.cli.questions import given
from sizing.cli.waiting import waiting


def ask_performance(
    model: str,
    gpu: str,
    input_len: int,
    output_len: int,
    options: Mapping[str, Any],
    *,
    as_json: bool,
) -> None:
    """Print how fast one deployment serves a load."""
    from sizing.performance.answer import performance
    from sizing.performance.question import make_question

    with waiting(f"sizing {model}"):
        found = performance(make_question(model, gpu, input_len, output_len, **given(options)))
    if as_json:
        print(found.model_dump_json())
        return
    from sizing.render.performance import render_performance

    print(render_performance(found))
