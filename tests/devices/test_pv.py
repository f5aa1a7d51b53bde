"""Solar modules: which faces get them, how they lie there, what a measure leaves alone, and what they feed in."""

import numpy as np
import pytest
from pydantic import ValidationError

from buildings_case import BERLIN, boxes, cut
from twin.city.model import SURFACE_COLUMNS
from twin.devices.pv.faces import IRRADIATION, suitable_faces
from twin.devices.pv.measures import Losses, Pv, install_pv
from twin.devices.pv.racks import masked_sky, row_coverage, winter_noon_elevation
from twin.devices.pv.simulator import PvSimulator, build
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
ROOF_M2 = 16 * 12
SUN = Column(IRRADIATION, "kWh/m2", "float", "a year's sun")


def roofs(*faces, latitude=51.5):
    """Return a city of boxes whose roofs have these tilts and azimuths; every sixth surface is a roof."""
    city = boxes(len(faces))
    tilt, azimuth = np.array(city.surfaces["tilt_deg"]), np.array(city.surfaces["azimuth_deg"])
    tilt[ROOF::6], azimuth[ROOF::6] = np.array(faces, dtype=float).T
    surfaces = city.surfaces.put(SURFACE_COLUMNS["tilt_deg"], tilt).put(SURFACE_COLUMNS["azimuth_deg"], azimuth)
    site = Table("site", ["here"]).put(Column("latitude_deg", "deg", "float", "latitude"), [latitude])
    return city.with_table(surfaces).with_table(site)


def sunlit(city, *roofs):
    """Return the city with this much sun on its roofs in a year, kWh/m2, and 500 on everything else."""
    sun = np.full(len(city.surfaces), 500.0)
    sun[ROOF::6] = roofs
    return city.with_table(city.surfaces.put(SUN, sun))


def merged(city):
    """Return the city with the second building's faces on the first."""
    owner = np.array(city.surfaces["building"])
    owner[6:12] = 0
    return city.with_table(city.surfaces.put(SURFACE_COLUMNS["building"], owner))


def arrays_of(city, **params):
    return install_pv(city, np.arange(len(city.buildings)), Pv(**params), FIRST).tables["pv_array"]


# -- which faces


def test_faces_that_are_flat_or_look_south_get_modules_and_steep_north_ones_do_not():
    city = roofs((FLAT, 0), (35, 180), (35, 90), (35, 270), (35, 0), (35, 60), (80, 180))
    fit = suitable_faces(city, Pv())
    assert city.surfaces["building"][fit].tolist() == [0, 1, 2, 3]
    assert set(city.surfaces["type"][fit]) == {"RoofSurface"}


def test_south_of_the_equator_faces_look_north():
    city = roofs((35, 180), (35, 0), latitude=-30.0)
    assert city.surfaces["building"][suitable_faces(city, Pv())].tolist() == [1]


def test_facades_get_modules_on_demand_where_they_are_no_party_walls():
    city = boxes(party_wall_m2=100.0)  # of the 108 m2 of the east wall
    faces = [str(city.surfaces.ids[row]) for row in suitable_faces(city, Pv(on=["facade"]))]
    assert faces == ["s2", "s3"]  # without a site, the south and west walls; the north wall looks away
    table = arrays_of(city, on=["roof", "facade"])
    assert table.ids.tolist() == ["s2/pv", "s3/pv", "s4/pv"]
    assert table["module_area_m2"] == pytest.approx([0.2 * 16 * 9, 0.2 * 12 * 9, 0.6 * ROOF_M2])
    assert table["tilt_deg"].tolist() == [90, 90, 0]
    assert set(table["mounting"]) == {"close_mount"}


def test_faces_with_less_sun_than_asked_for_stay_without():
    city = sunlit(roofs((35, 180), (35, 180), (35, 180)), 1100, 700, 900)
    assert arrays_of(city, min_irradiation_kwh_m2=900)["building"].tolist() == [0, 2]
    with pytest.raises(TwinError, match="goes by the yearly sun on every face, which is not known here; expected a mo"):
        arrays_of(roofs((35, 180)), min_irradiation_kwh_m2=900)
    with pytest.raises(TwinError, match="no roof face or facade of the buildings chosen"):
        arrays_of(city, on=["facade", "roof"], min_irradiation_kwh_m2=2000)


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
    assert arrays["system_loss"] == pytest.approx([0.1, Pv().system_loss])
    assert arrays.source("system_loss").tolist() == [FIRST, SECOND]
    assert len(city.tables["pv_array"]) == 1
    assert sum(link.fine == "pv_array" for link in again.links) == 2
    with pytest.raises(TwinError, match=r"no roof face .* is suitable and without modules"):
        install_pv(again, np.array([True, True]), Pv(), SECOND)


