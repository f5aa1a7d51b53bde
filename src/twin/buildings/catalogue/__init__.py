"""The archetype catalogue: envelopes by type, age and refurbishment, and how buildings of each use are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue.sheets import (
    DAYS,
    ELEMENTS,
    LAYER_COLUMNS,
    MONTHS,
    PROFILES,
    USE_FILES,
    read_envelopes,
    read_layers,
    read_uses,
)
from twin.buildings.kernel.layers import Layers
from twin.errors import Problem, Problems, TwinError, nearest
from twin.ledger import Ledger

__all__ = ["CATALOGUES", "DAYS", "PROFILES", "Archetypes", "read_catalogue"]


@dataclass(frozen=True)
class _Entry:
    """A catalogue: folder of its envelopes and of its uses, who made either, and what must be said of it."""

    folder: str
    uses: str
    reference: str
    uses_reference: str
    caution: str = ""


_CEA = "City Energy Analyst's databases (architecture-building-systems/CityEnergyAnalyst, MIT)"
_TEASER = "layers and areas as in TEASER (RWTH-EBC/TEASER, MIT)"

_GERMAN_USES = (
    "Dwellings: Mikrozensus 2018 and Destatis 2022 (floor area per person), TABULA and DIN V 18599-10 (20 degC, air); "
    f"all else: {_CEA} for Germany, mostly SIA 2024:2015"
)

CATALOGUES = {
    "tabula-de": _Entry(
        "tabula_de",
        "tabula_de",
        "TABULA/EPISCOPE (IWU) and IWU, BMVBS non-residential, as in the City Energy Analyst's databases for Germany: "
        "Ceruti et al., BauSIM 2024, doi 10.26868/29761662.2024.22",
        _GERMAN_USES,
    ),
    "tabula-dk": _Entry(
        "tabula_dk",
        "tabula_de",
        f"TABULA/EPISCOPE (SBi), {_TEASER}",
        _GERMAN_USES,
        "It knows Danish dwellings only: other uses take the apartment block of their age, and uses, set points and "
        "hot water are those of Germany. Tightness and frames are assumed as in tabula-de.",
    ),
    "ch": _Entry(
        "ch",
        "ch",
        f"{_CEA} for Switzerland; uses mostly SIA 2024:2015",
        f"{_CEA} for Switzerland, mostly SIA 2024:2015",
        "Its envelopes are not plausible: outer walls of 1921 to 2000 have 0.15 W/(m2 K), as of a passive house, which "
        "is an artefact of the source's templates. Heat demand of these buildings comes out far too low; give U-values "
        "of your own, or take tabula-de.",
    ),
    "sg": _Entry(
        "sg",
        "sg",
        f"{_CEA} for Singapore; uses partly ASHRAE",
        f"{_CEA} for Singapore, partly ASHRAE",
        "It has no age classes and no refurbished states, and set points of heating so low that nothing is heated. "
        "Cooling is assumed to be absent unless you say who has it.",
    ),
}
_DEFAULT_USES = "tabula_de"

_DAY_OF_WEEK = (0, 0, 0, 0, 0, 1, 2)


@dataclass(frozen=True)
class Archetypes:
    """A catalogue, as arrays.

    Attributes
    ----------
    reference, uses_reference
        Where envelopes and where uses are from.
    envelopes
        By column of ``envelopes.csv``, shape ``(n_archetypes,)``; columns are named as those of the building table.
    use_types
        Names of the uses, shape ``(n_uses,)``.
    uses
        By column of ``use_types.csv``, shape ``(n_uses,)``.
    weekly
        Hourly profile of a week from Monday 0 h by quantity, shape ``(n_uses, 168)``: occupancy, appliances and
        lighting as share of the full value, hot water as multiple of the mean draw, heating and cooling as 1 where the
        set point is kept and 0 where not.
    monthly
        Multiplier of occupancy, appliances, lighting and hot water, January first, shape ``(n_uses, 12)``.
    layers
        By column of ``layers.csv``, shape ``(n_layers,)``; empty where only U-values are known.
    """

    name: str
    reference: str
    uses_reference: str
    envelopes: Mapping[str, NDArray[Any]]
    use_types: NDArray[np.str_]
    uses: Mapping[str, NDArray[np.float64]]
    weekly: Mapping[str, NDArray[np.float64]]
    monthly: NDArray[np.float64]
    layers: Mapping[str, NDArray[Any]]

    @cached_property
    def _use_rows(self) -> dict[str, int]:
        return {str(name): i for i, name in enumerate(self.use_types)}

    @cached_property
    def _envelope_rows(self) -> dict[str, int]:
        return {str(code): i for i, code in enumerate(self.envelopes["code"])}

    def use_rows(self, use_type: NDArray[np.str_]) -> NDArray[np.int64]:
        """Return the row of each use, -1 for one that the catalogue does not have (unheated), shape ``(n,)``."""
        kinds, inverse = np.unique(use_type, return_inverse=True)
        rows = np.array([self._use_rows.get(str(kind), -1) for kind in kinds], dtype=np.int64)
        return rows[inverse] if len(kinds) else np.zeros(0, dtype=np.int64)

    def envelope_rows(self, codes: NDArray[np.str_]) -> NDArray[np.int64]:
        """Return the row of each archetype, shape ``(n,)``.

        Raises
        ------
        TwinError
            For every code that is not in the catalogue.
        """
        kinds, inverse = np.unique(codes, return_inverse=True)
        unknown = [str(kind) for kind in kinds if str(kind) not in self._envelope_rows]
        if unknown:
            raise TwinError(
                *(
                    Problem(
                        f"catalogue {self.name} has no archetype {code!r}",
                        suggestion=nearest(code, self._envelope_rows),
                    )
                    for code in unknown
                )
            )
        rows = np.array([self._envelope_rows[str(kind)] for kind in kinds], dtype=np.int64)
        return rows[inverse] if len(kinds) else np.zeros(0, dtype=np.int64)

    def archetype_layers(self, code: str) -> dict[str, Layers]:
        """Return the layers of an archetype's ``wall``, ``roof`` and ``base``, as far as they are known.

        Raises
        ------
        TwinError
            If the code is not in the catalogue.
        """
        self.envelope_rows(np.array([code]))
        mine = self.layers["code"] == code
        found = {}
        for element in ELEMENTS:
            rows = np.flatnonzero(mine & (self.layers["element"] == element))
            if len(rows):
                found[element] = Layers(**{name: self.layers[name][rows] for name in LAYER_COLUMNS})
        return found


def read_catalogue(name: str, ledger: Ledger) -> Archetypes:
    """Return a catalogue and state in the ledger where its values come from.

    Parameters
    ----------
    name
        One of `CATALOGUES`, or the path of a folder (it holds a ``/``) with a catalogue of one's own:
        ``envelopes.csv`` and, as one likes, ``layers.csv`` and the three files of uses, laid out as ours.

    Raises
    ------
    TwinError
        If there is none of that name, or with everything that is wrong with the files of one's own.
    """
    if "/" in name:
        return _own(Path(name), ledger)
    if name not in CATALOGUES:
        raise TwinError(
            Problem(
                f"there is no archetype catalogue {name!r}",
                expected="one of " + ", ".join(CATALOGUES) + ", or the path of a folder such as ./" + name,
                suggestion=nearest(name, CATALOGUES),
            )
        )
    entry = CATALOGUES[name]
    return _read(name, files(__name__) / entry.folder, files(__name__) / entry.uses, entry, ledger)


def _own(folder: Path, ledger: Ledger) -> Archetypes:
    """Return a user's catalogue; what is not in the folder is that of Germany."""
    if not folder.is_dir():
        beside = [p.name for p in folder.parent.iterdir() if p.is_dir()] if folder.parent.is_dir() else []
        raise TwinError(
            Problem(
                f"there is no folder {folder} with an archetype catalogue",
                expected="a folder with envelopes.csv, or one of " + ", ".join(CATALOGUES),
                suggestion=nearest(folder.name, beside),
            )
        )
    brings_uses = any((folder / name).is_file() for name in USE_FILES)
    caution = "" if brings_uses else "It says nothing of uses: set points, gains and hot water are those of tabula-de."
    reference = f"folder {folder.name}"
    entry = _Entry(folder.name, folder.name, reference, reference if brings_uses else _GERMAN_USES, caution)
    return _read(folder.name, folder, folder if brings_uses else files(__name__) / _DEFAULT_USES, entry, ledger)


