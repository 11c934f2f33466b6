"""What a deleted workspace held is removed in pieces, on both databases, whatever is interrupted."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from runyard.entities.run import MetricPoint, NewRun
from runyard.entities.workspace import Workspace
from runyard.errors import InvalidState
from runyard.store.sql import purge
from runyard.store.sql.database import Transaction
from runyard.store.sql.postgres import PostgresDatabase
from runyard.store.sql.purger import Purger
from runyard.store.sql.workspaces import SqlWorkspaces
from runyard.store.workspace_contracts import NewWorkspace
from tests.contract.store.series_stage import PAGE_KEY, Stage, sqlite_stage

ROOT = "mlflow-artifacts:"
OWNED = re.compile(r"(workspace|experiment|run|model|trace|dataset|log|job|snapshot|environment|sweep)_id")
NOT_CLEARED = {"workspaces", "access_tokens", "purges"}
RUN_PARTS = {
    "point_log": "run_id, count, codec, data",
    "tails": "run_id, level, min_key, max_key, count, codec, data",
    "chunks": "run_id, key_id, count, min_ms, max_ms, min_step, max_step, numbers, codec, data",
    "overviews": "run_id, key_id, chunk_id, data",
    "series": "run_id, key_id, experiment_id, last_step, last_ms, first_step, first_ms, count, numbers",
    "run_params": "run_id, key_id, experiment_id, value",
    "run_tags": "run_id, key_id, experiment_id, value",
    "run_docs": "run_id, version, body",
    "run_models": "run_id, model_uuid, direction",
    "run_properties": "run_id, key, value",
    "run_records": "run_id, uuid, name, kind, logged_ms, body",
    "run_beats": "run_id, beat_ms, due_ms, host, points, point_ms",
    "alert_marks": "run_id, event",
}


def new_workspace(stage: Stage) -> Workspace:
    new = NewWorkspace(
        f"w-{uuid.uuid4().hex[:12]}", "default", "default", "local", "basic", "", "", {}, "me", None
    )
    return stage.do(SqlWorkspaces(stage.database, PAGE_KEY, ROOT).create(new, create_group=True))


def delete(stage: Stage, *which: Workspace, files: bool = False) -> None:
    store = SqlWorkspaces(stage.database, PAGE_KEY, ROOT)
    stage.do(store.delete([one.id for one in which], delete_files=files))


def insert(tx: Transaction, table: str, columns: str, *values: object) -> int:
    """A row; columns beyond values are filled with something of their kind. Returns its first column."""
    names = columns.split(", ")
    filled = [*values, *(_something(name) for name in names[len(values) :])]
    marks = ", ".join("?" * len(names))
    row = tx.one(f"INSERT INTO {table} ({columns}) VALUES ({marks}) RETURNING {'id' if table in WITH_ID else names[0]}", filled)  # fmt: skip
    assert row is not None
    return int(row[0])


WITH_ID = {
    "snapshots",
    "snapshot_blobs",
    "environments",
    "sweeps",
    "keys",
    "runs",
    "logged_models",
    "traces",
    "datasets",
    "registered_models",
    "registered_datasets",
    "run_logs",
    "jobs",
}


def _something(name: str) -> object:
    if name in ("data", "body"):
        return b"x" if name == "data" else "{}"
    if name in (
        "uuid",
        "name",
        "value",
        "kind",
        "digest",
        "key",
        "model_uuid",
        "source_type",
        "source",
        "host",
    ):
        return uuid.uuid4().hex
    return 0


def fill(stage: Stage, workspace: Workspace, runs: int = 2, keys: int = 3) -> None:
    """Rows in every table that holds something of a workspace."""

    def work(tx: Transaction) -> None:
        home = workspace.default_experiment
        tx.execute("INSERT INTO experiment_tags (experiment_id, key, value) VALUES (?, 'k', 'v')", (home,))
        data = insert(tx, "datasets", "experiment_id, name, digest, source_type, source", home)
        for _ in range(runs):
            place = (uuid.uuid4().hex, workspace.id, home, "r", "u", 1, 1, "mlflow-artifacts:/x")
            run = insert(tx, "runs", "uuid, workspace_id, experiment_id, name, user_id, status, received_ms, artifact_uri", *place)  # fmt: skip
            tx.execute("INSERT INTO run_datasets (run_id, dataset_id, tags) VALUES (?, ?, '[]')", (run, data))
            for table, columns in RUN_PARTS.items():
                for number in range(keys if "key_id" in columns else 1):
                    key = tx.interned.key(tx, f"k{number}")
                    given = [run, key, home] if "experiment_id" in columns else [run, key]
                    if table == "run_docs":
                        insert(tx, table, columns, run, 0, b"{}")
                    else:
                        insert(tx, table, columns, *given[: 1 if "key_id" not in columns else 3])
            _fill_job(tx, workspace, run)
            swept = insert(tx, "sweeps", "workspace_id, uuid, run_id, config, created_ms", workspace.id, uuid.uuid4().hex, run, "{}")  # fmt: skip
            insert(tx, "sweep_trials", "sweep_id, number, uuid, parameters", swept, 0, "u", "{}")
            log = insert(
                tx, "run_logs", "run_id, name, size, state, gap_start, gap_stop, updated_ms", run, "logs/a"
            )
            insert(tx, "run_log_chunks", "log_id, start, body", log, 0, b"x")
        _fill_models(tx, workspace)
        _fill_traces(tx, workspace)
        _fill_rest(tx, workspace)

    stage.do(stage.database.write(work))


def _fill_job(tx: Transaction, workspace: Workspace, run: int) -> None:
    columns = "run_id, uuid, workspace_id, experiment_id, target, kind, state, priority, nodes, snapshot_id, environment_hash, submitted_by, submitted_by_uuid, created_ms, token_uuid, request_hash"  # fmt: skip
    place = (run, uuid.uuid4().hex, workspace.id, workspace.default_experiment, "local", "script", 8, 0, 1)
    job = insert(tx, "jobs", columns, *place, "", "", "me", "u", 1, "", "")
    tx.execute("INSERT INTO job_texts (job_id, definition) VALUES (?, '{}')", (job,))


def _fill_models(tx: Transaction, workspace: Workspace) -> None:
    columns = "uuid, workspace_id, experiment_id, name, model_type, source_run_uuid, status, artifact_uri, created_ms, updated_ms"  # fmt: skip
    place = (uuid.uuid4().hex, workspace.id, workspace.default_experiment, "m", "", "", 1, "", 1, 1)
    model = insert(tx, "logged_models", columns, *place)
    for table in ("logged_model_params", "logged_model_tags"):
        insert(tx, table, "model_id, key, value", model)
    insert(tx, "logged_model_metrics", "model_id, key, run_uuid, dataset_name, dataset_digest, value, step, ms", model, "k", "", "", "", 0.5)  # fmt: skip
    named = insert(tx, "registered_models", "workspace_id, name, created_ms, updated_ms", workspace.id)
    columns = "model_id, version, workspace_id, source, storage_location, run_uuid, run_link, status, created_ms, updated_ms"  # fmt: skip
    insert(tx, "model_versions", columns, named, 1, workspace.id, "", "", "", "", 1)
    insert(tx, "model_version_tags", "model_id, version, key, value", named, 1)
    insert(tx, "registered_model_tags", "model_id, key, value", named)
    tx.execute("INSERT INTO registered_model_aliases (model_id, alias, version) VALUES (?, 'a', 1)", (named,))


def _fill_traces(tx: Transaction, workspace: Workspace) -> None:
    place = (uuid.uuid4().hex, workspace.id, workspace.default_experiment, 1, "OK")
    trace = insert(tx, "traces", "uuid, workspace_id, experiment_id, request_ms, state", *place)
    for table in ("trace_tags", "trace_metadata"):
        insert(tx, table, "trace_id, key, value", trace)
    tx.execute("INSERT INTO trace_runs (run_uuid, trace_id) VALUES ('r', ?)", (trace,))
    insert(tx, "spans", "trace_id, span_id, start_ns, name, type, status, content", trace, "s", 1, "n", "t", "OK", "{}")  # fmt: skip
    tx.execute("INSERT INTO assessments (uuid, trace_id, name, kind, valid, content) VALUES ('a', ?, 'n', 'feedback', 1, '{}')", (trace,))  # fmt: skip


def _fill_rest(tx: Transaction, workspace: Workspace) -> None:
    data = insert(tx, "registered_datasets", "workspace_id, name, created_ms", workspace.id)
    place = (data, 1, uuid.uuid4().hex, "file", "{}", "{}", "me", 1)
    insert(tx, "dataset_versions", "dataset_id, version, uuid, kind, definition, tags, created_by, created_ms", *place)  # fmt: skip
    store = (workspace.id, "d", "local", "{}", 1, 1)
    tx.execute("INSERT INTO datastores (workspace_id, name, kind, config, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?)", store)  # fmt: skip
    tx.execute("INSERT INTO secrets (workspace_id, name, value, created_ms, updated_ms) VALUES (?, 's', ?, 1, 1)", (workspace.id, b"x"))  # fmt: skip
    tx.execute("INSERT INTO journals (workspace_id, id, applied, seen_ms) VALUES (?, 'j', 1, 1)", (workspace.id,))  # fmt: skip
    tx.execute("INSERT INTO journal_files (workspace_id, journal, path, seq, alive_ms) VALUES (?, 'j', 'p', 1, 1)", (workspace.id,))  # fmt: skip
    tx.execute(
        "INSERT INTO liveness (workspace_id, experiment_id, seconds) VALUES (?, 1, 1)", (workspace.id,)
    )
    alert = (workspace.id, "a", 1, 1, "h", b"x", 1, 1)
    tx.execute("INSERT INTO alerts (workspace_id, name, events, stalled_s, host, sealed, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", alert)  # fmt: skip
    sql = "INSERT INTO alert_deliveries (alert_id, event, body, next_ms) SELECT id, 'e', '{}', 1 FROM alerts WHERE workspace_id = ?"  # fmt: skip
    tx.execute(sql, (workspace.id,))
    view = (uuid.uuid4().hex, workspace.id, "runs", "v", 0, "u", "o", "{}", 1, 1)
    tx.execute("INSERT INTO saved_views (uuid, workspace_id, page, name, shared, owner_uuid, owner, state, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", view)  # fmt: skip

    shot = insert(tx, "snapshots", "workspace_id, hash, manifest, created_ms, used_ms, checked_ms", workspace.id, uuid.uuid4().hex, "{}")  # fmt: skip
    blob = insert(tx, "snapshot_blobs", "workspace_id, sha256, size, place, state", workspace.id, uuid.uuid4().hex, 1, "p", 1)  # fmt: skip
    insert(tx, "snapshot_files", "snapshot_id, blob_id", shot, blob)
    home = insert(tx, "environments", "workspace_id, name, latest", workspace.id, "e", 1)
    insert(tx, "environment_versions", "environment_id, version, definition, hash, created_ms, created_by", home, 1, "{}", "h", 1, "")  # fmt: skip
    insert(tx, "environment_locks", "workspace_id, hash, platform, python, text, created_ms, created_by", workspace.id, "h", "p", "3", "", 1, "")  # fmt: skip
    compute = (
        workspace.id,
        "c",
        "local",
        0,
        "",
        "{}",
        "{}",
        "{}",
        "",
        "",
        "[]",
        "",
        "[]",
        "me",
        1,
        1,
        "",
        "[]",
    )
    insert(tx, "computes", "workspace_id, name, kind, state, description, tags, settings, limits, base, size, allowed_groups, server_url, credentials, created_by, created_ms, modified_ms, error, nodes", *compute)  # fmt: skip
    insert(tx, "compute_sizes", "workspace_id, folded, name, compute, resources, max_nodes, options", workspace.id, "s", "s", "c", "{}", 0, "{}")  # fmt: skip


def columns_of(stage: Stage) -> dict[str, list[str]]:
    """Columns by table."""
    sql = "SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table'"
    if stage.database.dialect == "postgresql":
        sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    found: dict[str, list[str]] = {}
    for table, column in stage.do(stage.database.read(lambda c: c.all(sql))):
        found.setdefault(table, []).append(column)
    return found


def counts(stage: Stage) -> dict[str, int]:
    return {table: stage.count(table) for table in purge.tables()}


class Files:
    """Whose files were removed."""

    def __init__(self) -> None:
        self.removed: list[str] = []

    async def remove(self, guid: str) -> None:
        self.removed.append(guid)

    async def remove_directory(self, guid: str, path: str) -> None:
        self.removed.append(f"{guid}/{path}")


@pytest.fixture
def files() -> Iterator[Files]:
    yield Files()


def purger(stage: Stage, files: Files, grace_ms: int = 0) -> Purger:
    stage.execute("DELETE FROM leases")
    return Purger(stage.database, files.remove, files.remove_directory, asyncio.Lock(), grace_ms)


def run_to_end(stage: Stage, work: Purger) -> int:
    """Steps that it took."""
    steps = 0
    while stage.do(work.step()):
        steps += 1
    return steps


def test_every_table_that_holds_something_of_a_workspace_is_cleared(stage: Stage) -> None:
    owned = {
        table for table, columns in columns_of(stage).items() if any(OWNED.fullmatch(one) for one in columns)
    }
    assert owned - NOT_CLEARED <= set(purge.tables())


def test_nothing_of_a_deleted_workspace_is_left_and_nothing_of_others_goes(
    stage: Stage, files: Files
) -> None:
    kept = new_workspace(stage)
    fill(stage, kept)
    before = counts(stage)
    doomed = new_workspace(stage)
    fill(stage, doomed)
    filled = counts(stage)
    assert [table for table in before if filled[table] == before[table]] == []
    delete(stage, doomed, files=True)
    run_to_end(stage, purger(stage, files))
    assert counts(stage) == before
    row = stage.do(
        stage.database.read(lambda c: c.one("SELECT 1 FROM workspaces WHERE id = ?", (doomed.id,)))
    )
    assert (row, files.removed) == (None, [doomed.guid])


def test_files_stay_unless_their_removal_was_asked(stage: Stage, files: Files) -> None:
    doomed = new_workspace(stage)
    delete(stage, doomed)
    run_to_end(stage, purger(stage, files))
    assert files.removed == []


def test_pieces_are_small_and_another_server_goes_on(stage: Stage, files: Files) -> None:
    doomed = new_workspace(stage)
    before = counts(stage)
    fill(stage, doomed, runs=3, keys=1_500)
    most = sum(counts(stage).values()) - sum(before.values())
    delete(stage, doomed)
    steps, left = 0, most
    while stage.do(
        purger(stage, files).step()
    ):  # each by a server of its own, as if the last had been killed
        now = sum(counts(stage).values()) - sum(before.values())
        assert left - now <= purge.ROWS + purge.PARENTS
        steps, left = steps + 1, now
    assert steps > most / (purge.ROWS + purge.PARENTS)


def test_a_step_that_is_undone_is_done_again(stage: Stage, files: Files) -> None:
    doomed = new_workspace(stage)
    fill(stage, doomed)
    delete(stage, doomed)

    def broken(tx: Transaction) -> None:
        purge.purge_some(tx, doomed.id)
        raise InvalidState("the power fails")

    before = counts(stage)
    with pytest.raises(InvalidState):
        stage.do(stage.database.write(broken))
    assert counts(stage) == before
    run_to_end(stage, purger(stage, files))
    row = stage.do(
        stage.database.read(lambda c: c.one("SELECT 1 FROM runs WHERE workspace_id = ?", (doomed.id,)))
    )
    assert row is None


def test_records_stay_as_long_as_other_servers_may_still_write_them(stage: Stage, files: Files) -> None:
    doomed = new_workspace(stage)
    fill(stage, doomed)
    delete(stage, doomed)
    before = counts(stage)
    assert stage.do(purger(stage, files, grace_ms=60_000).step()) is False
    assert counts(stage) == before
    run_to_end(stage, purger(stage, files))


def test_one_of_several_servers_does_it(stage: Stage, files: Files) -> None:
    if not isinstance(stage.database, PostgresDatabase):
        pytest.skip("the embedded database has one server")
    doomed = new_workspace(stage)
    fill(stage, doomed)
    delete(stage, doomed)
    first = purger(stage, files)
    second = Purger(stage.database, files.remove, files.remove_directory, asyncio.Lock(), 0)
    assert stage.do(first.step()) is True
    assert stage.do(second.step()) is False
    run_to_end(stage, first)


def test_a_run_that_takes_the_row_of_a_purged_one_shows_nothing_of_it(tmp_path: Path, files: Files) -> None:
    with sqlite_stage(tmp_path) as stage:
        doomed, other = new_workspace(stage), new_workspace(stage)
        old, fresh = log_a_run(stage, doomed, [1.0, 2.0]), ""
        assert len(sampled(stage, doomed, old)) == 2
        delete(stage, doomed)
        run_to_end(stage, purger(stage, files))
        fresh = log_a_run(stage, other, [7.0])
        assert rows_of_runs(stage, fresh) == 1
        assert sampled(stage, other, fresh) == [7.0]
        assert sampled(stage, other, old) == []


def test_the_file_becomes_small_again(tmp_path: Path, files: Files) -> None:
    with sqlite_stage(tmp_path) as stage:
        doomed = new_workspace(stage)
        fill(stage, doomed, runs=30, keys=1_000)
        big = stage.database.size_bytes() or 0
        delete(stage, doomed)
        run_to_end(stage, purger(stage, files))
        assert (stage.database.size_bytes() or 0) < big / 3


def log_a_run(stage: Stage, workspace: Workspace, values: Sequence[float]) -> str:
    from_now = uuid.uuid4().hex
    new = NewRun(from_now, workspace.default_experiment, "r", "u", 1, [])
    stage.do(stage.runs.create(workspace.id, new))
    points = [MetricPoint("m", value, step, step) for step, value in enumerate(values)]
    stage.do(stage.runs.log(workspace.id, from_now, metrics=points))
    return from_now


def sampled(stage: Stage, workspace: Workspace, run_id: str) -> list[float]:
    found = stage.do(stage.metrics.sampled(workspace.id, [run_id], "m", 100, None, None))
    return [value for _, history in found for value in history.values]


def rows_of_runs(stage: Stage, run_id: str) -> int:
    row = stage.do(stage.database.read(lambda c: c.one("SELECT id FROM runs WHERE uuid = ?", (run_id,))))
    assert row is not None
    return int(row[0])
