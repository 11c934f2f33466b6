import numpy as np

from runyard.store.sql.sample_cache import EACH, SampleCache, SampleOf
from runyard.store.sql.series.points import Columns


def points(count: int) -> Columns:
    return Columns(np.arange(count), np.arange(count), np.zeros(count))


def sample(run: int) -> SampleOf:
    return SampleOf(run, f"{run:032x}", "loss", 320, None, None)


def test_a_sample_is_found_for_its_version_only() -> None:
    cache, kept = SampleCache(), points(3)
    cache.keep(sample(1), 7, kept)
    assert cache.find(sample(1), 7) is kept
    assert cache.find(sample(1), 8) is None
    assert cache.find(sample(2), 7) is None


def test_the_samples_used_longest_ago_make_room() -> None:
    cache = SampleCache(3 * (EACH + 10))
    for run in (1, 2, 3):
        cache.keep(sample(run), 1, points(10))
    cache.find(sample(1), 1)
    cache.keep(sample(4), 1, points(10))
    assert [run for run in (1, 2, 3, 4) if cache.find(sample(run), 1) is not None] == [1, 3, 4]


def test_a_newer_version_takes_the_place_of_the_older() -> None:
    cache = SampleCache(2 * (EACH + 10))
    for version in range(20):
        cache.keep(sample(1), version, points(10))
    cache.keep(sample(2), 1, points(10))
    assert cache.find(sample(1), 19) is not None


def test_a_sample_beyond_the_limit_is_not_held() -> None:
    cache = SampleCache(50)
    cache.keep(sample(1), 1, points(10))
    assert cache.find(sample(1), 1) is None
