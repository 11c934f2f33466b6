"""Pauses after failures, with a moved clock."""

from __future__ import annotations

import random

from runyard.client.journal.sender.backoff import LONGEST_S, Backoff


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_pauses_grow_to_a_limit_and_end_with_success() -> None:
    clock = Clock()
    one = Backoff(clock, lambda: 1.0)
    pauses = []
    for _ in range(12):
        one.failed()
        pauses.append(round(one.left_s, 3))
        clock.now += one.left_s
    assert pauses[:4] == [0.3, 0.6, 1.2, 2.4]
    assert pauses[-1] == LONGEST_S
    assert one.failing_s > 50
    one.worked()
    assert (one.left_s, one.failing_s, one.failures) == (0, 0, 0)


def test_what_the_server_asks_for_is_kept_even_when_somebody_waits() -> None:
    clock = Clock()
    one = Backoff(clock, lambda: 0.0)
    one.failed(7)
    one.hurry()
    assert one.left_s == 7
    clock.now += 7
    assert one.left_s == 0


def test_somebody_who_waits_ends_a_pause_of_our_own() -> None:
    one = Backoff(Clock(), lambda: 1.0)
    one.failed()
    one.hurry()
    assert one.left_s == 0


def test_a_thousand_senders_do_not_come_back_at_once() -> None:
    clock = Clock()
    chance = random.Random(1)
    senders = [Backoff(clock, chance.random) for _ in range(1_000)]
    for one in senders:
        for _ in range(10):
            one.failed()
    first = sum(one.left_s < 1 for one in senders)
    assert first < 120
    assert max(one.left_s for one in senders) > LONGEST_S - 1
