"""The monthly budget of an environment: whether a bill keeps to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from policy.bill import Bill
from policy.environments import setting
from policy.values import block, is_true, number


@dataclass(frozen=True, slots=True)
class Budget:
    """USD a month by environment; where it says nothing there is no limit.

    `hours` are the hours a month that machines run, None for what the plans say. Without
    `unpriced_passes` a limit also refuses what has no known price: nobody can say that it fits.
    """

    by_environment: Mapping[str, float]
    hours: float | None = None
    unpriced_passes: bool = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Budget:
        """From the policy's configuration, which the engine has held against its schema."""
        limits = cast("Mapping[str, float]", block(config.get("monthlyUsd")))
        return cls(
            by_environment=limits,
            hours=number(config.get("hoursPerMonth")) or None,
            unpriced_passes=is_true(config.get("allowUnknownPrice")),
        )

    def limit(self, environment: str) -> float | None:
        """USD a month that an environment may cost, None without a limit."""
        return setting(self.by_environment, environment)

    def violation(self, bill: Bill) -> str | None:
        """Why the bill does not keep to its environment's budget."""
        return self.refusal(bill.environment, bill.usd_per_month, bill.unpriced)

    def refusal(
        self, environment: str, usd_per_month: float, unpriced: Sequence[str] = ()
    ) -> str | None:
        """Why an environment may not cost that much, or hold what has no known price."""
        limit = self.limit(environment)
        if limit is None:
            return None
        if usd_per_month > limit:
            too_much = dollars(usd_per_month - limit)
            return (
                f"{environment} would cost {dollars(usd_per_month)} a month, {too_much} over its "
                f"budget of {dollars(limit)} (budget.monthlyUsd)"
            )
        if unpriced and not self.unpriced_passes:
            return (
                f"no price is known for {', '.join(unpriced)}: whether it fits the budget of "
                f"{environment}, {dollars(limit)} a month, cannot be said "
                "(budget.allowUnknownPrice lets it pass)"
            )
        return None

    def warning(self, bill: Bill, share: float) -> str | None:
        """That the bill takes at least this share of its environment's budget, and fits."""
        limit = self.limit(bill.environment)
        if not limit or not share * limit <= bill.usd_per_month <= limit:
            return None
        return (
            f"{bill.environment} takes {bill.usd_per_month / limit:.0%} of its budget: "
            f"{dollars(bill.usd_per_month)} of {dollars(limit)} a month"
        )


def dollars(usd: float) -> str:
    """An amount as it is printed."""
    return f"${usd:,.2f}"