def test_a_building_s_limit_goes_to_its_sunniest_face_first():
    city = merged(roofs((35, 250), (35, 180), (35, 180)))  # two roofs on the first building
    full = 200 * 0.6 * 16 * 12
    arrays = install_pv(city, np.arange(3), Pv(max_kw_per_building=1.5e-3 * full), FIRST).tables["pv_array"]
    assert arrays["azimuth_deg"].tolist() == [250, 180, 180]
    assert arrays["power_w"].tolist() == pytest.approx([0.5 * full, full, full])
    first = install_pv(city, np.array([0]), Pv(max_kw_per_building=0.5e-3 * full), FIRST)
    assert first.tables["pv_array"]["azimuth_deg"].tolist() == [180]
    with pytest.raises(TwinError, match="no roof face"):
        install_pv(first, np.array([0]), Pv(max_kw_per_building=0.5e-3 * full), SECOND)


def test_the_sunniest_faces_come_first_and_the_last_one_is_cut():
    full = 200e-3 * 0.6 * ROOF_M2  # kW
    city = sunlit(merged(roofs((35, 180), (35, 180), (FLAT, 0), (35, 180))), 800, 900, 1000, 700)
    per_building = arrays_of(city, max_kw_per_building=1.5 * full)
    assert per_building["surface"].tolist() == [4, 10, 16, 22]
    assert 1e-3 * per_building["power_w"] == pytest.approx([0.5 * full, full, full, full])
    together = arrays_of(city, max_kw=1.75 * full)
    assert together["surface"].tolist() == [10, 16]
    assert 1e-3 * together["power_w"] == pytest.approx([0.75 * full, full])
    both = arrays_of(city, max_kw_per_building=0.5 * full, max_kw=1.75 * full)
    assert dict(zip(both["surface"].tolist(), both["power_w"] / (1e3 * full), strict=True)) == pytest.approx(
        {10: 0.5, 16: 0.5, 22: 0.5}
    )


def test_what_stands_on_the_buildings_chosen_counts_towards_their_limit():
    full = 200e-3 * 0.6 * ROOF_M2
    city = install_pv(roofs((35, 180), (35, 180), (35, 180)), np.array([0]), Pv(), FIRST)
    some = install_pv(city, np.array([0, 1]), Pv(max_kw=1.25 * full), SECOND).tables["pv_array"]
    assert 1e-3 * some["power_w"] == pytest.approx([full, 0.25 * full])
    others = install_pv(city, np.array([1, 2]), Pv(max_kw=1.25 * full), SECOND).tables["pv_array"]
    assert 1e-3 * others["power_w"] == pytest.approx([full, full, 0.25 * full])


def test_without_the_year_s_sun_flat_roofs_come_between_south_and_north_and_facades_last():
    full = 200e-3 * 0.6 * ROOF_M2
    city = roofs((FLAT, 0), (35, 95), (35, 180))
    both = ["roof", "facade"]
    assert arrays_of(city, on=both, max_kw=full)["surface"].tolist() == [16]
    assert arrays_of(city, on=both, max_kw=2 * full)["surface"].tolist() == [10, 16]
    assert arrays_of(city, on=both, max_kw=3 * full + 1)["surface"].tolist() == [2, 4, 10, 16]


def test_faces_whose_sun_is_not_known_come_last():
    full = 200e-3 * 0.6 * ROOF_M2
    city = sunlit(roofs((35, 180), (35, 250), (35, 180)), np.nan, 700, 900)
    assert arrays_of(city, max_kw=2 * full)["surface"].tolist() == [10, 16]
    assert arrays_of(city, min_irradiation_kwh_m2=100)["surface"].tolist() == [10, 16]


# -- modules and racks


def test_module_types_differ_in_power_and_in_what_heat_takes():
    city = roofs((35, 180))
    for kind, density, coefficient in (("standard", 150, -47e-4), ("premium", 200, -35e-4), ("thin_film", 100, -20e-4)):
        table = arrays_of(city, module_type=kind)
        assert table["power_w"] == pytest.approx(density * 0.6 * ROOF_M2)
        assert table["temperature_coefficient"] == coefficient
    assert arrays_of(city, module_w_m2=220.0)["power_w"] == pytest.approx(220 * 0.6 * ROOF_M2)


