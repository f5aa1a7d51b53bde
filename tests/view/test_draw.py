from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from twin.errors import TwinError
from twin.results.model import OptionResult, Results
from twin.results.values import IndicatorValue, IndicatorValues
from twin.view.draw import Words, draw_options, scene_of, show

HEAT = {"id": "heat_demand_per_m2", "title": "Heat demand per floor area", "unit": "kWh/m2", "level": "building"}
COST = {"id": "cost", "title": "Cost", "unit": "EUR", "level": "building"}


@pytest.fixture
def results(quarter) -> Results:
    def option(name: str, factor: float) -> OptionResult:
        by_house = [("building", i, factor * (40.0 + 5 * k)) for k, i in enumerate(quarter.ids)]
        rows = [("quarter", "", factor * 112.5), *by_house]
        values = IndicatorValues.of(IndicatorValue(name, HEAT["id"], level, i, v, HEAT["unit"]) for level, i, v in rows)
        return OptionResult(name, name, values=values, layers=[quarter])

    options = [option("today", 1.0), option("insulated", 0.5)]
    return Results("Rows of houses", "run", options, [HEAT, COST], HEAT["id"])


def texts(plotter) -> set[str]:
    actors = (actor for renderer in plotter.renderers for actor in renderer.actors.values())
    return {actor.input for actor in actors if hasattr(actor, "input")}


def test_one_picture_holds_all_options(results, tmp_path):
    path = draw_options(results, tmp_path / "pictures")
    assert path == tmp_path / "pictures" / "heat_demand_per_m2.png"
    with Image.open(path) as image:
        assert image.size[0] > 2 * image.size[1]


def test_texts_name_scenario_options_indicator_and_unit(results):
    written = texts(scene_of(results, size=(300, 120)))
    assert {"Rows of houses", "today", "insulated"} <= written
    assert "112 kWh/m² in the whole quarter" in written
    assert "56.2 kWh/m² in the whole quarter" in written
    assert any("kWh/m²" in text.splitlines() for text in written)


def test_one_option_alone_is_written_where_asked(results, tmp_path):
    show(results, option="insulated", output=tmp_path / "one.png")
    with Image.open(tmp_path / "one.png") as image:
        assert image.size == (1600, 1000)


def test_without_a_chosen_indicator_the_first_with_values_is_drawn(results, tmp_path):
    results.picture = None
    results.indicators.reverse()
    assert draw_options(results, tmp_path) == Path(tmp_path / "heat_demand_per_m2.png")


def test_some_of_the_options_in_words_of_their_own(results):
    words = Words("Houses", "Heat", {"today": "a lot of it"})
    written = texts(scene_of(results, option=["today", "insulated"], words=words, size=(300, 120)))
    assert {"Houses", "Heat of each building", "a lot of it", "56.2 kWh/m² in the whole quarter"} <= written
    assert not any("112" in text for text in written)


def test_around_a_house_the_others_are_left_out(results):
    def faces(**look) -> int:
        scene = scene_of(results, option="today", size=(300, 120), **look)
        return max(r.actors["faces"].mapper.dataset.n_cells for r in scene.renderers if "faces" in r.actors)

    assert 5 * faces(around=("house 8", 12.0)) == faces()


def test_values_of_faces_have_colours_of_their_own_and_a_mean(results, faces):
    sun = {"id": "sun", "title": "Sun", "unit": "kWh/m2", "level": "surface"}
    for option in results.options:
        option.layers.append(faces)
        option.values += [IndicatorValue(option.name, "sun", "surface", i, 1e3, "kWh/m2") for i in faces.ids]
        option.values.append(IndicatorValue(option.name, "sun", "quarter", "", 1e3, "kWh/m2"))
    results.indicators.append(sun)
    written = texts(scene_of(results, "sun", size=(300, 120)))
    assert {"Sun", "1,000 kWh/m² on average in the whole quarter"} <= written


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"indicator": "heat_demnd_per_m2"}, "did you mean 'heat_demand_per_m2'"),
        ({"indicator": "cost"}, "cost has no values per building"),
        ({"option": "insulatd"}, "did you mean 'insulated'"),
        ({"around": ("house 100", 9.0)}, "no 'house 100' to look around; did you mean 'house 10'"),
    ],
)
def test_what_cannot_be_drawn_is_told(results, chosen, message):
    with pytest.raises(TwinError, match=message):
        scene_of(results, **chosen)
