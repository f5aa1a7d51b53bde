"""Where VTK draws: a screen, or memory alone through EGL or OSMesa on machines without one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from functools import cache
from typing import Any

from twin.errors import Problem, TwinError

__all__ = ["new_plotter"]

_CHOICE = "VTK_DEFAULT_OPENGL_WINDOW"
_CANNOT_DRAW = Problem(
    "this machine has no way to draw: neither a screen, nor EGL, nor OSMesa",
    expected="an OpenGL library; on Debian or Ubuntu: apt install libegl1 libgl1",
)


def new_plotter(off_screen: bool, **settings: Any) -> Any:
    """Return a `pyvista.Plotter` that can draw on this machine.

    Parameters
    ----------
    off_screen
        Draw into memory, for a picture; otherwise into a window.
    settings
        Passed on to the plotter.

    Raises
    ------
    TwinError
        If there is no way to draw, with what to install; VTK itself would end the process.
    """
    import pyvista

    if not sys.platform.startswith("linux"):
        return pyvista.Plotter(off_screen=off_screen, **settings)
    window = _window_class()
    if not off_screen and window != "vtkXOpenGLRenderWindow":
        raise TwinError(Problem("there is no screen to open a window on", expected="a display, or a picture to write"))
    with _environment(_CHOICE, window):
        return pyvista.Plotter(off_screen=off_screen, **settings)


@cache
def _window_class() -> str:
    """Return the name of the render window VTK settles for here.

    VTK tries a screen, then EGL, then OSMesa, and warns of each it does not find. Asking once with its log off, and
    naming the answer when the plotter is made, keeps those warnings away without hiding any later ones.
    """
    try:
        import pyvista.plotting  # with VTK's OpenGL classes, without which no window works
        from pyvista import _vtk
    except ImportError as error:
        raise TwinError(_CANNOT_DRAW, f"VTK says: {error}") from error

    with pyvista.vtk_verbosity("off"):
        window = _vtk.vtkRenderWindow()
        window.SetOffScreenRendering(True)
        name = type(window).__name__
        works = bool(window.SupportsOpenGL())
        window.Finalize()
    # OSMesa is what is left when nothing else works; VTK takes it for granted
    if not works or (name == "vtkOSOpenGLRenderWindow" and find_library("OSMesa") is None):
        raise TwinError(_CANNOT_DRAW)
    return name


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
