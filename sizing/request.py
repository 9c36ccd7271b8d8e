"""What is asked of the planner, checked before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.catalog.gpus import find_gpus, gpu
from sizing.catalog.instances import DEFAULT_REGION, find_instance, find_region, instance
from sizing.errors import InputError, nearest_name, unknown_name
from sizing.gpu import Gpu
from sizing.instance import Purchase
from sizing.model import ModelSpec
from sizing.plan import Method
from sizing.precision import PRECISIONS, Precision, native_precision, parse_precision
from sizing.resolve import resolve
from sizing.stack_config import StackConfig
from sizing.support import KvDtype, parse_kv_dtype, support
from sizing.workload import Workload, make_workload

ANY = "any"
DEFAULT_GPU = "H100"


@dataclass(frozen=True, slots=True)
class Request:
    """A question to the planner: what to run, and where it may run."""

    spec: ModelSpec
    precision: Precision
    kv_dtype: KvDtype
    workload: Workload
    gpus: tuple[Gpu, ...]
    allow: frozenset[str]
    deny: frozenset[str]
    regions: tuple[str, ...]
    purchases: tuple[Purchase, ...]
    replicas: int
    method: Method
    spread: bool
    hours_per_month: float
    budget_monthly_usd: float | None
    defaults_used: tuple[str, ...]


def request_from(
    config: StackConfig,
    *,
    regions: tuple[str, ...] = (),
    purchases: tuple[Purchase, ...] = (),
) -> Request:
    """A checked request. `regions` and `purchases` widen the search beyond the stack's own.

    Raises InputError for anything unknown or contradictory.
    """
    resolved = resolve(config.model)
    spec = resolved.spec
    if spec.unsupported_reason:
        raise InputError(
            "model", config.model, f"a model that can be sized ({spec.unsupported_reason})"
        )
    precision = _precision(config, spec, resolved.precision_from_name)
    workload = make_workload(
        spec.max_context or 10**7,
        config.workload.context,
        config.workload.concurrency,
        purpose=config.workload.purpose,
    )
    allow = frozenset(_instances(config.instance_types.allow, "instanceTypes.allow"))
    deny = frozenset(_instances(config.instance_types.deny, "instanceTypes.deny"))
    if allow and allow <= deny:
        raise InputError("instanceTypes.deny", sorted(deny), "not every type that `allow` names")
    gpus = _gpus(config, allow)
    where = tuple(find_region(r) for r in regions or (config.region,))
    _check_precision(precision, gpus)
    _check_offered(allow, where)
    return Request(
        spec=spec,
        precision=precision,
        kv_dtype=parse_kv_dtype(config.kv_dtype, "kvDtype"),
        workload=workload,
        gpus=gpus,
        allow=allow,
        deny=deny,
        regions=where,
        purchases=purchases or (config.purchase,),
        replicas=config.replicas,
        method=config.method,
        spread=config.spread,
        hours_per_month=config.hours_per_month,
        budget_monthly_usd=config.budget.monthly_usd,
        defaults_used=tuple(_defaults_used(config, workload, precision, bool(purchases))),
    )


def parse_purchases(text: str) -> tuple[Purchase, ...]:
    """One purchase option, or all of them for `any`."""
    if text == ANY:
        return tuple(Purchase)
    if text not in {p.value for p in Purchase}:
        raise unknown_name("purchase", text, [*(p.value for p in Purchase), ANY])
    return (Purchase(text),)


def _precision(config: StackConfig, spec: ModelSpec, named: Precision | None) -> Precision:
    if config.precision != "auto":
        return parse_precision(config.precision)
    return named or native_precision(spec)


def _instances(names: tuple[str, ...], key: str) -> list[str]:
    return [find_instance(name, key).name for name in names]


def _gpus(config: StackConfig, allow: frozenset[str]) -> tuple[Gpu, ...]:
    """The GPU asked for; where only instance types were named, theirs."""
    if config.gpu:
        return find_gpus(config.gpu)
    if allow:
        return tuple(gpu(name) for name in sorted({instance(n).gpu for n in allow}))
    return find_gpus(DEFAULT_GPU)


def _check_precision(precision: Precision, gpus: tuple[Gpu, ...]) -> None:
    """Refuse a precision that none of the GPUs runs."""
    refused = [support(precision, g.compute_capability) for g in gpus]
    if not all(r.mode == "no" for r in refused):
        return
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
    config: StackConfig, workload: Workload, precision: Precision, purchase_given: bool
) -> list[str]:
    used: list[str] = []
    if config.precision == "auto":
        used.append(f"precision {precision.name}, the published checkpoint's own")
    if config.workload.context is None:
        used.append(f"context {workload.context:,} tokens")
    if config.workload.concurrency is None:
        used.append(f"concurrency {workload.concurrency} sequences")
    used += [f"region {config.region}"] if config.region == DEFAULT_REGION else []
    used += (
        [config.purchase.value]
        if not purchase_given and config.purchase is Purchase.ON_DEMAND
        else []
    )
    used += [f"GPU {DEFAULT_GPU}"] if not config.gpu and not config.instance_types.allow else []
    return used
