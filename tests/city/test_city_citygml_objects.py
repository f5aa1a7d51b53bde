"""What a CityGML file holds besides plain buildings: openings, rooms, and the objects around buildings."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from city_cases import GROUND, ROOF, WALL, box, gml_bounded, gml_multi, gml_polygon, gml_solid
from gml_cases import codes_of, element, model_2, model_3, one, sheet, surfaces

from twin.city import read_city

CUBE = box(0, 0, 1, 1, 1)
SQUARE = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 0.0)]
FLAT = [(ROOF, [SQUARE])]


def building(body: str) -> str:
    return element("bldg:Building", body, "b")


def bounded(kind: str, body: str, name: str = "", prefix: str = "bldg", holder: str = "bldg:boundedBy") -> str:
    return element(holder, element(f"{prefix}:{kind}", body, name))


def tree_of(found):
    """Class of every object by identifier, with the identifier of its parent."""
    return {
        name: (kind, found.ids[parent] if parent >= 0 else None)
        for name, kind, parent in zip(found.ids, found.types, found.parents, strict=True)
    }


# --- levels of detail -------------------------------------------------------------------------------------------------


def test_a_footprint_is_taken_only_where_there_is_no_other_level(tmp_path):
    footprint, edge = sheet(FLAT, "bldg:lod0FootPrint"), sheet(FLAT, "bldg:lod0RoofEdge")
    alone = one(tmp_path, model_2(building(edge + footprint)))
    assert (alone.lods, len(surfaces(alone))) == (["0"], 1)
    with_solid = one(tmp_path, model_2(building(footprint + gml_solid([gml_polygon(r) for _, r in CUBE], 1))))
    assert (with_solid.lods, len(surfaces(with_solid))) == (["1"], 6)
    assert with_solid.lods_offered == {"0", "1"}
    assert (codes_of(alone), codes_of(with_solid)) == ([], ["lod-unread"])


@pytest.mark.parametrize("name", ["lod2MultiSurface", "lod2Geometry", "lod3Geometry", "lod4Geometry"])
def test_every_object_has_its_own_level(tmp_path, name):
    installation = element("bldg:BuildingInstallation", sheet(FLAT, f"bldg:{name}"), "i")
    body = gml_bounded(CUBE, "b") + element("bldg:outerBuildingInstallation", installation)
    found = one(tmp_path, model_2(building(body)))
    assert tree_of(found) == {"b": ("Building", None), "i": ("BuildingInstallation", "b")}
    assert found.lods == ["2", name[3]]
    assert Counter(s.object for s in surfaces(found)) == {"b": 6, "i": 1}


def test_composite_and_several_solids(tmp_path):
    polygons = [gml_polygon(rings) for _, rings in CUBE]
    solid = gml_solid(polygons).removeprefix("<bldg:lod2Solid>").removesuffix("</bldg:lod2Solid>")
    for outer in ("CompositeSolid", "MultiSolid"):
        many = f"<gml:{outer}><gml:solidMember>{solid}</gml:solidMember><gml:solidMember>{solid}</gml:solidMember>"
        found = one(tmp_path, model_2(building(f"<bldg:lod2Solid>{many}</gml:{outer}></bldg:lod2Solid>")))
        assert len(surfaces(found)) == 12


def test_a_solid_with_a_cavity(tmp_path):
    outer, inner = (gml_solid([gml_polygon(rings) for _, rings in box(0, 0, size, size, size)]) for size in (3, 1))
    cavity = inner.partition("<gml:exterior>")[2].partition("</gml:Solid>")[0]  # a shell with its closing tag
    body = outer.replace(
        "</gml:Solid>", "<gml:interior>" + cavity.rpartition("</gml:exterior>")[0] + "</gml:interior></gml:Solid>"
    )
    assert len(surfaces(one(tmp_path, model_2(building(body))))) == 12


def test_a_surface_of_patches_and_rings_of_curves(tmp_path):
    points = " ".join(f"{x} {y} {z}" for x, y, z in [*SQUARE, SQUARE[0]])
    first, last = " ".join(points.split()[:9]), " ".join(points.split()[6:])
    curves = "".join(
        f"<gml:curveMember><gml:LineString><gml:posList>{some}</gml:posList></gml:LineString></gml:curveMember>"
        for some in (first, last)
    )
    patch = f"<gml:PolygonPatch><gml:exterior><gml:Ring>{curves}</gml:Ring></gml:exterior></gml:PolygonPatch>"
    surface = f"<gml:Surface><gml:patches>{patch}</gml:patches></gml:Surface>"
    found = one(tmp_path, model_2(building(f"<bldg:lod2MultiSurface>{gml_multi([surface])}</bldg:lod2MultiSurface>")))
    (only,) = surfaces(found)
    assert {tuple(corner) for corner in only.corners} == set(SQUARE)


# --- surfaces and the openings in them --------------------------------------------------------------------------------

WINDOW = [(0.2, 0.0, 0.2), (0.4, 0.0, 0.2), (0.4, 0.0, 0.4), (0.2, 0.0, 0.4)]


@pytest.mark.parametrize("version", [2, 3])
def test_openings_know_the_wall_they_are_in(tmp_path, version):
    """A wall of two polygons with a window of two panes and a door is three thematic surfaces."""
    if version == 2:
        prefix, holder, kinds, opening = "bldg", "bldg:boundedBy", ("Window", "Door"), "bldg:opening"
        model, geometry = model_2, "bldg:lod3MultiSurface"
    else:
        prefix, holder, kinds, opening = "con", "boundary", ("WindowSurface", "DoorSurface"), "con:fillingSurface"
        model, geometry = model_3, "lod3MultiSurface"
    pane = sheet([(WALL, [WINDOW])] * 2, geometry)
    openings = bounded(kinds[0], pane, "w", prefix, opening) + bounded(kinds[1], pane, "d", prefix, opening)
    walls = [face for face in CUBE if face[0] == WALL]
    body = bounded(WALL, sheet(walls[:2], geometry) + openings, "wall", prefix, holder)
    body += bounded(WALL, sheet(walls[2:], geometry), "other", prefix, holder)
    found = one(tmp_path, model(building(body)))
    of = {s.type: s for s in surfaces(found)}
    assert Counter(s.type for s in surfaces(found)) == {WALL: 4, "Window": 2, "Door": 2}
    groups = dict(zip(found.surface_ids, (s.group for s in surfaces(found)), strict=True))
    assert len(set(groups.values())) == 4
    assert of["Window"].host == of["Door"].host == groups["wall"]
    assert {s.host for s in surfaces(found) if s.type == WALL} == {-1}


def test_an_opening_of_a_finer_level_than_its_wall_is_taken_if_the_wall_has_no_such_level(tmp_path):
    opening = bounded("Window", sheet([(WALL, [WINDOW])], "bldg:lod3MultiSurface"), "w", holder="bldg:opening")
    coarse, fine = sheet(CUBE[2:3], "bldg:lod2MultiSurface"), sheet(CUBE[2:3], "bldg:lod3MultiSurface")
    only_coarse = one(tmp_path, model_2(building(bounded(WALL, coarse + opening))))
    assert [s.type for s in surfaces(only_coarse)] == [WALL, "Window"]
    both = model_2(building(bounded(WALL, coarse + fine + opening)))
    assert [s.type for s in surfaces(one(tmp_path, both, "2"))] == [WALL]
    assert [s.type for s in surfaces(one(tmp_path, both, "3"))] == [WALL, "Window"]


@pytest.mark.parametrize("kind", ["OuterFloorSurface", "OuterCeilingSurface", "ClosureSurface"])
def test_the_other_outer_surfaces(tmp_path, kind):
    found = one(tmp_path, model_2(building(bounded(kind, sheet(FLAT, "bldg:lod2MultiSurface"), "s"))))
    assert [s.type for s in surfaces(found)] == [kind]


def test_surfaces_have_attributes(tmp_path):
    said = '<gen:doubleAttribute name="Slope"><gen:value>12.5</gen:value></gen:doubleAttribute>'
    found = one(tmp_path, model_2(building(bounded(ROOF, said + sheet(FLAT, "bldg:lod2MultiSurface")))))
    assert found.surface_attributes == [{"Slope": 12.5}]


def test_a_surface_that_two_spaces_share(tmp_path):
    """In CityGML 3 a room may link to the wall of its building."""
    wall = bounded(WALL, sheet(CUBE[2:3]), "wall", "con", "boundary")
    room = element("bldg:buildingRoom", element("bldg:BuildingRoom", '<boundary xlink:href="#wall"/>', "r"))
    found = one(tmp_path, model_3(building(wall + room)))
    assert [(s.object, s.type) for s in surfaces(found)] == [("b", WALL), ("r", WALL)]
    lost = one(tmp_path, model_3(building(wall + room.replace("#wall", "#nowhere"))))
    assert codes_of(lost) == ["xlink-dangling"]


# --- spaces in buildings ----------------------------------------------------------------------------------------------


def test_rooms_and_furniture_of_citygml_2(tmp_path):
    furniture = element("bldg:interiorFurniture", element("bldg:BuildingFurniture", "", "f"))
    floor = bounded("FloorSurface", sheet(FLAT, "bldg:lod4MultiSurface"))
    room = element("bldg:interiorRoom", element("bldg:Room", element("bldg:class", "1") + floor + furniture, "r"))
    found = one(tmp_path, model_2(building(gml_bounded(CUBE, "b") + room)))
    expected = {"b": ("Building", None), "r": ("BuildingRoom", "b"), "f": ("BuildingFurniture", "r")}
    assert tree_of(found) == expected
    assert found.attributes[1] == {"class": "1"}
    assert surfaces(found)[-1][:2] == ("r", "FloorSurface")
    city = read_city(tmp_path / "city.gml")
    assert city.table("city_object")["type"].tolist() == ["BuildingRoom", "BuildingFurniture"]
    assert not city.table("city_object")["casts_shade"].any()


def test_storeys_units_and_rooms_of_citygml_3(tmp_path):
    def inside(holder: str, kind: str, name: str, body: str = "") -> str:
        return element(f"bldg:{holder}", element(f"bldg:{kind}", body, name))

    room = inside("buildingRoom", "BuildingRoom", "r")
    body = (
        inside("buildingSubdivision", "BuildingStorey", "s", room)
        + inside("buildingSubdivision", "BuildingUnit", "u", '<bldg:buildingRoom xlink:href="#r"/>')
        + inside("buildingConstructiveElement", "BuildingConstructiveElement", "beam")
        + inside("buildingPart", "BuildingPart", "p", sheet(CUBE))
    )
    found = one(tmp_path, model_3(building(body)))
    assert tree_of(found) == {
        "b": ("Building", None),
        "s": ("BuildingStorey", "b"),
        "r": ("BuildingRoom", "s"),
        "u": ("BuildingUnit", "b"),
        "beam": ("BuildingConstructiveElement", "b"),
        "p": ("BuildingPart", "b"),
    }
    assert found.attributes[found.ids.index("u")] == {"buildingRoom": "#r"}


def test_parts_of_parts(tmp_path):
    def part(name: str, body: str = "") -> str:
        return element("bldg:consistsOfBuildingPart", element("bldg:BuildingPart", body, name))

    found = one(tmp_path, model_2(building(part("p", part("q")))))
    assert tree_of(found) == {"b": ("Building", None), "p": ("BuildingPart", "b"), "q": ("BuildingPart", "p")}


# --- attributes of CityGML 3 ------------------------------------------------------------------------------------------


def test_what_citygml_3_says_in_more_words(tmp_path):
    body = """
      <genericAttribute><gen:MeasureAttribute><gen:name>depth</gen:name><gen:value uom="m">2.5</gen:value>
        </gen:MeasureAttribute></genericAttribute>
      <genericAttribute><gen:GenericAttributeSet><gen:name>set</gen:name><gen:genericAttribute><gen:IntAttribute>
        <gen:name>n</gen:name><gen:value>3</gen:value></gen:IntAttribute></gen:genericAttribute>
        </gen:GenericAttributeSet></genericAttribute>
      <area><QualifiedArea><area uom="m2">100</area><typeOfArea>net</typeOfArea></QualifiedArea></area>
      <con:height><con:Height><con:highReference>roof</con:highReference><con:value uom="m">7</con:value>
        </con:Height></con:height>
      <bldg:storeyHeightsAboveGround uom="m">3 3</bldg:storeyHeightsAboveGround>
      <externalReference><ExternalReference><targetResource>urn:x</targetResource></ExternalReference></externalReference>
      <relatedTo xlink:href="#c"/>
      <bldg:adeOfAbstractBuilding><x:More xmlns:x="http://example.org/ade"><x:a>1</x:a></x:More>
        </bldg:adeOfAbstractBuilding>"""
    found = one(tmp_path, model_3(building(body)))
    assert found.attributes[0] == {
        "depth": 2.5,
        "set": {"n": 3},
        "area": [{"QualifiedArea": {"area": {"@uom": "m2", "#text": "100"}, "typeOfArea": "net"}}],
        "height": [{"Height": {"highReference": "roof", "value": {"@uom": "m", "#text": "7"}}}],
        "measuredHeight": 7.0,
        "storeyHeightsAboveGround": "3 3",
        "uom": {"depth": "m", "storeyHeightsAboveGround": "m"},
        "externalReference": [{"targetResource": "urn:x"}],
        "relatedTo": "#c",
        "x:a": "1",
    }
    assert codes_of(found) == ["element-kept"]


def test_attributes_that_are_called_like_our_own_notes(tmp_path):
    names = ("codeSpace", "uom", "address", "measuredHeight")
    said = "".join(f'<gen:stringAttribute name="{n}"><gen:value>x</gen:value></gen:stringAttribute>' for n in names)
    body = said + '<bldg:class codeSpace="c">1</bldg:class><bldg:measuredHeight>3</bldg:measuredHeight><bldg:address/>'
    found = one(tmp_path, model_2(building(body)))
    assert found.attributes[0]["class"] == "1"
    assert found.attributes[0]["uom"] == "x"


# --- other objects ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("element", "geometry", "kind"),
    [
        ("veg:SolitaryVegetationObject", "veg:lod2Geometry", "SolitaryVegetationObject"),
        ("veg:PlantCover", "veg:lod1MultiSurface", "PlantCover"),
        ("frn:CityFurniture", "frn:lod1Geometry", "CityFurniture"),
        ("gen:GenericCityObject", "gen:lod1Geometry", "GenericCityObject"),
        ("luse:LandUse", "luse:lod1MultiSurface", "LandUse"),
        ("wtr:WaterBody", "wtr:lod1MultiSurface", "WaterBody"),
        ("tran:Road", "tran:lod1MultiSurface", "Road"),
        ("tran:Railway", "tran:lod1MultiSurface", "Railway"),
        ("tran:Square", "tran:lod1MultiSurface", "TransportSquare"),
        ("tran:Track", "tran:lod1MultiSurface", "+Track"),
        ("brid:Bridge", "brid:lod2MultiSurface", "Bridge"),
        ("tun:Tunnel", "tun:lod2MultiSurface", "Tunnel"),
    ],
)
def test_objects_around_buildings(tmp_path, element, geometry, kind):
    said = "<veg:function>1</veg:function>"
    member = f"<{element} gml:id='o'>{said}{sheet(FLAT, geometry)}</{element}>"
    found = one(tmp_path, model_2(member, building(gml_bounded(CUBE, "b"))))
    assert found.types == [kind, "Building"]
    assert found.attributes[0] == {"function": "1"}
    assert [s.object for s in surfaces(found)] == ["o"] + ["b"] * 6
    city = read_city(tmp_path / "city.gml")
    assert city.table("city_object")["type"].tolist() == [kind]
    assert city.table("city_object_surface")["area_m2"].tolist() == [1.0]


def test_water_and_roads_have_surfaces_of_their_own_kinds(tmp_path):
    water = bounded("WaterSurface", sheet(FLAT, "wtr:lod2Surface"), prefix="wtr", holder="wtr:boundedBy")
    area = bounded("TrafficArea", sheet(FLAT, "tran:lod2MultiSurface"), prefix="tran", holder="tran:trafficArea")
    found = one(
        tmp_path,
        model_2(f"<wtr:WaterBody gml:id='w'>{water}</wtr:WaterBody>", f"<tran:Road gml:id='r'>{area}</tran:Road>"),
    )
    assert [(s.object, s.type) for s in surfaces(found)] == [("w", "WaterSurface"), ("r", "TrafficArea")]


def test_sections_of_a_road_of_citygml_3_are_the_roads(tmp_path):
    area = bounded("TrafficArea", sheet(FLAT), "a", "tran", "boundary")
    free = gml_solid([gml_polygon(rings) for _, rings in CUBE], 1).replace("bldg:", "")
    lane = element("tran:TrafficSpace", element("tran:granularity", "lane") + area + free, "t")
    section = element("tran:Section", element("tran:trafficSpace", lane), "s")
    road = element("tran:Road", element("tran:section", section), "r")
    found = one(tmp_path, model_3(road))
    assert [(s.object, s.type) for s in surfaces(found)] == [("r", "TrafficArea")]
    assert found.attributes[0] == {"section": [{"id": "s", "trafficSpace": [{"id": "t", "granularity": "lane"}]}]}
    assert codes_of(found) == ["geometry-unread"]  # the free space above it


def test_terrain_is_an_object_of_triangles(tmp_path):
    def triangle(corners):
        points = " ".join(str(c) for corner in [*corners, corners[0]] for c in corner)
        ring = f"<gml:LinearRing><gml:posList>{points}</gml:posList></gml:LinearRing>"
        return f"<gml:Triangle><gml:exterior>{ring}</gml:exterior></gml:Triangle>"

    patches = triangle(SQUARE[:3]) + triangle([SQUARE[0], SQUARE[2], SQUARE[3]])
    for surface, holder in (("TriangulatedSurface", "trianglePatches"), ("Tin", "patches")):
        tin = f"<gml:{surface}><gml:{holder}>{patches}</gml:{holder}></gml:{surface}>"
        part = f"<dem:TINRelief gml:id='t'><dem:lod>2</dem:lod><dem:tin>{tin}</dem:tin></dem:TINRelief>"
        relief = (
            f"<dem:ReliefFeature gml:id='r'><gml:name>ground</gml:name><dem:lod>2</dem:lod>"
            f"<dem:reliefComponent>{part}</dem:reliefComponent></dem:ReliefFeature>"
        )
        found = one(tmp_path, model_2(relief, building("")))
        assert (found.ids, found.types, found.lods) == (["t", "b"], ["TINRelief", "Building"], ["2", ""])
        assert found.attributes[0] == {"name": "ground"}
        assert len({s.group for s in surfaces(found)}) == 2
        assert codes_of(found) == []


def test_groups_name_their_members_and_those_inside_are_read(tmp_path):
    inside = f"<grp:groupMember>{building(gml_bounded(CUBE, 'b'))}</grp:groupMember>"
    group = f"<grp:CityObjectGroup gml:id='g'>{inside}<grp:groupMember xlink:href='#o'/></grp:CityObjectGroup>"
    found = one(tmp_path, model_2(group, "<luse:LandUse gml:id='o'/>"))
    assert tree_of(found) == {"g": ("CityObjectGroup", None), "b": ("Building", None), "o": ("LandUse", None)}
    assert found.members == {0: {"children": ["b", "o"]}}
    assert len(surfaces(found)) == 6


def test_objects_of_an_extension(tmp_path):
    kiosk = element("x:Kiosk", element("x:rent", "1") + sheet(FLAT, "x:lod2MultiSurface"), "k")
    found = one(tmp_path, model_2(kiosk.replace("gml:id", 'xmlns:x="http://example.org/ade" gml:id', 1)))
    assert (found.types, found.attributes) == (["+Kiosk"], [{"x:rent": "1"}])
    assert len(surfaces(found)) == 1


def test_objects_without_or_with_repeated_identifiers_are_renamed(tmp_path):
    land = "<luse:LandUse gml:id='o'/>"
    found = one(tmp_path, model_2(land, land, "<luse:LandUse/>", "<luse:LandUse/>"))
    assert len(set(found.ids)) == 4
    assert codes_of(found) == ["id-missing", "id-repeated"]


# --- implicit geometry ------------------------------------------------------------------------------------------------


def implicit(geometry: str, matrix: str, point: str, name: str = "veg:lod1ImplicitRepresentation") -> str:
    return (
        f"<{name}><ImplicitGeometry><transformationMatrix>{matrix}</transformationMatrix>{geometry}<referencePoint>"
        f"<gml:Point><gml:pos>{point}</gml:pos></gml:Point></referencePoint></ImplicitGeometry></{name}>"
    )


TWICE = "2 0 0 0  0 2 0 0  0 0 2 1  0 0 0 1"
SHAPE = gml_multi([gml_polygon([SQUARE])]).replace("<gml:MultiSurface>", '<gml:MultiSurface gml:id="shape">')
PLANT = "<veg:SolitaryVegetationObject gml:id='{}'>{}</veg:SolitaryVegetationObject>"


@pytest.mark.parametrize("order", [1, -1])
def test_a_shape_is_scaled_and_put_in_its_place_wherever_it_is_given(tmp_path, order):
    given = implicit(f"<relativeGMLGeometry>{SHAPE}</relativeGMLGeometry>", TWICE, "10 20 30")
    linked = implicit('<relativeGMLGeometry xlink:href="#shape"/>', TWICE, "0 0 0")
    members = [PLANT.format("a", given), PLANT.format("b", linked), PLANT.format("c", linked)]
    found = one(tmp_path, model_2(*members[::order]))
    corners = {s.object: s.corners for s in surfaces(found)}
    np.testing.assert_allclose(corners["a"][2], [12, 22, 31])
    np.testing.assert_allclose(corners["b"][2], [2, 2, 1])
    np.testing.assert_allclose(corners["c"][2], [2, 2, 1])
    assert codes_of(found) == []


def test_a_mirrored_shape_faces_outward_still(tmp_path):
    mirror = "-1 0 0 0  0 1 0 0  0 0 1 0  0 0 0 1"
    found = one(
        tmp_path,
        model_2(PLANT.format("a", implicit(f"<relativeGMLGeometry>{SHAPE}</relativeGMLGeometry>", mirror, "0 0 0"))),
    )
    (only,) = surfaces(found)
    first, second, third = only.corners[:3]
    assert np.cross(second - first, third - second)[2] > 0


def test_openings_may_share_a_shape(tmp_path):
    pane = implicit('<relativeGMLGeometry xlink:href="#shape"/>', TWICE, "0 0 0", "bldg:lod3ImplicitRepresentation")
    given = implicit(
        f"<relativeGMLGeometry>{SHAPE}</relativeGMLGeometry>", TWICE, "5 0 0", "bldg:lod3ImplicitRepresentation"
    )
    openings = bounded("Window", given, "w", holder="bldg:opening") + bounded(
        "Window", pane, "v", holder="bldg:opening"
    )
    wall = bounded(WALL, sheet(CUBE[2:3], "bldg:lod3MultiSurface") + openings, "wall")
    found = one(tmp_path, model_2(building(wall)))
    assert [s.type for s in surfaces(found)] == [WALL, "Window", "Window"]


@pytest.mark.parametrize(
    ("geometry", "matrix", "code"),
    [
        ("<libraryObject>tree.dae</libraryObject>", TWICE, "implicit-library"),
        (f"<relativeGMLGeometry>{SHAPE}</relativeGMLGeometry>", "1 0 0", "implicit-geometry"),
        (f"<relativeGMLGeometry>{SHAPE}</relativeGMLGeometry>", "1 x", "implicit-geometry"),
        ('<relativeGMLGeometry xlink:href="#nowhere"/>', TWICE, "xlink-dangling"),
    ],
)
def test_implicit_geometry_that_is_not_there_is_named(tmp_path, geometry, matrix, code):
    found = one(tmp_path, model_2(PLANT.format("a", implicit(geometry, matrix, "0 0 0"))))
    assert codes_of(found) == [code]
    assert surfaces(found) == []


# --- what is left out -------------------------------------------------------------------------------------------------


def test_what_is_not_read_is_counted_once_per_name(tmp_path):
    line = "<gml:MultiCurve/>"
    body = f"<bldg:lod2TerrainIntersection>{line}</bldg:lod2TerrainIntersection><app:appearance xmlns:app='http://www.opengis.net/citygml/appearance/2.0'/>"
    found = one(tmp_path, model_2(building(body), building(body).replace('"b"', '"c"')))
    assert codes_of(found) == ["appearance-unread", "geometry-unread"]
    assert {finding["severity"] for finding in found.findings} == {"note"}
    assert all("(2 times)" in finding["message"] for finding in found.findings)


def with_energy(body: str) -> str:
    declared = '<CityModel xmlns:nrg="http://www.citygml.org/ade/energy/3.0" '
    return model_2(building(body)).replace("<CityModel ", declared, 1)


def test_kinds_of_walls_of_the_energy_ade(tmp_path):
    wall = bounded("PartyWallSurface", sheet(CUBE[2:3], "bldg:lod2MultiSurface"), "s", "nrg")
    found = one(tmp_path, with_energy(wall))
    assert [s.type for s in surfaces(found)] == [WALL]
    assert found.surface_attributes == [{"surfaceClass": "PartyWallSurface"}]


def test_openings_given_with_a_thermal_zone_are_in_the_buildings_wall(tmp_path):
    def read(link):
        opening = bounded("Window", sheet([(WALL, [WINDOW])], "bldg:lod3MultiSurface"), "w", holder="bldg:opening")
        linked = element("gml:MultiSurface", f'<gml:surfaceMember xlink:href="#{link}"/>')
        wall = element("bldg:WallSurface", element("bldg:lod2MultiSurface", linked) + opening, "z")
        zone = element("nrg:ThermalZone", element("nrg:thermalBoundary", wall), "t")
        return one(tmp_path, with_energy(gml_bounded(CUBE, "b") + element("nrg:thermalZone", zone)))

    found = read("b-p2")
    *walls, window = surfaces(found)
    assert (window.type, window.object) == ("Window", "b")
    assert window.host == walls[2].group
    assert found.surface_ids[-1] == "w"
    assert "opening-without-wall" in codes_of(read("elsewhere"))


# --- the corpus -------------------------------------------------------------------------------------------------------


@pytest.mark.corpus
def test_openings_of_ingolstadt(shared):
    city = read_city(shared / "data" / "citymodels" / "ingolstadt_4018279_lod3_citygml20.gml.gz")
    kinds = city.surfaces["type"]
    for kind, count in (("Window", 30), ("Door", 1)):
        names = {name.rpartition("-")[0] or name for name in city.surfaces.ids[kinds == kind].tolist()}
        assert len(names) == count
    installations = city.table("city_object")
    assert installations["type"].tolist() == ["BuildingInstallation"] * 18


@pytest.mark.corpus
def test_alderaan_is_read_with_its_surroundings(shared):
    city = read_city(shared / "data" / "citymodels" / "alderaan_energyade30_citygml20.gml.gz")
    counts = Counter(city.table("city_object")["type"].tolist())
    assert counts == {"TINRelief": 120, "SolitaryVegetationObject": 33, "CityFurniture": 2, "CityObjectGroup": 2}
    assert (len(city.buildings), len(city.table("building_part"))) == (22, 2)
    assert (city.surfaces["type"] == "Window").sum() == 41
    assert (city.surfaces["type"] == GROUND).sum() == 23
