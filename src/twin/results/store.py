"""The results folder: written option by option, complete once ``run.json`` is there."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from twin.city.cityjson.write import write_cityjson
from twin.city.model import City
from twin.engine.groups import GROUP, QUARTER
from twin.errors import Problem, TwinError
from twin.ledger import LedgerRow
from twin.results.model import DrawnLayer, OptionResult, Results
from twin.results.series import StoredSeries
from twin.results.values import IndicatorValue, IndicatorValues
from twin.table import Table

__all__ = ["Folder", "read_option", "read_results", "times_of"]

_INDICATOR_COLUMNS = [f.name for f in fields(IndicatorValue)]


class Folder:
    """A results folder being written.

    Parameters
    ----------
    path
        The folder; need not exist.
    run_id
        The run it is to hold.
    """

    def __init__(self, path: str | Path, run_id: str) -> None:
        self.path, self.run_id = Path(path), run_id

    @property
    def complete(self) -> bool:
        """Whether the folder holds this very run, whole."""
        return _run_info(self.path).get("run_id") == self.run_id

    def finished_options(self) -> set[str]:
        """Return the slugs of options of this run that are already there."""
        found = (self.path / "options").glob("*/option.json")
        return {f.parent.name for f in found if json.loads(f.read_text()).get("run_id") == self.run_id}

    @contextmanager
    def locked(self, overwrite: bool) -> Iterator[None]:
        """Create the folder and keep other runs out of it.

        Raises
        ------
        TwinError
            If another run is writing to it, if it holds another run and ``overwrite`` is False, or if it is a folder
            of something else.
        """
        self._check_owner(overwrite)
        self.path.mkdir(parents=True, exist_ok=True)
        lock = self.path / ".lock"
        try:
            with lock.open("x") as handle:
                handle.write(str(os.getpid()))
        except FileExistsError:
            if _is_alive(lock):
                raise TwinError(Problem("another run is writing to this folder", file=self.path)) from None
            lock.write_text(str(os.getpid()))
        try:
            if not self._goes_on:
                self._clear()
            yield
        finally:
            lock.unlink(missing_ok=True)

    def _check_owner(self, overwrite: bool) -> None:
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise TwinError(Problem("is a file", file=self.path, expected="a folder for results"))
        here = self._contents()
        ours = {"options", "run.json", "scenario.resolved.toml", "indicators.csv", "pictures"}
        if not set(here) <= ours:
            stranger = sorted(set(here) - ours)[0]
            raise TwinError(
                Problem(f"holds {stranger}, which is no result", file=self.path, expected="an empty folder")
            )
        if not self._goes_on and not overwrite:
            raise TwinError(
                Problem("holds the results of another run", file=self.path, expected="--overwrite, or another folder")
            )

    def _contents(self) -> list[str]:
        return [p.name for p in self.path.iterdir() if p.name != ".lock"]

    @property
    def _goes_on(self) -> bool:
        """Whether what the folder holds may stay: no complete run, or this one."""
        return _run_info(self.path).get("run_id") in (None, self.run_id)

    def _clear(self) -> None:
        """Remove another run's results; only under the lock, lest they be somebody's who is writing them."""
        for name in self._contents():
            target = self.path / name
            shutil.rmtree(target) if target.is_dir() else target.unlink()

    def write_scenario(self, resolved: Mapping[str, Any]) -> None:
        """Write the scenario with all defaults filled in."""
        import tomli_w

        (self.path / "scenario.resolved.toml").write_text(tomli_w.dumps(dict(resolved)))

    @contextmanager
    def option(self, slug: str) -> Iterator[Path]:
        """Give a place to write one option to; it gets its name when the block ends well, and vanishes otherwise."""
        final = self.path / "options" / slug
        part = final.with_name(f"{slug}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            yield part
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        shutil.rmtree(final, ignore_errors=True)
        part.rename(final)

    def write_option(self, part: Path, result: OptionResult, city: City) -> None:
        """Write all of an option but its series, which were written as the run went on."""
        write_indicators(part / "indicators.csv", result.values)
        _write_ledger(part, result.ledger, city.tables)
        units = {block.indicator: block.unit for block in result.values.at("building")}
        attributes = {name: {"values": _column(result, name, city), "unit": unit} for name, unit in units.items()}
        write_cityjson(city, part / "city.city.json", attributes)
        (part / "layers.json").write_text(json.dumps({"layers": [_layer_to_json(x) for x in result.layers]}))
        info = {
            "run_id": self.run_id,
            "name": result.name,
            "description": result.description,
            "assumed_share": result.assumed_share,
            "selections": result.selections,
            "seconds": result.seconds,
            "moments": result.moments,
        }
        (part / "option.json").write_text(json.dumps(info, indent=1))

    def finish(self, results: Results, info: Mapping[str, Any]) -> None:
        """Write what options are worth, the common table, then ``run.json``: its presence says the run is complete."""
        for option in results.options:
            if option.against is not None:
                _rewrite_indicators(self.path / "options" / option.slug / "indicators.csv", option.values)
        common = (b for option in results.options for b in option.values.blocks if b.level.startswith((QUARTER, GROUP)))
        write_indicators(self.path / "indicators.csv", IndicatorValues(common))
        whole = {
            "run_id": self.run_id,
            "title": results.title,
            "picture": results.picture,
            "options": [option.slug for option in results.options],
            "against": {option.slug: option.against for option in results.options if option.against is not None},
            "indicators": results.indicators,
            **info,
        }
        temporary = self.path / "run.json.part"
        temporary.write_text(json.dumps(whole, indent=1))
        temporary.replace(self.path / "run.json")


def read_results(path: str | Path) -> Results:
    """Read a results folder.

    Raises
    ------
    TwinError
        If it is no results folder or its run was not completed.
    """
    folder = Path(path)
    info = _run_info(folder)
    if not info:
        raise TwinError(Problem("is no complete results folder", file=folder, expected="a folder with a run.json"))
    options = [read_option(folder / "options" / slug) for slug in info["options"]]
    for option in options:
        option.against = info.get("against", {}).get(option.slug)
    return Results(info["title"], info["run_id"], options, info["indicators"], info["picture"], folder)


def read_option(path: Path) -> OptionResult:
    """Read one option of a results folder."""
    info = json.loads((path / "option.json").read_text())
    with (path / "indicators.csv").open(newline="") as handle:
        reader = csv.reader(handle)
        next(reader)
        rows = (IndicatorValue(o, i, level, e, float(value), unit) for o, i, level, e, value, unit in reader)
        values = IndicatorValues.of(rows)
    with (path / "ledger.csv").open(newline="") as handle:
        ledger = [_ledger_row(row) for row in csv.DictReader(handle)]
    layers = [_layer_from_json(x) for x in json.loads((path / "layers.json").read_text())["layers"]]
    return OptionResult(
        info["name"],
        path.name,
        info["description"],
        values,
        ledger,
        info["assumed_share"],
        info["selections"],
        info["seconds"],
        info["moments"],
        series=StoredSeries(path / "series.nc"),
        layers=layers,
    )


def times_of(path: str | Path) -> dict[str, dict[str, float]]:
    """Return the seconds each simulator took, by option, of the options that a results folder holds; none if none."""
    found = sorted(Path(path).glob("options/*/option.json"))
    options = [json.loads(file.read_text()) for file in found]
    return {option["name"]: option["seconds"] for option in options}


def write_indicators(path: Path, values: Iterable[IndicatorValue]) -> None:
    """Write ``indicators.csv`` in long form."""
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(_INDICATOR_COLUMNS)
        writer.writerows((v.option, v.indicator, v.level, v.entity, repr(float(v.value)), v.unit) for v in values)


def _rewrite_indicators(path: Path, values: Iterable[IndicatorValue]) -> None:
    """Write a finished option's indicators again, so that a reader finds either the old or the new ones, whole."""
    temporary = path.with_suffix(".csv.part")
    write_indicators(temporary, values)
    temporary.replace(path)


