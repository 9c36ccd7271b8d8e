"""However `make up` ends, no process stays and the next one works."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from sandbox.engine import Engine
from sandbox.lifecycle import STATE_FOLDER, Sandbox

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks at /proc"),
]
# Output values are only known once the resources exist: the program hangs in the middle.
SLOW = "\nimport time\nvpc.id.apply(lambda _: time.sleep(30))\n"
SECONDS = 90


@pytest.fixture
def project(tmp_path: Path, program: Path, engine: Engine) -> Generator[Path]:
    """The fixture program, which hangs once its VPC exists."""
    assert engine
    folder = tmp_path / "project"
    shutil.copytree(program, folder)
    folder.joinpath("stacks").mkdir()
    source = folder / "__main__.py"
    source.write_text(source.read_text() + SLOW)
    yield folder
    Sandbox(folder / STATE_FOLDER).stop()


# A shell that runs the tests in its background makes all below it deaf to SIGINT.
RUN = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('sandbox', run_name='__main__', alter_sys=True)"
)


def start(project: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RUN, "up", "--root", str(project)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def wait_until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def mentioning(folder: Path) -> list[int]:
    """The living processes whose command line or working folder lies in that folder."""
    found: list[int] = []
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            command = process.joinpath("cmdline").read_bytes()
            inside = process.joinpath("cwd").resolve().is_relative_to(folder)
        except OSError:
            continue
        if inside or str(folder).encode() in command:
            found.append(int(process.name))
    return found


def engines(project: Path) -> list[int]:
    return [
        pid
        for pid in mentioning(project)
        if Path("/proc", str(pid), "comm").read_text().strip() == "pulumi"
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything(number: signal.Signals, project: Path) -> None:
    sandbox = Sandbox(project / STATE_FOLDER)
    with start(project) as up:
        wait_until(lambda: bool(sandbox.requests("CreateVpc")))
        up.send_signal(number)
        output, _ = up.communicate(timeout=SECONDS)
    assert up.returncode, output
    assert mentioning(project) == []


def test_a_killed_engine_takes_its_plugins_along_and_the_next_up_works(project: Path) -> None:
    sandbox = Sandbox(project / STATE_FOLDER)
    with start(project) as up:
        wait_until(lambda: bool(sandbox.requests("CreateVpc")))
        for pid in engines(project):
            os.kill(pid, signal.SIGKILL)
        output, _ = up.communicate(timeout=SECONDS)
    assert up.returncode, output
    wait_until(lambda: not mentioning(project))

    source = project / "__main__.py"
    source.write_text(source.read_text().removesuffix(SLOW))
    with start(project) as again:
        output, _ = again.communicate(timeout=SECONDS)
    assert again.returncode == 0, output.decode()
    assert b"lock of an engine that was killed" in output
    reservations = sandbox.client("ec2").describe_instances()["Reservations"]
    assert len(reservations) == 1
