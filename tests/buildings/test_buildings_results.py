"""What goes into the city kernel in shared profiles, and what comes out in sums instead of series."""

import numpy as np
import pytest
from kernel_case import (
    HOUR,
    all_means,
    constant,
    cut,
    house,
    random_houses,
    random_year,
    summer_and_winter,
)

from twin.buildings.kernel import recurrence
from twin.buildings.kernel.results import GroupSeries, Totals
from twin.buildings.kernel.simple_hourly import Control, Shared, fold, simulate, stream


def test_profiles_that_buildings_share_are_their_series():
    n, n_steps = 9, 400
    rng = np.random.default_rng(2)
    outdoor = Shared(random_year(n_steps, 2)[0], rng.dirichlet([1.0, 1.0], n).T)
    internal = Shared(rng.uniform(0.0, 5.0, (n_steps, 3)), rng.uniform(0.0, 100.0, (3, n)))
    solar = Shared.by_class(rng.uniform(0.0, 2000.0, (n_steps, 4)), np.arange(n) % 4)
    control = all_means(n, n_steps)
    expanded = Control(**{k: v.expand() if isinstance(v, Shared) else v for k, v in control.items()})
    steps, start = fold(random_houses(n), HOUR), np.full(n, 20.0)
    kept = {"keep_mass": True, "operative": True}
    together = simulate(steps, start, outdoor, internal, solar, Control(**control), **kept)
    apart = simulate(steps, start, outdoor.expand(), internal.expand(), solar.expand(), expanded, **kept)
    for name in ("power", "air", "airing", "operative", "mass"):
        assert getattr(together, name) == pytest.approx(getattr(apart, name), rel=1e-9, abs=1e-6), name
    assert solar.expand()[:, 5] == pytest.approx(solar.profiles[:, 1])


def test_a_series_that_does_not_fit_is_refused():
    wrong = Shared(np.ones((7, 2)), np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"\(7, 2\) profiles and \(2, 3\) shares do not make"):
        simulate(fold(house(3), HOUR), np.full(3, 20.0), constant(0, 5), wrong, constant(0, 5), Control())


@pytest.mark.parametrize("operative", [False, True])
def test_streams_add_up_to_what_is_stored(monkeypatch, operative):
    monkeypatch.setattr(recurrence, "BLOCK_BYTES", 40)
    n, n_steps, half = 11, 500, 250
    series, control = summer_and_winter(n_steps, n), all_means(n, n_steps)
    steps, start, groups = fold(random_houses(n), HOUR), np.full(n, 20.0), np.array([2, 0, 1, 1, 0, 2, 2, 0, 0, 1, 1])
    whole = simulate(steps, start, *series, cut(control, slice(0, n_steps)), operative=operative)
    totals, by_group, mass = Totals(n, HOUR, above=[26.0], below=[18.0]), [], start
    for here in (slice(0, half), slice(half, n_steps)):
        by_group.append(GroupSeries(groups, 4, half))
        window = (v[here] for v in series)
        mass = stream(steps, mass, *window, cut(control, here), [totals, by_group[-1]], operative=operative)
    assert mass == pytest.approx(whole.mass[-1], rel=1e-9)
    warm, cold = np.maximum(whole.power, 0.0), np.maximum(-whole.power, 0.0)
    assert totals.heating_j == pytest.approx(warm.sum(axis=0) * HOUR, rel=1e-9)
    assert totals.cooling_j == pytest.approx(cold.sum(axis=0) * HOUR, rel=1e-9)
    assert totals.heating_peak_w == pytest.approx(warm.max(axis=0), rel=1e-9)
    assert totals.cooling_peak_w == pytest.approx(cold.max(axis=0), rel=1e-9)
    felt = whole.operative if operative else whole.air
    assert totals.hours_above[0] == pytest.approx((felt > 26.0).sum(axis=0))
    assert totals.hours_below[0] == pytest.approx((felt < 18.0).sum(axis=0))
    for name, values in (("heating_w", warm), ("cooling_w", cold)):
        joined = np.vstack([getattr(part, name) for part in by_group])
        expected = np.stack([values[:, groups == g].sum(axis=1) for g in range(4)], axis=1)
        assert expected.any()
        assert joined == pytest.approx(expected, rel=1e-9, abs=1e-6)
