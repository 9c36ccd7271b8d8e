"""What cloud-init, systemd and shellcheck say of the software of every kind of node."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.boot.nodes import CASES, Case, NodeRoot, tool

FILES = Path(__file__).parent.parent.parent.parent / "cluster" / "boot" / "files"
SCRIPTS = ("storage", "gate", "weights", "engine")


def said(*command: str, **environment: str) -> str:
    """What a tool printed, which is nothing where it found nothing; it must end with success."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment or None, timeout=60
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    return printed.strip()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_cloud_init_takes_the_document(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "user-data"
    path.write_text(case.document())
    assert said(tool("cloud-init"), "schema", "--config-file", str(path)) == (
        f"Valid cloud-config: {path}"
    )


@pytest.mark.parametrize("name", ["nodes alone", "two replicas a node"])
def test_systemd_takes_the_units(name: str, tmp_path: Path) -> None:
    verify = tool("systemd-analyze")
    written = CASES[name].files()
    for path, content in written.items():
        target = tmp_path / Path(path).name
        target.write_text(content.replace("/opt/gpu-sizing/", f"{tmp_path}/"))
        target.chmod(0o755 if path.startswith("/opt/") else 0o644)
    units = [str(tmp_path / Path(path).name) for path in written if path.endswith(".service")]
    assert len(units) >= 2
    assert said(verify, "verify", "--man=no", *units, SYSTEMD_UNIT_PATH=f"{tmp_path}:") == ""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bash_takes_the_scripts_as_they_are_written(
    case: Case, lay_out: Callable[[Case], NodeRoot]
) -> None:
    root = lay_out(case).root
    for path in (*root.glob("opt/gpu-sizing/*"), root / "etc/gpu-sizing/node.env"):
        assert said("bash", "-n", str(path)) == ""


def test_shellcheck_finds_nothing() -> None:
    paths = [str(FILES / name) for name in ("lib.sh", *SCRIPTS)]
    found = said(tool("shellcheck"), "--shell=bash", "-x", f"--source-path={FILES}", *paths)
    assert found == ""
