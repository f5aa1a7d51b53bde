"""A quarter seen obliquely from the south, its buildings or networks coloured by value; options side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError
from twin.results.model import DrawnLayer
from twin.view import drawing
from twin.view.classes import Scale, class_colours, round_classes
from twin.view.layers import LANDMARKS, Shapes, joined, problems_of, selected
from twin.view.screen import new_plotter
from twin.view.shapes import Camera, Ground, Marks, fit_camera, orientation_marks

if TYPE_CHECKING:
    import pyvista

__all__ = [
    "CONTEXT_COLOUR",
    "LEGEND_PX",
    "TITLE_PX",
    "VIEW_DEG",
    "DrawnLayer",
    "Pane",
    "Stage",
    "city_scene",
    "compare_scenes",
    "draw_bodies",
    "save_picture",
    "stage_of",
]

COLOURS = "YlOrRd"  # ColorBrewer's for little to much heat; its dark end is left out, its steps made even
# What the palette ends in after the colours of the classes, and where: no value, surroundings, landmark
CONTEXT_COLOUR = (226, 224, 219)
_OTHER_COLOURS = ((158, 163, 168), CONTEXT_COLOUR, (34, 38, 43))
_MISSING, _CONTEXT, _LANDMARK = -3, -2, -1

VIEW_DEG = 12.0  # narrow, so that the scale bar holds well enough from front to back
_ELEVATION_DEG = 42.0
_AZIMUTHS_DEG = (*range(150, 170, 5), *range(195, 215, 5))  # from the south, but never straight at a row of houses
_MARGINS = (0.015, 0.02, 0.03)  # left, right, bottom
_ATTENTION = 1.5  # how much wider lines and points beyond their limits are
# Sizes of a picture of 1600 x 1000 px
LEGEND_PX = 225
TITLE_PX = 98
_PANE_TITLE_PX = 30  # each line
_PANE_PX = (570, 500)  # of one pane among several
_PANES_ACROSS = 4


@dataclass(frozen=True)
class Pane:
    """One of several pictures side by side.

    Attributes
    ----------
    title
        Its first line is set bold.
    layers
        What is drawn.
    values
        By entity id.
    level
        Entity set the values belong to; any with such ids if None.
    """

    title: str
    layers: Sequence[DrawnLayer]
    values: Mapping[str, float]
    level: str | None = None

    def number(self, entity: str, name: str) -> float:
        """Return the value of an entity, NaN if it has none."""
        return self.values.get(name, math.nan) if self.level in (None, entity) else math.nan

    @property
    def coloured(self) -> set[str]:
        """Entity sets that have values."""
        return {x.entity for x in self.layers if not all(math.isnan(self.number(x.entity, i)) for i in x.ids)}


def city_scene(
    layers: Sequence[DrawnLayer],
    values: Mapping[str, float],
    title: str,
    legend: str,
    size: tuple[int, int] = (1600, 1000),
    off_screen: bool = True,
    clim: tuple[float, float] | None = None,
    cmap: str = COLOURS,
    scale: Scale | None = None,
    level: str | None = None,
) -> pyvista.Plotter:
    """Return a scene of a quarter, coloured in classes by the values.

    Parameters
    ----------
    values
        By entity id; entities that have none, or NaN, are grey, and the legend says so. Where buildings have
        values, they alone are drawn. Where lines or points have, they are seen over pale buildings, among other pale
        lines and the landmarks of the network.
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
    scale
        Classes and colours that do not depend on the values, instead of ``clim`` and ``cmap``.
    level
        Entity set the values belong to, for a line may be called what a bus is called; any with such ids if None.

    Raises
    ------
    TwinError
        If a layer is inconsistent, the values belong to none of them, or this machine cannot draw.
    """
    return compare_scenes([Pane("", layers, values, level)], title, legend, size, off_screen, clim, cmap, scale)


def compare_scenes(
    panes: Sequence[Pane],
    title: str,
    legend: str,
    size: tuple[int, int] | None = None,
    off_screen: bool = True,
    clim: tuple[float, float] | None = None,
    cmap: str = COLOURS,
    scale: Scale | None = None,
) -> pyvista.Plotter:
    """Return scenes side by side with one legend and one camera; parameters as for `city_scene`.

    More than four panes stand in several rows. The size is chosen by the number of panes if None.

    Raises
    ------
    TwinError
        As for `city_scene`, and if there is no pane.
    """
    coloured = set().union(*(pane.coloured for pane in panes))
    panes = [replace(pane, layers=selected(pane.layers, coloured)) for pane in panes]
    _check(panes)
    shapes = [joined(pane.layers) for pane in panes]
    numbers = [np.array([*map(pane.number, s.entity, s.ids)]) for s, pane in zip(shapes, panes, strict=True)]
    classes = scale.classes if scale else round_classes(np.concatenate(numbers), clim)
    colours = scale.rgb if scale else class_colours(cmap, len(classes))
    palette = np.vstack([colours, _OTHER_COLOURS]).astype(np.uint8)
    key = _Key(palette, scale.beyond if scale else np.empty(0, dtype=np.int64))
    chosen = [_choose(s, classes.of(number), coloured) for s, number in zip(shapes, numbers, strict=True)]

    down = -(-len(panes) // _PANES_ACROSS)
    across = -(-len(panes) // down)
    size = size or (_PANE_PX[0] * across + LEGEND_PX, _PANE_PX[1] * down + TITLE_PX)
    px = math.sqrt(size[0] * size[1] / (1600 * 1000 * down))  # text and lines keep their share of a row of panes
    strip, column = TITLE_PX * px, LEGEND_PX * px
    width, height = (size[0] - column) / across, (size[1] - strip) / down
    plotter: pyvista.Plotter = new_plotter(
        off_screen,
        window_size=list(size),
        shape=(1 + down, across + 1),
        groups=[(0, slice(None)), (slice(1, None), across)],
        row_weights=[strip] + [height] * down,
        col_weights=[width] * across + [column],
        border=False,
        lighting="none",
    )
    plotter.subplot(0, 0)
    drawing.draw_title(plotter, title, strip, px)
    headroom = _PANE_TITLE_PX * px * max(pane.title.count("\n") + 1 if pane.title else 0 for pane in panes)
    stage = stage_of(shapes, width / height, headroom / height)
    places = [(1 + k // across, k % across) for k in range(len(panes))]
    for place, pane, shape, choice in zip(places, panes, shapes, chosen, strict=True):
        plotter.subplot(*place)
        _draw(plotter, stage, shape, choice, key, px)
        drawing.draw_pane_title(plotter, pane.title, height, px)
    plotter.link_views([plotter.renderers.loc_to_index(place) for place in places])  # type: ignore[no-untyped-call]

    plotter.subplot(1, across)
    entries = list(zip(classes.labels, palette, strict=False))[::-1]
    if any((choice == _MISSING).any() for choice in chosen):
        entries.append(("no value", palette[_MISSING]))
    seen = {str(e) for s, choice in zip(shapes, chosen, strict=True) for e in s.entity[choice == _LANDMARK]}
    landmarks = [(LANDMARKS[entity], palette[_LANDMARK]) for entity in sorted(seen)]
    drawing.draw_legend(plotter, legend, entries, landmarks, (column, height * down), px)
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
            drawn = {i for layer in pane.layers if pane.level in (None, layer.entity) for i in layer.ids}
            if not any(len(layer.coordinates) for layer in pane.layers):
                problems.add("there is nothing to draw", pane.title or None)
            elif pane.values and drawn.isdisjoint(pane.values):
                found = f"no layer has an entity {next(iter(pane.values))!r}, nor any other that has a value"
                problems.add(found, pane.title or None)


def _choose(shapes: Shapes, classes: NDArray[np.int64], coloured: Set[str]) -> NDArray[np.int64]:
    """Return the place in the palette for each entity of a class, -1 where it has none."""
    surroundings = np.where(np.isin(shapes.entity, list(LANDMARKS)), _LANDMARK, _CONTEXT)
    belongs = np.isin(shapes.entity, list(coloured)) | (not coloured)
    return np.where(classes >= 0, classes, np.where(belongs, _MISSING, surroundings))


@dataclass(frozen=True)
class Stage:
    """What all panes share."""

    ground: Ground
    marks: Marks
    camera: Camera


def stage_of(shapes: Sequence[Shapes], aspect: float, headroom: float) -> Stage:
    """Return ground, marks and camera for all panes; of the views from the south the one that comes nearest."""
    rows = np.concatenate([shape.rows for shape in shapes])
    standing = np.concatenate([shape.standing for shape in shapes])
    ground = Ground(standing, rows[:, :2], margin=4.0 + 0.02 * float(np.ptp(rows, axis=0).max()))
    stages = []
    for azimuth in _AZIMUTHS_DEG:
        marks = orientation_marks(ground, azimuth)
        seen = np.concatenate([rows, ground.rim, marks.arrow, marks.bar])
        camera = fit_camera(seen, aspect, VIEW_DEG, azimuth, _ELEVATION_DEG, (*_MARGINS, 0.01 + headroom))
        stages.append(Stage(ground, marks, camera))
    return min(stages, key=lambda stage: stage.camera.distance)


@dataclass(frozen=True)
class _Key:
    """Colours of a picture, those of the classes first, and which classes are beyond the limits."""

    palette: NDArray[np.uint8]
    beyond: NDArray[np.int64]


def _draw(
    plotter: pyvista.Plotter, stage: Stage, shapes: Shapes, choice: NDArray[np.int64], key: _Key, px: float
) -> None:
    draw_bodies(plotter, stage, shapes, key.palette[choice], bool((choice[shapes.triangles[1]] == _CONTEXT).all()), px)
    _draw_network(plotter, shapes, choice, key, px)
    drawing.draw_marks(plotter, stage.marks, px)
    drawing.look(plotter, stage.camera, VIEW_DEG)


def draw_bodies(
    plotter: pyvista.Plotter, stage: Stage, shapes: Shapes, colours: NDArray[np.uint8], pale: bool, px: float
) -> None:
    """Light the scene and draw its ground and bodies, ``colours`` being those of all entities; edges may be pale."""
    drawing.light(plotter)
    drawing.draw_ground(plotter, stage.ground, px)
    (faces, owner), (bodies, body) = shapes.triangles, shapes.bodies
    if len(bodies):
        drawing.draw_shadows(plotter, stage.ground, bodies, shapes.foot[body])
        drawing.draw_faces(plotter, faces, owner, colours, flat=shapes.has_skin)
        drawing.draw_edges(plotter, bodies, body, px, pale)


def _draw_network(plotter: pyvista.Plotter, shapes: Shapes, choice: NDArray[np.int64], key: _Key, px: float) -> None:
    """Draw lines and points; what is beyond its limits comes last, so that no landmark hides it."""
    (segments, line), (points, spot) = shapes.segments, shapes.points

    def draw_coloured(drawn: NDArray[np.bool_], px: float) -> None:
        on_line, on_spot = drawn[line], drawn[spot]
        drawing.draw_lines(plotter, segments[on_line], choice[line][on_line], key.palette, px)
        drawing.draw_points(plotter, points[on_spot], choice[spot][on_spot], key.palette, px)

    drawing.draw_pale_lines(plotter, segments[choice[line] == _CONTEXT], px)
    landmark, beyond = np.isin(shapes.entity, list(LANDMARKS)), np.isin(choice, key.beyond)
    coloured = ~landmark & (choice != _CONTEXT)
    draw_coloured(coloured & ~beyond, px)
    drawing.draw_landmarks(plotter, points[landmark[spot]], key.palette[choice[spot]][landmark[spot]], px)
    draw_coloured(coloured & beyond, _ATTENTION * px)
