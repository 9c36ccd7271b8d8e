"""A stack's configuration, as the engine hands it over: every value is text."""

from __future__ import annotations

import pytest

from cluster.config import cluster_args, stack_config
from sizing.errors import InputError
from sizing.stack_config import StackConfig
from tests.cluster.recorder import run_program

FULL = {
    "aws:region": "us-west-2",
    "gpu-sizing:model": "llama-3.1-8b",
    "gpu-sizing:replicas": "2",
    "gpu-sizing:spread": "true",
    "gpu-sizing:hoursPerMonth": "200",
    "gpu-sizing:workload": '{"context": 4096}',
    "gpu-sizing:instanceTypes": '{"deny": ["p5.4xlarge"]}',
    "gpu-sizing:network": '{"availabilityZone": "us-west-2b"}',
}


def read(config: dict[str, str], secrets: tuple[str, ...] = ()) -> StackConfig:
    found: list[StackConfig] = []
    run_program(lambda: found.append(stack_config()), config=config, secrets=secrets)
    return found[0]


def test_every_kind_of_value_arrives() -> None:
    config = read(FULL)
    assert (config.region, config.replicas, config.spread) == ("us-west-2", 2, True)
    assert config.workload.context == 4096
    assert config.instance_types.deny == ("p5.4xlarge",)
    assert config.network.availability_zone == "us-west-2b"


def test_the_component_is_told_exactly_what_the_stack_says() -> None:
    config = read(FULL)
    args = cluster_args(config)
    assert StackConfig.from_mapping(args) == config
    assert "precision" not in args


def test_a_missing_region_says_how_to_set_it() -> None:
    with pytest.raises(InputError, match="pulumi config set aws:region us-east-1"):
        read({"gpu-sizing:model": "llama-3.1-8b"})


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("precison", "bf16", "nearest: precision"),
        ("replicas", "many", "replicas: 'many' is not valid; allowed: a whole number"),
        ("replicas", "-1", "at least 1"),
        ("workload", '{"contxt": 1}', "nearest: context"),
        ("workload", "4096", "a section"),
        ("region", "us-east-1", "aws:region says the region"),
    ],
)
def test_mistakes_name_key_value_and_what_is_allowed(key: str, value: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read({**FULL, f"gpu-sizing:{key}": value})


@pytest.mark.parametrize("key", ["model", "hfToken"])
def test_a_secret_is_refused_and_never_shown(key: str) -> None:
    config = {**FULL, f"gpu-sizing:{key}": "hf_verysecret"}
    with pytest.raises(InputError) as caught:
        read(config, secrets=(f"gpu-sizing:{key}",))
    assert "hf_verysecret" not in caught.value.message


def test_reading_registers_nothing() -> None:
    run = run_program(stack_config, config=FULL)
    assert run.resources == []
