"""Views: the layers of a results folder drawn in 3D, coloured by an indicator."""

from twin.results.model import DrawnLayer
from twin.view.scene import Pane, city_scene, compare_scenes, save_picture

__all__ = ["DrawnLayer", "Pane", "city_scene", "compare_scenes", "save_picture"]
