"""The budget: what a month may cost, all in, and from where on it is said that it is close."""

from __future__ import annotations

from sizing.plan import Cost
from sizing.stack_config import BudgetConfig
from sizing.units import usd

KEY = "budget.monthlyUsd"


def over_budget(cost: Cost, limit: float) -> str | None:
    """By how much a month is over the limit; None where it is not.

    Prices that are not known cannot be held against it: they are counted in words. Without the
    nodes' own price nothing can be said, and that is no yes.
    """
    month = cost.usd_per_month
    if month is None:
        return f"price unknown, so it cannot be held to {KEY}"
    if month <= limit:
        return None
    said = f"{_month(cost, month)}, {usd(month - limit)} over {KEY} {usd(limit)}"
    return f"{said}, {_unknown(cost)}" if cost.unknown_lines else said


def budget_warning(cost: Cost, budget: BudgetConfig) -> str | None:
    """A line where a month comes close to the budget, or may exceed it by what is not known."""
    month, limit = cost.usd_per_month, budget.monthly_usd
    if limit is None or month is None:
        return None
    share = month / limit
    said = f"{_month(cost, month)} is {share:.0%} of {KEY} {usd(limit)}"
    if share >= budget.warn_at:
        rest = f"; {_unknown(cost)}" if cost.unknown_lines else ""
        return f"{said} (budget.warnAt {budget.warn_at:.0%}){rest}"
    return f"{said}, {_unknown(cost)}" if cost.unknown_lines else None


def _month(cost: Cost, month: float) -> str:
    return f"{usd(month)} a month{' all in' if cost.is_all_in else ''}"


def _unknown(cost: Cost) -> str:
    """How many lines are not in the sum: `without 1 item of unknown price`."""
    count = cost.unknown_lines
    return f"without {count} {'item' if count == 1 else 'items'} of unknown price"
