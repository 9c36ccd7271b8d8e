"""Processes that outlive the command that starts them, told apart by more than a number."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.02
# Our own children, which must be waited for once they end; a later command has none.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class ProcessRef:
    """A process: its number and when it began, so that a recycled number is never signalled."""

    pid: int
    started: str

    def save(self, path: Path) -> None:
        """Write the reference to a file."""
        path.write_text(json.dumps(asdict(self)))

    @staticmethod
    def load(path: Path) -> ProcessRef | None:
        """The reference in a file; None where there is none that can be read."""
        try:
            return ProcessRef(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return None


def start_detached(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
) -> ProcessRef:
    """Start a process in a session of its own, so that a Ctrl-C here does not reach it."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _children[child.pid] = child
    return ProcessRef(child.pid, _start_time(child.pid) or "")


def is_running(ref: ProcessRef) -> bool:
    """Whether that very process is alive."""
    _reap(ref.pid)
    return bool(ref.started) and _start_time(ref.pid) == ref.started


def stop(ref: ProcessRef, seconds: float = _STOP_SECONDS) -> None:
    """End that very process: SIGTERM, then SIGKILL if it does not listen. A stranger is left be."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not is_running(ref):
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(ref.pid, number)
        _wait_until_gone(ref, seconds)
    child = _children.pop(ref.pid, None)
    if child is not None and not is_running(ref):
        child.wait()  # it ended between a poll and the look at its state


def _wait_until_gone(ref: ProcessRef, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while is_running(ref) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _reap(pid: int) -> None:
    child = _children.get(pid)
    if child is not None:
        child.poll()


def _start_time(pid: int) -> str | None:
    """When the process began, in whatever unit the system tells; None for a dead or no process."""
    proc = Path("/proc")
    if proc.joinpath("self", "stat").exists():
        return _start_time_from_proc(proc / str(pid) / "stat")
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, began = answer.stdout.strip().partition(" ")
    return began.strip() or None if not state.startswith("Z") else None


def _start_time_from_proc(stat: Path) -> str | None:
    try:
        text = stat.read_text()
    except OSError:
        return None
    # The name, in parentheses, may hold anything; the fields after it are the state (3rd) onwards.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def pid_exists(pid: int) -> bool:
    """Whether any process has that number now."""
    return _start_time(pid) is not None
