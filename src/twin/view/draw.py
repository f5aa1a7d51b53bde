"""Pictures of a results folder: its options, coloured by one of its indicators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import Problem, TwinError, nearest
from twin.results.model import OptionResult, Results
from twin.units import pretty
from twin.view.scene import Pane, city_scene, compare_scenes, save_picture

if TYPE_CHECKING:
    import pyvista

__all__ = ["draw_options", "scene_of", "show"]


def draw_options(results: Results, folder: str | Path) -> Path:
    """Write one picture of all options by the scenario's ``picture`` indicator; return its path.

    Raises
    ------
    TwinError
        If no indicator has values that can be drawn, or this machine cannot draw.
    """
    indicator = _indicator(results, None)
    path = Path(folder) / f"{indicator['id']}.png"
    save_picture(scene_of(results, indicator["id"]), path)
    return path


def show(results: Results, indicator: str | None = None, option: str | None = None, output: Path | None = None) -> None:
    """Open a window on a results folder, or write a picture if ``output`` is given; arguments as for `scene_of`."""
    plotter = scene_of(results, indicator, option, off_screen=output is not None)
    if output is None:
        plotter.show()
    else:
        save_picture(plotter, output)


def scene_of(
    results: Results, indicator: str | None = None, option: str | None = None, off_screen: bool = True, **look: Any
) -> pyvista.Plotter:
    """Return the scene of one option, or of all side by side.

    Parameters
    ----------
    indicator
        Id of the indicator that gives the colours; the scenario's ``picture`` if None.
    option
        Name of the only option to draw.
    look
        ``size``, ``clim`` and ``cmap`` as for `twin.view.scene.compare_scenes`.

    Raises
    ------
    TwinError
        If there is no such indicator or option, it has no values to draw, or this machine cannot draw.
    """
    shown = _indicator(results, indicator)
    panes = [_pane(one, shown) for one in ([results.option(option)] if option else results.options)]
    if not any(pane.values for pane in panes):
        raise TwinError(Problem(f"indicator {shown['id']} has no values per {shown['level']} to draw", results.folder))
    legend = f"{shown['title']}\n{_written(shown['unit'])}"
    if len(panes) == 1:
        (pane,) = panes
        option_name, *whole = pane.title.split("\n")
        title = f"{results.title}\n{' · '.join([option_name, shown['title'], *whole])}"
        return city_scene(pane.layers, pane.values, title, legend, off_screen=off_screen, **look)
    title = f"{results.title}\n{shown['title']} of each {shown['level']}"
    return compare_scenes(panes, title, legend, off_screen=off_screen, **look)


def _pane(option: OptionResult, indicator: Mapping[str, Any]) -> Pane:
    whole = next((v for v in option.values if v.level == "quarter" and v.indicator == indicator["id"]), None)
    title = option.name
    if whole is not None:
        value, unit = pretty(whole.value, whole.unit)
        title += f"\n{value:,.{_decimals(value)}f} {_written(unit)} in the whole quarter"
    return Pane(title, option.layers, option.by_entity(indicator["id"], indicator["level"]))


def _decimals(value: float) -> int:
    """Return how many decimals leave about three digits."""
    return 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2


def _written(unit: str) -> str:
    """Return a unit as it is printed: kWh/m² for kWh/m2."""
    return unit.replace("m2", "m²").replace("m3", "m³").replace("CO2", "CO₂")


def _indicator(results: Results, wanted: str | None) -> Mapping[str, Any]:
    """Return the indicator asked for, else the scenario's, else the first that has values per entity."""
    known = {indicator["id"]: indicator for indicator in results.indicators}
    name = wanted or results.picture
    if name is None:
        name = next((i for i in known if _has_entities(results.options, i)), None)
    if name not in known:
        found = f"no indicator {name!r}" if name else "no indicator has values per entity"
        guess = nearest(name, known) if name else None
        raise TwinError(Problem(found, results.folder, expected=", ".join(known), suggestion=guess))
    return known[name]


def _has_entities(options: Sequence[OptionResult], indicator: str) -> bool:
    return any(v.indicator == indicator and v.level != "quarter" for option in options for v in option.values)
