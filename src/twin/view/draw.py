"""Pictures of a results folder: its options, coloured by one of its indicators."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import Problem, TwinError, nearest
from twin.results.model import OptionResult, Results
from twin.units import pretty
from twin.view.classes import NETWORK_SCALES
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
        ``size``, ``clim`` and ``cmap`` as for `twin.view.scene.compare_scenes`. Without the last two, loadings and
        voltages of a network have classes that are the same in every picture.

    Raises
    ------
    TwinError
        If there is no such indicator or option, it has no values to draw, or this machine cannot draw.
    """
    shown = _indicator(results, indicator)
    of_network = _of_network(results.options, shown["level"])
    chosen = [results.option(option)] if option else results.options
    panes = [_pane(one, shown, of_network) for one in chosen]
    if not any(pane.values for pane in panes):
        raise TwinError(Problem(f"indicator {shown['id']} has no values per {shown['level']} to draw", results.folder))
    scale = NETWORK_SCALES.get(shown["unit"]) if of_network and not look.keys() & {"clim", "cmap"} else None
    legend = f"{shown['title']}\n{scale.meaning if scale else _written(shown['unit'])}"
    if len(panes) == 1:
        (pane,) = panes
        option_name, *whole = pane.title.split("\n")
        title = f"{results.title}\n{' · '.join([option_name, shown['title'], *whole])}"
        look |= {"scale": scale, "level": pane.level}
        return city_scene(pane.layers, pane.values, title, legend, off_screen=off_screen, **look)
    title = f"{results.title}\n{shown['title']}"
    title += "" if of_network else f" of each {shown['level']}"
    return compare_scenes(panes, title, legend, off_screen=off_screen, scale=scale, **look)


def _of_network(options: Sequence[OptionResult], level: str) -> bool:
    """Return whether entities of a level are drawn as lines or points."""
    kinds = {layer.kind for option in options for layer in option.layers if layer.entity == level}
    return bool(kinds) and "triangles" not in kinds


def _pane(option: OptionResult, indicator: Mapping[str, Any], of_network: bool) -> Pane:
    values = option.by_entity(indicator["id"], indicator["level"])
    whole = option.total(indicator["id"])
    moment = option.moments.get(indicator["id"])
    title = option.name
    if moment is not None:
        time = datetime.fromisoformat(moment)
        title += f"\nworst moment: {time.day} {time:%b %Y, %H:%M} UTC"
    if whole is not None:
        value, unit = pretty(whole, indicator["unit"])
        written = f"{value:,.{_decimals(value)}f} {_written(unit)}"
        extreme = _extreme(whole, values.values()) if moment or of_network else None
        title += f"\n{extreme} {written}" if extreme else f"\n{written} in the whole quarter"
    return Pane(title, option.layers, values, indicator["level"])


def _extreme(whole: float, values: Iterable[float]) -> str | None:
    """Return whether the quarter's value is that of the entity that stands out, in a word."""
    known = [v for v in values if math.isfinite(v)]
    words = (("highest", max), ("lowest", min))
    return next((word for word, end in words if known and math.isclose(whole, end(known))), None)


def _decimals(value: float) -> int:
    """Return how many decimals leave about three digits."""
    return 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2


def _written(unit: str) -> str:
    """Return a unit as it is printed: kWh/m² for kWh/m2, % for pct."""
    return "%" if unit == "pct" else unit.replace("m2", "m²").replace("m3", "m³").replace("CO2", "CO₂")


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