def _read(name: str, folder: Traversable, uses_folder: Traversable, entry: _Entry, ledger: Ledger) -> Archetypes:
    with Problems() as problems:
        envelopes = read_envelopes(folder, problems)
        layers = read_layers(folder, envelopes, problems)
        uses, months, days = read_uses(uses_folder, problems)
    ledger.state(
        f"Envelopes and uses of buildings are taken from the catalogue {name} where nothing is given.", entry.reference
    )
    if entry.caution:
        ledger.state(f"Catalogue {name}: {entry.caution}", entry.reference)
    use_types = uses.pop("use_type")
    row_of = {str(use): i for i, use in enumerate(months["use_type"])}
    order = np.array([row_of[str(use)] for use in use_types])
    return Archetypes(
        name=name,
        reference=entry.reference,
        uses_reference=entry.uses_reference,
        envelopes=envelopes,
        use_types=use_types,
        uses=uses,
        weekly=_weekly(use_types, days),
        monthly=np.array([months[month][order] for month in MONTHS]).T,
        layers=layers,
    )


def _weekly(
    use_types: NDArray[np.str_], days: Mapping[tuple[str, str, str], NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    return {
        profile: np.array(
            [np.concatenate([days[str(use), profile, DAYS[d]] for d in _DAY_OF_WEEK]) for use in use_types]
        )
        for profile in PROFILES
    }
