"""Geometry of a picture as pure functions: edges worth drawing, ground and shadows, and where the camera stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Camera", "Ground", "Marks", "feature_edges", "fit_camera", "orientation_marks", "round_length"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MILLIMETRE = 1e-3


def feature_edges(triangles: Floats, owner: Ints, fold_deg: float = 20.0) -> Floats:
    """Return the edges a reader needs to make out houses: outlines, ridges, eaves and corners.

    An edge is drawn unless exactly two triangles of one owner share it and are nearly in one plane. Neighbours in a
    row of houses have different owners, so the line between their roofs is drawn too.

    Parameters
    ----------
    triangles
        Corners, m, shape ``(n, 3, 3)``.
    owner
        The entity each triangle belongs to, shape ``(n,)``.
    fold_deg
        Angle between two faces from which their edge is drawn.

    Returns
    -------
    Floats
        End points, m, shape ``(k, 2, 3)``, each edge once per owner.
    """
    if not len(triangles):
        return np.empty((0, 2, 3))
    number = _point_numbers(triangles.reshape(-1, 3), np.repeat(owner, 3)).reshape(-1, 3)
    starts, ends = number, np.roll(number, -1, axis=1)
    key = (np.minimum(starts, ends) * (number.max() + 1) + np.maximum(starts, ends)).reshape(-1)
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    count = np.diff(first, append=len(key))

    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    one, other = order[first], order[np.minimum(first + 1, len(key) - 1)]
    # the sign of a normal depends on the order of corners, which files get wrong: compare planes, not directions
    flatness = np.abs(np.einsum("ij,ij->i", normals[one // 3], normals[other // 3]))
    hidden = (count == 2) & (flatness > np.cos(np.radians(fold_deg)))
    zero_length = (starts == ends).reshape(-1)[one]
    drawn = one[~hidden & ~zero_length]
    corner = drawn % 3
    return np.stack([triangles[drawn // 3, corner], triangles[drawn // 3, (corner + 1) % 3]], axis=1)


def _point_numbers(points: Floats, owner: Ints) -> Ints:
    """Return one number per point, the same for points of one owner that agree to the millimetre."""
    cells = np.round((points - points.min(axis=0)) / _MILLIMETRE).astype(np.int64)
    number = owner
    for axis in range(3):
        column = cells[:, axis]
        number = np.unique(number * (column.max() + 1) + column, return_inverse=True)[1].reshape(-1)
    return number


class Ground:
    """The ground under a city: a sheet on which its buildings stand.

    Its height is the mean of the nearest buildings' weighted by inverse square distance (Shepard 1968,
    doi 10.1145/800186.810616).

    Parameters
    ----------
    standing
        One point on the ground for each building, m, shape ``(m, 3)``.
    city
        All that stands on it, seen from above, m, shape ``(n, 2)``.
    margin
        How far the ground reaches beyond the city's convex hull, m; its corners are round.

    Attributes
    ----------
    rim
        Outline, m, shape ``(RAYS, 3)``.
    """

    RINGS, RAYS, NEIGHBOURS = 40, 240, 12
    BLUR = 8.0  # m within which a building's own height gives way to its neighbours'

    def __init__(self, standing: Floats, city: Floats, margin: float) -> None:
        from scipy.spatial import cKDTree

        self._heights = standing[:, 2]
        self._tree = cKDTree(standing[:, :2])
        self.rim = self.drape(_outline(city, margin, self.RAYS))

    def drape(self, plan: Floats) -> Floats:
        """Return plan points, m, shape ``(n, 2)``, with their height on the ground, shape ``(n, 3)``."""
        neighbours = min(self.NEIGHBOURS, len(self._heights))
        distance, near = self._tree.query(plan, k=list(range(1, neighbours + 1)))
        weight = 1 / (np.square(distance) + self.BLUR**2)
        return np.column_stack([plan, (weight * self._heights[near]).sum(axis=1) / weight.sum(axis=1)])

    def sheet(self) -> tuple[Floats, Ints]:
        """Return points, m, shape ``(p, 3)``, and the four corners of each face, shape ``(q, 4)``."""
        # a convex outline is star-shaped: shrink it towards its middle, ring by ring
        plan = self.rim[:, :2]
        centre = plan.mean(axis=0)
        shrunk = centre + np.linspace(0, 1, self.RINGS)[:, None, None] * (plan - centre)
        inner = np.arange((self.RINGS - 1) * self.RAYS).reshape(self.RINGS - 1, self.RAYS)
        right = np.roll(inner, -1, axis=1)
        quads = np.stack([inner, right, right + self.RAYS, inner + self.RAYS], axis=-1).reshape(-1, 4)
        return self.drape(shrunk.reshape(-1, 2)), quads

    def shadow(self, triangles: Floats, foot: Floats, sun: Floats) -> Floats:
        """Return where triangles ``(n, 3, 3)`` cast their shadow, same shape.

        ``foot`` is the height of the foot of each one's building, m, shape ``(n,)``; ``sun`` points to the sun.
        """
        rise = (triangles[:, :, 2] - foot[:, None])[:, :, None]
        return self.drape((triangles[:, :, :2] - rise * sun[:2] / sun[2]).reshape(-1, 2)).reshape(-1, 3, 3)


def _outline(plan: Floats, margin: float, n: int) -> Floats:
    """Return ``n`` points evenly along the convex hull of plan points, widened by a margin with round corners."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    compass = np.column_stack([np.cos(angle), np.sin(angle)])
    # in every direction the hull's farthest point, and the margin beyond it
    rim = np.array([plan[np.argmax(plan @ direction)] + margin * direction for direction in compass])
    rim = np.concatenate([rim, rim[:1]])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(rim, axis=0).T))])
    even = np.linspace(0, way[-1], n, endpoint=False)
    return np.column_stack([np.interp(even, way, rim[:, 0]), np.interp(even, way, rim[:, 1])])


