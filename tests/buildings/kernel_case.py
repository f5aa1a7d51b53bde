"""Small cases for the tests of the city kernel: houses, weather of summer and winter, a control with all means."""

from dataclasses import fields

import numpy as np

from twin.buildings.kernel.simple_hourly import Control, Shared, Zones

HOUR = 3600.0


FLOOR_M2 = 100.0


def house(n=1, h_op=150.0, h_w=60.0, h_ve=50.0, capacity=165e3, floor=FLOOR_M2):
    """Return a house of 100 m2, medium weight."""
    mass_area, total = 2.5 * floor, 4.5 * floor
    h_ms = 9.1 * mass_area
    values = {
        "h_tr_w": h_w,
        "h_tr_em": h_op * h_ms / (h_ms - h_op),
        "h_tr_ms": h_ms,
        "h_tr_is": 3.45 * total,
        "h_ve": h_ve,
        "c_m": capacity * floor,
        "to_mass": mass_area / total,
        "to_surface": 1.0 - mass_area / total - h_w / (9.1 * total),
    }
    return Zones(**{name: np.broadcast_to(np.asarray(v, dtype=float), (n,)).copy() for name, v in values.items()})


def one(zones, i):
    return Zones(**{f.name: float(getattr(zones, f.name)[i]) for f in fields(zones)})


def random_year(n_steps, n, seed=3):
    rng = np.random.default_rng(seed)
    hours = np.arange(n_steps)[:, None]
    outdoor = 9.0 - 10.0 * np.cos(2 * np.pi * hours / 8760) - 4.0 * np.cos(2 * np.pi * hours / 24)
    outdoor = outdoor + rng.normal(0.0, 2.0, (n_steps, n))
    solar = np.maximum(-np.cos(2 * np.pi * hours / 24), 0.0) * rng.uniform(0.0, 3000.0, (n_steps, n))
    heat_set = np.where((hours % 24 >= 6) & (hours % 24 < 22), 20.0, 17.0) + np.zeros((1, n))
    return outdoor, rng.uniform(100.0, 900.0, (n_steps, n)), solar, heat_set


def random_houses(n, seed=7):
    rng = np.random.default_rng(seed)
    return house(
        n,
        h_op=rng.uniform(20.0, 300.0, n),
        h_w=rng.uniform(5.0, 90.0, n),
        h_ve=rng.uniform(5.0, 120.0, n),
        capacity=rng.uniform(8e4, 3.7e5, n),
    )


def constant(value, n_steps=3000):
    return np.full((n_steps, 1), float(value))


def all_means(n, n_steps, seed=5):
    """Return a control with everything in it: every third building cooled, the others aired, some with night air."""
    rng = np.random.default_rng(seed)
    hours = np.arange(n_steps)[:, None]
    cooled = np.arange(n) % 3 == 0
    use = np.arange(n) % 4
    awake = (hours % 24 >= 5 + np.arange(4)) & (hours % 24 < 22)
    return {
        "heating_set": Shared(
            np.hstack([awake, np.ones((n_steps, 1))]), np.vstack([np.eye(4)[use].T * 3, np.full(n, 17.0)])
        ),
        "cooling_set": Shared(np.ones((n_steps, 1)), np.where(cooled, 25.0, 1000.0)[None]),
        "heating_max": rng.uniform(2000.0, 9000.0, n),
        "cooling_max": rng.uniform(300.0, 3000.0, n),
        "airing_from": np.where(cooled, np.inf, 23.0),
        "airing_max": rng.uniform(50.0, 200.0, n),
        "ventilation": Shared(np.asarray(hours % 24 < 6, dtype=float), np.where(np.arange(n) % 2, 90.0, 0.0)[None]),
    }


def cut(control, here):
    return Control(**{k: v.steps(here) if isinstance(v, Shared) else v for k, v in control.items()})


def summer_and_winter(n_steps, n):
    outdoor, internal, solar, _ = random_year(n_steps, n)
    return outdoor + 22.0 * np.sin(np.linspace(0.0, np.pi, n_steps))[:, None], internal, 3.0 * solar
