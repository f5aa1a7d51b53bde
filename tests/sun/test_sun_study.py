"""A city under the sun: hours of sun by the clock, what neighbours take, and parts that face no outdoors."""

import numpy as np
import pandas as pd
import pvlib
import pytest
from sun_case import EAST, FLOOR, NORTH, ROOF, SOUTH, WEST, city_of, with_metadata

from twin.ledger import Ledger
from twin.sun.access import with_irradiation, with_light_and_air
from twin.sun.kernel import irradiance, planes_from
from twin.sun.settings import SunSettings
from twin.sun.simulator import attach
from twin.sun.study import SunStudy
from weather_case import clear_year

HOUSE = (0, 0, 10, 10, 6)
BLOCK = (-100, -30, 210, 10, 60)  # long and high, twenty metres to the south
ROW = ((0, 0, 10, 10, 6), (10, 0, 10, 10, 6))


def study(*boxes, party_walls=False, weather=None, **settings):
    return SunStudy(city_of(*boxes, weather=weather, party_walls=party_walls), SunSettings(**settings))


def hours_above(date, altitude_deg, latitude_deg=51.0, longitude_deg=7.0, between=(0, 24)):
    """Return for how long pvlib has the sun above an altitude, h; ``between`` in mean solar time."""
    minutes = pd.date_range(f"2021-{date}", periods=1440, freq="min", tz="UTC")
    solar = minutes - pd.Timedelta(hours=longitude_deg / 15.0)
    sun = pvlib.solarposition.get_solarposition(solar, latitude_deg, longitude_deg)
    high = sun["apparent_elevation"].to_numpy() >= altitude_deg
    clock = np.arange(1440) / 60.0
    return (high & (clock >= between[0]) & (clock < between[1])).sum() / 60.0


@pytest.mark.parametrize(("date", "altitude"), [("03-21", 5.0), ("12-21", 5.0), ("02-01", 10.0)])
def test_a_free_south_wall_has_sun_from_its_rise_to_its_setting(date, altitude):
    found = study(HOUSE, sunlight_date=date, sunlight_min_altitude_deg=altitude).sun_hours()
    assert found[SOUTH] == pytest.approx(hours_above(date, altitude), abs=1 / 6)
    assert found[EAST] + found[WEST] == pytest.approx(found[ROOF], abs=1 / 6)
    assert found[ROOF] == pytest.approx(found[SOUTH], abs=1e-9)
    assert found[NORTH] == found[FLOOR] == 0.0


def test_only_the_hours_that_count_are_counted():
    found = study(HOUSE, sunlight_date="12-21", sunlight_hours="09:00-15:00").sun_hours()
    assert found[SOUTH] == pytest.approx(hours_above("12-21", 5.0, between=(9, 15)), abs=1 / 6)
    assert found[SOUTH] < study(HOUSE, sunlight_date="12-21").sun_hours()[SOUTH]
    noon = study(HOUSE, sunlight_hours="12:00-14:00").sun_hours()
    assert noon[SOUTH] == pytest.approx(2.0)
    assert noon[WEST] > 1.8  # after noon, but for the equation of time
    assert noon[EAST] < 0.2


def test_a_block_to_the_south_takes_the_sun_away():
    free, shaded = study(HOUSE).sun_hours(), study(HOUSE, BLOCK).sun_hours()
    assert free[SOUTH] > 10.0
    assert shaded[SOUTH] <= 1.0  # just after its rise and before its setting, past the ends of the block
    assert shaded[6 + NORTH] == 0.0
    assert shaded[6 + SOUTH] == pytest.approx(free[SOUTH])
    december = study(HOUSE, (-100, -60, 210, 10, 6), sunlight_date="12-21").sun_hours()  # low enough and far
    assert december[SOUTH] == pytest.approx(study(HOUSE, sunlight_date="12-21").sun_hours()[SOUTH], abs=0.5)


def test_in_polar_night_there_are_no_hours_of_sun():
    found = study(HOUSE, weather=clear_year(78.0), sunlight_date="12-21").sun_hours()
    assert not found.any()


def test_south_of_the_equator_the_north_wall_has_the_sun():
    south = study(HOUSE, weather=clear_year(-35.0), sunlight_date="06-21")
    assert south.sun_hours()[NORTH] == pytest.approx(hours_above("06-21", 5.0, latitude_deg=-35.0), abs=1 / 6)
    assert south.sun_hours()[SOUTH] == 0.0
    assert south.irradiation()[NORTH] > 1.5 * south.irradiation()[SOUTH]


