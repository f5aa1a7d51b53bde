"""Reference systems as files spell them, and coordinates brought to metres."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pyproj
import pytest
from city_cases import box, city_of
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.axes import winding
from twin.city.crs import Settled, country, epsg_code, grid_convergence, ogc_url, settle
from twin.city.found import Block
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
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326),
        ("OGC:CRS84h", 4326),
        ("http://www.opengis.net/def/crs/EPSG/9.8.15/25832", 25832),
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
    assert (settled.crs, settled.remarks) == ("EPSG:25832", ())
    np.testing.assert_array_equal(settled.coordinates, POINT)


@pytest.mark.parametrize("words", [None, "Gauss-Krueger", "EPSG:4978", "EPSG:999999"])
def test_unknown_systems_are_remarked(words):
    settled = settle(POINT, words, None)
    assert settled.crs is None
    assert settled.remarks
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
    assert settled.remarks
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


# --- order of axes ----------------------------------------------------------------------------------------------------


def square(first: float, second: float, size: float = 10.0, counter_clockwise: bool = True) -> Block:
    """A box's roof and ground, which run as given when the first coordinate points right and the second up."""
    ring = [(0, 0), (size, 0), (size, size), (0, size)][:: 1 if counter_clockwise else -1]
    corners = [(first + x, second + y, 6.0) for x, y in ring] + [(first + x, second + y, 0.0) for x, y in ring[::-1]]
    numbers = np.arange(8)
    one = np.ones(2, dtype=np.int64)
    return Block(np.array(corners), numbers, one * 4, one, one * 0, one * -1, numbers[:2], one * -1)


def test_winding():
    assert winding([square(0, 0)]) == 1.0
    assert winding([square(0, 0), square(50, 0)]) == 1.0
    assert winding([square(3.5e6, 5.7e6, counter_clockwise=False)]) == pytest.approx(-1.0)
    assert winding([square(0, 0), square(0, 0, counter_clockwise=False)]) == 0.0
    assert winding([]) == 0.0


def settled_as(words: str, first: float, second: float, counter_clockwise: bool = True) -> Settled:
    block = square(first, second, 1e-4 if abs(first) < 180 else 10.0, counter_clockwise)
    return settle(block.coordinates, words, None, winding=lambda: winding([block]))


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        ("EPSG:25832", 360_000, 5_706_000),  # UTM, Essen
        ("EPSG:31467", 3_500_000, 5_700_000),  # Gauss-Krueger: registered north first, written east first
        ("EPSG:2180", 637_000, 487_000),  # Warsaw, within Poland either way
        ("EPSG:2393", 3_385_000, 6_675_000),  # Helsinki
        ("EPSG:6677", -8_495, -36_954),  # Tokyo
        ("EPSG:5514", -743_000, -1_043_000),  # Prague
    ],
)
def test_easting_is_first_or_made_so(words, first, second):
    """The same city, written either way, is the same city."""
    east_first = settled_as(words, first, second)
    assert (east_first.crs, east_first.remarks) == (words, ())
    np.testing.assert_array_equal(east_first.coordinates[0], [first, second, 6.0])
    north_first = settled_as(words, second, first, counter_clockwise=False)
    assert [code for code, _ in north_first.remarks] == ["crs-axes"]
    np.testing.assert_array_equal(north_first.coordinates[0, :2], [first + 10, second])


@pytest.mark.parametrize("words", ["EPSG:4326", "EPSG:4979", "EPSG:4258", "urn:ogc:def:crs:OGC:1.3:CRS84"])
def test_latitude_and_longitude_in_either_order(words):
    """Essen, 51.5 north 7.0 east: both orders are on Earth, the winding of roofs tells which is meant."""
    lonlat = settled_as(words, 7.0, 51.5)
    latlon = settled_as(words, 51.5, 7.0, counter_clockwise=False)
    assert lonlat.crs == latlon.crs == "EPSG:32632"
    np.testing.assert_allclose(lonlat.coordinates[0], latlon.coordinates[3], atol=1e-6)
    odd = lonlat if "CRS84" not in words else latlon
    assert [code for code, _ in odd.remarks] == ["crs-axes", "crs-projected"]


def test_without_surfaces_the_order_is_the_usual_one():
    point = np.array([[637_000.0, 487_000.0, 0.0]])
    assert settle(point, "EPSG:2180", None).remarks == ()
    np.testing.assert_array_equal(settle(point, "EPSG:2180", None).coordinates, point)


def test_coordinates_far_from_anywhere_stay_as_they_are():
    toy = square(0.0, 0.0, counter_clockwise=False)
    for words in ("EPSG:25832", "EPSG:31467", "EPSG:28992"):
        settled = settle(toy.coordinates, words, None, winding=lambda: winding([toy]))
        assert (settled.crs, settled.remarks) == (words, ())


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_axes_that_point_west_and_south(sign, order):
    """Johannesburg, 28.05 east 26.2 south, in Lo29: west of the meridian is positive, as is south of the equator."""
    westing, southing = 94_952.87, 2_899_340.05
    point = np.array([[*(sign * np.array([westing, southing])[order]), 1700.0]])
    settled = settle(point, "EPSG:2053", None)
    assert settled.crs == "EPSG:32735"
    again = settle(np.array([[-26.2, 28.05, 1700.0]]), "EPSG:4326", None)
    np.testing.assert_allclose(settled.coordinates, again.coordinates, atol=0.1)


