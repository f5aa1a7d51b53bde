"""The JSON file of BESTEST cases as it stands: read, and its sections checked before any case is looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path
from typing import Any

from twin.errors import Problem, TwinError, nearest

__all__ = ["CHATTER", "ORIENTATIONS", "load"]

CHATTER = {"base", "note", "notes", "description", "name", "title", "source", "comment"}  # keys that change nothing
ORIENTATIONS = ("N", "E", "S", "W")


def load(path: Path) -> dict[str, Any]:
    """Return what a file of cases holds.

    Raises
    ------
    TwinError
        If it is no JSON, lacks a section or a size of the box, or a case names a base that is not there.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise TwinError(Problem(f"this is no JSON ({error})", path, expected="a file of BESTEST cases")) from error
    if not isinstance(content, dict):
        raise TwinError(Problem("the file holds no object", path, "/", "common, constructions, glazing, cases"))
    sections = ("common", "constructions", "glazing", "cases")
    problems = [
        Problem("the section is missing", path, f"/{name}", "an object")
        for name in sections
        if not isinstance(content.get(name), dict)
    ]
    if not problems:
        problems = list(_object_problems(path, content)) or _base_problems(path, content["cases"])
        problems += _geometry_problems(path, content["common"].get("geometry"))
    if problems:
        raise TwinError(*problems)
    return content


def _object_problems(path: Path, content: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what should be an object and is none."""
    for section in ("cases", "constructions", "glazing"):
        for name, value in content[section].items():
            if not isinstance(value, dict) and name not in CHATTER:
                yield Problem(f"{name} is no object", path, f"/{section}/{name}", "an object")
    for name in ("surface", "thermostat"):
        if not isinstance(content["common"].get(name, {}), dict):
            yield Problem(f"{name} is no object", path, f"/common/{name}", "an object")


def _geometry_problems(path: Path, geometry: Any) -> list[Problem]:
    """Return what is missing of the box, or is no number."""
    if not isinstance(geometry, dict):
        return [Problem("the section is missing", path, "/common/geometry", "an object")]
    walls = geometry.get("wall_area_gross_m2")
    given = {f"wall_area_gross_m2/{o}": walls.get(o) for o in ORIENTATIONS} if isinstance(walls, dict) else {}
    given |= {} if given else {"wall_area_gross_m2": None}
    sizes = ("length_ew_m", "width_ns_m", "height_m", "floor_area_m2", "volume_m3", "roof_area_m2")
    given |= {name: geometry.get(name) for name in sizes}
    wrong = {
        name: "nothing" if value is None else repr(value)
        for name, value in given.items()
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < inf
    }
    return [
        Problem(f"{said} is stated", path, f"/common/geometry/{name}", "a positive number")
        for name, said in wrong.items()
    ]


def _base_problems(path: Path, stated: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """Return what is wrong with the bases: not there, or a case that is its own."""
    found = []
    for name, case in stated.items():
        seen = [name]
        base = case.get("base")
        if "base" in case and not isinstance(base, str):
            found.append(Problem(f"the base of {name} is {base!r}", path, f"/cases/{name}/base", "the name of a case"))
        while isinstance(base, str) and base in stated and base not in seen:
            seen.append(base)
            base = stated[base].get("base")
        place = f"/cases/{seen[-1]}/base"
        if isinstance(base, str) and base not in stated and len(seen) == 1:
            found.append(Problem(f"there is no case {base!r}", path, place, "a case", nearest(base, stated)))
        elif base == name:
            found.append(Problem(f"{name} is its own base", path, place))
    return found
