"""BESTEST (ANSI/ASHRAE Standard 140, section 5.2): heating and cooling of a simple room, case by case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import Problem, Problems, TwinError, nearest
from twin.progress import Progress, silent
from twin.validation.bestest.cases import Case, CaseFile, read_cases
from twin.validation.bestest.elements import Envelope
from twin.validation.bestest.envelope import envelope
from twin.validation.bestest.methods import METHODS
from twin.validation.bestest.outdoors import AZIMUTH_DEG, Outdoors
from twin.validation.bestest.rows import read_ranges, row
from twin.validation.bestest.schedules import NotUnderstoodError
from twin.validation.bestest.zone_year import run_years
from twin.weather.files import read_weather
from twin.weather.model import HOURS, Weather

__all__ = ["run"]

_OWN = Path(__file__).resolve().parents[4] / "tests" / "cases" / "buildings" / "bestest"
_NAMES = {"N": "north", "E": "east", "S": "south", "W": "west"}


def run(
    cases: Path | None = None,
    ranges: Path | None = None,
    weather: Path | None = None,
    method: str = "multinode",
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """Simulate every case for a year and hold it against the limits of acceptance, else what other programs found.

    Parameters
    ----------
    cases
        File of cases; the checkout's own if left out.
    ranges
        Table of ranges; the checkout's own if left out.
    weather
        Weather file; the one that the file of cases names if left out.
    method
        ``multinode`` or ``5r1c``.

    Returns
    -------
    list
        One row per range, see `twin.validation.bestest.rows.row`. Without ``ours`` where there is no such case, where
        we do not understand it (``note`` says why), or where we do not work out the quantity.

    Raises
    ------
    TwinError
        If a file is missing or not in order, or there is no such method.
    """
    with Problems() as problems:
        if method not in METHODS:
            suggestion = nearest(method, METHODS)
            problems.add(
                f"there is no method {method!r}", expected="one of " + ", ".join(METHODS), suggestion=suggestion
            )
        found = [_own(given, name, problems) for given, name in ((cases, "cases.json"), (ranges, "ranges.csv"))]
    file, limits = read_cases(found[0]), read_ranges(found[1])
    year = read_weather(_weather(weather, file))
    wanted = {limit.case for limit in limits}
    notes = {name: f"not understood: {why}" for name, why in file.not_understood.items()}
    chosen: list[tuple[Case, Envelope, Outdoors]] = []
    around: dict[float, Outdoors] = {}
    for case in (case for name, case in file.cases.items() if name in wanted):
        outdoors = _outdoors(case, year, around)
        try:
            chosen.append((case, envelope(case, file, outdoors), outdoors))
        except NotUnderstoodError as reason:
            notes[case.name] = f"not understood: {reason}"
    ours = _simulated(chosen, method, progress) if chosen else {}
    return [row(limit, ours.get(limit.case, {}), notes.get(limit.case, "")) for limit in limits]


def _own(given: Path | None, name: str, problems: Problems) -> Path:
    """Return the file given, else the checkout's."""
    path = given or _OWN / name
    if not path.is_file():
        option = "--" + name.partition(".")[0]
        expected = f"a file given by {option}" if given is None else "a file"
        problems.add(
            "there is no such file" if given else f"{option} is needed outside of a checkout",
            None,
            expected,
            file=given,
        )
    return path


def _weather(given: Path | None, file: CaseFile) -> Path:
    """Return the weather file given, else the one that the file of cases names, beside it."""
    named = file.common.get("weather")
    path = given or (file.path.parent / str(named) if named else None)
    if path is None or not path.is_file():
        message = "there is no such weather file" if path else "the file of cases names no weather"
        raise TwinError(Problem(message, path, expected="the weather of the cases (EPW), given by --weather"))
    return path


def _outdoors(case: Case, year: Weather, around: dict[float, Outdoors]) -> Outdoors:
    """Return the weather around the case's building, one for all cases on the same ground."""
    albedo = case.ground_reflectance
    if albedo not in around:
        around[albedo] = Outdoors(year, albedo)
    return around[albedo]


def _simulated(
    chosen: Sequence[tuple[Case, Envelope, Outdoors]], method: str, progress: Progress
) -> dict[str, dict[str, float]]:
    """Return every quantity that we find for each case, in the units of the tables."""
    cases, envelopes, outdoors = zip(*chosen, strict=True)
    zones = METHODS[method](envelopes, outdoors[0].temperature)
    years = run_years(cases, zones, np.array([e.h_fan for e in envelopes]), HOURS, progress)
    return {
        case.name: {**year.quantities(), **_sunshine(case, around, outside)}
        for (case, around, outside), year in zip(chosen, years, strict=True)
    }


def _sunshine(case: Case, around: Envelope, outdoors: Outdoors) -> dict[str, float]:
    """Return the year's sun on planes and through windows, kWh/m2, and the sky's temperature, degC."""
    found = {"incident_horizontal": outdoors.plane(0.0, 0.0).total.sum() / 1e3}
    for letter, name in _NAMES.items():
        found[f"incident_{name}"] = outdoors.plane(90.0, AZIMUTH_DEG[letter]).total.sum() / 1e3
    for window in around.windows:
        shaded = "_shaded" if case.overhang or case.fins else ""
        through = (window.beam.sum() + window.diffuse.sum()) / 1e3
        found[f"transmitted_{_NAMES[window.orientation]}{shaded}"] = through
    sky = outdoors.sky_temperature
    return {**found, "sky_temp_mean": sky.mean(), "sky_temp_min": sky.min(), "sky_temp_max": sky.max()}
