"""What was seen once is not looked for again: in memory, on disk, and in scenes that are much alike."""

import os

import numpy as np
import pytest
from sun_case import Counting, looked_at, scene_of_boxes

from twin import cache
from twin.errors import TwinError
from twin.sun.sight import memory
from twin.sun.sight.memory import see
from twin.sun.sight.patches import below, reinhart

SKY = reinhart(1)
STREET = [(12.0 * k, 0, 10, 9, 6 + k % 3) for k in range(4)] + [(12.0 * k, 20, 10, 9, 8) for k in range(4)]


@pytest.fixture
def scene():
    return scene_of_boxes(*STREET)


@pytest.fixture
def casters(monkeypatch):
    """Count what is cast, scene by scene."""
    made = []

    def counting(scene, *_rays):
        made.append(Counting(scene))
        return made[-1]

    monkeypatch.setattr(memory, "caster_of", counting)
    return made


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder in which everything is kept, however fast it was found."""
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(memory, "_WORTH_KEEPING_S", -1.0)
    return tmp_path / "kept"


def forget():
    memory._memory.clear()


def assert_same(a, b):
    assert np.array_equal(a.bits, b.bits)
    for name in ("offsets", "patch", "surface"):
        assert np.array_equal(getattr(a.hits, name), getattr(b.hits, name))
    assert np.array_equal(a.normals, b.normals)


def test_the_second_look_is_the_first(scene, casters):
    first = see(scene, SKY)
    assert see(scene_of_boxes(*STREET), SKY) is first  # of the same content, whoever made it
    assert see(scene, below(1)) is not first
    assert len(casters) == 2


def test_a_scene_much_like_one_seen_is_followed_from_it(scene, casters):
    see(scene, SKY)
    changed = scene_of_boxes(*STREET[:-1])
    found = see(changed, SKY)
    assert casters[1].rays < 0.4 * casters[0].rays
    assert np.array_equal(found.bits, looked_at(changed, SKY).bits)


def test_one_that_has_little_in_common_is_looked_at_anew(scene, casters):
    see(scene, SKY)
    see(scene_of_boxes(*[(x + 500.0, *rest) for x, *rest in STREET]), SKY)
    assert casters[1].rays == pytest.approx(casters[0].rays, rel=0.05)


def test_not_everything_is_remembered(monkeypatch, scene):
    monkeypatch.setattr(memory, "_MOST", 2)
    first = see(scene, SKY)
    for height in (10, 11, 12):
        see(scene_of_boxes((0, 0, 10, 9, height)), SKY)
    assert len(memory._memory) == 2
    assert see(scene, SKY) is not first


def test_what_is_named_but_not_there_is_an_error(monkeypatch, scene):
    monkeypatch.setattr(memory, "has_embree", lambda: False)
    with pytest.raises(TwinError, match=r"embreex.* is not installed here"):
        see(scene, SKY, "embree")
    assert memory.chosen("auto") == "numpy"


def test_rays_cast_without_embree_find_the_same(scene):
    marched, cast = see(scene, SKY, "numpy"), see(scene, SKY, "embree")
    assert marched is not cast
    assert (np.unpackbits(marched.bits) != np.unpackbits(cast.bits)).mean() < 0.002


# -- on disk


def test_what_took_long_is_read_back_equal(folder, scene, casters):
    first = see(scene, SKY)
    assert len(list(folder.glob("sun-*.npz"))) == 1
    assert not list(folder.glob("*.part"))
    forget()
    again = see(scene, SKY)
    assert again is not first
    assert_same(again, first)
    assert len(casters) == 1


def test_what_was_found_quickly_is_not_kept(folder, scene, monkeypatch):
    monkeypatch.setattr(memory, "_WORTH_KEEPING_S", 1e6)
    see(scene, SKY)
    assert not folder.exists()


def test_with_an_empty_name_nothing_is_kept(folder, scene, monkeypatch, casters, tmp_path):
    monkeypatch.setenv("TWIN_CACHE", "")
    monkeypatch.chdir(tmp_path)
    see(scene, SKY)
    forget()
    see(scene, SKY)
    assert len(casters) == 2
    assert not list(tmp_path.iterdir())


def test_a_broken_file_is_made_anew(folder, scene, casters, caplog):
    first = see(scene, SKY)
    (file,) = folder.glob("*.npz")
    whole = file.read_bytes()
    for broken in (b"", b"no archive", whole[: len(whole) // 2], whole[:200] + b"\0" * 500 + whole[700:]):
        file.write_bytes(broken)
        forget()
        caplog.clear()
        assert_same(see(scene, SKY), first)
        assert "cannot be read and is made anew" in caplog.text
    assert file.read_bytes() == whole
    assert len(casters) == 5


def test_a_folder_that_cannot_be_written_to_is_worth_a_warning(folder, scene, caplog):
    folder.write_text("in the way")
    found = see(scene, SKY)
    assert len(found) == 48
    assert f"nothing is kept in {folder}" in caplog.text


# -- the folder


def test_the_folder_shrinks_to_its_size_by_what_was_not_asked_for_the_longest(folder, monkeypatch):
    data = {"x": np.zeros(1000)}
    for k in range(4):
        cache.store(f"k{k}", data)
        os.utime(folder / f"k{k}.npz", (k + 1, k + 1))
    size = (folder / "k0.npz").stat().st_size
    assert cache.load("k0")["x"].shape == (1000,)  # asked for, so it goes last
    monkeypatch.setattr(cache, "MOST_BYTES", 3 * size)
    cache.store("k4", data)
    assert sorted(file.stem for file in folder.iterdir()) == ["k0", "k3", "k4"]


def test_arrays_come_back_as_they_went(folder):
    arrays = {"bits": np.arange(5, dtype=np.uint8), "name": np.array("rays"), "none": np.zeros((0, 3))}
    assert cache.load("a") is None
    cache.store("a", arrays)
    found = cache.load("a")
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


def test_a_write_that_fails_leaves_nothing_half_written(folder, monkeypatch, caplog):
    def full(*_args, **_arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.np, "savez", full)
    cache.store("a", {"x": np.zeros(3)})
    assert "No space left" in caplog.text
    assert not list(folder.iterdir())
