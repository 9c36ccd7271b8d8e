"""EC2 instance types with NVIDIA GPUs: facts, zones and regions."""

from __future__ import annotations

from functools import cache

from sizing.catalog.store import read
from sizing.errors import unknown_name
from sizing.instance import InstanceType

DEFAULT_REGION = "us-east-1"


@cache
def instance(name: str) -> InstanceType:
    """The instance type of that exact name."""
    return InstanceType.model_validate(read("instances.json")["instances"][name])


def instance_names() -> tuple[str, ...]:
    """Every instance type in the catalogue."""
    return tuple(read("instances.json")["instances"])


def find_instance(text: str, key: str = "instance") -> InstanceType:
    """The instance type that `text` names; InputError naming `key` if there is none."""
    wanted = text.strip().lower()
    if wanted not in read("instances.json")["instances"]:
        raise unknown_name(key, text, instance_names())
    return instance(wanted)


@cache
def instances_with(gpu: str) -> tuple[InstanceType, ...]:
    """Every instance type that carries that GPU (catalogue name), smallest first."""
    rows = read("instances.json")["instances"].values()
    names = [
        (r["gpus"] * r["gpu_fraction"], r["vcpus"], r["name"]) for r in rows if r["gpu"] == gpu
    ]
    return tuple(instance(name) for *_, name in sorted(names))


@cache
def regions() -> tuple[str, ...]:
    """Every region in which some instance type is offered."""
    rows = read("instances.json")["instances"].values()
    return tuple(sorted({region for row in rows for region in row["zones"]}))


def find_region(text: str, key: str = "region") -> str:
    """The region that `text` names; InputError naming `key` if it is not one."""
    wanted = text.strip().lower()
    if wanted not in regions():
        raise unknown_name(key, text, regions())
    return wanted
