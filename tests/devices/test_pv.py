"""Solar modules: the equations against pvlib, which faces get modules, and what a measure leaves alone."""

import numpy as np
import pvlib
import pytest
from pydantic import ValidationError

from buildings_case import BERLIN, boxes, cut
from twin.city.model import SURFACE_COLUMNS
from twin.devices.pv.kernel import cell_temperature, direct_current, inverter_output
from twin.devices.pv.measures import Pv, install_pv, suitable_faces
from twin.devices.pv.simulator import build
from twin.engine.links import transfer
from twin.engine.ports import Simulator
from twin.engine.time import TimeAxis
from twin.errors import TwinError
from twin.ledger import Ledger
from twin.registry import Setup
from twin.table import Column, Table

AXIS = TimeAxis.at("2023-06-01", 3600, 24, BERLIN.timezone)
FIRST = Ledger().measure("first")
SECOND = FIRST + 1
ROOF, FLAT = 4, 0.0


def roofs(*faces, latitude=51.5):
    """Return a city of boxes whose roofs have these tilts and azimuths; every sixth surface is a roof."""
    city = boxes(len(faces))
    tilt, azimuth = np.array(city.surfaces["tilt_deg"]), np.array(city.surfaces["azimuth_deg"])
    tilt[ROOF::6], azimuth[ROOF::6] = np.array(faces, dtype=float).T
    surfaces = city.surfaces.put(SURFACE_COLUMNS["tilt_deg"], tilt).put(SURFACE_COLUMNS["azimuth_deg"], azimuth)
    site = Table("site", ["here"]).put(Column("latitude_deg", "deg", "float", "latitude"), [latitude])
    return city.with_table(surfaces).with_table(site)


# -- equations


def test_temperature_power_and_inverter_agree_with_pvlib():
    random = np.random.default_rng(7)
    sun, air, wind = random.uniform([0, -20, 0], [1300, 40, 15], (500, 3)).T
    power, rating = random.uniform([500, 300], [30_000, 30_000], (500, 2)).T
    cell = cell_temperature(sun, air, wind)
    np.testing.assert_allclose(cell, pvlib.temperature.faiman(sun, air, wind), rtol=1e-12)
    direct = direct_current(sun, cell, power)
    np.testing.assert_allclose(direct, pvlib.pvsystem.pvwatts_dc(sun, cell, power, -0.0035), rtol=1e-12)
    theirs = pvlib.inverter.pvwatts(direct, rating / 0.96)
    np.testing.assert_allclose(inverter_output(direct, rating), theirs, rtol=1e-12, atol=1e-9)


def test_inverters_sleep_at_night_and_clip_at_noon():
    out = inverter_output(np.array([0.0, 10.0, 4000.0, 9000.0]), np.array([5000.0] * 4))
    assert out[:2].tolist() == [0, 0]  # below what the inverter itself needs
    assert 0.94 * 4000 < out[2] < 4000
    assert out[3] == 5000


def test_standard_conditions_give_the_rated_power():
    assert direct_current(np.array([1000.0]), np.array([25.0]), np.array([8000.0])) == 8000


# -- which faces


def test_faces_that_are_flat_or_look_south_get_modules_and_steep_north_ones_do_not():
    city = roofs((FLAT, 0), (35, 180), (35, 90), (35, 270), (35, 0), (35, 60), (80, 180))
    fit = suitable_faces(city, Pv())
    assert city.surfaces["building"][fit].tolist() == [0, 1, 2, 3]
    assert set(city.surfaces["type"][fit]) == {"RoofSurface"}


def test_south_of_the_equator_faces_look_north():
    city = roofs((35, 180), (35, 0), latitude=-30.0)
    assert city.surfaces["building"][suitable_faces(city, Pv())].tolist() == [1]


def test_small_faces_stay_without():
    city = roofs((35, 180))
    usable = 0.6 * city.surfaces["area_m2"][ROOF]
    assert len(suitable_faces(city, Pv(min_area_m2=usable))) == 1
    assert len(suitable_faces(city, Pv(min_area_m2=usable * 1.01))) == 0


# -- the measure


