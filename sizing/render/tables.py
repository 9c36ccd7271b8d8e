"""Lists of models and instance types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sizing.render.text import table
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
    """One line an instance type; a dash where it is not offered in the region."""
    grid = [
        (
            str(row["instance_type"]),
            f"{row['gpus']:g} x {row['gpu']}",
            f"{row['vcpus']:,}",
            f"{row['memory_gib']:,.0f}",
            f"{row['network_gbps']:g}",
            f"{row['efa_interfaces']}",
            _price(row),
            str(row["price_as_of"] or "-"),
        )
        for row in rows
    ]
    heads = ("Instance type", "GPUs", "vCPU", "RAM, GiB", "Gbps", "EFA", "USD/hour", "Price of")
    title = f"On-demand in {region}"
    return "\n".join([title, *table(heads, grid, ("<", "<", ">", ">", ">", ">", ">", "<"))])


def _price(row: Mapping[str, Any]) -> str:
    if not row["offered"]:
        return "not offered"
    price = row["usd_per_hour"]
    return "unknown" if price is None else usd(price)
