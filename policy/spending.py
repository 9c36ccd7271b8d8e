"""The policies over the bill: the budget blocks, the cost is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy import schemas
from policy.adapter import stack_resources
from policy.bill import Bill, bill_of
from policy.budget import Budget
from policy.cost_lines import cost_lines
from policy.forecast import planned
from policy.guards import guard
from policy.resources import Resource

_WARN_AT = 0.8


class Spending:
    """The policies over one stack's bill; all of them go by the configuration of `budget`.

    A policy is told only its own configuration. `budget` sees every resource, so it has been asked
    before the stack as a whole is looked at.
    """

    def __init__(self) -> None:
        self._budget = Budget({})

    def policies(self) -> list[Policy]:
        """`budget` and `budget-total` are mandatory, the others show."""
        mandatory, advisory = EnforcementLevel.MANDATORY, EnforcementLevel.ADVISORY
        return [
            guard(
                "budget",
                "A cluster's plan keeps to its environment's monthly budget.",
                self._planned,
                schemas.BUDGET,
            ),
            _on_bill(
                "budget-total",
                "The whole stack keeps to its environment's monthly budget.",
                mandatory,
                self._bill,
                lambda bill, _: self._budget.violation(bill),
            ),
            _on_bill(
                "budget-warning",
                "The stack takes much of its environment's monthly budget.",
                advisory,
                self._bill,
                lambda bill, c: self._budget.warning(bill, c.get("warnAt", _WARN_AT)),
                schemas.WARNING,
            ),
            _on_bill(
                "cost",
                "What the stack costs.",
                advisory,
                self._bill,
                lambda bill, _: cost_lines(bill, self._budget.limit(bill.environment)),
            ),
        ]

    def _planned(self, resource: Resource, config: Mapping[str, Any]) -> str | None:
        self._budget = Budget.from_config(config)
        # A plan takes a moment to make: only where it is asked for.
        if self._budget.limit(resource.environment) is None:
            return None
        plan = planned(resource)
        if plan is None:
            return None
        usd = plan.cost.usd_per_month
        unpriced = (f"{plan.nodes} x {plan.instance_type}",) if usd is None else ()
        return self._budget.refusal(resource.environment, usd or 0.0, unpriced)

    def _bill(self, args: StackValidationArgs) -> Bill:
        return bill_of(stack_resources(args.resources), self._budget.hours)


def _on_bill(
    name: str,
    description: str,
    level: EnforcementLevel,
    bill: Callable[[StackValidationArgs], Bill],
    check: Callable[[Bill, Mapping[str, Any]], str | None],
    schema: PolicyConfigSchema | None = None,
) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if found := check(bill(args), args.get_config()):
            report(found, None)

    return StackValidationPolicy(
        name=name,
        description=description,
        validate=validate,
        enforcement_level=level,
        config_schema=schema,
    )
