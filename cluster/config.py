"""Reads a stack's configuration from Pulumi."""

from __future__ import annotations

from typing import cast

import pulumi
from pulumi.runtime import config as runtime_config

from cluster.args import GpuClusterArgs
from sizing.catalog.instances import DEFAULT_REGION
from sizing.errors import InputError, unknown_name
from sizing.stack_config import StackConfig


def stack_config() -> StackConfig:
    """The checked configuration of the running stack. Raises InputError naming the key."""
    config = pulumi.Config()
    for key in _keys_of(config.name):
        _check_key(key, is_secret=runtime_config.is_config_secret(f"{config.name}:{key}"))
    region = pulumi.Config("aws").get("region")
    if not region:
        allowed = f"a region; set it with `pulumi config set aws:region {DEFAULT_REGION}`"
        raise InputError("aws:region", region, allowed, DEFAULT_REGION)
    return StackConfig.from_pulumi(config.get, region)


def cluster_args(config: StackConfig) -> GpuClusterArgs:
    """A stack's configuration as the component's arguments; what the stack left out stays out."""
    return cast("GpuClusterArgs", config.model_dump(mode="json", exclude_unset=True))


def _keys_of(namespace: str) -> list[str]:
    """Every key that the stack sets in a namespace: `pulumi.Config` only answers for known ones."""
    everything = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    prefix = f"{namespace}:"
    return sorted(key.removeprefix(prefix) for key in everything if key.startswith(prefix))


def _check_key(key: str, *, is_secret: bool) -> None:
    known = [field.alias or name for name, field in StackConfig.model_fields.items()]
    if key == "region":
        raise InputError(key, "(set)", "aws:region says the region", "aws:region")
    if key not in known:
        raise unknown_name("config key", key, [name for name in known if name != "region"])
    if is_secret:
        # The plan is printed and exported, so a secret would end up in the clear.
        raise InputError(key, "(secret)", "a value in the clear: plans are printed and exported")
