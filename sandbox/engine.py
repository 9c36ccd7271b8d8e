"""The Pulumi engine: the one on PATH, else built once with Go into a cache that clones share."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from sandbox.plugins import is_stand_in, write_language_host

Progress = Callable[[str], None]

_MODULE = Path(__file__).with_name("engine")
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_LANGUAGE_HOST = "pulumi-language-python"
_REPORT_SECONDS = 15.0
_NOTHING_TO_RUN = (
    "The Pulumi engine is missing: install Pulumi (the pulumi command) or Go 1.26 or newer "
    "(https://go.dev/doc/install), with which it is built here."
)


class EngineError(Exception):
    """No engine can be had; the message is one line that says what to do."""


@dataclass(frozen=True)
class Engine:
    """A `pulumi` binary, and whether the official Python language host will be found with it."""

    pulumi: Path
    version: str
    language_host_official: bool

    @property
    def has_host_beside(self) -> bool:
        """Whether a Python language host lies where the engine looks first: beside itself."""
        return self.pulumi.resolve().with_name(_LANGUAGE_HOST).exists()


def can_have_engine() -> bool:
    """Whether there is a pulumi or a Go to build one with."""
    return bool(_pulumi_on_path() or shutil.which("go"))


def ensure_engine(progress: Progress = print) -> Engine:
    """The engine, built first where it is not there (minutes, once per user and version)."""
    found = find_engine()
    if found is None:
        _build_into(_cached_binary().parent, progress)
        found = find_engine()
    if found is None:
        raise EngineError(f"the built engine is not at {_cached_binary()}")
    return found


def find_engine() -> Engine | None:
    """The engine where it is there already; nothing is built."""
    official = _official_host()
    if found := _pulumi_on_path():
        return Engine(found, _version_of(found), official)
    binary = _cached_binary()
    if not binary.exists():
        return None
    folder = binary.parent if official else _with_language_host(binary)
    return Engine(folder / "pulumi", pinned_version(), official)


def cache_folder() -> Path:
    """Where built engines lie, for all clones of this user."""
    base = os.environ.get("GPU_SIZING_CACHE")
    if base:
        return Path(base, "engine")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "gpu-sizing", "engine")


def pinned_version() -> str:
    """The engine version that our Go module requires: "v3.259.0"."""
    text = (_MODULE / "go.mod").read_text()
    found = re.search(r"github\.com/pulumi/pulumi/pkg/v3 (v\S+)", text)
    if found is None:
        raise EngineError("sandbox/engine/go.mod does not require github.com/pulumi/pulumi/pkg/v3")
    return found.group(1)


def _pulumi_on_path() -> Path | None:
    found = shutil.which("pulumi")
    if found is None or cache_folder().resolve() in Path(found).resolve().parents:
        return None  # our own build, from an `eval "$(make env)"`: it is found in the cache anyway
    return Path(found)


def _official_host() -> bool:
    found = shutil.which(_LANGUAGE_HOST)
    return found is not None and not is_stand_in(Path(found))


def _version_of(pulumi: Path) -> str:
    try:
        answer = subprocess.run(
            [pulumi, "version"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError(f"{pulumi} is on PATH but does not run: {error}") from error
    return answer.stdout.strip().splitlines()[-1]


def _cached_binary() -> Path:
    """Where the build of exactly this module for this machine lies, or will."""
    key = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        key.update((_MODULE / name).read_bytes())
    key.update(f"{platform.system()}-{platform.machine()}".encode())
    return cache_folder() / f"{pinned_version()}-{key.hexdigest()[:12]}" / "pulumi"


def _build_into(folder: Path, progress: Progress) -> None:
    go = shutil.which("go")
    if go is None:
        raise EngineError(_NOTHING_TO_RUN)
    with _build_lock(progress):
        if not folder.exists():
            _build(go, folder, progress)


@contextlib.contextmanager
def _build_lock(progress: Progress) -> Generator[None]:
    """Two clones must not build at once; the second finds the first one's engine."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Another build of the Pulumi engine is running: waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(go: str, folder: Path, progress: Progress) -> None:
    for left in folder.parent.glob(".building-*"):  # by a build that was killed; we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=folder.parent) as temporary:
        target = Path(temporary, "engine")
        target.mkdir()
        _compile(go, target / "pulumi", progress)
        target.rename(folder)  # whole or not at all


def _compile(go: str, binary: Path, progress: Progress) -> None:
    version = pinned_version()
    progress(f"Building the Pulumi engine {version} with Go (once; about 5 minutes) ...")
    flags = f"-s -w -X {_VERSION_VARIABLE}={version}"
    command = [go, "build", "-trimpath", "-ldflags", flags, "-o", str(binary), _PACKAGE]
    environment = {**os.environ, "GOWORK": "off"}  # a go.work further up is not ours
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(
            command, cwd=_MODULE, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_reporting(child, began, progress)
        finally:
            child.kill()
            child.wait()
        if child.returncode:
            output.seek(0)
            raise EngineError(f"go build failed: {_last_line(output.read())}")
    progress(f"Built the Pulumi engine in {time.monotonic() - began:.0f} s.")


def _wait_reporting(child: subprocess.Popen[bytes], began: float, progress: Progress) -> None:
    while True:
        try:
            child.wait(timeout=_REPORT_SECONDS)
        except subprocess.TimeoutExpired:
            progress(f"  still building: {time.monotonic() - began:.0f} s")
        else:
            return


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def _with_language_host(binary: Path) -> Path:
    """A sibling folder with the same binary and the stand-in host, which then counts as bundled."""
    folder = binary.parent / "with-language-host"
    folder.mkdir(exist_ok=True)
    linked = folder / "pulumi"
    if not linked.exists():
        # Not a symlink: the engine looks for its plugins beside the file that it really is.
        with contextlib.suppress(FileExistsError):
            linked.hardlink_to(binary)
    write_language_host(folder)
    return folder
