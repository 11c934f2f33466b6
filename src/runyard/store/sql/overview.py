"""Statements about a workspace at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.common import Stage, ViewType
from runyard.entities.overview import Overview
from runyard.entities.run import PARENT_TAG, RunStatus
from runyard.entities.run_page import RunBrief
from runyard.entities.search.grammar import parse_filter
from runyard.entities.search.tables import RUNS
from runyard.store.contracts import Seen
from runyard.store.sql.database import Connection, Database
from runyard.store.sql.run_page import brief
from runyard.store.sql.run_table import count_runs, key_ids
from runyard.store.sql.search.fragments import among
from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.walk_runs import search_runs
from runyard.store.sql.visible_experiments import visible

EXPERIMENTS = 1_000
COUNTED = 10_000  # runs of a status, each of which is looked up
RARE = (RunStatus.RUNNING, RunStatus.SCHEDULED, RunStatus.FAILED, RunStatus.KILLED)
# The plus keeps the database from choosing the index of all active runs.
OF_STATUS = f"""SELECT count(*) FROM (SELECT 1 FROM runs WHERE {{here}} AND status = ?
    AND +stage = {int(Stage.ACTIVE)} LIMIT {COUNTED + 1}) c"""
LOOKED_THROUGH = 10  # runs for each that is shown, among which those below another one are passed over
NESTED = "SELECT run_id FROM run_tags WHERE {which} AND key_id = ?"
BRIEFS = "SELECT id, uuid, experiment_id, name, status, stage, start_ms, end_ms FROM runs WHERE {which}"


class SqlOverview:
    """OverviewStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def overview(
        self, workspace_id: int, seen: Seen | None, *, shown: int, started_ms: int, failed_ms: int
    ) -> Overview:
        """The lists by the search of runs, the counts from indexes."""
        failed = [
            f"attributes.status = 'FAILED' and attributes.start_time >= {since}"
            for since in (
                f"{started_ms} and attributes.end_time >= {failed_ms}",
                f"{failed_ms}",  # nobody may have said when it ended
            )
        ]

        def work(c: Connection) -> Overview:
            active = visible(c, workspace_id, (), seen, ViewType.ACTIVE_ONLY)
            experiments = active[:EXPERIMENTS]
            total = count_runs(c, experiments, ViewType.ACTIVE_ONLY) if experiments else 0
            return Overview(
                experiments=len(active),
                whole=len(active) <= EXPERIMENTS,
                runs=total,
                by_status=_by_status(c, experiments, total),
                latest=_latest(c, experiments, shown),
                running=_found(c, experiments, shown, "attributes.status = 'RUNNING'"),
                failed=_found(c, experiments, shown, *failed),
            )

        return await self._database.read(work)


def _by_status(c: Connection, experiments: Sequence[int], total: int | None) -> dict[RunStatus, int | None]:
    """What has finished is the rest, so that it need not be looked up."""
    here = among("experiment_id", experiments, c.dialect)
    found: dict[RunStatus, int | None] = {}
    rest = total
    for status in RARE:
        row = c.one(OF_STATUS.format(here=here.text), (*here.params, int(status)))
        assert row is not None
        found[status] = count = int(row[0]) if row[0] <= COUNTED else None
        rest = None if rest is None or count is None else rest - count
    return {**found, RunStatus.FINISHED: rest}


def _latest(c: Connection, experiments: Sequence[int], limit: int) -> list[RunBrief]:
    """The newest runs. Those below another one, such as the trials of a sweep, only where there is room left."""
    ids = search_runs(c, RunSearch(experiments, limit * LOOKED_THROUGH, parse_filter("", RUNS))).ids
    parent = key_ids(c, [PARENT_TAG]).get(PARENT_TAG)
    if parent is not None and ids:
        which = among("run_id", ids, c.dialect)
        nested = {row[0] for row in c.all(NESTED.format(which=which.text), (*which.params, parent))}
        first = sorted(ids, key=lambda one: one in nested)[:limit]
        ids = [one for one in ids if one in first]
    return _briefs(c, ids[:limit])


def _found(c: Connection, experiments: Sequence[int], limit: int, *filters: str) -> list[RunBrief]:
    """The newest runs that meet one of the filters."""
    ids: dict[int, None] = {}
    for one in filters:
        ids.update(dict.fromkeys(search_runs(c, RunSearch(experiments, limit, parse_filter(one, RUNS))).ids))
    briefs = _briefs(c, list(ids))
    if len(filters) > 1:
        briefs.sort(key=lambda one: (-(one.start_ms or 0), one.run_id))
    return briefs[:limit]


def _briefs(c: Connection, ids: Sequence[int]) -> list[RunBrief]:
    which = among("id", ids, c.dialect)
    rows = {row[0]: row[1:] for row in c.all(BRIEFS.format(which=which.text), which.params)}
    return [brief(rows[number]) for number in ids]
