"""Reference systems as files spell them, and coordinates brought to metres."""

from __future__ import annotations

import numpy as np
import pytest

from twin.city.crs import epsg_code, ogc_url, settle
from twin.errors import TwinError

POINT = np.array([[360000.0, 5706000.0, 45.0]])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("EPSG:25832", 25832),
        ("epsg:25832", 25832),
        ("urn:ogc:def:crs:EPSG::7415", 7415),
        ("urn:ogc:def:crs:EPSG:6.9:25832", 25832),
        ("urn:x-ogc:def:crs:EPSG:25832", 25832),
        ("urn:ogc:def:crs,crs:EPSG::28992,crs:EPSG::5109", 28992),
        ("urn:ogc:def:crs,crs:EPSG:6.12:3068,crs:EPSG:6.12:5783", 3068),
        ("http://www.opengis.net/def/crs/EPSG/0/6697", 6697),
        ("https://www.opengis.net/def/crs/EPSG/0/7415", 7415),
        ("http://www.opengis.net/gml/srs/epsg.xml#31467", 31467),
        ("http://www.opengis.net/def/crs-compound?1=http://www.opengis.net/def/crs/EPSG/0/28992&2=x", 28992),
        ("urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH*GCG2016", 25832),
        ("urn:adv:crs:ETRS89_UTM33", 25833),
        ("urn:adv:crs:DE_DHDN_3GK3*DE_DHHN92_NH", 31467),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", 4326),
        ("EPSG:123456789", None),
        ("Gauss-Krueger", None),
        ("", None),
    ],
)
def test_spellings(text, code):
    assert epsg_code(text) == code
    if code:
        assert epsg_code(ogc_url(f"EPSG:{code}")) == code


def test_metres_stay_as_they_are():
    settled = settle(POINT, "urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH*GCG2016", None)
    assert (settled.crs, settled.remark) == ("EPSG:25832", None)
    np.testing.assert_array_equal(settled.coordinates, POINT)


@pytest.mark.parametrize("words", [None, "Gauss-Krueger", "EPSG:4978", "EPSG:999999"])
def test_unknown_systems_are_remarked(words):
    settled = settle(POINT, words, None)
    assert settled.crs is None
    assert settled.remark is not None
    np.testing.assert_array_equal(settled.coordinates, POINT)


def test_the_caller_knows_better():
    assert settle(POINT, "EPSG:4326", "EPSG:25832").crs == "EPSG:25832"
    with pytest.raises(TwinError, match="EPSG:999999"):
        settle(POINT, None, "EPSG:999999")


def meridian_arc(latitude: float) -> float:
    """Distance from the equator on WGS 84, m (Snyder 1987, Map Projections: A Working Manual, eq. 3-21)."""
    a, e2 = 6378137.0, 0.00669437999014
    phi = np.radians(latitude)
    terms = (
        (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256) * phi,
        -(3 * e2 / 8 + 3 * e2**2 / 32 + 45 * e2**3 / 1024) * np.sin(2 * phi),
        (15 * e2**2 / 256 + 45 * e2**3 / 1024) * np.sin(4 * phi),
        -(35 * e2**3 / 3072) * np.sin(6 * phi),
    )
    return a * sum(terms)


@pytest.mark.parametrize(
    ("words", "point"),
    [
        ("http://www.opengis.net/def/crs/EPSG/0/4326", (51.5, 9.0)),
        ("urn:ogc:def:crs:EPSG::4979", (51.5, 9.0)),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", (9.0, 51.5)),
    ],
)
def test_degrees_are_projected(words, point):
    """On its central meridian UTM is the meridian's length times 0.9996, at 500 km east."""
    settled = settle(np.array([[*point, 60.0]]), words, None)
    assert settled.crs == "EPSG:32632"
    assert settled.remark is not None
    np.testing.assert_allclose(settled.coordinates, [[500_000, 0.9996 * meridian_arc(51.5), 60]], atol=0.05)


def test_longitude_first_is_seen_where_latitude_cannot_be():
    tokyo = settle(np.array([[139.72, 35.68, 0.0]]), "EPSG:4326", None)
    assert tokyo.crs == "EPSG:32654"
    np.testing.assert_allclose(
        tokyo.coordinates, settle(np.array([[35.68, 139.72, 0.0]]), "EPSG:4326", None).coordinates
    )


def test_feet_become_metres():
    """New York Long Island, US survey feet: 1,000 ft are 304.8 m."""
    corners = np.array([[988000.0, 190000.0, 100.0], [989000.0, 190000.0, 0.0]])
    settled = settle(corners, "EPSG:2263", None)
    assert settled.crs == "EPSG:32618"
    across = np.linalg.norm(np.diff(settled.coordinates[:, :2], axis=0))
    assert across == pytest.approx(304.8, rel=1e-3)
    assert settled.coordinates[0, 2] == pytest.approx(30.48, rel=1e-5)


@pytest.mark.parametrize("point", [(360000.0, 5706000.0), (200.0, 300.0), (89.0, 10.0), (np.inf, 0.0)])
def test_degrees_that_are_none(point):
    with pytest.raises(TwinError, match="outside EPSG:4326"):
        settle(np.array([[*point, 0.0]]), "EPSG:4326", None)