def test_bright_hours_of_the_year_are_counted_by_the_hour():
    free = study(HOUSE)
    sky = free._year
    bright = sky.beam >= 120.0
    facing = (sky.sun[bright] @ np.array([[0, 0, 1], [0, -1, 0], [1, 0, 0]]).T > 0.0).sum(axis=0)
    assert free.annual_sun_hours()[[ROOF, SOUTH, EAST]] == pytest.approx(
        facing, rel=5e-3
    )  # a sun along a wall is half behind it
    assert study(HOUSE, shading=False).annual_sun_hours()[SOUTH] == facing[1]
    assert study(HOUSE, BLOCK).annual_sun_hours()[SOUTH] < 0.6 * facing[1]


def test_a_turned_grid_turns_the_walls():
    # grid north lies 90 degrees clockwise of north, so the wall to the grid's south looks west
    turned = SunStudy(with_metadata(city_of(HOUSE), grid_convergence_deg=90.0))
    straight = study(HOUSE)
    for name in ("irradiation", "annual_sun_hours", "sun_hours"):
        there, here = getattr(turned, name)(), getattr(straight, name)()
        assert there[[NORTH, EAST, SOUTH, WEST]] == pytest.approx(here[[EAST, SOUTH, WEST, NORTH]], rel=1e-3, abs=0.01)


def test_without_shading_every_surface_stands_free():
    alone = study(HOUSE, BLOCK, shading=False)
    city = alone.city
    assert alone.sky is None
    assert alone.ground is None
    free = irradiance(alone._year, planes_from(city.surfaces["tilt_deg"], city.surfaces["azimuth_deg"]))
    assert alone.irradiation() == pytest.approx(3600.0 * free.sum(axis=0), rel=1e-9)
    assert alone.sky_view_factors()[[ROOF, SOUTH]] == pytest.approx([1.0, 0.5])
    assert alone.sky_components()[SOUTH] == pytest.approx(0.396, abs=0.002)
    assert alone.sun_hours()[SOUTH] == pytest.approx(hours_above("03-21", 5.0), abs=1 / 6)
    assert alone.outdoors.tolist() == [1.0] * 12


def test_alone_shading_changes_next_to_nothing():
    shaded, free = study(HOUSE).irradiation(), study(HOUSE, shading=False).irradiation()
    assert shaded[1:] == pytest.approx(free[1:], rel=0.005)
    assert study(HOUSE).sky_components()[[ROOF, SOUTH]] == pytest.approx([1.0, 0.396], abs=0.006)


def test_a_better_quality_finds_nearly_the_same():
    standard, fine = study(HOUSE, BLOCK), study(HOUSE, BLOCK, quality="fine")
    assert len(fine.sky.patches) > 2 * len(standard.sky.patches)
    walls = [SOUTH, EAST, WEST, NORTH, ROOF]
    assert standard.irradiation()[walls] == pytest.approx(fine.irradiation()[walls], rel=0.12)


def test_the_other_sky_differs_a_little():
    perez, hay = study(HOUSE, BLOCK).irradiation(), study(HOUSE, BLOCK, sky="haydavies").irradiation()
    there = perez > 0.0
    assert not np.allclose(perez, hay, rtol=1e-3)
    assert hay[there] == pytest.approx(perez[there], rel=0.25)


def test_black_ground_reflects_nothing():
    black, usual, snow = (study(HOUSE, albedo=albedo) for albedo in (0.0, 0.2, 0.8))
    assert black.ground is None
    walls = [study.irradiation()[SOUTH] for study in (black, usual, snow)]
    assert walls[2] - walls[0] == pytest.approx(4.0 * (walls[1] - walls[0]), rel=1e-6)


# -- what faces no outdoors


def test_party_walls_have_no_part_outdoors_and_half_shared_ones_half():
    half = study((0, 0, 10, 10, 6), (10, 0, 10, 5, 6), party_walls=True)
    shares = half.exposed
    assert shares[EAST] == pytest.approx(0.5)
    assert shares[6 + WEST] == pytest.approx(0.0)
    assert shares[[SOUTH, WEST, NORTH, ROOF]] == pytest.approx(1.0)
    assert half.outdoors[6 + WEST] == 0.05  # so that nothing is divided by nothing


