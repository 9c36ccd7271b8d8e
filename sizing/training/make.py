"""From words to a checked training run."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from sizing.deployment import one_gpu
from sizing.errors import InputError, unknown_name
from sizing.model import ModelSpec
from sizing.precision import PRECISIONS, Precision, parse_precision
from sizing.resolve import resolve
from sizing.sharding import violation
from sizing.training.adapters import DEFAULT_RANK, check_rank, parse_targets
from sizing.training.contradictions import check_contradictions
from sizing.training.framework import (
    Framework,
    MasterWeights,
    default_framework,
    parse_framework,
)
from sizing.training.job import Adapters, Cut, Job
from sizing.training.optimizers import Optimizer, parse_optimizer
from sizing.training.options import Checkpointing, Loss, Offload, Schedule, Sharding
from sizing.workload import Purpose

_Choice = TypeVar("_Choice", Checkpointing, Offload, Schedule, Sharding)

DEFAULT_SEQ_LEN = 4096
DEFAULT_OPTIMIZER = "adamw"
DEFAULT_QLORA_PRECISION = "nf4"
METHODS = (Purpose.FULL, Purpose.LORA, Purpose.QLORA)
DOUBLE_NF4 = replace(PRECISIONS["nf4"], scale_bytes=1 + 4 / 256)
"""nf4 with its scales quantised: a byte per block, a float32 per 256 blocks."""
_MOST = 10**6
_FULL_PRECISIONS = ("bf16", "fp16", "fp32", "fp8")


def make_job(
    model: str,
    method: str,
    gpu: str,
    gpus: int = 1,
    *,
    precision: str | None = None,
    seq_len: int | None = None,
    micro_batch: int = 1,
    micro_batches: int | None = None,
    tp: int = 1,
    pp: int = 1,
    cp: int = 1,
    ep: int = 1,
    sharding: str | None = None,
    optimizer: str | None = None,
    checkpointing: str | None = None,
    offload: str | None = None,
    offload_activations: bool = False,
    lora_rank: int | None = None,
    lora_targets: str | None = None,
    lora_dropout: bool | None = None,
    train_embeddings: bool = False,
    chunked_loss: bool | None = None,
    fused: bool = False,
    schedule: str | None = None,
    virtual_stages: int = 1,
    master_weights: bool | None = None,
    framework: str | None = None,
    extend_context: bool = False,
    gpu_memory_gib: float | None = None,
    spec: ModelSpec | None = None,
) -> Job:
    """A run of `gpus` GPUs in all; what is None takes the framework's or the documented default.

    `seq_len` is in tokens. `micro_batches` before a step default to 1, or to the pipeline's stages.
    `spec` is the model where it was read already. Raises InputError for anything unknown,
    contradictory or impossible, naming the option.
    """
    spec = spec or resolve(model).spec
    cuts_layers = tp > 1 or pp > 1
    found = (
        parse_framework(framework)
        if framework is not None
        else default_framework(sharding, cuts_layers=cuts_layers)
    )
    how = _method(method)
    for key, value in (("gpus", gpus), ("micro-batch", micro_batch), ("tp", tp), ("pp", pp)):
        _check_count(key, value)
    for key, value in (("cp", cp), ("ep", ep), ("virtual-stages", virtual_stages)):
        _check_count(key, value)
    batches = pp if micro_batches is None else micro_batches
    _check_count("micro-batches", batches)
    wanted = parse_optimizer(optimizer or DEFAULT_OPTIMIZER)
    cut = _cut(spec, gpus, tp, pp, cp, ep)
    job = Job(
        named=model,
        spec=spec,
        method=how,
        precision=_precision(how, precision),
        gpu=one_gpu(gpu, gpu_memory_gib),
        framework=found,
        cut=cut,
        seq_len=_seq_len(spec, seq_len, cut, extend=extend_context),
        micro_batch=micro_batch,
        micro_batches=batches,
        sharding=_sharding(sharding, found, cut),
        optimizer=wanted,
        checkpointing=_choice("checkpointing", checkpointing, Checkpointing, Checkpointing.FULL),
        offload=_choice("offload", offload, Offload, Offload.NONE),
        loss=_loss(found, chunked=chunked_loss),
        adapters=_adapters(
            how, spec, found, lora_rank, lora_targets, lora_dropout, train_embeddings
        ),
        offload_activations=offload_activations,
        fused=fused or found.fused,
        schedule=_schedule(schedule, virtual_stages),
        virtual_stages=virtual_stages,
        master_weights=_master(how, found, wanted, master_weights),
    )
    check_contradictions(job)
    return job


def _method(text: str) -> Purpose:
    names = [m.value for m in METHODS]
    if text.strip().lower() not in names:
        raise unknown_name("method", text, names)
    return Purpose(text.strip().lower())


def _check_count(key: str, value: int) -> None:
    if not 1 <= value <= _MOST:
        raise InputError(key, value, f"1 to {_MOST}", min(max(value, 1), _MOST))


def _choice(key: str, text: str | None, kind: type[_Choice], default: _Choice) -> _Choice:
    if text is None:
        return default
    names = [str(member) for member in kind]
    if text.strip().lower() not in names:
        raise unknown_name(key, text, names)
    return kind(text.strip().lower())


def _precision(method: Purpose, text: str | None) -> Precision:
    """How frozen weights are stored, or what trained ones are computed in."""
    if method is Purpose.QLORA:
        found = parse_precision(text or DEFAULT_QLORA_PRECISION)
        if found.bits >= 16:
            raise InputError(
                "precision", text, "4 or 8 bits for qlora: nf4, int4, gptq, ...", "nf4"
            )
        # QLoRA quantises the scales too (Dettmers et al., arXiv:2305.14314).
        plain = text is not None and found.name == "nf4"
        return found if found.name != "nf4" or plain else DOUBLE_NF4
    found = parse_precision(text or "bf16")
    if method is Purpose.LORA and found.bits < 16:
        raise InputError("precision", text, "bf16, fp16 or fp32 for lora; qlora quantises", "bf16")
    if method is Purpose.FULL and found.name not in _FULL_PRECISIONS:
        raise InputError("precision", text, f"{', '.join(_FULL_PRECISIONS)} for full", "bf16")
    # Training in FP8 keeps 16-bit weights; the matrix products alone are in 8 bits.
    return replace(PRECISIONS["bf16"], name="fp8") if found.name == "fp8" else found


def _cut(spec: ModelSpec, gpus: int, tp: int, pp: int, cp: int, ep: int) -> Cut:
    rest = gpus // (tp * pp * cp)
    if rest * tp * pp * cp != gpus or not rest:
        product = tp * pp * cp
        near = max(product, gpus // product * product)
        raise InputError("gpus", gpus, f"a multiple of tp x pp x cp = {product}", near)
    cut = Cut(dp=rest, tp=tp, pp=pp, cp=cp, ep=ep)
    if ep > 1 and not spec.has_experts:
        raise InputError("ep", ep, f"1: {spec.name} has no experts", 1)
    if cut.shards * tp % ep:
        raise InputError("ep", ep, f"a divisor of the {cut.shards * tp} ranks of a stage", 1)
    wrong = violation(spec, PRECISIONS["bf16"], cut.layout)
    if wrong:
        raise InputError(
            "tp" if tp > 1 else "ep" if ep > 1 else "pp", cut.layout, f"what divides: {wrong}"
        )
    return cut


def _seq_len(spec: ModelSpec, asked: int | None, cut: Cut, *, extend: bool) -> int:
    limit = spec.context_limit
    length = min(DEFAULT_SEQ_LEN, limit) if asked is None else asked
    if length < 1 or (length > limit and not extend):
        allowed = f"1 to {limit} tokens, the model's context; --extend-context goes beyond it"
        raise InputError("seq-len", length, allowed, min(max(length, 1), limit))
    pieces = cut.tp * cut.cp
    if length % pieces:
        near = max(pieces, length // pieces * pieces)
        raise InputError("seq-len", length, f"a multiple of tp x cp = {pieces}", near)
    return length


def _sharding(text: str | None, framework: Framework, cut: Cut) -> Sharding:
    default = framework.default_sharding if cut.shards > 1 else Sharding.NONE
    return _choice("sharding", text, Sharding, default)


def _loss(framework: Framework, *, chunked: bool | None) -> Loss:
    wanted = framework.chunked_by_default if chunked is None else chunked
    return Loss.CHUNKED if wanted else Loss.WHOLE


def _schedule(text: str | None, virtual_stages: int) -> Schedule:
    default = Schedule.INTERLEAVED if virtual_stages > 1 else Schedule.ONE_F_ONE_B
    return _choice("schedule", text, Schedule, default)


def _adapters(
    method: Purpose,
    spec: ModelSpec,
    framework: Framework,
    rank: int | None,
    targets: str | None,
    dropout: bool | None,
    train_embeddings: bool,
) -> Adapters | None:
    if method is Purpose.FULL:
        given = {
            "lora-rank": rank,
            "lora-targets": targets,
            "lora-dropout": dropout,
            "train-embeddings": train_embeddings or None,
        }
        for key, value in given.items():
            if value is not None:
                raise InputError(key, value, "lora and qlora alone; full trains every weight")
        return None
    return Adapters(
        rank=check_rank(DEFAULT_RANK if rank is None else rank, spec),
        targets=parse_targets(targets, spec),
        dropout=framework.lora_dropout if dropout is None else dropout,
        train_embeddings=train_embeddings,
    )


def _master(
    method: Purpose, framework: Framework, optimizer: Optimizer, asked: bool | None
) -> MasterWeights:
    """Where float32 weights are: nowhere for adapters and for optimisers that need none."""
    if method is not Purpose.FULL or asked is False:
        return MasterWeights.IN_PLACE
    if asked:
        kept = framework.master
        return MasterWeights.COPY if kept is MasterWeights.IN_PLACE else kept
    return MasterWeights.IN_PLACE if optimizer.in_place else framework.master
