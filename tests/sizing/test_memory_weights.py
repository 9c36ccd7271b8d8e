"""Weights of a rank after loading, against what start-up logs of vLLM printed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sizing.catalog.gpus import gpu
from sizing.engine import make_engine
from sizing.memory import stage_blocks
from sizing.plan import Layout
from sizing.precision import choose_precision, parse_precision, weight_bytes
from sizing.rank_weights import rank_weights
from sizing.resolve import resolve
from sizing.units import GIB, gib


def loaded(
    model: str,
    precision: str | None = None,
    layout: Layout | None = None,
    on: str = "H100",
    engine: str = "vllm:0.19",
    keep: tuple[str, ...] = (),
) -> list[int]:
    """Bytes by pipeline stage."""
    spec, card, cut = resolve(model).spec, gpu(on), layout or Layout(tp=1, pp=1)
    format_ = choose_precision(spec, precision)
    stages = stage_blocks(spec, cut.pp)
    return [
        rank_weights(
            spec,
            blocks,
            replace(format_, keep=keep) if keep else format_,
            cut,
            card,
            make_engine(card, engine),
            first_layer=sum(sum(b.values()) for b in stages[:index]),
            is_first=index == 0,
            is_last=index == cut.pp - 1,
        )
        for index, blocks in enumerate(stages)
    ]


@pytest.mark.parametrize(
    ("model", "precision", "tp", "measured_gib"),
    [
        # Unfused, these would be 0.3% to 2% less: pages of 2 MiB that nothing else can use.
        ("phi-4", "bf16", 1, 27.39),
        ("qwen2.5-7b", "bf16", 1, 14.2717),
        ("qwen2.5-7b", "bf16", 2, 7.1441),
        # The rotation's table over the scaled context.
        ("gemma-3-12b", "bf16", 1, 23.31),
        ("llama-3-8b", "bf16", 1, 14.96),
        ("llama-3.1-8b", "bf16", 1, 14.9889),
        ("mixtral-8x7b", "bf16", 2, 43.51),
        ("qwen3-30b-a3b", "bf16", 1, 56.88),
    ],
)
def test_weights_agree_with_logs(model: str, precision: str, tp: int, measured_gib: float) -> None:
    (held,) = loaded(model, precision, Layout(tp=tp, pp=1))
    assert gib(held) == pytest.approx(measured_gib, rel=0.002)


def test_mxfp4_experts_are_padded_as_their_kernel_wants() -> None:
    first_triton = loaded("gpt-oss-20b", on="H100", engine="vllm:0.11")
    marlin = loaded("gpt-oss-20b", on="A100-80GB")
    assert gib(first_triton[0]) == pytest.approx(13.47, rel=0.003)
    assert gib(marlin[0]) == pytest.approx(13.72, rel=0.003)


def test_absorbed_projections_are_kept_beside_the_stored_ones() -> None:
    """61 layers x 128 heads x (128 + 128) x 512 x 2 bytes."""
    (held,) = loaded("deepseek-v3", layout=Layout(tp=1, pp=1), on="H200")
    stored = weight_bytes(
        resolve("deepseek-v3").spec, choose_precision(resolve("deepseek-v3").spec)
    )
    assert held - stored == pytest.approx(61 * 128 * 256 * 512 * 2, rel=0.1)


def test_first_and_last_stage_carry_the_tables() -> None:
    first, middle, *_, last = loaded("llama-3.1-8b", layout=Layout(tp=1, pp=4))
    table = 128_256 * 4096 * 2
    assert first - middle == pytest.approx(table, rel=0.001)
    assert last - middle == pytest.approx(table, rel=0.001)


def test_experts_are_spread_over_expert_parallel_ranks() -> None:
    whole = loaded("qwen3-235b-a22b", "bf16", Layout(tp=8, pp=1))[0]
    spread = loaded("qwen3-235b-a22b", "bf16", Layout(tp=8, pp=1, ep=8))[0]
    assert spread == pytest.approx(whole, rel=0.01)


def test_data_parallel_ranks_repeat_attention_but_not_experts() -> None:
    alone = loaded("qwen3-235b-a22b", "bf16", Layout(tp=1, pp=1))[0]
    spread = loaded("qwen3-235b-a22b", "bf16", Layout(tp=1, pp=1, dp=8, ep=8))[0]
    cut = loaded("qwen3-235b-a22b", "bf16", Layout(tp=8, pp=1))[0]
    assert cut < spread < alone / 4


def test_single_layers_left_in_16_bits_count_where_they_lie() -> None:
    every = loaded("llama-3.1-8b", "fp8", Layout(tp=1, pp=2))
    first = loaded("llama-3.1-8b", "fp8", Layout(tp=1, pp=2), keep=("model.layers.0",))
    assert first[0] - every[0] == pytest.approx(218e6, rel=0.02)
    assert first[1] == every[1]


def test_a_drafter_is_loaded_only_when_it_drafts() -> None:
    spec, card = resolve("deepseek-v3").spec, gpu("H200")
    held = [
        rank_weights(
            spec,
            stage_blocks(spec, 1)[0],
            parse_precision("fp8"),
            Layout(tp=8, pp=1),
            card,
            make_engine(card, speculative_tokens=tokens),
            is_first=True,
            is_last=True,
        )
        for tokens in (0, 1)
    ]
    assert 1 * GIB < held[1] - held[0] < 3 * GIB
