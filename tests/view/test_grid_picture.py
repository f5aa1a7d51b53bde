from __future__ import annotations

import numpy as np
import pytest

from twin.errors import TwinError
from twin.results.model import DrawnLayer, OptionResult
from twin.results.values import IndicatorValue, IndicatorValues
from twin.view.network import _free, _widths, grid_scene

BUSES = np.array([[0.0, 60.0, 0.5], [20.0, 60.0, 0.5], [40.0, 70.0, 0.5], [60.0, 60.0, 0.5]])


@pytest.fixture
def option(quarter) -> OptionResult:
    """Three cables in a row, the first of which is overloaded; the last bus is the lowest."""
    layers = [
        quarter,
        DrawnLayer("grid_lines", "lines", "line", BUSES[[0, 1, 1, 2, 2, 3]], 2 * np.arange(4), ["l0", "l1", "l2"]),
        DrawnLayer("grid_buses", "points", "bus", BUSES, np.arange(5), ["b0", "b1", "b2", "b3"]),
        DrawnLayer("grid_transformers", "points", "transformer", BUSES[:1], np.arange(2), ["station"]),
    ]
    given = {
        ("line_loading_worst_step", "line", "pct"): {"l0": 130.0, "l1": 80.0, "l2": 10.0},
        ("line_rating", "line", "A"): {"l0": 357.0, "l1": 270.0, "l2": 142.0},
        ("voltage_min", "bus", "pu"): {"b0": 1.0, "b1": 0.97, "b2": 0.93, "b3": 0.881},
    }
    rows = [
        IndicatorValue("cars", name, level, entity, value, unit)
        for (name, level, unit), values in given.items()
        for entity, value in values.items()
    ]
    moments = {"line_loading_worst_step": "2023-01-06T21:15:00Z"}
    return OptionResult("cars", "cars", values=IndicatorValues.of(rows), layers=layers, moments=moments)


def texts(plotter) -> list[str]:
    actors = (actor for renderer in plotter.renderers for actor in renderer.actors.values())
    return [actor.input for actor in actors if hasattr(actor, "input")]


def has_colour(picture, colour: str) -> bool:
    wanted = list(bytes.fromhex(colour[1:]))
    return bool((np.abs(picture[..., :3].astype(int) - wanted).max(axis=-1) <= 3).any())


def test_both_scales_are_in_the_picture(option):
    plotter = grid_scene(option, "Does it carry?", size=(1200, 750))
    written = texts(plotter)
    picture = plotter.screenshot(None, return_img=True)
    plotter.close()
    assert "Does it carry?" in written
    assert "cars · lines at their worst moment, 6 Jan 2023, 21:15 UTC" in written
    assert {"over 150", "transformer", "under 0.90", "over 0.98"} <= set(written)
    scene = picture[:, : 1200 - 180]  # without the legend
    for colour in ("#e0501e", "#1a6273", "#a9c2c9", "#1c0b33", "#756bb1", "#cbc9e2", "#f2f0f7"):
        assert has_colour(scene, colour), colour
    assert not has_colour(scene, "#a50f24")  # nothing is above 150 %


def test_what_is_missing_is_said(option, quarter):
    with pytest.raises(TwinError, match="has no grid to draw"):
        grid_scene(OptionResult("bare", "bare", layers=[quarter]), "t")
    option.values = IndicatorValues.of([v for v in option.values if v.indicator != "voltage_min"])
    with pytest.raises(TwinError, match="has no voltage_min per bus"):
        grid_scene(option, "t")


def test_wider_lines_may_carry_more():
    thin, middle, wide, unknown = _widths(np.array([142.0, 250.0, 357.0, np.nan]))
    assert thin < middle < wide
    assert unknown == middle
    assert _widths(np.array([100.0, np.nan])).tolist() == [1, 1]


def test_a_tag_keeps_clear_of_what_is_drawn():
    """Everything lies right of the point: the tag goes to its left."""
    crowd = np.random.default_rng(0).uniform([0, -50], [100, 50], (2000, 2))
    half = np.array([10.0, 1.0])
    middle = _free(crowd, np.zeros(2), half)
    assert (np.abs(crowd - middle) > half).any(axis=1).all()
    assert middle[0] < -10
