"""Only a process that we started is ever ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from sandbox.processes import ProcessRef, is_running, pid_exists, start_detached, stop

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); "
    "time.sleep(60)",
]


@pytest.fixture
def stranger() -> Generator[subprocess.Popen[bytes]]:
    """A process that is none of ours."""
    with subprocess.Popen(SLEEP) as process:
        yield process
        process.kill()


def test_started_running_stopped(tmp_path: Path) -> None:
    ref = start_detached(SLEEP, os.environ, tmp_path, tmp_path / "log")
    assert is_running(ref)
    assert os.getsid(ref.pid) == ref.pid, "a Ctrl-C in our session must not reach it"
    stop(ref)
    assert not is_running(ref)
    assert not pid_exists(ref.pid)


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    ref = start_detached(DEAF, os.environ, tmp_path, log)
    deadline = time.monotonic() + 10
    while not log.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.01)
    stop(ref, seconds=0.2)
    assert not is_running(ref)


def test_a_recycled_number_is_left_alone(stranger: subprocess.Popen[bytes]) -> None:
    stale = ProcessRef(stranger.pid, started="long ago")
    assert not is_running(stale)
    stop(stale)
    assert stranger.poll() is None


def test_a_reference_without_a_start_time_is_left_alone(
    stranger: subprocess.Popen[bytes],
) -> None:
    stop(ProcessRef(stranger.pid, started=""))
    assert stranger.poll() is None


def test_a_reference_survives_its_file(tmp_path: Path) -> None:
    ref = ProcessRef(123, "456")
    ref.save(tmp_path / "ref")
    assert ProcessRef.load(tmp_path / "ref") == ref


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"no": 1}'])
def test_a_broken_file_is_no_reference(text: str, tmp_path: Path) -> None:
    file = tmp_path / "ref"
    file.write_text(text)
    assert ProcessRef.load(file) is None


def test_the_dead_are_not_running(tmp_path: Path) -> None:
    ref = start_detached([sys.executable, "-c", ""], os.environ, tmp_path, tmp_path / "log")
    deadline = time.monotonic() + 10
    while is_running(ref) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(ref)
    stop(ref)