def test_modules_fill_the_usable_share_and_are_linked_to_face_and_building():
    before = roofs((35, 180), (FLAT, 0), (35, 0))
    city = install_pv(before, np.array([True, True, True]), Pv(usable_share=0.5, dc_ac_ratio=1.25), FIRST)
    arrays = city.tables["pv_array"]
    assert arrays.ids.tolist() == ["s4/pv", "s10/pv"]
    assert arrays["power_w"].tolist() == pytest.approx([200 * 0.5 * 16 * 12] * 2)
    assert arrays["inverter_w"].tolist() == pytest.approx([200 * 0.5 * 16 * 12 / 1.25] * 2)
    assert (arrays.source("power_w") == FIRST).all()
    assert "pv_array" not in before.tables
    sizes = {name: len(table) for name, table in city.tables.items()}
    summed = transfer(city.links, sizes, "pv_array", "building", extensive=True)(np.array([[5.0, 7.0]]))
    assert summed.tolist() == [[5, 7, 0]]
    gathered = transfer(city.links, sizes, "surface", "pv_array", extensive=False)(np.arange(18.0)[None])
    assert gathered.tolist() == [[4, 10]]


def test_a_second_measure_adds_and_leaves_the_first_alone():
    city = install_pv(roofs((35, 180), (35, 180)), np.array([0]), Pv(losses=0.1), FIRST)
    again = install_pv(city, np.array([True, True]), Pv(), SECOND)
    arrays = again.tables["pv_array"]
    assert arrays.ids.tolist() == ["s4/pv", "s10/pv"]
    assert arrays["system_loss"].tolist() == [0.1, 0.14]
    assert arrays.source("system_loss").tolist() == [FIRST, SECOND]
    assert len(city.tables["pv_array"]) == 1
    assert sum(link.fine == "pv_array" for link in again.links) == 2
    with pytest.raises(TwinError, match=r"no roof face .* is suitable and without modules"):
        install_pv(again, np.array([True, True]), Pv(), SECOND)


def test_a_building_s_limit_goes_to_its_sunniest_face_first():
    city = roofs((35, 250), (35, 180), (35, 180))
    owner = np.array(city.surfaces["building"])
    owner[6:12] = 0  # two roofs on the first building
    city = city.with_table(city.surfaces.put(SURFACE_COLUMNS["building"], owner))
    full = 200 * 0.6 * 16 * 12
    arrays = install_pv(city, np.arange(3), Pv(max_kw_per_building=1.5e-3 * full), FIRST).tables["pv_array"]
    assert arrays["azimuth_deg"].tolist() == [250, 180, 180]
    assert arrays["power_w"].tolist() == pytest.approx([0.5 * full, full, full])
    first = install_pv(city, np.array([0]), Pv(max_kw_per_building=0.5e-3 * full), FIRST)
    assert first.tables["pv_array"]["azimuth_deg"].tolist() == [180]
    with pytest.raises(TwinError, match="no roof face"):
        install_pv(first, np.array([0]), Pv(max_kw_per_building=0.5e-3 * full), SECOND)


@pytest.mark.parametrize("wrong", [{"usable_share": 1.2}, {"losses": 1.0}, {"module_w_m2": 0.0}, {"tilt": 3.0}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        Pv(**wrong)


# -- the simulator


def inputs(n, sun=800.0):
    shape = (AXIS.n, n)
    day = np.clip(np.sin(np.pi * (np.arange(AXIS.n) - 5) / 16), 0, None)[:, None]
    return {
        "irradiance": sun * day * np.ones(shape),
        "outdoor_temperature": np.full(shape, 15.0),
        "wind_speed": np.full(shape, 3.0),
    }


def test_noon_by_hand():
    city = install_pv(roofs((35, 180)), np.array([0]), Pv(), FIRST)
    simulator = build(Setup(city, {}, BERLIN, 86400))
    assert simulator.step_s == 3600
    noon = inputs(1)["irradiance"].max()
    made = cut(simulator, AXIS, inputs(1), [AXIS.n])["electric_generation"].max()
    cell = 15 + noon / (25 + 6.84 * 3)
    direct = 0.86 * 200 * 0.6 * 16 * 12 * noon / 1000 * (1 - 0.0035 * (cell - 25))
    z = direct * 0.96 / (200 * 0.6 * 16 * 12 / 1.1)
    assert made == pytest.approx(direct * (-0.0162 * z - 0.0059 / z + 0.9858) / 0.9637 * 0.96)


def test_any_cut_gives_the_same_and_ports_keep_the_contract():
    city = install_pv(roofs((35, 180), (20, 200)), np.arange(2), Pv(), FIRST)
    simulator = build(Setup(city, {}, BERLIN, 3600))
    assert isinstance(simulator, Simulator)
    whole = cut(simulator, AXIS, inputs(2), [AXIS.n])["electric_generation"]
    parts = cut(simulator, AXIS, inputs(2), [1, 7, AXIS.n - 8])["electric_generation"]
    assert np.array_equal(whole, parts)
    simulator.restore(simulator.state())


def test_without_modules_there_is_no_simulator():
    assert build(Setup(boxes(), {}, BERLIN, 3600)) is None
