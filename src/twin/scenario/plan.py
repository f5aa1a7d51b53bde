"""A scenario that is in order: what the rest of the house works from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.engine.loop import Iteration
from twin.engine.signals import Signal
from twin.engine.time import CivilTime
from twin.registry import Measure
from twin.results.model import named
from twin.where import Where

__all__ = ["MeasureCall", "OptionPlan", "OwnSimulator", "Scenario", "Span", "slug"]


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
        parts = [self.spec.kind] if self.spec.selects else [f"{self.spec.kind} {self.params.id}"]
        parts += [f"where {self.where.text}"] if self.where else []
        parts += [f"share {self.share:g}"] if self.share < 1 else []
        return ", ".join(parts)


@dataclass(frozen=True)
class OptionPlan:
    """One option: its measures come after those of its base."""

    name: str
    slug: str
    base: str | None
    against: str | None
    description: str
    measures: tuple[MeasureCall, ...]


@dataclass(frozen=True)
class Span:
    """A stretch of time that is simulated, seconds since 1970-01-01 UTC, and how many times it counts."""

    start: int
    end: int
    weight: float = 1.0


@dataclass(frozen=True)
class OwnSimulator:
    """A simulator of the user's own: its file, what it is built with, and the options it takes part in."""

    file: Path
    params: Mapping[str, Any]
    options: tuple[str, ...] | None
    line: str | None


@dataclass(frozen=True)
class Scenario:
    """A scenario file that is in order.

    Attributes
    ----------
    files
        The files it reads, by key of ``[model]``; absolute.
    catalogues
        The catalogues it names, by key of ``[model]``.
    settings
        What it sets for the wings, by name of the table (`twin.registry.Section`).
    spans
        What is simulated: the whole period, or the typical weeks that stand for it.
    civil
        The clock and the public holidays of the place.
    factors, signals
        Prices and emission factors in SI (EUR/J, kg/J), as ``prices.electricity``: those that never change, and all of
        them over time.
    iteration
        How feedback loops are repeated until they settle, None if they are not.
    own
        Simulators of the user's own.
    series
        By entity set or group, quantities whose full series is stored.
    groups
        Columns of buildings by whose values indicators are also given.
    resolved
        Everything the file says and every default it left to us.
    """

    file: Path
    title: str
    seed: int
    files: Mapping[str, Path]
    catalogues: Mapping[str, str]
    settings: Mapping[str, Any]
    civil: CivilTime
    lod: str | None
    crs: str | None
    spans: tuple[Span, ...]
    step_s: int
    warm_up_s: int
    steps: Mapping[str, int]
    factors: Mapping[str, float]
    signals: Mapping[str, Signal]
    iteration: Iteration | None
    own: tuple[OwnSimulator, ...]
    series: Mapping[str, Sequence[str]]
    groups: tuple[str, ...]
    picture: str | None
    options: tuple[OptionPlan, ...]
    resolved: Mapping[str, Any]

    @property
    def typical(self) -> bool:
        """Whether typical weeks stand for the period."""
        return len(self.spans) > 1 or self.spans[0].weight != 1.0

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
