"""The parts of a picture, each put into the plotter's active pane: city, ground, north arrow, scale, title, legend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.view.shapes import Camera, Ground, Marks, feature_edges

__all__ = [
    "TAG_LETTER",
    "draw_edges",
    "draw_faces",
    "draw_ground",
    "draw_landmarks",
    "draw_legend",
    "draw_lines",
    "draw_marks",
    "draw_pale_lines",
    "draw_pane_title",
    "draw_points",
    "draw_shadows",
    "draw_tag",
    "draw_title",
    "light",
    "look",
]

Plotter = Any  # PyVista's: its deprecation decorators hide the types of the methods from a checker

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Colours = NDArray[np.uint8]

_GROUND = "#f4f2ee"
_SHADOW = "#dcd8d0"
_RIM = "#c9c4ba"
_EDGE, _PALE_EDGE = "#2b2f36", "#bab5ab"
_INK = "#22262b"
_PALE_INK = "#9aa0a6"

TAG_LETTER = 17.0  # height of the text of a tag

_SHADE, _FLAT_SHADE = 0.38, 0.12  # share of a face's brightness that depends on how it looks at the light
_HEADING_WIDTH = 18  # letters that fit across the legend
_LINE, _DISC, _SQUARE, _RIM_WIDTH = 5.0, 8.0, 16.0, 1.2  # widths of what stands for a network

# Steps towards the eye: so that faces do not swallow the lines that lie on them; and beyond all that is in the scene
_JUST_ABOVE, _IN_FRONT = -4.0, -70_000.0

# Sun and sky: high from the south-west, so that roofs and south walls are bright and the rest still shows its colour
_SUN = np.array([-0.62, -0.50, 0.90])
_SKY = np.array([0.30, -0.60, 1.0])


def _pen(px: float) -> float:
    """Return the width to ask for so that a line or point is as wide as wanted in the picture."""
    return 2 * px  # supersampling draws at twice the size, but leaves widths as they are


def light(plotter: Plotter) -> None:
    """Light the pane so that a roof shows nearly the colour of the legend and walls of one house differ."""
    import pyvista

    plotter.set_background("white")
    plotter.add_light(pyvista.Light(position=_SUN, intensity=0.85), only_active=True)
    plotter.add_light(pyvista.Light(position=_SKY, intensity=0.4), only_active=True)


def look(plotter: Plotter, camera: Camera, view_deg: float) -> None:
    """Look at the pane's scene through a camera."""
    plotter.camera.view_angle = view_deg
    plotter.camera_position = [camera.position, camera.focus, (0.0, 0.0, 1.0)]
    plotter.renderer.reset_camera_clipping_range()


def draw_faces(plotter: Plotter, triangles: Floats, owner: Ints, colours: Colours, flat: bool = False) -> None:
    """Draw triangles ``(n, 3, 3)``, each in the colour of its owner.

    ``flat``: light changes colours little, as they tell sides of a house apart by themselves.
    """
    faces = _surface(triangles.reshape(-1, 3), np.arange(3 * len(triangles)).reshape(-1, 3))
    faces.cell_data["entity"] = owner
    faces.cell_data["colour"] = colours[owner]
    shade = _FLAT_SHADE if flat else _SHADE
    plotter.add_mesh(faces, scalars="colour", rgb=True, ambient=1.0 - shade, diffuse=shade, name="faces")


def draw_edges(plotter: Plotter, triangles: Floats, owner: Ints, px: float, pale: bool = False) -> None:
    """Draw the edges of bodies made of triangles ``(n, 3, 3)`` that tell houses apart."""
    edges = _segments(feature_edges(triangles, owner))
    colour = _PALE_EDGE if pale else _EDGE
    actor = plotter.add_mesh(edges, color=colour, line_width=_pen(0.65 * px), lighting=False, name="edges")
    _lift(actor, _JUST_ABOVE)


def _lift(actor: Any, steps: float) -> None:
    """Draw lines and points nearer to the eye than they are, by steps of about 1/65000 of the depth of the scene."""
    actor.mapper.SetResolveCoincidentTopologyToPolygonOffset()
    actor.mapper.SetRelativeCoincidentTopologyLineOffsetParameters(-1.0, steps)
    actor.mapper.SetRelativeCoincidentTopologyPointOffsetParameter(steps)


def _surface(points: Floats, faces: Any) -> Any:
    """Return a mesh of faces with equally many corners, given as rows of points."""
    import pyvista

    return pyvista.PolyData.from_regular_faces(points, faces)


