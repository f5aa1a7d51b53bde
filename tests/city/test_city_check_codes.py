"""What is wrong with a solid is found under val3dity's code, and nothing else is said of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from city_cases import Vertices, box, cityjson, geometry, prism
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.check import Tolerances, check_city, city_format
from twin.city.source import Source
from twin.errors import TwinError

Point = tuple[float, float, float]
Rings = Sequence[Sequence[Point]]
CUBE = [rings for _, rings in box(0, 0, 1, 1, 1)]  # ground, roof, four walls
GROUND, ROOF, SOUTH = 0, 1, 2


def poly(*shells: Sequence[Rings]) -> str:
    """Faces of one or more shells as a .poly file."""
    text = ""
    for faces in shells:
        points: dict[Point, int] = {}
        lines = []
        for rings in faces:
            lines.append(f"{len(rings)} 0")
            lines += [
                " ".join(map(str, [len(ring), *(points.setdefault(p, len(points)) for p in ring)])) for ring in rings
            ]
        corners = [f"{number} {x!r} {y!r} {z!r}" for (x, y, z), number in points.items()]
        text += "\n".join([f"{len(points)} 3 0 0", *corners, f"{len(faces)} 0", *lines, "0", "0", ""])
    return text


def codes_of(path: Path, tolerances: Tolerances | None = None) -> list[str]:
    source = Source(path)
    kind = city_format(source)
    assert kind
    return [finding["code"] for finding in check_city(source, kind, tolerances)]


@pytest.fixture
def codes(tmp_path):
    def check(*shells: Sequence[Rings], **tolerances: float) -> list[str]:
        path = tmp_path / "solid.poly"
        path.write_text(poly(*shells))
        return codes_of(path, Tolerances(**tolerances))

    return check


def with_face(number: int, *rings: Sequence[Point]) -> list[Rings]:
    return [*CUBE[:number], rings, *CUBE[number + 1 :]]


def moved(faces: Sequence[Rings], by: Point, scale: float = 1.0) -> list[Rings]:
    return [[[tuple(scale * c + d for c, d in zip(p, by, strict=True)) for p in ring] for ring in f] for f in faces]


def facing_in(faces: Sequence[Rings]) -> list[Rings]:
    return [[list(ring)[::-1] for ring in rings] for rings in faces]


def hole(x: float, y: float, width: float, z: float = 1.0) -> list[Point]:
    """A hole in the roof: clockwise from above."""
    return [(x, y, z), (x, y + width, z), (x + width, y + width, z), (x + width, y, z)]


def filled(*holes: list[Point]) -> list[Rings]:
    """A cube with holes in its roof, each covered by a face of its own."""
    (outline,) = CUBE[ROOF]
    return [*with_face(ROOF, outline, *holes), *([ring[::-1]] for ring in holes)]


ROOF_RING = CUBE[ROOF][0]
A, B, C, D = ROOF_RING  # at height 1, counter-clockwise from the origin


def test_a_cube_is_sound(codes):
    assert codes(CUBE) == []
    assert codes(moved(CUBE, (3.4e6, 5.6e6, 120.0))) == []


# --- rings ------------------------------------------------------------------------------------------------------------


def test_101_two_corners(codes):
    assert codes(with_face(ROOF, [A, B])) == ["101"]


def test_102_a_corner_twice(codes):
    assert codes(with_face(ROOF, [A, A, B, C, D])) == ["102"]
    assert codes(with_face(ROOF, [A, (0.0, 0.0004, 1.0), B, C, D])) == ["102"]  # within the snap tolerance


def test_104_rings_that_meet_themselves(codes):
    assert codes(with_face(ROOF, [A, C, B, D])) == ["104"]  # a bow tie
    spike = (1.0, 1.5, 1.0)
    assert codes(with_face(ROOF, [A, B, C, spike, C, D])) == ["104"]
    assert codes(with_face(ROOF, [A, B, (1.0, 1.5, 1.0), C, D])) == ["104"]  # there and back again on one line
    bridge = [A, B, C, D, A, (0.2, 0.2, 1.0), (0.2, 0.4, 1.0), (0.4, 0.4, 1.0), (0.2, 0.2, 1.0)]
    assert codes(with_face(ROOF, bridge)) == ["104"]  # a hole that is cut to the outline


def test_104_needs_a_plane_to_fall_on(codes):
    """Two corners above one another are one on the plane of the roof."""
    wall = [(1.0, 0.5, 1.002), (1.0, 0.5, 0.998)]
    ring = [A, B, *wall, C, D]
    assert codes(with_face(ROOF, ring)) == ["104"]


# --- polygons ---------------------------------------------------------------------------------------------------------


def test_holes_that_are_covered_are_sound(codes):
    assert codes(filled(hole(0.2, 0.2, 0.4))) == []
    assert codes(filled(hole(0.2, 0.2, 0.2), hole(0.6, 0.6, 0.2))) == []
    touching = [A, (0.2, 0.5, 1.0), (0.5, 0.2, 1.0)]
    assert codes(filled(touching)) == []  # the outline, in one corner
    meeting = [(0.4, 0.4, 1.0), (0.4, 0.8, 1.0), (0.8, 0.8, 1.0)]
    assert codes(filled(hole(0.2, 0.2, 0.2), meeting)) == []  # one another, in one corner


@pytest.mark.parametrize(
    ("code", "holes"),
    [
        ("201", [hole(0.5, 0.5, 1.0)]),
        ("201", [hole(0.0, 0.2, 0.5)]),
        ("201", [hole(0.2, 0.2, 0.4), hole(0.4, 0.4, 0.4)]),
        ("201", [hole(0.2, 0.2, 0.2), hole(0.4, 0.2, 0.2)]),
        ("202", [hole(0.2, 0.2, 0.4), hole(0.2, 0.2, 0.4)]),
        ("206", [hole(1.2, 1.2, 0.4)]),
        ("207", [hole(0.2, 0.2, 0.6), hole(0.4, 0.4, 0.2)]),
        ("208", [hole(0.2, 0.2, 0.4)[::-1]]),
        ("205", [[A, (0.4, 0.6, 1.0), (0.6, 0.4, 1.0)], [(0.6, 0.4, 1.0), (0.5, 0.9, 1.0), C]]),
    ],
)
def test_holes_that_make_no_polygon(codes, code, holes):
    assert codes(filled(*holes)) == [code]


def test_203_a_corner_off_the_plane(codes):
    lifted = with_face(ROOF, [A, B, C, (0.0, 1.0, 1.1)])
    assert codes(lifted) == ["203"]
    assert "203" not in codes(lifted, planarity_m=0.2)


def test_204_a_fold_within_the_tolerance(codes):
    """A step of 2 mm on 2 mm is 45 degrees steep; one on half a metre is flat enough."""
    up, down = 1.001, 0.999
    steep = [A, B, (1.0, 0.499, up), (1.0, 0.501, down), C, D, (0.0, 0.501, down), (0.0, 0.499, up)]
    gentle = [A, B, (1.0, 0.5, 1.007), C, D, (0.0, 0.5, 1.007)]
    walls = [
        [[(1.0, 0.0, 0.0), (1.0, 1.0, 0.0), C, (1.0, 0.501, down), (1.0, 0.499, up), B]],
        [[(0.0, 1.0, 0.0), (0.0, 0.0, 0.0), A, (0.0, 0.499, up), (0.0, 0.501, down), D]],
    ]
    assert codes([CUBE[0], [steep], CUBE[2], walls[0], CUBE[4], walls[1]]) == ["204"]
    walls = [
        [[(1.0, 0.0, 0.0), (1.0, 1.0, 0.0), C, (1.0, 0.5, 1.007), B]],
        [[(0.0, 1.0, 0.0), (0.0, 0.0, 0.0), A, (0.0, 0.5, 1.007), D]],
    ]
    assert codes([CUBE[0], [gentle], CUBE[2], walls[0], CUBE[4], walls[1]]) == []


# --- shells -----------------------------------------------------------------------------------------------------------

FAR = moved(CUBE, (3.0, 3.0, 0.0))
LID = [[(0.0, 0.0, 0.5), (1.0, 0.0, 0.5), (1.0, 1.0, 0.5), (0.0, 1.0, 0.5)]]
TORUS = [rings for _, rings in prism([(0, 0), (3, 0), (3, 3), (0, 3)], 0, 1)]


def ring_shaped() -> list[Rings]:
    """A square block with a square shaft through it."""
    inner = [rings for _, rings in prism([(1, 1), (2, 1), (2, 2), (1, 2)], 0, 1)]
    ground, roof, *walls = TORUS
    low, high, *shaft = facing_in(inner)
    return [[*ground, *low], [*roof, *high], *walls, *shaft]


def test_a_shaft_through_a_block_is_sound(codes):
    assert codes(ring_shaped()) == []


def test_301_too_few_faces(codes):
    assert codes(CUBE[:3]) == ["301"]


def test_302_a_face_is_missing(codes):
    assert codes(CUBE[1:]) == ["302"]
    assert codes(with_face(ROOF, ROOF_RING, hole(0.2, 0.2, 0.4))) == ["302"]


def test_302_an_extra_corner_on_one_side_of_an_edge(codes):
    assert codes(with_face(ROOF, [A, (0.5, 0.0, 1.0), B, C, D])) == ["302"]


def test_303_more_than_two_sides(codes):
    two = [*CUBE, *moved(CUBE, (1.0, 1.0, 0.0))]  # side by side along an edge
    assert codes(two) == ["303"]
    assert codes([*CUBE, *moved(CUBE, (1.0, 1.0, 1.0))]) == ["303"]  # corner to corner
    assert codes([*CUBE, [[A, (-1.0, 0.0, 2.0), (-1.0, 1.0, 2.0)]]]) == ["303"]  # a flag on a corner
    halves = [[[(x, y, (z + up) / 2) for x, y, z in ring] for ring in wall] for wall in CUBE[2:] for up in (0.0, 1.0)]
    assert codes([*CUBE[:2], *halves]) == []
    assert codes([*CUBE[:2], *halves, LID]) == ["303"]  # a floor in between


def test_305_several_pieces(codes):
    assert codes([*CUBE, *FAR]) == ["305"]
    assert codes([*CUBE, FAR[0]]) == ["305"]


def test_306_faces_that_meet(codes):
    def house(apex: float) -> list[Rings]:
        top = (0.5, 0.5, apex)
        return [CUBE[GROUND], *CUBE[2:], *([[a, b, top]] for a, b in ((A, B), (B, C), (C, D), (D, A)))]

    assert codes(house(1.5)) == []
    assert codes(house(0.5)) == []
    assert codes(house(-0.5)) == ["306"]  # its top below its ground
    assert codes(house(0.0)) == ["306"]  # on it


def test_307_faces_that_look_inward(codes):
    assert codes(with_face(ROOF, ROOF_RING[::-1])) == ["307"]


def test_405_inside_out(codes):
    assert codes(facing_in(CUBE)) == ["405"]


# --- solids -----------------------------------------------------------------------------------------------------------

ROOM = facing_in(moved(CUBE, (0.25, 0.25, 0.25), 0.5))


def wedge(x: float, tip: float) -> list[Rings]:
    """A cavity: a pyramid that stands at ``x`` with its tip at a height."""
    a, b, c, top = (x, 0.3, 0.3), (x + 0.3, 0.3, 0.3), (x, 0.6, 0.3), (x + 0.1, 0.4, tip)
    return [[[a, b, c]], [[b, a, top]], [[c, b, top]], [[a, c, top]]]


def test_cavities(codes):
    assert codes(CUBE, ROOM) == []
    assert codes(CUBE, wedge(0.2, 0.8)) == []
    assert codes(CUBE, wedge(0.2, 1.0)) == []  # touches the roof with its tip
    assert codes(CUBE, wedge(0.2, 0.8), wedge(0.5, 0.8)) == []  # touches another in a corner


@pytest.mark.parametrize(
    ("code", "cavities"),
    [
        ("401", [wedge(0.2, 1.00001)]),
        ("401", [facing_in(moved(CUBE, (0.25, 0.25, 0.5), 0.5))]),  # shares a part of the roof
        ("401", [ROOM, wedge(0.2, 0.8)]),
        ("401", [facing_in(moved(CUBE, (0.1, 0.1, 0.1), 0.2)), facing_in(moved(CUBE, (0.3, 0.1, 0.1), 0.2))]),
        ("402", [ROOM, ROOM]),
        ("403", [moved(ROOM, (2.0, 0.0, 0.0))]),
        ("405", [facing_in(ROOM)]),
    ],
)
def test_cavities_that_make_no_solid(codes, code, cavities):
    assert codes(CUBE, *cavities) == [code]


def test_404_a_cavity_that_cuts_the_solid_in_two(codes):
    """A pyramid under the roof that touches all four walls."""
    a, b, c, d = ((x, y, 0.5) for x, y, _ in ROOF_RING)
    top = (0.5, 0.5, 0.9)
    pyramid = facing_in([[[d, c, b, a]], [[a, b, top]], [[b, c, top]], [[c, d, top]], [[d, a, top]]])
    assert codes(CUBE, pyramid) == ["404"]


# --- composites and buildings -----------------------------------------------------------------------------------------


def composite(tmp_path: Path, *boxes: Sequence[float], kind: str = "CompositeSolid") -> list[str]:
    vertices = Vertices()
    solids = [geometry(box(*sizes), vertices, semantics=False)["boundaries"] for sizes in boxes]
    document = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [0.001] * 3, "translate": [0.0] * 3},
        "CityObjects": {
            "g": {"type": "GenericCityObject", "geometry": [{"type": kind, "lod": "2", "boundaries": solids}]}
        },
        "vertices": vertices.points,
    }
    path = tmp_path / "g.city.json"
    path.write_text(json.dumps(document))
    return [code for code in codes_of(path) if code != "no-buildings"]


def test_composites(tmp_path):
    left, right = (0, 0, 1, 1, 1), (1, 0, 1, 1, 1)
    assert composite(tmp_path, left, right) == []
    assert composite(tmp_path, left, (1, 0.5, 1, 1, 2)) == []  # share a part of a face
    assert composite(tmp_path, left, (0.99, 0, 1, 1, 1)) == ["501"]
    assert composite(tmp_path, left, right, right) == ["502"]
    assert composite(tmp_path, left, (3, 0, 1, 1, 1)) == ["503"]
    assert composite(tmp_path, left, (1, 1, 1, 1, 1)) == ["503"]  # an edge is not enough
    assert composite(tmp_path, left, left, (3, 0, 1, 1, 1), kind="MultiSolid") == []


def building(tmp_path: Path, *parts: Sequence[tuple[str, object]], lods: Sequence[str] = ()) -> list[str]:
    document = cityjson({f"p{k}": faces for k, faces in enumerate(parts)})
    for k, entry in enumerate(document["CityObjects"].values()):
        entry |= {"type": "BuildingPart", "parents": ["b"]}
        entry["geometry"][0]["lod"] = lods[k] if lods else "2"
    document["CityObjects"]["b"] = {"type": "Building", "children": list(document["CityObjects"])}
    path = tmp_path / "b.city.json"
    path.write_text(json.dumps(document))
    return codes_of(path)


def test_601_parts_that_overlap(tmp_path):
    house = box(0, 0, 10, 10, 6)
    assert building(tmp_path, house, box(10, 2, 4, 4, 3)) == []
    assert building(tmp_path, house, box(9.999, 2, 4, 4, 3)) == []  # rounding
    assert building(tmp_path, house, box(9.99, 2, 4, 4, 3)) == ["601"]
    assert building(tmp_path, house, box(2, 2, 4, 4, 3, bottom=1)) == ["601"]  # one within the other
    assert building(tmp_path, house, house) == ["601"]
    assert building(tmp_path, box(0, 4, 10, 2, 6), box(4, 0, 2, 10, 6)) == ["601"]  # a cross: all edges on faces
    assert building(tmp_path, house, box(2, 2, 4, 4, 3, bottom=6)) == []  # on top


def test_601_is_asked_at_each_level_of_detail_by_itself(tmp_path):
    house = box(0, 0, 10, 10, 6)
    assert building(tmp_path, house, house, lods=("1", "2")) == []


def test_what_is_wrong_below_stops_what_is_above(tmp_path, codes):
    open_box, other = box(0, 0, 10, 10, 6)[1:], box(2, 2, 4, 4, 3)
    assert building(tmp_path, open_box, other) == ["302"]
    assert codes([*with_face(ROOF, [A, C, B, D])[1:]]) == ["104"]


@pytest.mark.parametrize("seed", range(3))
def test_any_position_and_order_gives_the_same(tmp_path, seed):
    """Solids turned in space, their faces shuffled and rings begun elsewhere."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    cases = {"": ring_shaped(), "306": None, "307": with_face(ROOF, ROOF_RING[::-1]), "302": CUBE[1:]}
    top = (0.5, 0.5, -0.5)
    cases["306"] = [CUBE[GROUND], *CUBE[2:], *([[a, b, top]] for a, b in ((A, B), (B, C), (C, D), (D, A)))]
    for code, faces in cases.items():
        faces = [faces[k] for k in rng.permutation(len(faces))]
        away = [
            [
                [tuple((turn @ p + [3.4e5, 5.6e6, 50]).tolist()) for p in np.roll(ring, rng.integers(4), axis=0)]
                for ring in f
            ]
            for f in faces
        ]
        path = tmp_path / "solid.poly"
        path.write_text(poly(away))
        assert codes_of(path) == ([code] if code else [])


