"""Asking for a plan, from options or from a stack file, and printing it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sizing.cli.questions import given
from sizing.cli.waiting import waiting
from sizing.errors import InputError
from sizing.plan import Plan
from sizing.sections import camel

if TYPE_CHECKING:
    from sizing.request import Request

# Config keys by the name of the option that sets them.
_OPTIONS = {
    "instanceTypes.allow": "instance",
    "instanceTypes.deny": "deny",
    "kvDtype": "kv-dtype",
    "hoursPerMonth": "hours-per-month",
    "budget.monthlyUsd": "budget",
    "workload.requestsPerSecond": "requests-per-second",
    "workload.promptTokens": "prompt-tokens",
    "workload.outputTokens": "output-tokens",
    "workload.targets.ttftMs": "ttft-ms",
    "workload.targets.tpotMs": "tpot-ms",
    "workload.targets.percentile": "percentile",
    "workload.prefixCacheHitRate": "prefix-cache-hit-rate",
    "workload.speculative.tokens": "speculative-tokens",
    "workload.speculative.acceptance": "speculative-acceptance",
}
# Options of a training run; their config keys are the same words in workload.training.
_TRAINING = (
    "tokens",
    "utilization",
    "optimizer",
    "sharding",
    "checkpointing",
    "offload",
    "micro_batch",
    "lora_rank",
    "lora_targets",
    "chunked_loss",
    "framework",
)
ANY = "any"


def ask_plan(asked: Mapping[str, Any], *, check_account: bool, quiet: bool, as_json: bool) -> None:
    """Print the plan for the options of `sizing plan`, by their names; None means not given."""
    from sizing.planner import make_plan

    request = request_for(asked, nodes_alone=True)
    with waiting(f"planning {request.spec.name}"):
        plan = make_plan(request)
    _print(checked(plan) if check_account else plan, as_json, quiet=quiet)


def request_for(
    asked: Mapping[str, Any], stack: Path | None = None, *, nodes_alone: bool = False
) -> Request:
    """What a plan's options ask for; over a stack's file they change what it says.

    `nodes_alone` prices no stack around the nodes. Raises InputError, naming the option.
    """
    from sizing.request import parse_purchases, request_from
    from sizing.stack_config import StackConfig, secrets_in

    base = _stated(stack) if stack else {}
    purchase = asked["purchase"]
    try:
        where = _regions(asked["region"] or [])
        config = StackConfig.from_mapping(_merged(base, _config_values(asked, where)))
        with waiting(f"looking for {config.model}"):
            return request_from(
                config,
                regions=where,
                purchases=parse_purchases(purchase) if purchase else (),
                inventory=_inventory(asked["inventory"]),
                secrets=secrets_in(stack) if stack else (),
                nodes_alone=nodes_alone,
            )
    except InputError as error:
        # What a stack's file says keeps the name of its key.
        key = error.key if stack and not _is_given(asked, error.key) else _option(error.key)
        raise InputError(key, error.value, error.allowed, error.nearest) from None


def ask_preview(stack: str, folder: str, *, quiet: bool, as_json: bool) -> None:
    """Print a stack file's plan."""
    from sizing.planner import plan_for
    from sizing.stack_config import StackConfig, secrets_in, stack_file

    path = stack_file(stack, Path(folder))
    config, secrets = StackConfig.from_file(path), secrets_in(path)
    with waiting(f"planning {config.model}"):
        plan = plan_for(config, secrets)
    _print(plan, as_json, stack, quiet=quiet)


def checked(plan: Plan) -> Plan:
    """The plan with what the AWS account says of it."""
    from sizing.account import check_account
    from sizing.aws import BotoClients, asked

    with waiting("asking the AWS account"):
        return check_account(plan, asked(BotoClients))


def _stated(stack: Path) -> dict[str, Any]:
    """What a stack's file says, by config key."""
    from sizing.stack_config import StackConfig

    config = StackConfig.from_file(stack)
    return config.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _config_values(asked: Mapping[str, Any], where: Sequence[str]) -> dict[str, Any]:
    """The options that were given, under the stack's config keys."""
    return given(
        {
            "model": asked["model"],
            "precision": asked["precision"],
            "params": asked["params"],
            "kvDtype": asked["kv_dtype"],
            "workload": _workload_values(asked),
            "gpu": asked["gpu"],
            "instanceTypes": {"allow": asked["instance"], "deny": asked["deny"]},
            "replicas": asked["replicas"],
            "method": asked["method"],
            "spread": asked["spread"] or None,
            "prefer": asked["prefer"],
            "hoursPerMonth": asked["hours_per_month"],
            "budget": {"monthlyUsd": asked["budget"]},
            "region": next(iter(where), None),
        }
    )


def _workload_values(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "purpose": asked.get("purpose"),
        "context": asked["context"],
        "concurrency": asked["concurrency"],
        "requestsPerSecond": asked["requests_per_second"],
        "promptTokens": asked["prompt_tokens"],
        "outputTokens": asked["output_tokens"],
        "lengths": asked["lengths"],
        "targets": {
            "ttftMs": asked["ttft_ms"],
            "tpotMs": asked["tpot_ms"],
            "percentile": asked["percentile"],
        },
        "prefixCacheHitRate": asked["prefix_cache_hit_rate"],
        "speculative": {
            "tokens": asked["speculative_tokens"],
            "acceptance": asked["speculative_acceptance"],
        },
        "training": {camel(key): asked.get(key) for key in _TRAINING},
    }


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` wins; sections are merged key by key."""
    result = dict(base)
    for key, value in over.items():
        known = result.get(key)
        both = isinstance(known, dict) and isinstance(value, dict)
        inner = cast("Mapping[str, Any]", value)
        result[key] = _merged(cast("Mapping[str, Any]", known), inner) if both else value
    return result


def _option(key: str) -> str:
    """The option that sets a config key."""
    if key in _OPTIONS:
        return _OPTIONS[key]
    name = key.removeprefix("workload.").removeprefix("training.")
    return re.sub("[A-Z]", lambda letter: f"-{letter.group().lower()}", name)


def _is_given(asked: Mapping[str, Any], key: str) -> bool:
    return asked.get(_option(key).replace("-", "_")) is not None


def _regions(asked: Sequence[str]) -> tuple[str, ...]:
    if list(asked) != [ANY]:
        return tuple(asked)
    from sizing.catalog.instances import regions

    return regions()


def _inventory(path: str | None) -> Any:
    if path is None:
        return None
    from sizing.inventory import read_inventory

    return read_inventory(Path(path).expanduser())


def _print(plan: Plan, as_json: bool, stack: str | None = None, *, quiet: bool) -> None:
    from sizing.describe import with_staleness

    told = with_staleness(plan, date.today())
    if as_json:
        print(told.model_dump_json())
        return
    from sizing.render.plan import render_answer, render_plan

    print(render_answer(told, stack=stack) if quiet else render_plan(told, stack=stack))
