"""A program that brings its own aws provider, in Python without a generated SDK, by the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.lifecycle import Sandbox
from tests.plugin.program import ROOT, Program

pytestmark = pytest.mark.engine
REGION = "us-west-2"
PROJECT = f"""\
name: another-project
runtime: {{name: python, options: {{virtualenv: {ROOT / ".venv"}}}}}
packages: {{gpu-sizing: {ROOT / "plugin"}}}
"""
# What the SDK of any language does for a component of a package.
SOURCE = f"""\
import pulumi
import pulumi_aws as aws


class GpuCluster(pulumi.ComponentResource):
    nodes: pulumi.Output[list]

    def __init__(self, name, props, opts):
        props = dict(props, nodes=None)
        super().__init__("gpu-sizing:index:GpuCluster", name, props, opts, remote=True)


west = aws.Provider("west", region="{REGION}")
made = GpuCluster(
    "llm",
    {{"model": "gpt-oss-120b", "region": "{REGION}", "workload": {{"context": 4096}}}},
    pulumi.ResourceOptions(providers=[west]),
)
pulumi.export("ids", made.nodes.apply(lambda nodes: [node["id"] for node in nodes]))
"""


@pytest.fixture(scope="module")
def program(box: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program, not yet deployed."""
    folder: Path = tmp_path_factory.mktemp("program")
    folder.joinpath("Pulumi.yaml").write_text(PROJECT)
    folder.joinpath("__main__.py").write_text(SOURCE)
    program = Program(box, folder)
    program.start()
    yield program
    program.pulumi("destroy", "--yes", "--skip-preview", check=False)


def test_the_cluster_is_where_the_callers_provider_is(program: Program) -> None:
    program.up()
    made = {i["InstanceId"] for i in program.instances(REGION)}
    assert made
    assert made == set(program.outputs()["ids"])
    assert program.instances("us-east-1") == []
    program.destroy()
    assert program.leftovers(REGION) == []
