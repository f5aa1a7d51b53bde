"""Facts about models of cars: what their batteries hold and what power they take.

``python -m twin.devices.ev.vehicle_models FILE [-o OUT]`` transcribes ``ev_specs_nl.json`` (see the catalogue's
SOURCE.md) into the catalogue.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError, nearest
from twin.random import entity_keys, uniform

__all__ = ["MIX", "VehicleModel", "choose_models", "read_catalogue", "transcribe"]

MIX = "mix"
OUT = Path(__file__).parent / "catalogue" / "vehicle_models.csv"
_ONE_PHASE_KW = 7.4  # 32 A at 230 V: more takes more than one phase
_PLACING_SEED = 0


@dataclass(frozen=True)
class VehicleModel:
    """A model of car: registrations behind it, usable battery, and its power on alternating and direct current."""

    name: str
    registrations: int
    battery_kwh: float
    ac_kw: float
    ac_phases: int
    dc_kw: float


@cache
def read_catalogue() -> Mapping[str, VehicleModel]:
    """Return the models that are shipped, by name, the most frequent first."""
    text = (files("twin.devices.ev") / "catalogue" / "vehicle_models.csv").read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines()[1:])
    models = [VehicleModel(n, int(r), float(b), float(ac), int(p), float(dc)) for n, r, b, ac, p, dc in rows]
    return {model.name: model for model in models}


def choose_models(choice: str, ids: Sequence[str]) -> tuple[VehicleModel, ...]:
    """Return the model of each car: the one named, or of a ``mix`` one drawn by registrations for each identifier.

    Raises
    ------
    TwinError
        If there is no such model.
    """
    known = read_catalogue()
    if choice != MIX and choice not in known:
        expected = f"{MIX}, or one of " + ", ".join(known)
        suggestion = nearest(choice, [MIX, *known])
        raise TwinError(Problem(f"no vehicle model is called {choice!r}", expected=expected, suggestion=suggestion))
    if choice != MIX:
        return (known[choice],) * len(ids)
    models = tuple(known.values())
    share = np.cumsum([model.registrations for model in models])
    drawn = uniform(_PLACING_SEED, "vehicle model", entity_keys(ids))
    which: NDArray[np.int64] = np.searchsorted(share / share[-1], drawn, side="right")
    return tuple(models[k] for k in which.tolist())


def transcribe(specifications: Mapping[str, Mapping[str, Any]]) -> list[VehicleModel]:
    """Return the models of a file of specifications, the most frequent first; phases follow from the power."""
    models = [
        VehicleModel(
            name,
            facts["number_of_registrations"],
            facts["battery_capacity"],
            facts["max_ac_charge_power"],
            3 if facts["max_ac_charge_power"] > _ONE_PHASE_KW else 1,
            facts["max_dc_charge_power"],
        )
        for name, facts in specifications.items()
    ]
    return sorted(models, key=lambda model: -model.registrations)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Transcribe facts about models of cars.")
    parser.add_argument("file", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    models = transcribe(json.loads(arguments.file.read_text(encoding="utf-8")))
    with arguments.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(VehicleModel))
        writer.writerows(astuple(model) for model in models)


if __name__ == "__main__":
    main()
