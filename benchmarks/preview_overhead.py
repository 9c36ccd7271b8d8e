"""What our program adds to `pulumi preview`, against one that computes nothing.

    python -m benchmarks.preview_overhead [RUNS]

Both run in the sandbox with the real engine, alternating, on the local stack's configuration. The
other program is written from what the component registers: the same types, names, inputs and
dependencies as literals, in the same SDK. Prints the medians and their ratio; 1 where it is above
the limit.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.lifecycle import Sandbox
from sandbox.testing import scratch_project
from sizing.stack_config import StackConfig, stack_file
from tests.cluster.clusters import cluster
from tests.cluster.recorder import Registration, Run

ROOT = Path(__file__).parent.parent
LIMIT = 1.15
RUNS = 9
STACK = "local"
_HEAD = '''"""Registers what a cluster registers, with nothing computed."""
import pulumi
import pulumi_aws as aws

provider = aws.Provider("aws", region="us-east-1")
options = pulumi.ResourceOptions(provider=provider)
parent = pulumi.ComponentResource("bench:index:Same", "llm", None, options)
made = {}


def opts(*after, **more):
    return pulumi.ResourceOptions(parent=parent, depends_on=[made[name] for name in after], **more)


'''


def main(arguments: list[str]) -> int:
    """Time both programs."""
    runs = int(arguments[0]) if arguments else RUNS
    config = StackConfig.from_file(stack_file(STACK, ROOT / "stacks"))
    found = cluster(**config.model_dump(mode="json", exclude_unset=True))
    with tempfile.TemporaryDirectory() as folder, Sandbox(Path(folder) / "state") as box:
        ours, bare = Path(folder) / "ours", Path(folder) / "bare"
        text = stack_file(STACK, ROOT / "stacks").read_text()
        scratch_project(ROOT, ours, STACK, text)
        _bare_project(bare, found)
        times = _alternate(runs, [_preview(box, ours), _preview(box, bare)])
    mine, other = (statistics.median(t) for t in times)
    print(f"{len(found.resources) - 1} resources, {runs} previews of each program, medians")
    print(f"  ours                           {mine:6.2f} s")
    print(f"  the same, nothing computed     {other:6.2f} s")
    print(f"  ratio                          {mine / other:6.2f}    (limit {LIMIT})")
    return int(mine / other > LIMIT)


def _alternate(runs: int, programs: list[Callable[[], None]]) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in programs]
    for run in range(runs + 1):
        for program, taken in zip(programs, times, strict=True):
            began = time.perf_counter()
            program()
            if run:  # the first one warms the caches
                taken.append(time.perf_counter() - began)
    return times


def _preview(box: Sandbox, project: Path) -> Callable[[], None]:
    box.pulumi("stack", "init", STACK, cwd=project)
    return lambda: _run(box, project)


def _run(box: Sandbox, project: Path) -> None:
    box.pulumi("preview", "--stack", STACK, cwd=project)


def _bare_project(folder: Path, found: Run) -> None:
    folder.mkdir()
    children = [r for r in found.resources if r.type.startswith("aws:")]
    body = "".join(_statement(r) for r in _in_order(children))
    (folder / "__main__.py").write_text(_HEAD + body)
    venv = ROOT / ".venv"
    runtime = f"runtime:\n  name: python\n  options:\n    virtualenv: {venv}\n"
    (folder / "Pulumi.yaml").write_text(f"name: bare\n{runtime}")


def _in_order(resources: list[Registration]) -> list[Registration]:
    """Every resource after those it depends on."""
    left, done, ordered = list(resources), set[str](), list[Registration]()
    keys = {_key(r) for r in resources}
    while left:
        ready = [r for r in left if _after(r, keys) <= done]
        ordered += ready
        done |= {_key(r) for r in ready}
        left = [r for r in left if r not in ready]
    return ordered


def _after(resource: Registration, known: set[str]) -> set[str]:
    return {_plain(d) for d in resource.dependencies} & known - {_key(resource)}


def _plain(dependency: str) -> str:
    kind, _, name = dependency.rpartition("::")
    return f"{kind.rpartition('$')[2]}::{name}"


def _key(resource: Registration) -> str:
    return f"{resource.type}::{resource.name}"


def _statement(resource: Registration) -> str:
    """One constructor call with literal inputs."""
    _, module, name = resource.type.split(":")
    after = ", ".join(repr(key) for key in sorted(_plain(d) for d in resource.dependencies))
    inputs = ", ".join(f"{_snake(k)}={_literal(v)}" for k, v in resource.inputs.items())
    call = f"aws.{module.split('/')[0]}.{name}({resource.name!r}, {inputs}, opts=opts({after}))"
    return f"made[{_key(resource)!r}] = {call}\n"


def _literal(value: Any) -> str:
    return repr(int(value) if isinstance(value, float) and value.is_integer() else value)


def _snake(key: str) -> str:
    from pydantic.alias_generators import to_snake

    return {"cidrIpv4": "cidr_ipv4"}.get(key, to_snake(key))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
