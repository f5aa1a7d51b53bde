"""The archetype catalogue: envelopes by type, age and refurbishment, and how buildings of each use are used."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError, nearest
from twin.ledger import Ledger

__all__ = ["CATALOGUES", "DAYS", "PROFILES", "Archetypes", "read_catalogue"]

# name in a scenario -> file of envelopes, and who made them
CATALOGUES = {
    "tabula-de": (
        "tabula_de.csv",
        "TABULA/EPISCOPE (IWU) and IWU, BMVBS non-residential, as in the City Energy Analyst's databases for Germany: "
        "Ceruti et al., BauSIM 2024, doi 10.26868/29761662.2024.22",
    )
}
DAYS = ("weekday", "saturday", "sunday")
PROFILES = ("occupancy", "appliances", "lighting", "hot_water", "heating", "cooling")

_DAY_OF_WEEK = (0, 0, 0, 0, 0, 1, 2)
_TEXT = ("code", "typology", "description", "refurbishment")


@dataclass(frozen=True)
class Archetypes:
    """A catalogue, as arrays.

    Attributes
    ----------
    envelopes
        By column of ``tabula_de.csv``, shape ``(n_archetypes,)``; columns are named as those of the building table.
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
    """

    name: str
    reference: str
    envelopes: Mapping[str, NDArray[Any]]
    use_types: NDArray[np.str_]
    uses: Mapping[str, NDArray[np.float64]]
    weekly: Mapping[str, NDArray[np.float64]]
    monthly: NDArray[np.float64]

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


def read_catalogue(name: str, ledger: Ledger) -> Archetypes:
    """Return the catalogue of that name and state in the ledger where its values come from.

    Raises
    ------
    TwinError
        If there is none of that name.
    """
    if name not in CATALOGUES:
        raise TwinError(
            Problem(
                f"there is no archetype catalogue {name!r}",
                expected="one of " + ", ".join(CATALOGUES),
                suggestion=nearest(name, CATALOGUES),
            )
        )
    file, reference = CATALOGUES[name]
    ledger.state(
        f"Envelopes and uses of buildings are taken from the catalogue {name} where nothing is given.", reference
    )
    uses = _columns("use_types.csv")
    use_types = np.asarray(uses.pop("use_type"), dtype=np.str_)
    months = _columns("use_months.csv")
    _same_uses(use_types, months.pop("use_type"))
    return Archetypes(
        name=name,
        reference=reference,
        envelopes=_envelopes(file),
        use_types=use_types,
        uses={key: np.asarray(values, dtype=np.float64) for key, values in uses.items()},
        weekly=_weekly(use_types),
        monthly=np.array([np.asarray(v, dtype=np.float64) for v in months.values()]).T,
    )


def _columns(file: str) -> dict[str, Sequence[str]]:
    """Return the columns of one of our files by name; units stand in brackets behind the names."""
    text = (files(__name__) / file).read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    return dict(zip((name.partition(" [")[0] for name in header), zip(*rows, strict=True), strict=True))


def _envelopes(file: str) -> dict[str, NDArray[Any]]:
    columns = _columns(file)
    return {
        name: np.asarray(values, dtype=np.str_ if name in _TEXT else np.float64) for name, values in columns.items()
    }


def _weekly(use_types: NDArray[np.str_]) -> dict[str, NDArray[np.float64]]:
    columns = _columns("use_schedules.csv")
    hours = np.array([columns[f"h{h:02d}"] for h in range(24)], dtype=np.float64).T
    keys = list(zip(columns["use_type"], columns["profile"], columns["day"], strict=True))
    day = {key: hours[i] for i, key in enumerate(keys)}
    return {
        profile: np.array(
            [np.concatenate([day[str(use), profile, DAYS[d]] for d in _DAY_OF_WEEK]) for use in use_types]
        )
        for profile in PROFILES
    }


def _same_uses(use_types: NDArray[np.str_], others: Sequence[str]) -> None:
    if list(use_types) != list(others):
        raise ValueError("the files of the catalogue do not list the same uses in the same order")
