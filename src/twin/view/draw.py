"""Pictures of a results folder: its options, coloured by one of its indicators."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError, nearest
from twin.results.model import OptionResult, Results
from twin.units import pretty
from twin.view.around import near
from twin.view.classes import NETWORK_SCALES
from twin.view.layers import SKINS
from twin.view.scene import Pane, city_scene, compare_scenes, save_picture

if TYPE_CHECKING:
    import pyvista

__all__ = ["Words", "draw_options", "scene_of", "show"]

_SKIN_COLOURS = "inferno"  # the brighter, the more: what single faces have is sun


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


@dataclass(frozen=True, slots=True)
class Words:
    """What a picture says in place of what the results do.

    Attributes
    ----------
    title
        First line of the picture; the scenario's title if None.
    meaning
        What the colours stand for, without the unit; the indicator's title if None.
    notes
        By option what is written below its name; its value for the quarter where there is none.
    """

    title: str | None = None
    meaning: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


def show(
    results: Results,
    indicator: str | None = None,
    option: str | Sequence[str] | None = None,
    output: Path | None = None,
    **look: Any,
) -> None:
    """Open a window on a results folder, or write a picture if ``output`` is given; arguments as for `scene_of`."""
    plotter = scene_of(results, indicator, option, off_screen=output is not None, **look)
    if output is None:
        plotter.show()
    else:
        save_picture(plotter, output)


def scene_of(
    results: Results,
    indicator: str | None = None,
    option: str | Sequence[str] | None = None,
    off_screen: bool = True,
    around: tuple[str, float] | None = None,
    words: Words = Words(),
    **look: Any,
) -> pyvista.Plotter:
    """Return the scene of one option, or of several side by side.

    Parameters
    ----------
    indicator
        Id of the indicator that gives the colours; the scenario's ``picture`` if None.
    option
        Name of the only option to draw, or of some of them; all if None.
    around
        Id of something that is drawn in any option, and how far from its middle the picture reaches, m; all of the
        city if None.
    look
        ``size``, ``clim`` and ``cmap`` as for `twin.view.scene.compare_scenes`. Without the last two, loadings and
        voltages of a network have classes that are the same in every picture.

    Raises
    ------
    TwinError
        If there is no such indicator, option or thing to look around, if there are no values to draw, or this machine
        cannot draw.
    """
    shown = _indicator(results, indicator)
    of_network, of_skin = _of_network(results.options, shown["level"]), shown["level"] in SKINS
    panes = _panes(results, option, shown, around, words)
    scale = NETWORK_SCALES.get(shown["unit"]) if of_network and not look.keys() & {"clim", "cmap"} else None
    look = {"cmap": _SKIN_COLOURS, **look} if of_skin else look
    heading, meaning = words.title or results.title, words.meaning or shown["title"]
    legend = f"{meaning}\n{scale.meaning if scale else _written(shown['unit'])}"
    if len(panes) == 1:
        (pane,) = panes
        option_name, *rest = pane.title.split("\n")
        title = f"{heading}\n{' · '.join([option_name, meaning, *rest])}"
        look |= {"scale": scale, "level": pane.level}
        return city_scene(pane.layers, pane.values, title, legend, off_screen=off_screen, **look)
    title = f"{heading}\n{meaning}"
    title += "" if of_network or of_skin else f" of each {shown['level']}"
    return compare_scenes(panes, title, legend, off_screen=off_screen, scale=scale, **look)


def _panes(
    results: Results,
    option: str | Sequence[str] | None,
    shown: Mapping[str, Any],
    around: tuple[str, float] | None,
    words: Words,
) -> list[Pane]:
    """Return what is to be drawn of every option wanted."""
    wanted = [option] if isinstance(option, str) else option or [one.name for one in results.options]
    chosen = [results.option(name) for name in wanted]
    of_network = _of_network(results.options, shown["level"])
    panes = [_pane(one, shown, of_network, words.notes.get(one.name)) for one in chosen]
    if not any(pane.values for pane in panes):
        raise TwinError(Problem(f"indicator {shown['id']} has no values per {shown['level']} to draw", results.folder))
    if around is None:
        return panes
    place = _place(results, around[0])
    return [replace(pane, layers=near(pane.layers, place, around[1])) for pane in panes]


def _place(results: Results, entity: str) -> NDArray[np.float64]:
    """Return the middle of something in plan, m, from the first option and layer that has it."""
    known = [layer for option in results.options for layer in option.layers]
    for layer in known:
        if entity in layer.ids:
            rows = slice(*layer.offsets[list(layer.ids).index(entity) :][:2])
            return np.asarray(layer.coordinates[rows, :2].mean(axis=0))
    guess = nearest(entity, {name for layer in known for name in layer.ids})
    raise TwinError(Problem(f"there is no {entity!r} to look around", results.folder, suggestion=guess))


def _of_network(options: Sequence[OptionResult], level: str) -> bool:
    """Return whether entities of a level are drawn as lines or points."""
    kinds = {layer.kind for option in options for layer in option.layers if layer.entity == level}
    return bool(kinds) and "triangles" not in kinds


def _pane(option: OptionResult, indicator: Mapping[str, Any], of_network: bool, note: str | None) -> Pane:
    values = option.by_entity(indicator["id"], indicator["level"])
    title = option.name
    moment = option.moments.get(indicator["id"])
    if moment is not None:
        time = datetime.fromisoformat(moment)
        title += f"\nworst moment: {time.day} {time:%b %Y, %H:%M} UTC"
    if note is None:
        note = _whole(option, indicator, values if moment or of_network else {})
    return Pane(f"{title}\n{note}" if note else title, option.layers, values, indicator["level"])


def _whole(option: OptionResult, indicator: Mapping[str, Any], values: Mapping[str, float]) -> str | None:
    """Return the quarter's value in words: that it is the highest or lowest of some values, where it is."""
    whole = option.total(indicator["id"])
    if whole is None:
        return None
    value, unit = pretty(whole, indicator["unit"])
    written = f"{value:,.{_decimals(value)}f} {_written(unit)}"
    extreme = _extreme(whole, values.values())
    if extreme:
        return f"{extreme} {written}"
    return f"{written} {'on average ' if indicator['level'] in SKINS else ''}in the whole quarter"


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
    """Return the indicator asked for, else the scenario's, else the first headline that has values per entity."""
    known = {indicator["id"]: indicator for indicator in results.indicators}
    name = wanted or results.picture
    if name is None:
        order = sorted(known, key=lambda i: not known[i].get("headline", False))
        name = next((i for i in order if _has_entities(results.options, i)), None)
    if name not in known:
        found = f"no indicator {name!r}" if name else "no indicator has values per entity"
        guess = nearest(name, known) if name else None
        raise TwinError(Problem(found, results.folder, expected=", ".join(known), suggestion=guess))
    return known[name]


def _has_entities(options: Sequence[OptionResult], indicator: str) -> bool:
    return any(v.indicator == indicator and v.level != "quarter" for option in options for v in option.values)
