"""Classes of a map: a few steps with round limits, and colours a reader can tell apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["NETWORK_SCALES", "Classes", "Scale", "class_colours", "round_classes"]

# As many as a reader can match against a legend on shaded faces (Harrower & Brewer 2003, "ColorBrewer.org", doi
# 10.1179/000870403235002042).
_FEWEST, _MOST = 5, 7
# CIE lightness (0 to 100) below which dark edges are lost on a face
_DARKEST = 38.0
# Steps of limits people call round, and others that will do
_ROUND, _PASSABLE = (1.0, 2.0, 2.5, 5.0, 10.0), (1.5, 3.0, 4.0, 7.5, 15.0)


@dataclass(frozen=True, slots=True)
class Classes:
    """Equal steps between round limits; the outermost may stand for all that lies beyond.

    Attributes
    ----------
    limits
        Rising, shape ``(n + 1,)``.
    open_below, open_above
        Whether values lie below the first or above the last limit.
    """

    limits: NDArray[np.float64]
    open_below: bool = False
    open_above: bool = False

    def __len__(self) -> int:
        return len(self.limits) - 1

    def of(self, values: ArrayLike) -> NDArray[np.int64]:
        """Return the class of each value, -1 for what is no number; a limit belongs to the class above it."""
        array = np.asarray(values, dtype=np.float64)
        found = np.clip(np.searchsorted(self.limits, array, side="right") - 1, 0, len(self) - 1)
        return np.where(np.isnan(array), -1, found)

    @property
    def labels(self) -> list[str]:
        """Each class in words, lowest first: ``50 – 100``, ``over 250``."""
        shown = [f"{x:,.{self._decimals}f}".replace("-", "−") for x in self.limits]
        labels = [f"{low} – {high}" for low, high in pairwise(shown)]
        if self.open_below:
            labels[0] = f"under {shown[1]}"
        if self.open_above:
            labels[-1] = f"over {shown[-2]}"
        return labels

    @property
    def _decimals(self) -> int:
        """Fewest decimals that tell every limit exactly."""
        step = self.limits[1] - self.limits[0]
        return next((d for d in range(12) if np.allclose(np.round(self.limits, d), self.limits, 0, step * 1e-6)), 12)


@dataclass(frozen=True, slots=True)
class Scale:
    """Classes that do not depend on the values, and the colour of each.

    Attributes
    ----------
    meaning
        What the numbers are, as the legend says it.
    colours
        Of each class, lowest first, ``#rrggbb``.
    limits
        Where what is allowed ends, below and above; both are limits of classes.
    """

    meaning: str
    classes: Classes
    colours: tuple[str, ...]
    limits: tuple[float, float]

    @property
    def beyond(self) -> NDArray[np.int64]:
        """The classes that are beyond the limits."""
        low, high = self.limits
        return np.flatnonzero((self.classes.limits[1:] <= low) | (self.classes.limits[:-1] >= high))

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """The colours, shape ``(n, 3)``."""
        return np.array([list(bytes.fromhex(colour[1:])) for colour in self.colours], dtype=np.uint8)


# What cables, pipes and their nodes are judged by, by unit: calm colours within the limits, warm or violet beyond.
NETWORK_SCALES = {
    "pct": Scale(
        "% of what may flow for good",
        Classes(np.arange(0.0, 200.0, 25.0), open_above=True),
        ("#a9c2c9", "#7aacb6", "#438d9b", "#1a6273", "#f5a623", "#e0501e", "#a50f24"),
        (0.0, 100.0),
    ),
    # 0.90 to 1.10 is what EN 50160 allows, 0.95 to 1.05 what leaves room
    "pu": Scale(
        "times the nominal voltage",
        Classes(np.arange(85, 120, 5) / 100, open_below=True, open_above=True),
        ("#c4301c", "#efb75e", "#7aacb6", "#438d9b", "#a995cf", "#5b2a86"),
        (0.9, 1.1),
    ),
}


def round_classes(values: ArrayLike, clim: tuple[float, float] | None = None) -> Classes:
    """Return five to seven classes with round limits that cover the values.

    Parameters
    ----------
    values
        What is to be classed; what is no number does not count.
    clim
        Range to cover instead of the values' own, which runs from their 2nd to their 98th percentile so that one
        odd building does not take the colours from all others.
    """
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    if clim is None:
        clim = tuple(np.percentile(array, (2, 98))) if len(array) else (0.0, 1.0)
    low, high = float(clim[0]), float(clim[1])
    if not high > low:  # one value alone: a range around it
        half = abs(low) / 2 or 0.5
        low, high = low - half, low + half
    limits = _limits(low, high)
    return Classes(limits, bool((array < limits[0]).any()), bool((array > limits[-1]).any()))


def _limits(low: float, high: float) -> NDArray[np.float64]:
    """Return multiples of a step that cover the range: the roundest step that makes five to seven classes."""
    power = 10.0 ** math.floor(math.log10((high - low) / _MOST))
    choices = []
    for roundness, factors in enumerate((_ROUND, _PASSABLE)):
        for step in power * np.array(factors):
            # a range that ends on a limit up to rounding needs no class beyond it
            first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
            if _FEWEST <= last - first <= _MOST:
                choices.append((roundness, abs(2 * (last - first) - _FEWEST - _MOST), step, first, last))
    _, _, step, first, last = min(choices)
    return np.asarray(step * np.arange(first, last + 1, dtype=np.float64))


def class_colours(cmap: str, n: int) -> NDArray[np.uint8]:
    """Return ``n`` colours of a matplotlib map, shape ``(n, 3)``, in steps that look equally large.

    They are evenly spaced along the map's path through CIELAB (CIE 15, 1976), of which the part too dark for edges to
    show on it is left out.
    """
    import pyvista

    table = np.asarray(pyvista.LookupTable(cmap, n_values=256).values)[:, :3]
    lab = _cielab(table / 255.0)
    bright = lab[:, 0] >= _DARKEST
    table, lab = table[bright], lab[bright]
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(lab, axis=0), axis=1))])
    return table[np.searchsorted(way, np.linspace(0, way[-1], n) - 1e-9)].astype(np.uint8)


def _cielab(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return L*, a*, b* of sRGB colours in 0 to 1, shape ``(n, 3)`` (IEC 61966-2-1, white point D65)."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    relative = linear @ to_xyz.T / to_xyz.sum(axis=1)
    root = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)
