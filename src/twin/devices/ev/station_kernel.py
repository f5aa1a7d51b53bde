"""How the points of a charging station share its power."""

from __future__ import annotations

__all__ = ["equal_share", "seconds_until"]


def equal_share(power: float, limit: float, least: float, charging: int) -> float:
    """Return what each of the vehicles that charge gets, W: an equal part of the limit, but never less than ``least``.

    Parameters
    ----------
    power
        Most that a point gives, W.
    limit
        Most that all points give together, W; infinite if there is none.
    charging
        Number of vehicles that charge, at least 1.
    """
    return min(power, max(limit / charging, least))


def seconds_until(energy: float, power: float) -> int:
    """Return how many whole seconds of ``power`` W, above 0, fit into ``energy`` J; what is left takes one more."""
    return int(energy // power)
