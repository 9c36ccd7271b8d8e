"""Programs built with Go once per user and version, into a cache that clones share."""

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

Progress = Callable[[str], None]

_REPORT_SECONDS = 15.0
_NO_GO = (
    "The Pulumi engine is missing: install Pulumi (the pulumi command) or Go 1.26 or newer "
    "(https://go.dev/doc/install), with which it is built here."
)


class EngineError(Exception):
    """No engine can be had; the message is one line that says what to do."""


@dataclass(frozen=True)
class GoTool:
    """A main package that a Go module of ours requires, at the version it requires."""

    title: str
    folder: Path
    """The module: the folder of its go.mod and go.sum."""
    module: str
    """The required module whose version the tool has."""
    package: str
    version_variable: str
    estimate: str
    prefix: str = ""

    @property
    def version(self) -> str:
        """The required version: "v3.259.0"."""
        text = (self.folder / "go.mod").read_text()
        found = re.search(rf"{re.escape(self.module)} (v\S+)", text)
        if found is None:
            raise EngineError(f"{self.folder / 'go.mod'} does not require {self.module}")
        return found.group(1)

    @property
    def binary(self) -> Path:
        """Where the build of exactly this module for this machine lies, or will."""
        key = hashlib.sha256()
        for name in ("go.mod", "go.sum"):
            key.update((self.folder / name).read_bytes())
        key.update(f"{platform.system()}-{platform.machine()}".encode())
        folder = f"{self.prefix}{self.version}-{key.hexdigest()[:12]}"
        return cache_folder() / folder / Path(self.package).name

    def build(self, progress: Progress) -> Path:
        """The binary, built first where it is not there. Raises EngineError."""
        folder = self.binary.parent
        go = shutil.which("go")
        if folder.exists():
            return self.binary
        if go is None:
            raise EngineError(_NO_GO)
        with _build_lock(progress):
            if not folder.exists():
                self._build_into(folder, go, progress)
        return self.binary

    def _build_into(self, folder: Path, go: str, progress: Progress) -> None:
        for left in folder.parent.glob(".building-*"):  # by a killed build; we hold the lock
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=folder.parent) as temporary:
            target = Path(temporary, "built")
            target.mkdir()
            self._compile(go, target / self.binary.name, progress)
            target.rename(folder)  # whole or not at all

    def _compile(self, go: str, binary: Path, progress: Progress) -> None:
        progress(f"Building {self.title} {self.version} with Go (once; {self.estimate}) ...")
        flags = f"-s -w -X {self.version_variable}={self.version}"
        command = [go, "build", "-trimpath", "-ldflags", flags, "-o", str(binary), self.package]
        environment = {**os.environ, "GOWORK": "off"}  # a go.work further up is not ours
        began = time.monotonic()
        with tempfile.TemporaryFile("w+") as output:
            child = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=output, stderr=subprocess.STDOUT
            )
            try:
                _wait_reporting(child, began, progress)
            finally:
                child.kill()
                child.wait()
            if child.returncode:
                output.seek(0)
                raise EngineError(f"go build failed: {_last_line(output.read())}")
        progress(f"Built {self.title} in {time.monotonic() - began:.0f} s.")


def cache_folder() -> Path:
    """Where built engines lie, for all clones of this user."""
    base = os.environ.get("GPU_SIZING_CACHE")
    if base:
        return Path(base, "engine")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "gpu-sizing", "engine")


def link(binary: Path, path: Path) -> None:
    """Makes `path` the same file. No symlink: an engine looks beside the file it really is."""
    if path.exists() and path.samefile(binary):
        return
    partial = path.with_name(f"{path.name}.{os.getpid()}")  # clones share the folder
    partial.hardlink_to(binary)
    partial.replace(path)
    partial.unlink(missing_ok=True)  # it stays where another clone linked the same file first


@contextlib.contextmanager
def _build_lock(progress: Progress) -> Generator[None]:
    """Two clones must not build at once; the second finds what the first one built."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Another build of the Pulumi engine is running: waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
