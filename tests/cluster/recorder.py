"""Runs a program on the SDK's mock monitor and keeps everything it registers."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
import pulumi_aws as aws
from pulumi.output import Unknown
from pulumi.runtime import config as runtime_config
from pulumi.runtime import mocks, rpc
from pulumi.runtime.settings import configure
from pulumi.runtime.stack import run_in_stack

# Its modules load on first use, and one of them warns about itself while it does.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    _ = aws.ec2.Vpc

ZONES = {"us-east-1a": "use1-az6", "us-east-1b": "use1-az1", "us-east-1c": "use1-az2"}
IMAGE = "ami-0123456789abcdef0"
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Registration:
    """One registered resource as the engine would see it."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    dependencies: tuple[str, ...]
    provider: str
    ignore_changes: tuple[str, ...]
    create_timeout: str
    delete_before_replace: bool
    protect: bool
    on_error: tuple[str, ...]
    secrets: tuple[str, ...]
    """The inputs that the engine would encrypt."""


@dataclass
class Run:
    """What a program registered, asked for, exported and logged."""

    resources: list[Registration] = field(default_factory=list[Registration])
    invokes: list[tuple[str, dict[str, Any], str]] = field(
        default_factory=list[tuple[str, dict[str, Any], str]]
    )
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    log: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def of(self, kind: str) -> list[Registration]:
        """The resources of a type, such as `ec2/instance:Instance`."""
        return [r for r in self.resources if r.type == f"aws:{kind}"]

    def one(self, kind: str) -> Registration:
        """The only resource of a type."""
        (found,) = self.of(kind)
        return found

    def named(self, kind: str, name: str) -> Registration:
        """The resource of a type with that name."""
        (found,) = [r for r in self.of(kind) if r.name == name]
        return found


class Unreachable(grpc.RpcError):
    """What the engine answers where its backend fails."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "the backend cannot be reached"


class Answers(mocks.Mocks):
    """AWS's side: ids and computed outputs; at preview nothing computed is known."""

    def __init__(
        self,
        run: Run,
        *,
        preview: bool,
        zones: dict[str, str],
        before: dict[str, Any] | None = None,
    ) -> None:
        self.run, self.preview, self.zones, self.before = run, preview, zones, before

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        if self.preview:
            return "", dict(args.inputs)
        made = {"arn": f"arn:{args.name}", "name": f"{args.name}-1a2b", "latestVersion": 1}
        made |= {"arnSuffix": f"suffix/{args.name}", "dnsName": f"{args.name}.elb.internal"}
        return f"id-{args.name}", {**made, "privateIp": "10.64.0.10", **args.inputs}

    def call(self, args: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token == "pulumi:pulumi:readStackOutputs":
            # The engine's own answer, which needs no provider.
            if self.before is None:
                raise Unreachable
            return {"name": args.args["name"], "outputs": self.before}, []
        self.run.invokes.append((args.token, dict(args.args), str(args.provider)))
        if args.token == "aws:index/getAvailabilityZones:getAvailabilityZones":
            names, ids = list(self.zones), list(self.zones.values())
            return {"id": "r", "names": names, "zoneIds": ids, "groupNames": []}, []
        if args.token == "aws:index/getCallerIdentity:getCallerIdentity":
            return {"id": ACCOUNT, "accountId": ACCOUNT, "arn": "arn:me", "userId": "me"}, []
        assert args.token == "aws:ssm/getParameter:getParameter", args.token
        return {"id": args.args["name"], "insecureValue": IMAGE, **args.args}, []


class Recorder(mocks.MockMonitor):
    """Keeps each request before it is answered."""

    def __init__(self, run: Run, answers: Answers) -> None:
        super().__init__(answers)
        self.run = run

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 -- the protocol's name
        with thread_loop():
            answer = cast("Any", super()).RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            self.run.resources.append(_registration(request, answer.urn))
        return answer

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        with thread_loop():
            return cast("Any", super()).Invoke(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        outputs = rpc.deserialize_properties(request.outputs, keep_unknowns=True)
        self.run.outputs[request.urn.split("::")[-1]] = outputs
        return cast("Any", super()).RegisterResourceOutputs(request)


class LogKeeper(logging.Handler):
    """Keeps what the program logs."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run

    def emit(self, record: logging.LogRecord) -> None:
        self.run.log.append((record.levelname, record.getMessage()))


def run_program(
    program: Callable[[], object],
    *,
    preview: bool = False,
    config: dict[str, str] | None = None,
    secrets: tuple[str, ...] = (),
    zones: dict[str, str] | None = None,
    stack: str = "prod",
    run: Run | None = None,
    before: dict[str, Any] | None = None,
) -> Run:
    """Runs `program` as the language host does, to the last registration. Errors come through.

    What was registered before an error is in `run`, if the caller gave one. `before` are the
    outputs of the stack's last deployment (default: the backend cannot say).
    """
    run = run or Run()
    logger = logging.Logger("pulumi-test")
    logger.addHandler(LogKeeper(run))
    known = ZONES if zones is None else zones
    monitor = Recorder(run, Answers(run, preview=preview, zones=known, before=before))
    settings = mocks.MockSettings(
        monitor=monitor,
        monitor_features=set(cast("Any", monitor).GetDeploymentInfo(None).supportedFeatures),
        engine=mocks.MockEngine(logger),
        project="gpu-sizing",
        stack=stack,
        dry_run=preview,
        organization="organization",
        callbacks=None,
    )

    def run_to_end() -> None:
        program()

    def start() -> None:
        configure(settings)
        runtime_config.set_all_config(config or {}, list(secrets))
        asyncio.run(run_in_stack(run_to_end))

    # The SDK keeps its state in context variables: a copy of the context isolates each run.
    contextvars.copy_context().run(start)
    return run


@contextmanager
def thread_loop() -> Generator[None]:
    """The SDK's mocks open an event loop in every worker thread and leave it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _registration(request: Any, urn: str) -> Registration:
    sent = rpc.deserialize_properties(request.object, keep_unknowns=True)
    return Registration(
        type=request.type,
        name=request.name,
        urn=urn,
        parent=request.parent.split("::")[-1],
        inputs={key: rpc.unwrap_rpc_secret(value) for key, value in sent.items()},
        dependencies=tuple(
            sorted(d.split("::")[-2] + "::" + d.split("::")[-1] for d in request.dependencies)
        ),
        provider=request.provider,
        ignore_changes=tuple(request.ignoreChanges),
        create_timeout=request.customTimeouts.create,
        delete_before_replace=request.deleteBeforeReplace,
        protect=request.protect,
        on_error=tuple(request.hooks.on_error),
        secrets=tuple(sorted(key for key, value in sent.items() if rpc.is_rpc_secret(value))),
    )


def is_unknown(value: object) -> bool:
    """Whether a recorded value was not known."""
    return isinstance(value, Unknown)


__all__ = [
    "ACCOUNT",
    "IMAGE",
    "ZONES",
    "Registration",
    "Run",
    "Unreachable",
    "is_unknown",
    "run_program",
]