def test_figures_are_those_of_the_part_outdoors():
    half = study((0, 0, 10, 10, 6), (10, 0, 10, 5, 6), party_walls=True)
    view = half.sky_view_factors()[EAST]
    assert view == pytest.approx(2.0 * half.planes.factors[EAST, 0])
    assert 0.3 < view < 0.5  # open to the east, with a wall at its southern end
    assert half.sky_view_factors()[6 + WEST] == 0.0
    whole = SunStudy(half.city, SunSettings(shading=False))
    assert 0.4 * whole.irradiation()[EAST] < half.irradiation()[EAST] < whole.irradiation()[EAST]


# -- columns of surfaces and buildings


def test_columns_of_surfaces_leave_out_the_ground():
    found = attach(city_of(HOUSE), {"sun": SunSettings(light_and_air=True)}, Ledger()).surfaces
    for name in ("solar_irradiation_kwh_m2", "sky_view_factor", "sky_component", "sun_hours", "annual_sun_hours"):
        assert found.missing(name).tolist() == [True] + [False] * 5
    assert found["solar_irradiation_kwh_m2"][ROOF] == pytest.approx(study(HOUSE).irradiation()[ROOF] / 3.6e6)


def test_without_light_and_air_there_is_only_the_irradiation():
    city = attach(city_of(HOUSE), {}, Ledger())
    assert "solar_irradiation_kwh_m2" in city.surfaces
    assert "sky_view_factor" not in city.surfaces
    assert "facade_m2" not in city.buildings
    assert city.table("site")["shading"].tolist() == [True]


def test_nothing_is_looked_for_before_it_is_asked_for(monkeypatch):
    def refuse(*_args, **_settings):
        raise AssertionError("somebody looked")

    monkeypatch.setattr("twin.sun.study.see", refuse)
    city = city_of(HOUSE)
    city = with_light_and_air(with_irradiation(city, SunStudy(city)), SunStudy(city))
    assert "sun_hours" in city.surfaces.names
    with pytest.raises(AssertionError, match="somebody looked"):
        city.surfaces["solar_irradiation_kwh_m2"]


def test_what_one_study_found_another_of_the_same_city_does_not_look_for():
    first, second = study(HOUSE, BLOCK), study(HOUSE, BLOCK)
    assert second.planes is first.planes
    assert study(HOUSE).planes is not first.planes
    assert study(HOUSE, BLOCK, albedo=0.0).planes is not first.planes  # which need not look at the ground


def test_facades_are_means_over_their_area_outdoors():
    boxes = (HOUSE, (10, 0, 10, 10, 6), (0, -25, 20, 5, 20))
    city = city_of(*boxes, party_walls=True)
    looked_at = SunStudy(city, SunSettings(light_and_air=True, sunlight_required_h=3.0))
    found = with_light_and_air(city, looked_at).buildings
    walls = [SOUTH, EAST, NORTH, WEST]
    area = np.array([60.0, 0.0, 60.0, 60.0])  # of the first house, whose east wall is shared
    hours = looked_at.sun_hours()[walls]
    assert found["facade_m2"] == pytest.approx([180.0, 180.0, 1000.0])
    assert found["facade_sun_hours"][0] == pytest.approx(area @ hours / 180.0)
    assert found["facade_sunlit"][0] == pytest.approx(100.0 * area @ (hours >= 3.0) / 180.0)
    assert found["facade_sky_view_factor"][0] == pytest.approx(area @ looked_at.sky_view_factors()[walls] / 180.0)
    assert found["facade_sky_component"][0] == pytest.approx(100 * area @ looked_at.sky_components()[walls] / 180.0)
    assert found["facade_annual_sun_hours"][0] == pytest.approx(area @ looked_at.annual_sun_hours()[walls] / 180.0)


def test_a_house_whose_walls_are_all_shared_has_no_facade():
    around = [(10, -10, 10, 10, 6), (10, 10, 10, 10, 6), (0, 0, 10, 10, 6), (20, 0, 10, 10, 6)]
    city = city_of((10, 0, 10, 10, 6), *around, party_walls=True)
    found = with_light_and_air(city, SunStudy(city)).buildings
    assert found["facade_m2"][0] == 0.0
    assert found.missing("facade_sun_hours").tolist() == [True] + [False] * 4
    assert not found.missing("facade_m2").any()
