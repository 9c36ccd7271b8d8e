"""Lists of models and instance types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sizing.render.text import Align, table
from sizing.units import usd


def render_models(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line a model: alias, parameters, context, id."""
    grid = [
        (
            str(row["name"]),
            f"{row['params_total'] / 1e9:,.1f}",
            f"{row['params_active'] / 1e9:,.1f}",
            f"{row['max_context']:,}" if row["max_context"] else "-",
            str(row["hf_id"] or "-"),
        )
        for row in rows
    ]
    heads = ("Model", "Params, 10^9", "Active, 10^9", "Context", "Hugging Face id")
    return "\n".join(table(heads, grid, ("<", ">", ">", ">", "<"), yielding=4))


def render_instances(rows: Sequence[Mapping[str, Any]], region: str) -> str:
    """One line an instance type, with its price under each option that has one."""
    grid = [
        (
            str(row["instance_type"]),
            f"{row['gpus']:g} x {row['gpu']}",
            f"{row['vcpus']:,}",
            f"{row['memory_gib']:,.0f}",
            f"{row['network_gbps']:g}",
            f"{row['efa_interfaces']}",
            _price(row),
            _spot(row),
            _money(row["capacity_block_usd_per_hour"]),
        )
        for row in rows
    ]
    heads = ("Type", "GPUs", "vCPU", "GiB", "Gbps", "EFA", "On demand", "Spot", "Block")
    aligns: tuple[Align, ...] = ("<", "<", ">", ">", ">", ">", ">", ">", ">")
    days = sorted({str(row["price_as_of"]) for row in rows if row["usd_per_hour"] is not None})
    span = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else ""
    known = f"on-demand prices of {span}" if days else "no price is known"
    title = f"EC2 types with NVIDIA GPUs in {region}, USD an hour; {known}"
    notes = ["  ~ an estimate"] if any(_is_estimate(row) for row in rows) else []
    return "\n".join([title, *table(heads, grid, aligns), *notes])


def _price(row: Mapping[str, Any]) -> str:
    if not row["offered"]:
        return "not offered"
    price = row["usd_per_hour"]
    if price is None:
        return "unknown"
    return f"~{usd(price)}" if _is_estimate(row) else usd(price)


def _is_estimate(row: Mapping[str, Any]) -> bool:
    return row["evidence"] == "estimated" and row["usd_per_hour"] is not None


def _spot(row: Mapping[str, Any]) -> str:
    high, low = row["spot_usd_per_hour"], row["spot_usd_per_hour_low"]
    if high is None or low is None or low == high:
        return _money(high)
    return f"{low:,.2f} to {high:,.2f}"


def _money(amount: float | None) -> str:
    return "-" if amount is None else f"{amount:,.2f}"
