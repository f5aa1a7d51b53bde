"""A scenario that is in order: what the rest of the house works from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.registry import Measure
from twin.results.model import named
from twin.where import Where

__all__ = ["MeasureCall", "OptionPlan", "Scenario", "slug"]


@dataclass(frozen=True)
class MeasureCall:
    """One measure of one option, checked."""

    spec: Measure
    params: Any
    where: Where | None
    share: float
    share_of: str | None
    line: str | None

    @property
    def text(self) -> str:
        """The measure in a few words, for the ledger."""
        parts = [self.spec.kind]
        parts += [f"where {self.where.text}"] if self.where else []
        parts += [f"share {self.share:g}"] if self.share < 1 else []
        return ", ".join(parts)


@dataclass(frozen=True)
class OptionPlan:
    """One option: its measures come after those of its base."""

    name: str
    slug: str
    base: str | None
    description: str
    measures: tuple[MeasureCall, ...]


@dataclass(frozen=True)
class Scenario:
    """A scenario file that is in order.

    Attributes
    ----------
    files
        The files it reads, by key of ``[model]``; absolute.
    catalogues
        The catalogues it names, by key of ``[model]``.
    factors
        Prices and emission factors in SI (EUR/J, kg/J), as ``prices.electricity``.
    resolved
        Everything the file says and every default it left to us.
    """

    file: Path
    title: str
    seed: int
    files: Mapping[str, Path]
    catalogues: Mapping[str, str]
    timezone: str
    lod: str | None
    crs: str | None
    start: int
    end: int
    step_s: int
    warm_up_s: int
    steps: Mapping[str, int]
    factors: Mapping[str, float]
    series: Mapping[str, Sequence[str]]
    picture: str | None
    options: tuple[OptionPlan, ...]
    resolved: Mapping[str, Any]

    def option(self, name: str) -> OptionPlan:
        """Return the option of that name.

        Raises
        ------
        TwinError
            If there is none.
        """
        return named(self.options, name, self.file)


def slug(name: str) -> str:
    """Return a name as part of a path: lower case, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "option"
