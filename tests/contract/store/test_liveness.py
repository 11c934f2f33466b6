"""Runs that fall silent, runs that come back and runs that stand still, on both databases, by a clock that is moved."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from runyard.entities.access import EVERYTHING, Grants
from runyard.entities.alert import LOST_TAG, WHOLE_WORKSPACE, AlertEvent
from runyard.entities.common import Stage, Tag
from runyard.entities.journal import PointRecord
from runyard.entities.run import MetricPoint, RunStatus
from runyard.errors import InvalidInput, NotFound
from runyard.store.alert_contracts import Beat, Delivery, NewAlert
from runyard.store.journal_contracts import Admission, Changed, SomePoints, Stretch
from runyard.store.sql import alert_events, alerts, journals, liveness, quiet_runs, watcher
from runyard.store.sql.alerts import SqlAlerts
from runyard.store.sql.journals import SqlJournals
from runyard.store.sql.liveness import SqlLiveness
from runyard.store.sql.watcher import AGAIN_S, AT_ONCE_PER_ALERT, Watcher
from tests.contract.store.stores import ROOT, Stores

ALL = Admission(EVERYTHING, "me", "w")
START_MS = 1_700_000_000_000
DEFAULT_S = 120


class Clock:
    """The server's two clocks, which only the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ms = START_MS
        self.grown_s = 1_000.0
        for module in (alert_events, alerts, journals, liveness, quiet_runs, watcher):
            monkeypatch.setattr(module, "now_ms", lambda: self.ms)

    def tick(self, seconds: float) -> None:
        """Time goes by."""
        self.ms += int(seconds * 1000)
        self.grown_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Watch:
    """Liveness and alerts of one server, and what its receivers got."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self.stores = stores
        self.clock = clock
        self.liveness = SqlLiveness(stores.database)
        self.alerts = SqlAlerts(stores.database)
        self.journals = SqlJournals(stores.database, ROOT)
        self.got: list[Any] = []
        self.answers: Callable[[Delivery], str | None] = lambda one: None
        self.watcher = self.new_watcher()

    def new_watcher(self) -> Watcher:
        return Watcher(
            self.stores.database, self._deliver, 100, lambda: self.clock.grown_s, lambda: self.clock.ms / 1000
        )

    async def _deliver(self, one: Delivery) -> str | None:
        error = self.answers(one)
        if error is None:
            self.got.append(json.loads(one.body))
        return error

    def beat(self, *run_ids: str, interval_s: int = 15, admission: Admission = ALL) -> None:
        beat = Beat(run_ids, interval_s, "host-1", DEFAULT_S)
        self.stores.do(self.liveness.beat(self.stores.workspace, beat, admission))

    def end(self, *run_ids: str, reason: str = "") -> None:
        beat = Beat(run_ids, 15, "host-1", DEFAULT_S)
        self.stores.do(self.liveness.end(self.stores.workspace, beat, reason, ALL))

    def lose(self) -> int:
        return self.stores.do(self.liveness.lose_some(100))

    def put(self, name: str, events: AlertEvent, experiment: int | None = None, stalled_s: int = 60) -> None:
        new = NewAlert(name, experiment, events, stalled_s, "h", b"sealed", "me")
        self.stores.do(self.alerts.put(self.stores.workspace, new, 10))

    def step(self, times: int = 1) -> None:
        """Let the watcher work."""
        for _ in range(times):
            self.stores.do(self.watcher.step())

    def take(self, *changes: Any) -> None:
        """Records of a new journal."""
        stretch = Stretch(0, len(changes), changes, ())
        taken = self.journals.take(self.stores.workspace, uuid.uuid4().hex, stretch, ALL)
        assert self.stores.do(taken).refused == []

    def state(self, run_id: str) -> tuple[str, int | None, str | None]:
        """Status, end time and why it was lost."""
        info = self.stores.run(run_id)["info"]
        return info["status"], info.get("end_time"), self.stores.data(run_id, "tags").get(LOST_TAG)


@pytest.fixture
def watch(stores: Stores, clock: Clock) -> Iterator[Watch]:
    one = Watch(stores, clock)
    yield one
    tables = ("run_beats", "alert_deliveries", "leases")
    for table in tables:  # the watcher sees all workspaces
        stores.do(stores.database.write(lambda tx, table=table: tx.execute(f"DELETE FROM {table}")))  # type: ignore[misc]


ALIVE = ("RUNNING", None, None)
SILENT = "No sign of life since 2023-11-14T22:13:20Z from host-1."


def points(run_id: str, *steps: int) -> SomePoints:
    return SomePoints(run_id, [1 for _ in steps], [PointRecord(run_id, "m", 1.0, 1, step) for step in steps])


def test_a_sign_that_was_under_way_when_its_journal_ended_brings_no_run_back(
    watch: Watch, stores: Stores, clock: Clock
) -> None:
    run_id, journal = stores.new_run(), uuid.uuid4().hex
    beat = Beat([run_id], 15, "host-1", DEFAULT_S, journal)

    def take(before: int) -> None:
        stretch = Stretch(before, before + 1, [points(run_id, before)], ())
        stores.do(watch.journals.take(stores.workspace, journal, stretch, ALL))

    take(0)
    stores.do(watch.liveness.beat(stores.workspace, beat, ALL))
    stores.do(watch.journals.seen(stores.workspace, journal, ended=True))
    stores.do(watch.liveness.end(stores.workspace, beat, "It was killed.", ALL))
    stores.do(watch.journals.seen(stores.workspace, journal, ended=False))
    stores.do(watch.liveness.beat(stores.workspace, beat, ALL))
    assert watch.state(run_id) == ("FAILED", START_MS, "It was killed.")
    take(1)  # it was not dead after all
    stores.do(watch.liveness.beat(stores.workspace, beat, ALL))
    assert watch.state(run_id) == ALIVE


def test_a_run_that_falls_silent_fails_and_the_others_do_not(
    watch: Watch, stores: Stores, clock: Clock
) -> None:
    silent, alive, never = stores.new_run(), stores.new_run(), stores.new_run()
    watch.beat(silent, alive)
    clock.tick(100)
    watch.beat(alive)
    assert watch.lose() == 0
    clock.tick(20)
    assert watch.lose() == 1
    assert watch.state(silent) == ("FAILED", START_MS, SILENT)
    assert watch.state(alive) == watch.state(never) == ALIVE
    assert stores.find_runs(
        [int(stores.run(silent)["info"]["experiment_id"])], f"tags.`{LOST_TAG}` LIKE 'No sign%'"
    )
    assert watch.lose() == 0


def test_the_next_sign_brings_a_run_back(watch: Watch, stores: Stores, clock: Clock) -> None:
    by_beat, by_record = stores.new_run(), stores.new_run()
    watch.beat(by_beat, by_record)
    clock.tick(121)
    assert watch.lose() == 2
    watch.beat(by_beat)
    watch.take(points(by_record, 1))
    assert watch.state(by_beat) == watch.state(by_record) == ALIVE
    clock.tick(119)
    assert watch.lose() == 0
    clock.tick(2)
    assert watch.lose() == 2  # also the one that gave no beat since
    assert watch.state(by_record)[0] == "FAILED"


def test_a_record_that_ends_a_lost_run_decides(watch: Watch, stores: Stores, clock: Clock) -> None:
    run_id = stores.new_run()
    watch.beat(run_id)
    clock.tick(500)
    watch.lose()
    watch.take(points(run_id, 1), Changed(2, run_id, RunStatus.FINISHED, 77, None))
    assert watch.state(run_id) == ("FINISHED", 77, None)
    clock.tick(500)
    assert watch.lose() == 0


def test_what_people_said_of_a_lost_run_stays(watch: Watch, stores: Stores, clock: Clock) -> None:
    killed, accepted = stores.new_run(), stores.new_run()
    watch.beat(killed, accepted)
    clock.tick(500)
    watch.lose()
    stores.do(stores.runs.update(stores.workspace, killed, RunStatus.KILLED, 5, None))
    stores.do(stores.runs.delete_tag(stores.workspace, accepted, LOST_TAG))
    watch.beat(killed, accepted)
    assert watch.state(killed)[:2] == ("KILLED", 5)
    assert watch.state(accepted)[0] == "FAILED"


def test_a_run_that_ended_or_was_deleted_is_let_alone(watch: Watch, stores: Stores, clock: Clock) -> None:
    ended, deleted = stores.new_run(), stores.new_run()
    watch.beat(ended, deleted)
    stores.do(stores.runs.update(stores.workspace, ended, RunStatus.FINISHED, 5, None))
    stores.do(stores.runs.set_stage(stores.workspace, deleted, Stage.DELETED))
    clock.tick(500)
    assert (watch.lose(), watch.lose()) == (2, 0)
    watch.beat(ended, deleted, "0" * 32, "a" * 5_000)
    clock.tick(500)
    assert watch.lose() == 0
    assert watch.state(ended) == ("FINISHED", 5, None)
    assert stores.run(deleted)["info"]["status"] == "RUNNING"


def test_a_death_that_is_told_fails_the_runs_at_once(watch: Watch, stores: Stores, clock: Clock) -> None:
    died, unheard, ended = stores.new_run(), stores.new_run(), stores.new_run()
    watch.beat(died)
    stores.do(stores.runs.update(stores.workspace, ended, RunStatus.FINISHED, 5, None))
    clock.tick(1)
    watch.end(died, unheard, ended, reason="killed")
    assert watch.state(died) == watch.state(unheard) == ("FAILED", START_MS + 1_000, "killed")
    assert watch.state(ended) == ("FINISHED", 5, None)
    watch.take(points(died, 1))
    assert watch.state(died) == ALIVE


def test_a_client_that_ends_in_order_leaves_its_runs_unwatched(
    watch: Watch, stores: Stores, clock: Clock
) -> None:
    run_id = stores.new_run()
    watch.beat(run_id)
    watch.end(run_id)
    clock.tick(10_000)
    assert watch.lose() == 0
    assert watch.state(run_id) == ALIVE


def test_how_long_a_run_may_be_silent_is_set_further_in(watch: Watch, stores: Stores, clock: Clock) -> None:
    short, long, other, slow = (stores.new_experiment() for _ in range(4))
    runs = {one: stores.new_run(one) for one in (short, long, other, slow)}

    def limit(place: int, seconds: int | None) -> None:
        stores.do(watch.liveness.set_limit(stores.workspace, place, seconds))

    limit(WHOLE_WORKSPACE, 300)
    limit(short, 20)
    limit(long, 0)
    for one in (short, long, other):
        watch.beat(runs[one], interval_s=1)
    watch.beat(runs[slow], interval_s=200)
    clock.tick(21)
    assert (watch.lose(), watch.state(runs[short])[0]) == (1, "FAILED")
    clock.tick(280)
    assert (watch.lose(), watch.state(runs[other])[0]) == (1, "FAILED")
    clock.tick(200)  # two and a half intervals
    assert (watch.lose(), watch.state(runs[slow])[0]) == (1, "FAILED")
    clock.tick(10**7)
    assert (watch.lose(), watch.state(runs[long])) == (0, ALIVE)
    limit(WHOLE_WORKSPACE, None)
    assert stores.do(watch.liveness.limits(stores.workspace)) == {short: 20, long: 0}
    with pytest.raises(NotFound):
        limit(987_654, 5)


def test_only_who_may_log_to_a_run_can_speak_for_it(watch: Watch, stores: Stores, clock: Clock) -> None:
    mine, theirs = stores.new_experiment(), stores.new_experiment()
    runs = stores.new_run(mine), stores.new_run(theirs)
    guest = Admission(Grants(experiments={mine: (frozenset({"runs/write"}), frozenset())}), "guest", "w")
    watch.beat(*runs)
    clock.tick(100)
    watch.beat(*runs, admission=guest)
    clock.tick(30)
    watch.lose()
    assert (watch.state(runs[0]), watch.state(runs[1])[0]) == (ALIVE, "FAILED")


def test_two_servers_at_once_lose_a_run_once(
    watch: Watch, stores: Stores, others: Stores, clock: Clock
) -> None:
    watch.put("a", AlertEvent.FAILED)
    runs = [stores.new_run() for _ in range(20)]
    watch.beat(*runs)
    clock.tick(500)
    other = SqlLiveness(others.database)
    works: list[Awaitable[object]] = [watch.liveness.lose_some(100), other.lose_some(100)]
    assert not [one for one in stores.at_once(*works) if isinstance(one, Exception)]
    assert all(watch.state(run)[0] == "FAILED" for run in runs)
    assert sorted(one.body.count("failed:") for one in stores.do(watch.alerts.due(100))) == [1] * 20


def test_failures_are_told_to_whoever_wants_to_know(watch: Watch, stores: Stores, clock: Clock) -> None:
    mine, other = stores.new_experiment("mïne"), stores.new_experiment()
    watch.put("all", AlertEvent.FAILED | AlertEvent.NAN)
    watch.put("mine", AlertEvent.FAILED, mine)
    watch.put("nan", AlertEvent.NAN)
    run, elsewhere = stores.new_run(mine, "näme"), stores.new_run(other)
    for _ in range(2):
        stores.do(stores.runs.update(stores.workspace, run, RunStatus.FAILED, 5, None))
    stores.do(stores.runs.update(stores.workspace, elsewhere, RunStatus.FINISHED, 5, None))
    watch.step()
    assert len(watch.got) == 2
    message = watch.got[0]
    assert (message["event"], message["run_id"], message["run_name"]) == ("failed", run, "näme")
    assert (message["experiment_id"], message["experiment_name"], message["user_id"]) == (
        str(mine),
        "mïne",
        "u",
    )
    assert message["text"].startswith("Run näme of experiment mïne in workspace ")
    assert message["time_ms"] == clock.ms
    watch.step()
    assert len(watch.got) == 2


def test_values_that_are_no_numbers_are_told_once_per_run(watch: Watch, stores: Stores) -> None:
    first = stores.new_run()
    stores.log(first, MetricPoint("early", math.nan, 1, 0))  # before anybody wanted to know
    watch.put("nan", AlertEvent.NAN)
    run, calm = stores.new_run(), stores.new_run()
    stores.log(calm, MetricPoint("loss", math.inf, 1, 0), MetricPoint("loss", 1.0, 1, 1))
    stores.log(
        run,
        MetricPoint("loss", 1.0, 1, 0),
        MetricPoint("b", math.nan, 1, 1),
        MetricPoint("a", math.nan, 1, 1),
    )
    stores.run(run)  # whoever reads has set-aside points stored
    stores.log(run, MetricPoint("c", math.nan, 2, 2))
    watch.take(SomePoints(first, [1], [PointRecord(first, "loss", math.nan, 1, 1)]))
    watch.step()
    told = {one["run_id"]: (one["event"], one["metrics"], one["reason"]) for one in watch.got}
    assert told == {run: ("nan", ["a", "b"], "NaN in a, b."), first: ("nan", ["loss"], "NaN in loss.")}
    assert len(watch.got) == 2


def test_a_run_that_stands_still_is_told_when_it_does(watch: Watch, stores: Stores, clock: Clock) -> None:
    watch.put("soon", AlertEvent.STALLED, stalled_s=60)
    watch.put("late", AlertEvent.STALLED, stalled_s=600)
    run = stores.new_run()
    for minute in range(3):
        stores.log(run, MetricPoint("m", 1.0, minute, minute))
        watch.beat(run)
        clock.tick(45)
        watch.beat(run)
    for _ in range(20):
        clock.tick(15)
        watch.beat(run)
    watch.step()
    assert [(one["event"], one["reason"]) for one in watch.got] == [
        ("stalled", "No point was logged for 60 s.")
    ]
    clock.tick(400)
    watch.beat(run)
    stores.log(run, MetricPoint("m", 1.0, 99, 99))
    watch.beat(run)
    clock.tick(61)
    watch.beat(run)
    watch.step()
    assert [one["reason"] for one in watch.got[1:]] == [
        "No point was logged for 745 s.",
        "No point was logged for 61 s.",
    ]


class Quiet:
    """Runs whose clients give no signs, while a server looks at them."""

    def __init__(self, watch: Watch, clock: Clock) -> None:
        self._watch, self._clock = watch, clock
        self._runs: set[str] = set()
        self.go(110)  # until the server may judge

    def go(self, seconds: int) -> None:
        """Time goes by, and the server looks every 15 seconds."""
        for _ in range(seconds // 15 + 1):
            self._clock.tick(15)
            self._watch.step()
        self._watch.step()

    def run(self, experiment: int | None = None, *, age_ms: int = 0) -> str:
        run = self._watch.stores.new_run(experiment, start_ms=self._clock.ms - age_ms)
        self._runs.add(run)
        return run

    @property
    def told(self) -> list[tuple[str, str]]:
        """Of its own runs: other tests have left some."""
        return [(one["run_id"], one["reason"]) for one in self._watch.got if one["run_id"] in self._runs]


def test_a_run_without_signs_of_life_that_stands_still_is_told_once(
    watch: Watch, stores: Stores, clock: Clock
) -> None:
    watch.put("here", AlertEvent.STALLED, stalled_s=60)
    quiet = Quiet(watch, clock)
    run, busy, ended, beaten = (quiet.run() for _ in range(4))
    watch.beat(beaten)
    quiet.go(15)
    stores.do(stores.runs.update(stores.workspace, ended, RunStatus.FINISHED, 5, None))
    for step in range(9):
        for one in (busy, beaten):
            stores.log(one, MetricPoint("m", 1.0, step, step))
            stores.run(one)
        watch.beat(beaten)
        quiet.go(1)
    assert [one for one, _ in quiet.told] == [run]
    assert "Nothing was logged for" in quiet.told[0][1]
    stores.log(run, MetricPoint("m", 1.0, 1, 1))
    stores.run(run)
    quiet.go(15)
    assert len(quiet.told) == 1
    quiet.go(90)
    assert sorted(one for one, _ in quiet.told[1:]) == sorted([run, busy])


def test_runs_that_were_left_behind_long_ago_and_pauses_of_the_server_tell_nothing(
    watch: Watch, stores: Stores, clock: Clock
) -> None:
    watch.put("here", AlertEvent.STALLED, stalled_s=600)
    quiet = Quiet(watch, clock)
    old, young = quiet.run(age_ms=2 * 86_400_000), quiet.run()
    quiet.go(30)
    clock.tick(7_200)  # the server was down
    quiet.go(300)
    assert quiet.told == []
    quiet.go(600)
    assert [one for one, _ in quiet.told] == [young]
    stores.log(old, MetricPoint("m", 1.0, 1, 1))
    stores.run(old)
    quiet.go(630)
    assert [one for one, _ in quiet.told] == [young, old]


def test_an_alert_of_one_experiment_sees_no_other_runs_and_rows_go_with_the_last_alert(
    watch: Watch, stores: Stores, clock: Clock
) -> None:
    mine, other = stores.new_experiment(), stores.new_experiment()
    watch.put("mine", AlertEvent.STALLED, mine, stalled_s=60)
    quiet = Quiet(watch, clock)
    run = quiet.run(mine)
    quiet.run(other)
    quiet.go(120)
    assert [one for one, _ in quiet.told] == [run]
    stores.do(stores.database.write(lambda tx: tx.execute("DELETE FROM alerts")))
    quiet.go(15)
    assert stores.do(stores.database.read(lambda c: c.one(quiet_runs.ANY, (quiet_runs.NEVER,)))) is None


def test_a_message_that_does_not_arrive_is_tried_again_and_given_up(
    watch: Watch, stores: Stores, clock: Clock
) -> None:
    watch.put("a", AlertEvent.FAILED)
    watch.put("b", AlertEvent.FAILED)
    run = stores.new_run()
    stores.do(stores.runs.update(stores.workspace, run, RunStatus.FAILED, 5, None))
    tried: list[str] = []

    def answer(one: Delivery) -> str | None:
        if one.name == "b":
            return None
        tried.append(one.event)
        return "down"

    watch.answers = answer
    for wait in (*AGAIN_S, 10**6):
        watch.step(2)
        clock.tick(wait - 1)
        watch.step()
        clock.tick(1)
    watch.step(3)
    assert len(tried) == len(AGAIN_S) + 1 and len(set(tried)) == 1
    assert len(watch.got) == 1
    found = {one.name: one.error for one in stores.do(watch.alerts.all_of(stores.workspace))}
    assert found == {"a": "down", "b": None}


def test_a_receiver_that_does_not_answer_holds_up_no_other(watch: Watch, stores: Stores) -> None:
    watch.put("down", AlertEvent.FAILED)
    for _ in range(3 * AT_ONCE_PER_ALERT):
        run = stores.new_run()
        stores.do(stores.runs.update(stores.workspace, run, RunStatus.FAILED, 5, None))
    watch.put("up", AlertEvent.FAILED)
    stores.do(stores.runs.update(stores.workspace, stores.new_run(), RunStatus.FAILED, 5, None))
    watch.answers = lambda one: "down" if one.name == "down" else None
    assert stores.do(watch.watcher.step()) is True
    assert len(watch.got) == 1


def test_messages_of_a_removed_alert_go_with_it(watch: Watch, stores: Stores) -> None:
    watch.put("a", AlertEvent.FAILED)
    stores.do(stores.runs.update(stores.workspace, stores.new_run(), RunStatus.FAILED, 5, None))
    stores.do(watch.alerts.delete(stores.workspace, "a"))
    watch.step()
    assert watch.got == []
    with pytest.raises(NotFound):
        stores.do(watch.alerts.delete(stores.workspace, "a"))
    with pytest.raises(InvalidInput):
        for number in range(11):
            watch.put(f"n{number}", AlertEvent.FAILED)
    with pytest.raises(NotFound):
        watch.put("n1", AlertEvent.FAILED, 987_654)


def test_nobody_is_lost_to_a_server_that_could_not_have_heard(
    watch: Watch, stores: Stores, clock: Clock
) -> None:
    """After a start, a jump of the clock, a pause and a fault of the database, runs get time to speak up."""
    run = stores.new_run()

    def work(seconds: int) -> str:
        for _ in range(seconds // 10):
            watch.step()
            clock.tick(10)
        watch.step()
        return watch.state(run)[0]

    watch.beat(run)
    clock.tick(10_000)  # nobody was there
    watch.watcher = watch.new_watcher()
    assert work(90) == "RUNNING"
    watch.beat(run)
    assert work(100) == "RUNNING"
    clock.ms += 3_600_000  # the clock is set
    assert work(90) == "RUNNING"
    watch.beat(run)
    assert work(100) == "RUNNING"
    clock.tick(3_600)  # the machine slept
    assert work(90) == "RUNNING"
    assert work(40) == "FAILED"  # nobody spoke up


def test_a_clock_that_is_set_back_loses_nobody(watch: Watch, stores: Stores, clock: Clock) -> None:
    run = stores.new_run()
    watch.beat(run)
    watch.step()
    clock.ms -= 3_600_000
    for _ in range(30):
        watch.beat(run)
        watch.step()
        clock.tick(10)
    assert watch.state(run) == ALIVE
    for _ in range(14):
        watch.step()
        clock.tick(10)
    assert watch.state(run)[0] == "FAILED"


def test_other_tags_and_the_document_are_as_they_should(watch: Watch, stores: Stores, clock: Clock) -> None:
    run = stores.new_run(tags=[Tag("mine", "1")])
    watch.beat(run)
    stores.run(run)  # kept ready
    clock.tick(500)
    watch.lose()
    assert stores.data(run, "tags") == {"mine": "1", LOST_TAG: SILENT}
    watch.beat(run)
    assert stores.data(run, "tags") == {"mine": "1"}
