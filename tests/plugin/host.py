"""The plugin as a process, and an engine's side of the protocol that keeps what it is asked."""
# ruff: noqa: ARG002, N802 -- the protocol fixes the names and the parameters

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc
from pulumi.runtime.proto import (
    engine_pb2_grpc,
    provider_pb2,
    provider_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

from cluster.component import TYPE
from sandbox.environment import subprocess_environment
from tests.cluster.recorder import ZONES, Answers, Run, thread_loop

PLUGIN = Path(__file__).parent.parent.parent / "plugin"
PROJECT, STACK = "shop", "prod"
_FEATURES = [
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
]


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Registers whatever is asked, and answers as the recorder of the cluster's tests does."""

    def __init__(self) -> None:
        self._answers = Answers(Run(), preview=False, zones=ZONES)
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self.resources: list[Any] = []
        self.invokes: list[Any] = []
        self.outputs: dict[str, dict[str, Any]] = {}

    def GetDeploymentInfo(self, request: Empty, context: object) -> resource_pb2.DeploymentInfo:
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)

    def RegisterPackage(self, request: Any, context: object) -> Any:
        return resource_pb2.RegisterPackageResponse(ref="ref")

    def RegisterResource(self, request: Any, context: object) -> Any:
        self.resources.append(request)
        with thread_loop():
            inputs = rpc.deserialize_properties(request.object)
        args = SimpleNamespace(name=request.name, typ=request.type, inputs=inputs)
        identity, state = self._answers.new_resource(args)
        made = Struct()
        made.update({k: v for k, v in state.items() if k not in inputs})
        made.MergeFrom(request.object)
        urn = f"urn:pulumi:{STACK}::{PROJECT}::{request.type}::{request.name}"
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=made)

    def RegisterResourceOutputs(self, request: Any, context: object) -> Empty:
        self.outputs[request.urn.split("::")[-1]] = rpc.deserialize_properties(request.outputs)
        return Empty()

    def Invoke(self, request: Any, context: object) -> Any:
        arguments = rpc.deserialize_properties(request.args)
        answer = Struct()
        if request.tok == "pulumi:pulumi:getResource":  # of a provider that the program made
            answer.update({"urn": arguments["urn"], "id": "some-id", "state": {}})
        else:
            self.invokes.append(request)
            args = SimpleNamespace(token=request.tok, args=arguments, provider=request.provider)
            answer.update(self._answers.call(args)[0])
        return resource_pb2.ResourceInvokeResponse(**cast("Any", {"return": answer}))

    def children(self) -> list[Any]:
        """What was registered below the component."""
        return [request for request in self.resources if request.type != TYPE]


class Engine(engine_pb2_grpc.EngineServicer):
    """Keeps the messages that a user would see."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def Log(self, request: Any, context: object) -> Empty:
        self.messages.append(request.message)
        return Empty()


@dataclass
class Host:
    """A running plugin: its gRPC interface, and what it asked of the engine so far."""

    stub: Any
    address: str
    monitor: Monitor = field(default_factory=Monitor)
    engine: Engine = field(default_factory=Engine)

    def construct(
        self,
        inputs: dict[str, Any],
        providers: dict[str, str] | None = None,
        kind: str = TYPE,
    ) -> Any:
        """The answer to an engine's Construct; RpcError for a refusal."""
        given = Struct()
        given.update(inputs)
        request = provider_pb2.ConstructRequest(
            project=PROJECT,
            stack=STACK,
            organization="acme",
            type=kind,
            name="llm",
            parallel=4,
            monitorEndpoint=self.address,
            inputs=given,
            providers=providers,
            accepts_output_values=True,
        )
        return self.stub.Construct(request, timeout=60)


@contextmanager
def running_plugin(folder: Path) -> Generator[Host]:
    """The plugin started in `folder` as Pulumi's Python host does: `python DIR ENGINE`."""
    monitor, engine = Monitor(), Engine()
    server = grpc.server(ThreadPoolExecutor(max_workers=16))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    environment = subprocess_environment({"AWS_EC2_METADATA_DISABLED": "true"}, [])
    environment.pop("PYTHONPATH", None)
    child = subprocess.Popen(
        [sys.executable, str(PLUGIN), address],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        port = child.stdout.readline().strip()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            yield Host(stub, address, monitor, engine)
    finally:
        child.kill()
        child.communicate()
        server.stop(None).wait()
