"""Small networks per unit for the tests of the power flow, and a Newton method that shares no code with it."""

import numpy as np

from twin.grid.powerflow.network import GROUND, Connected, NodalNetwork, PrimitiveBlock

TURN = np.exp(-2j * np.pi / 3 * np.arange(3))


def line_block(branches, phases):
    """Return lines ``(from, to, z)``; ``z`` a number or a matrix over the phases."""
    ends = np.array([[a, b] for a, b, _ in branches])
    z = np.array([np.eye(phases) * z if np.ndim(z) == 0 else z for *_, z in branches])
    y = np.linalg.inv(z)
    nodes = (phases * ends[:, :, None] + np.arange(phases)).reshape(len(ends), -1)
    top, bottom = np.concatenate([y, -y], axis=2), np.concatenate([-y, y], axis=2)
    return PrimitiveBlock("line", np.arange(len(ends)), nodes, np.concatenate([top, bottom], axis=1))


def make_network(branches, n_buses, phases=1, source_z=None, blocks=()):
    """Return lines fed at bus 0: by a stiff source, or through an impedance."""
    n = n_buses * phases
    voltage = (TURN if phases == 3 else np.ones(phases)).astype(complex)
    return NodalNetwork(
        n_nodes=n,
        bus=np.arange(n) // phases,
        phase=np.arange(n) % phases,
        base_v=np.full(n, 230.0),
        base_va=1e6,
        blocks=(line_block(branches, phases), *blocks),
        source_node=np.arange(phases),
        source_voltage=voltage,
        source_admittance=None if source_z is None else np.eye(phases) / source_z,
    )


def impedance(rng, phases, scale):
    """Return a line's impedance: coupled phases that are not alike."""
    own = scale * rng.uniform(0.5, 2.0) * (1 + 0.6j)
    if phases == 1:
        return own
    coupling = rng.uniform(0.2, 0.4, (phases, phases))
    return own * (np.eye(phases) + (coupling + coupling.T) / 2)


def random_branches(rng, n_buses, phases=1, meshes=0, scale=0.01):
    """Return a random tree, and some lines more."""
    branches = [(int(rng.integers(0, bus)), bus, impedance(rng, phases, scale)) for bus in range(1, n_buses)]
    for _ in range(meshes):
        a, b = rng.choice(n_buses, 2, replace=False)
        branches.append((int(a), int(b), impedance(rng, phases, scale)))
    return branches


def random_connected(rng, network, k, mixed=True):
    """Return elements at random nodes, between phases some of them, of constant power, current and impedance."""
    node = rng.integers(0, network.n_nodes, k)
    other = np.full(k, GROUND)
    if network.phase.max() > 0:
        delta = rng.random(k) < 0.4
        other[delta] = node[delta] - network.phase[node[delta]] + (network.phase[node[delta]] + 1) % 3
    nominal = np.where(other == GROUND, 1.0, np.sqrt(3))
    const_i, const_z = rng.uniform(0, 0.5, (2, k)) * mixed
    return Connected(node, other, nominal, const_i, const_z)


def random_power(rng, k, steps=3, scale=0.1):
    """Return power that is drawn mostly, fed in sometimes."""
    power = -rng.uniform(0, scale, (steps, k)) * (1 + 0.3j)
    power[rng.random(power.shape) < 0.2] *= -1
    return power


def nodal_matrix(network):
    """Return the dense admittance matrix."""
    y = np.zeros((network.n_nodes, network.n_nodes), dtype=complex)
    for block in network.blocks:
        for nodes, values in zip(block.nodes, block.y, strict=True):
            for i, a in enumerate(nodes):
                for j, b in enumerate(nodes):
                    if a >= 0 and b >= 0:
                        y[a, b] += values[i, j]
    if network.source_admittance is not None:
        y[np.ix_(network.source_node, network.source_node)] += network.source_admittance
    return y


def element_currents(connected, power, voltage):
    """Return what each element feeds in at its ``node``."""
    u = voltage[connected.node] - np.where(connected.other == GROUND, 0, voltage[connected.other])
    size = np.abs(u) / connected.v_nominal
    part = (1 - connected.const_i - connected.const_z) + connected.const_i * size + connected.const_z * size**2
    return np.conj(power * part / u)


def surplus(network, connected, power, voltage):
    """Return the currents fed in at every node that do not flow off through the network."""
    fed = np.zeros(network.n_nodes, dtype=complex)
    currents = element_currents(connected, power, voltage)
    np.add.at(fed, connected.node, currents)
    between = connected.other != GROUND
    np.add.at(fed, connected.other[between], -currents[between])
    if network.source_admittance is not None:
        np.add.at(fed, network.source_node, network.source_admittance @ network.source_voltage)
    return fed - nodal_matrix(network) @ voltage


def newton(network, connected, power):
    """Solve one step with a Jacobian from central differences."""
    n = network.n_nodes
    stiff = network.source_admittance is None
    free = np.setdiff1d(np.arange(n), network.source_node) if stiff else np.arange(n)
    voltage = np.empty(n, dtype=complex)
    voltage[network.source_node] = network.source_voltage
    y, drive = nodal_matrix(network), np.zeros(n, dtype=complex)
    if not stiff:
        np.add.at(drive, network.source_node, network.source_admittance @ network.source_voltage)
    held = network.source_node if stiff else np.empty(0, int)
    voltage[free] = np.linalg.solve(y[np.ix_(free, free)], drive[free] - y[np.ix_(free, held)] @ voltage[held])

    def mismatch(x):
        trial = voltage.copy()
        trial[free] = x[: len(free)] + 1j * x[len(free) :]
        left = surplus(network, connected, power, trial)[free]
        return np.r_[left.real, left.imag]

    x = np.r_[voltage[free].real, voltage[free].imag]
    for _ in range(60):
        jacobian = np.empty((len(x), len(x)))
        for k in range(len(x)):
            step = np.zeros(len(x))
            step[k] = 1e-5
            jacobian[:, k] = (mismatch(x + step) - mismatch(x - step)) / 2e-5
        move = np.linalg.solve(jacobian, -mismatch(x))
        x = x + move
        if np.abs(move).max() < 1e-13:
            break
    voltage[free] = x[: len(free)] + 1j * x[len(free) :]
    return voltage
