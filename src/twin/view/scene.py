"""A quarter seen obliquely from the south, each building in the colour of its value; several options side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError
from twin.results.model import DrawnLayer
from twin.view import drawing
from twin.view.classes import Classes, class_colours, round_classes
from twin.view.layers import Shapes, joined, problems_of
from twin.view.screen import new_plotter
from twin.view.shapes import Camera, Ground, Marks, fit_camera, orientation_marks

if TYPE_CHECKING:
    import pyvista

__all__ = ["DrawnLayer", "Pane", "city_scene", "compare_scenes", "save_picture"]

COLOURS = "YlOrRd"  # ColorBrewer's for little to much heat; its dark end is left out, its steps made even
_MISSING = (158, 163, 168)
_CONTEXT = (226, 224, 219)

_VIEW_DEG = 12.0  # narrow, so that the scale bar holds well enough from front to back
_ELEVATION_DEG = 42.0
_AZIMUTHS_DEG = (*range(150, 170, 5), *range(195, 215, 5))  # from the south, but never straight at a row of houses
_MARGINS = (0.015, 0.02, 0.03)  # left, right, bottom
# Sizes of a picture of 1600 x 1000 px
_LEGEND_PX = 225
_TITLE_PX = 98
_PANE_TITLE_PX = 30  # each line
_PANE_PX = (570, 500)  # of one pane among several


@dataclass(frozen=True)
class Pane:
    """One of several pictures side by side: its title, what is drawn and the values by entity id.

    The first line of the title is set bold.
    """

    title: str
    layers: Sequence[DrawnLayer]
    values: Mapping[str, float]


def city_scene(
    layers: Sequence[DrawnLayer],
    values: Mapping[str, float],
    title: str,
    legend: str,
    size: tuple[int, int] = (1600, 1000),
    off_screen: bool = True,
    clim: tuple[float, float] | None = None,
    cmap: str = COLOURS,
) -> pyvista.Plotter:
    """Return a scene of a quarter, coloured in classes by the values.

    Parameters
    ----------
    values
        By entity id; entities that have none, or NaN, are grey, and the legend says so. Layers of which no entity
        has a value are drawn pale, as surroundings.
    title
        Text at the top left; its first line is set larger.
    legend
        What the colours mean, with the unit; may have several lines.
    size
        Width and height of the picture, px.
    off_screen
        Draw into memory for `save_picture`; False to open a window with ``plotter.show()``.
    clim
        Range the classes cover, to keep it over several pictures; from the values themselves if None.
    cmap
        Name of a matplotlib colour map.

    Raises
    ------
    TwinError
        If a layer is inconsistent, the values belong to none of them, or this machine cannot draw.
    """
    return compare_scenes([Pane("", layers, values)], title, legend, size, off_screen, clim, cmap)


def compare_scenes(
    panes: Sequence[Pane],
    title: str,
    legend: str,
    size: tuple[int, int] | None = None,
    off_screen: bool = True,
    clim: tuple[float, float] | None = None,
    cmap: str = COLOURS,
) -> pyvista.Plotter:
    """Return scenes side by side with one legend and one camera; parameters as for `city_scene`.

    The size is chosen by the number of panes if None.

    Raises
    ------
    TwinError
        As for `city_scene`, and if there is no pane.
    """
    _check(panes)
    shapes = [joined(pane.layers) for pane in panes]
    numbers = [np.array([pane.values.get(i, math.nan) for i in s.ids]) for s, pane in zip(shapes, panes, strict=True)]
    classes = round_classes(np.concatenate(numbers), clim)
    palette = np.vstack([class_colours(cmap, len(classes)), [_MISSING], [_CONTEXT]]).astype(np.uint8)
    chosen = [_choose(shape, number, classes) for shape, number in zip(shapes, numbers, strict=True)]

    n = len(panes)
    size = size or (_PANE_PX[0] * n + _LEGEND_PX, _PANE_PX[1] + _TITLE_PX)
    px = math.sqrt(size[0] * size[1] / (1600 * 1000))  # text and lines keep their share of the picture
    strip, column = _TITLE_PX * px, _LEGEND_PX * px
    width, height = (size[0] - column) / n, size[1] - strip
    plotter: pyvista.Plotter = new_plotter(
        off_screen,
        window_size=list(size),
        shape=(2, n + 1),
        groups=[(0, slice(None))],
        row_weights=[strip, height],
        col_weights=[width] * n + [column],
        border=False,
        lighting="none",
    )
    plotter.subplot(0, 0)
    drawing.draw_title(plotter, title, strip, px)
    headroom = _PANE_TITLE_PX * px * max(pane.title.count("\n") + 1 if pane.title else 0 for pane in panes)
    stage = _stage(shapes, width / height, headroom / height)
    for k, (pane, shape, choice) in enumerate(zip(panes, shapes, chosen, strict=True)):
        plotter.subplot(1, k)
        _draw(plotter, stage, shape, palette[choice], px)
        drawing.draw_pane_title(plotter, pane.title, height, px)
    plotter.link_views(list(range(1, n + 1)))

    plotter.subplot(1, n)
    entries = list(zip(classes.labels, palette, strict=False))[::-1]
    if any((choice == len(classes)).any() for choice in chosen):
        entries.append(("no value", palette[len(classes)]))
    drawing.draw_legend(plotter, legend, entries, (column, height), px)
    plotter.enable_anti_aliasing("ssaa")
    return plotter


def save_picture(plotter: pyvista.Plotter, path: str | Path) -> None:
    """Write an off-screen scene to a picture file and close the scene.

    Raises
    ------
    TwinError
        If the file cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        plotter.screenshot(path)
    except (OSError, ValueError) as error:
        problem = Problem(f"cannot write the picture: {error}", path, expected="a name that ends in .png")
        raise TwinError(problem) from error
    finally:
        plotter.close()


