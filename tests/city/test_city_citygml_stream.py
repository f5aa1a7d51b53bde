"""CityGML is read in any pieces, in bounded memory, and whatever is in it gives a city or one clear error."""

from __future__ import annotations

import re
from itertools import permutations

import numpy as np
import pytest
from city_cases import (
    WALL,
    box,
    gml_bounded,
    gml_building,
    gml_links,
    gml_model,
    gml_multi,
    gml_polygon,
    gml_solid,
    look_into,
)
from gml_cases import codes_of, element, found_in, model_2, model_3, one, sheet, surfaces
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city import read_city
from twin.city.read import find
from twin.city.source import Limits
from twin.errors import TwinError

CUBE = box(0, 0, 1, 1, 1)


def row_of_cubes(n: int, *more: str) -> str:
    names = [f"b{k}" for k in range(n)]
    return gml_model(
        *more, *(gml_building(name, gml_bounded(box(3 * k, 0, 1, 1, 1), name)) for k, name in enumerate(names))
    )


# --- tiles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tile", "sizes"), [(1, [1, 1, 1, 1, 1]), (2, [2, 2, 1]), (5, [5]), (9, [5]), (None, [5])])
def test_tiles_hold_so_many_buildings(tmp_path, tile, sizes):
    tiles = found_in(tmp_path, row_of_cubes(5), tile=tile)
    assert [found.types.count("Building") for found in tiles] == sizes
    assert {found.crs_as_found for found in tiles} == {"urn:ogc:def:crs:EPSG::25832"}
    groups = [s.group for found in tiles for s in surfaces(found)]
    assert len(set(groups)) == len(groups) == 30


def test_other_objects_come_with_the_tile_they_stand_in(tmp_path):
    empty = "<l:LandUse xmlns:l='http://www.opengis.net/citygml/landuse/2.0' gml:id='{}'/>"
    land = element("cityObjectMember", empty)
    text = row_of_cubes(2, land.format("first")).replace("</CityModel>", land.format("last") + "</CityModel>")
    assert [found.ids for found in found_in(tmp_path, text, tile=1)] == [["first", "b0"], ["b1", "last"]]


def test_links_lead_from_tile_to_tile(tmp_path):
    first = gml_building("a", gml_solid([gml_polygon(rings, f"a-p{k}") for k, (_, rings) in enumerate(CUBE)]))
    second = gml_building("b", gml_solid(gml_links("a", 6)))
    for order in permutations([first, second]):
        tiles = found_in(tmp_path, gml_model(*order), tile=1)
        assert [len(surfaces(found)) for found in tiles] == [6, 6]


def test_a_repeated_identifier_is_found_across_tiles(tmp_path):
    text = gml_model(gml_building("b", ""), gml_building("c", ""), gml_building("b", ""))
    with pytest.raises(TwinError, match=r"city.gml:6: .* used twice, first on line 4"):
        found_in(tmp_path, text, tile=1)


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(4)), tile=st.sampled_from([None, 1, 3]))
def test_any_order_and_any_tiles_give_the_same_city(tmp_path_factory, order, tile):
    folder = tmp_path_factory.mktemp("order")
    members = [gml_building(f"b{k}", gml_bounded(box(3 * k, 0, 1, 1, k + 1), f"b{k}")) for k in range(4)]
    tiles = found_in(folder, gml_model(*(members[k] for k in order)), tile=tile)
    heights = {s.object: 0.0 for found in tiles for s in surfaces(found)}
    for found in tiles:
        for s in surfaces(found):
            heights[s.object] = max(heights[s.object], float(s.corners[:, 2].max()))
    assert heights == {"b0": 1.0, "b1": 2.0, "b2": 3.0, "b3": 4.0}


# --- how elements are put together ------------------------------------------------------------------------------------


def test_members_in_one_collection(tmp_path):
    """WFS and some exporters write all objects into one featureMembers; it is taken apart while it is read."""
    many = "".join(gml_building(f"b{k}", gml_bounded(CUBE, f"b{k}")) for k in range(60))
    body = re.sub("</?cityObjectMember>", "", many)
    found = one(tmp_path, gml_model(f"<gml:featureMembers>{body}</gml:featureMembers>"))
    assert len(found.ids) == 60
    assert len(surfaces(found)) == 360


SQUARE = [(0, 0, 3), (2, 0, 3), (2, 2, 3), (0, 2, 3), (0, 0, 3)]


def positions(between: str, inside: str = "") -> str:
    corners = between.join(f"<gml:pos>{x} {y} {z}{inside}</gml:pos>" for x, y, z in SQUARE)
    ring = f"<gml:Polygon><gml:exterior><gml:LinearRing>{corners}</gml:LinearRing></gml:exterior></gml:Polygon>"
    return f"<bldg:lod2MultiSurface>{gml_multi([ring])}</bldg:lod2MultiSurface>"


