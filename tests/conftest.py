"""Shared test settings: where engine tests are required, a skipped one fails the run."""

from __future__ import annotations

import os

import pytest

REQUIRED = os.environ.get("CI") == "true" or os.environ.get("GPU_SIZING_REQUIRE_ENGINE") == "1"


class EngineRuns:
    """Counts what became of the tests that drive the real engine, whichever process ran them."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note an engine test, and one that did not run."""
        if "engine" not in report.keywords:
            return
        self.seen.add(report.nodeid)
        if report.skipped:
            self.skipped.append(report.nodeid)


def pytest_configure(config: pytest.Config) -> None:
    """Watch the engine tests; keep away from a person's prices and AWS account."""
    os.environ["SIZING_PRICES_DIR"] = os.devnull
    _forget_aws()
    config.pluginmanager.register(EngineRuns(), "engine-runs")


def _forget_aws() -> None:
    """A component asks the account that it finds credentials for: tests must find none."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a full run whose engine tests were skipped or are missing."""
    runs = session.config.pluginmanager.get_plugin("engine-runs")
    whole_suite = not session.config.option.markexpr and not session.config.option.keyword
    # A worker of a parallel run sees a part; the process that started it sees all.
    is_part = hasattr(session.config, "workerinput") or session.config.option.collectonly
    if not REQUIRED or not isinstance(runs, EngineRuns) or not whole_suite or is_part:
        return
    asked_for_parts = any("::" in arg or arg.startswith("tests/") for arg in session.config.args)
    missing = not runs.seen and not asked_for_parts
    if runs.skipped or missing:
        print(f"\nengine tests skipped: {runs.skipped or 'none ran'}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
