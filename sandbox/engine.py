"""The Pulumi engine: the one on PATH, else built once with Go into a cache that clones share."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.go_tool import EngineError, GoTool, Progress, cache_folder, link
from sandbox.plugins import is_stand_in, write_language_host

_ENGINE = GoTool(
    title="the Pulumi engine",
    folder=Path(__file__).with_name("engine"),
    module="github.com/pulumi/pulumi/pkg/v3",
    package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    version_variable="github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
    estimate="about 5 minutes",
)
_YAML_HOST = GoTool(
    title="Pulumi's YAML language host",
    folder=Path(__file__).with_name("engine-yaml"),
    module="github.com/pulumi/pulumi-yaml",
    package="github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    version_variable="github.com/pulumi/pulumi-yaml/pkg/version.Version",
    estimate="under a minute",
    prefix="yaml-",
)
_LANGUAGE_HOST = "pulumi-language-python"


@dataclass(frozen=True)
class Engine:
    """A `pulumi` binary, and whether the official Python language host will be found with it."""

    pulumi: Path
    version: str
    language_host_official: bool

    @property
    def has_host_beside(self) -> bool:
        """Whether a Python language host lies where the engine looks first: beside itself."""
        return self._beside(_LANGUAGE_HOST).exists()

    def ensure_yaml_host(self, progress: Progress = print) -> None:
        """Pulumi's YAML language host beside the engine, built first where we built the engine.

        Raises EngineError where it is missing from an engine that is not ours.
        """
        name = _YAML_HOST.binary.name
        beside = self._beside(name)
        if _is_ours(self.pulumi):
            link(_YAML_HOST.build(progress), beside)
        elif not beside.exists() and shutil.which(name) is None:
            raise EngineError(f"{self.pulumi} comes without {name}: install all of Pulumi")

    def _beside(self, name: str) -> Path:
        return self.pulumi.resolve().with_name(name)


def can_have_engine() -> bool:
    """Whether there is a pulumi or a Go to build one with."""
    return bool(_pulumi_on_path() or shutil.which("go"))


def ensure_engine(progress: Progress = print) -> Engine:
    """The engine, built first where it is not there (minutes, once per user and version)."""
    found = find_engine()
    if found is None:
        _ENGINE.build(progress)
        found = find_engine()
    if found is None:
        raise EngineError(f"the built engine is not at {_ENGINE.binary}")
    return found


def find_engine() -> Engine | None:
    """The engine where it is there already; nothing is built."""
    official = _official_host()
    if found := _pulumi_on_path():
        return Engine(found, _version_of(found), official)
    binary = _ENGINE.binary
    if not binary.exists():
        return None
    folder = binary.parent if official else _with_language_host(binary)
    return Engine(folder / "pulumi", pinned_version(), official)


def pinned_version() -> str:
    """The engine version that our Go module requires: "v3.259.0"."""
    return _ENGINE.version


def _pulumi_on_path() -> Path | None:
    found = shutil.which("pulumi")
    if found is None or _is_ours(Path(found)):
        return None  # our own build, from an `eval "$(make env)"`: it is found in the cache anyway
    return Path(found)


def _is_ours(pulumi: Path) -> bool:
    return cache_folder().resolve() in pulumi.resolve().parents


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


def _with_language_host(binary: Path) -> Path:
    """A sibling folder with the same binary and the stand-in host, which then counts as bundled."""
    folder = binary.parent / "with-language-host"
    folder.mkdir(exist_ok=True)
    link(binary, folder / "pulumi")
    write_language_host(folder)
    return folder


__all__ = [
    "Engine",
    "EngineError",
    "Progress",
    "cache_folder",
    "can_have_engine",
    "ensure_engine",
    "find_engine",
    "pinned_version",
]
