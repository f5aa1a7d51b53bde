"""View factors and shadows against what can be written down: streets, courtyards, horizons."""

import csv
from itertools import pairwise

import numpy as np
import pytest
from sun_case import NORTH, SOUTH, box, looked_at, panel, scene_of_boxes, scene_of_faces, sky_views

from twin.sun.sight.patches import below, directions_as_patches, reinhart
from twin.sun.sky import towards_sun
from twin.sun.view import overcast, seen_planes, view_shares
from twin.validation.sun.closed_forms import canyon, closed_form_rows, courtyard, lit_share_of_wall

PANELS = 256


def views_in(scene, subdivision=2):
    return sky_views(looked_at(scene, reinhart(subdivision)))


def test_closed_forms_are_met_within_one_per_cent():
    rows = closed_form_rows("fine")
    assert [row["case"] for row in rows if not row["pass"]] == []
    assert len(rows) == 14


def test_with_fewer_patches_closed_forms_are_met_within_one_per_cent_of_the_half_space():
    assert max(row["worst"] for row in closed_form_rows("standard")) < 0.006


@pytest.mark.parametrize(("height", "width"), [(5, 10), (10, 10), (10, 20), (5, 20)])
def test_a_street_by_crossed_strings(height, width):
    # Hottel's strings: floor (sqrt(h2 + w2) - h) / w, wall (h + w - sqrt(h2 + w2)) / 2h
    views = views_in(canyon(height, width))
    across = np.hypot(height, width)
    assert views[:PANELS].mean() == pytest.approx((across - height) / width, rel=0.01)
    assert views[PANELS:].mean() == pytest.approx((height + width - across) / (2 * height), rel=0.01)


def street(height, width):
    """Return the walls of an endless street that runs north, from x = 0 to its width; the first looks east."""
    reach = 300.0 * max(height, width)
    east = [[width, reach, 0], [width, -reach, 0], [width, -reach, height], [width, reach, height]]
    west = [[-1e-3, -reach, 0], [-1e-3, reach, 0], [-1e-3, reach, height], [-1e-3, -reach, height]]
    return [west, east]


def horizon(height_deg, radius=500.0, sides=180):
    """Return a wall all around that reaches the same angle everywhere."""
    angle = np.linspace(0.0, 2.0 * np.pi, sides + 1)
    foot = radius * np.column_stack([np.cos(angle), np.sin(angle), np.zeros(sides + 1)])
    up = np.array([0.0, 0.0, radius * np.tan(np.radians(height_deg))])
    return [[a, b, b + up, a + up] for a, b in pairwise(foot)]


def point_scene(case, p):
    """Return a scene whose first surface is a panel of a centimetre."""
    match case:
        case "canyon_wall_point":
            faces = [panel(0, 0, p["z"], 90, 90, size=0.01), *street(p["H"], p["W"])]
        case "canyon_floor_point":
            faces = [panel(p["x"], 0, 0, 0, 0, size=0.01), *street(p["H"], p["W"])]
        case "square_courtyard_floor_centre":
            side, high = p["L"], p["H"]
            around = [(-side, -side, side, 3 * side, high), (side, -side, side, 3 * side, high)]
            around += [(0, -side, side, side, high), (0, side, side, side, high)]
            walls = [face for b in around for face in box(*b)[2:]]
            faces = [panel(side / 2, side / 2, 0, 0, 0, size=0.01), *walls]
        case "uniform_horizon_horizontal":
            faces = [panel(0, 0, 0, 0, 0, size=0.01), *(horizon(p["h"]) if p["h"] else [])]
        case "uniform_horizon_vertical":
            faces = [panel(0, 0, 0, 90, 180, size=0.01), *(horizon(p["h"]) if p["h"] else [])]
        case "free_tilted_plane":
            faces = [panel(0, 0, 0, p["tilt"], 200, size=0.01)]
    return scene_of_faces(faces, n_surfaces=1)


