"""The simulator of thermal zones: cuts, memory, unheated buildings, cooling, ground, and what a year adds up to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from buildings_case import BERLIN, boxes, cut, filled, inputs, ports, with_weather
from twin.buildings.model import COLUMNS
from twin.buildings.settings import BuildingSettings
from twin.buildings.simulator import BuildingsSimulator, build
from twin.engine.ports import Simulator
from twin.engine.time import TimeAxis
from twin.errors import TwinError
from twin.registry import Setup
from twin.table import GIVEN, MISSING

CATALOGUE = inputs()["archetypes"]
AXIS = TimeAxis.at("2023-03-20", 3600, 24 * 14, BERLIN.timezone)
SUMMER = TimeAxis.at("2023-07-10", 3600, 24 * 7, BERLIN.timezone)
LONG_SUMMER = TimeAxis.at("2023-06-01", 3600, 24 * 60, BERLIN.timezone)
WINTER = TimeAxis.at("2023-01-01", 3600, 24 * 30, BERLIN.timezone)
CITY = filled(
    with_weather(
        boxes(
            4,
            function=np.array(["31001_1010", "31001_2463", "31001_2020", "31001_1123"]),
            cooled=[False, False, True, False],
        )
    )
)
GARAGE = 1


def simulator(city=CITY, step_s=3600, **chosen):
    return BuildingsSimulator(city, CATALOGUE, BERLIN, step_s, BuildingSettings(**chosen))


def run(city, axis, gain=0.0, warmer=0.0, shift=0.0, **chosen):
    found = ports(city, axis, gain)
    found["outdoor_temperature"] = found["outdoor_temperature"] + warmer
    found["heating_set_point_shift"] = found["heating_set_point_shift"] + shift
    return cut(simulator(city, axis.step_s, **chosen), axis, found, [axis.n])


def test_it_keeps_the_contract():
    assert isinstance(simulator(), Simulator)


@pytest.mark.parametrize("chosen", [{}, {"set_points": "operative"}, {"precision": "float32"}, {"method": "multinode"}])
@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(1, AXIS.n - 1), max_size=6, unique=True))
def test_any_cut_into_windows_gives_the_same(chosen, cuts):
    city = CITY if not chosen else filled(boxes(2, cooled=[True, False]))
    steps = np.diff([0, *sorted(cuts), AXIS.n]).tolist()
    found = ports(city, AXIS, gain=1500.0)
    found["heating_set_point_shift"] = found["heating_set_point_shift"] + (np.arange(AXIS.n)[:, None] % 7 == 0)
    whole, parts = (cut(simulator(city, **chosen), AXIS, found, how) for how in ([AXIS.n], steps))
    exact = 1e-4 if "precision" in chosen else 1e-9
    for name, values in whole.items():
        assert parts[name] == pytest.approx(values, rel=exact, abs=exact * max(1.0, np.abs(values).max())), name


def test_restoring_a_state_repeats_the_window():
    city = filled(boxes(2, night_ventilation_1_h=4.0))
    one, found = simulator(city), ports(city, AXIS)
    found["outdoor_temperature"] = found["outdoor_temperature"] + 12.0
    one.start(AXIS, None)
    one.advance(AXIS.between(AXIS.start, AXIS.start + 48 * 3600), {k: v[:48] for k, v in found.items()})
    rest, inputs_then = TimeAxis(AXIS.start + 48 * 3600, 3600, 48), {k: v[48:96] for k, v in found.items()}
    kept = one.state()
    first = {name: np.array(values) for name, values in one.advance(rest, inputs_then).items()}
    one.restore(kept)
    again = one.advance(rest, inputs_then)
    for name, values in first.items():
        assert np.array_equal(values, again[name]), name


def test_garages_ask_for_nothing_and_are_as_cold_as_outdoors():
    found = ports(CITY, AXIS)
    out = cut(simulator(), AXIS, found, [AXIS.n])
    assert out["indoor_temperature"][:, GARAGE] == pytest.approx(found["outdoor_temperature"][:, GARAGE])
    assert not out["space_heating_demand"][:, GARAGE].any()
    assert out["operative_temperature"].shape == (AXIS.n, 4)  # two dwellings, one of them over a shop, and an office


def test_only_cooled_buildings_are_cooled():
    out = run(CITY, SUMMER, gain=6000.0, warmer=12.0)
    assert out["space_cooling_demand"][:, 0].max() == 0
    assert out["indoor_temperature"][:, 0].max() > 26
    assert out["space_cooling_demand"][:, 2].max() > 0
    assert not out["temperature_excess"][:, 0].any()


def test_cooling_has_its_limit_and_what_it_lacks_is_told():
    city = filled(boxes(2, cooled=True, cooling_capacity_w=[5000.0, 1e6]))
    out = run(city, SUMMER, gain=20000.0, warmer=15.0)
    assert out["space_cooling_demand"][:, 0].max() == pytest.approx(5000.0)
    weak, strong = out["temperature_excess"].max(axis=0)
    assert weak > 1.0
    assert strong == pytest.approx(0.0, abs=1e-9)


def test_cooling_whose_capacity_nobody_states_has_no_limit():
    city = boxes(2, cooled=True)
    stated = np.array([GIVEN, MISSING], dtype=np.uint16)
    city = filled(city.with_table(city.buildings.put(COLUMNS["cooling_capacity_w"], 5000.0, stated)))
    weak, strong = run(city, SUMMER, gain=20000.0, warmer=15.0)["space_cooling_demand"].max(axis=0)
    assert weak == pytest.approx(5000.0)
    assert strong > 10000.0


def test_open_windows_keep_a_refurbished_building_bearable_and_heating_has_its_limit():
    city = filled(boxes(2, refurbishment="advanced", airing_1_h=[0.0, 3.0]))
    closed, aired = run(city, LONG_SUMMER, gain=1500.0)["indoor_temperature"].max(axis=0)
    assert closed > aired + 3
    out = run(city, WINTER)
    assert (out["space_heating_demand"] <= city.buildings["heating_capacity_w"] * (1 + 1e-12)).all()


def test_a_heater_that_is_too_small_leaves_rooms_cold_and_says_so():
    out = run(filled(boxes(2, heating_capacity_w=[5000.0, 1e6])), WINTER)
    cold, warm = out["temperature_shortfall"].max(axis=0)
    assert cold > 1.0
    assert warm == pytest.approx(0.0, abs=1e-9)


def test_blinds_and_nights_keep_the_heat_out():
    city = filled(boxes(3, airing_1_h=0.0, movable_shading_factor=[1.0, 0.2, 1.0], night_ventilation_1_h=[0, 0, 4.0]))
    plain, blinds, nights = run(city, SUMMER, gain=1500.0, warmer=4.0)["indoor_temperature"].mean(axis=0)
    assert blinds < plain - 0.2
    assert nights < plain - 0.5


def test_heat_recovery_spares_heat():
    city = filled(boxes(2, heat_recovery=[0.0, 0.8]))
    without, recovered = run(city, WINTER)["space_heating_demand"].sum(axis=0)
    assert 0.7 < recovered / without < 0.95


def test_a_shift_of_the_set_point_stores_heat_in_the_building():
    city = filled(boxes())
    shift = np.where(np.arange(WINTER.n) % 24 < 6, 2.0, 0.0)[:, None]
    usual, shifted = (run(city, WINTER, shift=s)["space_heating_demand"][24:, 0].reshape(-1, 24) for s in (0.0, shift))
    assert shifted[:, :6].sum() > usual[:, :6].sum()
    assert shifted[:, 6:].sum() < usual[:, 6:].sum()


def test_the_performance_gap_is_a_factor_on_what_is_asked_for():
    gap = run(filled(boxes(2, heating_use_factor=[1.0, 0.7])), WINTER)["space_heating_demand"].sum(axis=0)
    assert gap[1] == pytest.approx(0.7 * gap[0])


def test_set_points_may_be_those_of_the_operative_temperature():
    city = filled(boxes(heating_setback_degc=20.0, heating_capacity_w=1e6))
    out = run(city, WINTER, set_points="operative")
    assert out["operative_temperature"][24:].min() == pytest.approx(20.0)
    assert out["indoor_temperature"][24:].max() > 20.1


def test_the_ground_keeps_warm_in_winter_and_cool_in_summer():
    on_ground, in_air = (run(city, WINTER) for city in (filled(with_weather(boxes())), filled(boxes())))
    assert on_ground["space_heating_demand"].sum() < in_air["space_heating_demand"].sum()
    on_ground, in_air = (run(city, LONG_SUMMER) for city in (filled(with_weather(boxes())), filled(boxes())))
    assert on_ground["indoor_temperature"].mean() < in_air["indoor_temperature"].mean()


def test_cooling_below_the_heating_set_point_is_refused():
    with pytest.raises(TwinError, match="building b0 is to be cooled below"):
        simulator(filled(boxes(cooled=True, cooling_set_point_degc=18.0)))
    with pytest.raises(TwinError) as error:
        simulator(filled(boxes(5, cooled=True, cooling_set_point_degc=[18.0, 18.0, 26.0, 18.0, 18.0])))
    assert [p.message for p in error.value.problems] == [
        "4 buildings (b0, b1, b3, ...) are to be cooled below the heating set point"
    ]


def test_nights_after_cool_days_stay_closed():
    city = filled(boxes(2, heating_capacity_w=1e6, night_ventilation_1_h=[0.0, 4.0]))
    usual, opened = run(city, SUMMER)["space_heating_demand"].sum(axis=0)
    assert opened == usual


def test_air_let_in_at_night_does_not_go_with_operative_set_points():
    city = filled(boxes(night_ventilation_1_h=2.0))
    assert simulator(city).name == "buildings"
    with pytest.raises(TwinError, match="works on the air"):
        simulator(city, set_points="operative")


def test_what_belongs_to_one_method_is_not_asked_of_the_other():
    assert BuildingSettings(precision="float32").method == "5R1C"
    with pytest.raises(ValidationError, match="belongs to method"):
        BuildingSettings(precision="float32", method="multinode")


def year_of(city, step_s=3600, **chosen):
    axis = TimeAxis.at("2023-01-01", step_s, 365 * 86400 // step_s, BERLIN.timezone)
    area = city.buildings["heated_floor_area_m2"]
    out = run(city, axis, gain=4.0 * area.mean(), **chosen)
    return out["space_heating_demand"].sum(axis=0) * step_s / 3.6e6 / area


def test_a_year_of_a_block_of_1955_and_its_refurbishments_is_plausible():
    existing, usual, advanced = year_of(filled(boxes(3, refurbishment=np.array(["existing", "usual", "advanced"]))))
    assert 110 < existing < 220
    assert 0.2 < usual / existing < 0.45
    assert advanced < usual


def test_quarter_hours_give_the_year_of_hours():
    city = filled(boxes())
    assert year_of(city, 900) == pytest.approx(year_of(city), rel=0.01)


def test_single_precision_gives_the_same_year():
    city = filled(boxes(2, refurbishment=np.array(["existing", "advanced"])))
    assert year_of(city, precision="float32") == pytest.approx(year_of(city), rel=1e-4)


@settings(max_examples=20, deadline=None)
@given(
    wall=st.floats(0.1, 2.0),
    less=st.floats(0.6, 1.0),
    gain=st.floats(0, 3000),
    warmer=st.floats(0, 8),
    storeys=st.integers(1, 8),
    heat_recovery=st.floats(0, 0.9),
)
def test_insulation_warmth_gains_and_heat_recovery_never_ask_for_more_heat(
    wall, less, gain, warmer, storeys, heat_recovery
):
    city = filled(
        boxes(
            3,
            storeys=storeys,
            wall_u_w_m2k=[wall, wall * less, wall],
            heat_recovery=[0.0, 0.0, heat_recovery],
            heating_capacity_w=1e6,
        )
    )
    usual = run(city, AXIS)["space_heating_demand"].sum(axis=0)
    assert usual[1] <= usual[0] * (1 + 1e-9)
    assert usual[2] <= usual[0] * (1 + 1e-9)
    for milder in (run(city, AXIS, gain=gain), run(city, AXIS, warmer=warmer)):
        assert (milder["space_heating_demand"].sum(axis=0) <= usual * (1 + 1e-9)).all()


def test_many_nodes_give_about_the_same_year_behind_the_same_door():
    city = filled(with_weather(boxes(2, refurbishment=np.array(["existing", "advanced"]))))
    assert year_of(city, method="multinode") == pytest.approx(year_of(city), rel=0.15)


def test_nothing_is_built_where_nothing_is_heated():
    garage = filled(boxes(function="31001_2463"))
    assert build(Setup(garage, {"archetypes": CATALOGUE}, BERLIN, 3600)) is None
    assert build(Setup(CITY, {"archetypes": CATALOGUE}, BERLIN, 3600)).name == "buildings"
