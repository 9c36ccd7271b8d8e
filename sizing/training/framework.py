"""Training frameworks: what each keeps, in which dtype, and what its memory figure counts.

A framework is one entry. Its fields are read from the framework's own code or defaults; the two
fractions for fragmentation are estimates (see `Framework`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sizing.errors import unknown_name
from sizing.training.options import Sharding

DEFAULT_FRAMEWORK = "pytorch"


class MasterWeights(StrEnum):
    """Where float32 weights are in mixed-precision training.

    `in_place` has none: the 16-bit weights are trained. `sharded` keeps float32 parameters and
    casts each layer as it is gathered (FSDP). `copy` keeps 16-bit parameters and a float32 copy in
    the optimiser (DeepSpeed, Megatron).
    """

    IN_PLACE = "in_place"
    SHARDED = "sharded"
    COPY = "copy"


class Measures(StrEnum):
    """What a framework's own figure counts: PyTorch's tensors, its allocator's pool, the device."""

    ALLOCATED = "allocated"
    RESERVED = "reserved"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Framework:
    """Behaviour that decides memory.

    `gradient_bytes` and `reduce_bytes` are of a kept and of a reduced gradient. `loss_bytes` are
    per token and vocabulary entry at the loss's worst moment: the 16-bit logits, their float32
    copy, log-probabilities and gradients, as many as the implementation holds at once; `chunked`
    is the same where the loss works on chunks. `fused` kernels recompute norms and activations.
    `adapter_bytes` is an adapter's parameter dtype; `lora_dropout` whether dropout on adapters is
    on by default. `upcast_rest` turns what quantisation leaves alone into float32 (PEFT's
    preparation). `keeps_quantized_inputs` saves a frozen quantised layer's input (bitsandbytes).
    `root_unit` keeps embedding and head gathered as FSDP's outermost unit. `foreach_step` steps
    all tensors at once, with a temporary of each. `float8_inputs` keeps the inputs of matrix
    products in 8 bits where those run in 8 bits. `float16_loss_bytes` is the loss on a model that
    computes in float16 throughout (GPTQ kernels), which nothing upcasts.
    `fsdp_float32` upcasts frozen weights under FSDP (Accelerate's mixed precision).
    `whole_model` holds the full model beside the shards under FSDP. `live_parameters`,
    `bucket_elements` and `sub_group_elements` are DeepSpeed's ZeRO-3 buffers, in elements.
    `fragmentation` is the share of what comes and goes within a step that the allocator
    holds beyond live tensors.
    """

    name: str
    label: str
    measures: Measures
    master: MasterWeights
    gradient_bytes: float = 4
    reduce_bytes: float = 4
    loss_bytes: float = 12
    chunked_loss_bytes: float = 0
    chunked_by_default: bool = False
    fused: bool = False
    adapter_bytes: float = 4
    lora_dropout: bool = False
    upcast_rest: bool = False
    keeps_quantized_inputs: bool = True
    fsdp_float32: bool = False
    root_unit: bool = False
    foreach_step: bool = False
    float8_inputs: bool = False
    float16_loss_bytes: float | None = None
    whole_model: bool = False
    live_parameters: float = 0
    bucket_elements: float = 0
    sub_group_elements: float = 0
    fragmentation: float = 0.05
    default_sharding: Sharding = Sharding.FSDP
    source: str = ""


