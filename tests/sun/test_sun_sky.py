"""The models of the sky against pvlib, free planes and shaded ones that nothing shades, and the sun at far places."""

import warnings

import numpy as np
import pytest
from sun_case import NORMAL, by_pvlib, clear_hours, clear_sky, panel, scene_of_faces, under

from twin.sun.kernel import components, irradiance, planes_from
from twin.sun.sight.patches import below
from twin.sun.sky import SKY_MODELS, haydavies_sky, towards_sun
from twin.sun.view import seen_planes

ORIENTATIONS = np.array([(0, 0), (35, 180), (60, 90), (90, 0), (90, 90), (90, 180), (90, 250), (120, 180)], dtype=float)


def test_hay_davies_is_pvlibs_on_every_plane_and_hour():
    hours = clear_hours()
    high = hours[3] <= 89.0  # lower, pvlib's bound of the cosine is another one in the sixth digit
    ours = irradiance(haydavies_sky(*hours), planes_from(*ORIENTATIONS.T))
    theirs = np.column_stack([by_pvlib("haydavies", *plane, hours) for plane in ORIENTATIONS])
    np.testing.assert_allclose(ours[high], theirs[high], rtol=0, atol=1e-8)
    assert ours.sum(axis=0) == pytest.approx(theirs.sum(axis=0), rel=1e-4)


@pytest.mark.parametrize("model", ["perez", "haydavies"])
def test_what_nothing_shades_receives_what_pvlib_says(model):
    scene = scene_of_faces([panel(100.0 * k, 0, 0, *plane) for k, plane in enumerate(ORIENTATIONS)])
    hours = clear_hours()
    sky = SKY_MODELS[model](*hours)
    seen, weights = under(sky, scene)
    ground, _ = under(sky, scene, below(1))
    ours = irradiance(sky, seen_planes(scene.normals, seen, ground), weights, seen).sum(axis=0)
    theirs = [by_pvlib(model, *plane, hours).sum() for plane in ORIENTATIONS]
    assert ours == pytest.approx(np.array(theirs), rel=0.005)


@pytest.mark.corpus
@pytest.mark.parametrize("model", ["perez", "haydavies"])
def test_every_part_of_the_sky_is_that_of_the_table(shared, model):
    rows = np.genfromtxt(shared / "data/solar/pvlib_transposition.csv", delimiter=",", names=True)
    assert len(rows) == 400
    inputs = [rows[name] for name in ("dni", "dhi", "ghi", "zenith", "azimuth", "dni_extra")]
    sky = SKY_MODELS[model](*inputs, albedo=rows["albedo"])
    each = np.arange(len(rows))
    parts = components(sky, planes_from(rows["tilt"], rows["surf_azimuth"]))
    diffuse = np.maximum(parts.circumsolar + parts.isotropic + parts.horizon, 0.0)[each, each]
    np.testing.assert_allclose(parts.beam[each, each], rows["beam"], atol=2e-4)  # the table has six digits
    np.testing.assert_allclose(parts.ground[each, each], rows["ground"], atol=2e-6)
    np.testing.assert_allclose(diffuse, rows[f"sky_{model}"], rtol=1e-6, atol=2e-4)


def test_a_clear_sky_is_brighter_around_the_sun_than_an_overcast_one():
    clear, grey = ([[v] for v in (beam, 100.0, 100.0 + beam / 2, 60.0, 180.0, 1366.0)] for beam in (800.0, 0.0))
    for model in SKY_MODELS.values():
        bright, even = (model(*map(np.array, hour)) for hour in (clear, grey))
        assert bright.circumsolar[0] > 10.0 * abs(even.circumsolar[0])
        assert even.isotropic[0] > bright.isotropic[0]


def yearly(latitude, tilt=90.0, step=slice(None)):
    """Return the irradiation of planes to the north, east, south and west, kWh/m2."""
    sky = haydavies_sky(*clear_hours(latitude)).during(step)
    return irradiance(sky, planes_from(np.full(4, tilt), np.array([0.0, 90, 180, 270]))).sum(axis=0) / 1e3


def test_south_of_the_equator_the_sunny_side_is_the_north():
    north, east, south, west = yearly(-35.0)
    assert north > east > south
    assert yearly(35.0)[[0, 2]] == pytest.approx([south, north], rel=0.05)  # the earth is nearer in January
    assert east == pytest.approx(west, rel=0.01)
    roof_north, _, roof_south, _ = yearly(-35.0, tilt=30.0)
    assert roof_north > 1.2 * roof_south


def test_polar_night_is_dark_and_on_a_polar_day_every_wall_has_sun():
    december, june = slice(24 * 344, 24 * 365), slice(24 * 161, 24 * 182)
    assert (yearly(78.0, step=december) == 0.0).all()
    *_, zenith, _, _ = clear_hours(78.0)
    assert zenith[june].max() < 90.0
    sums = yearly(78.0, step=june)
    assert sums.min() > 0.5 * sums.max() > 0.0
    assert (yearly(-78.0, step=june) == 0.0).all()


def test_the_sun_stands_where_zenith_and_azimuth_say():
    found = towards_sun(np.array([0.0, 90, 90, 60]), np.array([77.0, 90, 180, 270]))
    half = np.sqrt(3) / 2
    np.testing.assert_allclose(found, [[0, 0, 1], [1, 0, 0], [0, -1, 0], [-half, 0, 0.5]], atol=1e-15)


def test_a_dark_or_endless_night_gives_no_numbers_that_are_none():
    beam, diffuse, total, zenith, azimuth, _ = clear_hours()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model in SKY_MODELS.values():
            sky = model(0 * beam, 0 * diffuse, 0 * total, zenith, azimuth, NORMAL)
            assert not irradiance(sky, planes_from(*ORIENTATIONS.T)).any()
    assert np.isfinite(clear_sky().circumsolar).all()
