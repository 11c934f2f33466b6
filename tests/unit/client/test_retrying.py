"""Pauses between tries."""

from runyard.client.retrying import LONGEST_S, Patience


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def sleep(self, pause_s: float) -> None:
        self.pauses.append(pause_s)
        self.now += pause_s


def patience(time: Time, total_s: float, chance: float = 1.0) -> Patience:
    return Patience(total_s, lambda: time.now, time.sleep, lambda: chance)


def test_pauses_grow_to_a_limit_and_end() -> None:
    time = Time()
    one = patience(time, 60)
    while one.pause(None):
        pass
    assert time.pauses[:4] == [0.2, 0.4, 0.8, 1.6]
    assert max(time.pauses) == LONGEST_S
    assert sum(time.pauses) < 60


def test_jitter_is_full() -> None:
    time = Time()
    one = patience(time, 60, chance=0.0)
    assert one.pause(None) and time.pauses == [0.0]


def test_server_is_obeyed() -> None:
    time = Time()
    one = patience(time, 30)
    assert one.pause(5) and time.pauses == [5]


def test_longer_than_there_is_patience_is_not_begun() -> None:
    time = Time()
    assert not patience(time, 30).pause(31)
    assert time.pauses == []


def test_tries_that_take_long_count() -> None:
    time = Time()
    one = patience(time, 10)
    time.now += 11
    assert not one.pause(None)
