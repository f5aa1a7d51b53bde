"""What a CityGML file says arrives: one geometry per building, attributes, reference system, and doubts."""

from __future__ import annotations

import gzip
import re

import numpy as np
import pytest
from city_cases import (
    GROUND,
    HEAD,
    ROOF,
    WALL,
    box,
    codes,
    gml_bounded,
    gml_building,
    gml_links,
    gml_model,
    gml_multi,
    gml_polygon,
    gml_solid,
    prism,
    read_gml,
    turned,
)

from twin.city import read_city
from twin.city.derive import with_party_walls
from twin.errors import TwinError
from twin.table import DERIVED, GIVEN, MISSING

CUBE = box(0, 0, 1, 1, 1)


def kinds(city):
    names, counts = np.unique(city.surfaces["type"], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def element(name, text):
    return f"<bldg:{name}>{text}</bldg:{name}>"


def roof(members, name=""):
    geometry = f"<bldg:lod2MultiSurface>{gml_multi(members)}</bldg:lod2MultiSurface>"
    return f"<bldg:boundedBy><bldg:RoofSurface {name}>{geometry}</bldg:RoofSurface></bldg:boundedBy>"


def composite(name, *targets):
    """A member that is a composite of links to others."""
    links = "".join(f'<gml:surfaceMember xlink:href="#{target}"/>' for target in targets)
    return (
        f'<gml:surfaceMember><gml:CompositeSurface gml:id="{name}">{links}</gml:CompositeSurface></gml:surfaceMember>'
    )


def polygons(faces, name=""):
    return [gml_polygon(rings, f"{name}-p{k}" if name else "") for k, (_, rings) in enumerate(faces)]


# --- one geometry per building ----------------------------------------------------------------------------------------


def test_solid_that_links_to_boundary_surfaces_counts_once(tmp_path):
    body = gml_solid(gml_links("b", 6)) + gml_bounded(CUBE, "b")
    city = read_gml(tmp_path, gml_model(gml_building("b", body)))
    assert kinds(city) == {GROUND: 1, ROOF: 1, WALL: 4}
    assert city.buildings["volume_m3"] == pytest.approx([1.0])
    assert city.surfaces.ids.tolist() == [f"b-s{k}" for k in range(6)]
    assert (city.surfaces.source("type") == GIVEN).all()
    assert codes(city) == []


def test_boundary_surfaces_that_link_into_the_solid(tmp_path):
    bounded = "".join(
        f'<bldg:boundedBy><bldg:{kind} gml:id="s{k}"><bldg:lod2MultiSurface><gml:MultiSurface>{link}'
        f"</gml:MultiSurface></bldg:lod2MultiSurface></bldg:{kind}></bldg:boundedBy>"
        for k, ((kind, _), link) in enumerate(zip(CUBE, gml_links("b", 6), strict=True))
    )
    city = read_gml(tmp_path, gml_model(gml_building("b", bounded + gml_solid(polygons(CUBE, "b")))))
    assert kinds(city) == {GROUND: 1, ROOF: 1, WALL: 4}
    assert city.buildings["volume_m3"] == pytest.approx([1.0])


def test_solid_without_semantics_is_classified_by_slope(tmp_path):
    city = read_gml(tmp_path, gml_model(gml_building("b", gml_solid(polygons(CUBE, "b"), lod=1))))
    assert kinds(city) == {GROUND: 1, ROOF: 1, WALL: 4}
    assert (city.surfaces.source("type") == DERIVED).all()
    assert city.lod == "1"


def test_solid_before_multi_surface(tmp_path):
    both = f"<bldg:lod2MultiSurface>{gml_multi(polygons(CUBE))}</bldg:lod2MultiSurface>" + gml_solid(polygons(CUBE))
    city = read_gml(tmp_path, gml_model(gml_building("b", both)))
    assert len(city.surfaces) == 6


@pytest.mark.parametrize(
    ("wanted", "taken", "height"),
    [(None, "2", 2.0), ("2", "2", 2.0), ("1", "1", 1.0), ("3", "3", 3.0), ("2.2", "2", 2.0)],
)
def test_best_level_of_detail_not_above_the_one_wanted(tmp_path, wanted, taken, height):
    body = "".join(gml_solid(polygons(box(0, 0, 1, 1, lod)), lod) for lod in (3, 1, 2))
    city = read_gml(tmp_path, gml_model(gml_building("b", body)), lod=wanted)
    assert city.lod == taken
    assert city.buildings["lod"].tolist() == [taken]
    assert city.buildings["volume_m3"] == pytest.approx([height])


def test_only_a_finer_level_is_better_than_none(tmp_path):
    city = read_gml(tmp_path, gml_model(gml_building("b", gml_solid(polygons(CUBE), 3))), lod="1")
    assert city.lod == "3"


def test_parts_belong_to_their_building_and_lend_it_their_attributes(tmp_path):
    def part(name, faces, year, height):
        attributes = element("yearOfConstruction", year) + element("measuredHeight", height)
        inner = f'<bldg:BuildingPart gml:id="{name}">{attributes}{gml_bounded(faces, name)}</bldg:BuildingPart>'
        return f"<bldg:consistsOfBuildingPart>{inner}</bldg:consistsOfBuildingPart>"

    body = (
        "<bldg:function>1000</bldg:function>"
        + gml_solid(polygons(box(0, 0, 2, 1, 1)), lod=1)  # the whole, coarser: not to be counted again
        + part("p1", box(0, 0, 1, 1, 1), 1950, 1.0)
        + part("p2", box(1, 0, 1, 1, 2), 1960, 2.0)
    )
    city = read_gml(tmp_path, gml_model(gml_building("b", body)))
    assert city.buildings.ids.tolist() == ["b"]
    assert city.table("building_part").ids.tolist() == ["p1", "p2"]
    assert city.surfaces["building"].tolist() == [0] * 12
    assert city.surfaces["part"].tolist() == [0] * 6 + [1] * 6
    row = city.buildings.row("b")
    assert row["volume_m3"] == pytest.approx(3.0)
    assert (row["function"], row["year_of_construction"], row["measured_height_m"]) == ("1000", 1950, 2.0)
    assert city.attributes["building_part"][1]["yearOfConstruction"] == "1960"


def test_openings_fill_the_holes_of_their_walls(tmp_path):
    wall = [(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)]
    hole = [(0.2, 0, 0.2), (0.2, 0, 0.6), (0.6, 0, 0.6), (0.6, 0, 0.2)]
    rest = [face for face in CUBE if face[1] != [wall]]
    glass = f"<bldg:lod3MultiSurface>{gml_multi([gml_polygon([hole[::-1]])])}</bldg:lod3MultiSurface>"
    masonry = f"<bldg:lod3MultiSurface>{gml_multi([gml_polygon([wall, hole])])}</bldg:lod3MultiSurface>"
    window = f'<bldg:opening><bldg:Window gml:id="w">{glass}</bldg:Window></bldg:opening>'
    pierced = f'<bldg:boundedBy><bldg:WallSurface gml:id="s">{masonry}{window}</bldg:WallSurface></bldg:boundedBy>'
    city = read_gml(tmp_path, gml_model(gml_building("b", pierced + gml_bounded(rest, "b", 3))), lod="3")
    assert kinds(city) == {GROUND: 1, ROOF: 1, WALL: 4, "Window": 1}
    assert city.surfaces["area_m2"][city.surfaces.index("s")] == pytest.approx(0.84)
    assert city.buildings["volume_m3"] == pytest.approx([1.0])
    assert city.metadata["volume_method"]["divergence"] == 1


def test_links_across_buildings_and_turned_surfaces(tmp_path):
    """A wall of two buildings is given once; the other refers to its back."""
    shared = next(k for k, (_, rings) in enumerate(CUBE) if all(x == 1 for x, _, _ in rings[0]))
    other = box(1, 0, 1, 1, 1)
    back = next(k for k, (_, rings) in enumerate(other) if all(x == 1 for x, _, _ in rings[0]))
    turned_link = (
        f'<gml:OrientableSurface orientation="-"><gml:baseSurface xlink:href="#a-p{shared}"/></gml:OrientableSurface>'
    )
    members = [turned_link if k == back else p for k, p in enumerate(polygons(other))]
    for order in (1, -1):
        buildings = [gml_building("a", gml_solid(polygons(CUBE, "a"))), gml_building("b", gml_solid(members))]
        city = read_gml(tmp_path, gml_model(*buildings[::order]))
        assert city.buildings["volume_m3"] == pytest.approx([1.0, 1.0])
        assert with_party_walls(city).buildings["party_wall_m2"] == pytest.approx([1.0, 1.0])
        assert codes(city) == []


def test_positions_one_by_one(tmp_path):
    ring = [(0, 0, 3), (2, 0, 3), (2, 2, 3), (0, 2, 3), (0, 0, 3)]
    corners = "".join(f"<gml:pos>{x} {y} {z}</gml:pos>" for x, y, z in ring)
    polygon = f"<gml:Polygon><gml:exterior><gml:LinearRing>{corners}</gml:LinearRing></gml:exterior></gml:Polygon>"
    city = read_gml(tmp_path, gml_model(gml_building("b", roof([polygon]))))
    assert city.surfaces["area_m2"] == pytest.approx([4.0])
    assert city.surfaces.ids.tolist() == ["b-1"]


def test_surface_of_several_polygons(tmp_path):
    halves = [gml_polygon([[(x, 0, 3), (x + 1, 0, 3), (x + 1, 2, 3), (x, 2, 3)]]) for x in (0, 1)]
    assert read_gml(tmp_path, gml_model(gml_building("b", roof(halves, 'gml:id="r"')))).surfaces.ids.tolist() == [
        "r",
        "r-2",
    ]


# --- attributes -------------------------------------------------------------------------------------------------------


def test_attributes(tmp_path):
    body = """
      <creationDate>2021-01-27</creationDate>
      <externalReference><informationSystem>http://example.org/cadastre</informationSystem>
        <externalObject><name>X1</name></externalObject></externalReference>
      <gen:stringAttribute name="district"><gen:value>05113000</gen:value></gen:stringAttribute>
      <gen:doubleAttribute name="slope"><gen:value>1.5</gen:value></gen:doubleAttribute>
      <gen:genericAttributeSet name="cost">
        <gen:intAttribute name="roof"><gen:value>7</gen:value></gen:intAttribute></gen:genericAttributeSet>
      <bldg:class codeSpace="http://example.org/classes">1</bldg:class>
      <bldg:function>31001_1010</bldg:function><bldg:function>31001_2000</bldg:function>
      <bldg:usage codeSpace="http://example.org/uses">1000</bldg:usage>
      <bldg:yearOfConstruction>1950</bldg:yearOfConstruction>
      <bldg:roofType>3100</bldg:roofType>
      <bldg:measuredHeight uom="ft">10</bldg:measuredHeight>
      <bldg:storeysAboveGround>2</bldg:storeysAboveGround>
      <bldg:address><Address><xalAddress><Locality xmlns="urn:oasis:names:tc:ciq:xsdschema:xAL:2.0">
        <LocalityName>Essen</LocalityName></Locality></xalAddress></Address></bldg:address>"""
    city = read_gml(tmp_path, gml_model(gml_building("b", body + gml_bounded(CUBE, "b"))))
    row = city.buildings.row("b")
    assert row["function"] == "31001_1010"
    assert row["usage"] == "1000"
    assert row["year_of_construction"] == 1950
    assert row["storeys_above_ground"] == 2
    assert row["storeys_below_ground"] is None
    assert row["measured_height_m"] == pytest.approx(3.048)
    assert row["roof_type"] == "3100"
    assert city.attributes["building"][0] == {
        "creationDate": "2021-01-27",
        "externalReference": [{"informationSystem": "http://example.org/cadastre", "name": "X1"}],
        "district": "05113000",
        "slope": 1.5,
        "cost": {"roof": 7},
        "class": "1",
        "function": ["31001_1010", "31001_2000"],
        "codeSpace": {"class": "http://example.org/classes", "usage": "http://example.org/uses"},
        "address": [{"LocalityName": "Essen"}],
    }


@pytest.mark.parametrize(
    ("element", "column"),
    [
        ("<bldg:yearOfConstruction>0001</bldg:yearOfConstruction>", "year_of_construction"),
        ("<bldg:yearOfConstruction>9999</bldg:yearOfConstruction>", "year_of_construction"),
        ("<bldg:storeysAboveGround>9999</bldg:storeysAboveGround>", "storeys_above_ground"),
        ("<bldg:storeysBelowGround>9999</bldg:storeysBelowGround>", "storeys_below_ground"),
        ("<bldg:measuredHeight uom='m'>-9999</bldg:measuredHeight>", "measured_height_m"),
    ],
)
def test_numbers_that_stand_for_no_value_are_missing(tmp_path, element, column):
    city = read_gml(tmp_path, gml_model(gml_building("b", element + gml_bounded(CUBE, "b"))))
    assert city.buildings.source(column).tolist() == [MISSING]
    assert codes(city) == ["no-value"]
    assert len(city.attributes["building"][0]) == 1  # the original stays, for whoever writes it back


@pytest.mark.parametrize("text", ["unknown", "850", "2150", "19.5"])
def test_impossible_values_are_named_and_kept_as_attributes(tmp_path, text):
    element = f"<bldg:yearOfConstruction>{text}</bldg:yearOfConstruction>"
    city = read_gml(tmp_path, gml_model(gml_building("b", element + gml_bounded(CUBE, "b"))))
    assert city.buildings.source("year_of_construction").tolist() == [MISSING]
    assert codes(city) == ["attribute-odd"]
    assert text in city.metadata["findings"][0]["message"]
    assert city.attributes["building"][0] == {"yearOfConstruction": text}


@pytest.mark.parametrize(
    ("text", "year"), [("1970", 1970), ("1970-05-01", 1970), ("1970Z", 1970), ("1970+01:00", 1970)]
)
def test_years_as_schemas_write_them(tmp_path, text, year):
    element = f"<bldg:yearOfConstruction>{text}</bldg:yearOfConstruction>"
    city = read_gml(tmp_path, gml_model(gml_building("b", element + gml_bounded(CUBE, "b"))))
    assert city.buildings["year_of_construction"].tolist() == [year]


def test_citygml_3(tmp_path):
    spaces = {"bldg": "building", "con": "construction", "gen": "generics"}
    declared = " ".join(f'xmlns:{p}="http://www.opengis.net/citygml/{n}/3.0"' for p, n in spaces.items())
    surfaces = "".join(
        f'<boundary><con:{kind} gml:id="s{k}"><lod2MultiSurface>{gml_multi([gml_polygon(rings)])}'
        f"</lod2MultiSurface></con:{kind}></boundary>"
        for k, (kind, rings) in enumerate(CUBE)
    )
    text = f"""<CityModel xmlns="http://www.opengis.net/citygml/3.0" {declared} xmlns:gml="http://www.opengis.net/gml/3.2">
      <gml:boundedBy><gml:Envelope srsName="urn:ogc:def:crs,crs:EPSG:6.12:3068,crs:EPSG:6.12:5783"/></gml:boundedBy>
      <cityObjectMember><bldg:Building gml:id="b">
        <genericAttribute><gen:StringAttribute><gen:name>k</gen:name><gen:value>v</gen:value></gen:StringAttribute>
        </genericAttribute>{surfaces}<con:dateOfConstruction>1929-01-01</con:dateOfConstruction>
        <con:height><con:Height><con:status>measured</con:status><con:value uom='#m'>11.0</con:value></con:Height>
        </con:height></bldg:Building></cityObjectMember></CityModel>"""
    city = read_gml(tmp_path, text)
    assert city.crs == "EPSG:3068"
    assert city.buildings["year_of_construction"].tolist() == [1929]
    assert city.buildings["measured_height_m"].tolist() == [11.0]
    assert city.buildings["volume_m3"] == pytest.approx([1.0])
    assert city.surfaces.ids[0] == "s0"
    assert city.attributes["building"][0]["k"] == "v"


def test_unknown_extensions_are_named_and_kept_as_data(tmp_path):
    """Children by name, XML attributes with @, repeated ones as a list."""
    extra = (
        '<x:mystery xmlns:x="http://example.org/ade"><x:deep uom="m">1</x:deep><x:deep>2</x:deep></x:mystery>'
        '<x:plain xmlns:x="http://example.org/ade">text</x:plain>'
    )
    city = read_gml(tmp_path, gml_model(gml_building("b", extra + gml_bounded(CUBE, "b"))))
    assert codes(city) == ["element-kept", "element-kept"]
    assert "http://example.org/ade" in city.metadata["findings"][0]["message"]
    assert city.attributes["building"][0] == {
        "x:mystery": {"x:deep": [{"@uom": "m", "#text": "1"}, "2"]},
        "x:plain": "text",
    }


# --- reference systems ------------------------------------------------------------------------------------------------


def test_german_survey_name(tmp_path):
    name = "urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH*GCG2016"
    city = read_gml(tmp_path, gml_model(gml_building("b", gml_bounded(CUBE, "b")), crs=name))
    assert city.crs == "EPSG:25832"
    assert city.metadata["crs_as_found"] == name


def test_no_reference_system(tmp_path):
    text = gml_model(gml_building("b", gml_bounded(CUBE, "b")), crs=None)
    city = read_gml(tmp_path, text)
    assert city.crs is None
    assert codes(city) == ["crs-missing"]
    assert "city.gml" in city.metadata["findings"][0]["message"]
    given = read_gml(tmp_path, text, crs="EPSG:25832")
    assert (given.crs, codes(given)) == ("EPSG:25832", [])


def test_degrees_become_metres(tmp_path):
    """A tenth of a second of latitude is 3.1 m; latitude comes first, as EPSG:6697 has it."""
    second = 1 / 3600
    faces = prism(
        [(35.68, 139.72), (35.68, 139.72 + second), (35.68 + second, 139.72 + second), (35.68 + second, 139.72)], 30, 40
    )
    url = "http://www.opengis.net/def/crs/EPSG/0/6697"
    city = read_gml(tmp_path, gml_model(gml_building("b", gml_bounded(faces, "b")), crs=url))
    assert city.crs == "EPSG:32654"
    assert city.buildings["footprint_m2"] == pytest.approx([30.8 * 25.15], rel=0.01)
    assert city.buildings["height_m"] == pytest.approx([10.0])
    assert "crs-projected" in codes(city)


# --- files that are only nearly right ---------------------------------------------------------------------------------


def test_gzip_is_read_as_it_is(tmp_path):
    path = tmp_path / "city.gml"  # the name does not matter
    path.write_bytes(gzip.compress(gml_model(gml_building("b", gml_bounded(CUBE, "b"))).encode()))
    assert len(read_city(path).surfaces) == 6


def test_utf_16_is_read(tmp_path):
    text = gml_model(gml_building("bé", gml_bounded(CUBE, "b"))).replace("UTF-8", "UTF-16")
    assert read_gml(tmp_path, text.encode("utf-16")).buildings.ids.tolist() == ["bé"]


def test_dangling_link_is_named(tmp_path):
    members = [*polygons(CUBE[:5]), '<gml:surfaceMember xlink:href="#nowhere-77"/>']
    city = read_gml(tmp_path, gml_model(gml_building("b1", gml_solid(members))))
    assert codes(city) == ["302", "xlink-dangling"]
    message = city.metadata["findings"][0]["message"]
    assert "nowhere-77" in message
    assert "b1" in message


def test_ring_that_is_not_closed(tmp_path):
    text = gml_model(gml_building("b", gml_bounded(CUBE, "b")))
    city = read_gml(tmp_path, re.sub(r"( \S+){3}</gml:posList>", "</gml:posList>", text, count=1))
    assert codes(city) == ["103"]
    assert city.buildings["volume_m3"] == pytest.approx([1.0])


def test_building_without_identifier_or_geometry(tmp_path):
    text = gml_model(gml_building("b", ""), "<cityObjectMember><bldg:Building/></cityObjectMember>")
    city = read_gml(tmp_path, text)
    assert city.buildings.ids.tolist() == ["b", "building-2"]
    assert codes(city) == ["id-missing", "no-geometry", "no-geometry"]
    assert np.isnan(city.buildings["volume_m3"]).all()
    assert with_party_walls(city).buildings.source("party_wall_m2").tolist() == [MISSING, MISSING]


def test_inside_out_solid(tmp_path):
    city = read_gml(tmp_path, gml_model(gml_building("b", gml_bounded(turned(CUBE), "b"))))
    assert codes(city) == ["405"]
    assert city.buildings["volume_m3"] == pytest.approx([1.0])


def test_surfaces_are_sorted_by_building(tmp_path):
    members = [gml_building(name, gml_bounded(box(5 * k, 0, 1, 1, 1), name)) for k, name in enumerate("cab")]
    city = read_gml(tmp_path, gml_model(*members))
    assert city.buildings.ids.tolist() == ["c", "a", "b"]
    assert city.surfaces["building"].tolist() == sorted(city.surfaces["building"].tolist())
    (link,) = city.links
    assert (link.fine, link.coarse) == ("surface", "building")
    np.testing.assert_array_equal(link.rows, city.surfaces["building"])


# --- files that are wrong ---------------------------------------------------------------------------------------------


def raises(tmp_path, text):
    with pytest.raises(TwinError) as caught:
        read_gml(tmp_path, text)
    assert "city.gml" in str(caught.value)
    return str(caught.value)


def test_no_buildings(tmp_path):
    assert "no buildings" in raises(tmp_path, gml_model())


def test_every_problem_at_once_with_its_line(tmp_path):
    def with_coordinates(name, numbers):
        ring = f"<gml:LinearRing><gml:posList>{numbers}</gml:posList></gml:LinearRing>"
        polygon = f'<gml:Polygon gml:id="{name}-p"><gml:exterior>{ring}</gml:exterior></gml:Polygon>'
        return gml_building(name, gml_solid([polygon]))

    message = raises(
        tmp_path,
        gml_model(
            with_coordinates("odd", "0 0 0 1 0 0 1 1"),
            with_coordinates("nan", "0 0 0 1 0 NaN 1 1 0 0 0 0"),
            with_coordinates("word", "0 0 0 1 0 x 1 1 0 0 0 0"),
            gml_building("twice", ""),
            gml_building("twice", ""),
        ),
    )
    lines = message.splitlines()
    assert len(lines) == 4
    assert "city.gml:4: posList of odd-p of building odd has 8 numbers" in lines[0]
    assert "nan-p" in lines[1]
    assert "finite" in lines[1]
    assert "'x'" in lines[2]
    assert "city.gml:8: gml:id twice is used twice, first on line 7" in lines[3]


def test_links_in_a_circle(tmp_path):
    ring = composite("c1", "c2") + composite("c2", "c1")
    message = raises(tmp_path, gml_model(gml_building("b", gml_solid([*polygons(CUBE), ring]))))
    assert "c1" in message
    assert "c2" in message


def test_links_that_multiply_are_followed_once(tmp_path):
    """Thirty levels of ten links each would be 10^30 polygons."""
    levels = "".join(composite(f"l{k}", *[f"l{k + 1}"] * 10) for k in range(30))
    cube = f'<gml:CompositeSurface gml:id="l30">{gml_multi(polygons(CUBE))}</gml:CompositeSurface>'
    last = f"<gml:surfaceMember>{cube}</gml:surfaceMember>"
    assert len(read_gml(tmp_path, gml_model(gml_building("b", gml_solid([levels, last])))).surfaces) == 6


def test_long_chains_of_links_end(tmp_path):
    chain = "".join(composite(f"l{k}", f"l{k + 1}") for k in range(5000))
    assert "too deeply" in raises(tmp_path, gml_model(gml_building("b", gml_solid([chain]))))


def test_head_alone(tmp_path):
    assert "line" in raises(tmp_path, HEAD)
