"""Check geometric primitives level by level: what is wrong below stops the levels above, as in val3dity."""

from __future__ import annotations

from twin.city.check.primitives import Fault, Primitives, Tolerances
from twin.city.check.shells import check_shells
from twin.city.check.solids import check_solids
from twin.city.check.surfaces import check_surfaces

__all__ = ["check_primitives"]


def check_primitives(primitives: Primitives, tolerances: Tolerances | None = None) -> list[Fault]:
    """Return what is wrong with polygons, shells, solids, composites and buildings, under val3dity's codes.

    Polygons are checked always, shells only if all their polygons are sound, solids only if all their shells are,
    composites and parts of buildings only if the solids are.
    """
    if not len(primitives.kinds):
        return []
    tolerances = tolerances or Tolerances()
    surfaces, faults = check_surfaces(primitives, tolerances)
    shells, of_shells = check_shells(primitives, surfaces)
    return faults + of_shells + check_solids(primitives, surfaces, shells, tolerances)
