"""StepFun's Step 3.5 and 3.7 text model: windowed layers, per-head gates, shared expert."""

from __future__ import annotations

from sizing.architectures.decoder import Flavour, combine, gqa, surroundings, windowed, windows
from sizing.architectures.experts import alternate, deepseek_moe, sparse_after
from sizing.architectures.facts import Facts
from sizing.architectures.registry import Layers, register
from sizing.model import Tensor


def _step(f: Facts) -> Layers:
    count, hidden = f.layers(), f.size("hidden_size")
    attention = gqa(f, Flavour(qk_norm="head"), hidden)
    moe = deepseek_moe(f, correction_bias=True).model_copy(
        update={"shared_intermediate": f.size("share_expert_dim")}
    )
    gate = Tensor(
        name="self_attn.g_proj", group="linear", rows=attention.heads, cols=hidden, shard="column"
    )
    order, blocks = combine(
        windowed(attention, windows(f, count)),
        alternate(f, sparse_after(f, count), moe),
        tensors=(gate,),
    )
    return surroundings(f, order, blocks, tied=False)


register(
    "step3p7", "Step3p7FlashForCausalLM", "Step3p5ForCausalLM", "step3p7", "step3p5", read=_step
)
