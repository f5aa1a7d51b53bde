"""The typical year laid on a time axis, and the site it belongs to."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.model import BUILDING_COLUMNS, City, Geometry
from twin.engine.ports import Simulator
from twin.engine.time import CivilTime, TimeAxis
from twin.errors import TwinError
from twin.ledger import Ledger
from twin.quantities import QUANTITIES
from twin.random import Streams
from twin.registry import Setup, resolve
from twin.solar_position import solar_position
from twin.table import Table
from twin.weather.kernel import closure
from twin.weather.simulator import WeatherSimulator, build
from twin.weather.site import attach
from twin.weather.wing import WEATHER_COLUMNS, WING
from weather_case import clear_year

WEATHER = clear_year()


def run(weather, axis):
    simulator = WeatherSimulator(weather, axis.step_s)
    simulator.start(axis, Streams(1))
    return simulator.advance(axis, {})


def test_a_year_is_the_table_hour_by_hour():
    out = run(WEATHER, TimeAxis.at("2023-01-01", 3600, 8760))
    for name in WEATHER_COLUMNS:
        assert np.array_equal(out[name][:, 0], WEATHER.table[name])


def test_the_29th_of_february_is_the_28th():
    out = run(WEATHER, TimeAxis.at("2024-02-28", 3600, 72))["outdoor_temperature"][:, 0]
    assert np.array_equal(out[24:48], out[:24])
    first_of_march = WEATHER.table.index("03-01T00")
    assert np.array_equal(out[48:], WEATHER.table["outdoor_temperature"][first_of_march : first_of_march + 24])


def test_the_files_own_clock_decides_the_hour():
    weather = dataclasses.replace(WEATHER, utc_offset_s=-7 * 3600)
    at_seven = run(weather, TimeAxis.at("2023-06-01T07:00", 3600, 1))
    assert (
        at_seven["outdoor_temperature"][0, 0] == WEATHER.table["outdoor_temperature"][WEATHER.table.index("06-01T00")]
    )
    new_year = run(weather, TimeAxis.at("2023-01-01", 3600, 1))  # still 31 December there
    assert (
        new_year["outdoor_temperature"][0, 0] == WEATHER.table["outdoor_temperature"][WEATHER.table.index("12-31T17")]
    )


def test_steps_within_an_hour_hold_its_values_and_its_sun():
    hourly = run(WEATHER, TimeAxis.at("2023-06-01", 3600, 24))
    quarters = run(WEATHER, TimeAxis.at("2023-06-01", 900, 96))
    for name, values in hourly.items():
        assert np.array_equal(np.repeat(values, 4, axis=0), quarters[name])


@pytest.mark.parametrize(("asked", "taken"), [(900, 900), (3600, 3600), (86400, 3600), (5400, 1800)])
def test_no_step_is_longer_than_an_hour(asked, taken):
    assert WeatherSimulator(WEATHER, asked).step_s == taken


def test_half_hour_time_zones_get_half_hour_steps():
    assert WeatherSimulator(dataclasses.replace(WEATHER, utc_offset_s=19800), 3600).step_s == 1800


@pytest.mark.parametrize(("utc_offset_s", "sun_at_s"), [(0, 660), (3600, 1800), (-25200, 1800), (0, -1800)])
def test_beam_and_sun_agree(utc_offset_s, sun_at_s):
    weather = clear_year(utc_offset_s=utc_offset_s, sun_at_s=sun_at_s)
    out = {name: values[:, 0] for name, values in run(weather, TimeAxis.at("2023-01-01", 3600, 8760)).items()}
    misfit = closure(
        out["global_horizontal_irradiance"],
        out["direct_normal_irradiance"],
        out["diffuse_horizontal_irradiance"],
        out["solar_zenith"],
    )
    assert misfit < 2.0  # the sun's drift from year to year
    assert all(np.isfinite(values).all() for values in out.values())


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.sampled_from([900, 1800, 3600]))
@settings(max_examples=20, deadline=None)
def test_any_cut_into_windows_gives_the_same(lengths, step_s):
    axis = TimeAxis.at("2024-02-27", step_s, sum(lengths))
    whole = run(WEATHER, axis)
    simulator = WeatherSimulator(WEATHER, step_s)
    simulator.start(axis, Streams(1))
    start, parts = axis.start, []
    for n in lengths:
        parts.append(simulator.advance(TimeAxis(start, step_s, n), {}))
        start += n * step_s
    for name, values in whole.items():
        np.testing.assert_allclose(np.concatenate([part[name] for part in parts]), values, rtol=1e-9)


def test_simulator_keeps_the_contract():
    simulator = build(Setup(city=None, inputs={"weather": WEATHER}, civil=CivilTime(), step_s=3600))
    assert isinstance(simulator, Simulator)
    assert all(write.quantity in QUANTITIES and write.per == "site" for write in simulator.writes)
    out = run(WEATHER, TimeAxis.at("2023-01-01", 3600, 3))
    assert set(out) == {write.quantity for write in simulator.writes}
    assert all(values.shape == (3, 1) for values in out.values())
    for name, column in WEATHER_COLUMNS.items():
        assert QUANTITIES[name].unit == column.unit


def test_the_wing_names_what_exists():
    assert all(callable(resolve(entry.build)) for entry in WING.simulators)
    assert all(callable(resolve(entry.read)) for entry in WING.inputs)
    assert resolve(WING.attach) is attach


def city(crs, x=360_000.0, y=5_702_000.0):
    buildings = Table("building", ["b1", "b2"]).put(BUILDING_COLUMNS["function"], ["", ""])
    empty = np.zeros(1, dtype=np.int64)
    geometry = Geometry(np.array([[x, y, 50.0]]), np.zeros(0, dtype=np.int64), empty, empty)
    return City({"building": buildings, "surface": Table("surface", ["s1", "s2", "s3"])}, geometry, crs=crs)


def test_site_and_links_are_attached_and_the_distance_is_stated():
    ledger = Ledger()
    dresden = dataclasses.replace(WEATHER, place="Dresden", latitude_deg=51.05, longitude_deg=13.74)
    with_site = attach(city("EPSG:25832"), {"weather": dresden}, ledger)
    site = with_site.table("site")
    assert len(site) == 1
    assert site["place"][0] == "Dresden"
    assert site["latitude_deg"][0] == 51.05
    assert [(link.fine, link.coarse, len(link.cols)) for link in with_site.links] == [
        ("building", "site", 2),
        ("surface", "site", 3),
    ]
    hours = with_site.table("weather")
    assert hours["outdoor_temperature"] is dresden.table["outdoor_temperature"]
    zenith, azimuth = solar_position(dresden.labels + dresden.sun_at_s, 51.05, 13.74, dresden.elevation_m)
    assert np.array_equal(hours["solar_zenith"], zenith)
    assert np.array_equal(hours["solar_azimuth"], azimuth)
    text = ledger.statements[0].text
    assert text.startswith("weather of Dresden, 47")  # Essen and Dresden are some 470 km apart
    assert text.endswith("rises and sets 27 min earlier than the city's own")


def test_without_a_weather_nothing_happens():
    here = city("EPSG:25832")
    assert attach(here, {}, Ledger()) is here
    assert build(Setup(city=here, inputs={}, civil=CivilTime(), step_s=3600)) is None


def test_an_unknown_reference_system_is_said():
    with pytest.raises(TwinError, match="EPSG:1"):
        attach(city("EPSG:1"), {"weather": WEATHER}, Ledger())


def test_a_city_of_no_known_place_is_said():
    ledger = Ledger()
    attach(city(None), {"weather": WEATHER}, ledger)
    assert "its distance is unknown" in ledger.statements[0].text
