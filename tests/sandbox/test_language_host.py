"""The stand-in language host, without an engine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import language_pb2 as pb

from sandbox.language_host import InterpreterError, LanguageHost, interpreter
from sandbox.program_runner import main as run_program


class Context:
    """As much of a gRPC context as the host uses."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[], None]] = []

    def add_callback(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)


def plugin_request(folder: Path, script: str) -> pb.RunPluginRequest:
    folder.joinpath("__main__.py").write_text(script)
    info = pb.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point="."
    )
    return pb.RunPluginRequest(
        pwd=str(folder), args=["ENGINE"], env=["GIVEN=a=b"], info=info, kind="resource"
    )


def run_plugin(request: pb.RunPluginRequest) -> dict[str, Any]:
    answers = list(LanguageHost("").RunPlugin(request, cast("Any", Context())))
    return {
        "stdout": b"".join(a.stdout for a in answers).decode(),
        "stderr": b"".join(a.stderr for a in answers).decode(),
        "code": answers[-1].exitcode,
    }


def test_a_plugins_output_and_exit_code_are_passed_on(tmp_path: Path) -> None:
    script = (
        "import os, sys; print(sys.argv[1:], os.environ['GIVEN']); "
        "print('oops', file=sys.stderr); sys.exit(3)"
    )
    found = run_plugin(plugin_request(tmp_path, script))
    assert found == {"stdout": "['ENGINE'] a=b\n", "stderr": "oops\n", "code": 3}


def test_a_policy_pack_is_run_by_the_sdks_entry_point(tmp_path: Path) -> None:
    request = plugin_request(tmp_path, "import os, sys; print(os.getcwd(), sys.argv[1:])")
    request.kind = "analyzer"
    found = run_plugin(request)
    assert found == {"stdout": f"{tmp_path} ['ENGINE', '{tmp_path}']\n", "stderr": "", "code": 0}


def test_a_plugin_ends_when_the_engine_hangs_up(tmp_path: Path) -> None:
    context = Context()
    request = plugin_request(tmp_path, "import time; print('up', flush=True); time.sleep(60)")
    answers = LanguageHost("").RunPlugin(request, cast("Any", context))
    assert next(answers).stdout == b"up\n"
    for callback in context.callbacks:
        callback()
    assert list(answers)[-1].exitcode != 0


def test_the_interpreter_is_the_projects_virtual_environment(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert interpreter({"virtualenv": "venv"}, str(tmp_path)) == str(python)
    assert interpreter({}, str(tmp_path)) == sys.executable


def test_a_missing_virtual_environment_is_said_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match=r"runtime\.options\.virtualenv"):
        interpreter({"virtualenv": "no-such"}, str(tmp_path))
    options = Struct()
    options.update({"virtualenv": "no-such"})
    info = pb.ProgramInfo(root_directory=str(tmp_path), options=options)
    answer = LanguageHost("").Run(pb.RunRequest(info=info), cast("Any", Context()))
    assert "no-such" in answer.error
    assert not answer.bail


def test_the_runner_is_a_script_and_needs_nothing_of_ours() -> None:
    source = Path(sys.modules[run_program.__module__].__file__ or "").read_text()
    assert "from sandbox" not in source
    assert "import sandbox" not in source
