"""Facts as plain dictionaries: what `inspect`, `models` and `instances` answer."""

from __future__ import annotations

from sizing.catalog.checkpoints import known_checkpoints
from sizing.catalog.gpus import find_gpus
from sizing.catalog.instances import find_region, instances_with
from sizing.catalog.model_store import load
from sizing.catalog.model_store import search as find_models
from sizing.catalog.prices import offer
from sizing.census import (
    attention_kinds,
    kv_bytes,
    kv_bytes_per_token,
    kv_growth_per_token,
    params_active,
    params_by_group,
    params_mtp,
    params_total,
    state_bytes_per_sequence,
)
from sizing.instance import InstanceType, Purchase
from sizing.model import Block, ModelSpec
from sizing.precision import Precision, native_precision, weight_bytes

KV_CONTEXTS = (1024, 8192, 32768, 131072)


def model_facts(
    spec: ModelSpec, precision: Precision | None = None, named: str | None = None
) -> dict[str, object]:
    """Parameters, KV cache (bf16, bytes of one sequence) and limits of a model.

    `precision` is how the named checkpoint stores its weights; None takes the published one's.
    `named` is the model as it was typed, which decides the `checkpoints` that may serve it.

    `kv_bytes_per_token` counts the layers whose cache grows with the whole context;
    `kv_bytes_per_token_in_window` adds the layers with a window while it fills.
    """
    stored = precision or native_precision(spec)
    return {
        "model": spec.name,
        "hf_id": spec.hf_id,
        "architecture": spec.architecture,
        "params_total": params_total(spec),
        "params_active": params_active(spec),
        "params_by_group": {g: n for g, n in params_by_group(spec).items() if n},
        "params_mtp": params_mtp(spec),
        "nominal_params": spec.nominal_params,
        "layers": spec.layers,
        "blocks": [_block(spec.blocks[n], count) for n, count in spec.layer_counts.items()],
        "hidden": spec.hidden,
        "vocab": spec.vocab,
        "attention_kinds": attention_kinds(spec),
        "kv_bytes_per_token": int(kv_growth_per_token(spec)),
        "kv_bytes_per_token_in_window": int(kv_bytes_per_token(spec)),
        "kv_bytes_at": {str(n): kv_bytes(spec, n) for n in KV_CONTEXTS},
        "state_bytes_per_sequence": state_bytes_per_sequence(spec),
        "max_context": spec.max_context,
        "checkpoint_precision": stored.name,
        "weights_bytes": weight_bytes(spec, stored),
        "checkpoint_bytes": weight_bytes(spec, stored, mtp=True),
        "checkpoints": {
            name: checkpoint.model_dump(mode="json")
            for name, checkpoint in known_checkpoints(spec, named).items()
        },
        "source": spec.source,
        "as_of": str(spec.as_of) if spec.as_of else None,
        "evidence": spec.evidence.value,
        "notes": list(spec.notes),
        "unsupported_reason": spec.unsupported_reason,
    }


def catalogue_rows(search: str | None) -> list[dict[str, object]]:
    """The catalogue's models whose name, family, alias or id holds `search` (all for None)."""
    return [_model_row(load(name)) for name in find_models(search or "")]


def instance_rows(gpu: str, region: str) -> list[dict[str, object]]:
    """Instance types with that GPU and their on-demand price in the region, cheapest first."""
    where = find_region(region)
    types = [i for g in find_gpus(gpu) for i in instances_with(g.name)]
    rows = [_instance_row(i, where) for i in types]
    return sorted(rows, key=_by_price)


def _block(block: Block, count: int) -> dict[str, object]:
    attention = block.attention.model_dump(mode="json", exclude_defaults=True)
    ffn = block.ffn.model_dump(mode="json", exclude_defaults=True)
    kinds = {"attention": block.attention.kind, "ffn": block.ffn.kind}
    return {"layers": count, **kinds, "attention_facts": attention, "ffn_facts": ffn}


def _model_row(spec: ModelSpec) -> dict[str, object]:
    return {
        "name": spec.name,
        "hf_id": spec.hf_id,
        "aliases": list(spec.aliases),
        "family": spec.family,
        "params_total": params_total(spec),
        "params_active": params_active(spec),
        "max_context": spec.max_context,
        "attention_kinds": attention_kinds(spec),
        "checkpoint_precision": native_precision(spec).name,
    }


def _instance_row(instance: InstanceType, region: str) -> dict[str, object]:
    price = offer(instance.name, region, Purchase.ON_DEMAND)
    spot = offer(instance.name, region, Purchase.SPOT)
    block = offer(instance.name, region, Purchase.CAPACITY_BLOCK)
    return {
        "instance_type": instance.name,
        "gpu": instance.gpu,
        "gpus": instance.gpus * instance.gpu_fraction,
        "vcpus": instance.vcpus,
        "memory_gib": instance.memory_gib,
        "nvme_gb": instance.nvme_gb,
        "network_gbps": instance.network_gbps,
        "efa_interfaces": instance.efa_interfaces,
        "nvlink": instance.nvlink,
        "offered": region in instance.zones,
        "usd_per_hour": price.usd_per_hour if region in instance.zones else None,
        "price_as_of": price.price_as_of,
        "evidence": price.evidence.value,
        "spot_usd_per_hour": spot.usd_per_hour,
        "spot_usd_per_hour_low": spot.usd_per_hour_low,
        "spot_price_as_of": spot.price_as_of,
        "capacity_block_usd_per_hour": block.usd_per_hour,
        "capacity_block_price_as_of": block.price_as_of,
    }


def _by_price(row: dict[str, object]) -> tuple[bool, float, str]:
    price = row["usd_per_hour"]
    known = isinstance(price, float | int)
    return (not known, float(price) if known else 0.0, str(row["instance_type"]))
