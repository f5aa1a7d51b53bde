"""Walls shared between the buildings of a city, replicated to size, beside a plain shapely loop over pairs of walls.

    python benchmarks/party_walls.py CITY [--copies 20]

CITY is any city file. Its copies lie side by side and are not real. No package that we know of finds shared walls with
partial overlap in a whole city; the loop below is what one would write by hand: an index of walls, then each pair of
neighbours by itself. It runs on one copy, and both must find the same area there before any time is printed.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry import Polygon, box

import twin
from twin.city import City
from twin.city.geometry import measure, shared_walls
from twin.city.geometry.walls import SLIVER_M2, WALL_ANGLE_DEG, WALL_GAP_M
from twin.city.select import concat
from twin.table import Table

REPEATS = 3


def copied(city, number, width):
    """Return the city moved east, with identifiers of its own."""
    tables = {}
    for name in ("building", "building_part", "surface"):
        if name in city.tables:
            old = city.tables[name]
            table = Table(name, [f"{number}-{row}" for row in range(len(old))])
            for column in old.columns:
                table = table.put(column, old[column.name], old.source(column.name))
            tables[name] = table
    moved = replace(city.geometry, vertices=city.geometry.vertices + np.array([number * width, 0.0, 0.0]))
    return City(tables, moved, crs=city.crs, lod=city.lod)


def by_hand(city):
    """Return pairs and shared area of different buildings, each pair of walls by itself."""
    geometry, measured, building = city.geometry, measure(city.geometry), city.surfaces["building"]
    walls = np.flatnonzero((np.abs(measured.tilt - 90) <= WALL_ANGLE_DEG) & (measured.area > 0))
    rings, boxes = [], []
    for wall in walls:
        outlines = range(*geometry.surface_offsets[wall : wall + 2])
        rings.append(
            [geometry.vertices[geometry.ring_vertices[slice(*geometry.ring_offsets[r : r + 2])]] for r in outlines]
        )
        low, high = rings[-1][0].min(axis=0), rings[-1][0].max(axis=0)
        boxes.append(box(low[0] - WALL_GAP_M, low[1] - WALL_GAP_M, high[0], high[1]))
    tree, pairs, total = shapely.STRtree(boxes), 0, 0.0
    for i, wall in enumerate(walls):
        for j in tree.query(boxes[i]):
            other = walls[j]
            if j <= i or building[other] == building[wall]:
                continue
            if measured.normal[wall] @ measured.normal[other] > -np.cos(np.radians(WALL_ANGLE_DEG)):
                continue
            area = overlap(rings[i], rings[j], measured.centroid[wall], measured.normal[wall], measured.normal[other])
            if area > SLIVER_M2:
                pairs, total = pairs + 1, total + area
    return pairs, total


def overlap(first, second, origin, normal, opposite):
    """Return the area two facing walls share if they are near where they overlap."""
    between = (normal - opposite) * [1, 1, 0]
    between /= np.linalg.norm(between)
    across = np.array([-between[1], between[0], 0.0])
    flat = [
        [np.column_stack([(ring - origin) @ across, ring[:, 2] - origin[2]]) for ring in w] for w in (first, second)
    ]
    low = max(rings[0][:, 0].min() for rings in flat)
    high = min(rings[0][:, 0].max() for rings in flat)
    if low >= high:
        return 0.0
    middle = (low + high) / 2
    lies = [
        ((wall[0].mean(axis=0) - origin) @ n - middle * (across @ n)) / (between @ n)
        for wall, n in ((first, normal), (second, opposite))
    ]
    if abs(lies[0] - lies[1]) > WALL_GAP_M:
        return 0.0
    one, other = (shapely.make_valid(Polygon(rings[0], rings[1:])) for rings in flat)
    return one.intersection(other).area


def seconds(function, repeats=REPEATS):
    """Return the least processor time of several runs, and the result."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        result = function()
        times.append(time.process_time() - started)
    return min(times), result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("city")
    parser.add_argument("--copies", type=int, default=20)
    options = parser.parse_args()
    city = twin.read_city(options.city)
    width = float(np.ptp(city.geometry.vertices[:, 0])) + 100.0

    ours, walls = seconds(lambda: shared_walls(city))
    theirs, (pairs, area) = seconds(lambda: by_hand(city), 1)
    found = walls.party[2].sum()
    print(f"one copy: {len(walls.party[2])} pairs, {found:.1f} m2; by hand {pairs} pairs, {area:.1f} m2")
    assert abs(found - area) < 1e-3 * area, "the two do not agree"
    print(f"twin    {ours:7.3f} s CPU (walls between parts included)")
    print(f"by hand {theirs:7.3f} s CPU, {theirs / ours:.0f} times as long")

    many = concat([copied(city, number, width) for number in range(options.copies)])
    upright = int((np.abs(many.surfaces["tilt_deg"] - 90) <= WALL_ANGLE_DEG).sum())
    ours, walls = seconds(lambda: shared_walls(many))
    print(
        f"{options.copies} copies, {upright:,} walls: {ours:.3f} s CPU; "
        f"{len(walls.party[2]):,} pairs between buildings, {walls.party[2].sum():,.0f} m2; "
        f"{len(walls.interior[2]):,} between parts, {walls.interior[2].sum():,.0f} m2"
    )


if __name__ == "__main__":
    main()
