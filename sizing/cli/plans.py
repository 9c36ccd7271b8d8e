"""Asking for a plan, from options or from a stack file, and printing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sizing.cli.questions import given
from sizing.errors import InputError
from sizing.plan import Plan

# Config keys by the name of the option that sets them.
_OPTIONS = {
    "instanceTypes.allow": "instance",
    "instanceTypes.deny": "deny",
    "kvDtype": "kv-dtype",
    "hoursPerMonth": "hours-per-month",
    "budget.monthlyUsd": "budget",
}
ANY = "any"


def ask_plan(
    values: Mapping[str, Any],
    *,
    regions: Sequence[str],
    purchase: str | None,
    inventory: str | None,
    check_account: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Print the plan for options named like the stack's config keys; None means not given."""
    from sizing.planner import make_plan
    from sizing.request import parse_purchases, request_from
    from sizing.stack_config import StackConfig

    where = _regions(regions)
    try:
        config = StackConfig.from_mapping(given({**values, "region": next(iter(where), None)}))
        purchases = parse_purchases(purchase) if purchase else ()
        own = _inventory(inventory)
        request = request_from(config, regions=where, purchases=purchases, inventory=own)
    except InputError as error:
        option = _OPTIONS.get(error.key, error.key.removeprefix("workload."))
        raise InputError(option, error.value, error.allowed, error.nearest) from None
    plan = make_plan(request)
    _print(_checked(plan) if check_account else plan, as_json, quiet=quiet)


def ask_preview(stack: str, folder: str, *, quiet: bool, as_json: bool) -> None:
    """Print a stack file's plan."""
    from sizing.planner import plan_for
    from sizing.stack_config import StackConfig, secrets_in, stack_file

    path = stack_file(stack, Path(folder))
    plan = plan_for(StackConfig.from_file(path), secrets_in(path))
    _print(plan, as_json, stack, quiet=quiet)


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


def _checked(plan: Plan) -> Plan:
    from sizing.account import check_account
    from sizing.aws import BotoClients, asked

    return check_account(plan, asked(BotoClients))


def _print(plan: Plan, as_json: bool, stack: str | None = None, *, quiet: bool) -> None:
    from sizing.describe import with_staleness

    told = with_staleness(plan, date.today())
    if as_json:
        print(told.model_dump_json())
        return
    from sizing.render.plan import render_answer, render_plan

    print(render_answer(told, stack=stack) if quiet else render_plan(told, stack=stack))
