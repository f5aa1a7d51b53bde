"""The model of Delft in the sun of a year, beside 200 of its surfaces looked at by brute force."""

import numpy as np
import pytest
from sun_case import looked_at, sky_views

from twin.cli import main
from twin.sun.kernel import irradiance, irradiance_series
from twin.sun.sight.patches import SUBDIVISION, directions_as_patches, reinhart, sun_weights, thinned
from twin.sun.sight.rays import embree
from twin.sun.sight.visibility import look
from twin.sun.sky import haydavies_sky
from twin.sun.view import seen_planes
from twin.validation.sun.scene_file import read_hours, read_scene

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def delft(shared):
    return read_scene(shared / "data/solar/scene_delft.npz")


@pytest.fixture(scope="module")
def reference(shared):
    return np.genfromtxt(shared / "data/solar/reference_surfaces.csv", delimiter=",", names=True)


@pytest.fixture(scope="module")
def hours(shared):
    return read_hours(shared / "data/solar/weather_pvgis_45N_8E.csv")


@pytest.fixture(scope="module")
def sky(hours):
    return haydavies_sky(*(hours[name] for name in ("dni", "dhi", "ghi", "zenith", "azimuth", "ext")), albedo=0.0)


@pytest.fixture(scope="module")
def seen(delft, sky):
    shining = sky.sun[sky.beam + sky.circumsolar > 0.0]
    return {q: look(delft, thinned(reinhart(n), shining), embree(delft)) for q, n in SUBDIVISION.items()}


@pytest.fixture(scope="module")
def yearly(sky, seen, reference):
    """Return irradiation and beam on the surfaces of the reference, kWh/m2, by quality."""
    found, rows = {}, reference["surface"].astype(int)
    for quality, visibility in seen.items():
        planes = seen_planes(visibility.normals, visibility)
        case = (sky, planes, sun_weights(sky.sun, visibility.patches), visibility)
        sums = [(total.sum(axis=1), beam.sum(axis=1)) for _, total, beam in irradiance_series(*case)]
        found[quality] = tuple(np.concatenate(parts)[rows] / 1e3 for parts in zip(*sums, strict=True))
    return found


def errors(ours, theirs, area):
    """Return root mean square and area-weighted total error, of the mean and the total."""
    off = ours - theirs
    return np.sqrt(np.mean(off**2)) / theirs.mean(), (area @ off) / (area @ theirs)


@pytest.mark.parametrize(("quality", "rmse"), [("standard", 0.03), ("fine", 0.02)])
def test_the_year_on_every_surface(yearly, reference, quality, rmse):
    brute_force = reference["beam_kwh"] + reference["diffuse_haydavies_kwh"]
    scatter, total = errors(yearly[quality][0], brute_force, reference["area_m2"])
    assert scatter <= rmse
    assert abs(total) <= 0.005


@pytest.mark.parametrize(("quality", "rmse"), [("standard", 0.04), ("fine", 0.025)])
def test_the_beam_in_it(yearly, reference, quality, rmse):
    scatter, total = errors(yearly[quality][1], reference["beam_kwh"], reference["area_m2"])
    assert scatter <= rmse
    assert abs(total) <= 0.01


@pytest.mark.parametrize(("quality", "off"), [("standard", 0.015), ("fine", 0.008)])
def test_the_view_of_the_sky(seen, reference, quality, off):
    rows = reference["surface"].astype(int)
    found = sky_views(seen[quality])[rows]
    assert np.sqrt(np.mean((found - reference["svf_cos"]) ** 2)) <= off
    assert found.mean() == pytest.approx(reference["svf_cos"].mean(), abs=0.003)


@pytest.mark.parametrize("day", ["0321", "1221"])
def test_hours_of_sun_on_a_day(delft, hours, reference, shared, day):
    # one ray per hour, as here, is off by half an hour for each hour in which the surface is half lit; the mean is not
    month, date = int(day[:2]), int(day[2:])
    labels = np.genfromtxt(
        shared / "data/solar/weather_pvgis_45N_8E.csv", delimiter=",", names=True, dtype=None, encoding="utf-8"
    )["hour_utc"]
    wanted = np.array([label.startswith(f"{month:02d}-{date:02d}") for label in labels])
    zenith, azimuth = np.radians(hours["zenith"][wanted]), np.radians(hours["azimuth"][wanted])
    sun = np.column_stack([np.sin(zenith) * np.sin(azimuth), np.sin(zenith) * np.cos(azimuth), np.cos(zenith)])
    sun = sun[sun[:, 2] > 0.0]
    lit = looked_at(delft, directions_as_patches(sun)).seen(slice(None), slice(None)) * (sun @ delft.normals.T > 0.0)
    off = lit.sum(axis=0)[reference["surface"].astype(int)] - reference[f"sunhours_{day}"]
    assert abs(off.mean()) < 0.1
    assert np.sqrt(np.mean(off**2)) < 0.7


def test_what_validate_writes_is_the_same(shared, tmp_path, yearly, reference, capsys):
    data, out = shared / "data/solar", tmp_path / "result.npz"
    words = ["--scene", data / "scene_delft.npz", "--weather", data / "weather_pvgis_45N_8E.csv", "--out", out]
    assert main(["validate", "sun", *map(str, words)]) == 0
    capsys.readouterr()
    found = np.load(out)
    where = np.searchsorted(found["ids"], reference["surface"].astype(int))
    assert found["E"][where].sum(axis=1, dtype=float) / 1e3 == pytest.approx(yearly["standard"][0], rel=1e-5)


def test_any_chunk_of_surfaces_gives_the_same(delft, sky, seen, monkeypatch):
    some = sky.during(slice(24 * 170, 24 * 173))
    visibility = seen["standard"]
    planes, weights = seen_planes(visibility.normals, visibility), sun_weights(some.sun, visibility.patches)
    whole = irradiance(some, planes, weights, visibility)
    monkeypatch.setattr("twin.sun.kernel._PLANES", 104)
    monkeypatch.setattr("twin.sun.kernel._STEPS", 5)
    np.testing.assert_allclose(irradiance(some, planes, weights, visibility), whole, rtol=1e-9, atol=1e-9)
    monkeypatch.setattr("twin.sun.sight.visibility.CHUNK", 1000)
    assert np.array_equal(look(delft, visibility.patches, embree(delft)).bits, visibility.bits)
