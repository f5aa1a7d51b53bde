"""A feeder in OpenDSS' terms as the tables of a grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from twin.errors import Problems
from twin.grid.formats.opendss_elements import Capacitor, Circuit, Line, Load, Place, Terminal, Transformer, Winding
from twin.grid.formats.opendss_voltages import nominal_voltages
from twin.grid.formats.opendss_windings import letters, lone_stars, pairs_of, vector_group
from twin.grid.model import COLUMNS, GRID_TABLES, ElectricGrid, make_table
from twin.table import GIVEN, MISSING, Table

__all__ = ["to_grid"]

_THREE = {1: "a", 2: "b", 3: "c"}
_SQRT3 = float(np.sqrt(3.0))
# 500 A through a line of this impedance change the voltage by half a millionth
_SWITCH_OHM_V = 1e-9
Rows = list[dict[str, Any]]


def to_grid(circuit: Circuit, problems: Problems) -> tuple[ElectricGrid, list[str]]:
    """Return the tables of a feeder, and by row of its loads the name of their shape.

    Elements that the tables cannot hold are added to ``problems`` and left out.

    Lines without any impedance to speak of become switches that join two buses. Loads and capacitors keep their
    impedance and current in ohm and ampere: their power is restated at the nominal voltage of their bus. No-load
    losses of a transformer become a shunt at its last winding, where OpenDSS has them.
    """
    writer = _Writer(circuit, problems)
    writer.write()
    tables = {name: _table(name, rows, problems) for name, rows in writer.rows.items()}
    return ElectricGrid(**tables, frequency_hz=circuit.frequency_hz), writer.shape_of


def _table(name: str, rows: Rows, problems: Problems) -> Table:
    """Return a table from its rows; cells that a row does not state are missing."""
    table = make_table(name, [row["id"] for row in rows], {})
    for column in COLUMNS[name].values():
        given = np.array([row.get(column.name) is not None for row in rows], dtype=bool)
        values = column.blank(len(rows))
        if given.any():
            values = values.astype(object)
            values[given] = [row[column.name] for row, here in zip(rows, given, strict=True) if here]
            values = np.array(values.tolist())
        elif column.name in _LEFT_OUT:
            continue
        with Problems(problems.file) as own:
            table = table.put(column, values, np.where(given, GIVEN, MISSING).astype(np.uint16))
            problems.found += own.found
    return table


_LEFT_OUT = ("x_m", "y_m", "z_m")  # positions are known of all buses or of none


class _Writer:
    """Collects the rows of all tables, element by element."""

    def __init__(self, circuit: Circuit, problems: Problems) -> None:
        self.circuit, self.problems = circuit, problems
        self.rows: dict[str, Rows] = {name: [] for name in GRID_TABLES}
        self.base_v = nominal_voltages(circuit)
        self.bus: dict[str, int] = {}
        self.nodes: dict[str, set[int]] = {}
        self.loaded: set[tuple[str, int]] = set()
        self.shape_of: list[str] = []

    def write(self) -> None:
        circuit = self.circuit
        for name in circuit.base_v:
            self._bus(name)
        self._sources()
        for transformer in lone_stars(circuit.transformers):
            self._transformer(transformer)
        for capacitor in circuit.capacitors:
            self._capacitor(capacitor)
        for load in circuit.loads:
            self._load(load)
        self._lines()
        self._buses()

    # --- buses and their nodes

    def _bus(self, name: str, nodes: Iterable[int] = ()) -> int:
        self.nodes.setdefault(name, set()).update(node for node in nodes if node)
        return self.bus.setdefault(name, len(self.bus))

    def _buses(self) -> None:
        for name in self.bus:
            x, y = self.circuit.position.get(name, (None, None))
            everywhere = len(self.circuit.position) >= len(self.bus)
            row = {"id": name, "v_nom_v": self.base_v[name] * _SQRT3}
            self.rows["bus"].append(row | ({"x_m": x, "y_m": y} if everywhere else {}))
            for node in sorted(self.nodes[name]):
                connects = (name, node) in self.loaded
                cells = {"bus": self.bus[name], "phase": node - 1, "connects": connects}
                self.rows["phase_node"].append({"id": f"{name}.{node}", **cells})

    def _refuse(self, what: str, place: Place, expected: str | None = None) -> None:
        self.problems.add(what, place.where, expected, file=place.file)

    def _phases(self, kind: str, name: str, place: Place, nodes: Sequence[int]) -> bool:
        """Whether the nodes are different phases; a problem is noted if not."""
        good = all(node in _THREE for node in nodes) and len(set(nodes)) == len(nodes)
        if not good:
            found = ".".join(str(node) for node in nodes)
            self._refuse(f"{kind} {name} joins the nodes {found}", place, "one, two or three of the phases 1, 2 and 3")
        return good

    # --- sources, lines, transformers

    def _sources(self) -> None:
        for source in self.circuit.sources:
            nodes = source.at.nodes(3, 3)
            if sorted(nodes) != [1, 2, 3] or list(nodes) != [1, 2, 3]:
                self._refuse(f"source {source.name} has not its phases at the nodes 1.2.3", source.place, "1.2.3")
                continue
            bus = self._bus(source.at.bus, nodes)
            v_nom = self.base_v[source.at.bus] * _SQRT3
            z1, z0 = source.z1_ohm, source.z0_ohm
            cells = {
                "bus": bus,
                "voltage_pu": source.voltage_pu * source.voltage_v / v_nom,
                "angle_deg": source.angle_deg,
                "short_circuit_va": v_nom**2 / abs(z1),
                "rx_ratio": z1.real / z1.imag,
                "z0_z1_ratio": abs(z0) / abs(z1),
                "rx0_ratio": z0.real / z0.imag,
            }
            self.rows["grid_source"].append({"id": source.name, **cells})

    def _lines(self) -> None:
        good = [line for line in self.circuit.lines if self._joins_phases(line)]
        for line in good:
            for end in line.ends:
                self._bus(end.bus, line.ends[0].nodes(len(line.r_ohm), len(line.r_ohm)))
        for line in good:
            if self._is_closed_switch(line):
                one, other = (self._bus(end.bus) for end in line.ends)
                cells = {"bus": one, "element_type": "bus", "element": other, "closed": True}
                self.rows["switch"].append({"id": line.name, **cells})
            else:
                self._line(line)

    def _joins_phases(self, line: Line) -> bool:
        n = len(line.r_ohm)
        near, far = (end.nodes(n, n) for end in line.ends)
        if near != far:
            what = f"line {line.name} joins the nodes {near} to {far}"
            self._refuse(what, line.place, "the same phases at both ends")
            return False
        return self._phases("line", line.name, line.place, near)

    def _is_closed_switch(self, line: Line) -> bool:
        """Whether a line is nothing but a switch that joins two buses with all of their phases.

        Impedances that small beside the others would leave rounding errors in all voltages.
        """
        one, other = (end.bus for end in line.ends)
        nodes = set(line.ends[0].nodes(len(line.r_ohm), len(line.r_ohm)))
        small = np.abs(line.r_ohm + 1j * line.x_ohm).max() < _SWITCH_OHM_V * self.base_v[one]
        alike = self.nodes[one] == self.nodes[other] == nodes and self.base_v[one] == self.base_v[other]
        return bool(small and alike and not any(line.open_ends) and one != other)

    def _line(self, line: Line) -> None:
        n = len(line.r_ohm)
        near = line.ends[0].nodes(n, n)
        row, ends = len(self.rows["line"]), [self._bus(end.bus) for end in line.ends]
        cells = {
            "from_bus": ends[0],
            "to_bus": ends[1],
            "type": line.code or None,
            "length_m": line.length_m,
            "parallel": 1,
            "max_current_a": line.max_current_a,
        }
        self.rows["line"].append({"id": line.name, **cells})
        for i in range(n):
            for j in range(i + 1):
                per_metre = {
                    "r_ohm_m": line.r_ohm[i, j] / line.length_m,
                    "x_ohm_m": line.x_ohm[i, j] / line.length_m,
                    "c_f_m": line.c_f[i, j] / line.length_m,
                }
                cells = {"line": row, "phase_a": near[i] - 1, "phase_b": near[j] - 1, **per_metre}
                self.rows["line_matrix"].append({"id": f"{line.name}.{near[i]}{near[j]}", **cells})
        for bus, is_open in zip(ends, line.open_ends, strict=True):
            if is_open:
                cells = {"bus": bus, "element_type": "line", "element": row, "closed": False}
                self.rows["switch"].append({"id": f"{line.name}.{len(self.rows['switch']) + 1}", **cells})

    def _transformer(self, transformer: Transformer) -> None:
        if len(transformer.windings) != 2:
            what = f"transformer {transformer.name} has {len(transformer.windings)} windings"
            self._refuse(what, transformer.place, "two")
            return
        joined = [self._winding_nodes(transformer, winding) for winding in transformer.windings]
        if not all(joined):
            return
        high, low = self._by_voltage(transformer)
        sides = [joined[transformer.windings.index(winding)] for winding in (high, low)]
        group, phases = vector_group(sides[0], sides[1], transformer.low_side_leads)
        if not phases:
            what = f"transformer {transformer.name} joins unlike phases"
            self._refuse(what, transformer.place, "windings of phases that the tables have a vector group for")
            return
        if high.floats:
            group = group.replace("YN", "Y")
        if low.floats:
            group = group.replace("yn", "y")
        for winding, pairs in zip(transformer.windings, joined, strict=True):
            self._bus(winding.at.bus, {node for pair in pairs for node in pair})
        if transformer.regulates and group == "YNyn0" and self._is_regulator(transformer):
            self._regulator(transformer, phases)
        else:
            self._two_windings(transformer, group, phases)
        self._no_load(transformer)
        self._anti_float(transformer)

    def _winding_nodes(self, transformer: Transformer, winding: Winding) -> list[tuple[int, int]]:
        """Return between which nodes a winding's phases lie; none and a problem if they cannot."""
        pairs = pairs_of(winding.at, transformer.phases, winding.delta)
        return pairs if self._good_pairs("transformer", transformer.name, transformer.place, pairs) else []

    def _by_voltage(self, transformer: Transformer) -> tuple[Winding, Winding]:
        one, other = transformer.windings
        higher = self._between_phases(transformer, other) > self._between_phases(transformer, one)
        return (other, one) if higher else (one, other)

    def _good_pairs(self, kind: str, name: str, place: Place, pairs: list[tuple[int, int]]) -> bool:
        if any(node > 3 for pair in pairs for node in pair):
            self._refuse(f"{kind} {name} is at a neutral conductor of its own", place, "the nodes 0, 1, 2 and 3")
            return False
        if any(one == other for one, other in pairs):
            self._refuse(f"{kind} {name} has both ends at the same node", place)
            return False
        return True

    def _is_regulator(self, transformer: Transformer) -> bool:
        """Whether it changes nothing but the height of the voltage between buses of one nominal voltage."""
        one, other = transformer.windings
        same = self.base_v[one.at.bus] == self.base_v[other.at.bus] and one.voltage_v == other.voltage_v
        grounded = not (one.delta or other.delta) and all(0 in p for p in pairs_of(one.at, transformer.phases, False))
        return same and grounded and 1.0 in (one.tap, other.tap)

    def _regulator(self, transformer: Transformer, phases: str) -> None:
        """Write a regulator; OpenDSS has its impedance on the side without a tap in use, the table behind the ratio."""
        before, behind = transformer.windings
        if before.tap != 1.0:
            before, behind = behind, before
        own_v = before.voltage_v / (_SQRT3 if transformer.phases > 1 else 1.0)
        base = own_v**2 / (transformer.windings[0].rated_va / transformer.phases)
        ratio = behind.tap / before.tap
        z_ohm = complex(before.r_pct + behind.r_pct, transformer.x_pct) / 100 * base * ratio**2
        cells: dict[str, Any] = {
            "from_bus": self._bus(before.at.bus),
            "to_bus": self._bus(behind.at.bus),
            "phases": phases,
            "r_ohm": z_ohm.real,
            "x_ohm": z_ohm.imag,
        }
        cells |= {f"ratio_{phase}": ratio for phase in phases}
        self.rows["regulator"].append({"id": transformer.name, **cells})

    def _two_windings(self, transformer: Transformer, group: str, phases: str) -> None:
        """Write a transformer: at a tap its impedance is relative to the voltages of the tap, as OpenDSS has it."""
        high, low = self._by_voltage(transformer)
        r_pct = high.r_pct + low.r_pct
        cells = {
            "hv_bus": self._bus(high.at.bus),
            "lv_bus": self._bus(low.at.bus),
            "parallel": 1,
            "s_rated_va": transformer.windings[0].rated_va,
            "hv_rated_v": self._between_phases(transformer, high) * high.tap,
            "lv_rated_v": self._between_phases(transformer, low) * low.tap,
            "vk_pct": float(np.hypot(r_pct, transformer.x_pct)),
            "vkr_pct": r_pct,
            "vector_group": group,
            "phases": phases,
        }
        self.rows["transformer"].append({"id": transformer.name, **cells})

    def _between_phases(self, transformer: Transformer, winding: Winding) -> float:
        """Return a winding's rated voltage between two phases."""
        to_ground = all(0 in pair for pair in pairs_of(winding.at, transformer.phases, winding.delta))
        return winding.voltage_v * float(_SQRT3 if transformer.phases == 1 and to_ground else 1.0)

    def _no_load(self, transformer: Transformer) -> None:
        if not transformer.no_load_loss_pct and not transformer.magnetizing_pct:
            return
        winding = transformer.windings[-1]
        part = transformer.no_load_loss_pct + 1j * transformer.magnetizing_pct
        rated_v = self._between_phases(transformer, winding) * winding.tap
        power = part / 100 * transformer.windings[0].rated_va * (self._v_nom(winding.at) / rated_v) ** 2
        pairs = pairs_of(winding.at, transformer.phases, winding.delta)
        delta = not all(0 in pair for pair in pairs)
        self._shunt(f"{transformer.name} no-load", winding.at, delta, letters(pairs) or "abc", power)

    def _anti_float(self, transformer: Transformer) -> None:
        """Write the reactances to ground: half of those of a winding at its end; all of them where a star's are."""
        if not transformer.anti_float_ppm:
            return
        own_va = transformer.anti_float_ppm * 1e-6 * transformer.windings[0].rated_va / transformer.phases
        for k, winding in enumerate(transformer.windings):
            own_v = winding.voltage_v / (_SQRT3 if transformer.phases > 1 and not winding.delta else 1.0)
            halves: dict[int, int] = {}
            for one, other in pairs_of(winding.at, transformer.phases, winding.delta):
                halves[one] = halves.get(one, 0) + 1
                halves[other] = halves.get(other, 0) + (1 if winding.delta else 2)
            for count in sorted({count for node, count in halves.items() if node in _THREE}):
                nodes = [node for node, own in halves.items() if own == count and node in _THREE]
                var = 1j * own_va * count / 2 * len(nodes) * (self.base_v[winding.at.bus] / own_v) ** 2
                name = f"{transformer.name}.{k + 1}.{count} anti-float"
                self._shunt(name, winding.at, False, letters([(node, 0) for node in nodes]) or "abc", var)

    # --- what is connected

    def _v_nom(self, at: Terminal) -> float:
        return float(self.base_v[at.bus] * _SQRT3)

    def _shunt(self, name: str, at: Terminal, delta: bool, phases: str, power: complex) -> None:
        cells = {
            "bus": self._bus(at.bus),
            "connection": "delta" if delta else "wye",
            "phases": phases,
            "p_w": power.real,
            "q_var": power.imag,
        }
        self.rows["shunt"].append({"id": name, **cells})

    def _capacitor(self, capacitor: Capacitor) -> None:
        for name, delta, phases, share, ratio in self._parts(capacitor, "capacitor"):
            self._shunt(name, capacitor.at, delta, phases, -1j * capacitor.var * share * ratio**2)

    def _load(self, load: Load) -> None:
        for name, delta, phases, share, ratio in self._parts(load, "load"):
            limits: dict[str, Any] = {"v_min_pu": load.v_min_pu / ratio, "v_max_pu": load.v_max_pu / ratio}
            limits["v_rated_pu"] = 1 / ratio
            if load.beyond_as_power:
                limits["beyond_as_power"] = True
            place = {
                "bus": self._bus(load.at.bus),
                "connection": "delta" if delta else "wye",
                "phases": phases,
                **limits,
            }
            self.loaded |= {(load.at.bus, " abc".index(letter)) for letter in phases}
            powers = [load.constant_power_va, load.constant_current_va * ratio, load.constant_impedance_va * ratio**2]
            for suffix, cells in _zip_rows([power * share for power in powers]):
                self.rows["load"].append({"id": name + suffix, **place, **cells})
                self.shape_of.append(load.shape)

    def _parts(self, element: Load | Capacitor, kind: str) -> list[tuple[str, bool, str, float, float]]:
        """Return what an element is made of: name, delta or not, phases, share of its power, nominal over own voltage.

        One part where the tables have a word for all of it, else one for each pair of nodes.
        """
        at = element.at
        if isinstance(element, Capacitor) and not element.delta:  # its other end is a bus of its own: ground
            at = Terminal(at.bus, at.given[: element.phases])
        pairs = pairs_of(at, element.phases, element.delta)
        if not self._good_pairs(kind, element.name, element.place, pairs):
            return []
        self._bus(element.at.bus, {node for pair in pairs for node in pair})
        own_v = element.voltage_v / (_SQRT3 if element.phases > 1 and not element.delta else 1.0)
        grounded = [0 in pair for pair in pairs]
        phases = letters(pairs)
        if phases is not None and (all(grounded) or not any(grounded)):
            v_nom = self.base_v[element.at.bus] * (1.0 if all(grounded) else _SQRT3)
            return [(element.name, not all(grounded), phases, 1.0, v_nom / own_v)]
        parts = []
        for k, pair in enumerate(pairs):
            delta = 0 not in pair
            ratio = self.base_v[element.at.bus] * (_SQRT3 if delta else 1.0) / own_v
            parts.append((f"{element.name}.{k + 1}", delta, letters([pair]) or "", 1 / len(pairs), ratio))
        return parts


def _zip_rows(powers: Sequence[complex]) -> list[tuple[str, Mapping[str, float]]]:
    """Return the rows that parts of constant power, current and impedance become, with a suffix of their names.

    One row where active and reactive power have the same shares, else one per part.
    """
    total = complex(sum(powers))
    shares = [p / total if total else np.nan for p in powers]
    alike = all(abs(complex(s).imag) < 1e-14 and 0 <= complex(s).real <= 1 for s in shares)
    if alike:
        of_current, of_impedance = (complex(s).real for s in shares[1:])
        cells = {"p_w": total.real, "q_var": total.imag, "const_i": of_current, "const_z": of_impedance}
        return [("", cells)]
    return [
        (suffix, {"p_w": power.real, "q_var": power.imag, "const_i": i, "const_z": z})
        for suffix, power, i, z in zip((" P", " I", " Z"), powers, (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), strict=True)
        if power
    ]
