"""Units: GB is 10^9 bytes, GiB is 2^30 bytes; every printed figure says which."""

from __future__ import annotations

GB = 10**9
MIB = 2**20
GIB = 2**30
HOURS_PER_MONTH = 730.0
USD_DIGITS = 6
"""Decimals of one item's amount; what is printed has cents."""


def gib(n_bytes: float) -> float:
    """Bytes as GiB (2^30)."""
    return n_bytes / GIB


def usd(amount: float) -> str:
    """Dollars with thousands separators; cents always."""
    return f"${amount:,.2f}"
