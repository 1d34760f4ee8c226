from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.cache import BoundedCache


def test_the_least_recently_used_is_forgotten_first() -> None:
    cache: BoundedCache[str, int] = BoundedCache(3)
    for number, key in enumerate("abc"):
        cache.put(key, number, size=1)
    cache.get("a")
    cache.put("d", 3, size=1)
    assert [cache.get(key) for key in "abcd"] == [0, None, 2, 3]


def test_what_is_larger_than_all_the_room_is_not_kept_and_moves_nothing_out() -> None:
    cache: BoundedCache[str, int] = BoundedCache(3)
    cache.put("a", 1, size=1)
    cache.put("b", 2, size=4)
    assert (cache.get("a"), cache.get("b")) == (1, None)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12))))
def test_it_never_holds_more_than_it_may(puts: list[tuple[int, int]]) -> None:
    cache: BoundedCache[int, int] = BoundedCache(20)
    last: dict[int, int] = {}
    for key, size in puts:
        cache.put(key, size, size=size)
        last[key] = size
        kept = {key: value for key in range(10) if (value := cache.get(key)) is not None}
        assert cache.size == sum(kept.values()) <= 20
        assert kept.items() <= last.items()
