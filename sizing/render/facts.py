"""A model's facts as a page of text."""

from __future__ import annotations

from typing import Any, cast

from sizing.checkpoint import Checkpoint
from sizing.model import Attention, Dense, Ffn, Gqa, Mla, ModelSpec, Moe, NoAttention
from sizing.render.text import WIDTH, bar, bullets, checkpoint_text, fields
from sizing.units import gib


def render_facts(spec: ModelSpec, facts: dict[str, object], width: int = WIDTH) -> str:
    """The model in one line, then parameters by group, layers and the KV cache's growth."""
    total, active = cast("int", facts["params_total"]), cast("int", facts["params_active"])
    size = cast("int", facts["weights_bytes"])
    answer = (
        f"{spec.name}: {total / 1e9:,.2f} billion parameters"
        + (f", {active / 1e9:,.2f} billion active" if active < 0.9 * total else "")
        + f", {gib(size):,.1f} GiB at {facts['checkpoint_precision']}"
    )
    notes = [*spec.notes, *([spec.unsupported_reason] if spec.unsupported_reason else [])]
    sections = [
        [answer],
        fields(_facts(spec, facts), width),
        ["Parameters by group", *_groups(facts, total)],
        ["KV cache of one sequence, bf16, GiB", *_kv(facts)],
        ["Notes", *bullets(notes, width)] if notes else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _facts(spec: ModelSpec, facts: dict[str, object]) -> list[tuple[str, str]]:
    growth, window = facts["kv_bytes_per_token"], facts["kv_bytes_per_token_in_window"]
    more = "" if growth == window else f" ({window:,} until the windows are full)"
    limit = facts["max_context"]
    return [
        ("Id", f"{facts['hf_id'] or '-'} ({facts['architecture']})"),
        (
            "Layers",
            f"{facts['layers']} of width {facts['hidden']:,}, vocabulary {facts['vocab']:,}",
        ),
        *(("", f"{count} x {kind}") for kind, count in _kinds(spec).items()),
        ("Context", f"up to {limit:,} tokens" if limit else "no limit stated"),
        ("KV per token", f"{growth:,} bytes at bf16{more}"),
        *_state(facts),
        *_checkpoint(facts),
        *_checkpoints(facts),
        ("Source", f"{facts['source']} ({facts['as_of'] or 'undated'}), {facts['evidence']}"),
    ]


def _state(facts: dict[str, object]) -> list[tuple[str, str]]:
    state = cast("int", facts["state_bytes_per_sequence"])
    return [("State", f"{state:,} bytes a sequence, whatever its length")] if state else []


def _checkpoint(facts: dict[str, object]) -> list[tuple[str, str]]:
    """The whole file, where it holds more than what is served."""
    whole, served = cast("int", facts["checkpoint_bytes"]), cast("int", facts["weights_bytes"])
    if whole == served:
        return []
    mtp = f"{cast('int', facts['params_mtp']) / 1e9:,.2f} billion parameters"
    return [("Checkpoint", f"{gib(whole):,.1f} GiB with its multi-token prediction module ({mtp})")]


def _checkpoints(facts: dict[str, object]) -> list[tuple[str, str]]:
    """Which repository serves the model at which precision, a line each."""
    rows = cast("dict[str, dict[str, Any]]", facts["checkpoints"])
    known = {name: Checkpoint.model_validate(row) for name, row in rows.items()}
    width = max(map(len, known), default=0)
    lines = [f"{name:<{width}}  {checkpoint_text(found)}" for name, found in known.items()]
    return [("Checkpoints" if i == 0 else "", line) for i, line in enumerate(lines)]


def _kinds(spec: ModelSpec) -> dict[str, int]:
    """Layers that look alike, in words."""
    found: dict[str, int] = {}
    for name, count in spec.layer_counts.items():
        block = spec.blocks[name]
        parts = [p for p in (_attention_text(block.attention), _ffn_text(block.ffn)) if p]
        text = " + ".join(parts)
        found[text] = found.get(text, 0) + count
    return found


def _attention_text(attention: Attention) -> str:
    match attention:
        case Gqa() as a:
            held = f", window {a.window:,}" if a.window else ""
            held = f", chunk {a.chunk:,}" if a.chunk else held
            shared = ", KV of an earlier layer" if a.kv_shared else ""
            return f"attention ({a.heads} heads, {a.kv_heads} KV of {a.head_dim}{held}{shared})"
        case Mla() as a:
            return f"MLA ({a.heads} heads, latent {a.kv_lora_rank} + {a.qk_rope_head_dim})"
        case NoAttention():
            return ""
        case a:
            return a.kind.replace("_", " ")


def _ffn_text(ffn: Ffn) -> str:
    match ffn:
        case Dense() as f:
            return f"MLP of {f.intermediate:,}"
        case Moe() as f:
            shared = f", shared {f.shared_intermediate:,}" if f.shared_intermediate else ""
            return f"{f.experts} experts of {f.intermediate:,}, top {f.top_k}{shared}"
        case _:
            return ""


def _groups(facts: dict[str, object], total: int) -> list[str]:
    groups = cast("dict[str, int]", facts["params_by_group"])
    width = max(len(f"{n:,}") for n in groups.values())
    return [
        f"  {name:<10}  {count:>{width},}  {count / total:>6.1%}  {bar(count / total)}".rstrip()
        for name, count in sorted(groups.items(), key=lambda item: -item[1])
    ]


def _kv(facts: dict[str, object]) -> list[str]:
    at = cast("dict[str, Any]", facts["kv_bytes_at"])
    most = max(at.values()) or 1
    return [
        f"  {int(tokens):>8,} tokens  {gib(size):>9.3f}  {bar(size / most)}".rstrip()
        for tokens, size in at.items()
    ]
