"""Pure state-space models: Mamba, Mamba 2 and Falcon Mamba."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sizing.architectures.decoder import combine, surroundings
from sizing.architectures.facts import Facts
from sizing.architectures.registry import Layers, Reader, register
from sizing.model import Attention, Mamba1, Mamba2, NoFfn


def _mamba1(f: Facts) -> Mamba1:
    hidden = f.size("hidden_size", "d_model")
    auto = "time_step_rank" not in f or f.is_text("time_step_rank")
    return Mamba1(
        kind="mamba1",
        inner=f.size("intermediate_size", default=f.size("expand", default=2) * hidden),
        state=f.size("state_size", default=16),
        conv_kernel=f.size("conv_kernel", default=4, high=64),
        dt_rank=-(-hidden // 16) if auto else f.size("time_step_rank"),
        conv_bias=f.flag("use_conv_bias", default=True),
        proj_bias=f.flag("use_bias", default=False),
    )


def _mamba2(f: Facts) -> Mamba2:
    inner = f.size("expand", default=2) * f.size("hidden_size")
    heads = f.size("num_heads", default=128, high=65536)
    return Mamba2(
        kind="mamba2",
        heads=heads,
        head_dim=f.divided(inner, heads, "hidden_size"),
        groups=f.size("n_groups", default=8, high=65536),
        state=f.size("state_size", default=128),
        conv_kernel=f.size("conv_kernel", default=4, high=64),
        conv_bias=f.flag("use_conv_bias", default=True),
        proj_bias=f.flag("use_bias", default=False),
    )


def _stacked(make: Callable[[Facts], Attention], *, tied: bool) -> Reader:
    def read(f: Facts) -> Layers:
        count = f.layers("num_hidden_layers", "n_layer")
        ffns = [("mamba", NoFfn(kind="none"))] * count
        order, blocks = combine([("mamba", make(f))] * count, ffns, norms=1)
        # A state-space model has no position limit; what the config gives is not one.
        return replace(surroundings(f, order, blocks, tied=tied), max_context=None)

    return read


register("mamba", "MambaForCausalLM", "mamba", read=_stacked(_mamba1, tied=True))
register("mamba", "FalconMambaForCausalLM", "falcon_mamba", read=_stacked(_mamba1, tied=True))
register("mamba2", "Mamba2ForCausalLM", "mamba2", read=_stacked(_mamba2, tied=False))
