"""A picture of an electric grid: loadings of its lines and voltages of its buses over the quarter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.results.model import OptionResult
from twin.view import drawing
from twin.view.classes import NETWORK_SCALES, Classes, Scale
from twin.view.layers import LANDMARKS, Shapes, joined, problems_of
from twin.view.scene import CONTEXT_COLOUR, LEGEND_PX, TITLE_PX, VIEW_DEG, Stage, draw_bodies, stage_of
from twin.view.screen import new_plotter

if TYPE_CHECKING:
    import pyvista

__all__ = ["grid_scene"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LOADING, VOLTAGE, RATING = "line_loading_worst_step", "voltage_min", "line_rating"

_LOADINGS = NETWORK_SCALES["pct"]
# Other hues than the lines' have, the darker the lower; 0.9 is where what is allowed ends
_VOLTAGES = Scale(
    "times the nominal voltage",
    Classes(np.arange(88, 102, 2) / 100, open_below=True, open_above=True),
    ("#1c0b33", "#54278f", "#756bb1", "#9e9ac8", "#cbc9e2", "#f2f0f7"),
    (0.9, 1.1),
)
_BODIES, _LINES, _POINTS = "building", "line", "bus"
_WIDTHS = (0.5, 1.6)  # of lines that may carry the least and the most, times the usual width
_STEPS = 4  # of widths in between
_DISC = 0.85  # discs of buses, times the usual size
_LOADINGS_SHARE = 0.56  # of the legend's height
_LETTER_WIDTH = 0.62  # of a letter in a tag, over its height
_CORNERS = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1], [0, 0]])
_INK = (34, 38, 43)


def grid_scene(
    option: OptionResult, title: str, size: tuple[int, int] = (1600, 1000), off_screen: bool = True
) -> pyvista.Plotter:
    """Return a scene of one option's grid.

    Lines are the wider the more they may carry, and coloured by their loading at the worst moment of all; buses are
    coloured by the lowest voltage they ever have. The most loaded line and the lowest bus have their names.

    Parameters
    ----------
    title
        First line at the top left.
    size
        Width and height of the picture, px.
    off_screen
        Draw into memory for `twin.view.scene.save_picture`; False to open a window with ``plotter.show()``.

    Raises
    ------
    TwinError
        If the option has no grid, a layer is inconsistent, or this machine cannot draw.
    """
    shapes = _shapes(option)
    loading, voltage, rating = (
        _numbers(option, shapes, *what) for what in ((LOADING, _LINES), (VOLTAGE, _POINTS), (RATING, _LINES))
    )
    px = math.sqrt(size[0] * size[1] / (1600 * 1000))
    strip, column = TITLE_PX * px, LEGEND_PX * px
    height = size[1] - strip
    plotter: pyvista.Plotter = new_plotter(
        off_screen,
        window_size=list(size),
        shape=(3, 2),
        groups=[(0, slice(None)), (slice(1, None), 0)],
        row_weights=[strip, height * _LOADINGS_SHARE, height * (1 - _LOADINGS_SHARE)],
        col_weights=[size[0] - column, column],
        border=False,
        lighting="none",
    )
    plotter.subplot(0, 0)
    drawing.draw_title(plotter, f"{title}\n{_subtitle(option)}", strip, px)
    plotter.subplot(1, 0)
    _draw(plotter, shapes, (size[0] - column, height), (loading, voltage, rating), px)
    plotter.subplot(1, 1)
    landmarks = [(name, np.array(_INK)) for entity, name in LANDMARKS.items() if (shapes.entity == entity).any()]
    _legend(plotter, _line_heading(rating), _LOADINGS, landmarks, (column, height * _LOADINGS_SHARE), px)
    plotter.subplot(2, 1)
    heading = f"Buses: lowest voltage\n{_VOLTAGES.meaning}"
    _legend(plotter, heading, _VOLTAGES, [], (column, height * (1 - _LOADINGS_SHARE)), px)
    plotter.enable_anti_aliasing("ssaa")
    return plotter


def _shapes(option: OptionResult) -> Shapes:
    """Return what is drawn: buildings, lines, buses and landmarks."""
    wanted = {_BODIES, _LINES, _POINTS, *LANDMARKS}
    layers = [layer for layer in option.layers if layer.entity in wanted]
    with Problems() as problems:
        for layer in layers:
            problems.found.extend(problems_of(layer))
        if not any(len(layer.ids) for layer in layers if layer.entity == _LINES):
            expected = '[model] grid = "synthesize", or a file whose buses have coordinates'
            problems.add(f"option {option.name!r} has no grid to draw", expected=expected)
        for indicator, level in ((LOADING, _LINES), (VOLTAGE, _POINTS)):
            if not option.by_entity(indicator, level):
                problems.add(f"option {option.name!r} has no {indicator} per {level}", expected="a run of this version")
    return joined(layers)


def _numbers(option: OptionResult, shapes: Shapes, indicator: str, level: str) -> Floats:
    """Return an indicator of every entity, NaN where it has none."""
    values = option.by_entity(indicator, level)
    pairs = zip(shapes.entity, shapes.ids, strict=True)
    return np.array([values.get(name, math.nan) if entity == level else math.nan for entity, name in pairs])


def _subtitle(option: OptionResult) -> str:
    moment = option.moments.get(LOADING)
    if moment is None:
        return option.name
    time = datetime.fromisoformat(moment)
    return f"{option.name} · lines at their worst moment, {time.day} {time:%b %Y, %H:%M} UTC"


def _line_heading(rating: Floats) -> str:
    known = rating[np.isfinite(rating)]
    width = f"\nwidth: {known.min():.0f}–{known.max():.0f} A" if len(known) else ""
    return f"Lines: loading\n{_LOADINGS.meaning}{width}"


def _legend(
    plotter: pyvista.Plotter,
    heading: str,
    scale: Scale,
    landmarks: list[tuple[str, NDArray[np.uint8]]],
    size: tuple[float, float],
    px: float,
) -> None:
    entries = list(zip(scale.classes.labels, scale.rgb, strict=True))[::-1]
    drawing.draw_legend(plotter, heading, entries, landmarks, size, px)


def _draw(
    plotter: pyvista.Plotter,
    shapes: Shapes,
    size: tuple[float, float],
    values: tuple[Floats, Floats, Floats],
    px: float,
) -> None:
    """Draw into a pane of ``size`` px; ``values`` are loading, voltage and rating."""
    loading, voltage, rating = values
    stage = stage_of([shapes], size[0] / size[1], 0.0)
    pale = np.tile(np.array(CONTEXT_COLOUR, dtype=np.uint8), (len(shapes.ids), 1))
    draw_bodies(plotter, stage, shapes, pale, True, px)
    choice, widths = _LOADINGS.classes.of(loading), _widths(rating)
    beyond = np.isin(choice, _LOADINGS.beyond)
    _draw_lines(plotter, shapes, np.where(beyond, -1, choice), widths, px)
    points, spot = shapes.points
    marks = np.isin(shapes.entity[spot], list(LANDMARKS))
    of_bus = _VOLTAGES.classes.of(voltage)[spot]
    buses = ~marks & (of_bus >= 0)
    drawing.draw_points(plotter, points[buses], of_bus[buses], _VOLTAGES.rgb, _DISC * px)
    ink = np.tile(np.array(_INK, dtype=np.uint8), (int(marks.sum()), 1))
    drawing.draw_landmarks(plotter, points[marks], ink, 0.8 * px)
    _draw_lines(plotter, shapes, np.where(beyond, choice, -1), widths, px)  # last, so that no landmark hides them
    metre = 2 * stage.camera.distance * math.tan(math.radians(VIEW_DEG / 2)) / size[1]
    _draw_tags(plotter, shapes, stage, {"loading": loading, "voltage": voltage}, metre, px)
    drawing.draw_marks(plotter, stage.marks, px)
    drawing.look(plotter, stage.camera, VIEW_DEG)


def _widths(rating: Floats) -> Floats:
    """Return the width of every line, times the usual one: a few steps between the least and the most it may carry."""
    known = rating[np.isfinite(rating)]
    if not len(known) or known.max() == known.min():
        return np.ones(len(rating))
    share = np.nan_to_num((rating - known.min()) / (known.max() - known.min()), nan=0.5)
    return np.asarray(_WIDTHS[0] + np.round(share * _STEPS) / _STEPS * (_WIDTHS[1] - _WIDTHS[0]))


def _draw_lines(plotter: pyvista.Plotter, shapes: Shapes, choice: Ints, widths: Floats, px: float) -> None:
    """Draw the lines for which a colour is chosen."""
    segments, line = shapes.segments
    for width in np.unique(widths):
        drawn = ((widths == width) & (choice >= 0))[line]
        drawing.draw_lines(plotter, segments[drawn], choice[line][drawn], _LOADINGS.rgb, width * px)


def _draw_tags(
    plotter: pyvista.Plotter, shapes: Shapes, stage: Stage, values: Mapping[str, Floats], metre: float, px: float
) -> None:
    """Write names and values beside the most loaded line and the bus with the lowest voltage; a px is ``metre`` m."""
    loading, voltage = values["loading"], values["voltage"]
    line, bus = int(np.nanargmax(loading)), int(np.nanargmin(voltage))
    texts = {line: f"{shapes.ids[line]}: {loading[line]:.0f} %", bus: f"{shapes.ids[bus]}: {voltage[bus]:.3f}"}
    view = np.stack(stage.camera.axes[:2])
    crowd = shapes.rows @ view.T
    for entity, text in texts.items():
        point = shapes.rows[shapes.owner == entity].mean(axis=0)
        half = np.array([_LETTER_WIDTH * len(text), 1.0]) * drawing.TAG_LETTER * px * metre / 2
        middle = _free(crowd, point @ view.T, half)
        crowd = np.concatenate([crowd, point @ view.T + middle + half * _CORNERS])
        ends = point + (middle + half * [[-1, -1], [1, -1]]) @ view
        drawing.draw_tag(plotter, point, ends, text, px)


def _free(crowd: Floats, point: Floats, half: Floats) -> Floats:
    """Return how far from a point the middle of a tag is to be to cover least of what is drawn; near, if it can be.

    Parameters
    ----------
    crowd
        What is drawn, m in the plane of the picture, shape ``(n, 2)``.
    half
        Half of the tag's width and height, m.
    """
    angle = np.radians(np.arange(0, 360, 15))
    ways = half[1] * np.array([4.0, 6.0, 9.0, 13.0])[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    middles = ways.reshape(-1, 2) + half * [1, 0] * np.sign(np.round(ways.reshape(-1, 2), 9))
    hidden = (np.abs(crowd[:, None] - (point + middles)) < half + half[1]).all(axis=2).sum(axis=0)
    return np.asarray(middles[int(hidden.argmin())])
