"""Files of BESTEST cases: each case from its base, checked key by key, into what a building model is made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.errors import nearest
from twin.validation.bestest.content import CHATTER, ORIENTATIONS, load
from twin.validation.bestest.schedules import Fan, NotUnderstoodError, as_number, daily, off, read_fan, read_setback

__all__ = ["Case", "CaseFile", "read_cases"]


@dataclass(frozen=True)
class Case:
    """One case, all inheritance done.

    Attributes
    ----------
    windows
        Area of glass by orientation, m2.
    panels
        Whether the windows are opaque panels that conduct like them.
    heating_degc, cooling_degc
        Set points of the 24 hours of a day; NaN while off.
    fan
        Ventilation by fan at some hours, or None.
    radiant_share
        Of the internal gains.
    """

    name: str
    construction: str = "light"
    insulation: str | None = None
    glazing: str = ""
    windows: Mapping[str, float] = field(default_factory=dict)
    panels: bool = False
    overhang: Mapping[str, float] | None = None
    fins: Mapping[str, float] | None = None
    heating_degc: tuple[float, ...] = ()
    cooling_degc: tuple[float, ...] = ()
    fan: Fan | None = None
    internal_gains_w: float = 0.0
    radiant_share: float = 0.5
    infiltration_ach: float = 0.0
    exterior_solar_absorptance: float = 0.6
    interior_solar_absorptance: float = 0.6
    exterior_ir_emissivity: float = 0.9
    interior_ir_emissivity: float = 0.9
    ground_reflectance: float = 0.2


@dataclass(frozen=True)
class CaseFile:
    """A file of cases: what all have in common, constructions and glazings, the cases, and what was not understood.

    ``not_understood`` holds, by case, what stands in the way.
    """

    path: Path
    common: Mapping[str, Any]
    constructions: Mapping[str, Any]
    glazings: Mapping[str, Any]
    cases: Mapping[str, Case]
    not_understood: Mapping[str, str]


def read_cases(path: Path) -> CaseFile:
    """Read a file of cases.

    A case that says something we do not understand is left out and stands in ``not_understood``, with what depends on
    it; it is never run as something else.

    Raises
    ------
    TwinError
        If the file is no JSON, lacks a section, or a case names a base that is not there.
    """
    content = load(path)
    stated: dict[str, dict[str, Any]] = content["cases"]
    cases: dict[str, Case] = {}
    odd: dict[str, str] = {}
    for name in stated:
        try:
            cases[name] = _case(name, _lineage(name, stated), content)
        except NotUnderstoodError as reason:
            odd[name] = f"/cases/{name}: {reason}"
    return CaseFile(path, content["common"], content["constructions"], content["glazing"], cases, odd)


def _lineage(name: str, stated: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the case and its bases, the farthest first."""
    line = [stated[name]]
    while "base" in line[0]:
        line.insert(0, stated[line[0]["base"]])
    return line


def _case(name: str, line: list[dict[str, Any]], content: Mapping[str, Any]) -> Case:
    """Take the common values, then what each of the line says, the base first."""
    reader = _Reader(content)
    for case in line:
        reader.take(case)
    return reader.case(name)


