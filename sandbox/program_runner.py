"""Runs one Pulumi program for the stand-in language host; a script, so it imports only the SDK."""

from __future__ import annotations

import asyncio
import json
import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import (
    Settings,
    configure,
    get_config_env,
    get_config_secret_keys_env,
    run_in_stack,
    set_all_config,
)

# Tells the host that the user has seen the error (its EXIT_BAIL).
_EXIT_BAIL = 32
_RUNNER_FILES = (__file__, "<frozen runpy>")


def main() -> int:
    """Run the program described by the JSON in the first argument; the exit code for the host."""
    signal.signal(signal.SIGINT, _cancelled)
    signal.signal(signal.SIGTERM, _cancelled)
    settings: dict[str, Any] = json.loads(sys.argv[1])
    program = str(settings.pop("program"))
    set_all_config(get_config_env(), get_config_secret_keys_env())
    configure(Settings(**settings))
    sys.argv = [program, *sys.argv[2:]]
    sys.path[0] = _import_folder(program)
    return _run(program, parallel=int(settings["parallel"]))


def _cancelled(_signal: int, _frame: object) -> None:
    os._exit(_EXIT_BAIL)


def _import_folder(program: str) -> str:
    """The folder whose modules the program may import, as `python PROGRAM` would have it."""
    path = Path(program).resolve()
    return str(path if path.is_dir() else path.parent)


def _run(program: str, parallel: int) -> int:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # Each resource operation waits in a thread: fewer threads than `parallel` would serialise them.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=4 * min(max(parallel, 1), 16)))
    try:
        loop.run_until_complete(run_in_stack(lambda: _execute(program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return _EXIT_BAIL
    except Exception as error:
        pulumi.log.error(_explain(error))
        return _EXIT_BAIL
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _execute(program: str) -> None:
    runpy.run_path(program, run_name="__main__")


def _explain(error: Exception) -> str:
    """The traceback from the program's own first line on: what lies above is this runner."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [i for i, frame in enumerate(frames) if frame.filename in _RUNNER_FILES]
    below = len(frames) - 1 - max(ours, default=-1)
    lines = traceback.format_exception(error, limit=-below)
    return "Program failed with an unhandled exception:\n" + "".join(lines)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # gRPC's threads would delay the exit by up to a second
