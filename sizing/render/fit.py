"""A verdict as a page of text: the answer first, then where the memory goes and what would help."""

from __future__ import annotations

from sizing.fit import Fit, Suggestion
from sizing.render.text import WIDTH, bar, bullets, fields

_LABELS = {
    "weights": "weights",
    "kv_cache": "KV cache",
    "activations": "activations",
    "non_torch": "non-torch",
    "cuda_graphs": "CUDA graphs",
    "reserve": "reserve",
    "free": "free",
}
_NOTES = {
    "weights": "",
    "kv_cache": "what is left for the cache",
    "activations": "peak of the profiling run",
    "non_torch": "CUDA context, NCCL",
    "cuda_graphs": "",
    "reserve": "left untouched by the engine",
    "free": "",
}


def render_fit(fit: Fit, *, width: int = WIDTH) -> str:
    """The whole page."""
    sections = [
        _verdict(fit, width),
        fields(_facts(fit), width),
        ["Memory of one GPU (the fullest), GiB", *_memory(fit)],
        _suggestions(fit, width),
        fields([("Assumed", "; ".join(fit.assumptions))], width) if fit.assumptions else [],
        ["Warnings", *bullets(fit.warnings, width)] if fit.warnings else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _verdict(fit: Fit, width: int) -> list[str]:
    return [_answer(fit), *bullets([fit.reason], width)]


def _answer(fit: Fit) -> str:
    verdict = "fits" if fit.fits else "does not fit"
    return f"{fit.model} at {fit.precision} {verdict} on {fit.gpus:,} x {fit.gpu} with {fit.engine}"


def _facts(fit: Fit) -> list[tuple[str, str]]:
    rows = [("Layout", str(fit.layout)), ("Context", f"{fit.context:,} tokens asked{_kv(fit)}")]
    if fit.max_context_that_fits:
        rows.append(("Longest", f"{fit.max_context_that_fits:,} tokens in one sequence"))
    if fit.kv_cache_tokens:
        held = f"{fit.max_concurrency:,.1f} sequences of the asked context"
        rows.append(("KV cache", f"room for {fit.kv_cache_tokens:,} tokens: {held}"))
    cards = "1 GPU" if fit.gpus == 1 else f"{fit.gpus:,} GPUs"
    rows.append(("In all", f"{fit.total_gib:,.1f} GiB over {cards}"))
    return rows


def _kv(fit: Fit) -> str:
    return "" if fit.kv_dtype == "auto" else f", cache in {fit.kv_dtype}"


def _memory(fit: Fit) -> list[str]:
    parts = fit.memory_per_gpu_gib.model_dump()
    total = sum(parts.values())
    lines = [
        f"  {_LABELS[name]:<13}{value:>8.2f}  {bar(value / total):<31}{_NOTES[name]}".rstrip()
        for name, value in parts.items()
        if abs(value) >= 0.005
    ]
    visible = fit.evidence["cuda_visible_memory"]
    return [*lines, f"  {'in all':<13}{total:>8.2f}  what CUDA sees ({visible})"]


def _suggestions(fit: Fit, width: int) -> list[str]:
    if fit.fits:
        return []
    if not fit.suggestions:
        return ["No single change that was tried would make it fit"]
    return ["Would fit (each was tried)", *bullets([_line(s) for s in fit.suggestions], width)]


def _line(suggestion: Suggestion) -> str:
    options = " ".join(
        f"--{key}" if value is True else f"--{key} {value}"
        for key, value in suggestion.options.items()
    )
    return f"{suggestion.change}: {options} ({suggestion.max_concurrency:,.1f} sequences at once)"
