"""Load shapes of an OpenDSS script, with the files they name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.grid.formats.opendss_elements import LoadShape
from twin.grid.formats.opendss_item import YES, Assignment, Item

__all__ = ["shape"]

Floats = NDArray[np.float64]
_SECONDS = {"interval": 3600.0, "minterval": 60.0, "sinterval": 1.0}


def shape(item: Item) -> LoadShape | None:
    """Return a load shape from its arrays or files."""
    step_s, points, actual = 3600.0, 0, False
    factors: dict[str, Floats] = {}
    for one in item.assignments:
        if one.name == "npts":
            points = item.count(one)
        elif one.name in _SECONDS:
            step_s = item.number(one, positive=True) * _SECONDS[one.name]
        elif one.name in ("mult", "pmult", "qmult", "csvfile"):
            values = _series(item, one)
            if values is None:
                return None
            factors["q" if one.name == "qmult" else "p"] = values
        elif one.name == "useactual":
            actual = item.choice(one, YES, False)
    if actual:
        item.refuse("states kW instead of factors", expected="useactual=no")
    if "p" not in factors:
        item.refuse("has no mult", expected="mult or csvfile")
        return None
    p, q = factors["p"], factors.get("q", factors["p"])
    points = points or len(p)
    if min(len(p), len(q)) < points:
        item.refuse(f"has {min(len(p), len(q))} values", expected=f"{points}, as npts says")
        return None
    return LoadShape(item.name, step_s, p[:points], q[:points])


def _series(item: Item, one: Assignment) -> Floats | None:
    """Return the numbers of an array or of a column of a file."""
    text = one.value.text.strip()
    options = dict(word.split("=", 1) for word in text.replace(",", " ").split() if "=" in word)
    if one.name != "csvfile" and "file" not in {key.lower() for key in options}:
        return item.get(one, one.value.numbers, None, "numbers")
    options = {key.lower(): value.strip("\"'") for key, value in options.items()}
    name = options.get("file", text)
    path = replace(one.value, text=name).path()
    column = int(options.get("column", "1")) - 1
    header = options.get("header", "no").lower().startswith("y")
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()[1 if header else 0 :]
    except OSError as error:
        item.refuse(f"{path} cannot be read: {error.strerror or error}", one.value.place)
        return None
    rows = [row for line in lines if (row := line.replace(",", " ").split())]
    try:
        return np.array([float(row[column]) for row in rows])
    except (ValueError, IndexError):
        bad = next(k for k, row in enumerate(rows) if not _is_number(row[column : column + 1]))
        item.problems.add(f"value {bad + 1} is {' '.join(rows[bad])!r}", str(bad + 1), "a number", file=path)
        return None


def _is_number(cells: list[str]) -> bool:
    try:
        return len([float(cell) for cell in cells]) == 1
    except ValueError:
        return False