@pytest.mark.parametrize("between", ["", " ", "\n", "\r\n\t\t", "<!-- and -->", "\n<?then next?>\n"])
@pytest.mark.parametrize("inside", ["", "<!-- m -->", " "])
def test_positions_are_told_apart_however_they_are_laid_out(tmp_path, between, inside):
    found = one(tmp_path, gml_model(gml_building("b", positions(between, inside))))
    (only,) = surfaces(found)
    np.testing.assert_array_equal(only.corners, SQUARE)


def test_lines_are_right_behind_positions(tmp_path):
    """Positions are joined before they are parsed, on the lines they are on."""
    text = gml_model(gml_building("b", positions("\n")), gml_building("c", ""), gml_building("c", ""))
    wanted = (
        text.splitlines().index('<cityObjectMember><bldg:Building gml:id="c"></bldg:Building></cityObjectMember>') + 1
    )
    with pytest.raises(TwinError, match=f"first on line {wanted}"):
        one(tmp_path, text)


def test_coordinates_as_gml_2_has_them(tmp_path):
    numbers = " ".join(f"{x},{y},{z}" for x, y, z in SQUARE)
    ring = f"<gml:LinearRing><gml:coordinates>{numbers}</gml:coordinates></gml:LinearRing>"
    polygon = f"<gml:Polygon><gml:outerBoundaryIs>{ring}</gml:outerBoundaryIs></gml:Polygon>"
    body = f"<bldg:lod2MultiSurface>{gml_multi([polygon])}</bldg:lod2MultiSurface>"
    (only,) = surfaces(one(tmp_path, gml_model(gml_building("b", body))))
    np.testing.assert_array_equal(only.corners, SQUARE)


@pytest.mark.parametrize("declaration", ['<?xml version="1.0" encoding="UTF-8"?>', "<?xml version='1.0'?>", ""])
@pytest.mark.parametrize("tile", [None, 1])
def test_processing_instructions_count_for_nothing(tmp_path, declaration, tile):
    plain = re.sub(r"^\s*<\?xml.*?\?>\s*", "", row_of_cubes(3))
    full = re.sub(r"(?<=>)(?=<)", "<?a b?>", plain).replace("</gml:posList>", "<?c > <x> ?></gml:posList>")
    assert full.count("<?") > 100
    expected = found_in(tmp_path, plain, tile=tile)
    found = found_in(tmp_path, f"{declaration}<?style sheet?>{full}<?end?>", tile=tile)
    assert [tile.ids for tile in found] == [tile.ids for tile in expected]
    assert [tile.findings for tile in found] == [tile.findings for tile in expected]
    for mixed, pure in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mixed.blocks[0].coordinates, pure.blocks[0].coordinates)


@pytest.mark.parametrize("declaration", ['<?xml version="1.0" encoding="UTF-8"?>', ""])
def test_mistakes_are_placed_behind_any_declaration(tmp_path, declaration):
    with pytest.raises(TwinError, match=f"line 1, column {len(declaration) + 34}: "):
        found_in(tmp_path, f"{declaration}<CityModel><cityObjectMember></a></CityModel>")


def test_an_undeclared_prefix_is_named_and_read_all_the_same(tmp_path):
    text = gml_model(gml_building("b", "\n<energy:isHeated>true</energy:isHeated>" + gml_bounded(CUBE, "b")))
    found = one(tmp_path, text.replace("</CityModel>", gml_building("c", gml_bounded(CUBE, "c")) + "</CityModel>"))
    assert codes_of(found) == ["element-kept", "prefix-undeclared"]
    (finding,) = (finding for finding in found.findings if finding["code"] == "prefix-undeclared")
    assert finding["place"] == "5"
    assert "energy" in finding["message"]
    assert found.attributes[0] == {"energy:isHeated": "true"}
    assert len(surfaces(found)) == 12


def test_an_undeclared_prefix_does_not_excuse_other_errors(tmp_path):
    text = gml_model(gml_building("b", "<energy:isHeated>true</energy:isHeated>" + gml_bounded(CUBE, "b")))
    with pytest.raises(TwinError, match="line"):
        one(tmp_path, text.replace("</CityModel>", ""))


# --- large objects in little memory -----------------------------------------------------------------------------------


def terrain(n: int) -> str:
    corners = "0 0 {0} 1 0 {0} 0 1 {0} 0 0 {0}"
    ring = f"<gml:LinearRing><gml:posList>{corners}</gml:posList></gml:LinearRing>"
    triangle = f"<gml:Triangle><gml:exterior>{ring}</gml:exterior></gml:Triangle>\n"
    patches = element("gml:trianglePatches", "".join(triangle.format(k) for k in range(n)))
    return element("dem:TINRelief", element("dem:tin", element("gml:TriangulatedSurface", patches)), "t")