# --- spelled out, of unknown unit, in tiles ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        pyproj.CRS.from_epsg(25832).to_wkt(),
        pyproj.CRS.from_epsg(25832).to_wkt("WKT1_GDAL"),
        "+proj=utm +zone=32 +ellps=GRS80 +units=m +no_defs +type=crs",
        "ETRS89 / UTM zone 32N",
    ],
    ids=["WKT2", "WKT1", "PROJ", "name"],
)
def test_systems_spelled_out(words):
    settled = settle(POINT, words, None)
    assert settled.crs == "EPSG:25832"
    assert settled.remarks[0][0] == "crs-spelling"
    np.testing.assert_array_equal(settled.coordinates, POINT)


def test_a_system_in_no_registry_is_projected():
    settled = settle(np.array([[1000.0, 2000.0, 5.0]]), "+proj=tmerc +lat_0=51 +lon_0=7 +ellps=GRS80 +type=crs", None)
    assert settled.crs == "EPSG:32632"
    assert [code for code, _ in settled.remarks] == ["crs-spelling", "crs-projected"]


@pytest.mark.parametrize(
    "words", ["+proj=utm +zone=32 +nadgrids=/etc/passwd +type=crs", "+init=/etc/passwd:1", "/etc/passwd", "x" * 100_000]
)
def test_files_are_not_opened_for_a_name(words):
    assert settle(POINT, words, None).remarks[0][0] == "crs-unknown"


@settings(deadline=None)
@given(st.text() | st.from_regex(r"(EPSG|urn:ogc:def:crs:EPSG|\+proj|PROJCS\[)[:=,\[]{0,2}[A-Za-z0-9.:]{0,12}"))
def test_any_words_settle_or_are_refused(words):
    with suppress(TwinError):
        assert settle(POINT, words, None).coordinates.shape == (1, 3)


def test_heights_of_another_system_are_in_its_unit():
    """Feet on the map, metres above the datum: the second code of a compound name says so."""
    point = np.array([[988000.0, 190000.0, 100.0]])
    compound = settle(point, "urn:ogc:def:crs,crs:EPSG::2263,crs:EPSG::5703", None)
    assert compound.coordinates[0, 2] == 100.0
    assert settle(point, "EPSG:2263", None).coordinates[0, 2] == pytest.approx(30.48, rel=1e-5)


def test_tiles_share_one_zone():
    """On either side of 12 degrees east, the border of zones 32 and 33."""
    west, east = (np.array([[51.0, longitude, 0.0]]) for longitude in (11.99, 12.01))
    assert settle(west, "EPSG:4326", None).crs != settle(east, "EPSG:4326", None).crs
    tiles = [settle(tile, "EPSG:4326", None, target="EPSG:25832") for tile in (west, east)]
    assert {tile.crs for tile in tiles} == {"EPSG:25832"}
    assert np.linalg.norm(tiles[0].coordinates - tiles[1].coordinates) == pytest.approx(1404, abs=2)
    assert settle(POINT, "EPSG:25833", None, target="EPSG:25832").crs == "EPSG:25833"  # metres already


@pytest.mark.parametrize("words", [None, "Gauss-Krueger", "EPSG:25832"])
def test_degrees_are_never_taken_as_metres(words):
    block = square(51.5, 7.0, 2e-4)
    with pytest.raises(TwinError, match="look like degrees"):
        settle(block.coordinates, words, None)
    assert settle(block.coordinates, words, "EPSG:4326").crs == "EPSG:32632"


def test_a_mast_in_metres_is_no_city_in_degrees():
    mast = square(0.0, 0.0, 0.5).coordinates * [1, 1, 10]
    assert settle(mast, None, None).remarks[0][0] == "crs-missing"


@pytest.mark.parametrize(
    ("crs", "x", "y", "longitude", "latitude", "meridian"),
    [
        ("EPSG:25832", 360_000.0, 5_706_000.0, 6.9835, 51.4878, 9.0),
        ("EPSG:25833", 389_000.0, 5_820_000.0, 13.363, 52.519, 15.0),
        ("EPSG:32735", 600_000.0, 7_100_000.0, 27.999, -26.213, 27.0),
    ],
)
def test_grid_north_is_not_true_north(crs, x, y, longitude, latitude, meridian):
    """To first order the convergence is the distance from the meridian times the sine of the latitude (Snyder 8-26)."""
    expected = (longitude - meridian) * np.sin(np.radians(latitude))
    assert grid_convergence(crs, x, y) == pytest.approx(expected, abs=0.01)


def test_grid_convergence_of_nothing():
    assert grid_convergence(None, 0.0, 0.0) is None
    assert grid_convergence("EPSG:4326", 7.0, 51.0) is None


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH*GCG2016", "DE"),
        ("https://www.opengis.net/def/crs/EPSG/0/7415", "NL"),
        ("http://www.opengis.net/def/crs/EPSG/0/6697", "JP"),
        ("EPSG:4326", ""),
        ("", ""),
    ],
)
def test_systems_tell_the_country(words, name):
    assert country(words) == name


def test_grid_convergence_of_a_city_is_that_of_the_mean_of_its_corners(tmp_path):
    city = city_of(tmp_path, {"a": box(360000.125, 5706000.333, 8.1, 9.7, 7), "b": box(361234.567, 5706000.1, 5, 4, 3)})
    mean = city.geometry.vertices[:, :2].mean(axis=0).tolist()
    assert city.metadata["grid_convergence_deg"] == grid_convergence("EPSG:25832", *mean)
