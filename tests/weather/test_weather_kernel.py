"""What fills the gaps of a weather file, against textbook values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.solar_position import solar_position, standard_pressure
from twin.units import STEFAN_BOLTZMANN
from twin.weather.kernel import closure, cloud_fraction, dew_point, sky_infrared
from twin.weather.solar import fit_sun_instant
from weather_case import clear_year


@pytest.mark.parametrize(("height_m", "pressure_pa"), [(0, 101_325.0), (1000, 89_874.6), (5000, 54_019.9)])
def test_pressure_is_that_of_the_standard_atmosphere(height_m, pressure_pa):
    assert standard_pressure(height_m) == pytest.approx(pressure_pa, rel=1e-4)


def test_dew_point_is_the_temperature_of_saturated_air_and_lower_in_dry_air():
    temperature = np.array([-10.0, 5.0, 20.0])
    assert dew_point(temperature, np.ones(3)) == pytest.approx(temperature)
    assert dew_point(np.array([20.0]), np.array([0.5])) == pytest.approx(9.26, abs=0.05)  # psychrometric chart


def test_a_clear_year_has_no_clouds_and_a_dark_one_only_clouds():
    weather = clear_year()
    zenith, _ = solar_position(weather.labels + weather.sun_at_s, 51.0, 7.0, 100.0)
    clear_sky = np.maximum(910.0 * np.cos(np.radians(zenith)) - 30.0, 0.0)
    assert cloud_fraction(clear_sky, zenith) == pytest.approx(0.0)
    assert cloud_fraction(np.zeros_like(zenith), zenith) == pytest.approx(1.0)


def test_cloudiness_by_night_lies_between_evening_and_morning():
    weather = clear_year()
    zenith, _ = solar_position(weather.labels + weather.sun_at_s, 51.0, 7.0, 100.0)
    clear_sky = np.maximum(910.0 * np.cos(np.radians(zenith)) - 30.0, 0.0)
    second_half = np.arange(8760) >= 4380
    cloud = cloud_fraction(np.where(second_half, 0.4, 0.9) * clear_sky, zenith)
    assert cloud[4000] == pytest.approx(0.1)
    assert cloud[5000] == pytest.approx(0.6)
    assert cloud[0] == pytest.approx(0.35, abs=0.15)  # New Year's night: between 31 December and 1 January


@given(
    st.floats(-30, 45),
    st.floats(0.05, 1.0),
    st.floats(0.0, 1.0),
)
def test_sky_radiates_less_than_a_black_body_and_more_under_clouds(temperature, humidity, cloud):
    t, rh = np.array([temperature]), np.array([humidity])
    black = STEFAN_BOLTZMANN * (temperature + 273.15) ** 4
    clear, cloudy, covered = (sky_infrared(t, rh, np.array([c]))[0] for c in (0.0, cloud, 1.0))
    assert 0.3 * black < clear <= cloudy + 1e-9 <= covered + 2e-9
    assert covered == pytest.approx(black)


def test_parts_that_add_up_close_and_others_do_not():
    direct, diffuse, zenith = np.array([500.0, 0.0]), np.array([100.0, 30.0]), np.array([60.0, 95.0])
    assert closure(np.array([350.0, 30.0]), direct, diffuse, zenith) == pytest.approx(0.0, abs=1e-9)
    assert closure(np.array([380.0, 30.0]), direct, diffuse, zenith) == pytest.approx(30.0 / np.sqrt(2))
    assert closure(np.zeros(2), np.zeros(2), diffuse, zenith) == 0.0  # no daylight, nothing to compare


def test_sun_of_the_worked_example():
    # Reda & Andreas 2004, appendix: Golden, 17 October 2003, 12:30:30 at UTC-7, topocentric zenith and azimuth; they
    # take 820 hPa and 11 degC for the refraction, we the standard atmosphere, hence the tolerance
    instant = np.array([np.datetime64("2003-10-17T19:30:30").astype(np.int64)])
    zenith, azimuth = solar_position(instant, 39.742476, -105.1786, 1830.14)
    assert zenith[0] == pytest.approx(50.11162, abs=5e-4)
    assert azimuth[0] == pytest.approx(194.34024, abs=2e-4)


def test_sun_is_finite_by_night_and_at_the_pole():
    seconds = np.arange(0, 365 * 86400, 7 * 3600)
    for latitude in (90.0, -90.0, 0.0):
        zenith, azimuth = solar_position(seconds, latitude, 0.0, 0.0)
        assert np.isfinite(zenith).all()
        assert np.isfinite(azimuth).all()


@pytest.mark.parametrize("sun_at_s", [-1800, 660, 1800, 5400])
def test_the_instant_of_the_irradiance_is_found_from_the_data(sun_at_s):
    weather = clear_year(sun_at_s=sun_at_s)
    table = weather.table
    parts = (
        table["global_horizontal_irradiance"],
        table["direct_normal_irradiance"],
        table["diffuse_horizontal_irradiance"],
    )
    found, misfit = fit_sun_instant(weather.labels, parts, 51.0, 7.0, 100.0)
    assert found == sun_at_s
    assert misfit < 0.1
