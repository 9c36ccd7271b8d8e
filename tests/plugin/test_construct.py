"""The plugin's own gRPC interface, as any engine drives it for any language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import rpc
from pulumi.runtime.proto import errors_pb2, provider_pb2, status_pb2

from cluster.component import TYPE
from plugin.schema_file import schema
from tests.plugin.host import Host, running_plugin

AWS = "urn:pulumi:prod::shop::pulumi:providers:aws::west::some-id"
GOOD: dict[str, Any] = {"model": "llama-3.1-405b", "precision": "int8"}


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The plugin, started in an empty folder."""
    with running_plugin(tmp_path_factory.mktemp("elsewhere")) as started:
        yield started


@pytest.fixture
def host(plugin: Host) -> Host:
    """The plugin, of which nothing was asked yet."""
    plugin.monitor.forget()
    return plugin


def output_value(secret: str) -> dict[str, Any]:
    """A secret as languages send it inside an object."""
    return {
        rpc._special_sig_key: rpc._special_output_value_sig,  # pyright: ignore[reportPrivateUsage]
        "value": secret,
        "secret": True,
    }


def refusal(host: Host, inputs: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """What an engine is told: a message, and each bad property with the reason."""
    with pytest.raises(grpc.RpcError) as caught:
        host.construct(inputs)
    error = cast("grpc.Call", caught.value)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, error.details()
    metadata = dict(cast("Any", error.trailing_metadata()))
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    details = errors_pb2.InputPropertiesError()
    assert status.details[0].Unpack(details)
    return status.message, [(e.property_path, e.reason) for e in details.errors]


def test_the_schema_comes_from_the_running_plugin(host: Host) -> None:
    answer = host.stub.GetSchema(provider_pb2.GetSchemaRequest(version=0))
    assert json.loads(answer.schema) == schema()
    assert host.stub.GetPluginInfo(Empty()).version == schema()["version"]


def test_a_cluster_is_made_and_its_outputs_come_back(host: Host) -> None:
    answer = host.construct(GOOD)
    assert answer.urn.endswith("::gpu-sizing:index:GpuCluster::llm")
    state = rpc.deserialize_properties(answer.state)
    assert state.keys() <= schema()["resources"][TYPE]["properties"].keys()
    assert (state["hourlyCostUsd"], state["monthlyCostUsd"]) == (55.1622, 40268.44)
    (node,) = state["nodes"]
    assert (node["id"], node["instanceType"]) == ("id-llm-replica-0-rank-0", "p5.48xlarge")
    assert state["plan"]["precision"] == "int8"
    assert host.monitor.outputs["llm"].keys() >= state.keys()


def test_the_callers_provider_makes_every_child_and_answers_every_question(host: Host) -> None:
    host.construct(GOOD, providers={"aws": AWS})
    assert {child.provider for child in host.monitor.children()} == {AWS}
    asked = {call.tok: call.provider for call in host.monitor.invokes}
    assert "aws:index/getAvailabilityZones:getAvailabilityZones" in asked
    assert set(asked.values()) == {AWS}


def test_without_a_provider_the_default_one_is_left_to_the_engine(host: Host) -> None:
    host.construct(GOOD)
    assert {child.provider for child in host.monitor.children()} == {""}


def test_numbers_arrive_as_the_protocols_floats(host: Host) -> None:
    given = {**GOOD, "replicas": 2.0, "workload": {"context": 4096.0}, "rootVolumeGb": 300.0}
    host.construct(given)
    assert len([r for r in host.monitor.children() if r.type == "aws:ec2/instance:Instance"]) == 2


@pytest.mark.parametrize(
    ("given", "path", "reason"),
    [
        ({"precision": "bf17"}, "precision", "nearest: bf16"),
        ({"model": "lama-3.1-405b"}, "model", "nearest: llama-3.1-405b"),
        ({"workload": {"context": 0}}, "workload.context", "nearest: 1"),
        ({"replicas": [1]}, "replicas", "[1] is not valid"),
        ({"replicas": "many"}, "replicas", "'many' is not valid"),
        ({"workload": "much"}, "workload", "'much' is not valid"),
        ({"precison": "bf16"}, "precison", "nearest: precision"),
        ({"workload": {"contxt": 1}}, "workload.contxt", "nearest: context"),
    ],
)
def test_a_mistake_is_a_property_error_and_makes_nothing(
    host: Host, given: dict[str, Any], path: str, reason: str
) -> None:
    _, ((found, why),) = refusal(host, {**GOOD, **given})
    assert found == path
    assert reason in why
    assert "\n" not in why
    assert host.monitor.resources == []


def test_a_missing_model_is_a_property_error(host: Host) -> None:
    _, ((path, _),) = refusal(host, {"precision": "bf16"})
    assert path == "model"
    assert host.monitor.resources == []


def test_no_plan_is_one_line_without_a_traceback(host: Host) -> None:
    message, errors = refusal(host, {**GOOD, "budget": {"monthlyUsd": 10}})
    assert "over budget" in message
    assert "Traceback" not in message
    assert "\n" not in message
    assert errors == []
    assert host.monitor.resources == []


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("model", {"model": rpc.wrap_rpc_secret("s3cret")}),
        ("replicas", {"replicas": rpc.wrap_rpc_secret(2)}),
        ("workload.context", {"workload": {"context": output_value("s3cret")}}),
        ("workload", {"workload": rpc.wrap_rpc_secret({"context": "s3cret"})}),
    ],
)
def test_a_secret_in_a_plain_argument_is_refused_and_not_repeated(
    host: Host, path: str, given: dict[str, Any]
) -> None:
    message, errors = refusal(host, {**GOOD, **given})
    assert message.startswith(f"{path}: must be a plain value")
    assert errors == []  # with a path the engine would print the value
    assert "s3cret" not in message
    assert host.monitor.resources == []


def test_another_type_is_refused(host: Host) -> None:
    with pytest.raises(grpc.RpcError):
        host.construct(GOOD, kind="gpu-sizing:index:Other")
    assert host.monitor.resources == []