class _Reader:
    """What is known of a case so far."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        common = content["common"]
        self.content = content
        self.values: dict[str, Any] = {"ground_reflectance": as_number(common.get("ground_reflectance", 0.2))}
        for name, value in common.get("surface", {}).items():
            if name in Case.__dataclass_fields__:
                self.values[name] = as_number(value)
        thermostat = common.get("thermostat", {})
        self.heating, self.cooling = thermostat.get("heating_C", 20.0), thermostat.get("cooling_C", 27.0)
        self.setback: dict[int, float] = {}
        self.free = False
        stated = common.get("internal_gains_W", {})
        self.radiant = stated.get("radiative_fraction", 0.5) if isinstance(stated, dict) else 0.5
        self.gains, self.ach = common.get("internal_gains_W", 0.0), common.get("infiltration_ach", 0.0)
        self.orientations, self.area, self.kind = ["S"], 12.0, "glass"
        self.areas: dict[str, float] = {}

    def take(self, case: Mapping[str, Any]) -> None:
        """Overwrite with what one case says.

        Raises
        ------
        NotUnderstoodError
            For a key or a value that is not known.
        """
        fan_here = False
        for key, value in case.items():
            known = _known(key)
            if known in CHATTER:
                continue
            setter = getattr(self, f"_{known}", None)
            if setter is not None:
                setter(value)
            elif known in Case.__dataclass_fields__ and known in self.values:
                self.values[known] = as_number(value)
            else:
                close = nearest(known, [n[1:] for n in dir(self) if n[0] == "_" and n[1] != "_"])
                raise NotUnderstoodError(f"unknown key {key!r}" + (f"; did you mean {close!r}?" if close else ""))
            fan_here = fan_here or known == "night_ventilation"
        if fan_here and "heating" not in {_known(key) for key in case}:
            self.heating = None  # ASHRAE 140, cases 650 and 950: a case of night ventilation is one without heating

    def case(self, name: str) -> Case:
        """Return the case."""
        nan = float("nan")
        heating = list(daily(None if self.free else self.heating))
        cooling = list(daily(None if self.free else self.cooling))
        for hour, value in self.setback.items():
            heating[hour] = nan if heating[hour] != heating[hour] else value
        fan: Fan | None = self.values.get("fan")
        for hour in fan.hours if fan else ():
            cooling[hour] = nan
        gains = self.gains if isinstance(self.gains, dict) else {"total": self.gains}
        return Case(
            name=name,
            **self.values,
            windows=self._window_areas(),
            panels=self.kind == "panels",
            heating_degc=tuple(heating),
            cooling_degc=tuple(cooling),
            internal_gains_w=as_number(gains.get("total", 0.0)),
            radiant_share=as_number(gains.get("radiative_fraction", self.radiant)),
            infiltration_ach=as_number(self.ach),
        )

    def _window_areas(self) -> dict[str, float]:
        if self.kind == "none":
            return {}
        return self.areas or {o: self.area / len(self.orientations) for o in self.orientations}

    def _construction(self, value: Any) -> None:
        self.values["construction"] = _one_of(value, self.content["constructions"], "construction")

    def _glazing(self, value: Any) -> None:
        self.values["glazing"] = _one_of(value, self.content["glazing"], "glazing")

    def _insulation(self, value: Any) -> None:
        plain = off(value) or str(value).lower() in ("standard", "normal", "base")
        self.values["insulation"] = (
            None if plain else _one_of(f"{value}_insulation", self.content["constructions"], "insulation")
        )

    def _window_orientation(self, value: Any) -> None:
        names = value if isinstance(value, list) else re.split(r"[,;/+&\s]+", str(value).strip())
        letters = [str(name).strip()[:1].upper() for name in names]
        if not letters or any(letter not in ORIENTATIONS for letter in letters):
            raise NotUnderstoodError(f"window orientation {value!r}; expected some of N, E, S, W")
        self.orientations, self.areas = letters, {}

    def _window_area_m2(self, value: Any) -> None:
        self.area, self.areas = as_number(value), {}

    def _windows(self, value: Any) -> None:
        if isinstance(value, dict):
            odd = ", ".join(sorted(set(value) - set(ORIENTATIONS)))
            if odd or not value:
                raise NotUnderstoodError(f"windows say {odd or 'nothing'}; expected m2 by some of N, E, S, W")
            self.kind, self.areas = "glass", {o: as_number(area) for o, area in value.items()}
            return
        text = "none" if value is None else str(value).lower()
        found = re.match(r"\s*([\d.]+)\s*m2\s+([nesw](?:\s*,\s*[nesw])*)\s+(\w+)", text)
        if text.startswith(("none", "no ")):
            self.kind = "none"
        elif "opaque" in text and "panel" in text:
            self.kind = "panels"
        elif found:
            self.kind, self.area = "glass", float(found[1])
            self._window_orientation(found[2].upper())
            self._glazing(found[3])
        else:
            raise NotUnderstoodError(
                f"windows {value!r}; expected such as 'none', 'opaque panels', '12 m2 S double_clear'"
            )

    def _overhang(self, value: Any) -> None:
        self.values["overhang"] = _measures(value, "overhang", {"depth_m", "above_window_top_m", "beyond_window_m"})

    def _fins(self, value: Any) -> None:
        self.values["fins"] = _measures(value, "fins", {"depth_m", "gap_m"})

    def _heating(self, value: Any) -> None:
        self.heating = value

    def _cooling(self, value: Any) -> None:
        self.cooling = value

    def _setback(self, value: Any) -> None:
        self.setback = {} if off(value) else read_setback(value)

    def _night_ventilation(self, value: Any) -> None:
        self.values["fan"] = None if off(value) else read_fan(value, self.content["common"])

    def _hvac(self, value: Any) -> None:
        text = str(value).lower()
        self.free = off(value) or "free" in text or text.startswith("none")
        if not self.free and text not in ("on", "ideal"):
            raise NotUnderstoodError(f"hvac {value!r}; expected 'none (free floating)' or 'ideal'")

    def _internal_gains(self, value: Any) -> None:
        self.gains = value

    def _infiltration_ach(self, value: Any) -> None:
        self.ach = value


_ALIASES = {
    "heating_c": "heating",
    "heating_degc": "heating",
    "heating_setpoint_c": "heating",
    "heating_set_point": "heating",
    "cooling_c": "cooling",
    "cooling_degc": "cooling",
    "cooling_setpoint_c": "cooling",
    "heating_setback": "setback",
    "night_setback": "setback",
    "thermostat_setback": "setback",
    "ventilation": "night_ventilation",
    "night_vent": "night_ventilation",
    "vent_fan": "night_ventilation",
    "fan": "night_ventilation",
    "internal_gains_w": "internal_gains",
    "infiltration": "infiltration_ach",
    "window_orientations": "window_orientation",
    "orientation": "window_orientation",
    "window": "windows",
    "albedo": "ground_reflectance",
    "shading_fins": "fins",
}


def _known(key: str) -> str:
    """Return our name of a key, however it is spelled."""
    plain = re.sub(r"[\s\-]+", "_", key.strip().lower())
    return _ALIASES.get(plain, plain)


def _one_of(value: Any, known: Mapping[str, Any], what: str) -> str:
    if str(value) not in known:
        raise NotUnderstoodError(f"{what} {value!r}; expected one of " + ", ".join(known))
    return str(value)


def _measures(value: Any, what: str, known: set[str]) -> dict[str, float] | None:
    """Return the measures of a shading device, None for none."""
    if off(value):
        return None
    if not isinstance(value, dict) or "depth_m" not in value:
        raise NotUnderstoodError(f"{what} {value!r}; expected an object with depth_m")
    odd = set(value) - known - CHATTER
    if odd:
        raise NotUnderstoodError(f"{what} says {', '.join(sorted(odd))}; known are {', '.join(sorted(known))}")
    return {key: as_number(number) for key, number in value.items() if key in known}
