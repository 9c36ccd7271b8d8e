"""What `make up` and `make down` do: deploy the local stack, and leave nothing behind."""

from __future__ import annotations

import contextlib
import fcntl
import json
import signal
import subprocess
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from sandbox.engine import EngineError, Progress, ensure_engine, find_engine
from sandbox.lifecycle import STATE_FOLDER, Sandbox, SandboxError
from sandbox.processes import pid_exists

_CANCEL_SECONDS = 60.0


class DeployError(Exception):
    """`pulumi` failed, after it has said why; `code` is its exit code."""

    def __init__(self, command: str, code: int) -> None:
        self.code = code
        super().__init__(f"pulumi {command} failed with exit code {code}")


def open_sandbox(root: Path) -> Sandbox:
    """The project's sandbox, with the engine if it is there already; nothing is started."""
    return Sandbox(root / STATE_FOLDER, find_engine())


def bring_up(root: Path, progress: Progress = print) -> Sandbox:
    """The project's sandbox with the engine there and the local AWS running."""
    sandbox = Sandbox(root / STATE_FOLDER, ensure_engine(progress))
    if not sandbox.is_running():
        progress("Starting the local AWS ...")
        sandbox.start()
    progress(f"Local AWS: {sandbox.endpoint} (until `make down`)")
    return sandbox


def up(root: Path, stack: str, progress: Progress = print) -> None:
    """From nothing to a deployed stack. On failure, what this call started is stopped."""
    was_running = open_sandbox(root).is_running()
    with _only_one(root):
        try:
            sandbox = bring_up(root, progress)
            _deploy(sandbox, root, stack, progress)
        except BaseException:
            if not was_running:
                open_sandbox(root).stop()
            raise


def down(root: Path, stack: str, progress: Progress = print) -> None:
    """Destroy the stack if the local AWS lives, stop it, delete all state."""
    sandbox = open_sandbox(root)
    if not sandbox.folder.exists():
        progress("Nothing is up.")
        return
    with _only_one(root):
        try:
            if sandbox.is_running() and find_engine():
                _destroy(sandbox, root, stack)
        except (DeployError, EngineError, SandboxError) as error:
            progress(f"{error}; going on, since the local AWS goes away with all it holds.")
        finally:
            sandbox.stop()
            sandbox.delete()
    progress("The local AWS and its state are gone.")


def _deploy(sandbox: Sandbox, root: Path, stack: str, progress: Progress) -> None:
    sandbox.pulumi("stack", "select", "--create", stack, cwd=root)
    _clear_stale_lock(sandbox, root, stack, progress)
    deployed = sandbox.folder / "deployed-to"
    if deployed.exists() and deployed.read_text() != sandbox.identity:
        progress("The local AWS was restarted: its resources are gone and are made anew.")
        _show(sandbox, root, "refresh", "--clear-pending-creates", *_quiet(stack))
    deployed.write_text(sandbox.identity)
    # The outputs hold the whole plan, which was shown: what is new is said below.
    _show(sandbox, root, "up", "--suppress-outputs", *_quiet(stack))
    outputs = sandbox.pulumi("stack", "output", "--json", "--stack", stack, cwd=root).stdout
    for line in summary(json.loads(outputs)):
        progress(line)


def summary(outputs: Mapping[str, Any]) -> list[str]:
    """What stands now, from a stack's outputs; nothing for a program without nodes."""
    nodes: list[Mapping[str, Any]] = outputs.get("nodes") or []
    if not nodes:
        return []
    hour, month = outputs.get("hourlyCostUsd"), outputs.get("monthlyCostUsd")
    cost = "cost unknown" if hour is None else f"${hour:,.2f} an hour, ${month:,.2f} a month"
    endpoint = outputs.get("endpointUrl")
    count = "1 node is" if len(nodes) == 1 else f"{len(nodes)} nodes are"
    return [
        f"{count} up in the local AWS; on AWS they would cost {cost}:",
        *(f"  {n['name']}  {n['instanceType']}  {n['id']}  {n['privateIp']}" for n in nodes),
        *([f"On AWS the model would answer at {endpoint}"] if endpoint else []),
        'Look around: eval "$(make env)", then pulumi stack or aws ec2 describe-instances.',
        "End it: make down.",
    ]


def _destroy(sandbox: Sandbox, root: Path, stack: str) -> None:
    stacks = json.loads(sandbox.pulumi("stack", "ls", "--json", cwd=root).stdout)
    if any(known["name"] == stack for known in stacks):
        _clear_stale_lock(sandbox, root, stack, print)
        _show(sandbox, root, "destroy", *_quiet(stack))


def _quiet(stack: str) -> list[str]:
    return ["--yes", "--skip-preview", "--stack", stack]


def _clear_stale_lock(sandbox: Sandbox, root: Path, stack: str, progress: Progress) -> None:
    """A killed engine leaves its lock on the stack; a living one's is respected."""
    for lock in (sandbox.folder / "backend").rglob("locks/**/*.json"):
        with contextlib.suppress(OSError, ValueError):
            if not pid_exists(int(json.loads(lock.read_text())["pid"])):
                progress("Removing the lock of an engine that was killed.")
                sandbox.pulumi("cancel", "--yes", "--stack", stack, cwd=root)
                return


def _show(sandbox: Sandbox, root: Path, *arguments: str) -> None:
    """Run pulumi with its output on our terminal; DeployError where it fails."""
    child = subprocess.Popen(
        [str(sandbox.engine.pulumi), *arguments],
        cwd=root,
        env=sandbox.env,
        stdin=subprocess.DEVNULL,
        process_group=0,  # a second SIGINT makes it drop everything: we alone pass on the first
    )
    try:
        code = child.wait()
    except BaseException:
        _cancel(child)
        raise
    if code:
        raise DeployError(arguments[0], code)


def _cancel(child: subprocess.Popen[bytes]) -> None:
    """Let the engine finish what it is at and save its state, as a Ctrl-C does."""
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=_CANCEL_SECONDS)
    except BaseException:
        child.kill()
        child.wait()
        raise


@contextlib.contextmanager
def _only_one(root: Path) -> Generator[None]:
    """One `up` or `down` at a time in a project."""
    folder = root / STATE_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError("another `make up` or `make down` is running here") from None
        yield
