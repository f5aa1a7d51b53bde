"""Irradiance on planes: against pvlib, and against what everybody knows of the sun."""

import numpy as np
import pvlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sun_case import DAY, NORMAL, by_pvlib, clear_hours

from twin.sun.kernel import components, irradiance, planes_from
from twin.sun.sky import ALBEDO, extraterrestrial, perez_sky


def hours(beam_share=1.0):
    """Return irradiances and sun of a clear year in which clouds turn a share of the beam into diffuse light."""
    beam, _, total, zenith, azimuth, _ = clear_hours()
    beam = beam * beam_share
    diffuse = np.maximum(total - beam * np.maximum(np.cos(np.radians(zenith)), 0.0), 0.0)
    return beam, diffuse, total, zenith, azimuth


def mixed_year():
    """A year with every kind of sky, overcast to clear, hour by hour."""
    return hours(np.tile([1.0, 0.0, 0.5, 0.9, 0.2, 0.05, 0.75], 1252)[:8760])


def yearly(values):
    return values.sum(axis=0) / 1000


ORIENTATIONS = [(tilt, azimuth) for tilt in (0, 15, 35, 60, 90, 120, 150, 180) for azimuth in (0, 45, 90, 180, 250)]


@pytest.mark.parametrize("year", [hours, mixed_year])
def test_same_as_pvlib_on_every_plane_and_hour(year):
    case = year()
    tilt, azimuth = np.array(ORIENTATIONS, dtype=float).T
    ours = irradiance(perez_sky(*case, NORMAL), planes_from(tilt, azimuth))
    extra = pvlib.irradiance.get_extra_radiation(DAY)
    theirs = np.column_stack([by_pvlib("perez", *plane, (*case, extra)) for plane in ORIENTATIONS])
    down = case[3] <= 90.0  # below the horizon pvlib has no diffuse light, we keep it
    np.testing.assert_allclose(ours[down], theirs[down], rtol=0, atol=1e-8)
    assert yearly(ours) == pytest.approx(yearly(theirs), rel=1e-6)


def test_four_walls_and_a_roof():
    north, east, south, west, roof, flat = irradiance(
        perez_sky(*hours(), NORMAL),
        planes_from(np.array([90.0, 90, 90, 90, 35, 0]), np.array([0.0, 90, 180, 270, 180, 0])),
    ).T
    sums = {n: yearly(v) for n, v in zip("nesw", (north, east, south, west), strict=True)}
    assert sums["s"] > sums["e"] > sums["n"] > 0
    assert sums["e"] == pytest.approx(sums["w"], rel=0.01)
    assert yearly(roof) > 1.2 * max(yearly(flat), sums["s"])
    morning, evening = np.arange(8760) % 24 < 11, np.arange(8760) % 24 > 13
    assert east[morning].sum() > 3 * east[evening].sum()
    assert west[evening].sum() > 3 * west[morning].sum()


@pytest.mark.parametrize("year", [hours, mixed_year])
def test_a_horizontal_plane_receives_beam_and_diffuse_and_a_ceiling_the_ground(year):
    beam, diffuse, total, zenith, azimuth = year()
    up, down = irradiance(
        perez_sky(beam, diffuse, total, zenith, azimuth, NORMAL),
        planes_from(np.array([0.0, 180.0]), np.array([0.0, 0.0])),
    ).T
    high = zenith < 85.0  # lower, the circumsolar light is held back (b of the model)
    assert up[high] == pytest.approx((beam * np.cos(np.radians(zenith)) + diffuse)[high], rel=1e-12)
    assert down[high] == pytest.approx(ALBEDO * total[high], rel=1e-12)


def test_night_is_dark():
    case = hours()
    dark = irradiance(perez_sky(*case, NORMAL), planes_from(np.array([0.0, 90, 180]), np.zeros(3)))[case[3] > 95.0]
    assert not dark.any()


def test_diffuse_light_below_the_horizon_is_isotropic():
    sky = perez_sky(*(np.array([v]) for v in (0.0, 8.0, 8.0, 91.0, 270.0)), extraterrestrial(np.array([80])))
    flat, west, east = irradiance(sky, planes_from(np.array([0.0, 90, 90]), np.array([0.0, 270, 90])))[0]
    assert flat == pytest.approx(8.0)
    assert west == east == pytest.approx(0.5 * 8.0 + 0.5 * ALBEDO * 8.0)


