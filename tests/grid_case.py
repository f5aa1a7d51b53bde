"""Small grids, and an independent power flow to hold ours against: winding by winding, conductor by conductor."""

import numpy as np
from scipy.sparse import csc_array, diags_array, lil_array
from scipy.sparse import vstack as stack_rows
from scipy.sparse.linalg import spsolve

from twin.city.model import BUILDING_COLUMNS, SURFACE_COLUMNS, City, Geometry
from twin.grid.model import ElectricGrid, make_table
from twin.table import DERIVED, Column, Table

BUS_V = 400.0
TURN = np.exp(-2j * np.pi / 3)


def make_grid(
    lines,
    n_buses,
    phases=3,
    transformers=(),
    sources=((0, 1.0),),
    v_nom=None,
    short_circuit_va=np.inf,
    names=None,
    connects=None,
):
    """Return a grid of ``lines`` (from, to, r, x, r0, x0 in ohm), ``transformers`` (hv, lv, VA, group)."""
    ids = [f"b{k}" for k in range(n_buses)] if names is None else names
    v_nom = np.full(n_buses, BUS_V) if v_nom is None else v_nom
    lines = np.array(lines, dtype=float).reshape(-1, 6)
    bus = np.repeat(np.arange(n_buses), phases)
    nodes = {
        "bus": bus,
        "phase": np.tile(np.arange(phases), n_buses),
        "connects": np.ones(len(bus), bool) if connects is None else np.isin(bus, connects),
    }
    columns = {"from_bus": lines[:, 0].astype(int), "to_bus": lines[:, 1].astype(int)}
    columns |= dict(zip(("r_ohm_m", "x_ohm_m", "r0_ohm_m", "x0_ohm_m"), lines[:, 2:].T, strict=True))
    columns |= {"length_m": 1.0, "parallel": 1, "max_current_a": 200.0}
    hv, lv, rated, group = zip(*transformers, strict=True) if transformers else ((), (), (), ())
    units = {
        "hv_bus": np.array(hv, dtype=int),
        "lv_bus": np.array(lv, dtype=int),
        "s_rated_va": np.array(rated, dtype=float),
        "hv_rated_v": v_nom[list(hv)],
        "lv_rated_v": v_nom[list(lv)],
        "vk_pct": 4.0,
        "vkr_pct": 1.2,
        "parallel": 1,
        "vector_group": np.array(group, dtype=str),
    }
    fed = {
        "bus": np.array([b for b, _ in sources], dtype=int),
        "voltage_pu": np.array([v for _, v in sources], dtype=float),
        "angle_deg": 0.0,
        "short_circuit_va": short_circuit_va,
        "rx_ratio": 0.3,
        "z0_z1_ratio": 2.0,
    }
    return ElectricGrid(
        make_table("bus", ids, {"v_nom_v": v_nom}),
        make_table("phase_node", [f"{ids[b]}.{k}" for k, b in enumerate(bus)], nodes),
        make_table("line", [f"l{k}" for k in range(len(lines))], columns),
        make_table("transformer", [f"t{k}" for k in range(len(hv))], units),
        make_table("grid_source", [f"s{k}" for k in range(len(sources))], fed),
    )


def between_phases(one, zero):
    """Return the matrix of a transposed four-wire line: own on the diagonal, mutual beside it."""
    mutual = (zero - one) / 3
    return np.full((3, 3), mutual) + np.eye(3) * one


def dyn_windings(group):
    """Return how six winding ends hang on the six terminals of a Dyn transformer: ``(windings, terminals)`` per unit.

    Each high-voltage winding lies between two phases, its partner between a low-voltage phase and the earthed neutral.
    Groups 1 and 11 differ in which two phases, 5 and 7 are 11 and 1 with the low-voltage windings reversed.
    """
    hour = int(group[3:])
    other = 1 if hour in (11, 5) else 2
    sign = 1.0 if hour in (1, 11) else -1.0
    high = (np.eye(3) - np.roll(np.eye(3), other, axis=1)) / np.sqrt(3)
    return np.hstack([high, -sign * np.eye(3)])