FRAMEWORKS: dict[str, Framework] = {
    f.name: f
    for f in (
        Framework(
            "pytorch",
            "PyTorch with FSDP2",
            Measures.RESERVED,
            MasterWeights.SHARDED,
            fragmentation=0.15,
            source="torch.distributed.fsdp fully_shard, float32 parameters, bfloat16 compute",
        ),
        Framework(
            "torchtune",
            "torchtune",
            Measures.ALLOCATED,
            MasterWeights.IN_PLACE,
            gradient_bytes=2,
            reduce_bytes=2,
            # 16-bit logits of all chunks, and one of the eight in float32.
            chunked_loss_bytes=2 + 4 / 8,
            chunked_by_default=True,
            adapter_bytes=2,
            keeps_quantized_inputs=False,
            fragmentation=0.0,
            source="torchtune recipes: dtype bf16 for weights, gradients and states; "
            "CEWithChunkedOutputLoss in 8 chunks",
        ),
        Framework(
            "torchtitan",
            "torchtitan",
            Measures.RESERVED,
            MasterWeights.SHARDED,
            fragmentation=0.18,
            source="torchtitan train configs: FSDP2, float32 parameters, bfloat16 compute",
        ),
        Framework(
            "deepspeed",
            "DeepSpeed",
            Measures.RESERVED,
            MasterWeights.COPY,
            gradient_bytes=2,
            reduce_bytes=2,
            loss_bytes=16,
            live_parameters=2e9,
            bucket_elements=5e8,
            sub_group_elements=1e9,
            fragmentation=0.03,
            default_sharding=Sharding.ZERO3,
            source="DeepSpeed ZeRO defaults: stage3_max_live_parameters and max_reuse_distance "
            "1e9, reduce_bucket_size 5e8 twice (overlap_comm), sub_group_size 1e9",
        ),
        Framework(
            "transformers",
            "Transformers Trainer with PEFT",
            Measures.DEVICE,
            MasterWeights.COPY,
            gradient_bytes=2,
            reduce_bytes=2,
            loss_bytes=16,
            lora_dropout=True,
            upcast_rest=True,
            fsdp_float32=True,
            root_unit=True,
            foreach_step=True,
            float16_loss_bytes=8,
            live_parameters=2e9,
            sub_group_elements=1e9,
            fragmentation=0.08,
            default_sharding=Sharding.ZERO3,
            source="transformers causal-LM loss: float32 logits and a shifted copy; PEFT "
            "prepare_model_for_kbit_training",
        ),
        Framework(
            "litgpt",
            "LitGPT",
            Measures.ALLOCATED,
            MasterWeights.IN_PLACE,
            gradient_bytes=2,
            adapter_bytes=2,
            lora_dropout=True,
            whole_model=True,
            fragmentation=0.0,
            source="litgpt finetune scripts: bf16-true, LoRA dropout 0.05",
        ),
        Framework(
            "axolotl",
            "Axolotl",
            Measures.RESERVED,
            MasterWeights.IN_PLACE,
            gradient_bytes=2,
            loss_bytes=16,
            upcast_rest=True,
            root_unit=True,
            fragmentation=0.18,
            source="axolotl: bf16 weights, cut cross entropy or Liger losses where set",
        ),
        Framework(
            "megatron",
            "Megatron",
            Measures.ALLOCATED,
            MasterWeights.COPY,
            gradient_bytes=2,
            reduce_bytes=2,
            loss_bytes=14,
            fused=True,
            adapter_bytes=2,
            float8_inputs=True,
            fragmentation=0.0,
            default_sharding=Sharding.ZERO1,
            source="Megatron-Core: bfloat16 parameters, distributed optimiser with float32 copy",
        ),
    )
}


def parse_framework(text: str) -> Framework:
    """The named framework; InputError with the nearest name."""
    name = text.strip().lower()
    if name not in FRAMEWORKS:
        raise unknown_name("framework", text, FRAMEWORKS)
    return FRAMEWORKS[name]


def default_framework(sharding: str | None, *, cuts_layers: bool) -> Framework:
    """Who does what was asked where nobody was named: ZeRO is DeepSpeed's, and Megatron's where
    tensor or pipeline parallelism cuts the layers too; all else is plain PyTorch's."""
    if sharding and sharding.strip().lower().startswith("zero"):
        return FRAMEWORKS["megatron" if cuts_layers else "deepspeed"]
    return FRAMEWORKS[DEFAULT_FRAMEWORK]
