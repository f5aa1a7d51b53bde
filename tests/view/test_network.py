"""Lines and points that carry the colours: seen over pale houses, in classes that never change."""

from __future__ import annotations

import numpy as np
import pytest

from twin.results.model import OptionResult, Results
from twin.results.values import IndicatorValue, IndicatorValues
from twin.view import DrawnLayer, city_scene
from twin.view.classes import NETWORK_SCALES
from twin.view.draw import scene_of
from twin.view.layers import selected

LOADING = {"id": "loading", "title": "Loading of the lines", "unit": "pct", "level": "line"}
SCALE = NETWORK_SCALES["pct"]
SIZE = (960, 600)
SCENE = slice(0, 960 - 140)  # columns of the picture left of the legend
PLACES = np.array([[4.0, 35, 1], [24, 35, 1], [44, 35, 1], [24, 95, 1]])  # the first three under a row of houses


def layers_of_grid(quarter: DrawnLayer) -> list[DrawnLayer]:
    """The quarter with three lines that meet at a transformer; one line has the name of a bus."""
    ends = PLACES[[1, 0, 1, 2, 1, 3]]
    return [
        quarter,
        DrawnLayer("grid_lines", "lines", "line", ends, np.array([0, 2, 4, 6]), ["west", "east", "north"]),
        DrawnLayer("grid_buses", "points", "bus", PLACES, np.arange(5), ["west", "b", "c", "d"]),
        DrawnLayer("grid_transformers", "points", "transformer", PLACES[[1]], np.arange(2), ["station"]),
    ]


@pytest.fixture
def grid(quarter) -> list[DrawnLayer]:
    return layers_of_grid(quarter)


def pixels(scene) -> np.ndarray:
    image = np.asarray(scene.screenshot(return_img=True))[:, :, :3].astype(int)
    scene.close()
    return image


def drawn(grid, size=SIZE, **loading: float) -> np.ndarray:
    return pixels(city_scene(grid, loading, "Grid", "%", size=size, scale=SCALE, level="line"))


def count(image: np.ndarray, colour) -> int:
    """How many pixels of the scene have a colour."""
    return int((np.abs(image[:, SCENE] - colour).sum(axis=-1) < 12).sum())


def texts(scene) -> set[str]:
    actors = (actor for renderer in scene.renderers for actor in renderer.actors.values())
    return {actor.input for actor in actors if hasattr(actor, "input")}


def test_loadings_have_the_same_classes_whatever_the_values():
    labels = ["0 – 25", "25 – 50", "50 – 75", "75 – 100", "100 – 125", "125 – 150", "over 150"]
    assert SCALE.classes.labels == labels
    assert SCALE.classes.of([0, 99.9, 100.1, 149, 900]).tolist() == [0, 3, 4, 5, 6]


def test_what_may_flow_is_calm_and_what_may_not_is_warm():
    red, _, blue = SCALE.rgb.astype(int).T
    assert SCALE.beyond.tolist() == [4, 5, 6]
    assert (np.flatnonzero(red > blue) == SCALE.beyond).all()
    assert (blue[:4] > red[:4]).all()


def test_voltages_are_warm_below_and_violet_above_what_is_allowed():
    scale = NETWORK_SCALES["pu"]
    assert scale.classes.labels[:2] == ["under 0.90", "0.90 – 0.95"]
    assert scale.classes.labels[-1] == "over 1.10"
    assert scale.beyond.tolist() == [0, 5]
    assert len(scale.colours) == len(scale.classes)


def test_the_colour_of_a_line_follows_its_value(grid):
    for loading in (10.0, 60.0, 110.0, 180.0):
        image = drawn(grid, west=loading, east=loading, north=loading)
        seen = [count(image, colour) for colour in SCALE.rgb]
        assert np.argmax(seen) == SCALE.classes.of(loading)
        assert max(seen) > 300


def test_houses_are_pale_and_do_not_hide_the_lines(grid, quarter):
    image = drawn(grid, west=180.0, east=10.0)  # both run through houses
    assert count(image, SCALE.rgb[6]) > 60
    assert count(image, SCALE.rgb[0]) > 40
    houses = pixels(city_scene([quarter], {}, "", "", size=SIZE))[80:, SCENE]
    assert (image[80:, SCENE].max(axis=-1) < 150).sum() < 0.3 * (houses.max(axis=-1) < 150).sum()