def nodal_admittance(grid, base_va=1e5):
    """Return, per unit and by phase node: admittance of all branches, that of sources, the current these drive."""
    phases, nodes = grid.phases, grid.nodes.T
    y, of_source = (lil_array((nodes.size, nodes.size), dtype=complex) for _ in range(2))
    drive = np.zeros(nodes.size, dtype=complex)

    def add(rows, block, into=y):
        for i, r in enumerate(rows):
            for j, c in enumerate(rows):
                into[r, c] += block[i, j]

    line, unit, source = grid.line, grid.transformer, grid.grid_source
    for k in range(len(line)):
        a, b = line["from_bus"][k], line["to_bus"][k]
        scale = base_va / grid.bus["v_nom_v"][a] ** 2 * line["length_m"][k] / line["parallel"][k]
        z = (line["r_ohm_m"][k] + 1j * line["x_ohm_m"][k]) * scale
        if phases == 1:
            series = np.array([[1 / z]])
        else:
            z0 = (line["r0_ohm_m"][k] + 1j * line["x0_ohm_m"][k]) * scale
            series = np.linalg.inv(between_phases(z, z0))
        add(np.concatenate([nodes[a], nodes[b]]), np.kron([[1, -1], [-1, 1]], series))
    for k in range(len(unit)):
        vk, vkr = unit["vk_pct"][k] / 100, unit["vkr_pct"][k] / 100
        series = unit["s_rated_va"][k] / base_va / (vkr + 1j * np.sqrt(vk**2 - vkr**2))
        ends = np.concatenate([nodes[unit["hv_bus"][k]], nodes[unit["lv_bus"][k]]])
        if phases == 1:
            turn = np.array([[1, -np.exp(1j * np.pi / 6 * int(unit["vector_group"][k][3:]))]])
            add(ends, turn.conj().T @ turn * series)
        else:
            windings = dyn_windings(str(unit["vector_group"][k]))
            add(ends, windings.T @ windings * series)
    for k in range(len(source)):
        own = nodes[source["bus"][k]]
        emf = source["voltage_pu"][k] * TURN ** np.arange(phases)
        size = source["short_circuit_va"][k] / base_va
        if np.isinf(size):
            block = np.eye(phases) * 1e9  # next to none
        else:
            ratio = source["rx_ratio"][k]
            z = (ratio + 1j) / np.sqrt(1 + ratio**2) / size
            impedance = between_phases(z, z * source["z0_z1_ratio"][k]) if phases == 3 else np.array([[z]])
            block = np.linalg.inv(impedance)
        add(own, block, of_source)
        drive[own] += block @ emf
    return csc_array(y), csc_array(of_source), drive


def newton(grid, power_va, base_va=1e5):
    """Return the voltage of every phase node for the power fed in there, by Newton's method in rectangular form."""
    branches, sources, drive = nodal_admittance(grid, base_va)
    y = branches + sources
    power = np.asarray(power_va) * grid.phases / base_va
    voltage = spsolve(y, drive)
    for _ in range(30):
        current = y @ voltage - drive
        residual = voltage * np.conj(current) - power
        by_conj, by_volt = diags_array(voltage) @ np.conj(y), diags_array(np.conj(current))
        top = [(by_volt + by_conj).real, (by_conj - by_volt).imag]
        bottom = [(by_volt + by_conj).imag, (by_volt - by_conj).real]
        jacobian = stack_rows([_beside(*top), _beside(*bottom)]).tocsc()
        step = spsolve(jacobian, -np.concatenate([residual.real, residual.imag]))
        voltage = voltage + step[: len(voltage)] + 1j * step[len(voltage) :]
        if np.abs(step).max() < 1e-13:
            break
    return voltage


def _beside(one, other):
    return stack_rows([one.T, other.T]).T


def radial(rng, n_buses, phases=3, meshes=0):
    """Return random lines of a radial grid, with a number of loops closed in it."""
    parents = [int(rng.integers(max(0, k - 4), k)) for k in range(1, n_buses)]
    ends = [(p, k + 1) for k, p in enumerate(parents)]
    while meshes and n_buses > 3:
        a, b = sorted(rng.choice(n_buses, 2, replace=False).tolist())
        if (a, b) not in ends:
            ends.append((a, b))
            meshes -= 1
    r, x = rng.uniform(0.002, 0.01, (2, len(ends)))
    return [(a, b, r[k], x[k] / 2, 4 * r[k], 2 * x[k]) for k, (a, b) in enumerate(ends)]


def houses(places, dwellings=None, floor_m2=None, size_m=10.0, height_m=6.0):
    """Return a city of square houses: ground surface and flat roof each."""
    places = np.asarray(places, dtype=float)
    n = len(places)
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size_m - size_m / 2
    roof = [np.column_stack([square + p, np.full(4, height_m + 50.0)]) for p in places]
    ground = [np.column_stack([square[::-1] + p, np.full(4, 50.0)]) for p in places]
    vertices = np.concatenate([np.concatenate(pair) for pair in zip(ground, roof, strict=True)])
    rings = 4 * np.arange(2 * n + 1)
    geometry = Geometry(vertices, np.arange(8 * n), rings, np.arange(2 * n + 1))
    surface = Table("surface", [f"s{k}" for k in range(2 * n)])
    surface = surface.put(SURFACE_COLUMNS["building"], np.repeat(np.arange(n), 2), DERIVED)
    surface = surface.put(SURFACE_COLUMNS["type"], np.tile(["GroundSurface", "RoofSurface"], n))
    building = Table("building", [f"house {k}" for k in range(n)])
    building = building.put(BUILDING_COLUMNS["footprint_m2"], size_m**2).put(BUILDING_COLUMNS["height_m"], height_m)
    if dwellings is not None:
        area = np.full(n, 100.0) if floor_m2 is None else floor_m2
        building = building.put(Column("dwellings", "-", "int", "dwellings"), dwellings)
        building = building.put(Column("heated_floor_area_m2", "m2", "float", "floor area"), area)
    return City({"building": building, "surface": surface}, geometry)
