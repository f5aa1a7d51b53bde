"""No test here finds what another one kept, in memory or on disk."""

import pytest

from twin.sun.sight import memory


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setenv("TWIN_CACHE", "")
    monkeypatch.setattr(memory, "_memory", type(memory._memory)())
