"""The bill in words: a line for each kind of machine, the total, and what is not in it."""

from __future__ import annotations

from policy.bill import Bill, Line, describe
from policy.budget import dollars


def cost_lines(bill: Bill, limit: float | None = None) -> str | None:
    """The bill as lines of text, None for a stack without anything to bill."""
    if not bill.lines and not bill.claims and not bill.uncounted:
        return None
    lines = [*map(_line, bill.lines), *_claims(bill), _total(bill, limit)]
    lines += [f"not in the total, no price is known: {what}" for what in bill.unpriced]
    return "\n".join(lines)


def _line(line: Line) -> str:
    if line.offer is None or line.usd_per_hour is None or line.usd_per_month is None:
        return f"{describe(line)}: price unknown"
    amount = f"{dollars(line.usd_per_hour)} an hour, {dollars(line.usd_per_month)} a month"
    each = f" ({dollars(line.offer.usd_per_hour or 0.0)} each)" if line.count > 1 else ""
    dated = f"price of {line.offer.price_as_of}, {line.offer.price_source}"
    return f"{describe(line)}: {amount} of {line.hours:g} h{each}; {dated}"


def _claims(bill: Bill) -> list[str]:
    """What the plans say, where it is not just the machines."""
    counted = {claim.urn: 0.0 for claim in bill.claims}
    for line in bill.lines:
        if line.machine.cluster in counted:
            counted[line.machine.cluster] += line.usd_per_month or 0.0
    return [
        f"the plan of {claim.name}: {dollars(claim.usd_per_month)} a month in all"
        for claim in bill.claims
        if claim.usd_per_month is not None and abs(claim.usd_per_month - counted[claim.urn]) >= 0.01
    ]


def _total(bill: Bill, limit: float | None) -> str:
    if bill.unpriced and not bill.usd_per_month:
        total = "total: unknown"
    else:
        known = " of what has a price" if bill.unpriced else ""
        total = f"total{known}: {dollars(bill.usd_per_month)} a month"
    return f"{total}; the budget of {bill.environment} is {dollars(limit)}" if limit else total
