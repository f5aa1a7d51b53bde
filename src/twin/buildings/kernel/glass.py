"""Glazing of any number of panes: light let through and absorbed at every angle, U-value and solar factor."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from twin.units import STEFAN_BOLTZMANN

__all__ = [
    "GASES",
    "Optics",
    "Panes",
    "from_around",
    "from_horizon",
    "gap_conductance",
    "hemispherical",
    "inside_film",
    "inward_shares",
    "optics",
    "resistances",
    "solar_factor",
    "u_value",
]

Floats = NDArray[np.float64]

# EN 673:2011, table 1: at 10 degC density kg/m3, dynamic viscosity kg/(m s), conductivity W/(m K), heat capacity
# J/(kg K); then the change per kelvin of viscosity and conductivity between -10 and 20 degC
GASES = {
    "air": (1.232, 1.761e-5, 2.496e-2, 1008.0, 5.0e-8, 8.0e-5),
    "argon": (1.699, 2.164e-5, 1.684e-2, 519.0, 6.3e-8, 5.0e-5),
    "krypton": (3.560, 2.400e-5, 0.900e-2, 245.0, 7.0e-8, 2.8e-5),
}
_MEAN_K, _ACROSS_K = 283.0, 15.0  # of the gap, EN 673:2011, 7
# NFRC 100-2010, 4.3: the winter's night that window programs state their U-values for, K and W/(m2 K)
_WINTER_OUT_K, _WINTER_IN_K, _WINTER_CONVECTION = 255.15, 294.15, 26.0
_SETTLED = 20  # passes: each leaves a small part of the error of the one before
_GRAVITY = 9.81
_SAME = 0.005  # reflectances of front and back that differ by more betray a coating
_CLEAR_FROM = 0.645  # transmittance from which a coated pane behaves like clear, not like bronze glass
# Angular transmittance and (reflectance + transmittance) of clear and bronze reference glass over powers of the cosine:
# Finlayson, Arasteh, Huizenga, Rubin & Reilly 1993, WINDOW 4.0, LBL-33943; as in EnergyPlus' Engineering Reference
_COATED_T = np.array([[-0.0015, 3.355, -3.840, 1.460, 0.0288], [-0.002, 2.813, -2.341, -0.05725, 0.599]])
_COATED_R = np.array([[0.999, -0.563, 2.043, -2.532, 1.054], [0.997, -1.868, 6.513, -7.862, 3.225]])
_GRAZING = 1e-6  # cosine below which nothing changes any more; two mirrors would throw light about for ever
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_RING, _RING_WEIGHTS = np.polynomial.legendre.leggauss(8)
_TURNS = 16


@dataclass(frozen=True)
class Panes:
    """Panes from outside to inside, each of shape ``(p,)``; optics at normal incidence, solar spectrum (EN 410).

    ``front`` is the outer side, ``back`` the inner one.
    """

    thickness_m: Floats
    conductivity_w_mk: Floats
    transmittance: Floats
    reflectance_front: Floats
    reflectance_back: Floats
    emissivity_front: Floats
    emissivity_back: Floats

    def turned(self) -> Panes:
        """Return the same glazing as it is seen from the inside."""
        back = {"reflectance_front": "reflectance_back", "emissivity_front": "emissivity_back"}
        swap = {**back, **{v: k for k, v in back.items()}}
        return Panes(**{f.name: getattr(self, swap.get(f.name, f.name))[::-1] for f in fields(self)})


@dataclass(frozen=True)
class Optics:
    """What a glazing does with light from outside, each of the shape of the angles; absorptance has panes first."""

    transmittance: Floats
    reflectance: Floats
    absorptance: Floats


def optics(panes: Panes, cosine: Floats) -> Optics:
    """Return what happens to light that falls in at some angles.

    Every pane takes light as unpolarized, with the mean of both polarizations, as ISO 15099:2003, 7.2, WINDOW and with
    it the angular tables of ASHRAE 140 do; what the first pane does to one polarization is not known behind it.

    Parameters
    ----------
    cosine
        Of the angle of incidence, 0 to 1, any shape.
    """
    above_grazing = np.maximum(np.asarray(cosine, dtype=np.float64), _GRAZING)
    through, front, back = _single_panes(panes, above_grazing)
    return _stacked(through, front, back)


def hemispherical(panes: Panes) -> Optics:
    """Return what happens to light from all directions alike: the integral of 2 cos(theta) sin(theta) d theta."""
    squared = (_NODES + 1.0) / 2.0  # of the sine
    at = optics(panes, np.sqrt(1.0 - squared))
    mean = _WEIGHTS / 2.0
    return Optics(at.transmittance @ mean, at.reflectance @ mean, at.absorptance @ mean)


def from_horizon(panes: Panes) -> Optics:
    """Return what happens to light from a narrow band along the horizon, as bright all around, for upright glass."""
    azimuth = (_NODES + 1.0) * np.pi / 4.0
    at = optics(panes, np.cos(azimuth))
    mean = _WEIGHTS * np.cos(azimuth) * np.pi / 4.0
    return Optics(at.transmittance @ mean, at.reflectance @ mean, at.absorptance @ mean)


def from_around(panes: Panes, cosine: Floats, half_angle_deg: float) -> Optics:
    """Return what happens to light from a disc in the sky, as bright all over, per light that reaches the glass.

    Parameters
    ----------
    cosine
        Of the angle at which the middle of the disc is seen, shape ``(d,)``; what of the disc is behind the glass does
        not count.
    half_angle_deg
        Of the disc.
    """
    edge = np.cos(np.radians(half_angle_deg))
    off = (1.0 + edge + _RING * (1.0 - edge)) / 2.0  # cosine of the angle from the middle
    turn = (np.arange(_TURNS) + 0.5) / _TURNS * np.pi
    across = np.sqrt(1.0 - off**2)[:, None] * np.cos(turn)
    middle = np.asarray(cosine, dtype=np.float64)[:, None, None]
    meets = np.maximum(middle * off[:, None] + np.sqrt(1.0 - middle**2) * across, 0.0)
    at = optics(panes, meets)
    weight = meets * _RING_WEIGHTS[:, None]
    weight /= weight.sum(axis=(1, 2), keepdims=True)
    return Optics(*(np.sum(v * weight, axis=(-2, -1)) for v in (at.transmittance, at.reflectance, at.absorptance)))


def _single_panes(panes: Panes, cosine: Floats) -> Floats:
    """Return transmittance, and reflectance of front and back, of every pane, shape ``(3, p, ...)``."""
    coated = np.abs(panes.reflectance_front - panes.reflectance_back) > _SAME
    coated |= np.abs(panes.emissivity_front - panes.emissivity_back) > _SAME
    found = np.empty((3, len(coated), *cosine.shape))
    for k, has_coating in enumerate(coated):  # a few panes
        through, front, back = (
            float(v[k]) for v in (panes.transmittance, panes.reflectance_front, panes.reflectance_back)
        )
        if has_coating:
            found[:, k] = np.stack(_coated(through, front, back, cosine))
        else:
            found[:, k] = _uncoated(through, (front + back) / 2.0, cosine)
    return found


def _uncoated(transmittance: float, reflectance: float, cosine: Floats) -> Floats:
    """Return transmittance and reflectance of front and back, means of both polarizations, shape ``(3, ...)``.

    Fresnel's equations for a plane sheet whose index and absorption follow from its values at normal incidence: Duffie
    & Beckman, Solar Engineering of Thermal Processes, 5.1 to 5.3.
    """
    b = transmittance**2 - reflectance**2 + 2.0 * reflectance + 1.0
    surface = (b - np.sqrt(b**2 - 4.0 * (2.0 - reflectance) * reflectance)) / (2.0 * (2.0 - reflectance))
    passing = (reflectance - surface) / (surface * transmittance)
    index = (1.0 + np.sqrt(surface)) / (1.0 - np.sqrt(surface))
    inner = np.sqrt(1.0 - (1.0 - cosine**2) / index**2)
    left = passing ** (1.0 / inner)
    across = ((cosine - index * inner) / (cosine + index * inner)) ** 2
    along = ((index * cosine - inner) / (index * cosine + inner)) ** 2
    r = np.stack([across, along])
    through = (1.0 - r) ** 2 * left / (1.0 - (r * left) ** 2)
    thrown = r + r * left * through
    both: Floats = np.stack([through, thrown, thrown]).mean(axis=1)
    return both


def _coated(transmittance: float, front: float, back: float, cosine: Floats) -> tuple[Floats, Floats, Floats]:
    """Values at normal incidence, bent with the angle as those of reference glass (WINDOW 4.0)."""
    kind = 0 if transmittance > _CLEAR_FROM else 1
    powers = cosine[..., None] ** np.arange(5)
    t = np.clip(powers @ _COATED_T[kind], 0.0, 1.0)
    r = np.clip(powers @ _COATED_R[kind] - t, 0.0, 1.0)
    return transmittance * t, front * (1.0 - r) + r, back * (1.0 - r) + r


def _stacked(through: Floats, front: Floats, back: Floats) -> Optics:
    """Follow light back and forth between the panes, exactly: ISO 15099:2003, 7.2 for any number of panes."""
    n = len(through)
    rest = np.zeros((n + 1, *through.shape[1:]))  # reflectance of a pane with all behind it
    for k in reversed(range(n)):
        rest[k] = front[k] + through[k] ** 2 * rest[k + 1] / (1.0 - back[k] * rest[k + 1])
    absorbed = np.empty_like(through)
    inbound = np.ones(through.shape[1:])
    for k in range(n):
        behind = inbound * through[k] / (1.0 - back[k] * rest[k + 1])
        returning = behind * rest[k + 1]
        absorbed[k] = inbound * (1.0 - through[k] - front[k]) + returning * (1.0 - through[k] - back[k])
        inbound = behind
    return Optics(inbound, rest[0], absorbed)


def gap_conductance(
    gas: str,
    thickness_m: float,
    emissivities: tuple[float, float],
    mean_k: Floats | float = _MEAN_K,
    across_k: Floats | float = _ACROSS_K,
) -> Floats:
    """Return the conductance of a vertical gap between panes, W/(m2 K), of the temperatures' shape: EN 673:2011, 5.2
    and 5.3.

    Parameters
    ----------
    gas
        One of `GASES`.
    emissivities
        Of the two faces of the gap.
    mean_k, across_k
        Mean temperature of the gap, K, and difference between its faces, K; EN 673:2011, 7 unless given.
    """
    density, viscosity, conductivity, heat, more_viscous, more_conductive = GASES[gas]
    warmer = mean_k - _MEAN_K
    thinner, thicker = density * _MEAN_K / mean_k, viscosity + more_viscous * warmer
    conducting = conductivity + more_conductive * warmer
    grashof = _GRAVITY * thickness_m**3 * across_k * thinner**2 / (mean_k * thicker**2)
    prandtl = thicker * heat / conducting
    nusselt = np.maximum(0.035 * (grashof * prandtl) ** 0.38, 1.0)
    first, second = emissivities
    radiation = 4.0 * STEFAN_BOLTZMANN * mean_k**3 / (1.0 / first + 1.0 / second - 1.0)
    return np.asarray(nusselt * conducting / thickness_m + radiation)


def inside_film(emissivity: float) -> float:
    """Return the surface coefficient indoors, W/(m2 K): EN 673:2011, 8.3, 3.6 of it by convection."""
    return 3.6 + 4.1 * emissivity / 0.837


def resistances(panes: Panes, gaps: list[tuple[str, float]], winter: bool = False) -> Floats:
    """Return thermal resistances, m2 K/W, shape ``(p + 1,)``: outer face to first pane's middle, between the middles
    of neighbours, and last pane's middle to inner face.

    Parameters
    ----------
    gaps
        Gas and thickness in m of each gap, one less than panes.
    winter
        Whether the gaps are as cold as in the winter's night of NFRC 100, which WINDOW states U-values for; else as
        EN 673 has them.
    """
    half = panes.thickness_m / panes.conductivity_w_mk / 2.0
    middle, across = np.full(len(gaps), _MEAN_K), np.full(len(gaps), _ACROSS_K)
    outside = _WINTER_CONVECTION + 4.0 * STEFAN_BOLTZMANN * float(panes.emissivity_front[0]) * _MEAN_K**3
    inside = inside_film(float(panes.emissivity_back[-1]))
    for _ in range(_SETTLED if winter else 1):
        gap = _gap_resistances(panes, gaps, middle, across)
        between = np.concatenate([half, [0.0]]) + np.concatenate([[0.0], half])
        between[1:-1] += gap
        flow = (_WINTER_IN_K - _WINTER_OUT_K) * u_value(between, outside, inside)
        middle = _WINTER_OUT_K + flow * (1.0 / outside + np.cumsum(between)[:-2] + half[:-1] + gap / 2.0)
        across = flow * gap
    settled: Floats = between
    return settled


def _gap_resistances(panes: Panes, gaps: list[tuple[str, float]], middle: Floats, across: Floats) -> Floats:
    """Return the resistance of each gap at its mean temperature and the difference across it, m2 K/W."""
    faces = zip(panes.emissivity_back[:-1].tolist(), panes.emissivity_front[1:].tolist(), strict=True)
    states = zip(gaps, faces, middle.tolist(), across.tolist(), strict=True)
    return np.array([1.0 / gap_conductance(*gap, pair, mean, over) for gap, pair, mean, over in states])


def u_value(between: Floats, outside_w_m2k: float, inside_w_m2k: float) -> float:
    """Return the thermal transmittance of the glazing, W/(m2 K): EN 673:2011, 4."""
    return float(1.0 / (1.0 / outside_w_m2k + between.sum() + 1.0 / inside_w_m2k))


def inward_shares(between: Floats, outside_w_m2k: float, inside_w_m2k: float) -> Floats:
    """Return which share of the heat absorbed in each pane flows inward, shape ``(p,)``: EN 410:2011, 5.4.6."""
    outward = 1.0 / outside_w_m2k + np.cumsum(between[:-1])
    shares: Floats = outward * u_value(between, outside_w_m2k, inside_w_m2k)
    return shares


def solar_factor(light: Optics, inward: Floats) -> Floats:
    """Return the total solar energy transmittance g, of the shape of the angles: EN 410:2011, 5.4.1."""
    return np.asarray(light.transmittance + np.tensordot(inward, light.absorptance, axes=1))
