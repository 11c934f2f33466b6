"""Changes as they are committed, on both databases."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from runyard.entities.change import ChangeKind, Changes, Place
from runyard.entities.common import Param, Stage, Tag
from runyard.entities.run import Dataset, DatasetInput, MetricPoint, ModelEdge, NewRun, RunStatus
from runyard.entities.run_record import RunRecord
from runyard.entities.trace import TraceInfo, TraceState
from runyard.errors import NotFound
from runyard.store.sql.change_feed import SqlChangeFeed
from runyard.store.sql.postgres import PostgresDatabase
from runyard.store.sql.signals import NOTIFY, PostgresSignals
from runyard.store.sql.traces import SqlTraces
from tests.contract.store.stores import ROOT, Stores

POINTS, INFO, CREATED, DELETED, _ = ChangeKind


def feed_of(stores: Stores) -> SqlChangeFeed:
    database = stores.database
    if isinstance(database, PostgresDatabase):
        return SqlChangeFeed(database.changes, PostgresSignals(database, database.url))
    return SqlChangeFeed(database.changes)


class Heard:
    """All that was told."""

    def __init__(self) -> None:
        self.all = Changes()
        self._more = asyncio.Event()

    def __call__(self, changes: Changes) -> None:
        self.all.merge(changes)
        self._more.set()

    async def until(self, done: Callable[[Changes], bool]) -> Changes:
        """Wait until what was told is enough."""
        async with asyncio.timeout(60):
            while not done(self.all):
                await self._more.wait()
                self._more.clear()
        return self.all


def told(stores: Stores, *works: Callable[[], Awaitable[Any]]) -> Changes:
    """What is told of some writes, one after the other, up to a marker that comes after them."""
    marker = stores.new_run()

    async def scenario() -> Changes:
        feed, heard = feed_of(stores), Heard()
        async with feed.running(heard):
            await feed.want(True)
            for work in works:
                await asyncio.gather(work(), return_exceptions=True)
            await stores.runs.log(stores.workspace, marker, tags=[Tag("marker", "1")])
            return await heard.until(lambda found: any(marker in runs for runs in found.runs.values()))

    found = stores.do(scenario())
    for place, runs in list(found.runs.items()):
        if runs.pop(marker, None) and not runs:
            del found.runs[place]
    return found


def test_every_write_to_a_run_is_told(stores: Stores) -> None:
    experiment = stores.new_experiment()
    ws, runs = stores.workspace, stores.runs
    place = Place(ws, experiment)
    data = [DatasetInput(Dataset("d", "1", "x", "y"))]
    for work, kind in (
        (lambda run: runs.log(ws, run, metrics=[MetricPoint("m", 1.0, 1)]), POINTS),
        (lambda run: runs.log(ws, run, metrics=[MetricPoint("m", 1.0, n) for n in range(500)]), POINTS),
        (lambda run: runs.log(ws, run, params=[Param("p", "v")]), INFO),
        (lambda run: runs.log(ws, run, tags=[Tag("t", "v")]), INFO),
        (
            lambda run: runs.log(ws, run, metrics=[MetricPoint("m", 1.0, 1)], tags=[Tag("t", "v")]),
            POINTS | INFO,
        ),
        (lambda run: runs.update(ws, run, RunStatus.FAILED, 1, "name"), INFO),
        (lambda run: runs.delete_tag(ws, run, "here"), INFO),
        (lambda run: runs.append_to_tag(ws, run, "list", 1), INFO),
        (lambda run: runs.log_inputs(ws, run, data, []), INFO),
        (lambda run: runs.log_inputs(ws, run, [], [ModelEdge("m-1")]), INFO),
        (lambda run: runs.log_outputs(ws, run, [ModelEdge("m-1")]), INFO),
        (lambda run: stores.records.add(ws, run, [RunRecord("u", "n", "list", 1, "{}")]), INFO),
        (lambda run: stores.records.set_properties(ws, run, {"k": "v"}), INFO),
        (lambda run: runs.set_stage(ws, run, Stage.DELETED), DELETED),
    ):
        run_id = stores.new_run(experiment, tags=[Tag("here", "x")])
        found = told(stores, lambda work=work, run_id=run_id: work(run_id))  # type: ignore[misc]
        assert found.runs == {place: {run_id: kind}}


def test_runs_that_are_made_and_restored_are_told_as_created(stores: Stores) -> None:
    experiment, new = stores.new_experiment(), uuid.uuid4().hex
    gone = stores.new_run(experiment)
    stores.do(stores.runs.set_stage(stores.workspace, gone, Stage.DELETED))
    found = told(
        stores,
        lambda: stores.runs.create(stores.workspace, NewRun(new, experiment, "r", "u", 1, [])),
        lambda: stores.runs.set_stage(stores.workspace, gone, Stage.ACTIVE),
    )
    assert found.runs == {Place(stores.workspace, experiment): {new: CREATED, gone: CREATED}}


def test_experiments_are_told(stores: Stores) -> None:
    ws, store = stores.workspace, stores.experiments
    number = stores.new_experiment()
    place = Place(ws, number)
    for work in (
        lambda: store.rename(ws, number, uuid.uuid4().hex),
        lambda: store.set_tag(ws, number, Tag("k", "v")),
        lambda: store.delete_tag(ws, number, "k"),
    ):
        found = told(stores, work)
        assert (found.experiments, found.many, found.runs) == ({place}, set(), {})
    found = told(stores, lambda: store.delete(ws, number))
    assert (found.experiments, found.many) == ({place}, {place})
    found = told(stores, lambda: store.create(ws, uuid.uuid4().hex, ROOT, None, []))
    assert len(found.experiments) == 1


def test_traces_are_told_by_their_experiment(stores: Stores) -> None:
    ws, number = stores.workspace, stores.new_experiment()
    trace_id = f"tr-{uuid.uuid4().hex}"
    info = TraceInfo(trace_id, number, 1, state=TraceState.OK)
    traces = SqlTraces(stores.database, b"k" * 32)
    for work in (
        lambda: traces.start(ws, info),
        lambda: traces.set_tag(ws, trace_id, Tag("k", "v")),
        lambda: traces.delete(ws, number, [trace_id]),
    ):
        found = told(stores, work)
        assert (found.traces, found.experiments, found.runs) == ({Place(ws, number)}, set(), {})


def test_what_fails_is_not_told(stores: Stores) -> None:
    experiment = stores.new_experiment()
    with pytest.raises(NotFound):
        stores.log(uuid.uuid4().hex, MetricPoint("m", 1.0, 1))

    def fails(tx: Any) -> None:
        tx.changes.of_run(stores.workspace, experiment, "x", INFO)
        tx.execute("INSERT INTO no_such_table (a) VALUES (1)")

    assert not told(stores, lambda: stores.database.write(fails)).runs


def test_nothing_is_noted_while_nobody_listens(stores: Stores) -> None:
    stores.log(stores.new_run(), MetricPoint("m", 1.0, 1))
    log = stores.database.changes
    assert not log.listening and not log.take()


def test_servers_hear_of_each_other(stores: Stores, others: Stores) -> None:
    if stores is others:
        pytest.skip("SQLite has one server")
    experiment = stores.new_experiment()
    runs = [stores.new_run(experiment) for _ in range(2)]

    async def scenario() -> None:
        here, there = feed_of(stores), feed_of(others)
        mine, theirs = Heard(), Heard()
        async with here.running(mine), there.running(theirs):
            await here.want(True)
            while not others.database.changes.listening:  # the other server has heard that it is asked
                await asyncio.sleep(0.02)
                await here._signals.ask()  # type: ignore[union-attr]
            await others.runs.log(stores.workspace, runs[0], metrics=[MetricPoint("m", 1.0, 1)])
            found = await mine.until(lambda found: bool(found.runs))
            assert found.runs == {Place(stores.workspace, experiment): {runs[0]: POINTS}}
            assert theirs.all.runs == found.runs  # it hears of its own, which it noted for us
            await stores.runs.log(stores.workspace, runs[1], metrics=[MetricPoint("m", 1.0, 1)])
            await mine.until(lambda found: len(found.runs[Place(stores.workspace, experiment)]) == 2)
            assert runs[1] not in theirs.all.runs[Place(stores.workspace, experiment)]

    stores.do(scenario())


def test_nonsense_on_the_channel_harms_nobody(stores: Stores) -> None:
    if not isinstance(stores.database, PostgresDatabase):
        pytest.skip("only PostgreSQL has a channel")
    payloads = ["x", "00000", "🙂", "y" * 7_000]

    def nonsense() -> Awaitable[Any]:
        return stores.database.write(lambda tx: tx.many(NOTIFY, [(one,) for one in payloads]))

    run_id = stores.new_run()
    found = told(
        stores,
        nonsense,
        lambda: stores.runs.log(stores.workspace, run_id, metrics=[MetricPoint("m", 1.0, 1)]),
    )
    assert [list(runs) for runs in found.runs.values()] == [[run_id]] and not found.lost


def test_after_a_lost_connection_more_may_have_changed(stores: Stores) -> None:
    if not isinstance(stores.database, PostgresDatabase):
        pytest.skip("only PostgreSQL has a connection")
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'runyard events'"

    async def scenario() -> None:
        feed, heard = feed_of(stores), Heard()
        async with feed.running(heard):
            await feed.want(True)
            while not await stores.database.write(lambda tx: tx.one(kill)):
                await asyncio.sleep(0.02)
            await heard.until(lambda found: found.lost)

    stores.do(scenario())
