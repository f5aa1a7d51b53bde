"""The numbers of an option as columns: one array per indicator and level, rows made when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["IndicatorBlock", "IndicatorValue", "IndicatorValues"]


@dataclass(frozen=True, slots=True)
class IndicatorValue:
    """One number of one option: a line of ``indicators.csv``."""

    option: str
    indicator: str
    level: str
    entity: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class IndicatorBlock:
    """One indicator at one level.

    Attributes
    ----------
    entities
        Identifiers, or names of groups, shape ``(n,)``; the quarter has one, which is empty.
    values
        In the unit, shape ``(n,)``; what is not finite means nothing and is no row.
    """

    option: str
    indicator: str
    level: str
    unit: str
    entities: Sequence[str] | NDArray[np.str_]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return int(np.isfinite(self.values).sum())

    def __iter__(self) -> Iterator[IndicatorValue]:
        for row in np.flatnonzero(np.isfinite(self.values)).tolist():
            name, value = str(self.entities[row]), float(self.values[row])
            yield IndicatorValue(self.option, self.indicator, self.level, name, value, self.unit)

    def by_entity(self) -> dict[str, float]:
        """Return the values by entity."""
        return {v.entity: v.value for v in self}


class IndicatorValues(Sequence[IndicatorValue]):
    """All numbers of an option, in the order of the file: a sequence of rows that takes 8 bytes each."""

    def __init__(self, blocks: Iterable[IndicatorBlock] = ()) -> None:
        self.blocks = list(blocks)

    @classmethod
    def of(cls, rows: Iterable[IndicatorValue]) -> IndicatorValues:
        """Return the values of rows; neighbours of the same indicator and level share a block."""
        made, names, numbers = cls(), list[str](), list[float]()
        before: IndicatorValue | None = None
        for row in rows:
            if before is not None and _heading(row) != _heading(before):
                made._close(before, names, numbers)
                names, numbers = [], []
            names.append(row.entity)
            numbers.append(row.value)
            before = row
        if before is not None:
            made._close(before, names, numbers)
        return made

    def _close(self, row: IndicatorValue, names: list[str], numbers: list[float]) -> None:
        known = next((b.entities for b in reversed(self.blocks) if list(b.entities) == names), names)
        values = np.array(numbers, dtype=np.float64)
        self.blocks.append(IndicatorBlock(row.option, row.indicator, row.level, row.unit, known, values))

    def __len__(self) -> int:
        return sum(len(block) for block in self.blocks)

    def __iter__(self) -> Iterator[IndicatorValue]:
        for block in self.blocks:
            yield from block

    @overload
    def __getitem__(self, index: int) -> IndicatorValue: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[IndicatorValue]: ...
    def __getitem__(self, index: int | slice) -> IndicatorValue | Sequence[IndicatorValue]:
        return list(self)[index]

    def __iadd__(self, rows: Iterable[IndicatorValue]) -> IndicatorValues:
        self.blocks += IndicatorValues.of(rows).blocks
        return self

    def append(self, row: IndicatorValue) -> None:
        """Add one row."""
        self += [row]

    def at(self, level: str, indicator: str | None = None) -> Iterator[IndicatorBlock]:
        """Yield the blocks of a level, of one indicator or of all."""
        yield from (b for b in self.blocks if b.level == level and indicator in (None, b.indicator))


def _heading(row: IndicatorValue) -> tuple[str, str, str, str]:
    return row.option, row.indicator, row.level, row.unit
