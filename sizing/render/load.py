"""How a plan serves its load, as text."""

from __future__ import annotations

from sizing.load import Load
from sizing.performance.records import Energy, Milliseconds, ServedLoad, TokenCost
from sizing.plan import Plan
from sizing.render.text import Align, fields, table

TIME_HEADS = ("ms", "mean", "p50", "p90", "p95", "p99", "asked")
_ALIGNS: tuple[Align, ...] = ("<", ">", ">", ">", ">", ">", "<")


def load_section(plan: Plan, width: int) -> list[str]:
    """Times, rates, money and energy of the load; nothing where no load was asked."""
    load, seen = plan.workload.load, plan.performance
    if load is None or seen is None:
        return []
    return [
        load_caption(plan, seen),
        *table(TIME_HEADS, load_times(load, seen), _ALIGNS, width),
        *fields(load_facts(load, seen), width),
    ]


def load_caption(plan: Plan, seen: ServedLoad) -> str:
    """On how many copies the load is, and how its figures are known."""
    copies = "1 copy" if plan.replicas == 1 else f"{plan.replicas:,} copies"
    return f"The load on {copies}, simulated ({seen.evidence})"


def load_times(load: Load, seen: ServedLoad) -> list[tuple[str, ...]]:
    """A row for each time: what, mean and percentiles in ms, what was asked of it."""
    rows = [("to the first token", seen.ttft_ms, load.targets.ttft_ms)]
    if seen.tpot_ms:
        rows.append(("between tokens", seen.tpot_ms, load.targets.tpot_ms))
    rows.append(("whole answer", seen.latency_ms, None))
    return [
        (what, *_cells(times), f"{load.targets.percentile} up to {asked:,g}" if asked else "")
        for what, times, asked in rows
    ]


def _cells(times: Milliseconds) -> list[str]:
    values = (times.mean, times.p50, times.p90, times.p95, times.p99)
    return [f"{value:,.1f}" if value < 100 else f"{value:,.0f}" for value in values]


def load_facts(load: Load, seen: ServedLoad) -> list[tuple[str, str]]:
    """What the copies carry, what tokens cost and take, as (label, text)."""
    within = "within the targets" if load.targets.asks else "in all"
    band = seen.error_band
    return [
        (
            "Carries",
            f"{seen.capacity_requests_per_second:,.4g} requests a second {within}; "
            f"{band.requests_per_second_low:,.3g} to {band.requests_per_second_high:,.3g} by "
            f"{band.basis}",
        ),
        (
            "Tokens",
            f"{seen.output_tokens_per_s:,.0f} output a second "
            f"({seen.output_tokens_per_s_per_replica:,.0f} a copy), "
            f"{seen.total_tokens_per_s:,.0f} with prompts",
        ),
        (
            "Copies",
            f"compute {seen.utilization:.0%} of the time; {seen.running:,.1f} requests run, "
            f"{seen.queued:,.1f} wait; {seen.kv_cache_use:.0%} of the cache is reserved",
        ),
        ("Tokens cost", _money(seen.cost_at_load, seen.cost_at_capacity)),
        ("Energy", _energy(seen.energy)),
        ("Assumed", "; ".join(seen.assumptions)),
    ]


def _money(at_load: TokenCost, at_capacity: TokenCost) -> str:
    output, total = at_load.usd_per_million_output_tokens, at_load.usd_per_million_total_tokens
    if output is None or total is None:
        return "unknown, as the nodes' price"
    full = at_capacity.usd_per_million_output_tokens or 0.0
    return (
        f"${output:,.2f} per million output tokens, ${total:,.2f} with prompts; "
        f"${full:,.2f} per million output tokens with all that the copies carry"
    )


def _energy(energy: Energy) -> str:
    return (
        f"{energy.kw:,.1f} kW in all, {energy.kw_per_node:,.1f} a node; "
        f"{energy.kwh_per_million_output_tokens:,.2f} kWh per million output tokens, "
        f"{energy.kwh_per_million_total_tokens:,.2f} with prompts"
    )
