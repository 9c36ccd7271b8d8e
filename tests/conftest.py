"""Shared test settings: where engine tests are required, a skipped one fails the run."""

from __future__ import annotations

import os

import pytest

REQUIRED = os.environ.get("CI") == "true" or os.environ.get("GPU_SIZING_REQUIRE_ENGINE") == "1"


class EngineRuns:
    """Counts what became of the tests that drive the real engine."""

    def __init__(self) -> None:
        self.collected = 0
        self.skipped: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Count the engine tests of this run."""
        self.collected = sum(1 for item in items if item.get_closest_marker("engine"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note an engine test that did not run."""
        if report.skipped and "engine" in report.keywords:
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
    if not REQUIRED or not isinstance(runs, EngineRuns) or not whole_suite:
        return
    asked_for_parts = any("::" in arg or arg.startswith("tests/") for arg in session.config.args)
    missing = runs.collected == 0 and not asked_for_parts
    if runs.skipped or missing:
        print(f"\nengine tests skipped: {runs.skipped or 'none were collected'}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
