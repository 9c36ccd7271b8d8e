"""Which linear layers a LoRA adapts, and what its matrices hold."""

from __future__ import annotations

from sizing.census import weights
from sizing.errors import InputError, unknown_name
from sizing.model import ModelSpec
from sizing.weight import Weight

ALL_LINEAR = "all-linear"
DEFAULT_RANK = 16
_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_MLP = ("gate_proj", "up_proj", "down_proj")
_SETS = {"attention": _ATTENTION, "mlp": _MLP}
_SHORT = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "o": "o_proj"}
_ROUTED = ".experts."


def parse_targets(text: str | None, spec: ModelSpec) -> tuple[str, ...]:
    """Ends of the adapted tensors' names: `all-linear` (every linear layer outside the routed
    experts), `attention`, `mlp`, `experts`, or names with commas between them.

    Raises InputError for a layer that the model does not have.
    """
    asked = [part.strip() for part in (text or ALL_LINEAR).split(",")]
    known = linear_names(spec)
    found: list[str] = []
    for name in asked:
        found += _named(name, known)
    return tuple(dict.fromkeys(found))


def linear_names(spec: ModelSpec) -> list[str]:
    """Every linear layer of the stack, routed experts too, in the model's order."""
    stack = (layer for layer in weights(spec) if layer.section == "stack")
    names = (w.name for x in stack for w in x.weights if w.group in ("linear", "expert"))
    return [n for n in dict.fromkeys(names) if not n.endswith(".bias")]


def check_rank(rank: int, spec: ModelSpec) -> int:
    """The rank, if an adapter of it is smaller than what it adapts; InputError otherwise."""
    if not 1 <= rank <= spec.hidden:
        near = min(max(rank, 1), spec.hidden)
        raise InputError("lora-rank", rank, f"1 to {spec.hidden} (the model's width)", near)
    return rank


def adapter_elements(weight: Weight, rank: int) -> int:
    """Parameters of one tensor's two adapter matrices, all copies (experts)."""
    return rank * (weight.rows + weight.cols) * weight.copies


def _named(name: str, known: list[str]) -> list[str]:
    plain = [n for n in known if _ROUTED not in n]
    if name == ALL_LINEAR:
        return plain
    if name == "experts":
        found = [n for n in known if _ROUTED in n]
        if not found:
            raise InputError("lora-targets", name, "layers of the model, which has no experts")
        return found
    ends = _SETS.get(name) or (_SHORT.get(name, name),)
    found = [n for n in plain if n.split(".")[-1] in ends]
    if not found:
        choices = [ALL_LINEAR, *_SETS, *{n.split(".")[-1] for n in plain}]
        raise unknown_name("lora-targets", name, choices)
    return found
