"""What the commands of an OpenDSS script do: elements with their assignments, options, coordinates."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from twin.errors import Problem, Problems, nearest
from twin.grid.formats.opendss_elements import Place
from twin.grid.formats.opendss_item import YES, Assignment, Item
from twin.grid.formats.opendss_properties import CLASSES, IGNORED_CLASSES
from twin.grid.formats.opendss_script import Command, Value

__all__ = ["Script"]

# Commands that solve, show or prepare; the grid is the same without them
_WITHOUT_EFFECT = (
    *("solve", "calcvoltagebases", "calcv", "show", "plot", "export", "summary", "visualize", "help", "about", "?"),
    *("interpolate", "makebuslist", "buildy", "reset", "sample", "save", "select", "dump", "get", "losses", "totals"),
    *("closedi", "di_plot", "uuids", "guids", "setbusxy", "addbusmarker", "clearbusmarkers", "currents", "voltages"),
    *("powers", "panel", "quit", "cleanup", "latlongcoords", "giscoords", "fileedit", "init", "cktlosses", "wait"),
)
_WITH_EFFECT = (
    *("new", "edit", "more", "m", "~", "set", "clear", "clearall", "open", "close", "enable", "disable"),
    *("buscoords", "setkvbase", "batchedit", "redirect", "compile"),
)
_REFUSED_OPTIONS = ("loadmodel", "allocationfactors", "cktmodel", "neglectloady", "longlinecorrection")
_PLACED = ("bus", "bus1", "bus2", "buses")  # what "like" does not copy
_FREQUENCY_HZ = 60.0  # the engine's own, unless a script sets another


class Script:
    """The state that commands change.

    Attributes
    ----------
    items
        Elements by class and name, in the order in which they are made.
    notes
        What is left out.
    begun
        Where the circuit is made; None before.
    frequency_hz, load_mult, voltage_bases
        Options; voltages between phases, V.
    base_v
        Nominal voltage to ground of buses that have one by command, V.
    opened
        Which ends of lines are open.
    """

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.notes: list[Problem] = []
        self.items: dict[tuple[str, str], Item] = {}
        self.active: Item | None = None
        self.begun: Place | None = None
        self.name = ""
        self.frequency_hz = _FREQUENCY_HZ
        self.load_mult = 1.0
        self.voltage_bases: tuple[float, ...] = ()
        self.base_v: dict[str, float] = {}
        self.position: dict[str, tuple[float, float]] = {}
        self.opened: dict[str, tuple[bool, bool]] = {}
        self.edits = 0

    def run(self, command: Command) -> None:
        """Do what a command says."""
        verb, parameters = command.verb, list(command.parameters)
        self.edits += 1
        if verb == "new":
            self._new(command)
        elif verb in ("~", "more", "m"):
            self._assign(command, self.active, parameters)
        elif verb == "edit":
            self._assign(command, self._named(command), parameters[1:])
        elif verb == "batchedit":
            self._assign_to_all(command)
        elif verb == "" and parameters[0][0] and "." in parameters[0][0]:
            self._assign_directly(command)
        elif verb == "set":
            self._set(command)
        elif verb in ("clear", "clearall"):
            if self.begun:
                self._refuse(command, "clear forgets the circuit of this script", "one circuit")
        elif verb in ("open", "close"):
            self._switch(command)
        elif verb in ("enable", "disable"):
            if (item := self._named(command)) is not None:
                item.enabled = verb == "enable"
        elif verb == "buscoords":
            self._coordinates(command)
        elif verb == "setkvbase":
            self._base(command)
        elif verb in _WITHOUT_EFFECT:
            self.note(command.place, f"the command {verb} is left out")
        else:
            near = nearest(verb, (*_WITH_EFFECT, *_WITHOUT_EFFECT))
            self._refuse(command, f"the command {verb or parameters[0][0]!r} is not understood", near=near)

    def _refuse(self, command: Command, what: str, expected: str | None = None, near: str | None = None) -> None:
        self.problems.add(what, command.place.where, expected, near, command.place.file)

    def note(self, place: Place, what: str) -> None:
        """Note that something is left out."""
        self.notes.append(Problem(what, place.file, place.where))

    # --- elements

    def _new(self, command: Command) -> None:
        if not command.parameters:
            self._refuse(command, "new names no element", "such as line.one")
            return
        kind, _, name = command.parameters[0][1].word.partition(".")
        self.active = None
        if kind == "circuit":
            self.begun, self.name = command.place, name
            kind, name = "vsource", "source"
        if kind in IGNORED_CLASSES:
            self.note(command.place, f"{kind} {name} is left out")
            self.active = Item("ignored", name, command.place, self.problems)
            return
        if kind not in CLASSES:
            near = nearest(kind, (*CLASSES, *IGNORED_CLASSES))
            self._refuse(command, f"elements of class {kind!r} are not read", near=near)
            self.active = Item("ignored", name, command.place, self.problems)
            return
        if (kind, name) in self.items:
            self._refuse(command, f"{kind} {name} is there already, from line {self.items[kind, name].place.where}")
        item = self.items[kind, name] = Item(kind, name, command.place, self.problems)
        self._assign(command, item, list(command.parameters[1:]))

    def _named(self, command: Command) -> Item | None:
        if not command.parameters:
            self._refuse(command, f"{command.verb} names no element", "such as line.one")
            return None
        return self._find(command, command.parameters[0][1].word)

    def _find(self, command: Command, full: str) -> Item | None:
        kind, _, name = full.partition(".")
        if kind == "circuit":
            kind, name = "vsource", "source"
        if (kind, name) in self.items:
            return self.items[kind, name]
        if kind in IGNORED_CLASSES:
            return Item("ignored", name, command.place, self.problems)
        self._refuse(command, f"there is no {full}", near=nearest(full, [".".join(key) for key in self.items]))
        return None

    def _assign_to_all(self, command: Command) -> None:
        """Take ``load..* daily=one``: behind the class and a dot stands a pattern of names."""
        kind, _, pattern = (command.parameters[0][1].word if command.parameters else "").partition(".")
        try:
            matches = re.compile(pattern).search
        except re.error:
            self._refuse(command, f"{pattern!r} is no pattern of names", "a regular expression")
            return
        for item in [item for (of, name), item in self.items.items() if of == kind and matches(name)]:
            self._assign(command, item, list(command.parameters[1:]))

    def _assign_directly(self, command: Command) -> None:
        """Take ``line.one.length=3``: element and property in one word, others may follow."""
        (full, value), *rest = command.parameters
        target, _, name = (full or "").rpartition(".")
        self._assign(command, self._find(command, target), [(name, value), *rest])

    def _assign(self, command: Command, item: Item | None, parameters: list[tuple[str | None, Value]]) -> None:
        if item is None or item.kind == "ignored":
            if item is None and command.verb in ("~", "more", "m"):
                self._refuse(command, "there is no element before it to go on with")
            return
        self.active = item
        properties, after = CLASSES[item.kind], -1
        for given, value in parameters:
            name = properties.order[after + 1] if given is None and after + 1 < len(properties.order) else given
            found = properties.find(name) if name is not None else None
            if found is None:
                near = nearest(name or "", properties.order)
                item.refuse(f"has no property {name or value.text!r}", value.place, near=near)
                continue
            after = properties.order.index(found)
            if found in properties.refused:
                item.refuse(f"the property {found} is not read", value.place)
            elif found in properties.ignored and found != "basefreq":
                self.note(value.place, f"{item.kind} {item.name}: the property {found} is left out")
            else:
                self._take(item, Assignment(found, value, self.edits))
        if item.kind == "regcontrol":
            self._tap_number(item)

    def _take(self, item: Item, one: Assignment) -> None:
        if one.name == "enabled":
            item.enabled = item.choice(one, YES, True)
        elif one.name == "basefreq":
            if item.number(one) != self.frequency_hz:
                item.refuse(f"basefreq is {one.value.text}", one.value.place, f"the circuit's, {self.frequency_hz:g}")
        elif one.name == "like":
            other = self.items.get((item.kind, one.value.word))
            if other is None:
                item.refuse(f"there is no {item.kind} {one.value.word!r}", one.value.place)
            else:
                item.assignments += [a for a in other.assignments if a.name not in _PLACED]
        else:
            item.assignments.append(one)

    def _tap_number(self, control: Item) -> None:
        """Hand on to its transformer the tap that a control was given in this edit."""
        given = {one.name: one for one in control.assignments}
        number = given.get("tapnum")
        if number is None or number.edit != self.edits or "transformer" not in given:
            return
        name = given["transformer"].value.word
        winding = given.get("tapwinding") or given.get("winding")
        target = self.items.get(("transformer", name))
        if target is None:
            control.refuse(f"there is no transformer {name!r}", number.value.place)
            return
        text = f"{control.count(winding) if winding else 1} {control.number(number):g}"
        target.assignments.append(Assignment("tapnum", replace(number.value, text=text), self.edits))

    # --- settings

    def _set(self, command: Command) -> None:
        for name, value in command.parameters:
            option = Item("option", name or "", command.place, self.problems)
            one = Assignment(name or "", value, self.edits)
            if name in ("defaultbasefrequency", "basefrequency", "frequency"):
                self.frequency_hz = option.number(one, positive=True)
            elif name == "loadmult":
                self.load_mult = option.number(one)
            elif name == "voltagebases":
                bases = option.get(one, value.numbers, np.zeros(0), "numbers in kV")
                self.voltage_bases = tuple(float(v) * 1e3 for v in bases if v > 0)
            elif name in _REFUSED_OPTIONS:
                option.refuse("is not read", value.place)
            else:
                self.note(value.place, f"the option {name or value.text} is left out")

    def _switch(self, command: Command) -> None:
        item = self._named(command)
        rest = command.parameters[1:]
        if item is None:
            return
        terminal = next((v for n, v in rest if n is None or n.startswith("t")), None)
        conductor = next((v for n, v in rest if n is not None and n.startswith("c")), None)
        number = item.number(Assignment("term", terminal, self.edits)) if terminal else 1.0
        if item.kind != "line" or number not in (1.0, 2.0) or conductor is not None:
            item.refuse(
                f"cannot be {command.verb}ed like that", command.place, "all conductors at end 1 or 2 of a line"
            )
            return
        ends = list(self.opened.get(item.name, (False, False)))
        ends[int(number) - 1] = command.verb == "open"
        self.opened[item.name] = (ends[0], ends[1])

    def _coordinates(self, command: Command) -> None:
        if not command.parameters:
            self._refuse(command, "buscoords names no file")
            return
        path = command.parameters[0][1].path()
        try:
            lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        except OSError as error:
            self._refuse(command, f"{path} cannot be read: {error.strerror or error}")
            return
        for number, row in enumerate(lines, start=1):
            cells = row.replace(",", " ").split()
            if not cells or cells[0].startswith(("!", "//")):
                continue
            try:
                self.position[cells[0].strip('"').lower()] = float(cells[1]), float(cells[2])
            except (ValueError, IndexError):
                self.problems.add(f"is {row.strip()!r}", str(number), "a bus and its two coordinates", file=path)

    def _base(self, command: Command) -> None:
        given = {name or "bus": value for name, value in command.parameters}
        key = next((key for key in ("kvln", "kvll") if key in given), None)
        if key is None or "bus" not in given:
            self._refuse(command, "setkvbase is not understood", "a bus and kvll or kvln")
            return
        option = Item("option", "setkvbase", command.place, self.problems)
        volts = option.number(Assignment(key, given[key], self.edits), positive=True) * 1e3
        self.base_v[given["bus"].word] = volts if key == "kvln" else volts / float(np.sqrt(3))
