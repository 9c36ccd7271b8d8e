"""The provider protocol over the table: what the engine calls for a preview or an update."""
# ruff: noqa: ARG002 -- the protocol fixes the parameters, used or not

from __future__ import annotations

import json
import os
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

from sandbox.aws_provider.check import DEFAULTS, Failure, Naming, check_inputs
from sandbox.aws_provider.clients import Aws, AwsError, EndpointError, choose_endpoint
from sandbox.aws_provider.diff import PropertyChange, changes
from sandbox.aws_provider.invokes import INVOKES
from sandbox.aws_provider.queries import InvokeError
from sandbox.aws_provider.registry import RESOURCES
from sandbox.aws_provider.resource import Change, ResourceType, same_value
from sandbox.aws_provider.values import UNKNOWN, Props, from_struct, to_struct


class ConfigError(Exception):
    """The provider's configuration cannot be used."""


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """One configured provider: an endpoint on loopback, a region, default tags."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._endpoint = ""
        self._region = ""
        self._default_tags: dict[str, str] = {}
        self._regions: dict[str, Aws] = {}
        self._lock = threading.Lock()

    def Handshake(
        self, request: pb.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> pb.ProviderHandshakeResponse:
        # Without secrets, resources and outputs the engine sends plain values and marks the
        # answers secret itself.
        return pb.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self._version)

    def CheckConfig(
        self, request: pb.CheckRequest, context: grpc.ServicerContext
    ) -> pb.CheckResponse:
        try:
            read_config(from_struct(request.news))
        except (ConfigError, EndpointError) as error:
            return pb.CheckResponse(failures=[pb.CheckFailure(reason=str(error))])
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        olds, news = from_struct(request.old_inputs), from_struct(request.news)
        return _diff_response(changes(olds, news, replacing=("region",)))

    def Configure(
        self, request: pb.ConfigureRequest, context: grpc.ServicerContext
    ) -> pb.ConfigureResponse:
        with _told(context):
            config = read_config(from_struct(request.args))
            self._endpoint, self._region, self._default_tags = config
        return pb.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    def Invoke(self, request: pb.InvokeRequest, context: grpc.ServicerContext) -> pb.InvokeResponse:
        with _told(context):
            function = INVOKES.get(request.tok)
            if function is None:
                raise InvokeError(f"the stand-in aws provider has no function {request.tok}")
            args = from_struct(request.args)
            response = pb.InvokeResponse()
            getattr(response, "return").CopyFrom(to_struct(function(self._aws(args), args)))
            return response
        raise AssertionError

    def Check(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        with _told(context):
            kind = _kind(request.urn)
        naming = Naming(
            resource=request.urn.rpartition("::")[2],
            seed=request.randomSeed,
            proposed=request.autonaming.proposed_name,
        )
        olds, news = from_struct(request.olds), from_struct(request.news)
        inputs, failures = check_inputs(kind, olds, news, naming, self._default_tags)
        return pb.CheckResponse(inputs=to_struct(inputs), failures=_failures(failures))

    def Diff(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        kind = _kind(request.urn)
        olds, news = from_struct(request.old_inputs), from_struct(request.news)
        found = _changes(kind, olds, news, request.ignoreChanges)
        response = _diff_response(found)
        # A name that the program fixed is taken until the old resource is gone.
        fixed = bool(kind.name) and kind.name not in news.get(DEFAULTS, [])
        renamed = any(change.root == kind.name for change in found)
        response.deleteBeforeReplace = bool(response.replaces) and fixed and not renamed
        return response

    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> pb.CreateResponse:
        kind, inputs = _kind(request.urn), from_struct(request.properties)
        if request.preview:
            planned = {"region": self._region, **kind.planned(inputs)}
            return pb.CreateResponse(properties=_outputs(planned))
        with _told(context):
            aws = self._aws(inputs)
            identity = kind.create(aws, inputs)
            live = kind.read(aws, identity, inputs) or {}
            properties = _outputs({**inputs, "region": aws.region, **live})
            return pb.CreateResponse(id=identity, properties=properties)
        raise AssertionError

    def Read(self, request: pb.ReadRequest, context: grpc.ServicerContext) -> pb.ReadResponse:
        kind = _kind(request.urn)
        state, inputs = from_struct(request.properties), from_struct(request.inputs)
        with _told(context):
            aws = self._aws(state)
            live = kind.read(aws, request.id, state)
            if live is None:
                return pb.ReadResponse()  # an empty id says that it is gone
            drift = {key: value for key, value in live.items() if _drifted(key, value, state)}
            outputs = {**state, "region": aws.region, **drift}
            seen = {key: value for key, value in drift.items() if key in inputs}
            known = inputs or {k: v for k, v in live.items() if k in kind.known_properties}
            return pb.ReadResponse(
                id=request.id, properties=_outputs(outputs), inputs=to_struct({**known, **seen})
            )
        raise AssertionError

    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> pb.UpdateResponse:
        kind = _kind(request.urn)
        olds, news = from_struct(request.old_inputs), from_struct(request.news)
        change = Change(olds, news, _changes(kind, olds, news, request.ignoreChanges))
        # What the program no longer sets is no output either, unless AWS computes it.
        dropped = olds.keys() - news.keys() - set(kind.computed)
        kept = {k: v for k, v in from_struct(request.olds).items() if k not in dropped}
        if request.preview:
            unknown = dict.fromkeys(kind.volatile(change), UNKNOWN)
            return pb.UpdateResponse(properties=_outputs({**kept, **news, **unknown}))
        with _told(context):
            aws = self._aws(news)
            if kind.update:
                kind.update(aws, request.id, change)
            live = kind.read(aws, request.id, news) or {}
            return pb.UpdateResponse(properties=_outputs({**kept, **news, **live}))
        raise AssertionError

    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        state = from_struct(request.properties)
        with _told(context):
            _kind(request.urn).delete(self._aws(state), request.id, state)
        return Empty()

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        return Empty()  # every call is short: there is nothing to wait for

    def _aws(self, props: Props) -> Aws:
        """The region that a resource names, else the provider's."""
        region = props.get("region") or self._region
        with self._lock:
            if region not in self._regions:
                self._regions[region] = Aws(self._endpoint, region)
            return self._regions[region]