@pytest.mark.corpus
def test_the_view_from_any_point_is_that_of_the_table(shared):
    # many patches, so that what is left to see is whether the rays go where they should; an even horizon that stands
    # between two rings of them is the worst case
    with (shared / "data/solar/analytic_view_factors.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if not row["case"].endswith("mean")]
    assert len(rows) == 58
    for row in rows:
        p = {name: float(value) for name, value in (pair.split("=") for pair in row["params"].split(";"))}
        found = views_in(point_scene(row["case"], p), subdivision=16)[0]
        least = 0.005 if "horizon" in row["case"] else 5e-4
        assert found == pytest.approx(float(row["cos_weighted_sky_view_factor"]), rel=0.01, abs=least), row


@pytest.mark.corpus
def test_the_mean_view_of_streets_and_courtyards_is_that_of_the_table(shared):
    with (shared / "data/solar/analytic_view_factors.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["case"].endswith("mean")]
    assert len(rows) == 18
    for row in rows:
        p = {name: float(value) for name, value in (pair.split("=") for pair in row["params"].split(";"))}
        if row["case"].startswith("square"):
            views = views_in(courtyard(p["H"], p["L"]))
        else:
            views = views_in(canyon(p["H"], p["W"]))
            views = views[:PANELS] if "floor" in row["case"] else views[PANELS:]
        exact = float(row["cos_weighted_sky_view_factor"])
        # of the half space; of a gap four times as deep as wide, 577 patches leave 6 % of its eighth unsure
        assert views.mean() == pytest.approx(exact, abs=0.007), row
        if exact > 0.25:
            assert views.mean() == pytest.approx(exact, rel=0.01), row


@pytest.mark.corpus
def test_shadows_in_a_street_are_those_of_the_table(shared):
    rows = np.genfromtxt(shared / "data/solar/analytic_canyon_sun.csv", delimiter=",", names=True, encoding="utf-8")
    assert len(rows) == 222
    up = rows[rows["sun_elev_apparent"] > 0.1]
    # turned about, the wall of any direction is the one that faces east
    turned = up["sun_azimuth"] - up["wall_azimuth"] + 90.0
    scene = canyon(15.0, 20.0, panels=8192)
    sun = towards_sun(90.0 - up["sun_elev_apparent"], turned)
    lit = looked_at(scene, directions_as_patches(sun)).seen(slice(None), slice(8192, 16384)).mean(axis=1)
    lit *= sun @ [1.0, 0.0, 0.0] > 0.0
    expected = [lit_share_of_wall(15.0, 20.0, *pair) for pair in zip(up["sun_elev_apparent"], turned - 90, strict=True)]
    np.testing.assert_allclose(expected, up["lit_fraction_of_wall"], atol=2e-5)
    off = lit - up["lit_fraction_of_wall"]
    assert np.sqrt(np.mean(off**2)) < 0.005
    assert np.abs(off).max() < 0.02  # of one ray from each of 8,192 panels: three standard errors


# -- what lies below


def floor_shares(*boxes, ground_m=2000.0):
    """Return the share of the ground that the boxes' surfaces see, of what they would see were there nothing else."""
    faces = np.concatenate([box(*b) for b in boxes])
    ground = [[-ground_m, -ground_m, 0], [ground_m, -ground_m, 0], [ground_m, ground_m, 0], [-ground_m, ground_m, 0]]
    scene = scene_of_faces([*faces, ground], len(faces), np.arange(len(faces) + 1) == len(faces))
    seen = looked_at(scene, below(1))
    return view_shares(seen, scene.normals, seen.patches.solid_angles[:, None])[:, 0]


def test_a_wall_over_open_ground_sees_all_of_it_and_a_wall_across_takes_it_away():
    open_ground = floor_shares((0, 0, 10, 8, 6))
    assert open_ground[2:] == pytest.approx(1.0)
    street_wall = floor_shares((0, 0, 60, 8, 6), (0, 11, 60, 8, 6))
    assert street_wall[NORTH] < 0.8
    assert street_wall[6 + SOUTH] == pytest.approx(street_wall[NORTH], abs=0.03)
    assert street_wall[SOUTH] == pytest.approx(1.0)


def test_without_any_ground_in_the_model_what_nothing_hides_is_ground():
    scene = scene_of_boxes((0, 0, 10, 8, 6))
    seen = looked_at(scene, below(1))
    assert view_shares(seen, scene.normals, seen.patches.solid_angles[:, None])[2:, 0] == pytest.approx(1.0)


def test_ground_in_the_model_is_no_obstacle_to_looking_down_but_a_roof_is():
    lower_roof = floor_shares((0, 0, 10, 8, 30), (0, 8.1, 10, 300, 3))
    assert lower_roof[NORTH] < 0.65


# -- what is made of them


def test_a_street_s_wall_sees_the_same_share_of_the_overcast_sky_but_for_the_bright_zenith():
    scene = canyon(10.0, 10.0)
    seen = looked_at(scene, reinhart(2))
    even = reinhart(2).solid_angles
    shares = view_shares(seen, scene.normals, np.stack([even, overcast(reinhart(2))], axis=1))[PANELS:].mean(axis=0)
    assert shares[0] == pytest.approx(2 * 0.2929, rel=0.01)
    assert shares[1] > shares[0]  # the zenith, which is still seen, is three times as bright as the horizon


def test_degenerate_planes_see_nothing_and_the_horizon_goes_first():
    faces = [panel(0, 0, 0, 90, 180), *horizon(10.0)]
    scene = scene_of_faces(faces, n_surfaces=1)
    dome, band, _ = seen_planes(scene.normals, looked_at(scene, reinhart(8))).factors[0]
    assert band == 0.0
    assert dome == pytest.approx(0.39, abs=0.01)
    nothing = seen_planes(np.zeros((1, 3)), looked_at(scene))
    assert not nothing.factors.any()
