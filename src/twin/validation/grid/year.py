"""A year of profiles against its references: statistics of every bus, voltages at some steps, energies."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError
from twin.grid.files import GridCase
from twin.validation.grid.references import Reference, read_json, stated_number
from twin.validation.grid.rows import Row, compared
from twin.validation.grid.snapshot import Compare, Tolerances
from twin.validation.grid.study import Study

__all__ = ["YEAR", "with_profiles"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

_WHOLE = 10_000.0  # what stands for 1 in a file of profiles
_BAND = 0.05  # of the nominal voltage, to either side
# Table of the grid, kind in its identifiers and its file, and what profiles of active and reactive power are called
_PROFILED = (
    ("load", "load", "load", "load:{}_pload", "load:{}_qload"),
    ("static_generator", "static generator", "sgen", "renewables:{}", None),
    ("storage", "storage", "storage", "storage:{}", None),
)


def with_profiles(case: GridCase, folder: Path) -> GridCase:
    """Return a case with the power of every step: that of the element's table times its profile over 10,000.

    Elements whose profiles have no reactive power have none.

    Raises
    ------
    TwinError
        If a table or the file of profiles is not in order.
    """
    profiles = _read_profiles(folder)
    series = {}
    with Problems(folder) as problems:
        for table, kind, file, p_name, q_name in _PROFILED:
            elements = getattr(case.grid, table)
            if len(elements):
                names = _profile_names(Reference(folder / f"{file}.csv"), kind, elements.ids.tolist())
                p = elements["p_w"] * _profile(p_name, names, profiles, problems)
                q = elements["q_var"] * _profile(q_name, names, profiles, problems) if q_name else 0.0
                series[table] = p + 1j * q
    return replace(case, power_over_time=series)


def _read_profiles(folder: Path) -> dict[str, Floats]:
    """Return all profiles of the one file that holds them, each ``(step,)``."""
    files = sorted(folder.glob("profiles*.npz"))
    if len(files) != 1:
        raise TwinError(Problem(f"has {len(files)} files profiles*.npz", folder, expected="one"))
    try:
        with files[0].open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
            found = {name: np.asarray(archive[name], dtype=np.float64) / _WHOLE for name in archive.files}
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise TwinError(Problem(f"cannot be read: {error}", files[0], expected="an NPZ file")) from None
    if len({values.shape for values in found.values()}) != 1 or next(iter(found.values())).ndim != 1:
        raise TwinError(Problem("profiles differ in length, or there is none", files[0]))
    return found


def _profile_names(table: Reference, kind: str, ids: list[str]) -> list[str]:
    """Return the name of the profile of every element; one that the reader made two of (``... q``) has it twice."""
    stated = dict(zip([f"{kind} {k}" for k in table.text("id")], table.text("profile"), strict=True))
    return [stated[name.removesuffix(" q")] for name in ids]


def _profile(form: str, names: list[str], profiles: Mapping[str, Floats], problems: Problems) -> Floats:
    """Return the profile of every element, shape ``(step, n)``."""
    keys = [form.format(name) for name in names]
    for key in sorted({key for key in keys if key not in profiles}):
        problems.add(f"there is no profile {key!r}")
    none = np.zeros_like(next(iter(profiles.values())))
    return np.stack([profiles.get(key, none) for key in keys], axis=1)


def _step_rows(case: str, path: Path, study: Study, allowed: Tolerances) -> Iterator[Row]:
    """Compare voltages at some steps, one column ``bus<id>`` for every bus."""
    reference = Reference(path)
    steps = reference.integers("step", 0, study.steps - 1)
    columns = reference.columns[1:]
    nodes = study.known_nodes(reference, [name.removeprefix("bus") for name in columns])
    off = study.magnitude[steps][:, nodes] - reference.numbers(*columns)
    yield compared(case, f"bus voltage at {len(steps)} steps", off, allowed["voltage_pu"], "pu")


def _statistics_rows(case: str, path: Path, study: Study, allowed: Tolerances) -> Iterator[Row]:
    """Compare least, mean, greatest voltage of the year and the percentiles 2.5 and 97.5 (linear between steps)."""
    reference, tolerance = Reference(path), allowed["statistics_pu"]
    voltage = study.magnitude[:, study.known_nodes(reference, reference.text("bus"))]
    low, high = np.percentile(voltage, (2.5, 97.5), axis=0)
    found = {"min": voltage.min(axis=0), "p2_5": low, "mean": voltage.mean(axis=0)}
    found |= {"p97_5": high, "max": voltage.max(axis=0)}
    for column, values in found.items():
        if column in reference.columns:
            off = values - reference.numbers(column)[:, 0]
            yield compared(case, f"bus voltage of the year, {column}", off, tolerance, "pu")
    if "steps_outside_5pct" in reference.columns:
        outside = (np.abs(voltage - 1) > _BAND).sum(axis=0) - reference.numbers("steps_outside_5pct")[:, 0]
        yield compared(case, "steps outside 5 % of the nominal voltage", outside, 0.0, "1")


def _energy_rows(case: str, path: Path, study: Study, allowed: Tolerances) -> Iterator[Row]:
    """Compare energies (MWh) relative to themselves, and the extremes of the voltage."""
    about, magnitude = read_json(path), study.magnitude[:, study.own_nodes]
    losses, source = study.losses_and_source_w
    hours = (stated_number(about, "step_minutes") or 0.0) / 60
    watts = {
        "annual_losses_mwh": losses,
        "slack_import_mwh": np.maximum(source, 0.0),
        "slack_export_mwh": np.maximum(-source, 0.0),
    }
    for name, power in watts.items():
        known = stated_number(about, name)
        if known is not None:
            off = (power.sum() * hours / 1e6 - known) / max(abs(known), 1e-9)
            yield compared(case, name.removesuffix("_mwh").replace("_", " "), off, allowed["energy_rel"], "1")
    for name, value in (("vmin", magnitude.min()), ("vmax", magnitude.max())):
        known = stated_number(about, name)
        if known is not None:
            yield compared(case, f"{name} of the year", value - known, allowed["statistics_pu"], "pu")


YEAR: Mapping[str, Compare] = {
    "ref_vm_pu_steps.csv": _step_rows,
    "ref_year_bus_stats.csv": _statistics_rows,
    "ref_year.json": _energy_rows,
}
"""How each file with references for all steps of the profiles is compared."""