def test_a_terrain_of_more_elements_than_are_held_at_once(tmp_path):
    path = tmp_path / "city.gml"
    path.write_text(model_2(terrain(12_000)))
    (found,) = find(path, limits=Limits(max_elements=60_000))  # of 120,000 tags
    heights = [s.corners[0, 2] for s in surfaces(found)]
    assert heights == list(range(12_000))


def test_many_small_objects_need_no_high_limit(tmp_path):
    path = tmp_path / "city.gml"
    path.write_text(row_of_cubes(400))
    (found,) = find(path)  # fed in whole chunks
    (limited,) = find(path, limits=Limits(max_elements=10_000))  # fed in pieces
    assert path.read_text().count("<") > 2 * 10_000
    assert limited.ids == found.ids
    assert [s.corners.tolist() for s in surfaces(limited)] == [s.corners.tolist() for s in surfaces(found)]


def test_a_mistake_in_such_a_terrain_is_placed(tmp_path):
    path = tmp_path / "city.gml"
    text = model_2(terrain(12_000)).replace(" 0 1 77 ", " 0 x 77 ")
    path.write_text(text)
    wanted = text[: text.index(" 0 x 77 ")].count("\n") + 1
    with pytest.raises(TwinError, match=f"city.gml:{wanted}: .*'x' in TINRelief t"):
        next(find(path, limits=Limits(max_elements=60_000)))


def test_an_element_that_looks_like_ours_is_harmless(tmp_path):
    for text in ("", ";", "1:0 0 0", "x:0 0 0 1 0 0 0 1 0 0 0 0"):
        false = f'<t:triangles xmlns:t="twin">{text}</t:triangles>'
        try:
            one(tmp_path, model_2(terrain(2).replace("<gml:trianglePatches>", f"<gml:trianglePatches>{false}")))
        except TwinError:
            continue


def test_appearances_of_any_size_are_passed_over(tmp_path):
    data = "<app:surfaceDataMember><app:X3DMaterial/></app:surfaceDataMember>" * 20_000
    member = f"<app:appearanceMember xmlns:app='http://www.opengis.net/citygml/appearance/2.0'><app:Appearance>{data}"
    path = tmp_path / "city.gml"
    path.write_text(row_of_cubes(1, member + "</app:Appearance></app:appearanceMember>"))
    (found,) = find(path, limits=Limits(max_elements=30_000))
    assert codes_of(found) == ["appearance-unread"]
    assert len(surfaces(found)) == 6


# --- the quick way and the careful way --------------------------------------------------------------------------------

RING = "<gml:exterior><gml:LinearRing>{}</gml:LinearRing></gml:exterior>"
POSITIONS = "<gml:posList>0 0 0 1 0 0 0 1 0 0 0 0</gml:posList>"


@pytest.mark.parametrize(
    "inside",
    [
        RING.format(POSITIONS),
        RING.format("<!-- a note -->" + POSITIONS),
        RING.format("<?note?>" + POSITIONS),
        RING.format("<gml:posList/>" + POSITIONS),
        RING.format(
            "<gml:pos>0 0 0</gml:pos><gml:pos>1 0 0</gml:pos> <gml:pos>0 1 0</gml:pos><gml:pos>0 0 0</gml:pos>"
        ),
        "<gml:name>a triangle</gml:name>" + RING.format(POSITIONS),
    ],
)
def test_a_ring_in_one_text_or_not(tmp_path, inside):
    shape = f"<gml:MultiSurface><gml:surfaceMember><gml:Polygon>{inside}</gml:Polygon></gml:surfaceMember>"
    wall = element("bldg:WallSurface", element("bldg:lod2MultiSurface", shape + "</gml:MultiSurface>"))
    found = one(tmp_path, gml_model(gml_building("b", element("bldg:boundedBy", wall))))
    (surface,) = surfaces(found)
    assert surface.corners.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_an_opening_without_geometry_leaves_its_wall(tmp_path):
    wall = gml_bounded(CUBE, "b").replace("</bldg:lod2MultiSurface>", "</bldg:lod2MultiSurface>@", 1)
    said = wall.replace("@", "<bldg:opening><bldg:Window/></bldg:opening>")
    found, plain = (one(tmp_path, gml_model(gml_building("b", text))) for text in (said, wall.replace("@", "")))
    assert [(s.type, s.host) for s in surfaces(found)] == [(s.type, s.host) for s in surfaces(plain)]


numbers = st.integers(0, 9)
rings = st.lists(st.tuples(numbers, numbers, numbers), min_size=3, max_size=5)
polygons = st.lists(st.lists(rings, min_size=1, max_size=3), min_size=1, max_size=4)
WRAPS = ("MultiSurface", "CompositeSurface", "Solid", "TriangulatedSurface")