def test_components_add_up_to_the_total():
    sky = perez_sky(*mixed_year(), NORMAL)
    planes = planes_from(*np.array(ORIENTATIONS, dtype=float).T)
    np.testing.assert_allclose(irradiance(sky, planes), components(sky, planes).total(), rtol=0, atol=1e-9)


def test_shading_multiplies_the_components():
    # a plane from which the sun is hidden and half the sky: the way a horizon would be applied
    sky = perez_sky(*hours(), NORMAL)
    planes = planes_from(np.array([90.0]), np.array([180.0]))
    parts = components(sky, planes)
    shaded = 0.5 * parts.isotropic + parts.ground
    assert yearly(shaded) < 0.5 * yearly(parts.total())


def test_degenerate_polygons_receive_nothing_and_flat_ones_need_no_azimuth():
    sky = perez_sky(*hours(), NORMAL)
    nothing, flat, known = irradiance(
        sky, planes_from(np.array([np.nan, 0.0, 0.0]), np.array([np.nan, np.nan, 120.0]))
    ).T
    assert not nothing.any()
    assert np.array_equal(flat, known)


def test_blocks_do_not_change_the_result(monkeypatch):
    sky = perez_sky(*mixed_year(), NORMAL)
    rng = np.random.default_rng(1)
    planes = planes_from(rng.uniform(0, 180, 30), rng.uniform(0, 360, 30))
    whole = irradiance(sky, planes)
    monkeypatch.setattr("twin.sun.kernel._STEPS", 7)
    monkeypatch.setattr("twin.sun.kernel._PLANES", 8)
    np.testing.assert_allclose(irradiance(sky, planes), whole, rtol=1e-12, atol=1e-12)


def test_no_planes_and_no_hours():
    sky = perez_sky(*hours(), NORMAL)
    assert irradiance(sky, planes_from(np.zeros(0), np.zeros(0))).shape == (8760, 0)
    none = perez_sky(*(np.zeros(0) for _ in range(5)), np.zeros(0))
    assert irradiance(none, planes_from(np.zeros(2), np.zeros(2))).shape == (0, 2)


N = 12
RADIATION = arrays(np.float64, N, elements=st.floats(0, 1000))


@given(
    RADIATION,
    RADIATION,
    arrays(np.float64, N, elements=st.floats(0, 180)),
    arrays(np.float64, N, elements=st.floats(0, 360)),
    arrays(np.float64, 5, elements=st.floats(0, 180)),
    arrays(np.float64, 5, elements=st.floats(0, 360)),
)
@settings(max_examples=100, deadline=None)
def test_irradiance_is_finite_and_never_negative(beam, diffuse, zenith, azimuth, tilt, towards):
    total = diffuse + beam * np.maximum(np.cos(np.radians(zenith)), 0.0)
    sky = perez_sky(beam, diffuse, total, zenith, azimuth, extraterrestrial(np.arange(1, N + 1)))
    got = irradiance(sky, planes_from(tilt, towards))
    assert np.isfinite(got).all()
    assert (got >= 0.0).all()


@given(RADIATION, RADIATION, arrays(np.float64, N, elements=st.floats(0, 89)), st.floats(1.0, 400.0))
@settings(max_examples=100, deadline=None)
def test_more_beam_from_the_same_sky_is_never_less(beam, diffuse, zenith, more):
    # the split of the diffuse light depends on the beam, so only the sky is held as it is
    total = diffuse + beam * np.cos(np.radians(zenith))
    sky = perez_sky(beam, diffuse, total, zenith, np.full(N, 180.0), extraterrestrial(np.arange(1, N + 1)))
    planes = planes_from(np.linspace(0, 180, 7), np.full(7, 180.0))
    brighter = type(sky)(sky.sun, sky.beam + more, sky.circumsolar, sky.isotropic, sky.horizon, sky.ground)
    assert (irradiance(brighter, planes) >= irradiance(sky, planes) - 1e-9).all()
