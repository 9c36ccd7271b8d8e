"""What each command asks of the library, and how the answer is printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from sizing.cli.waiting import waiting
from sizing.errors import InputError


def ask_fit(
    model: str,
    gpu: str,
    tp: int,
    both: Mapping[str, Any],
    vllm: Mapping[str, Any],
    plain: Mapping[str, Any],
    *,
    as_json: bool,
) -> None:
    """Print the verdict on one deployment; exit 1 where it does not fit.

    `both` are options of either engine, `vllm` and `plain` (Transformers) those of one alone.
    """
    from sizing.fit import fit
    from sizing.transformers_engine import is_transformers

    common = given(both)
    if is_transformers(common.get("engine", "")):
        from sizing.fit_transformers import fit_transformers

        defaults = {"enforce_eager": False, "speculative_tokens": 0, "ep": False, "pp": 1, "dp": 1}
        _refuse_options(vllm, "vllm engines only", defaults)
        with waiting(f"sizing {model}"):
            found = fit_transformers(model, gpu, gpus=tp, **common, **given(plain))
    else:
        from sizing.deployment import make_deployment

        _refuse_options(plain, "the transformers engine only", {})
        with waiting(f"sizing {model}"):
            found = fit(make_deployment(model, gpu, tp=tp, **common, **given(vllm)))
    if as_json:
        print(found.model_dump_json())
    else:
        from sizing.render.fit import render_fit

        print(render_fit(found))
    if not found.fits:
        raise SystemExit(1)


def _refuse_options(options: Mapping[str, Any], allowed: str, defaults: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if value is not None and value != defaults.get(name):
            raise InputError(name.replace("_", "-"), value, allowed)


def ask_inspect(model: str, params: int | None, *, as_json: bool) -> None:
    """Print a model's facts; `params` is only for an architecture that is not known."""
    from sizing.facts import model_facts
    from sizing.resolve import resolve

    with waiting(f"looking for {model}"):
        found = resolve(model, params=params)
    spec, facts = found.spec, model_facts(found.spec, found.precision_from_name, model)
    if as_json:
        print(json.dumps(facts))
        return
    from sizing.render.facts import render_facts

    print(render_facts(spec, facts))


def ask_models(search: str | None, *, as_json: bool) -> None:
    """Print the catalogue's models, all or those that match."""
    from sizing.facts import catalogue_rows

    rows = catalogue_rows(search)
    if not rows:
        raise InputError("search", search, "part of a name that `sizing models` lists")
    if as_json:
        print(json.dumps({"models": rows}))
        return
    from sizing.render.tables import render_models

    print(render_models(rows))


def ask_instances(gpu: str, region: str, *, as_json: bool) -> None:
    """Print instance types with their on-demand price in a region."""
    from sizing.facts import instance_rows

    rows = instance_rows(gpu, region)
    if as_json:
        print(json.dumps({"region": region, "instances": rows}))
        return
    from sizing.render.tables import render_instances

    print(render_instances(rows, region))


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was said: nested sections without values disappear."""
    kept: dict[str, Any] = {}
    for key, value in values.items():
        inner = given(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
        if inner is not None and inner != {}:
            kept[key] = inner
    return kept
