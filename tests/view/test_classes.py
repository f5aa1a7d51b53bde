from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.view.classes import Classes, class_colours, round_classes
from twin.view.classes import _cielab as cielab

numbers = st.integers(-(10**9), 10**9).map(lambda n: n / 1000)


def test_limits_are_round_and_labels_say_them():
    classes = round_classes([12.0, 80.0, 143.0, 190.0, 287.0])
    assert classes.limits.tolist() == [0, 50, 100, 150, 200, 250, 300]
    assert classes.labels == ["0 – 50", "50 – 100", "100 – 150", "150 – 200", "200 – 250", "250 – 300"]


def test_decimals_are_as_few_as_tell_the_limits():
    assert round_classes([0.0, 1.4]).labels[:2] == ["0.00 – 0.25", "0.25 – 0.50"]
    assert round_classes([0, 12_000]).labels[-1] == "10,000 – 12,000"
    assert round_classes([-28, 28]).labels[0] == "−30 – −20"


def test_one_odd_building_does_not_take_the_colours_from_the_others():
    usual = np.linspace(60, 190, 200)
    classes = round_classes([*usual, 4000.0])
    assert classes.limits[-1] <= 200
    assert classes.open_above
    assert classes.labels[-1] == "over 175"
    assert classes.of([4000.0]).tolist() == [len(classes) - 1]


def test_a_given_range_wins_over_the_values():
    assert round_classes([10, 20], clim=(0, 300)).limits.tolist() == [0, 50, 100, 150, 200, 250, 300]


def test_a_limit_belongs_to_the_class_above_and_no_number_to_none():
    classes = Classes(np.array([0.0, 50.0, 100.0]))
    assert classes.of([0, 49.9, 50, 100, np.nan]).tolist() == [0, 0, 1, 1, -1]


@pytest.mark.parametrize("values", [[], [np.nan], [5.0], [0.0, 0.0], [np.inf, 3.0]])
def test_little_to_go_by_still_gives_classes(values):
    assert 5 <= len(round_classes(values)) <= 7


@given(st.lists(numbers, min_size=1, max_size=30))
def test_classes_cover_the_bulk_of_any_values(values):
    classes = round_classes(values)
    low, high = np.percentile(values, (2, 98))
    step = classes.limits[1] - classes.limits[0]
    assert 5 <= len(classes) <= 7
    assert classes.limits[0] <= low + 1e-6 * step
    assert classes.limits[-1] >= high - 1e-6 * step
    assert len(set(classes.labels)) == len(classes)
    assert np.all((classes.of(values) >= 0) & (classes.of(values) < len(classes)))


@pytest.mark.parametrize("cmap", ["YlOrRd", "viridis_r", "cividis", "RdBu_r"])
def test_colours_differ_by_equal_steps_and_stay_light_enough_for_edges(cmap):
    colours = class_colours(cmap, 6)
    lab = cielab(colours / 255.0)
    steps = np.linalg.norm(np.diff(lab, axis=0), axis=1)
    assert lab[:, 0].min() > 35
    assert steps.min() > 10
    assert steps.max() < 1.6 * steps.min()
