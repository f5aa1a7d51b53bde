"""Transformers of an OpenDSS script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from twin.errors import nearest
from twin.grid.formats.opendss_elements import Terminal, Transformer, Winding
from twin.grid.formats.opendss_item import DELTA, Assignment, Item

__all__ = ["transformer"]


@dataclass(slots=True)
class _WindingState:
    at: Terminal | None = None
    kv: float = 12.47
    kva: float = 1000.0
    delta: bool = False
    tap: float = 1.0
    r_pct: float = 0.2
    max_tap: float = 1.1
    min_tap: float = 0.9
    taps: int = 32

    def at_position(self, number: float) -> float:
        """Return the ratio of a tap counted from the middle."""
        return (self.max_tap + self.min_tap) / 2 + number * (self.max_tap - self.min_tap) / self.taps


_ARRAYS = {"buses": "bus", "conns": "conn", "kvs": "kv", "kvas": "kva", "taps": "tap", "%rs": "%r"}


class _TransformerState:
    """A transformer while its properties are read; one winding is the active one."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.phases, self.x_pct, self.active = 3, 7.0, 0
        self.windings = [_WindingState(), _WindingState()]
        self.no_load = self.magnetizing = 0.0
        self.leads, self.ppm = False, 1.0

    def assign(self, one: Assignment) -> None:
        item, name = self.item, one.name
        if name == "phases":
            self.phases = item.count(one)
        elif name == "windings":
            self.windings = [_WindingState() for _ in range(min(item.count(one), 9))]
            self.active = 0
        elif name == "wdg":
            self._activate(one, item.count(one))
        elif name in _ARRAYS:
            words = one.value.words()
            for k, word in enumerate(words):
                self._activate(one, k + 1)
                self._set(_ARRAYS[name], Assignment(name, replace(one.value, text=word), one.edit), alone=True)
        elif name in ("xhl", "x12"):
            self.x_pct = item.number(one)
        elif name == "%loadloss":
            for winding in self.windings[:2]:
                winding.r_pct = item.number(one) / 2
        elif name == "%noloadloss":
            self.no_load = item.number(one)
        elif name == "%imag":
            self.magnetizing = item.number(one)
        elif name == "ppm_antifloat":
            self.ppm = item.number(one)
        elif name == "leadlag":
            self.leads = item.choice(one, {"lag": False, "ansi": False, "lead": True, "euro": True}, False)
        elif name == "tapnum":
            winding, position = one.value.numbers()
            if 1 <= winding <= len(self.windings):
                state = self.windings[int(winding) - 1]
                state.tap = state.at_position(float(position))
        else:
            self._set(name, one)

    def _activate(self, one: Assignment, number: int) -> None:
        if number > len(self.windings):
            self.item.refuse(f"{one.name} names winding {number}", one.value.place, f"1 to {len(self.windings)}")
            return
        self.active = number - 1

    def _set(self, name: str, one: Assignment, alone: bool = False) -> None:
        winding, item = self.windings[self.active], self.item
        if name == "bus":
            winding.at = item.terminal(one)
        elif name == "conn":
            winding.delta = item.choice(one, DELTA, False)
        elif name == "kv":
            winding.kv = item.number(one, positive=True)
        elif name == "kva":
            for other in [winding] if alone else self.windings:  # one for all, unless they come as an array
                other.kva = item.number(one, positive=True)
        elif name == "tap":
            winding.tap = item.number(one, positive=True)
        elif name == "%r":
            winding.r_pct = item.number(one)
        elif name == "maxtap":
            winding.max_tap = item.number(one, positive=True)
        elif name == "mintap":
            winding.min_tap = item.number(one, positive=True)
        elif name == "numtaps":
            winding.taps = item.count(one)


def transformer(item: Item, codes: Mapping[str, Item], regulates: bool) -> Transformer | None:
    """Return a transformer; ``codes`` are the items of transformer codes."""
    state = _TransformerState(item)
    for one in item.assignments:
        if one.name == "xfmrcode":
            if one.value.word not in codes:
                near = nearest(one.value.word, codes)
                item.refuse(f"there is no transformer code {one.value.word!r}", one.value.place, near=near)
                return None
            for other in codes[one.value.word].assignments:
                state.assign(other)
        else:
            state.assign(one)
    if any(winding.at is None for winding in state.windings):
        item.refuse("has a winding without a bus", expected=f"{len(state.windings)} buses")
        return None
    windings = [
        Winding(w.at, w.kv * 1e3, w.kva * 1e3, w.delta, w.r_pct, w.tap) for w in state.windings if w.at is not None
    ]
    return Transformer(
        name=item.name,
        place=item.place,
        phases=state.phases,
        windings=tuple(windings),
        x_pct=state.x_pct,
        no_load_loss_pct=state.no_load,
        magnetizing_pct=state.magnetizing,
        low_side_leads=state.leads,
        anti_float_ppm=state.ppm,
        regulates=regulates,
    )
