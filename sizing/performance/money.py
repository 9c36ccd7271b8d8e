"""What tokens cost at the rate at which they are served."""

from __future__ import annotations

from sizing.performance.records import TokenCost
from sizing.plan import Cost

_SECONDS_PER_HOUR = 3600
_MILLION = 1e6
_DIGITS = 4


def token_cost(cost: Cost, output_per_s: float, total_per_s: float) -> TokenCost:
    """A month's cost over the tokens of the hours that the nodes run in it.

    Hours that are billed and not used are in the cost, and serve nothing.
    """
    month = cost.usd_per_month
    if month is None:
        return TokenCost()
    seconds = cost.hours_per_month * _SECONDS_PER_HOUR
    return TokenCost(
        usd_per_million_output_tokens=_per_million(month, seconds * output_per_s),
        usd_per_million_total_tokens=_per_million(month, seconds * total_per_s),
    )


def _per_million(usd: float, tokens: float) -> float:
    return round(usd / tokens * _MILLION, _DIGITS)
