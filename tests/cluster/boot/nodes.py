"""Nodes of every kind, and their software laid out under a folder with fakes for the tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from cluster.boot import container_image, user_data
from cluster.identity import Identity
from cluster.names import NodePlacement, node_placements
from cluster.serving import Executor, Serving, Weights, WeightSource
from sizing.plan import Layout, Plan
from tests.cluster.plans import plan_405b, shaped
from tests.conftest import REQUIRED

IDENTITY = Identity("gpu-sizing", "prod", "llm", "us-east-1")
TOKEN, API_KEY = "hf_very-secret-token", "very-secret-key"
TOKEN_SECRET, API_KEY_SECRET = "hugging-face-token", "api-key"
UPSTREAM = container_image("vllm:0.33", "")
AWS_IMAGE = container_image("vllm:0.31", "")
OWN_IMAGE = "registry.example.com/team/vllm-ray:v0.33.0"

HUGGING_FACE = Weights(WeightSource.HUGGING_FACE, "meta-llama/Llama-3.1-405B-Instruct", "abc123")
S3 = Weights(WeightSource.S3, "s3://bucket/llama/")


def serving(**changes: Any) -> Serving:
    """Llama from Hugging Face, with a token and an API key."""
    given: dict[str, Any] = {
        "image": UPSTREAM,
        "weights": HUGGING_FACE,
        "served_name": "llama",
        "token_secret": TOKEN_SECRET,
        "api_key_secret": API_KEY_SECRET,
    }
    return Serving(**{**given, **changes})


@dataclass(frozen=True, slots=True)
class Case:
    """One node of a plan, and what it serves."""

    plan: Plan
    index: int = 0
    serving: Serving | None = field(default_factory=serving)

    @property
    def node(self) -> NodePlacement:
        """The node."""
        return node_placements("llm", self.plan.node_groups)[self.index]

    def document(self) -> str:
        """Its user data."""
        return user_data(self.plan, self.node, IDENTITY, self.serving)

    def files(self) -> dict[str, str]:
        """The files that its user data writes, by path."""
        return {file["path"]: file["content"] for file in parsed(self.document())["write_files"]}


def parsed(document: str) -> dict[str, Any]:
    """The document as cloud-init reads it."""
    return cast("dict[str, Any]", yaml.safe_load(document))


def _laid_out(plan: Plan, layout: Layout) -> Plan:
    sizes = {"tensor-parallel-size": str(layout.tp), "pipeline-parallel-size": str(layout.pp)}
    return plan.model_copy(
        update={"layout": layout, "engine_flags": {**plan.engine_flags, **sizes}}
    )


def _experts() -> Plan:
    flags = {**plan_405b().engine_flags, "enable-expert-parallel": "", "kv-cache-dtype": "fp8"}
    return plan_405b().model_copy(update={"engine_flags": flags})


ONE_GPU = _laid_out(shaped("g6.xlarge", (1, 1, 1)), Layout(tp=1, pp=1))
EIGHT_REPLICAS = _laid_out(shaped("p5.48xlarge", (8, 1, 8)), Layout(tp=1, pp=1))
DATA_PARALLEL = _laid_out(plan_405b(), Layout(tp=8, pp=1, dp=2))
ONE_NODE = Case(plan_405b("int4"))
SPANNING = Case(plan_405b())
CASES: Mapping[str, Case] = {
    "nodes alone": Case(plan_405b(), serving=None),
    "one gpu": Case(ONE_GPU),
    "two replicas a node": ONE_NODE,
    "eight replicas a node": Case(EIGHT_REPLICAS),
    "head": SPANNING,
    "worker": Case(plan_405b(), 1),
    "experts, fp8 cache": Case(_experts(), 1),
    "data parallel head": Case(DATA_PARALLEL),
    "data parallel worker": Case(DATA_PARALLEL, 1),
    "ray head": Case(plan_405b(), 0, serving(image=OWN_IMAGE, executor=Executor.RAY)),
    "ray worker": Case(plan_405b(), 1, serving(image=OWN_IMAGE, executor=Executor.RAY)),
    "online fp8": Case(plan_405b(), 0, serving(quantization="fp8_per_tensor")),
    "s3, streamed": Case(plan_405b(), 1, serving(weights=S3)),
    "s3, streamed to one gpu": Case(ONE_GPU, 0, serving(weights=S3)),
    "s3, copied": Case(plan_405b(), 0, serving(weights=S3, image=OWN_IMAGE)),
    "aws image": Case(plan_405b(), 0, serving(image=AWS_IMAGE)),
}


def tool(name: str) -> str:
    """The path of a tool that `make test-deps` installs; without it the test is skipped."""
    found = shutil.which(name)
    if found is None:
        why = f"{name} is missing: `make test-deps` as root installs it"
        pytest.fail(why) if REQUIRED else pytest.skip(why)
    return found


_RECORD = """#!/bin/bash
line=$(printf '%s\\x1f' "${0##*/}" "$@")
printf '%s\\x1e' "$line" >>"$CALLS"
"""
_SECRETS = f"""
case $* in
  *{TOKEN_SECRET}*) echo '{TOKEN}';;
  *{API_KEY_SECRET}*) echo '{API_KEY}';;
  *get-parameter*) cat "$GPU_SIZING_ROOT/head" 2>/dev/null;;