def _segments(ends: Floats) -> Any:
    """Return line segments from their end points ``(n, 2, 3)``."""
    import pyvista

    rows = np.arange(2 * len(ends)).reshape(-1, 2)
    return pyvista.PolyData(ends.reshape(-1, 3), lines=np.insert(rows, 0, 2, axis=1).reshape(-1))


def draw_lines(plotter: Plotter, ends: Floats, choice: Ints, palette: Colours, px: float) -> None:
    """Draw segments ``(n, 2, 3)`` in front of all bodies, each in the colour chosen; later colours over earlier."""
    _strokes(plotter, ends, "white", (_LINE + 2 * _RIM_WIDTH) * px)
    for colour in np.unique(choice):
        _strokes(plotter, ends[choice == colour], palette[colour], _LINE * px)


def draw_pale_lines(plotter: Plotter, ends: Floats, px: float) -> None:
    """Draw segments ``(n, 2, 3)`` as surroundings to something else, in front of all bodies."""
    _strokes(plotter, ends, _PALE_INK, 1.5 * px)


def draw_points(plotter: Plotter, points: Floats, choice: Ints, palette: Colours, px: float) -> None:
    """Draw points ``(n, 3)`` as discs in front of all bodies, each in the colour chosen; later colours over earlier."""
    _spots(plotter, points, "white", (_DISC + 2 * _RIM_WIDTH) * px, round_=True)
    for colour in np.unique(choice):
        _spots(plotter, points[choice == colour], palette[colour], _DISC * px, round_=True)


def draw_landmarks(plotter: Plotter, points: Floats, colours: Colours, px: float) -> None:
    """Draw points ``(n, 3)`` as squares with a white rim, in front of all else."""
    _spots(plotter, points, "white", (_SQUARE + 4 * _RIM_WIDTH) * px)
    for colour in np.unique(colours, axis=0):
        _spots(plotter, points[(colours == colour).all(axis=1)], colour, _SQUARE * px)


def draw_tag(plotter: Plotter, point: Floats, ends: Floats, text: str, px: float) -> None:
    """Write a text on a white tag and lead from it to a point, in front of all else.

    ``ends`` are the left and right end of the text's base, m, shape ``(2, 3)``.
    """
    nearest = ends[np.argmin(np.linalg.norm(ends - point, axis=1))]
    leader = _segments(np.array([[point, nearest]]))
    _lift(plotter.add_mesh(leader, color=_INK, line_width=_pen(1.2 * px), lighting=False), _IN_FRONT)
    plotter.add_point_labels(
        ends[:1],
        [text],
        font_size=round(TAG_LETTER * px),
        font_file=_font(),
        text_color=_INK,
        bold=False,
        shape="rounded_rect",
        shape_color="white",
        shape_opacity=0.9,
        margin=round(4 * px),
        show_points=False,
        always_visible=True,
    )


def _strokes(plotter: Plotter, ends: Floats, colour: Any, width: float) -> None:
    """Draw segments ``(n, 2, 3)``; discs at their ends close the gaps where two meet at an angle."""
    if len(ends):
        style = {"line_width": _pen(width), "render_lines_as_tubes": True, "lighting": False}
        _lift(plotter.add_mesh(_segments(ends), color=colour, **style), _IN_FRONT)
        _spots(plotter, ends.reshape(-1, 3), colour, width, round_=True)


def _spots(plotter: Plotter, points: Floats, colour: Any, size: float, round_: bool = False) -> None:
    """Draw points ``(n, 3)`` as squares or discs."""
    import pyvista

    if len(points):
        style = {"point_size": _pen(size), "render_points_as_spheres": round_, "lighting": False}
        _lift(plotter.add_mesh(pyvista.PolyData(points), color=colour, **style), _IN_FRONT)


def draw_ground(plotter: Plotter, ground: Ground, px: float) -> None:
    """Draw the ground and its outline."""
    plotter.add_mesh(_surface(*ground.sheet()), color=_GROUND, lighting=False, name="ground")
    outline = _segments(np.stack([ground.rim, np.roll(ground.rim, -1, axis=0)], axis=1))
    plotter.add_mesh(outline, color=_RIM, line_width=_pen(0.75 * px), lighting=False, name="rim")


def draw_shadows(plotter: Plotter, ground: Ground, triangles: Floats, foot: Floats) -> None:
    """Draw the shadow of triangles ``(n, 3, 3)`` on the ground; ``foot`` is the height each one's body stands at."""
    cast = ground.shadow(triangles, foot, _SUN).reshape(-1, 3)
    cast[:, 2] += 0.15  # clear of the ground, which would flicker through
    shadow = _surface(cast, np.arange(len(cast)).reshape(-1, 3))
    plotter.add_mesh(shadow, color=_SHADOW, lighting=False, name="shadows")


