"""Objects of a file sorted into tables, against what is found by climbing from each to its ancestors."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.found import Found
from twin.city.objects import BUILDING, OTHER, PART, Objects

KINDS = ["Building", "BuildingPart", "BuildingInstallation", "PlantCover"]
forests = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 99)), max_size=20).flatmap(
    lambda rest: st.permutations(range(len(rest) + 1)).map(lambda order: ([("Building", 0), *rest], order))
)


@settings(max_examples=100, deadline=None)
@given(forests)
def test_objects_belong_to_the_nearest_of_their_ancestors(forest):
    """In whatever order a file has them: a part may come before its building, and have parts of its own."""
    drawn, order = forest
    n = len(drawn)
    types, parents = [""] * n, [-1] * n
    for k, (kind, parent) in enumerate(drawn):  # of those drawn before, or none
        types[order[k]], parents[order[k]] = kind, (-1 if parent % (k + 1) == k else order[parent % (k + 1)])
    objects = Objects.of(Found("city", False, types=types, parents=parents))

    def bounded(row):
        return row >= 0 and types[row] in ("Building", "BuildingPart")

    kinds = [OTHER if not bounded(k) else PART if bounded(parents[k]) else BUILDING for k in range(n)]

    def nearest(row, kind):
        while row >= 0 and kinds[row] != kind:
            row = parents[row]
        return row

    assert objects.kind.tolist() == kinds
    assert objects.building.tolist() == [nearest(row, BUILDING) for row in range(n)]
    assert objects.part.tolist() == [nearest(row, PART) for row in range(n)]
    in_turn = sorted(range(n), key=lambda row: (kinds[row] == OTHER, objects.building[row], kinds[row], row))
    within = [row for row in in_turn if kinds[row] != OTHER]
    places = objects.places()
    assert sorted(within, key=places.__getitem__) == within
    assert all(places[row] >= n for row in range(n) if kinds[row] == OTHER)
