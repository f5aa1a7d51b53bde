"""What glass lets through: pvlib's physical model, and its angles for light from everywhere."""

import numpy as np
import pvlib
import pytest

from twin.sun.cover import EXTINCTION_1_M, REFRACTIVE_INDEX, THICKNESS_M, diffuse_transmission, transmission


def test_of_a_beam_it_is_pvlibs_physical_model():
    angle = np.linspace(0.0, 89.9, 400)
    theirs = pvlib.iam.physical(angle, n=REFRACTIVE_INDEX, K=EXTINCTION_1_M, L=THICKNESS_M)
    np.testing.assert_allclose(transmission(np.cos(np.radians(angle))), theirs, rtol=1e-12)
    assert (REFRACTIVE_INDEX, EXTINCTION_1_M, THICKNESS_M) == (1.526, 4.0, 0.002)  # De Soto et al. 2006


def test_straight_on_all_is_let_through_and_from_behind_nothing():
    through = transmission(np.array([1.0, 0.0, -0.3, -1.0]))
    assert through[0] == pytest.approx(1.0, rel=1e-12)
    assert not through[1:].any()
    shown = transmission(np.linspace(0.0, 1.0, 100))
    assert (np.diff(shown) >= 0.0).all()


@pytest.mark.parametrize(
    ("tilt", "sky_deg", "ground_deg"),
    [(0.0, 59.7, 90.0), (30.0, 56.8833, 75.05970), (90.0, 59.3337, 59.7213)],
)
def test_of_diffuse_light_it_is_that_of_a_beam_at_one_angle(tilt, sky_deg, ground_deg):
    sky, ground = diffuse_transmission(np.array([tilt]))
    assert sky[0] == pytest.approx(transmission(np.cos(np.radians(sky_deg))), rel=1e-5)
    assert ground[0] == pytest.approx(transmission(np.cos(np.radians(ground_deg))), rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("tilt", [0.0, 20.0, 45.0, 90.0])
def test_the_angle_for_the_sky_stands_for_all_of_it(tilt):
    # pvlib integrates the beam's transmission over the sky that the plane sees (Marion 2017)
    iam = pvlib.iam.marion_diffuse("physical", tilt, n=REFRACTIVE_INDEX, K=EXTINCTION_1_M, L=THICKNESS_M)
    sky, ground = diffuse_transmission(np.array([tilt]))
    assert sky[0] == pytest.approx(iam["sky"], abs=0.02)
    if tilt >= 45.0:
        assert ground[0] == pytest.approx(iam["ground"], abs=0.04)
