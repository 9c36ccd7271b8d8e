"""A stand-in for `pulumi-language-python`, which only Pulumi's own installer carries.

It speaks the language-runtime protocol of the Python SDK's generated stubs and is used only where
the official host is not on PATH. It starts one process for a program or a plugin, and nothing else:
it neither installs dependencies nor generates code.
"""
# ruff: noqa: ARG002 -- the protocol fixes the parameters, used or not

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import IO, cast

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2 as pb
from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2

from sandbox.plugin_server import serve

_RUNNER = Path(__file__).with_name("program_runner.py")
_POLICY_RUNNER = Path(__file__).with_name("policy_runner.py")
# The program has shown its error to the user: the engine must stop and add nothing.
EXIT_BAIL = 32


class InterpreterError(Exception):
    """The interpreter that Pulumi.yaml names is not there."""


def interpreter(options: Mapping[str, object], root: str) -> str:
    """The Python to run a program with: Pulumi.yaml's `virtualenv`, else the one running us."""
    folder = options.get("virtualenv")
    if not isinstance(folder, str) or not folder:
        return sys.executable
    python = Path(root, folder, "bin", "python")
    if not python.exists():
        raise InterpreterError(
            f"runtime.options.virtualenv: {folder!r} has no bin/python in {root}; make it first"
        )
    return str(python)


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The RPCs that the engine calls for a preview, an update, a policy pack or a component."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._children: set[subprocess.Popen[bytes]] = set()

    def GetPluginInfo(self, request: Empty, context: object) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version="")

    def GetRequiredPackages(
        self, request: pb.GetRequiredPackagesRequest, context: object
    ) -> pb.GetRequiredPackagesResponse:
        # Plugins are found when the program first asks for them; nothing is downloaded here.
        return pb.GetRequiredPackagesResponse()

    def GetRequiredPlugins(
        self, request: pb.GetRequiredPluginsRequest, context: object
    ) -> pb.GetRequiredPluginsResponse:
        return pb.GetRequiredPluginsResponse()

    def GetProgramDependencies(
        self, request: pb.GetProgramDependenciesRequest, context: object
    ) -> pb.GetProgramDependenciesResponse:
        return pb.GetProgramDependenciesResponse()

    def InstallDependencies(
        self, request: pb.InstallDependenciesRequest, context: object
    ) -> Iterator[pb.InstallDependenciesResponse]:
        line = "The stand-in language host installs nothing: the project's Makefile does.\n"
        yield pb.InstallDependenciesResponse(stdout=line.encode())

    def About(self, request: pb.AboutRequest, context: object) -> pb.AboutResponse:
        return pb.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def Run(self, request: pb.RunRequest, context: object) -> pb.RunResponse:
        try:
            python = interpreter(_options(request.info), request.info.root_directory)
        except InterpreterError as error:
            return pb.RunResponse(error=str(error))
        command = [python, "-u", str(_RUNNER), json.dumps(self._settings(request)), *request.args]
        code = self._wait(self._start(command, request.pwd, _program_environment(request)))
        if code == 0:
            return pb.RunResponse()
        if code == EXIT_BAIL:
            return pb.RunResponse(bail=True)
        return pb.RunResponse(error=f"Program exited with non-zero exit code: {code}")

    def RunPlugin(
        self, request: pb.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.RunPluginResponse]:
        try:
            python = interpreter(_options(request.info), request.info.root_directory)
        except InterpreterError as error:
            yield pb.RunPluginResponse(stderr=f"{error}\n".encode())
            yield pb.RunPluginResponse(exitcode=1)
            return
        environment = dict(os.environ)
        environment.update({k: v for k, _, v in (pair.partition("=") for pair in request.env)})
        child = self._start(_plugin_command(python, request), request.pwd, environment, piped=True)
        context.add_callback(lambda: _end(child))
        yield from _relay(child)
        yield pb.RunPluginResponse(exitcode=self._wait(child))

    def Cancel(self, request: Empty, context: object) -> Empty:
        self.close()
        return Empty()

    def close(self) -> None:
        """End every program and plugin that this host started."""
        for child in list(self._children):
            _end(child)

    def _settings(self, request: pb.RunRequest) -> dict[str, object]:
        """What the runner hands to the SDK; configuration goes by environment, not by argument."""
        return {
            "program": str(Path(request.info.program_directory, request.info.entry_point)),
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "root_directory": request.info.root_directory,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "monitor": request.monitor_address,
            "engine": self._engine_address,
        }

    def _start(
        self, command: list[str], folder: str, environment: Mapping[str, str], piped: bool = False
    ) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE if piped else None
        child = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
        self._children.add(child)
        return child

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        code = child.wait()
        self._children.discard(child)
        return code


def _options(info: pb.ProgramInfo) -> Mapping[str, object]:
    return cast("Mapping[str, object]", dict(info.options.items()))


def _program_environment(request: pb.RunRequest) -> dict[str, str]:
    return {
        **os.environ,
        "PULUMI_CONFIG": json.dumps(dict(request.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
    }


def _plugin_command(python: str, request: pb.RunPluginRequest) -> list[str]:
    program = str(Path(request.info.program_directory, request.info.entry_point))
    if request.kind == "analyzer":
        return [python, "-u", str(_POLICY_RUNNER), *request.args, program]
    return [python, "-u", program, *request.args]


def _relay(child: subprocess.Popen[bytes]) -> Iterator[pb.RunPluginResponse]:
    """The child's output, line by line as it comes, until both its streams end."""
    lines: SimpleQueue[pb.RunPluginResponse | None] = SimpleQueue()

    def pump(stream: IO[bytes], is_error: bool) -> None:
        with stream:
            for line in stream:
                lines.put(_output(line, is_error))
        lines.put(None)

    streams = [(child.stdout, False), (child.stderr, True)]
    for stream, is_error in ((stream, is_error) for stream, is_error in streams if stream):
        threading.Thread(target=pump, args=(stream, is_error), daemon=True).start()
    for _ in range(2):
        while (line := lines.get()) is not None:
            yield line


def _output(line: bytes, is_error: bool) -> pb.RunPluginResponse:
    return pb.RunPluginResponse(stderr=line) if is_error else pb.RunPluginResponse(stdout=line)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(timeout=2)
    except subprocess.TimeoutExpired:
        child.kill()


def main() -> None:
    """Serve the engine whose address is the last argument."""
    host = LanguageHost(engine_address=sys.argv[-1])
    serve(
        lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server),
        on_close=host.close,
    )


if __name__ == "__main__":
    main()
