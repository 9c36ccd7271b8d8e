"""The workflow example: its steps do what it says, with the permissions that it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "ci" / "pull-request-cost.yml").read_text(encoding="utf-8")
FLOW: dict[Any, Any] = yaml.safe_load(TEXT)
STEPS: list[dict[str, Any]] = FLOW["jobs"]["cost"]["steps"]


def test_it_may_read_code_and_comment_and_nothing_else() -> None:
    assert FLOW["permissions"] == {"contents": "read", "pull-requests": "write"}
    # YAML reads the key `on` as true.
    assert list(FLOW[True]) == ["pull_request"]
    assert "secrets." not in TEXT


def test_actions_are_pinned_and_stacks_exist() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", name) for name in used)
    for stack in FLOW["jobs"]["cost"]["env"]["STACKS"].split():
        assert (ROOT / "stacks" / f"Pulumi.{stack}.yaml").exists()


def test_nothing_of_the_pull_request_is_put_into_a_command() -> None:
    assert not [step["run"] for step in STEPS if "${{" in step.get("run", "")]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A pull request that halves prod and adds a stack over its budget."""
    for folder in ("stacks", "base/stacks", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    prod = (ROOT / "stacks" / "Pulumi.prod.yaml").read_text()
    (tmp_path / "base/stacks/Pulumi.prod.yaml").write_text(prod)
    (tmp_path / "stacks/Pulumi.prod.yaml").write_text(prod.replace("bf16", "fp8"))
    over = f"{prod.rstrip()}\n  gpu-sizing:budget:\n    monthlyUsd: 100\n"
    (tmp_path / "stacks/Pulumi.new.yaml").write_text(over)
    command = tmp_path / "bin" / "sizing"
    call = "from sizing.cli import main; main()"
    command.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{call}' \"$@\"\n")
    command.chmod(0o755)
    return tmp_path


def test_its_report_says_what_changes_and_what_has_no_plan(checkout: Path) -> None:
    bash = shutil.which("bash")
    assert bash
    (step,) = [s for s in STEPS if s.get("name") == "Report"]
    environment = {
        **os.environ,
        "PATH": f"{checkout / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "STACKS": "prod new",
        "GITHUB_STEP_SUMMARY": str(checkout / "summary.md"),
        "GITHUB_OUTPUT": str(checkout / "output"),
    }
    subprocess.run([bash, "-c", step["run"]], cwd=checkout, env=environment, check=True)
    page = (checkout / "cost.md").read_text()
    assert page == (checkout / "summary.md").read_text()
    assert "2 nodes → 1" in page
    assert re.search(r"## new: no plan\n\n    error: over budget", page)
    assert (checkout / "output").read_text() == "failed=1\n"
