"""Solar collectors in the city: where a measure puts them, and what their simulator writes."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from buildings_case import BERLIN, boxes, cut
from twin.buildings.wing import WING as BUILDINGS
from twin.city.model import SURFACE_COLUMNS
from twin.devices.model import append, with_entities
from twin.devices.pv.model import PV_COLUMNS
from twin.devices.solar_thermal.measures import SolarThermal, install_collectors
from twin.devices.solar_thermal.simulator import build
from twin.devices.solar_thermal.wing import WING
from twin.engine import Simulator, Storage, TimeAxis
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.links import transfer
from twin.engine.ports import Write
from twin.errors import TwinError
from twin.ledger import Ledger
from twin.registry import Setup, resolve
from twin.table import Column, Table

HOUR = 3600
FIRST = Ledger().measure("first")
SECOND = FIRST + 1
ROOF, ROOF_M2 = 4, 16 * 12
SOUTH, NORTH, WEST, FLAT = (35, 180), (35, 0), (35, 270), (0, 0)
OCCUPANTS = next(c for c in BUILDINGS.columns["building"] if c.name == "occupants")
IRRADIATION = Column("solar_irradiation_kwh_m2", "kWh/m2", "float", "a year's sun")


def roofs(*faces, occupants=4.0, latitude=51.5):
    """Return a city of boxes whose roofs have these tilts and azimuths; every sixth surface is a roof."""
    city = boxes(len(faces))
    tilt, azimuth = np.array(city.surfaces["tilt_deg"]), np.array(city.surfaces["azimuth_deg"])
    tilt[ROOF::6], azimuth[ROOF::6] = np.array(faces, dtype=float).T
    surfaces = city.surfaces.put(SURFACE_COLUMNS["tilt_deg"], tilt).put(SURFACE_COLUMNS["azimuth_deg"], azimuth)
    site = Table("site", ["here"]).put(Column("latitude_deg", "deg", "float", "latitude"), [latitude])
    people = np.broadcast_to(occupants, (len(faces),)).astype(float)
    return city.with_table(surfaces).with_table(site).with_table(city.buildings.put(OCCUPANTS, people))


def two_roofs(one, other):
    """Return one building with two roof faces, rows 4 and 10."""
    city = roofs(one, other)
    return city.with_table(city.surfaces.put(SURFACE_COLUMNS["building"], np.zeros(12, dtype=int)))


def roof_areas(city, *areas):
    area = np.array(city.surfaces["area_m2"])
    area[ROOF::6] = areas
    return city.with_table(city.surfaces.put(SURFACE_COLUMNS["area_m2"], area))


def installed(city, code=FIRST, rows=None, **params):
    rows = np.arange(len(city.buildings)) if rows is None else np.asarray(rows)
    return install_collectors(city, rows, SolarThermal(**params), code)


def collectors(city, **params):
    return installed(city, **params).tables["solar_collector"]


# -- the measure


def test_a_household_of_four_by_hand():
    """6 m2 of flat plates and 360 l; a tank of label B may lose 12 + 5.93 V**0.4 W at 45 K."""
    row = collectors(roofs(SOUTH)).row("s4/collector")
    assert row["aperture_m2"] == 6.0
    assert row["roof_area_m2"] == pytest.approx(7.2)
    assert row["tank_m3"] == pytest.approx(0.36)
    assert row["tank_loss_w_k"] == pytest.approx((12 + 5.93 * 360**0.4) / 45)
    assert row["pipe_loss_w_k"] == pytest.approx(8.0)
    assert (row["eta0"], row["a1_w_m2k"], row["a2_w_m2k2"]) == (0.78, 3.7, 0.017)
    assert (row["tilt_deg"], row["azimuth_deg"]) == SOUTH


def test_evacuated_tubes_are_fewer_and_lose_less():
    flat, tube = (collectors(roofs(SOUTH), collector=c) for c in ("flat_plate", "evacuated_tube"))
    assert tube["aperture_m2"].tolist() == [4.0]
    assert tube["tank_m3"].tolist() == pytest.approx([0.32])
    assert tube["a1_w_m2k"][0] < flat["a1_w_m2k"][0]


def test_sizes_can_be_stated():
    stated = {"aperture_m2": 9.0, "tank_l_per_m2": 100.0, "pipe_loss_w_k": 0.0, "pump_share": 0.05}
    row = collectors(roofs(SOUTH, occupants=0.0), **stated).row(0)
    assert [row[c] for c in ("aperture_m2", "tank_m3", "pipe_loss_w_k", "pump_share")] == pytest.approx(
        [9.0, 0.9, 0.0, 0.05]
    )
    assert collectors(roofs(SOUTH), aperture_m2_per_person=0.8)["aperture_m2"].tolist() == pytest.approx([3.2])


def test_collectors_are_linked_to_face_and_building():
    city = installed(roofs(NORTH, SOUTH, SOUTH), rows=[0, 1])
    assert city.tables["solar_collector"].ids.tolist() == ["s10/collector"]
    sizes = {name: len(table) for name, table in city.tables.items()}
    summed = transfer(city.links, sizes, "solar_collector", "building", extensive=True)(np.array([[5.0]]))
    assert summed.tolist() == [[0, 5, 0]]
    gathered = transfer(city.links, sizes, "surface", "solar_collector", extensive=False)(np.arange(18.0)[None])
    assert gathered.tolist() == [[10]]


def test_on_flat_roofs_they_stand_on_racks_towards_the_equator():
    for latitude, equator in ((51.5, 180.0), (-33.0, 0.0)):
        row = collectors(roofs(FLAT, latitude=latitude)).row(0)
        assert (row["tilt_deg"], row["azimuth_deg"]) == (45.0, equator)
        assert row["roof_area_m2"] == pytest.approx(18.0)


def test_the_face_nearest_to_the_equator_is_taken_or_the_sunniest_where_that_is_known():
    city = two_roofs(WEST, (35, 200))
    assert collectors(city)["surface"].tolist() == [10]
    southern = roofs(SOUTH, NORTH, latitude=-33.0)
    assert collectors(southern)["building"].tolist() == [1]
    sun = np.zeros(12)
    sun[[4, 10]] = 1100.0, 900.0
    assert collectors(city.with_table(city.surfaces.put(IRRADIATION, sun)))["surface"].tolist() == [4]


def test_a_face_that_holds_all_comes_before_a_sunnier_one_that_does_not():
    city = roof_areas(two_roofs(SOUTH, WEST), 10.0, 100.0)
    assert collectors(city)["surface"].tolist() == [10]
    small = collectors(roof_areas(two_roofs(SOUTH, WEST), 10.0, 8.0))
    assert small["surface"].tolist() == [4]
    assert small["aperture_m2"].tolist() == pytest.approx([0.6 * 10 / 1.2])


def modules(city, face, area_m2, tilt_deg):
    values = {name: 0.0 for name, column in PV_COLUMNS.items() if column.kind == "float"}
    values |= {"building": 0, "surface": face, "module_area_m2": area_m2, "tilt_deg": tilt_deg}
    return with_entities(
        city, append(None, "pv_array", ["pv"], {PV_COLUMNS[c]: v for c, v in values.items()}, FIRST), "surface"
    )


def test_solar_modules_keep_their_room():
    city = roofs(SOUTH)
    usable = 0.6 * ROOF_M2
    assert collectors(modules(city, 4, usable - 4.8, 35.0))["aperture_m2"].tolist() == pytest.approx([4.0])
    with pytest.raises(TwinError, match="suitable and free"):
        collectors(modules(city, 4, usable - 2.3, 35.0))
    with pytest.raises(TwinError, match="suitable and free"):
        collectors(modules(roofs(FLAT), 4, 10.0, 15.0))  # rows on racks, all over the roof


def test_a_second_measure_leaves_the_first_alone():
    city = installed(roofs(SOUTH, SOUTH), rows=[1], aperture_m2=3.0)
    again = installed(city, code=SECOND).tables["solar_collector"]
    assert again.ids.tolist() == ["s10/collector", "s4/collector"]
    assert again["aperture_m2"].tolist() == [3.0, 6.0]
    assert again.source("aperture_m2").tolist() == [FIRST, SECOND]
    with pytest.raises(TwinError, match="suitable and free"):
        installed(installed(city, code=SECOND), code=SECOND)


def test_what_cannot_be_is_said():
    with pytest.raises(TwinError, match=r"solar_thermal: no roof face .* suitable and free; expected other buildings"):
        installed(roofs(NORTH, (80, 180)))
    with pytest.raises(TwinError, match=r"no occupants to size collectors for; expected other buildings, or aperture"):
        installed(roofs(SOUTH, occupants=0.0))
    assert collectors(roofs(SOUTH, SOUTH, occupants=[0.0, 2.0]))["building"].tolist() == [1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"collector": "unglazed"},
        {"aperture_m2": 4.0, "aperture_m2_per_person": 1.0},
        {"usable_share": 1.2},
        {"m2": 3.0},
    ],
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        SolarThermal(**wrong)


def test_the_measure_writes_what_it_declares():
    (spec,) = WING.measures
    params = resolve(spec.params)()
    city = resolve(spec.apply)(roofs(SOUTH), np.array([0]), params, FIRST)
    assert {f"solar_collector.{name}" for name in city.tables["solar_collector"].names} == set(spec.writes)
    assert all(field.description for field in type(params).model_fields.values())


# -- the simulator


def sunny(axis, n):
    """Sun on collectors at some latitude of Germany: long days in summer, weak sun in winter."""
    hour, season = axis.seconds / HOUR % 24, -np.cos(2 * np.pi * (axis.seconds / 86400 % 365.25 - 10) / 365.25)
    height = np.cos(np.pi * (hour - 12) / 12) * 0.75 + 0.3 * season
    return np.clip(750 * height, 0, None)[:, None] * np.ones(n)


def asking(axis, n_collectors, n):
    outdoor = 10 - 9 * np.cos(2 * np.pi * (axis.seconds / 86400 % 365.25 - 20) / 365.25)
    drawn = 400 * (1 + np.sin(2 * np.pi * axis.seconds / 86400))
    return {
        "collector_irradiance": sunny(axis, n_collectors),
        "outdoor_temperature": outdoor[:, None] * np.ones(n_collectors),
        "hot_water_demand": drawn[:, None] * np.ones(n),
    }


def simulator(city, step_s=HOUR):
    return build(Setup(city, {}, BERLIN, step_s))


def several():
    """Return three buildings: two faces of the first with collectors, none on the second, other ones on the third."""
    city = roofs(SOUTH, SOUTH, SOUTH, WEST)
    owner = np.array(city.surfaces["building"])
    owner[18:] = 0
    city = city.with_table(city.surfaces.put(SURFACE_COLUMNS["building"], owner))
    table = Table.concat([installed(city, rows=[2], aperture_m2=5.0).tables["solar_collector"]] * 3)
    ids = ["a", "b", "c"]
    values = {table.column(name): table[name] for name in table.names}
    table = append(None, "solar_collector", ids, values, FIRST)
    building, surface = (table.column(c) for c in ("building", "surface"))
    return with_entities(city, table.put(building, [2, 0, 0]).put(surface, [16, 22, 4]), "building", "surface")


YEAR = TimeAxis.at("2023-01-01", HOUR, 365 * 24)
WEEK = TimeAxis.at("2023-06-01", HOUR, 168)


def test_energy_is_kept_and_the_pump_draws_its_share():
    city = several()
    one = simulator(city)
    out = cut(one, WEEK, asking(WEEK, 3, 4), [WEEK.n])
    energy = {q: v.sum(axis=0) * HOUR for q, v in out.items()}
    capacity = np.array([600.0, 0, 300.0, 0]) * 4130
    held = out["solar_tank_stored"][-1] - capacity * 10  # they begin 10 K above cold water
    gone = energy["solar_heat"] + energy["solar_tank_losses"] + held
    np.testing.assert_allclose(energy["collector_heat"], gone, rtol=1e-9)
    np.testing.assert_allclose(out["electric_load"], 0.02 * out["collector_heat"], rtol=1e-12)
    assert all((v[:, [1, 3]] == 0).all() for v in out.values())
    assert all((v[:, [0, 2]] > 0).any(axis=0).all() for v in out.values())
    assert energy["solar_heat"][0] > energy["solar_heat"][2]


def test_each_collector_has_its_own_sun():
    """What lies in the shade adds nothing but its tank."""
    given_ = asking(WEEK, 3, 4)
    both = cut(simulator(several()), WEEK, given_, [WEEK.n])["collector_heat"]
    given_["collector_irradiance"] = given_["collector_irradiance"] * [1.0, 0.0, 1.0]
    half = cut(simulator(several()), WEEK, given_, [WEEK.n])["collector_heat"]
    assert np.array_equal(both[:, 2], half[:, 2])
    assert 0.5 * both[:, 0].sum() < half[:, 0].sum() < 0.9 * both[:, 0].sum()


def test_more_collectors_give_more_but_ever_less_each():
    """What twice as many add is less than twice what the last doubling added."""
    april, fractions = TimeAxis.at("2023-04-01", HOUR, 720), []
    given_ = asking(april, 1, 1)
    for aperture in (1.0, 2.0, 4.0, 8.0, 16.0):
        out = cut(simulator(installed(roofs(SOUTH), aperture_m2=aperture)), april, given_, [april.n])
        fractions.append(out["solar_heat"].sum() / given_["hot_water_demand"].sum())
    gained = np.diff(fractions, prepend=0.0)
    assert (gained > 0).all()
    assert (gained[2:] < 2 * gained[1:-1]).all()
    assert fractions[-1] < 1


def test_a_house_is_served_in_summer_and_hardly_in_winter():
    """1142 kWh/m2 of sun on 6 m2, every third day dull, serve half of what four persons draw in a year."""
    dull = YEAR.seconds // 86400 % 3 == 0
    given_ = asking(YEAR, 1, 1)
    given_["collector_irradiance"] *= np.where(dull, 0.3, 0.9)[:, None]
    given_["hot_water_demand"] *= 2700e3 / given_["hot_water_demand"].sum()
    out = cut(simulator(installed(roofs(SOUTH))), YEAR, given_, [YEAR.n])
    served, drawn = (v.reshape(-1, 730).sum(axis=1) for v in (out["solar_heat"], given_["hot_water_demand"]))
    share = served / drawn
    assert given_["collector_irradiance"].sum() == pytest.approx(1142e3, rel=0.01)
    assert max(share[0], share[-1]) < 0.3
    assert min(share[5:7]) > 0.8
    assert 0.5 < served.sum() / drawn.sum() < 0.65
    assert 250 < out["collector_heat"].sum() / 6e3 < 400  # kWh per m2


@cache
def uncut():
    return cut(simulator(several()), WEEK, asking(WEEK, 3, 4), [WEEK.n])


@given(cuts=st.sets(st.integers(1, 167), max_size=5))
@settings(max_examples=10)
def test_any_cut_gives_the_same(cuts):
    edges = [0, *sorted(cuts), WEEK.n]
    parts = cut(simulator(several()), WEEK, asking(WEEK, 3, 4), np.diff(edges).tolist())
    for quantity, values in uncut().items():
        np.testing.assert_array_equal(parts[quantity], values)


def test_other_buildings_change_nothing():
    """Also where they make places for more collectors than a building has."""
    city = several()
    rows = np.flatnonzero(city.tables["solar_collector"]["building"] == 2)
    alone = with_entities(city, city.tables["solar_collector"].take(rows), "building", "surface")
    given_ = asking(WEEK, 1, 4)
    for quantity, values in cut(simulator(alone), WEEK, given_, [WEEK.n]).items():
        np.testing.assert_array_equal(values[:, 2], uncut()[quantity][:, 2])


def test_finer_steps_of_the_same_sun_give_nearly_the_same_heat():
    held = {q: np.repeat(v, 12, axis=0) for q, v in asking(WEEK, 3, 4).items()}
    whole = cut(simulator(several()), WEEK, asking(WEEK, 3, 4), [WEEK.n])["solar_heat"].mean(axis=0)
    fine = cut(simulator(several(), 300), WEEK.with_step(300), held, [12 * WEEK.n])["solar_heat"].mean(axis=0)
    np.testing.assert_allclose(fine, whole, rtol=1e-3)


def test_ports_keep_the_contract():
    one = simulator(several(), 86400)
    assert one.step_s == HOUR
    assert isinstance(one, Simulator)
    assert isinstance(one, Storage)
    given_ = asking(WEEK, 3, 4)
    first, rest = WEEK.between(WEEK.start, WEEK.start + 50 * HOUR), WEEK.between(WEEK.start + 50 * HOUR, WEEK.end)
    one.start(WEEK, None)
    one.advance(first, {q: v[:50] for q, v in given_.items()})
    saved = one.state()
    once, again = [], []
    for out in (once, again):
        one.restore(saved)
        out.append(one.advance(rest, {q: v[50:] for q, v in given_.items()}))
    assert all(np.array_equal(once[0][q], again[0][q]) for q in once[0])
    assert build(Setup(roofs(SOUTH), {}, BERLIN, HOUR)) is None


class Sunny:
    """The same sun, air and demand every day."""

    name, version, step_s, reads = "sunny", "1", HOUR, ()
    writes = (
        Write("collector_irradiance", "solar_collector"),
        Write("outdoor_temperature", "solar_collector"),
        Write("hot_water_demand", "building"),
    )

    def start(self, axis, streams):
        pass

    def advance(self, window, inputs):
        return asking(window, 3, 4)

    def state(self):
        return None

    def restore(self, state):
        pass


def test_a_typical_day_leaves_tanks_as_it_found_them():
    city, one = several(), simulator(several())
    sizes = {name: len(table) for name, table in city.tables.items()}
    Coupling(Graph([Sunny(), one], sizes, city.links)).run(
        WEEK.start, WEEK.start + 86400, seed=1, cyclic_from=WEEK.start
    )
    found = one.stored().copy()
    one.start(WEEK, None)
    one.restock(found)
    day = WEEK.between(WEEK.start, WEEK.start + 86400)
    one.advance(day, asking(day, 3, 4))
    np.testing.assert_allclose(one.stored(), found, atol=1e-3)
    assert (found > 0.2).all()