def _check(panes: Sequence[Pane]) -> None:
    with Problems() as problems:
        if not panes:
            problems.add("there is nothing to draw")
        for pane in panes:
            for layer in pane.layers:
                problems.found.extend(problems_of(layer))
            drawn = {i for layer in pane.layers for i in layer.ids}
            if not any(len(layer.coordinates) for layer in pane.layers):
                problems.add("there is nothing to draw", pane.title or None)
            elif pane.values and drawn.isdisjoint(pane.values):
                found = f"no layer has an entity {next(iter(pane.values))!r}, nor any other that has a value"
                problems.add(found, pane.title or None)


def _choose(shapes: Shapes, numbers: NDArray[np.float64], classes: Classes) -> NDArray[np.int64]:
    """Return the place in the palette for each entity: its class, then missing, then surroundings."""
    choice = classes.of(numbers)
    missing = choice < 0
    choice[missing] = len(classes)
    has_values = np.bincount(shapes.layer, ~missing) > 0
    if has_values.any():
        choice[~has_values[shapes.layer]] = len(classes) + 1
    return choice


@dataclass(frozen=True)
class _Stage:
    """What all panes share."""

    ground: Ground
    marks: Marks
    camera: Camera


def _stage(shapes: Sequence[Shapes], aspect: float, headroom: float) -> _Stage:
    """Return ground, marks and camera for all panes; of the views from the south the one that comes nearest."""
    rows = np.concatenate([shape.rows for shape in shapes])
    standing = np.concatenate([shape.standing for shape in shapes])
    ground = Ground(standing, rows[:, :2], margin=4.0 + 0.02 * float(np.ptp(rows, axis=0).max()))
    stages = []
    for azimuth in _AZIMUTHS_DEG:
        marks = orientation_marks(ground, azimuth)
        seen = np.concatenate([rows, ground.rim, marks.arrow, marks.bar])
        camera = fit_camera(seen, aspect, _VIEW_DEG, azimuth, _ELEVATION_DEG, (*_MARGINS, 0.01 + headroom))
        stages.append(_Stage(ground, marks, camera))
    return min(stages, key=lambda stage: stage.camera.distance)


def _draw(plotter: pyvista.Plotter, stage: _Stage, shapes: Shapes, colours: NDArray[np.uint8], px: float) -> None:
    drawing.light(plotter)
    drawing.draw_ground(plotter, stage.ground, px)
    triangles, owner = shapes.triangles
    if len(triangles):
        drawing.draw_shadows(plotter, stage.ground, triangles, shapes.foot[owner])
        drawing.draw_faces(plotter, triangles, owner, colours, px)
    if len(shapes.segments[0]):
        drawing.draw_lines(plotter, *shapes.segments, colours, px)
    if len(shapes.points[0]):
        drawing.draw_points(plotter, *shapes.points, colours, px)
    drawing.draw_marks(plotter, stage.marks, px)
    drawing.look(plotter, stage.camera, _VIEW_DEG)
