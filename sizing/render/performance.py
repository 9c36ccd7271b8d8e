"""Rates and latencies as a page of text: the answer first, then where the time of a step goes."""

from __future__ import annotations

from sizing.performance.answer import Performance
from sizing.render.text import WIDTH, bar, fields, wrapped

_LIMITS = {
    "client": "the client asks for no more",
    "cache": "the KV cache holds no more",
    "max_num_seqs": "the engine's max_num_seqs allows no more",
}


def render_performance(found: Performance, *, width: int = WIDTH) -> str:
    """The whole page."""
    sections = [
        wrapped(_answer(found), width),
        fields(_facts(found), width),
        ["Average step, milliseconds by part", *_step(found)],
        fields([("Assumed", "; ".join(found.assumptions))], width),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections)


def _answer(p: Performance) -> str:
    latencies = f"TTFT {_time(p.ttft_ms)}, TPOT {_time(p.tpot_ms)}"
    rate = f"{_rate(p.output_tokens_per_s)} output tokens/s"
    return f"{p.model} at {p.precision} on {p.gpus:,} x {p.gpu}: {rate}, {latencies}"


def _facts(p: Performance) -> list[tuple[str, str]]:
    band = p.error_band
    low, high = band.output_tokens_per_s_low, band.output_tokens_per_s_high
    return [
        ("Error band", f"{_rate(low)} to {_rate(high)} output tokens/s: {band.basis}"),
        ("Load", _load(p)),
        ("At once", f"{p.concurrency:,.0f} sequences run: {_LIMITS[p.limited_by]}"),
        ("Room", f"the cache holds {p.cache_holds:,.0f}, max_num_seqs is {p.max_num_seqs:,}"),
        (
            "Total",
            f"{_rate(p.total_tokens_per_s)} tokens/s with prompts, {p.requests_per_s:,.2f} "
            f"requests/s, {_rate(p.output_tokens_per_s_per_gpu)} output tokens/s a GPU",
        ),
        ("First token", f"{_time(p.ttft_ms)} at this load, {_time(p.ttft_unloaded_ms)} alone"),
        ("Layout", f"{p.layout}, {p.engine}"),
    ]


def _load(p: Performance) -> str:
    lengths = f"{p.input_len:,} prompt and {p.output_len:,} output tokens"
    if p.burst:
        return f"{lengths}, {p.concurrency_asked:,} requests all at once"
    if p.concurrency_asked is None:
        return f"{lengths}, as many requests as fit"
    return f"{lengths}, {p.concurrency_asked:,} requests kept in flight"


def _step(p: Performance) -> list[str]:
    total = sum(p.step_ms.values())
    shown = [(name, ms) for name, ms in p.step_ms.items() if ms >= total / 1000]
    lines = [f"  {name:<21}{ms:>9.2f}  {bar(ms / total)}".rstrip() for name, ms in shown]
    return [*lines, f"  {'in all':<21}{total:>9.2f}  most of it: {p.bound_by}"]


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def _time(milliseconds: float) -> str:
    if milliseconds >= 10_000:
        return f"{milliseconds / 1000:,.1f} s"
    return f"{milliseconds:,.0f} ms" if milliseconds >= 100 else f"{milliseconds:,.1f} ms"
