"""A slow and plain power flow of one step through unlike phases, to hold the engine and the readers against.

Dense node admittances in SI from the grid's tables, winding by winding; loads one by one, by repeated substitution.
"""

import numpy as np

A = np.exp(-2j * np.pi / 3)
# Which phases the windings of a delta lie between: that of an hour-1 star's phase lies between it and the one before
DELTA = np.array([[1, 0, -1], [-1, 1, 0], [0, -1, 1]])
V_LOW_PU = 0.5  # OpenDSS' vlowpu: below, a load is the impedance of its rated voltage


def solve(grid, tolerance=1e-12, limits=True):
    """Return the voltage of every phase node to ground, V, in the order of ``grid.phase_node``."""
    y, fed = admittances(grid)
    node, base = nodes(grid)
    voltage = np.linalg.solve(y, fed)
    loads = list(elements(grid, grid.load, node))
    for _ in range(500):
        current = fed.copy()
        for row, (i, j), share, nominal in loads:
            across = voltage[i] - (voltage[j] if j is not None else 0)
            drawn = load_current(grid.load, row, across, share, nominal, limits)
            current[i] -= drawn
            if j is not None:
                current[j] += drawn
        new = np.linalg.solve(y, current)
        change, voltage = np.abs((new - voltage) / base).max(), new
        if change < tolerance:
            return voltage
    raise AssertionError(f"did not converge: {change}")


def load_current(table, row, across, share, nominal, limits):
    """Return the current of one part of a load, which outside of its limits is an impedance (as in OpenDSS)."""
    power = (table["p_w"][row] + 1j * table["q_var"][row]) * share
    of_i, of_z = table["const_i"][row], table["const_z"][row]
    u = abs(across) / nominal
    low = table["v_min_pu"][row] if limits and "v_min_pu" in table else 0.0
    high = table["v_max_pu"][row] if limits and "v_max_pu" in table else np.inf

    rated = table["v_rated_pu"][row] if "v_rated_pu" in table else 1.0
    if "beyond_as_power" in table and table["beyond_as_power"][row] and not low <= u <= high:
        power, of_i, of_z = power * (1 - of_i - of_z + of_i * rated + of_z * rated**2), 0.0, 0.0

    def of(exponent):  # |current| per unit of what the part draws at nominal voltage
        if low <= u <= high or exponent == 2:
            return u ** (exponent - 1)
        edge = low if u < low else high
        at_edge = edge ** (exponent - 1)
        if u > high:
            return at_edge * u / edge
        foot, at_foot = V_LOW_PU * rated, V_LOW_PU * rated ** (exponent - 1)
        return at_foot * u / foot if u < foot else at_foot + (at_edge - at_foot) * (u - foot) / (low - foot)

    size = (1 - of_i - of_z) * of(0) + of_i * of(1) + of_z * of(2)
    return np.conj(power) / nominal * size * across / abs(across)


def nodes(grid):
    """Return the row of every bus and phase, -1 if there is none, and the nominal voltages to ground."""
    rows = np.full((len(grid.bus), 3), -1)
    rows[grid.phase_node["bus"], grid.phase_node["phase"]] = np.arange(len(grid.phase_node))
    return rows, grid.bus["v_nom_v"][grid.phase_node["bus"]] / np.sqrt(3)


def elements(grid, table, node):
    """Yield row, pair of nodes (None is ground), share of the power and nominal voltage of every part."""
    for row in range(len(table)):
        bus, phases = table["bus"][row], ["abc".index(p) for p in table["phases"][row]]
        v_nom = grid.bus["v_nom_v"][bus]
        if table["connection"][row] == "wye":
            for p in phases:
                yield row, (node[bus, p], None), 1 / len(phases), v_nom / np.sqrt(3)
        else:
            pairs = [(p, (p + 1) % 3) for p in range(3)] if len(phases) == 3 else [phases]
            for one, other in pairs:
                yield row, (node[bus, one], node[bus, other]), 1 / len(pairs), v_nom


