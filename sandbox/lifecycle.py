"""A sandbox from start to end: a folder of state, a local AWS, and the engine to use with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.aws_provider.clients import make_client
from sandbox.engine import Engine, ensure_engine
from sandbox.environment import (
    DEFAULT_REGION,
    export_lines,
    sandbox_variables,
    subprocess_environment,
)
from sandbox.local_aws.recorder import RecordedRequest, read_requests
from sandbox.local_aws.server import (
    CONTROL_PREFIX,
    ENDPOINT_FILE,
    HEALTH_PATH,
    REQUESTS_FILE,
)
from sandbox.plugins import install_aws_provider, write_language_host
from sandbox.processes import ProcessRef, is_running, start_detached, stop

STATE_FOLDER = ".sandbox"
_START_SECONDS = 60.0
_POLL_SECONDS = 0.02


class SandboxError(Exception):
    """The sandbox cannot do what is asked; the message says why and where to look."""


class Sandbox:
    """A local AWS whose state lies in `folder`, and the real Pulumi engine against it.

    As a context manager it starts on entry, and on exit stops and deletes the folder. `engine`
    is only needed for `pulumi`: without one it is had (and built, if need be) at the first call.
    """

    def __init__(self, folder: Path, engine: Engine | None = None) -> None:
        self.folder = folder.absolute()
        self._engine = engine

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.delete()

    @property
    def engine(self) -> Engine:
        """The engine; EngineError where none can be had."""
        if self._engine is None:
            self._engine = ensure_engine(_to_stderr)
        return self._engine

    @property
    def endpoint(self) -> str:
        """The local AWS's URL: http://127.0.0.1:PORT."""
        try:
            return self._aws_folder.joinpath(ENDPOINT_FILE).read_text()
        except OSError:
            raise SandboxError(f"no local AWS runs in {self.folder}: `make up` starts it") from None

    @property
    def env(self) -> dict[str, str]:
        """A whole environment for a subprocess: the caller's, minus its AWS and Pulumi settings."""
        return subprocess_environment(self._variables(), self._path_folders())

    @property
    def identity(self) -> str:
        """Names this run of the local AWS: another run has none of its resources."""
        ref = self._process
        return f"{ref.pid}@{ref.started}" if ref else ""

    def exports(self) -> str:
        """`export` lines for a shell."""
        return export_lines(self._variables(), self._path_folders())

    def is_running(self) -> bool:
        """Whether the local AWS is alive and answers."""
        ref = self._process
        return bool(ref) and is_running(ref) and self._answers()

    def start(self) -> None:
        """Start the local AWS, unless it runs; SandboxError where it does not come up."""
        self._prepare_folders()
        if self.is_running():
            return
        self.stop()
        log = self._aws_folder / "server.log"
        ref = start_detached(
            [sys.executable, "-P", "-m", "sandbox.local_aws.server", str(self._aws_folder)],
            _server_environment(),
            self.folder,
            log,
        )
        ref.save(self._process_file)
        try:
            self._wait_until_up(ref, log)
        except BaseException:
            self.stop()  # also on a Ctrl-C: a process that nobody waits for is an orphan
            raise

    def stop(self) -> None:
        """End the local AWS. Its state in memory is gone; the folder stays."""
        if ref := self._process:
            stop(ref)
        self._process_file.unlink(missing_ok=True)

    def delete(self) -> None:
        """Remove the folder and all state in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def requests(self, action: str | None = None) -> list[RecordedRequest]:
        """The requests that came in, oldest first; only those of one `action` if it is given."""
        return read_requests(self._aws_folder / REQUESTS_FILE, action)

    def client(self, service: str, region: str = DEFAULT_REGION) -> Any:
        """A boto3 client of the local AWS."""
        return make_client(self.endpoint, service, region)

    def limit_capacity(self, instance_type: str, more: int | None) -> None:
        """Let only `more` further instances of the type be launched; None lifts the limit.

        A launch beyond it is refused with InsufficientInstanceCapacity; a termination gives back.
        """
        self._control("PUT", "capacity", {instance_type: more})

    def set_quota(self, code: str, value: float | None) -> None:
        """The account's value of one of EC2's quotas, by its code; None brings the default back."""
        self._control("PUT", "quotas", {code: value})

    def end_reservation(
        self, identity: str, at: datetime | None = None, region: str = DEFAULT_REGION
    ) -> None:
        """Move a capacity reservation's end, by default into the past: then it is expired.

        What runs in a capacity block is terminated when that has ended, as at AWS.
        """
        end = at or datetime.now(UTC) - timedelta(minutes=1)
        asked = {"region": region, "id": identity, "end": end.isoformat()}
        self._control("PUT", "reservations", asked)

    def lift_limits(self) -> None:
        """Undo every `limit_capacity` and `set_quota`."""
        self._control("DELETE", "limits", {})

    def pulumi(
        self,
        *arguments: str,
        cwd: Path,
        check: bool = True,
        timeout: float = 300,
        extra_env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `pulumi ARGUMENTS` in `cwd`, output captured without colour.

        With `check` a failure raises SandboxError that shows the output.
        """
        command = [str(self.engine.pulumi), *arguments, "--non-interactive", "--color", "never"]
        answer = subprocess.run(
            command,
            cwd=cwd,
            env={**self.env, **(extra_env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and answer.returncode:
            called = " ".join(["pulumi", *arguments])
            raise SandboxError(f"{called} failed:\n{answer.stdout}\n{answer.stderr}")
        return answer

    @property
    def _aws_folder(self) -> Path:
        return self.folder / "aws"

    @property
    def _process_file(self) -> Path:
        return self._aws_folder / "process.json"

    @property
    def _process(self) -> ProcessRef | None:
        return ProcessRef.load(self._process_file)

    def _variables(self) -> dict[str, str]:
        variables = sandbox_variables(self.endpoint, self.folder)
        if self._engine is not None and self._engine.has_host_beside:
            # A real aws provider on PATH would be preferred to the stand-in.
            variables["PULUMI_IGNORE_AMBIENT_PLUGINS"] = "true"
        return variables

    def _path_folders(self) -> list[Path]:
        """What goes in front of PATH: the engine, once it is known, and our launchers."""
        if self._engine is None:
            return []
        engine = self._engine.pulumi.parent
        if (
            self._engine.language_host_official
            or engine.joinpath("pulumi-language-python").exists()
        ):
            return [engine]
        return [engine, write_language_host(self.folder / "bin").parent]

    def _prepare_folders(self) -> None:
        for name in ("aws", "pulumi", "backend"):
            self.folder.joinpath(name).mkdir(parents=True, exist_ok=True)
        install_aws_provider(self.folder / "pulumi")

    def _wait_until_up(self, ref: ProcessRef, log: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._answers():
                return
            if not is_running(ref):
                raise SandboxError(f"the local AWS ended at its start; see {log}")
            time.sleep(_POLL_SECONDS)
        raise SandboxError(f"the local AWS did not answer in {_START_SECONDS:.0f} s; see {log}")

    def _control(self, method: str, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            f"{self.endpoint}{CONTROL_PREFIX}{path}", json.dumps(body).encode(), method=method
        )
        try:
            _direct_opener().open(request, timeout=5).close()
        except urllib.error.HTTPError as error:
            with error:
                raise SandboxError(f"{method} {path}: {error.read().decode()}") from None

    def _answers(self) -> bool:
        """Whether our local AWS, and not whoever has its port now, answers."""
        ref = self._process
        try:
            with _direct_opener().open(self.endpoint + HEALTH_PATH, timeout=5) as answer:
                return bool(ref) and answer.read().decode() == str(ref.pid)
        except (OSError, urllib.error.URLError, SandboxError):
            return False


def _direct_opener() -> urllib.request.OpenerDirector:
    """Never by way of a proxy."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _server_environment() -> dict[str, str]:
    variables = {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    return subprocess_environment(variables, [])


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
