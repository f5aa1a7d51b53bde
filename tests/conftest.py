"""What all tests share: the corpus, how its tests are left out where it is absent, and no clock in property tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Machines are noisy: how long an example takes, or the making of it, fails no test.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

os.environ["TWIN_CACHE"] = ""  # nothing is kept from one run of the tests to the next

SHARED = Path(__file__).resolve().parents[2] / "shared"
_LEFT_OUT = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder that holds the corpus, beside the repository; only for tests marked ``corpus``."""
    return SHARED


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need the corpus if there is none."""
    if (SHARED / "data").is_dir():
        return
    left_out = [item for item in items if item.get_closest_marker("corpus")]
    config.stash[_LEFT_OUT] = len(left_out)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("corpus")]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many tests were left out, so that a green run is not taken for a whole one."""
    count = config.stash.get(_LEFT_OUT, 0)
    if count:
        terminalreporter.write_line(f"left out for want of the corpus ({SHARED / 'data'}): {count} marked tests")