# --- the format -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("8 3 0 0", "9 3 0 0", "vertex"),
        ("4 0 1 2 3", "4 0 1 2 8", "no vertex 8"),
        ("4 0 1 2 3", "4 0 1 2 x", "x"),
        ("4 0 1 2 3", "4 0 1 2 nan", "nan"),
        ("6 0\n", "6000 0\n", "ends too early"),
        ("6 0\n", "-1 0\n", "-1"),
    ],
)
def test_damaged_poly_files_are_refused(tmp_path, old, new, words):
    path = tmp_path / "cube.poly"
    text = poly(CUBE)
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(TwinError, match=words) as caught:
        codes_of(path)
    assert "cube.poly" in str(caught.value)


WORDS = poly(CUBE, ROOM).split(" ")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(WORDS) - 1), st.sampled_from(["", "0", "1", "7", "0.5", "1e9", "1e300", "-3", "x"])
        )
    )
)
def test_any_poly_file_is_checked_or_refused(tmp_path_factory, changes):
    words = list(WORDS)
    for at, new in changes:
        words[at] = new
    path = tmp_path_factory.mktemp("poly") / "solid.poly"
    path.write_text(" ".join(words))
    source = Source(path)
    if city_format(source) == "poly":
        try:
            check_city(source, "poly")
        except TwinError:
            return