def test_a_line_beyond_its_limits_is_wider_and_nothing_hides_it(grid):
    calm, warm = (drawn(grid, north=loading) for loading in (90.0, 110.0))
    assert count(warm, SCALE.rgb[4]) > 1.3 * count(calm, SCALE.rgb[3])
    short = [grid[0], DrawnLayer("l", "lines", "line", PLACES[1] + np.array([[0, 0, 0], [0.5, 0, 0]]), [0, 2], ["s"])]
    assert count(drawn([*short, grid[3]], s=180.0), SCALE.rgb[6]) > 5
    assert count(drawn([*short, grid[3]], s=80.0), SCALE.rgb[3]) == 0


def test_transformers_are_dark_squares_that_the_legend_names(grid):
    ink = (34, 38, 43)
    values = dict.fromkeys(("west", "east", "north"), 10.0)
    with_transformer, without = drawn(grid, **values), drawn(grid[:3], **values)
    assert count(with_transformer, ink) > count(without, ink) + 30
    assert "transformer" in texts(city_scene(grid, values, "", "%", size=SIZE, level="line"))
    assert "transformer" not in texts(city_scene(grid[:3], values, "", "%", size=SIZE, level="line"))


def test_a_bus_does_not_take_the_value_of_a_line_of_its_name(grid):
    values = dict.fromkeys(("west", "east", "north"), 10.0)
    assert (drawn(grid, **values) == drawn([grid[0], grid[1], grid[3]], **values)).all()
    assert "no value" not in texts(city_scene(grid, values, "", "%", size=SIZE, level="line"))


def test_a_picture_of_the_houses_leaves_the_grid_out(grid, quarter):
    values = {name: 40.0 + 8.0 * k for k, name in enumerate(quarter.ids)}
    alone, both = (pixels(city_scene(layers, values, "", "kWh", size=SIZE)) for layers in ([quarter], grid))
    assert (alone == both).all()


@pytest.mark.parametrize(
    ("coloured", "kept"),
    [
        (set(), ["building", "line", "bus", "transformer"]),
        ({"building"}, ["building"]),
        ({"line"}, ["building", "line", "transformer"]),
        ({"bus"}, ["building", "line", "bus", "transformer"]),
        ({"transformer"}, ["building", "line", "transformer"]),
    ],
)
def test_the_coloured_layers_choose_their_surroundings(grid, coloured, kept):
    assert [layer.entity for layer in selected(grid, coloured)] == kept


@pytest.fixture
def results(grid) -> Results:
    def option(name: str, loadings: dict[str, float], moment: str | None) -> OptionResult:
        rows = [("quarter", "", max(loadings.values())), *(("line", i, v) for i, v in loadings.items())]
        values = IndicatorValues.of(IndicatorValue(name, "loading", level, i, v, "pct") for level, i, v in rows)
        return OptionResult(name, name, values=values, layers=grid, moments={"loading": moment} if moment else {})

    today = option("today", {"west": 12.0, "east": 26.6, "north": 3.0}, "2023-01-10T18:00:00Z")
    later = option("cars", {"west": 20.0, "east": 159.4, "north": 7.0}, "2023-01-09T17:45:00Z")
    return Results("A grid", "run", [today, later], [LOADING], "loading")


def test_titles_say_when_it_was_worst_and_how_high(results):
    written = texts(scene_of(results, size=(300, 120)))
    assert "worst moment: 10 Jan 2023, 18:00 UTC\nhighest 26.6 %" in written
    assert "worst moment: 9 Jan 2023, 17:45 UTC\nhighest 159 %" in written
    assert "Loading of the lines" in written
    assert not any("whole quarter" in text for text in written)


def test_the_highest_of_a_network_is_called_so_without_a_moment_too(results):
    for option in results.options:
        option.moments.clear()
    assert {"highest 26.6 %", "highest 159 %"} <= texts(scene_of(results, size=(300, 120)))


def test_the_legend_of_each_option_is_the_same_and_says_what_100_is(results):
    for option in ("today", "cars"):
        written = texts(scene_of(results, option=option, size=(300, 120)))
        assert set(SCALE.classes.labels) <= written
        assert any("may flow" in text for text in written)


def test_a_range_asked_for_wins_over_the_fixed_classes(results):
    written = texts(scene_of(results, clim=(0, 60), size=(300, 120)))
    assert "0 – 10" in written
    assert "100 – 125" not in written