def _column(result: OptionResult, indicator: str, city: City) -> list[float | None]:
    values = result.by_entity(indicator)
    return [values.get(str(i)) for i in city.buildings.ids]


def _write_ledger(part: Path, rows: list[LedgerRow], tables: Mapping[str, Table]) -> None:
    with (part / "ledger.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, [f.name for f in fields(LedgerRow)], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**asdict(row), "share_of_floor_area": f"{row.share_of_floor_area:.6g}"} for row in rows)
    codes = {f"{t.name}.{c.name}": t.source(c.name) for t in tables.values() for c in t.columns}
    np.savez_compressed(part / "ledger.npz", allow_pickle=False, **codes)


def _ledger_row(row: Mapping[str, str]) -> LedgerRow:
    numbers: dict[str, Any] = {"count": int(row["count"]), "share_of_floor_area": float(row["share_of_floor_area"])}
    return LedgerRow(**{**row, **numbers})


def _layer_to_json(layer: DrawnLayer) -> dict[str, Any]:
    origin = np.floor(layer.coordinates.min(axis=0)) if len(layer.coordinates) else np.zeros(3)
    return {
        "name": layer.name,
        "kind": layer.kind,
        "entity": layer.entity,
        "origin": origin.tolist(),
        "coordinates": np.round(layer.coordinates - origin, 3).ravel().tolist(),
        "offsets": layer.offsets.tolist(),
        "ids": [str(i) for i in layer.ids],
    }


def _layer_from_json(data: Mapping[str, Any]) -> DrawnLayer:
    coordinates = np.array(data["coordinates"], dtype=float).reshape(-1, 3) + np.array(data["origin"])
    offsets = np.array(data["offsets"], dtype=np.int64)
    return DrawnLayer(data["name"], data["kind"], data["entity"], coordinates, offsets, data["ids"])


def _run_info(path: Path) -> dict[str, Any]:
    try:
        info: dict[str, Any] = json.loads((path / "run.json").read_text())
    except (OSError, ValueError):
        return {}
    return info


def _is_alive(lock: Path) -> bool:
    """Whether the process that holds a lock still runs; a lock left by a dead one is taken over."""
    try:
        os.kill(int(lock.read_text()), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except OSError:
        return True
    return True
