"""What must hold of every run: more of one thing never needs less, or more, of another.

A property that fails would send someone to a larger cluster, or into an out-of-memory error, by
following the tool's own advice.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from sizing.training.framework import FRAMEWORKS
from sizing.training.memory import training_memory
from tests.sizing.training.jobs import GIB, METHODS, job, parts, peak, settings

_ROUNDING = 1e-6
_FEW = limits(max_examples=60, deadline=None)
# LitGPT's FSDP holds the whole model beside its shards: sharding saves nothing there.
_SHARDERS = sorted(name for name, f in FRAMEWORKS.items() if not f.whole_model)


def never_more(less: dict[str, Any], more: dict[str, Any], room: float = 0.0) -> None:
    """The first run needs no more than the second, and some GiB of buffers."""
    assert peak(**less) <= peak(**more) + room + _ROUNDING


@_FEW
@given(settings())
def test_parts_sum_to_the_peak_and_none_is_negative(options: dict[str, Any]) -> None:
    found = parts(**options)
    values = [getattr(found, name) for name in found.__slots__]
    assert min(values) >= 0
    assert sum(values) == pytest.approx(found.total)


@_FEW
@given(settings(), st.sampled_from(_SHARDERS))
def test_more_sharding_never_needs_more(options: dict[str, Any], framework: str) -> None:
    """ZeRO's buckets and live parameters are the only price, and small models can feel it."""
    asked = {**options, "framework": framework, "gpus": max(2, options["gpus"])}
    live = buffers(framework)
    never_more({**asked, "sharding": "zero2"}, {**asked, "sharding": "zero1"})
    never_more({**asked, "sharding": "zero1"}, {**asked, "sharding": "none"}, live["zero"])
    never_more({**asked, "sharding": "zero3"}, {**asked, "sharding": "zero2"}, live["zero3"])


@_FEW
@given(settings(), st.sampled_from(_SHARDERS))
def test_fsdp_never_needs_more_than_no_sharding(options: dict[str, Any], framework: str) -> None:
    """But for what it gathers and reduces, which a small model's adapters do not pay back."""
    asked = {**options, "framework": framework, "gpus": max(2, options["gpus"])}
    shared = parts(**{**asked, "sharding": "fsdp"})
    passing = shared.gathered_weights + shared.communication
    room = passing * (1 + FRAMEWORKS[framework].fragmentation) / GIB
    never_more({**asked, "sharding": "fsdp"}, {**asked, "sharding": "none"}, room)


@pytest.mark.parametrize("framework", _SHARDERS)
@pytest.mark.parametrize("model", ["llama-3.1-8b", "gpt-oss-20b"])
def test_fsdp_of_full_fine_tuning_needs_less_than_any_other_sharding(
    framework: str, model: str
) -> None:
    asked = {"framework": framework, "model": model, "seq_len": 1024}
    for other in ("none", "zero1", "zero2"):
        never_more({**asked, "sharding": "fsdp"}, {**asked, "sharding": other})


def buffers(framework: str) -> dict[str, float]:
    """GiB of a framework's ZeRO buffers: two buckets, and live parameters of 16 bits."""
    known = FRAMEWORKS[framework]
    spread = 1 + known.fragmentation
    buckets = 2 * known.bucket_elements * known.gradient_bytes
    live = 2 * known.live_parameters
    return {"zero": buckets * spread / GIB, "zero3": (buckets + live) * spread / GIB}


@_FEW
@given(settings())
def test_more_data_parallel_ranks_never_need_more(options: dict[str, Any]) -> None:
    """From two ranks on; the second brings the buffers of communication."""
    gpus = max(2, options["gpus"])
    never_more({**options, "gpus": 2 * gpus}, {**options, "gpus": gpus})


@_FEW
@given(settings())
def test_more_checkpointing_never_needs_more(options: dict[str, Any]) -> None:
    full, selective, none = (
        {**options, "checkpointing": kind} for kind in ("full", "selective", "none")
    )
    never_more(full, selective)
    never_more(selective, none)


@_FEW
@given(settings())
def test_8_bit_states_never_need_more(options: dict[str, Any]) -> None:
    never_more({**options, "optimizer": "adamw8bit"}, {**options, "optimizer": "adamw"})
    never_more(
        {**options, "optimizer": "adamw8bit", "master_weights": True},
        {**options, "optimizer": "adamw", "master_weights": True},
    )