esac
"""
# A container runs until it is stopped, or ends at once with the code in the file `code`.
_DOCKER = """
case $1 in
  run)
    while [ $# -gt 0 ]; do
      [ "$1" != --env-file ] || { cat "$2" && echo; } >>"$GPU_SIZING_ROOT/env"
      shift
    done
    [ ! -e "$GPU_SIZING_ROOT/code" ] || exit "$(cat "$GPU_SIZING_ROOT/code")"
    while [ ! -e "$GPU_SIZING_ROOT/stop" ]; do /bin/sleep 0.02; done
    exit 137;;
  stop) touch "$GPU_SIZING_ROOT/stop";;
esac
"""
_CURL = """
case $* in
  *api/token*) echo imds-token;;
  *local-ipv4*) echo 10.0.0.1;;
  */health*) [ -e "$GPU_SIZING_ROOT/up" ];;
esac
"""


class NodeRoot:
    """A node's files under a folder that stands for `/`, and fakes that record their calls."""

    def __init__(self, root: Path, case: Case) -> None:
        self.root = root
        self._bin = root / "fakes"
        self._calls = root / "calls"
        for path, content in case.files().items():
            target = root / path.removeprefix("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        for folder in ("dev", "fakes"):
            (root / folder).mkdir()
        self.fake("aws", _SECRETS)
        self.fake("docker", _DOCKER)
        self.fake("curl", _CURL)
        self.fake("sleep", "exec /bin/sleep 0.02")
        self.fake("ip", "echo '2: ens32    inet 10.0.0.1/20 brd 10.0.15.255 scope global ens32'")
        self.fake("ss", 'cat "$GPU_SIZING_ROOT/peers" 2>/dev/null')
        for name in ("nvidia-smi", "fi_info", "systemctl", "mount", "mdadm", "mkfs.ext4"):
            self.fake(name, "")
        for name in ("mountpoint", "blkid"):
            self.fake(name, "exit 1")

    def fake(self, name: str, body: str) -> None:
        """Put a program on the PATH that records its arguments and does `body` (bash)."""
        path = self._bin / name
        path.write_text(_RECORD + body)
        path.chmod(0o755)

    def write(self, path: str, content: str = "") -> None:
        """Write a file under the root at once, as a reader sees it."""
        target = self.root / path
        target.with_suffix(".new").write_text(content)
        target.with_suffix(".new").replace(target)

    def read(self, path: str) -> str:
        """A file under the root, empty where there is none."""
        target = self.root / path
        return target.read_text() if target.exists() else ""

    def start(self, script: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a script of the node; what it prints is one stream."""
        environment = {
            "PATH": f"{self._bin}:/usr/bin:/bin",
            "GPU_SIZING_ROOT": str(self.root),
            "CALLS": str(self._calls),
            "HOME": os.environ.get("HOME", "/"),
        }
        return subprocess.Popen(
            ["/bin/bash", str(self.root / "opt/gpu-sizing" / script), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, script: str, *arguments: str) -> tuple[int, str]:
        """Run a script to its end: its exit code and what it printed."""
        process = self.start(script, *arguments)
        printed, _ = process.communicate(timeout=30)
        return process.returncode, printed

    def calls(self, program: str, *first: str) -> list[list[str]]:
        """The arguments of each call of a fake that began with `first`."""
        lines = [line.split("\x1f")[:-1] for line in self.read("calls").split("\x1e")]
        wanted = [program, *first]
        return [line[1:] for line in lines if line[: len(wanted)] == wanted]

    def statuses(self) -> list[str]:
        """What was put into the node's status parameter, in order."""
        puts = self.calls("aws", "ssm", "put-parameter")
        return [put[put.index("--value") + 1] for put in puts]

    def containers(self) -> list[list[str]]:
        """The arguments of each `docker run`."""
        return self.calls("docker", "run")

    @property
    def console(self) -> list[str]:
        """The lines on the console."""
        return self.read("dev/console").splitlines()


def command_of(container: list[str], image: str) -> list[str]:
    """What runs in a container: its entrypoint and the arguments after the image."""
    entrypoint = container[container.index("--entrypoint") + 1]
    return [entrypoint, *container[container.index(image) + 1 :]]
