"""What a run leaves behind, in memory: indicators, series, ledger and layers of every option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from twin.engine.time import TimeAxis
from twin.errors import Problem, TwinError, nearest
from twin.ledger import LedgerRow
from twin.results.values import IndicatorValue, IndicatorValues

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DrawnLayer", "IndicatorValue", "OptionResult", "Results", "named"]


@dataclass(frozen=True)
class DrawnLayer:
    """Something to draw: points in ragged order, entity ``i`` owns rows ``offsets[i]:offsets[i + 1]``.

    Attributes
    ----------
    kind
        ``triangles``: every three points are one; ``lines``: every two; ``points``: each.
    coordinates
        In m, shape ``(n, 3)``.
    """

    name: str
    kind: str
    entity: str
    coordinates: NDArray[np.float64]
    offsets: NDArray[np.int64]
    ids: Sequence[str]


@dataclass
class OptionResult:
    """All about one option after its run.

    Attributes
    ----------
    moments
        For indicators that show one moment, when that was: ISO time in UTC.
    against
        Name of the option that it is judged against, None if there is none.
    axes
        The steps counted: one stretch of time, or typical weeks.
    series
        By quantity what all entities have together at every step counted, or their mean if it does not add up; from
        the results folder, where there is one, in single precision.
    """

    name: str
    slug: str
    description: str = ""
    values: IndicatorValues = field(default_factory=IndicatorValues)
    ledger: list[LedgerRow] = field(default_factory=list)
    assumed_share: float = 0.0
    selections: list[Mapping[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    moments: dict[str, str] = field(default_factory=dict)
    axes: Sequence[TimeAxis] = ()
    series: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    layers: list[DrawnLayer] = field(default_factory=list)
    against: str | None = None

    def value(self, indicator: str, level: str = "quarter", entity: str = "") -> float:
        """Return one number.

        Raises
        ------
        TwinError
            If there is no such indicator, level or entity.
        """
        found = self.by_entity(indicator, level)
        if entity in found:
            return found[entity]
        guess = nearest(indicator, {block.indicator for block in self.values.blocks})
        raise TwinError(
            Problem(f"option {self.name!r} has no {indicator} of {level} {entity}".strip(), suggestion=guess)
        )

    def total(self, indicator: str) -> float | None:
        """Return an indicator for the quarter as a whole, None where it means nothing (a share of no sun)."""
        return self.by_entity(indicator, "quarter").get("")

    def by_entity(self, indicator: str, level: str = "building") -> dict[str, float]:
        """Return an indicator's values by entity id, or by group for a level such as ``group:use_type``."""
        return {v.entity: v.value for block in self.values.at(level, indicator) for v in block}


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def slug(self) -> str: ...


_Option = TypeVar("_Option", bound=_Named)


def named(options: Sequence[_Option], name: str, file: Path | None = None) -> _Option:
    """Return the option of that name or slug.

    Raises
    ------
    TwinError
        If there is none; ``file`` is where it was looked for.
    """
    for option in options:
        if name in (option.name, option.slug):
            return option
    raise TwinError(Problem(f"there is no option {name!r}", file, suggestion=nearest(name, [o.name for o in options])))


@dataclass
class Results:
    """The options of a scenario after their runs."""

    title: str
    run_id: str
    options: list[OptionResult]
    indicators: list[Mapping[str, Any]]
    picture: str | None = None
    folder: Path | None = None
    complete_before: bool = False

    def option(self, name: str) -> OptionResult:
        """Return the option of that name or slug.

        Raises
        ------
        TwinError
            If there is none.
        """
        return named(self.options, name)

    def to_pandas(self) -> pd.DataFrame:
        """Return every indicator of every option in long form."""
        import pandas as pd

        return pd.DataFrame([v for option in self.options for v in option.values])
