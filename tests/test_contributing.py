"""The example of CONTRIBUTING.md is run as it is written."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from twin.engine import CivilTime, Simulator, TimeAxis
from twin.random import Streams
from twin.registry import Setup, Wing, resolve

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.fixture
def wing(tmp_path, monkeypatch) -> Wing:
    """The example's wing, found as its entry point names it."""
    for code in blocks("python"):
        path = tmp_path / code.splitlines()[0].removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    points = tomllib.loads("".join(blocks("toml")))["project"]["entry-points"]["twin.wings"]
    return resolve(points["porch_lamps"])


def test_the_example_wing_brings_a_simulator_that_does_what_it_says(wing):
    (entry,) = wing.simulators
    city = SimpleNamespace(buildings=["a", "b", "c"])
    lamps = resolve(entry.build)(Setup(city, {}, CivilTime(), step_s=3600))
    assert isinstance(lamps, Simulator)
    axis = TimeAxis(0, 3600, 2)
    lamps.start(axis, Streams(1))
    outputs = lamps.advance(axis, {"global_horizontal_irradiance": np.array([[0.0], [400.0]])})
    assert outputs["electric_load"].tolist() == [[8.0, 8.0, 8.0], [0.0, 0.0, 0.0]]
    assert {write.quantity for write in lamps.writes} == set(outputs)
