from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from twin.errors import TwinError
from twin.view import DrawnLayer, Pane, city_scene, compare_scenes, save_picture
from twin.view.classes import class_colours

SIZE = (480, 300)
SCENE = slice(0, 480 - 70)  # columns of the picture left of the legend


def picture(plotter, folder: Path) -> np.ndarray:
    path = folder / "picture.png"
    save_picture(plotter, path)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def coloured(pixels: np.ndarray) -> np.ndarray:
    """Where pixels have a colour, as buildings with a value do; paper, ground, shadows and grey have none."""
    return np.ptp(pixels, axis=-1) > 0.13 * pixels.max(axis=-1)


@pytest.fixture(scope="module")
def values(quarter) -> dict[str, float]:
    return {name: 40.0 + 8.0 * k for k, name in enumerate(quarter.ids)}


@pytest.fixture(scope="module")
def today(quarter, values, tmp_path_factory) -> np.ndarray:
    scene = city_scene([quarter], values, "Rows\nToday", "heat demand\nkWh/(m² a)", size=SIZE)
    return picture(scene, tmp_path_factory.mktemp("today"))


def test_the_picture_has_the_size_asked_for(today):
    assert today.shape == (300, 480, 3)


def test_the_whole_quarter_is_in_the_frame_and_fills_it(today):
    houses = coloured(today[:, SCENE])
    rows, columns = np.flatnonzero(houses.any(axis=1)), np.flatnonzero(houses.any(axis=0))
    border = np.concatenate([houses[[0, -1]].ravel(), houses[:, [0, -1]].ravel()])
    assert not border.any()
    assert np.ptp(rows) / today.shape[0] > 0.7 or np.ptp(columns) / houses.shape[1] > 0.7
    assert (today[:, SCENE].min(axis=-1) < 250).mean() > 0.25  # ground and houses together


def test_roofs_keep_near_the_colour_of_the_legend(today):
    legend = today[:, SCENE.stop + 1 :]
    boxes = {tuple(c) for c in legend[coloured(legend)].tolist()}
    seen = today[:, SCENE][coloured(today[:, SCENE])]
    for colour in [c for c in boxes if (legend == c).all(axis=-1).sum() > 30]:
        assert np.abs(seen - colour).sum(axis=1).min() < 40


def test_neighbours_of_one_colour_are_told_apart_by_dark_edges(quarter, tmp_path):
    alike = dict.fromkeys(quarter.ids, 20.0)
    pixels = picture(city_scene([quarter], alike, "Rows", "demand", size=(960, 600), clim=(0, 300)), tmp_path)
    scene = pixels[80:, :800]
    palest_wall = 180
    edges = (scene.max(axis=-1) < palest_wall).sum()
    assert 0.02 < edges / coloured(scene).sum() < 0.2


def test_the_same_call_gives_the_same_picture(quarter, values, today, tmp_path):
    again = picture(city_scene([quarter], values, "Rows\nToday", "heat demand\nkWh/(m² a)", size=SIZE), tmp_path)
    assert (again == today).all()


def test_colours_follow_the_values(quarter, values, today, tmp_path):
    half = {name: value / 2 for name, value in values.items()}
    scene = city_scene([quarter], half, "Rows\nToday", "heat demand\nkWh/(m² a)", size=SIZE, clim=(40, 270))
    changed = (picture(scene, tmp_path)[:, SCENE] != today[:, SCENE]).any(axis=-1)
    assert changed.sum() > 0.5 * coloured(today[:, SCENE]).sum()


def test_faces_of_a_house_have_colours_of_their_own(quarter, faces, tmp_path):
    """Shade changes them little, so that each keeps the colour that the legend gives it."""
    roofs = ("/10", "/11", "/12", "/13")
    values = {name: 90.0 if name.endswith(roofs) else 30.0 for name in faces.ids}
    scene = city_scene([quarter, faces], values, "Rows", "sun", size=(960, 600), clim=(0, 100))
    pixels = picture(scene, tmp_path)[:, :800]
    low, high = class_colours("YlOrRd", 5)[[1, -1]].astype(int)
    seen = pixels[coloured(pixels)]
    like_walls, like_roofs = (np.abs(seen - colour).sum(axis=1) < 60 for colour in (low, high))
    assert like_walls.mean() > 0.2
    assert like_roofs.mean() > 0.2
    assert (like_walls | like_roofs).mean() > 0.7


