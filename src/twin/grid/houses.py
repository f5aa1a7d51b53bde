"""Which bus of a grid from a file every building is connected to: as a file says, or the nearest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError, nearest
from twin.grid.demand import ground_positions
from twin.grid.formats.frame import Frame, read_csv
from twin.grid.given import LOW_VOLTAGE_V, GivenGrid
from twin.grid.model import PHASES, ElectricGrid
from twin.grid.phases import LETTERS, at_bus
from twin.ledger import Ledger
from twin.table import GIVEN

if TYPE_CHECKING:
    from twin.city.model import City
    from twin.grid.settings import GridSettings

__all__ = ["Listed", "Placed", "connect", "read_connections"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SHOWN = 20
_COLUMNS = ("building", "bus", "phases")
_PHASE = {"a": "a", "b": "b", "c": "c", "1": "a", "2": "b", "3": "c"}


@dataclass(frozen=True)
class Listed:
    """What a file says of connections: bus and phases of every building of the city, -1 and none where it is silent."""

    bus: Ints
    phases: NDArray[np.str_]


@dataclass(frozen=True)
class Placed:
    """Where buildings are connected: bus, phases (none where nothing says so), source of the bus, what is doubtful."""

    bus: Ints
    phases: NDArray[np.str_]
    code: NDArray[np.uint16]
    doubt: str = ""


def read_connections(path: Path, found: GivenGrid, city: City, strict: bool, complete: bool) -> Listed:
    """Read which building is connected to which bus, and to which of its phases.

    Parameters
    ----------
    strict
        Whether every building named must be one of the city's.
    complete
        Whether every building of the city must be named.

    Raises
    ------
    TwinError
        For all rows that name what there is not, or a building again, and all buildings that are missing.
    """
    with Problems(path) as problems:
        frame = _trimmed(read_csv(path, problems).need_rows("building"))
        _check_columns(frame)
        return _listed(frame, found, city, strict, complete)


def _trimmed(frame: Frame) -> Frame:
    """Return the rows without blanks around names and cells, each of which must be below a name."""
    rows = []
    for k, row in enumerate(frame.rows):
        beyond = row.pop(None, [])  # type: ignore[call-overload]
        if any(cell.strip() for cell in beyond):
            what = f"has {','.join(beyond)!r} beyond the last column"
            frame.wrong(k, what, 'phases such as L1L2, or in quotes "L1,L2"')
        rows.append({name.strip(): cell.strip() if cell else cell for name, cell in row.items()})
    return Frame(rows, frame.file, frame.places, frame.problems)


def _check_columns(frame: Frame) -> None:
    """Note names of columns that look like mistyped ones; others may be there for whoever keeps the file."""
    for name in frame.rows[0]:
        meant = nearest(name.lower(), _COLUMNS)
        if name not in _COLUMNS and meant is not None and meant not in frame.rows[0]:
            frame.problems.add(f"there is a column {name!r}", "1", "building, bus, phases", meant, frame.file)


def _listed(frame: Frame, found: GivenGrid, city: City, strict: bool, complete: bool) -> Listed:
    grid, n = found.grid, len(city.buildings)
    names = frame.text("building")
    if not strict:
        known = set(city.buildings.ids.tolist())
        frame = frame.take(np.array([name in known for name in names], dtype=bool))
    building = frame.find("building", city.buildings.ids.tolist(), "building")
    bus = _buses(frame, found)
    phases = _phases(frame, bus, grid)
    row_of: dict[int, int] = {}
    again = {}
    for k, row in enumerate(building.tolist()):
        if row_of.setdefault(row, k) != k and row >= 0:
            again[k] = f"building {city.buildings.ids[row]} is in line {frame.places[row_of[row]]} already"
    frame.wrong_cells("building", again, "each building once")
    listed = Listed(np.full(n, -1), np.full(n, "", dtype="<U3"))
    good = building >= 0
    listed.bus[building[good]], listed.phases[building[good]] = bus[good], np.array(phases, dtype="<U3")[good]
    if complete:
        _report_missing(frame, city, ~np.isin(np.arange(n), building))
    return listed


def _buses(frame: Frame, found: GivenGrid) -> Ints:
    """Return the rows of the buses named, -1 and a problem for each that there is not."""
    rows = frame.find("bus", list(found.bus_rows), "bus")
    target = np.array(list(found.bus_rows.values()), dtype=np.int64)
    return np.asarray(np.where(rows >= 0, target[rows], -1))


def _phases(frame: Frame, bus: Ints, grid: ElectricGrid) -> list[str]:
    """Return phases as tables name them, none where the cell is empty; note those that a bus has not."""
    there = at_bus(grid)
    phases = []
    for k, text in enumerate(frame.text("phases", "")):
        letters = _letters(text)
        if letters is None:
            frame.wrong(k, f"phases is {text!r}", "letters of a, b, c, or L1, L2, L3")
        elif letters and bus[k] >= 0 and grid.phases == 3:
            of_bus = "".join(np.array(list(LETTERS))[there[bus[k]]])
            if not set(letters) <= set(of_bus):
                frame.wrong(k, f"phases is {text!r}, but bus {grid.bus.ids[bus[k]]} has {of_bus} only")
        phases.append(letters or "")
    return phases


def _letters(text: str) -> str | None:
    """Return phases as tables name them: none of an empty text, None of one that names no phases."""
    if not text:
        return ""
    letters = "".join(sorted({_PHASE.get(c, "?") for c in re.sub(r"[lL\s,;/+-]", "", text).lower()}))
    letters = "ca" if letters == "ac" else letters
    return letters if letters in PHASES else None


def _report_missing(frame: Frame, city: City, missing: NDArray[np.bool_]) -> None:
    names = city.buildings.ids[missing]
    expected = 'a row for it, or [grid] unlisted = "nearest"'
    for name in names[:_SHOWN]:
        frame.problems.add(f"building {name} is missing", expected=expected, file=frame.file)
    if len(names) > _SHOWN:
        frame.problems.add(f"{len(names) - _SHOWN} more buildings are missing", expected=expected, file=frame.file)


def connect(
    found: GivenGrid, grid: ElectricGrid, city: City, listed: Listed | None, settings: GridSettings, ledger: Ledger
) -> Placed:
    """Return where every building is connected.

    Raises
    ------
    TwinError
        If buildings that no file names find no bus, or none that is anywhere near.
    """
    n = len(city.buildings)
    if listed is None:
        listed = Listed(np.full(n, -1), np.full(n, "", dtype="<U3"))
    bus, code = listed.bus.copy(), np.full(n, GIVEN, dtype=np.uint16)
    free, doubt = np.flatnonzero(bus < 0), ""
    if len(free):
        bus[free], distance = _nearest(found, grid, city, free)
        doubt = _say_distances(found, city, free, distance, settings, ledger)
        code[free] = ledger.assume(
            "A building is connected to the nearest bus of low voltage (up to 1 kV) at which customers may be, in a "
            "straight line from the middle of its ground.",
            "twin: planning assumption",
        )
    return Placed(bus, listed.phases, code, doubt)


def _nearest(found: GivenGrid, grid: ElectricGrid, city: City, rows: Ints) -> tuple[Ints, Floats]:
    """Return the nearest bus of some buildings and how far it is, m."""
    from scipy.spatial import KDTree

    low = grid.bus["v_nom_v"] <= LOW_VOLTAGE_V
    if found.case.may_connect is not None:
        low &= found.case.may_connect
    if not low.any():
        highest = f"its lowest nominal voltage is {grid.bus['v_nom_v'].min():g} V"
        message = f"the grid has no bus of low voltage that customers may be connected to: {highest}"
        expected = "buses of up to 1 kV, or [grid] connections = a file that names others"
        raise TwinError(Problem(message, file=found.path, expected=expected))
    rows_low = np.flatnonzero(low & ~grid.bus.missing("x_m"))
    if not len(rows_low):
        message = f"no bus of low voltage has coordinates, so that {len(rows)} buildings cannot find theirs"
        expected = (
            "coordinates in the grid's file (pandapower: geo), or [grid] connections = a file building,bus,phases"
        )
        raise TwinError(Problem(message, file=found.path, expected=expected))
    xy = np.column_stack([grid.bus["x_m"], grid.bus["y_m"]])[rows_low]
    distance, k = KDTree(xy).query(ground_positions(city)[rows, :2])
    return rows_low[k], np.asarray(distance, dtype=np.float64)


def _say_distances(
    found: GivenGrid, city: City, rows: Ints, distance: Floats, settings: GridSettings, ledger: Ledger
) -> str:
    """State how far away the buses found are; return what is doubtful about it, if anything is."""
    limit = settings.longest_connection_m
    farthest = city.buildings.ids[rows[distance.argmax()]]
    if distance.min() > limit:
        message = (
            f"no building is nearer than {_length(distance.min())} to a bus of low voltage, the limit is {limit:g} m"
        )
        expected = "[grid] crs = the reference system of the buses' coordinates, or the grid of this place"
        raise TwinError(Problem(message, file=found.path, expected=expected))
    ledger.state(
        f"{len(rows)} buildings are connected to the nearest bus of low voltage: {np.median(distance):.0f} m in the "
        f"median, {distance.max():.0f} m at most (building {farthest}).",
        found.path.name,
    )
    beyond = int((distance > limit).sum())
    if not beyond:
        return ""
    doubt = (
        f"{beyond} of {len(rows)} buildings are farther than {limit:g} m from their bus of the grid, building "
        f"{farthest} {_length(distance.max())}: it may not be theirs."
    )
    ledger.state(f"Doubtful: {doubt}", found.path.name)
    return doubt


def _length(metres: float) -> str:
    return f"{metres / 1e3:,.0f} km" if metres >= 10_000 else f"{metres:.0f} m"