def admittances(grid):
    """Return the node admittance matrix in siemens and what sources drive into it, A."""
    node, _ = nodes(grid)
    y = np.zeros((len(grid.phase_node),) * 2, dtype=complex)
    fed = np.zeros(len(y), dtype=complex)

    def add(rows, block):
        y[np.ix_(rows, rows)] += block

    for row in range(len(grid.line)):
        own = np.flatnonzero(grid.line_matrix["line"] == row)
        phases = sorted({*grid.line_matrix["phase_a"][own], *grid.line_matrix["phase_b"][own]})
        place = {p: k for k, p in enumerate(phases)}
        z, c = np.zeros((2, len(phases), len(phases)), dtype=complex)
        for k in own:
            one, other = place[grid.line_matrix["phase_a"][k]], place[grid.line_matrix["phase_b"][k]]
            z[one, other] = z[other, one] = grid.line_matrix["r_ohm_m"][k] + 1j * grid.line_matrix["x_ohm_m"][k]
            c[one, other] = c[other, one] = grid.line_matrix["c_f_m"][k]
        length = grid.line["length_m"][row]
        series, half = np.linalg.inv(z * length), 1j * np.pi * grid.frequency_hz * c * length
        near, far = (node[grid.line[end][row], phases] for end in ("from_bus", "to_bus"))
        add([*near, *far], np.block([[series + half, -series], [-series, series + half]]))
    for row in range(len(grid.transformer)):
        add(*transformer(grid, row, node))
    for row in range(len(grid.regulator)):
        regulator = {name: grid.regulator[name][row] for name in grid.regulator.names}
        for letter in regulator["phases"]:
            ratio, p = regulator[f"ratio_{letter}"], "abc".index(letter)
            series = 1 / (regulator["r_ohm"] + 1j * regulator["x_ohm"])
            ends = [node[regulator["from_bus"], p], node[regulator["to_bus"], p]]
            add(ends, series * np.array([[ratio**2, -ratio], [-ratio, 1]]))
    for row, (i, j), share, nominal in elements(grid, grid.shunt, node):
        part = np.conj(grid.shunt["p_w"][row] + 1j * grid.shunt["q_var"][row]) * share / nominal**2
        add([i] if j is None else [i, j], part * (np.ones((1, 1)) if j is None else np.array([[1, -1], [-1, 1]])))
    for row in range(len(grid.grid_source)):
        source = {name: grid.grid_source[name][row] for name in grid.grid_source.names}
        v_nom = grid.bus["v_nom_v"][source["bus"]]
        z1 = v_nom**2 / source["short_circuit_va"] * with_angle(source["rx_ratio"])
        z0 = v_nom**2 / source["short_circuit_va"] * source["z0_z1_ratio"] * with_angle(source["rx0_ratio"])
        inner = np.linalg.inv(np.full((3, 3), (z0 - z1) / 3) + z1 * np.eye(3))
        rows = node[source["bus"]]
        add(rows, inner)
        angle = np.exp(1j * np.radians(source["angle_deg"]))
        fed[rows] += inner @ (source["voltage_pu"] * v_nom / np.sqrt(3) * angle * A ** np.arange(3))
    return y, fed


def with_angle(rx):
    return (rx + 1j) / np.hypot(rx, 1)


def transformer(grid, row, node):
    """Return a transformer's nodes and primitive admittance from its windings' incidence with the phases."""
    t = {name: grid.transformer[name][row] for name in grid.transformer.names}
    phases = ["abc".index(p) for p in t["phases"]]
    group, three = t["vector_group"], len(phases) == 3
    pair = np.array([[1.0, -1.0]])
    star = np.eye(len(phases))
    after = -np.roll(DELTA, -1, axis=0)  # between a phase and the one after it: a - b, b - c, c - a
    leads = group.endswith("11")
    high = star if group[0] != "D" else ((after if leads else DELTA) if three else pair)
    low = star if not group.rstrip("0123456789").endswith("d") else ((DELTA if leads else after) if three else pair)
    if group.startswith("Dd"):
        low = high
    volts = [
        t[f"{side}_rated_v"] / (1 if wound is not star else np.sqrt(3)) for side, wound in (("hv", high), ("lv", low))
    ]
    turns = np.hstack([high / volts[0], -low / volts[1]])
    z = (t["vkr_pct"] + 1j * np.sqrt(t["vk_pct"] ** 2 - t["vkr_pct"] ** 2)) / 100
    y = turns.T @ turns * (t["s_rated_va"] / len(high) / z)
    return [*node[t["hv_bus"], phases], *node[t["lv_bus"], phases]], y
