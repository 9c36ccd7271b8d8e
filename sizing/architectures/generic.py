"""An architecture nobody registered, sized from facts that the user vouches for."""

from __future__ import annotations

from sizing.architectures.decoder import Flavour, combine, gqa, surroundings, windowed
from sizing.architectures.facts import Facts
from sizing.architectures.registry import Layers
from sizing.errors import InputError
from sizing.model import NoFfn, Tensor

_OTHER_ATTENTION = (
    "kv_lora_rank",
    "layer_types",
    "sliding_window",
    "attention_chunk_size",
    "linear_num_key_heads",
    "mamba_d_state",
    "ssm_state_size",
    "state_size",
    "compress_ratios",
    "num_kv_shared_layers",
    "hybrid_override_pattern",
    "attn_type_list",
)


def read_generic(f: Facts, params: int) -> Layers:
    """`params` weights in all, attention as the standard keys describe it.

    Everything beyond the embedding, the head and the attention counts as linear, all of it active.
    Raises InputError when the config hints at an attention whose cache these keys do not give.
    """
    hint = next((key for key in _OTHER_ATTENTION if key in f), None)
    if hint:
        raise InputError(
            f.key(hint),
            "given",
            "absent: an unknown architecture's cache cannot be derived from it",
        )
    hidden, count = f.size("hidden_size", "n_embd", "d_model"), f.layers()
    attention = windowed(gqa(f, Flavour(), hidden), [None] * count)
    order, blocks = combine(attention, [("unknown", NoFfn(kind="none"))] * count, norms=0)
    layers = surroundings(f, order, blocks, tied=False)
    rest = params - _counted(layers, count, hidden)
    if rest < 0:
        raise InputError(
            "params", params, f"at least the {params - rest:,} that the config implies"
        )
    note = f"architecture not known: {params:,} parameters as given, attention from standard keys"
    return layers.with_rest(_rest(rest, hidden), note)


def _counted(layers: Layers, count: int, hidden: int) -> int:
    attention = layers.blocks[layers.order[0]].attention
    assert attention.kind == "gqa"
    width = 2 * attention.heads * attention.head_dim + 2 * attention.kv_heads * attention.head_dim
    tables = layers.vocab * hidden * (1 if layers.tied else 2)
    return tables + count * width * hidden + hidden


def _rest(rest: int, hidden: int) -> tuple[Tensor, ...]:
    rows, remainder = divmod(rest, hidden)
    whole = Tensor(name="unattributed", group="linear", rows=rows, cols=hidden) if rows else None
    odd = Tensor(name="unattributed.rest", group="other", rows=remainder) if remainder else None
    return tuple(tensor for tensor in (whole, odd) if tensor)
