"""What is asked of the planner, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sizing.catalog.checkpoints import parse_checkpoint
from sizing.catalog.gpus import find_gpus, gpu
from sizing.catalog.instances import (
    DEFAULT_REGION,
    find_instance,
    find_region,
    instance,
    instance_names,
)
from sizing.checkpoint import Checkpoint
from sizing.deployment import find_model
from sizing.errors import InputError, nearest_name, unknown_name
from sizing.gpu import Gpu
from sizing.instance import AWS_PURCHASES, Purchase
from sizing.load import load_of
from sizing.model import ModelSpec
from sizing.plan import Method, Prefer
from sizing.precision import PRECISIONS, Precision
from sizing.stack_config import StackConfig
from sizing.support import KvDtype, parse_kv_dtype, support
from sizing.workload import Workload, make_workload

if TYPE_CHECKING:
    from sizing.inventory import Inventory
    from sizing.training.job import Job

ANY = "any"
DEFAULT_GPU = "H100"


@dataclass(frozen=True, slots=True)
class Request:
    """A question to the planner: what to run, and where it may run.

    Any of `precisions` will do, the first most; `other_gpus` were not asked for and are only
    compared with. `named` is the model as it was typed, `checkpoint` what serving.checkpoint names.
    `config` and `secrets` (config keys of secrets that the stack brings) say what is built around;
    with `nodes_alone` nothing is, as for nodes that no stack deploys. `training` is the run that
    the nodes are for, None where they serve.
    """

    named: str
    spec: ModelSpec
    precisions: tuple[Precision, ...]
    kv_dtype: KvDtype
    workload: Workload
    gpus: tuple[Gpu, ...]
    other_gpus: tuple[Gpu, ...]
    allow: frozenset[str]
    deny: frozenset[str]
    regions: tuple[str, ...]
    purchases: tuple[Purchase, ...]
    replicas: int
    method: Method
    spread: bool
    hours_per_month: float
    budget_monthly_usd: float | None
    prefer: Prefer
    inventory: Inventory | None
    checkpoint: Checkpoint | None
    config: StackConfig
    secrets: frozenset[str]
    nodes_alone: bool
    defaults_used: tuple[str, ...]
    training: Job | None = None


def request_from(
    config: StackConfig,
    *,
    regions: tuple[str, ...] = (),
    purchases: tuple[Purchase, ...] = (),
    inventory: Inventory | None = None,
    secrets: Collection[str] = (),
    nodes_alone: bool = False,
) -> Request:
    """A checked request. `regions` and `purchases` widen the search beyond the stack's own;
    `inventory` puts a company's own nodes beside AWS's; `nodes_alone` prices no stack around them.

    Raises InputError for anything unknown or contradictory.
    """
    if config.workload.trains:
        spec, precisions, workload, job = _training(config, secrets)
    else:
        spec, precisions = _model_and_precisions(config)
        workload, job = _load(spec, config), None
    allow = frozenset(_instances(config.instance_types.allow, "instanceTypes.allow"))
    deny = frozenset(_instances(config.instance_types.deny, "instanceTypes.deny"))
    if allow and allow <= deny:
        raise InputError("instanceTypes.deny", sorted(deny), "not every type that `allow` names")
    if config.budget.monthly_usd is None and "warn_at" in config.budget.model_fields_set:
        raise InputError("budget.monthlyUsd", None, "USD a month: budget.warnAt is a share of it")
    gpus = _gpus(config, allow, inventory)
    _check_carried(allow, gpus)
    where = tuple(find_region(r) for r in regions or (config.region,))
    _check_precisions(precisions, gpus)
    if not inventory:
        _check_offered(allow, where)
    return Request(
        named=config.model,
        spec=spec,
        precisions=precisions,
        kv_dtype=parse_kv_dtype(config.kv_dtype, "kvDtype"),
        workload=workload,
        gpus=gpus,
        other_gpus=_other_gpus(gpus, allow, inventory),
        allow=allow,
        deny=deny,
        regions=where,
        purchases=purchases or (config.purchase,),
        replicas=config.replicas,
        method=config.method,
        spread=config.spread,
        hours_per_month=config.hours_per_month,
        budget_monthly_usd=config.budget.monthly_usd,
        prefer=config.prefer,
        inventory=inventory,
        checkpoint=parse_checkpoint(config.serving.checkpoint),
        config=_with_usage(config, workload),
        secrets=frozenset(secrets),
        nodes_alone=nodes_alone,
        defaults_used=tuple(_defaults_used(config, workload, precisions, bool(purchases))),
        training=job,
    )


def parse_purchases(text: str) -> tuple[Purchase, ...]:
    """One of AWS's purchase options, or all of them for `any`."""
    if text == ANY:
        return AWS_PURCHASES
    if text not in {p.value for p in AWS_PURCHASES}:
        raise unknown_name("purchase", text, [*(p.value for p in AWS_PURCHASES), ANY])
    return (Purchase(text),)


def _model_and_precisions(config: StackConfig) -> tuple[ModelSpec, tuple[Precision, ...]]:
    """The model, and the precisions that will do, as given, each once; `auto` is its own."""
    names = [part.strip() for part in config.precision.split(",")]
    if "" in names:
        raise InputError("precision", config.precision, "names with a comma between them: bf16,fp8")
    found = [
        find_model(config.model, None if name == "auto" else name, config.params or None)
        for name in names
    ]
    return found[0][0], tuple(dict.fromkeys(precision for _, precision in found))


