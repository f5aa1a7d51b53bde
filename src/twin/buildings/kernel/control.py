"""What is done about the temperature indoors: set points, installed powers, ventilation and opened windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.series import Dense, Rows, Series, Shared, site, spread

__all__ = ["Control", "Keeper"]

Reals = NDArray[Any]


@dataclass(frozen=True)
class Control:
    """What is done about the temperature indoors; None leaves a means out, and nothing given leaves it floating.

    Attributes
    ----------
    heating_set, cooling_set
        Set points, degC: any series that broadcasts to ``(step, building)``, or `Shared`. One that is out of reach
        (-1000 and 1000, or infinite outside of `Shared`) turns the heating or the cooling off.
    heating_max, cooling_max
        Installed powers, W, both positive, shape ``(building,)``; unlimited if None.
    airing_from
        Windows are opened as far as needed where the air would be warmer than this and than outdoors, degC, shape
        ``(building,)``; infinite where nobody opens them. Where somebody does, nothing is cooled.
    airing_max
        Ventilation added by windows wide open, W/K, shape ``(building,)``.
    ventilation
        Ventilation added to that of the zones by the clock, at night for instance, W/K: a series like the set points.
        It may be negative as far as the zones' own goes.
    """

    heating_set: Series | None = None
    cooling_set: Series | None = None
    heating_max: Reals | None = None
    cooling_max: Reals | None = None
    airing_from: Reals | None = None
    airing_max: Reals | None = None
    ventilation: Series | None = None

    @property
    def vents(self) -> bool:
        """Whether air is let in beyond the ventilation of the zones."""
        return self.airs or self.ventilation is not None

    @property
    def airs(self) -> bool:
        """Whether windows are opened."""
        return self.airing_from is not None and self.airing_max is not None


class Keeper:
    """Keeps the controlled temperature of a block where the control wants it, step by step.

    All ventilation works on the air alone, so its effect follows from the air without it: with ``h`` more of it, free
    air becomes ``outdoor + (free - outdoor) / (1 + response h)``. What cannot act in a step (cooling in winter, a
    limit that no building comes near) is left out, which changes no result; comparisons are put so that a temperature
    that is no number leaves nothing out.

    Parameters
    ----------
    here
        The block.
    response
        Rise of the block's controlled temperature per power, K/W.
    """

    def __init__(self, here: slice, response: Reals) -> None:
        self._here, self._dtype = here, response.dtype
        self._response, self._per_kelvin = response, 1.0 / response
        self._rows = [Rows(here, self._dtype) for _ in range(4)]
        self._own: tuple[Reals | None, ...] = ()
        self._row, self._limit = np.empty_like(response), np.empty_like(response)

    def window(self, control: Control, outdoor: Shared | Dense, shape: tuple[int, int]) -> None:
        """Go on with another window; powers and openings that are the same arrays as before are taken as unchanged."""
        own = (control.heating_max, control.cooling_max, control.airing_from, control.airing_max)
        if len(own) != len(self._own) or any(a is not b for a, b in zip(own, self._own, strict=True)):
            self._limits(own, shape[1])
        self._site = site(outdoor, self._dtype)
        apart = outdoor if control.vents and self._site is None else None
        wanted = control.heating_set, control.cooling_set, control.ventilation, apart
        finishes = None, self._cooled_to, self._diluted, None
        self._heating, self._cooling, self._losses, self._outdoors = (
            self._taken(rows, series, finish, shape)
            for rows, series, finish in zip(self._rows, wanted, finishes, strict=True)
        )
        self._begin_chunk()

    @staticmethod
    def _taken(
        rows: Rows,
        series: Series | Dense | None,
        finish: Callable[[Reals], Reals] | None,
        shape: tuple[int, int],
    ) -> Rows | None:
        if series is None:
            return None
        rows.window(series if isinstance(series, Dense) else spread(series, shape), finish)
        return rows

    def forget(self) -> None:
        """Drop the rows of set points, which may be large."""
        for rows in self._rows:
            rows.forget()

    def _limits(self, own: tuple[Reals | None, ...], n_buildings: int) -> None:
        """Take over installed powers and what windows let in."""
        self._own, response = own, self._response
        most, least, threshold, wide = (
            None if v is None else np.broadcast_to(v, (n_buildings,))[self._here].astype(self._dtype) for v in own
        )
        self._most = None if most is None else most * response
        self._least = None if least is None else least * response
        self._opens_from, self._wide = np.inf, None
        self._cooled_to: Callable[[Reals], Reals] | None = None
        if threshold is not None and wide is not None:
            opened = np.isfinite(threshold)
            self._threshold, self._opens_from = threshold, float(threshold.min())
            self._wide = response * wide
            self._inside = 1.0 / (1.0 + self._wide)
            self._outside = 1.0 - self._inside
            self._no_cooling = np.where(opened, 0.0, -np.inf).astype(self._dtype)
            uncooled = np.where(opened, np.inf, -np.inf).astype(self._dtype)
            self._cooled_to = lambda row: np.maximum(row, uncooled)
        self._diluted = lambda row: 1.0 + response * row
        self._weakest_heating = np.inf if self._most is None else float(self._most.min())
        self._weakest_cooling = np.inf if self._least is None else float(self._least.min())

    def _begin_chunk(self) -> None:
        self._ventilated: list[tuple[int, Reals]] = []
        self._aired = False

    def keep(self, step: int, free: Reals, kept: Reals) -> None:
        """Write what becomes of a temperature left free; ``free`` becomes that with the ventilation by the clock."""
        loss = None if self._losses is None else self._ventilate(step, free)
        hottest = -np.inf
        if self._cooling is not None or self._wide is not None:
            hottest = float(free[free.argmax()])
        base = free if hottest <= self._opens_from else self._air(step, free, loss)
        heated = self._heating is not None and self._heat(step, base, kept, loss)
        if self._cooling is not None:
            upper, lowest, _ = self._cooling[step]
            crossed = heated and self._heating is not None and self._heating[step][2] > lowest
            if crossed or not hottest <= lowest:
                limited = loss is not None or not hottest - lowest <= self._weakest_cooling
                self._cool(base, kept if heated else base, upper, kept, loss, limited)
                return
        if not heated:
            np.copyto(kept, base)

    def _outdoor(self, step: int) -> Reals:
        """Return the outdoor temperature of a step, of the site or of every building."""
        if self._outdoors is not None:
            return self._outdoors[step][0]
        assert self._site is not None
        here: Reals = self._site[step]
        return here

    def _heat(self, step: int, base: Reals, kept: Reals, loss: Reals | None) -> bool:
        """Write the air with heating and return True, or return False where nothing is to be heated."""
        assert self._heating is not None
        lower, _, highest = self._heating[step]
        lack = highest - float(base[base.argmin()])
        if lack <= 0.0:
            return False
        if self._most is None or (loss is None and lack <= self._weakest_heating):
            np.maximum(base, lower, out=kept)
        else:
            most = self._most if loss is None else np.divide(self._most, loss, self._limit)
            np.add(base, most, self._limit)
            np.minimum(self._limit, lower, out=self._limit)
            np.maximum(base, self._limit, out=kept)
        return True

    def _cool(self, base: Reals, heated: Reals, upper: Reals, kept: Reals, loss: Reals | None, limited: bool) -> None:
        """Write the air with cooling."""
        if self._least is None or not limited:
            np.minimum(heated, upper, out=kept)
            return
        least = self._least if loss is None else np.divide(self._least, loss, self._limit)
        np.subtract(base, least, self._limit)
        np.maximum(self._limit, upper, out=self._limit)
        np.minimum(heated, self._limit, out=kept)

    def _ventilate(self, step: int, free: Reals) -> Reals | None:
        """Change the free air by the ventilation of the clock, and return 1 + response times this, or None."""
        assert self._losses is not None
        loss, lowest, highest = self._losses[step]
        if lowest == highest == 1.0:
            return None
        outdoor = self._outdoor(step)
        np.subtract(free, outdoor, free)
        np.divide(free, loss, free)
        np.add(free, outdoor, free)
        self._ventilated.append((step, loss))
        return loss

    def _air(self, step: int, free: Reals, loss: Reals | None) -> Reals:
        """Return the air with the windows as far open as they are needed."""
        row, wide = self._row, self._limit
        inside = self._inside if loss is None else loss / (loss + self._wide)
        np.multiply(free, inside, row)
        np.multiply(self._outdoor(step), self._outside if loss is None else 1.0 - inside, wide)
        np.add(row, wide, row)
        np.maximum(row, self._threshold, out=row)
        np.minimum(row, free, out=row)
        self._aired = True
        return row

    def settle(self, steps: slice, free: Reals, kept: Reals, power: Reals, vented: Reals | None) -> None:
        """Write the power of a chunk of steps, and the heat let out by added ventilation and opened windows, W.

        Parameters
        ----------
        free, kept
            As `keep` left them, ``(step, building)``.
        """
        np.subtract(kept, free, power)
        np.multiply(power, self._per_kelvin, power)
        for step, loss in self._ventilated:
            power[step - steps.start] *= loss
        if vented is not None:
            self._settle_vented(steps, kept, power, vented)
        self._begin_chunk()

    def _settle_vented(self, steps: slice, kept: Reals, power: Reals, vented: Reals) -> None:
        if self._aired:
            np.subtract(np.maximum(power, self._no_cooling, out=vented), power, vented)
            np.maximum(power, self._no_cooling, out=power)
        else:
            vented.fill(0.0)
        for step, loss in self._ventilated:
            k = step - steps.start
            heat = kept[k] - self._outdoor(step)
            heat *= (loss - 1.0) * self._per_kelvin
            vented[k] += heat
