"""When a server is looked for, and what is remembered of it."""

from __future__ import annotations

import os

import pytest

from runyard.client.journal.calls.reach import FOR_EVER, LOST_S, Reach


class Seen:
    """A clock, and a server that is there or not."""

    def __init__(self) -> None:
        self.now = 0.0
        self.up = True
        self.looks = 0

    def look(self) -> bool:
        self.looks += 1
        return self.up

    def reach(self, *, offline: bool = False, trusted_s: float = 5, sure_s: float = 2) -> Reach:
        return Reach(
            self.look, offline=offline, trusted_s=trusted_s, sure_s=sure_s, away_s=30, clock=lambda: self.now
        )


@pytest.fixture
def seen() -> Seen:
    return Seen()


def test_one_that_is_offline_is_never_looked_for(seen: Seen) -> None:
    reach = seen.reach(offline=True)
    assert not reach.there() and not reach.answers() and seen.looks == 0


def test_what_was_heard_is_trusted_for_its_time(seen: Seen) -> None:
    reach = seen.reach()
    assert reach.there() and reach.there() and seen.looks == 1
    seen.now, seen.up = 4.9, False
    assert reach.there() and seen.looks == 1
    assert not reach.answers() and seen.looks == 2
    assert not reach.there() and seen.looks == 2


def test_for_ever_lasts_until_it_is_lost_and_comes_back_by_itself(seen: Seen) -> None:
    reach = seen.reach(trusted_s=FOR_EVER)
    assert reach.there()
    seen.now, seen.up = 1e6, False
    assert reach.there()
    reach.lost()
    assert not reach.there()
    seen.now += LOST_S
    assert reach.there() and seen.looks == 1  # whoever asks finds out


def test_one_that_never_answered_is_left_alone_for_longer(seen: Seen) -> None:
    reach, seen.up = seen.reach(), False
    assert not reach.there()
    seen.now, seen.up = 29, True
    assert not reach.there() and seen.looks == 1
    seen.now = 31
    assert reach.there() and seen.looks == 2
    reach.lost()
    reach.heard()
    assert reach.there() and seen.looks == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_does_not_wait_for_a_look_of_its_parents(seen: Seen) -> None:
    reach = seen.reach()
    with reach._looking:
        child = os.fork()
        if child == 0:
            os._exit(0 if reach.there() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
