"""A plain power flow over nodes to hold ours against: dense matrices, one step, element by element."""

import numpy as np

from twin.grid.powerflow.network import GROUND


def nodal(network):
    """The nodal admittance matrix of all blocks, dense."""
    y = np.zeros((network.n_nodes + 1,) * 2, dtype=complex)  # the last one is ground
    for b in network.blocks:
        for nodes, own in zip(b.nodes, b.y, strict=True):
            y[np.ix_(nodes, nodes)] += own
    return y[:-1, :-1]


def solve(assembled, power=None):
    """Voltages by a plain fixed point; constant P, I and Z parts as they are declared."""
    net, at = assembled.network, assembled.connected
    power = assembled.power if power is None else power
    y = nodal(net)
    n, fed = net.n_nodes, net.source_node
    hang = np.zeros((len(power), n))
    hang[np.arange(len(power)), at.node] = 1.0
    to_phase = at.other != GROUND
    hang[np.flatnonzero(to_phase), at.other[to_phase]] = -1.0
    free = np.ones(n, dtype=bool)
    drive = np.zeros(n, dtype=complex)
    voltage = np.ones(n, dtype=complex)
    if net.source_admittance is None:
        free[fed] = False
        voltage[fed] = net.source_voltage
    else:
        y[np.ix_(fed, fed)] += net.source_admittance
        drive[fed] = net.source_admittance @ net.source_voltage
    inverse = np.linalg.inv(y[np.ix_(free, free)])
    held = y[np.ix_(free, ~free)] @ voltage[~free]
    voltage[free] = inverse @ (drive[free] - held)
    for _ in range(300):
        u = (hang @ voltage) / at.v_nominal
        u = np.where(u == 0, 1.0, u)
        part = (1 - at.const_i - at.const_z) + at.const_i * np.abs(u) + at.const_z * np.abs(u) ** 2
        current = hang.T @ np.conj(power * part / u / at.v_nominal)
        after = inverse @ (drive[free] + current[free] - held)
        step = np.abs(after - voltage[free]).max(initial=0.0)
        voltage[free] = after
        if step < 1e-13:
            return voltage
    raise AssertionError("no solution")
