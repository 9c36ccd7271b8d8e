"""A training run as a plan's request asks for it: checked, and with the model's own defaults."""

from __future__ import annotations

from collections.abc import Collection

from sizing.errors import InputError
from sizing.model import ModelSpec
from sizing.plan import Method
from sizing.sections import Section, camel
from sizing.stack_config import API_KEY_KEY, StackConfig
from sizing.training.job import Job
from sizing.training.make import DEFAULT_QLORA_PRECISION, DEFAULT_SEQ_LEN, make_job
from sizing.workload import Purpose, TrainingLoad, Workload

_KEY = "workload.training"
_OF_LOADS = {
    "requests_per_second",
    "prompt_tokens",
    "output_tokens",
    "lengths",
    "targets",
    "prefix_cache_hit_rate",
    "speculative",
}
_ANY_GPU, _SOME_RANKS = "H100", 8
_RENAMED = {"seq-len": "context"}


def training_precision(config: StackConfig) -> str:
    """The precision asked for: `auto` is bf16, and nf4 for QLoRA.

    Raises InputError for more than one, which a training run cannot choose between.
    """
    if "," in config.precision:
        raise InputError("precision", config.precision, "one for a training run", "bf16")
    if config.precision != "auto":
        return config.precision
    qlora = config.workload.purpose is Purpose.QLORA
    return DEFAULT_QLORA_PRECISION if qlora else "bf16"


def training_workload(spec: ModelSpec, config: StackConfig) -> Workload:
    """The workload of a training run. Raises InputError for what training has no use for, or does
    not know."""
    asked, wanted = config.workload, config.workload.training
    _refuse(config)
    limit = spec.context_limit
    length = min(DEFAULT_SEQ_LEN, limit) if asked.context is None else asked.context
    if not 1 <= length <= limit:
        near = min(max(length, 1), limit)
        raise InputError("workload.context", length, f"1 to {limit} tokens (the model's)", near)
    return Workload(
        purpose=asked.purpose,
        context=length,
        concurrency=1,
        training=TrainingLoad.model_validate(wanted.model_dump()),
    )


def training_job(spec: ModelSpec, config: StackConfig, workload: Workload) -> Job:
    """The run on one rank of many, from which a plan's candidates differ in how they are cut.

    Raises InputError, by its config key, for what no framework does.
    """
    wanted = config.workload.training
    try:
        return make_job(
            config.model,
            workload.purpose.value,
            _ANY_GPU,
            _SOME_RANKS,
            spec=spec,
            precision=None if config.precision == "auto" else config.precision,
            seq_len=workload.context,
            micro_batch=1 if wanted.micro_batch is None else wanted.micro_batch,
            micro_batches=1 if wanted.micro_batches is None else wanted.micro_batches,
            sharding=wanted.sharding,
            optimizer=wanted.optimizer,
            checkpointing=wanted.checkpointing,
            offload=wanted.offload,
            lora_rank=wanted.lora_rank,
            lora_targets=wanted.lora_targets,
            chunked_loss=wanted.chunked_loss,
            framework=wanted.framework,
        )
    except InputError as error:
        key = "precision" if error.key == "precision" else _option_key(error.key)
        raise InputError(key, error.value, error.allowed, error.nearest) from None


def no_serving(config: StackConfig, secrets: Collection[str]) -> None:
    """Raise InputError for a key, or a secret that the stack brings, of nodes that serve."""
    none = f"nothing, as the purpose is {config.workload.purpose}: such nodes serve nothing"
    serving = config.serving
    if serving.enabled and "enabled" in serving.model_fields_set:
        raise InputError("serving.enabled", True, "false or nothing where nodes train", False)
    for name in type(serving).model_fields:
        value = getattr(serving, name)
        if name in serving.model_fields_set and value:
            raise InputError(f"serving.{camel(name)}", value, none)
    if API_KEY_KEY in secrets:
        raise InputError(API_KEY_KEY, "(secret)", none)


def no_training(config: StackConfig) -> None:
    """Raise InputError for a training key where the nodes serve."""
    for key, value in config.workload.training.model_dump(by_alias=True).items():
        if value is not None:
            allowed = "nothing, as the purpose is inference: lora, qlora or full train"
            raise InputError(f"{_KEY}.{key}", value, allowed)


def _refuse(config: StackConfig) -> None:
    """What of the load only serving has."""
    for name in sorted(_OF_LOADS & config.workload.model_fields_set):
        key, value = camel(name), getattr(config.workload, name)
        given = str(value) if isinstance(value, Section) else value
        raise InputError(f"workload.{key}", given, "nothing for a training run: it serves no load")
    if config.workload.concurrency is not None:
        allowed = f"nothing for a training run: {_KEY}.microBatch"
        raise InputError("workload.concurrency", config.workload.concurrency, allowed)
    if config.kv_dtype != "auto":
        raise InputError("kvDtype", config.kv_dtype, "auto: training keeps no KV cache", "auto")
    if config.replicas != 1:
        allowed = "1 for a training run, whose data-parallel ranks are chosen"
        raise InputError("replicas", config.replicas, allowed, 1)
    if config.method is not Method.ENGINE:
        allowed = "engine: the rule of thumb knows no training"
        raise InputError("method", config.method.value, allowed, Method.ENGINE.value)


def _option_key(key: str) -> str:
    """The config key of one of `make_job`'s options."""
    first, *rest = _RENAMED.get(key, key).split("-")
    return f"{_KEY}.{first}{''.join(part.capitalize() for part in rest)}"
