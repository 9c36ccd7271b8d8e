"""Reads a stack's configuration from Pulumi."""

from __future__ import annotations

from typing import cast

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic.alias_generators import to_snake

from cluster.args import GpuClusterArgs
from cluster.choice import SECRET_KINDS
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
    """A stack's configuration and secrets as the component's arguments, as far as given."""
    plain = config.model_dump(mode="json", exclude_unset=True)
    return cast("GpuClusterArgs", {**plain, **stack_secrets()})


def stack_secrets() -> dict[str, pulumi.Output[str]]:
    """The secrets that the stack brings, by the component's argument."""
    config = pulumi.Config()
    found = {to_snake(key): config.get_secret(key) for key in SECRET_KINDS if config.get(key)}
    return {name: value for name, value in found.items() if value is not None}


def secrets_brought() -> frozenset[str]:
    """The config keys of the secrets that the stack brings."""
    config = pulumi.Config()
    return frozenset(key for key in SECRET_KINDS if config.get(key))


def _keys_of(namespace: str) -> list[str]:
    """Every key that the stack sets in a namespace: `pulumi.Config` only answers for known ones."""
    everything = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    prefix = f"{namespace}:"
    return sorted(key.removeprefix(prefix) for key in everything if key.startswith(prefix))


def _check_key(key: str, *, is_secret: bool) -> None:
    if key in SECRET_KINDS:
        if not is_secret:
            how = f"a secret: `pulumi config set --secret {key}`, and make this one invalid"
            raise InputError(key, "(in the clear)", how)
        return
    known = [field.alias or name for name, field in StackConfig.model_fields.items()]
    if key == "region":
        raise InputError(key, "(set)", "aws:region says the region", "aws:region")
    if key not in known:
        names = [name for name in known if name != "region"]
        raise unknown_name("config key", key, [*names, *SECRET_KINDS])
    if is_secret:
        # The plan is printed and exported, so a secret would end up in the clear.
        raise InputError(key, "(secret)", "a value in the clear: plans are printed and exported")