def test_losses_are_stated_part_by_part_or_in_all():
    city = roofs((35, 180))
    kept = 0.98**3 * 0.995 * 0.985 * 0.99 * 0.97
    assert arrays_of(city)["system_loss"] == pytest.approx(1 - kept)
    snowed = arrays_of(city, loss_parts=Losses(snow=0.1, age=0.05))["system_loss"]
    assert snowed == pytest.approx(1 - kept * 0.9 * 0.95)
    assert arrays_of(city, losses=0.14)["system_loss"] == 0.14


def test_rows_that_face_the_equator_cover_what_the_winter_sun_allows():
    city = roofs((3, 77), (35, 200))
    table = arrays_of(city, flat_roof="racks_south", rack_tilt_deg=30.0, usable_share_flat=0.7)
    coverage = row_coverage(30.0, winter_noon_elevation(51.5))
    assert 0.3 < coverage < 0.4
    assert table.ids.tolist() == ["s4/pv", "s10/pv"]
    assert table["tilt_deg"].tolist() == [30, 35]  # the pitched roof keeps its modules as they lie
    assert table["azimuth_deg"].tolist() == [180, 200]
    assert table["module_area_m2"] == pytest.approx([coverage * 0.7 * ROOF_M2, 0.6 * ROOF_M2])
    assert table["mounting"].tolist() == ["open_rack", "close_mount"]
    assert table["masked_sky"] == pytest.approx([masked_sky(30.0, coverage), 0])
    south = arrays_of(roofs((FLAT, 0), latitude=-51.5), flat_roof="racks_south")
    assert south["azimuth_deg"].tolist() == [0]
    assert south["tilt_deg"].tolist() == [15]


def test_pairs_of_rows_are_two_arrays_that_fit_on_the_roof():
    city = install_pv(
        roofs((FLAT, 0), (35, 180), (FLAT, 0)), np.arange(3), Pv(flat_roof="racks_east_west", max_kw=40.0), FIRST
    )
    table = city.tables["pv_array"]
    assert table.ids.tolist() == ["s4/pv-east", "s4/pv-west", "s10/pv"]
    assert table["azimuth_deg"].tolist() == [90, 270, 180]
    assert table["tilt_deg"].tolist() == [10, 10, 35]
    assert table["power_w"].sum() == pytest.approx(40e3)
    assert table["power_w"][0] == table["power_w"][1]  # the pitched roof is full, these two share what is left
    whole = arrays_of(roofs((FLAT, 0)), flat_roof="racks_east_west")
    assert whole["module_area_m2"] == pytest.approx([0.45 * 0.6 * ROOF_M2] * 2)
    assert whole["masked_sky"] == pytest.approx([masked_sky(10.0, 0.45)] * 2)
    assert (whole["module_area_m2"] * np.cos(np.radians(10))).sum() < 0.6 * ROOF_M2
    owners = transfer(city.links, {n: len(t) for n, t in city.tables.items()}, "pv_array", "building", extensive=True)
    assert owners(np.array([[1.0, 2.0, 4.0]])).tolist() == [[3, 4, 0]]


def test_rows_need_to_know_how_high_the_sun_stands():
    with pytest.raises(TwinError, match="follows from the latitude, which is not known here; expected a model with"):
        arrays_of(boxes(), flat_roof="racks_south")
    assert arrays_of(boxes(), flat_roof="racks_south", rack_coverage=0.4)["power_w"] == pytest.approx(
        0.4 * 200 * 0.6 * ROOF_M2
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"losses": 0.1, "loss_parts": Losses(snow=0.1)}, "has both losses and loss_parts"),
        ({"rack_tilt_deg": 20.0}, 'rack_tilt_deg needs flat_roof = "racks_south" or "racks_east_west"'),
        ({"flat_roof": "racks_east_west", "rack_coverage": 1.2}, r"racks overlap: .* is 1.2, at most 1.015 fits"),
        ({"losses": 0.1, "loss_parts": Losses(), "rack_coverage": 0.5}, "(?s)both losses and.*; rack_coverage needs"),
    ],
)
def test_contradictions_are_all_told(params, message):
    with pytest.raises(ValidationError, match=message):
        Pv(**params)