def _load(spec: ModelSpec, config: StackConfig) -> Workload:
    """What is to be served."""
    asked = config.workload
    if asked.training.model_fields_set:
        from sizing.training.asked import no_training

        no_training(config)
    workload = make_workload(
        spec.context_limit,
        asked.context,
        asked.concurrency,
        load=load_of(asked, spec.context_limit),
    )
    _check_method(config, workload)
    return workload


def _training(
    config: StackConfig, secrets: Collection[str]
) -> tuple[ModelSpec, tuple[Precision, ...], Workload, Job]:
    """The model, the weights' format, and the run on one rank of many."""
    from sizing.training.asked import (
        no_serving,
        training_job,
        training_precision,
        training_workload,
    )

    no_serving(config, secrets)
    name = training_precision(config)
    spec, _ = find_model(config.model, name, config.params or None)
    workload = training_workload(spec, config)
    job = training_job(spec, config, workload)
    return spec, (job.precision,), workload, job


def _with_usage(config: StackConfig, workload: Workload) -> StackConfig:
    """The configuration whose usage is what the load brings in a month, where it says nothing."""
    load = workload.load
    if load is None:
        return config
    brought = {
        "requests_per_month": load.requests_per_second * 3600 * config.hours_per_month,
        "prompt_tokens": load.prompt_tokens,
        "answer_tokens": load.output_tokens,
    }
    said = config.usage.model_fields_set
    usage = {key: value for key, value in brought.items() if key not in said}
    return config.model_copy(update={"usage": config.usage.model_copy(update=usage)})


def _check_method(config: StackConfig, workload: Workload) -> None:
    if workload.load and config.method is Method.RULE_OF_THUMB:
        allowed = "engine, with requestsPerSecond: the rule of thumb knows no time"
        raise InputError("method", config.method.value, allowed, Method.ENGINE.value)


def _instances(names: tuple[str, ...], key: str) -> list[str]:
    return [find_instance(name, key).name for name in names]


def _gpus(
    config: StackConfig, allow: frozenset[str], inventory: Inventory | None
) -> tuple[Gpu, ...]:
    """The GPU asked for; where only instance types were named, theirs; else H100 and one's own."""
    if config.gpu:
        return find_gpus(config.gpu)
    own = {node.instance.gpu for node in inventory.nodes} if inventory else set[str]()
    asked = {instance(name).gpu for name in allow} or {DEFAULT_GPU}
    return tuple(gpu(name) for name in sorted(own | asked))


def _check_carried(allow: frozenset[str], gpus: tuple[Gpu, ...]) -> None:
    """Refuse a list of types of which none carries a GPU that was asked for."""
    asked = {g.name for g in gpus}
    if allow and not any(instance(name).gpu in asked for name in allow):
        carrying = f"types with the GPU asked for ({', '.join(sorted(asked))})"
        raise InputError("instanceTypes.allow", ", ".join(sorted(allow)), carrying)


def _other_gpus(
    gpus: tuple[Gpu, ...], allow: frozenset[str], inventory: Inventory | None
) -> tuple[Gpu, ...]:
    """The GPUs to compare with; none where only some instance types may be used."""
    if allow:
        return ()
    asked = {g.name for g in gpus}
    sold = dict.fromkeys(instance(name).gpu for name in instance_names())
    own = dict.fromkeys(n.instance.gpu for n in inventory.nodes) if inventory else {}
    return tuple(gpu(name) for name in {**sold, **own} if name not in asked)


def _check_precisions(precisions: tuple[Precision, ...], gpus: tuple[Gpu, ...]) -> None:
    """Refuse precisions of which none of the GPUs runs any."""
    for precision in precisions:
        if any(support(precision, g.compute_capability).mode != "no" for g in gpus):
            return
    precision = precisions[0]
    runs = [
        name
        for name, other in PRECISIONS.items()
        if any(support(other, g.compute_capability).mode != "no" for g in gpus)
    ]
    names = "/".join(g.name for g in gpus)
    nearest = min(runs, key=lambda n: _distance(PRECISIONS[n], precision), default=None)
    raise InputError("precision", precision.name, f"what {names} runs: {', '.join(runs)}", nearest)


def _distance(a: Precision, b: Precision) -> tuple[bool, float]:
    """How far `a` is from `b`: losing bits is worse than gaining some."""
    return (a.bits < b.bits, abs(a.bits - b.bits))


def _check_offered(allow: frozenset[str], regions: tuple[str, ...]) -> None:
    """Refuse a list of types of which none is offered in any asked region."""
    if not allow or any(region in instance(n).zones for n in allow for region in regions):
        return
    offered = sorted({region for name in allow for region in instance(name).zones})
    asked = ", ".join(regions)
    what = f"a region that offers {', '.join(sorted(allow))}: {', '.join(offered)}"
    raise InputError("region", asked, what, nearest_name(asked, offered))


def _defaults_used(
    config: StackConfig,
    workload: Workload,
    precisions: tuple[Precision, ...],
    purchase_given: bool,
) -> list[str]:
    used: list[str] = []
    if config.precision == "auto":
        whose = "" if workload.trains else ", the published checkpoint's own"
        used.append(f"precision {precisions[0].name}{whose}")
    if config.workload.context is None:
        longest = ", the longest request: the engine refuses longer ones" if workload.load else ""
        used.append(f"context {workload.context:,} tokens{longest}")
    served_at_once = not workload.trains and workload.load is None
    if config.workload.concurrency is None and served_at_once:
        used.append(f"concurrency {workload.concurrency} sequences")
    used += [f"region {config.region}"] if config.region == DEFAULT_REGION else []
    used += (
        [config.purchase.value]
        if not purchase_given and config.purchase is Purchase.ON_DEMAND
        else []
    )
    used += [f"GPU {DEFAULT_GPU}"] if not config.gpu and not config.instance_types.allow else []
    return used
