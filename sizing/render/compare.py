"""Precisions side by side as a page of text: the answer, the figures, what is known of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sizing.catalog.accuracy import Recovery
from sizing.comparison import AtPrecision, Comparison
from sizing.render.text import WIDTH, Align, bullets, fields, table, wrapped
from sizing.units import usd

_A_BLOCK = 4
_NAMES = 26
_NONE = "-"


def render_comparison(found: Comparison, width: int = WIDTH) -> str:
    """The whole page."""
    columns = found.precisions
    missing = [f"{c.precision}: {c.note}" for c in columns if c.note]
    sections = [
        wrapped(answer(found), width),
        *(_figures(block, width) for block in _blocks(columns, width)),
        ["No plan", *bullets(missing, width)] if missing else [],
        ["Accuracy that is kept, % of the score before", *fields(_accuracy(columns), width)],
        ["Runs on, of the GPUs that AWS sells", *fields(list(_running(columns)), width)],
        fields([("Prices", _prices(columns)), ("Assumed", "; ".join(found.assumptions))], width),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def answer(found: Comparison) -> str:
    """The cheapest precision against the first that has a plan, in a sentence."""
    planned = [c for c in found.precisions if c.nodes is not None]
    base, best = planned[0], min(planned, key=_cost)
    rate = _number(best.output_tokens_per_s)
    served = "speed unknown" if rate == _NONE else f"{rate} output tokens a second"
    money = "cost unknown" if best.usd_per_month is None else f"{usd(best.usd_per_month)} a month"
    said = f"{found.model}: {_against(best, base)}: {_nodes(best)}, {money}, {served}"
    return f"{said}{_faster(best, planned)}"


def _cost(column: AtPrecision) -> tuple[bool, float, int, float]:
    """Unknown prices last, then the cheapest, fewest nodes, most bits."""
    month, nodes = column.usd_per_month, column.nodes or 0
    return (month is None, month or 0.0, nodes, -column.bits)


def _against(best: AtPrecision, base: AtPrecision) -> str:
    if best is base:
        return f"no precision is cheaper than {best.precision}"
    few, many = best.nodes or 0, base.nodes or 0
    if best.instance_type == base.instance_type:
        if 2 * few == many:
            return f"{best.precision} halves the nodes of {base.precision}"
        return f"{best.precision} takes {few:,} nodes where {base.precision} takes {many:,}"
    if best.usd_per_month and base.usd_per_month:
        less = 1 - best.usd_per_month / base.usd_per_month
        return f"{best.precision} costs {less:.0%} less than {base.precision}"
    return f"{best.precision} is the cheapest whose price is known"


def _faster(best: AtPrecision, planned: Sequence[AtPrecision]) -> str:
    """What the same money serves at another precision; empty where a load fixes the rate."""
    alike = [c for c in planned if c.usd_per_month == best.usd_per_month]
    most = max(alike, key=lambda c: c.output_tokens_per_s or 0.0)
    if (most.output_tokens_per_s or 0.0) <= (best.output_tokens_per_s or 0.0):
        return ""
    return f", with {most.precision} {_number(most.output_tokens_per_s)}"


def _blocks(columns: Sequence[AtPrecision], width: int) -> list[Sequence[AtPrecision]]:
    """As many columns side by side as leave room for the names of the figures."""
    widest = max(len(_nodes(c)) for c in columns)
    beside = max(1, min(_A_BLOCK, (width - _NAMES) // (widest + 2)))
    return [columns[i : i + beside] for i in range(0, len(columns), beside)]


def _figures(block: Sequence[AtPrecision], width: int) -> list[str]:
    heads = ("", *(c.precision for c in block))
    rows = [(name, *(cell(c) for c in block)) for name, cell in _rows(block)]
    aligns: tuple[Align, ...] = ("<", *(">" for _ in block))
    return table(heads, rows, aligns, width)


def _rows(block: Sequence[AtPrecision]) -> Iterator[tuple[str, Callable[[AtPrecision], str]]]:
    yield "Bits of a weight", lambda c: f"{c.bits:g}"
    yield "Memory of a copy, GB", lambda c: _number(c.memory_required_gb)
    yield "  by the rule of thumb", lambda c: _number(c.rule_memory_gb)
    yield "GPUs of a copy", _gpus
    yield "  by the rule of thumb", lambda c: f"{c.rule_gpus:,}"
    yield "Nodes", _nodes
    yield "  copies on them", lambda c: _NONE if c.replicas is None else f"{c.replicas:,}"
    yield "USD an hour", lambda c: _money(c, c.usd_per_hour)
    yield "USD a month", lambda c: _money(c, c.usd_per_month)
    if any(c.capacity_requests_per_second for c in block):
        yield "Requests/s they carry", lambda c: _number(c.capacity_requests_per_second)
    yield "Output tokens/s", lambda c: _number(c.output_tokens_per_s)
    yield "To the first token, ms", lambda c: _number(c.ttft_ms)
    yield "Between tokens, ms", lambda c: _number(c.tpot_ms)
    yield "USD/million output", _per_million
    yield "kWh/million output", lambda c: _number(c.kwh_per_million_output_tokens)


def _accuracy(columns: Sequence[AtPrecision]) -> list[tuple[str, str]]:
    return [(c.precision, _kept(c.accuracy) or c.accuracy_note) for c in columns]


def _kept(figures: Sequence[Recovery]) -> str:
    if not figures:
        return ""
    first = figures[0]
    said = ", ".join(f"{f.recovery:g} {f.benchmark}" for f in figures)
    against = "" if first.baseline_precision == "bf16" else f" of {first.baseline_precision}"
    return f"{said}{against} ({first.source}, read {first.as_of})"


def _running(columns: Sequence[AtPrecision]) -> Iterator[tuple[str, str]]:
    for column in columns:
        native, weights = ", ".join(column.gpus_native), ", ".join(column.gpus_weight_only)
        said = [f"natively {native}"] if native else []
        said += [f"weights alone {weights}"] if weights else []
        yield column.precision, "; ".join(said) or "none"


def _prices(columns: Sequence[AtPrecision]) -> str:
    known = dict.fromkeys((c.price_as_of, c.price_source) for c in columns if c.price_as_of)
    said = "; ".join(f"{source}, {day}" for day, source in known)
    return f"{said}; the nodes alone" if said else "not known"


def _gpus(column: AtPrecision) -> str:
    return _NONE if column.gpus_per_copy is None else f"{column.gpus_per_copy:,} {column.gpu}"


def _nodes(column: AtPrecision) -> str:
    return _NONE if column.nodes is None else f"{column.nodes:,} x {column.instance_type}"


def _money(column: AtPrecision, amount: float | None) -> str:
    if column.nodes is None:
        return _NONE
    return "unknown" if amount is None else f"{amount:,.2f}"


def _per_million(column: AtPrecision) -> str:
    if column.output_tokens_per_s is None:
        return _NONE
    return _money(column, column.usd_per_million_output_tokens)


def _number(value: float | None) -> str:
    if value is None:
        return _NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