@pytest.mark.parametrize(
    "wrong", [{"usable_share": 1.2}, {"losses": 1.0}, {"module_w_m2": 0.0}, {"tilt": 3.0}, {"on": []}]
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        Pv(**wrong)


# -- the simulator


def inputs(n, sun=800.0):
    shape = (AXIS.n, n)
    day = np.clip(np.sin(np.pi * (np.arange(AXIS.n) - 5) / 16), 0, None)[:, None]
    return {
        "plane_of_array_irradiance": sun * day * np.ones(shape),
        "cell_irradiance": 0.97 * sun * day * np.ones(shape),
        "outdoor_temperature": np.full(shape, 15.0),
        "wind_speed": np.full(shape, 3.0),
        "diffuse_horizontal_irradiance": 0.4 * sun * day * np.ones(shape),
    }


def simulated(city, sun=800.0):
    simulator = build(Setup(city, {}, BERLIN, 3600))
    given = inputs(len(city.tables["pv_array"]), sun)
    return cut(simulator, AXIS, {read.key: given[read.key] for read in simulator.reads}, [AXIS.n])


def test_noon_by_hand():
    city = install_pv(roofs((35, 180)), np.array([0]), Pv(losses=0.14), FIRST)
    out = simulated(city)
    assert np.array_equal(out["electric_generation"], out["solar_generation"])
    noon = inputs(1)["plane_of_array_irradiance"].max()
    cell = 15 + noon / 800 * (49 - 20) * (1 - 0.2 / 0.9) * 9.5 / (5.7 + 3.8 * 0.51 * 3)
    direct = 0.86 * 200 * 0.6 * ROOF_M2 * 0.97 * noon / 1000 * (1 - 0.0035 * (cell - 25))
    z = direct * 0.96 / (200 * 0.6 * ROOF_M2 / 1.1)
    by_hand = direct * (-0.0162 * z - 0.0059 / z + 0.9858) / 0.9637 * 0.96
    assert out["electric_generation"].max() == pytest.approx(by_hand)


def test_nights_give_nothing_and_no_inverter_gives_more_than_it_can():
    city = install_pv(roofs((35, 180), (20, 200)), np.arange(2), Pv(dc_ac_ratio=1.5), FIRST)
    power, sun = simulated(city, sun=1100.0)["electric_generation"], inputs(2)["cell_irradiance"]
    assert (power[sun == 0] == 0).all()
    rating = city.tables["pv_array"]["inverter_w"]
    assert power.max(axis=0) == pytest.approx(rating)
    assert (power <= rating).all()


def test_rows_lose_some_of_the_sky_s_light():
    city = install_pv(roofs((FLAT, 0)), np.array([0]), Pv(flat_roof="racks_south", losses=0.0), FIRST)
    table = city.tables["pv_array"]
    apart = table.put(table.column("masked_sky"), 0.0)
    assert "diffuse_horizontal_irradiance" not in [read.key for read in PvSimulator(apart, 3600).reads]
    hidden, free = simulated(city), simulated(city.with_table(apart))
    lost = 1 - hidden["solar_generation"].sum() / free["solar_generation"].sum()
    expected = table["masked_sky"][0] * 0.4 * (1 + np.cos(np.radians(15))) / 2
    assert lost == pytest.approx(expected, rel=0.1)  # cooler cells win a little of it back


def test_weak_light_may_be_taken_to_give_less():
    city = roofs((35, 180))
    plain, corrected = (
        simulated(install_pv(city, np.array([0]), Pv(low_light_correction=on), FIRST), sun=140.0)["solar_generation"]
        for on in (False, True)
    )
    light = inputs(1, sun=140.0)["cell_irradiance"]
    weak = (plain > 0) & (light < 125)
    assert 0 < weak.sum() < (plain > 0).sum()
    assert (corrected[weak] < plain[weak]).all()
    assert np.array_equal(corrected[~weak], plain[~weak])


def test_any_cut_gives_the_same_and_ports_keep_the_contract():
    params = Pv(flat_roof="racks_east_west", temperature_model="sapm")
    city = install_pv(roofs((35, 180), (FLAT, 200)), np.array([1]), params, FIRST)
    city = install_pv(city, np.array([0]), Pv(), SECOND)
    simulator = build(Setup(city, {}, BERLIN, 86400))
    assert simulator.step_s == 3600
    assert isinstance(simulator, Simulator)
    whole = cut(simulator, AXIS, inputs(3), [AXIS.n])["electric_generation"]
    parts = cut(simulator, AXIS, inputs(3), [1, 7, AXIS.n - 8])["electric_generation"]
    assert np.array_equal(whole, parts)
    simulator.restore(simulator.state())


def test_without_modules_there_is_no_simulator():
    assert build(Setup(boxes(), {}, BERLIN, 3600)) is None
