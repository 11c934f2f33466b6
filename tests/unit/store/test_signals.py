"""Messages between servers: short, and nothing is lost in them but detail."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.entities.change import ChangeKind, Changes, Place
from runyard.store.sql.signals import PIECES, Signal, changes_of, decode, encode, signals

ME = b"12345678"
MOST_BYTES = 7_999  # of a notification
RUN_IDS = st.one_of(
    st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}"), st.text(min_size=1, max_size=300)
)


def told(changes: Changes) -> Changes:
    """What others hear of it."""
    found = Changes()
    messages = signals(ME, changes)
    assert 1 <= len(messages) <= PIECES
    for message in messages:
        payload = encode(message)
        assert len(payload.encode()) <= MOST_BYTES
        received = decode(payload)
        assert received is not None and received.sender == ME
        found.merge(changes_of(received))
    return found


@given(st.lists(st.tuples(st.integers(0, 20), RUN_IDS, st.integers(1, 15)), max_size=200))
def test_others_hear_of_every_run(items: list[tuple[int, str, int]]) -> None:
    changes = Changes()
    for experiment, run_id, kind in items:
        changes.add_run(Place(1, experiment), run_id, ChangeKind(kind))
    found = told(changes)
    for place, runs in changes.runs.items():
        assert place in found.many or found.runs[place] == runs


def test_many_changes_of_many_experiments_fit() -> None:
    changes, chance = Changes(), random.Random(1)
    for number in range(900):
        changes.add_run(Place(2**40, number), f"{chance.getrandbits(128):032x}", ChangeKind.POINTS)
        changes.add_experiment(Place(2**40, 2**50 + number))
        changes.add_many([Place(2**40, 2**51 + number)])
        changes.add_traces(Place(2**40, 2**52 + number))
    found = told(changes)
    assert found.lost or {*found.runs, *found.many} >= {*changes.runs, *changes.many}


def test_others_hear_of_traces() -> None:
    changes = Changes()
    changes.add_traces(Place(1, 7))
    assert told(changes).traces == {Place(1, 7)}


def test_long_ids_are_told_by_their_experiment() -> None:
    changes = Changes()
    changes.add_run(Place(1, 1), "x" * 5_000, ChangeKind.POINTS)
    assert told(changes).many == {Place(1, 1)}


def test_lost_stays_lost() -> None:
    changes = Changes()
    changes.lost = True
    assert told(changes).lost
    assert signals(ME, Changes(), lost=True)[0].lost


@pytest.mark.parametrize("payload", ["", "x", "not base 85 ~~~\0", encode(Signal(ME))[:-3], "00000", "ünï"])
def test_what_is_no_message_is_passed_over(payload: str) -> None:
    found = decode(payload)
    assert found is None or not changes_of(found)
