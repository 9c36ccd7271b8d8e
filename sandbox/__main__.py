"""`python -m sandbox up|down|env|status|run|yaml`: what the Makefile calls, and a little more."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from sandbox.deploy import DeployError, down, open_sandbox, up
from sandbox.engine import EngineError, ensure_engine
from sandbox.lifecycle import SandboxError

_TERMINATED = 128 + signal.SIGTERM
_INTERRUPTED = 128 + signal.SIGINT


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    signal.signal(signal.SIGTERM, _terminate)  # so that what was started is stopped again
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except DeployError as error:
        _complain(str(error))
        return error.code
    except (EngineError, SandboxError) as error:
        _complain(str(error))
        return 1
    except KeyboardInterrupt:
        _complain("interrupted")
        return _INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    root: Path = options.root.absolute()
    if options.command == "up":
        up(root, options.stack, _say)
    elif options.command == "down":
        down(root, options.stack, _say)
    elif options.command == "env":
        print(open_sandbox(root).exports())
    elif options.command == "status":
        return _status(root)
    elif options.command == "yaml":
        ensure_engine(_say).ensure_yaml_host(_say)
    else:
        return subprocess.run(options.cmd, env=open_sandbox(root).env, check=False).returncode
    return 0


def _status(root: Path) -> int:
    sandbox = open_sandbox(root)
    if not sandbox.is_running():
        print("The local AWS is not running. `make up` starts it.")
        return 1
    print(f"The local AWS runs at {sandbox.endpoint}")
    print(f"  requests so far: {len(sandbox.requests())}")
    print(f"  state: {sandbox.folder}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A local AWS and the real Pulumi engine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {
        "up": "start everything and deploy the stack",
        "down": "destroy the stack, stop everything, delete the state",
        "env": "print export lines for a shell",
        "status": "say what runs",
        "yaml": "have Pulumi's YAML language host too, built once where the engine is",
        "run": "run a command in the sandbox's environment: run -- CMD ...",
    }
    for name, text in helps.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("--root", type=Path, default=Path.cwd(), help="project folder")
        if name in ("up", "down"):
            command.add_argument("--stack", default="local", help="stack name (default: local)")
        if name == "run":
            command.add_argument("cmd", nargs="+", help="the command and its arguments")
    return parser


def _say(line: str) -> None:
    print(line, flush=True)


def _complain(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _terminate(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(_TERMINATED)


if __name__ == "__main__":
    sys.exit(main())