def read_config(config: Props) -> tuple[str, str, dict[str, str]]:
    """(endpoint, region, default tags); ConfigError or EndpointError says what is missing."""
    region = config.get("region") or os.environ.get("AWS_REGION")
    region = region or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise ConfigError("aws:region is not set: `pulumi config set aws:region us-east-1`")
    named: dict[str, str] = {}
    for group in _nested(config.get("endpoints"), []):
        named.update(group)
    tags: dict[str, str] = _nested(config.get("defaultTags"), {}).get("tags", {})
    return choose_endpoint(named, os.environ), region, tags


def _nested(value: Any, empty: Any) -> Any:
    """Nested provider configuration arrives as JSON in a string."""
    if value is None or value == UNKNOWN:
        return empty
    return json.loads(value) if isinstance(value, str) else value


def _kind(urn: str) -> ResourceType:
    token = urn.split("::")[2].rpartition("$")[2]
    kind = RESOURCES.get(token)
    if kind is None:
        raise ConfigError(f"the stand-in aws provider has no resource type {token}")
    return kind


def _changes(
    kind: ResourceType, olds: Props, news: Props, ignored: Iterable[str]
) -> list[PropertyChange]:
    replacing = {*kind.replaces, *kind.replaces_when(news), "region"}
    old, new = ({k: v for k, v in side.items() if k != DEFAULTS} for side in (olds, news))
    return changes(old, new, replacing, ignored)


def _drifted(key: str, value: Any, state: Props) -> bool:
    return key not in state or not same_value(state[key], value)


def _outputs(props: Props) -> Any:
    return to_struct({key: value for key, value in props.items() if key != DEFAULTS})


def _failures(failures: list[Failure]) -> list[pb.CheckFailure]:
    return [pb.CheckFailure(property=f.prop, reason=f.reason) for f in failures]


def _diff_response(found: list[PropertyChange]) -> pb.DiffResponse:
    some = pb.DiffResponse.DIFF_SOME if found else pb.DiffResponse.DIFF_NONE
    return pb.DiffResponse(
        changes=some,
        diffs=sorted({change.root for change in found}),
        replaces=sorted({change.root for change in found if change.replaces}),
        detailedDiff={change.path: _property_diff(change) for change in found},
        hasDetailedDiff=True,
    )


def _property_diff(change: PropertyChange) -> pb.PropertyDiff:
    name = change.kind.upper() + ("_REPLACE" if change.replaces else "")
    return pb.PropertyDiff(kind=pb.PropertyDiff.Kind.Value(name), inputDiff=True)


@contextmanager
def _told(context: grpc.ServicerContext) -> Generator[None]:
    """Answer an expected error with its message alone, which is what Pulumi shows."""
    try:
        yield
    except (AwsError, ConfigError, EndpointError, InvokeError) as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