@_FEW
@given(settings())
def test_stepping_in_the_backward_pass_never_needs_more(options: dict[str, Any]) -> None:
    assume(options["sharding"] in ("none", "fsdp"))
    asked = {**options, "micro_batches": 1}
    never_more({**asked, "optimizer": "adamw-fused-backward"}, {**asked, "optimizer": "adamw"})


@_FEW
@given(settings())
def test_a_chunked_loss_never_needs_more(options: dict[str, Any]) -> None:
    """But for the head's gradient, which is there while all activations still are."""
    heads = head_gradients(**options) if options["method"] == "full" else 0.0
    never_more({**options, "chunked_loss": True}, {**options, "chunked_loss": False}, heads)


def head_gradients(**options: Any) -> float:
    """GiB of a chunk's and of the summed gradient of the head."""
    asked = job(**options)
    spread = 1 + asked.framework.fragmentation
    return 2 * asked.spec.vocab * asked.spec.hidden * asked.compute_bytes * spread / GIB


@_FEW
@given(settings())
def test_more_tokens_never_need_less(options: dict[str, Any]) -> None:
    longer = {**options, "seq_len": 2 * options["seq_len"]}
    wider = {**options, "micro_batch": options["micro_batch"] + 1}
    later = {**options, "micro_batches": options["micro_batches"] + 1}
    for other in (longer, wider, later):
        never_more(options, other)


@_FEW
@given(settings(), st.sampled_from((1, 8, 64)), st.sampled_from(METHODS[1:]))
def test_a_higher_rank_never_needs_less(options: dict[str, Any], rank: int, method: str) -> None:
    asked = {**options, "method": method}
    never_more({**asked, "lora_rank": rank}, {**asked, "lora_rank": 2 * rank})


@_FEW
@given(settings())
def test_offloading_never_needs_more_on_the_gpu_nor_less_on_the_host(
    options: dict[str, Any],
) -> None:
    assume(not (options["method"] == "qlora" and options["sharding"] == "zero3"))
    optimizer = {**options, "offload": "optimizer"}
    never_more(optimizer, options)
    never_more({**options, "offload_activations": True}, options)
    assert training_memory(job(**optimizer))[0].host > 0
    if options["sharding"] in ("zero3", "fsdp"):
        every = {**options, "offload": "all"}
        never_more(every, optimizer)
        hosts = [training_memory(job(**o))[0].host for o in (optimizer, every)]
        assert hosts[0] < hosts[1]


@_FEW
@given(settings(), st.sampled_from(("tp", "cp")))
def test_cutting_the_model_or_the_sequence_never_needs_more(
    options: dict[str, Any], degree: str
) -> None:
    """The same job on twice the GPUs; ZeRO's buckets come with the second rank."""
    room = buffers(options["framework"])["zero"]
    wider = {**options, "gpus": 2 * options["gpus"], degree: 2}
    never_more(wider, options, room)


@_FEW
@given(settings(), st.sampled_from(("none", "zero1")))
def test_a_pipeline_never_needs_more(options: dict[str, Any], sharding: str) -> None:
    """Two stages for the same micro-batches; under FSDP a pipeline keeps gradients whole."""
    asked = {**options, "sharding": sharding}
    never_more({**asked, "gpus": 2 * asked["gpus"], "pp": 2}, asked)


@_FEW
@given(settings())
def test_fused_kernels_never_need_more(options: dict[str, Any]) -> None:
    never_more({**options, "fused": True}, {**options, "fused": False})


def test_quantised_weights_take_a_quarter_and_their_scales() -> None:
    """A gigabyte too much here and a 70B QLoRA is refused on the card that it was made for."""
    base = {"checkpointing": "full", "gpus": 1, "framework": "torchtune", "lora_rank": 8}
    whole = parts(method="lora", **base).weights
    quarter = parts(method="qlora", **base).weights
    plain = parts(method="qlora", precision="nf4", **base).weights
    linear = 6_979_321_856  # the 32 layers' matrices; tables and norms keep 16 bits
    assert whole - quarter == pytest.approx(linear * (2 - 0.5 - 1 / 64 - 1 / 4096), rel=1e-4)
    assert plain - quarter == pytest.approx(linear * (4 / 64 - 1 / 64 - 1 / 4096), rel=1e-3)