def test_buildings_without_a_value_are_grey(quarter, values, today, tmp_path):
    known = dict(list(values.items())[:15])
    pixels = picture(city_scene([quarter], known | {quarter.ids[20]: np.nan}, "Rows", "demand", size=SIZE), tmp_path)
    assert 0.2 < coloured(pixels[:, SCENE]).sum() / coloured(today[:, SCENE]).sum() < 0.8


def test_without_any_value_everything_is_grey(quarter, tmp_path):
    pixels = picture(city_scene([quarter], {}, "Rows", "demand", size=SIZE), tmp_path)
    assert coloured(pixels[60:, SCENE]).sum() < 20  # the title's smoothed letters and dark edges apart


def test_layers_without_values_are_surroundings_to_those_with(quarter, tmp_path):
    street = DrawnLayer(
        "street", "lines", "street", np.array([[0.0, -5, 1], [48, -5, 1]]), np.array([0, 2]), ["main street"]
    )
    stops = DrawnLayer(
        "stops", "points", "stop", np.array([[5.0, -10, 1], [40, -10, 1]]), np.array([0, 1, 2]), ["a", "b"]
    )
    scene = city_scene([quarter, street, stops], {"main street": 80.0, "b": 20.0}, "Loading", "%", size=SIZE)
    pixels = picture(scene, tmp_path)
    share = coloured(pixels[:, SCENE]).mean()
    assert 0 < share < 0.05


def test_options_side_by_side_share_classes_and_camera(quarter, values, tmp_path):
    panes = [Pane(name, [quarter], {i: v * f for i, v in values.items()}) for name, f in (("Today", 1), ("Later", 0.3))]
    scene = compare_scenes(panes, "Rows", "kWh/(m² a)", size=(600, 240))
    assert scene.renderers[1].camera is scene.renderers[2].camera
    pixels = picture(scene, tmp_path)
    legend = round(225 * np.sqrt(600 * 240 / 1.6e6))
    half = (600 - legend) // 2
    left, right = pixels[60:, :half], pixels[60:, half : 2 * half]
    overlap = coloured(left) & coloured(right)
    assert overlap.sum() > 0.7 * coloured(left).sum()
    assert left[overlap][:, 1].mean() < right[overlap][:, 1].mean() - 30  # less heat is paler: more green in it


def test_a_picture_that_cannot_be_written_is_told(quarter, values, tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "a.png", tmp_path / "a.xyz"):
        with pytest.raises(TwinError, match="cannot write the picture"):
            save_picture(city_scene([quarter], values, "Rows", "demand", size=(64, 40)), path)


SCRIPT = """
import sys
import numpy as np
from twin.view import DrawnLayer, city_scene, save_picture
from twin.errors import TwinError
layer = DrawnLayer("a", "triangles", "a", np.array([[0.0, 0, 0], [9, 0, 0], [0, 9, 5]]), np.array([0, 3]), ["x"])
path, *window = sys.argv[1:]
try:
    save_picture(city_scene([layer], {"x": 1.0}, "One", "m", size=(80, 50), off_screen=not window), path)
except TwinError as error:
    print(error)
"""


def in_child(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-W", "error", "-c", SCRIPT, *arguments]
    return subprocess.run(command, env=kept | environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("environment", [{}, {"DISPLAY": ":9999"}], ids=["no display", "dead display"])
def test_pictures_need_no_screen_and_are_silent(tmp_path, environment):
    child = in_child(str(tmp_path / "a.png"), **environment)
    assert (child.returncode, child.stdout, child.stderr) == (0, "", "")
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (80, 50)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a window system")
def test_a_window_without_a_screen_is_an_error_in_words(tmp_path):
    child = in_child(str(tmp_path / "a.png"), "window")
    assert child.returncode == 0
    assert "no screen" in child.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have OpenGL")
def test_a_machine_that_cannot_draw_says_what_to_install(monkeypatch, quarter):
    from twin.view import screen

    screen._window_class.cache_clear()
    monkeypatch.setenv("VTK_DEFAULT_OPENGL_WINDOW", "vtkOSOpenGLRenderWindow")
    monkeypatch.setattr(screen, "find_library", lambda name: None)
    with pytest.raises(TwinError, match="apt install libegl1 libgl1"):
        city_scene([quarter], {}, "Rows", "demand", size=(64, 40))