@dataclass(frozen=True, slots=True)
class Marks:
    """North arrow and scale bar, lying on the ground, m.

    Attributes
    ----------
    arrow
        Tip, right barb, notch and left barb, shape ``(4, 3)``.
    bar
        Ends of the scale bar, shape ``(2, 3)``.
    length
        Of the bar, m.
    """

    arrow: Floats
    bar: Floats
    length: float


def orientation_marks(ground: Ground, azimuth_deg: float) -> Marks:
    """Return north arrow and scale bar for the front corner that leaves more room beside the ground.

    Parameters
    ----------
    azimuth_deg
        Where the camera stands as seen from the city, clockwise from north.
    """
    right, up, _ = _view_axes(azimuth_deg, 90.0)
    across, away = ground.rim @ right, ground.rim @ up
    width = float(np.ptp(across))
    arrow, bar = 0.06 * width, round_length(0.2 * width)
    block, gap = 1.5 * arrow + bar, 0.02 * width

    def front(start: float) -> float:
        beside = (across >= start - gap) & (across <= start + block + gap)
        return float(away[beside].min(initial=away.max()))

    start = max((float(across.min()), float(across.max()) - block), key=front)
    line = front(start) - gap - arrow / 2
    corner = start * right + line * up + [0, 0, ground.rim[:, 2].min()]
    north = arrow * np.array([[0, 0.5, 0], [0.3, -0.4, 0], [0, -0.22, 0], [-0.3, -0.4, 0]])
    ends = np.array([[1.5 * arrow], [block]]) * right
    return Marks(corner + arrow / 2 * right + north, corner + ends, bar)


@dataclass(frozen=True, slots=True)
class Camera:
    """Where a camera stands and what it looks at, m, each of shape ``(3,)``."""

    position: Floats
    focus: Floats

    @property
    def distance(self) -> float:
        """From the camera to what it looks at, m."""
        return float(np.linalg.norm(self.position - self.focus))

    @property
    def axes(self) -> tuple[Floats, Floats, Floats]:
        """Unit vectors to the right and upwards in the picture, and from what it looks at to the camera."""
        to_camera = (self.position - self.focus) / self.distance
        right = np.cross([0.0, 0.0, 1.0], to_camera)
        right /= np.linalg.norm(right)
        return right, np.cross(to_camera, right), to_camera


def fit_camera(
    points: Floats,
    aspect: float,
    view_deg: float,
    azimuth_deg: float,
    elevation_deg: float,
    margins: tuple[float, float, float, float],
) -> Camera:
    """Return the nearest camera that sees every point inside the margins of its picture.

    For a fixed direction each side of the picture is a plane through the camera that all points must lie behind,
    which is linear in the camera's position: the tightest left and right planes meet where the camera may stand,
    so do the top and bottom ones, and the farther of the two serves both.

    Parameters
    ----------
    points
        What must be seen, m, shape ``(n, 3)``.
    aspect
        Width of the picture over its height.
    view_deg
        Vertical angle of view.
    azimuth_deg
        Where the camera stands as seen from the city, clockwise from north: 180 is south.
    elevation_deg
        How high it stands above the horizon.
    margins
        Free share of the picture at its left, right, bottom and top.
    """
    right, up, to_camera = _view_axes(azimuth_deg, elevation_deg)
    towards = points @ to_camera

    tall = np.tan(np.radians(view_deg) / 2)
    wide = tall * aspect
    left, rightmost, bottom, top = margins
    x_frame, y_frame = (
        (wide * (2 * left - 1), wide * (1 - 2 * rightmost)),
        (tall * (2 * bottom - 1), tall * (1 - 2 * top)),
    )
    x_lines, y_lines = _side_planes(points @ right, towards, *x_frame), _side_planes(points @ up, towards, *y_frame)
    depth = max((line[0] - line[1]) / (frame[1] - frame[0]) for line, frame in ((x_lines, x_frame), (y_lines, y_frame)))
    x = (sum(x_lines) - sum(x_frame) * depth) / 2
    y = (sum(y_lines) - sum(y_frame) * depth) / 2
    position = x * right + y * up + depth * to_camera
    return Camera(position, position - (depth - float(np.mean(towards))) * to_camera)


def _view_axes(azimuth_deg: float, elevation_deg: float) -> tuple[Floats, Floats, Floats]:
    """Return unit vectors to the right and upwards in the picture, and from the city to the camera."""
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    to_camera = np.array([np.sin(azimuth) * np.cos(elevation), np.cos(azimuth) * np.cos(elevation), np.sin(elevation)])
    right = np.array([-np.cos(azimuth), np.sin(azimuth), 0.0])
    return right, np.cross(to_camera, right), to_camera


def _side_planes(offset: Floats, depth: Floats, low: float, high: float) -> tuple[float, float]:
    """Return ``a, b`` of ``a - high d <= x <= b - low d``, where a camera ``(x, d)`` has all points in its frame.

    That is ``low <= (offset - x) / (d - depth) <= high`` for every point.
    """
    return float(np.max(offset + high * depth)), float(np.min(offset + low * depth))


def round_length(longest: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the greatest not above ``longest``."""
    power = 10.0 ** np.floor(np.log10(longest))
    return float(power * max(f for f in (1, 2, 5) if f * power <= longest * (1 + 1e-9)))