def wrapped(members: list[str], kind: str) -> str:
    inner = "".join(f"<gml:surfaceMember>{member}</gml:surfaceMember>" for member in members)
    composite = f"<gml:CompositeSurface>{inner}</gml:CompositeSurface>"
    if kind == "Solid":
        return f"<gml:Solid><gml:exterior>{composite}</gml:exterior></gml:Solid>"
    if kind == "TriangulatedSurface":
        return element("gml:TriangulatedSurface", element("gml:patches", "".join(members)))
    return composite.replace("CompositeSurface", kind)


@settings(max_examples=60, deadline=None)
@given(shape=polygons, kind=st.sampled_from(WRAPS))
def test_both_ways_read_the_same(tmp_path_factory, shape, kind):
    """A surface that is turned round, though not really, is read with more care."""
    folder = tmp_path_factory.mktemp("ways")
    plain = [gml_polygon([[tuple(map(float, p)) for p in ring] for ring in polygon]) for polygon in shape]
    turned = [f"<gml:OrientableSurface><gml:baseSurface>{p}</gml:baseSurface></gml:OrientableSurface>" for p in plain]
    results = []
    for members in (plain, turned):
        (block,) = one(folder, gml_model(gml_building("b", element("bldg:lod2Solid", wrapped(members, kind))))).blocks
        results.append(
            (block.coordinates[block.ring_vertices].tolist(), *map(list, (block.ring_sizes, block.surface_rings)))
        )
    assert results[0] == results[1]


# --- mutations --------------------------------------------------------------------------------------------------------

WINDOW = element("bldg:opening", element("bldg:Window", sheet([(WALL, [SQUARE[:4]])], "bldg:lod2MultiSurface"), "w"))
IMPLICIT = (
    "<veg:lod1ImplicitRepresentation><ImplicitGeometry><transformationMatrix>1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"
    "</transformationMatrix><relativeGMLGeometry xlink:href='#shape'/><referencePoint><gml:Point>"
    "<gml:pos>0 0 0</gml:pos></gml:Point></referencePoint></ImplicitGeometry></veg:lod1ImplicitRepresentation>"
)
RICH = (
    model_2(
        element(
            "bldg:Building",
            gml_bounded(CUBE, "b").replace("</bldg:WallSurface>", WINDOW + "</bldg:WallSurface>", 1),
            "b",
        ),
        element(
            "bldg:Building",
            gml_solid(gml_links("b", 6)) + "<gen:intAttribute name='n'><gen:value>1</gen:value></gen:intAttribute>",
            "c",
        ),
        element("veg:PlantCover", IMPLICIT, "p"),
        element("grp:CityObjectGroup", element("grp:groupMember", element("luse:LandUse", "", "l")), "g"),
        terrain(2),
    ),
    model_3(
        element(
            "bldg:Building",
            element("boundary", element("con:WallSurface", sheet(CUBE[2:3]), "s"))
            + element("bldg:buildingRoom", element("bldg:BuildingRoom", "<boundary xlink:href='#s'/>", "r"))
            + element("genericAttribute", element("gen:IntAttribute", "<gen:name>n</gen:name><gen:value>1</gen:value>"))
            + element("con:height", element("con:Height", "<con:value uom='m'>1</con:value>"))
            + element("bldg:adeOfAbstractBuilding", "<x:M xmlns:x='x'><x:a>1</x:a></x:M>"),
            "b",
        )
    ),
)
TOKENS = re.compile(r"<[^>]*>|[^<]+")
POOL = sorted({token for text in RICH for token in TOKENS.findall(text)})
ODD = [
    "",
    "NaN",
    "1e999",
    "-",
    "x" * 50,
    "<a>",
    "</a>",
    "<a/>",
    "<?p?>",
    "<!-- c -->",
    '<b xlink:href="#b-p0"/>',
    "[",
    "é",
]


@settings(max_examples=400, deadline=None)
@given(
    text=st.sampled_from(RICH),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.sampled_from(POOL + ODD)), min_size=1, max_size=3),
    tile=st.sampled_from([None, 1]),
)
def test_elements_replaced_anywhere(tmp_path_factory, text, changes, tile):
    parts = TOKENS.findall(text)
    for where, new in changes:
        parts[int(where * len(parts))] = new
    path = tmp_path_factory.getbasetemp() / "mutated.gml"
    path.write_text("".join(parts))
    try:
        for found in find(path, tile=tile):
            count = sum(len(block.surface_objects) for block in found.blocks)
            assert count == len(found.surface_ids) == len(found.surface_attributes)
            assert len(found.ids) == len(found.types) == len(found.parents) == len(found.attributes)
        city = read_city(path)
    except TwinError as error:
        named = "mutated.gml" in str(error)
    else:
        named = True
        look_into(city)
    assert named
