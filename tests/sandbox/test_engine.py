"""Where the engine comes from. `go` and `pulumi` are small scripts here: nothing is built."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from sandbox.engine import (
    EngineError,
    cache_folder,
    can_have_engine,
    ensure_engine,
    find_engine,
    pinned_version,
)
from sandbox.plugins import is_stand_in, write_language_host
from sandbox.testing import engine_required

GO = """#!/bin/sh
echo run >> "{log}"
while [ "$1" != "-o" ]; do shift; done
sleep 0.3
printf '#!/bin/sh\\necho v0.0.0\\n' > "$2" && chmod +x "$2"
"""
BROKEN_GO = """#!/bin/sh
echo 'go: downloading ...'
echo 'build failed: no space left on device'
exit 1
"""
PULUMI = "#!/bin/sh\necho v3.300.0\n"


class Machine:
    """A machine whose PATH and cache hold only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log = folder / "go.log"

    def put(self, name: str, script: str) -> Path:
        path = self.bin / name
        path.write_text(script.replace("{log}", str(self.log)))
        path.chmod(0o755)
        return path

    @property
    def builds(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    tools = os.pathsep.join([str(machine.bin), "/bin", "/usr/bin"])
    monkeypatch.setenv("PATH", tools)
    monkeypatch.setenv("GPU_SIZING_CACHE", str(tmp_path / "cache"))
    if can_have_engine():
        pytest.skip("this machine has pulumi or Go in its system folders")
    return machine


def silent(_line: str) -> None:
    pass


def test_neither_pulumi_nor_go_is_one_line_that_says_what_to_install(machine: Machine) -> None:
    assert find_engine() is None
    with pytest.raises(EngineError) as caught:
        ensure_engine(silent)
    assert "Go 1.26" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert machine.builds == 0


def test_pulumi_on_path_is_used_as_it_is(machine: Machine) -> None:
    pulumi = machine.put("pulumi", PULUMI)
    engine = ensure_engine(silent)
    assert (engine.pulumi, engine.version) == (pulumi, "v3.300.0")
    assert not engine.language_host_official
    machine.put("pulumi-language-python", "#!/bin/sh\n")
    assert ensure_engine(silent).language_host_official


def test_our_own_language_host_on_path_is_not_the_official_one(machine: Machine) -> None:
    machine.put("pulumi", PULUMI)
    assert is_stand_in(write_language_host(machine.bin))
    assert not ensure_engine(silent).language_host_official


def test_a_pulumi_that_does_not_run_is_an_error(machine: Machine) -> None:
    machine.put("pulumi", "#!/bin/sh\nexit 1\n")
    with pytest.raises(EngineError, match="does not run"):
        ensure_engine(silent)


def test_go_builds_once_and_the_host_lies_beside(machine: Machine) -> None:
    machine.put("go", GO)
    said: list[str] = []
    engine = ensure_engine(said.append)
    assert engine == ensure_engine(silent) == find_engine()
    assert machine.builds == 1
    assert engine.version == pinned_version()
    assert any("Building" in line for line in said)
    assert engine.has_host_beside
    assert is_stand_in(engine.pulumi.with_name("pulumi-language-python"))
    assert not list(cache_folder().glob(".building-*"))


def test_the_official_host_is_not_covered_by_ours(machine: Machine) -> None:
    machine.put("go", GO)
    ensure_engine(silent)
    machine.put("pulumi-language-python", "#!/bin/sh\n")
    engine = ensure_engine(silent)
    assert engine.language_host_official
    assert not engine.pulumi.with_name("pulumi-language-python").exists()


def test_two_clones_build_once(machine: Machine) -> None:
    machine.put("go", GO)
    said: list[str] = []
    clones = [threading.Thread(target=ensure_engine, args=(said.append,)) for _ in range(2)]
    for clone in clones:
        clone.start()
    for clone in clones:
        clone.join()
    assert machine.builds == 1
    assert any("waiting" in line for line in said)


def test_a_failed_build_says_why_and_leaves_nothing(machine: Machine) -> None:
    machine.put("go", BROKEN_GO)
    with pytest.raises(EngineError, match="no space left on device"):
        ensure_engine(silent)
    assert find_engine() is None
    assert [entry.name for entry in cache_folder().iterdir()] == ["lock"]


def test_what_a_killed_build_left_is_cleared(machine: Machine) -> None:
    machine.put("go", GO)
    left = cache_folder() / ".building-old" / "engine"
    left.mkdir(parents=True)
    ensure_engine(silent)
    assert not left.exists()


@pytest.mark.parametrize(
    ("environment", "required"),
    [
        ({}, False),
        ({"CI": "true"}, True),
        ({"CI": "false"}, False),
        ({"GPU_SIZING_REQUIRE_ENGINE": "1"}, True),
    ],
)
def test_when_the_engine_is_required(environment: dict[str, str], required: bool) -> None:
    assert engine_required(environment) is required


def test_the_yaml_host_is_built_once_beside_our_engine(machine: Machine) -> None:
    machine.put("go", GO)
    engine = ensure_engine(silent)
    for _ in range(2):
        engine.ensure_yaml_host(silent)
    assert machine.builds == 2
    assert engine.pulumi.with_name("pulumi-language-yaml").exists()


def test_another_yaml_host_replaces_the_one_of_an_older_build(machine: Machine) -> None:
    machine.put("go", GO)
    engine = ensure_engine(silent)
    beside = engine.pulumi.with_name("pulumi-language-yaml")
    beside.write_text("older")
    engine.ensure_yaml_host(silent)
    assert beside.read_text() != "older"
    assert [p.name for p in beside.parent.glob("pulumi-language-yaml*")] == [beside.name]


def test_a_pulumi_on_path_brings_its_own_yaml_host(machine: Machine) -> None:
    machine.put("pulumi", PULUMI)
    engine = ensure_engine(silent)
    with pytest.raises(EngineError, match="install all of Pulumi"):
        engine.ensure_yaml_host(silent)
    machine.put("pulumi-language-yaml", "#!/bin/sh\n")
    engine.ensure_yaml_host(silent)
    assert not cache_folder().exists()