def draw_marks(plotter: Plotter, marks: Marks, px: float) -> None:
    """Draw north arrow and scale bar."""
    import pyvista

    tip, right, notch, left = marks.arrow
    for half, colour in (((tip, right, notch), _INK), ((tip, notch, left), _PALE_INK)):
        plotter.add_mesh(pyvista.Triangle(np.array(half)), color=colour, lighting=False)
    one, other = marks.bar
    tick = np.array([one[1] - other[1], other[0] - one[0], 0.0]) * 0.03
    ends = np.stack([[one, other], [one - tick, one + tick], [other - tick, other + tick]])
    plotter.add_mesh(_segments(ends), color=_INK, line_width=_pen(1.3 * px), lighting=False)
    style = {
        "font_size": round(17 * px),
        "font_file": _font(),
        "text_color": _INK,
        "bold": False,
        "shape": None,
        "show_points": False,
        "always_visible": True,
        "justification_horizontal": "center",
    }
    plotter.add_point_labels([tip + 0.1 * (tip - notch)], ["N"], justification_vertical="bottom", **style)
    middle = (one + other) / 2
    plotter.add_point_labels([middle + tick], [f"{marks.length:,.0f} m"], justification_vertical="bottom", **style)


def _font(bold: bool = False) -> str:
    """Return a font file that has every letter and sign a place name or unit may need; it comes with PyVista."""
    import matplotlib

    return str(Path(matplotlib.get_data_path(), "fonts", "ttf", f"DejaVuSans{'-Bold' if bold else ''}.ttf"))


def _write(
    plotter: Plotter, text: str, at: tuple[float, float], size: float, bold: bool = False, anchor: str = "top"
) -> None:
    """Write text whose left end and ``anchor`` (top or center) are at a place of the pane, px from its lower left."""
    import pyvista

    actor = pyvista.Text(text, position=at)
    actor.prop.font_size = max(round(size), 1)
    actor.prop.color = _INK
    actor.prop.set_font_file(_font(bold))
    actor.prop.justification_vertical = anchor
    actor.prop.SetLineSpacing(1.2)
    plotter.add_actor(actor)


def draw_title(plotter: Plotter, title: str, height: float, px: float) -> None:
    """Write the title into a strip ``height`` px high; the first line is larger."""
    plotter.set_background("white")
    first, _, rest = title.partition("\n")
    _write(plotter, first, (24 * px, height - 18 * px), 28 * px, bold=True)
    _write(plotter, rest, (24 * px, height - 58 * px), 20 * px)
    plotter.renderer.SetInteractive(False)


def draw_pane_title(plotter: Plotter, title: str, height: float, px: float) -> None:
    """Write the title of a pane ``height`` px high at its top left; the first line is bold."""
    first, _, rest = title.partition("\n")
    _write(plotter, first, (24 * px, height - 4 * px), 20 * px, bold=True)
    _write(plotter, rest, (24 * px, height - 33 * px), 18 * px)


def draw_legend(
    plotter: Plotter,
    heading: str,
    classes: Sequence[tuple[str, Colours]],
    landmarks: Sequence[tuple[str, Colours]],
    size: tuple[float, float],
    px: float,
) -> None:
    """Fill a pane of ``size`` px with the legend: heading, one box per class from the top, one square per landmark."""
    import pyvista

    plotter.set_background("white")
    lines = [part for line in heading.splitlines() for part in wrap(line, _HEADING_WIDTH)]
    top = size[1] - 35 * px
    _write(plotter, "\n".join(lines), (8 * px, top), 17 * px, bold=True)
    top -= (25 * len(lines) + 22) * px
    for k, (label, colour) in enumerate([*classes, *landmarks]):
        y = top - 36 * k * px  # of the middle of the row
        half = np.array([19, 14] if k < len(classes) else [_SQUARE / 2, _SQUARE / 2])
        corners = np.array([[-1, -1], [1, -1], [1, 1]]) * half * px + [27 * px, y]
        box = pyvista.Rectangle(np.column_stack([corners, np.zeros(3)]))
        plotter.add_mesh(
            box, color=colour, lighting=False, show_edges=True, edge_color=_EDGE, line_width=_pen(0.5 * px)
        )
        _write(plotter, label, (58 * px, y), 18 * px, anchor="center")
    # one unit of this pane is one pixel
    plotter.camera_position = [(size[0] / 2, size[1] / 2, 1), (size[0] / 2, size[1] / 2, 0), (0, 1, 0)]
    plotter.enable_parallel_projection()
    plotter.camera.parallel_scale = size[1] / 2
    plotter.renderer.SetInteractive(False)
