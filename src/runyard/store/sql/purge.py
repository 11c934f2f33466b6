"""Removal of what deleted workspaces held, in pieces that nobody has to wait for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from runyard.store.sql import experiments
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.jobs_changes import PATIENCE_MS

ROWS = 1_000  # that one transaction removes, and a few more
PARENTS = 50
DOOMED = """SELECT w.id, w.guid, w.purge_files FROM workspaces w WHERE w.deleted_ms IS NOT NULL AND w.deleted_ms <= ?
    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.workspace_id = w.id AND j.state < 8 AND j.compute_id IS NOT NULL
    AND j.cancel_ms > ?) ORDER BY w.deleted_ms, w.id LIMIT 1"""
EXPERIMENT = "SELECT id FROM experiments WHERE workspace_id = ? LIMIT 1"
END = "DELETE FROM workspaces WHERE id = ? AND deleted_ms IS NOT NULL"


class Doomed(NamedTuple):
    """A workspace that nobody sees any more."""

    id: int
    guid: str
    with_files: bool


class Table(NamedTuple):
    """A table whose rows belong to a row of another, or to a workspace.

    `key` tells its rows apart, `owner` is the column of the row that they belong to; what belongs to them goes first.
    """

    name: str
    key: tuple[str, ...]
    owner: str
    children: Sequence[Table] = ()


def _of(owner: str, **tables: str) -> list[Table]:
    """Tables with a given owner, and the rest of their key where that is not `id`."""
    return [
        Table(name, ("id",) if key == "id" else (owner, *key.split()), owner) for name, key in tables.items()
    ]


RUN_PARTS = [
    Table("run_logs", ("id",), "run_id", _of("log_id", run_log_chunks="start")),
    Table("sweeps", ("id",), "run_id", _of("sweep_id", sweep_trials="number")),
    Table("jobs", ("id",), "run_id", _of("job_id", job_texts="")),
    *_of(
        "run_id",
        point_log="id",
        tails="id",
        overviews="key_id chunk_id",
        chunks="id",
        series="key_id",
        run_params="key_id",
        run_tags="key_id",
        run_docs="",
        run_datasets="dataset_id",
        run_models="id",
        run_properties="key",
        run_records="id",
        run_beats="",
        alert_marks="event",
    ),
]
MODEL_PARTS = _of(
    "model_id",
    logged_model_params="key",
    logged_model_tags="key",
    logged_model_metrics="key run_uuid dataset_name dataset_digest",
)
TRACE_PARTS = [
    *_of("trace_id", trace_tags="key", trace_metadata="key", spans="span_id", assessments="id"),
    Table("trace_runs", ("run_uuid", "trace_id"), "trace_id"),
]
OF_EXPERIMENT = [
    Table("runs", ("id",), "experiment_id", RUN_PARTS),
    Table("logged_models", ("id",), "experiment_id", MODEL_PARTS),
    Table("traces", ("id",), "experiment_id", TRACE_PARTS),
    Table("datasets", ("id",), "experiment_id"),
    Table("saved_views", ("id",), "experiment_id"),
    Table("experiment_tags", ("experiment_id", "key"), "experiment_id"),
]
REGISTERED_PARTS = _of(
    "model_id",
    model_version_tags="version key",
    model_versions="version",
    registered_model_aliases="alias",
    registered_model_tags="key",
)
OF_WORKSPACE = [
    Table("registered_models", ("id",), "workspace_id", REGISTERED_PARTS),
    Table("registered_datasets", ("id",), "workspace_id", _of("dataset_id", dataset_versions="version")),
    Table("datastores", ("id",), "workspace_id"),
    Table("secrets", ("workspace_id", "name"), "workspace_id"),
    Table("journal_files", ("workspace_id", "journal", "path"), "workspace_id"),
    Table("journals", ("workspace_id", "id"), "workspace_id"),
    Table("alerts", ("id",), "workspace_id", _of("alert_id", alert_deliveries="id")),
    Table("liveness", ("workspace_id", "experiment_id"), "workspace_id"),
    Table("saved_views", ("id",), "workspace_id"),
    Table("sweeps", ("id",), "workspace_id", _of("sweep_id", sweep_trials="number")),
    Table("snapshots", ("id",), "workspace_id", _of("snapshot_id", snapshot_files="blob_id")),
    Table("snapshot_blobs", ("id",), "workspace_id"),
    Table("environments", ("id",), "workspace_id", _of("environment_id", environment_versions="version")),
    Table("environment_locks", ("workspace_id", "hash", "platform", "python"), "workspace_id"),
    Table("compute_sizes", ("workspace_id", "folded"), "workspace_id"),
    Table("computes", ("id",), "workspace_id"),
]


def find_doomed(c: Connection, grace_ms: int) -> Doomed | None:
    """The workspace that was deleted longest ago, if that is long enough for every server to know, and for the engines of
    its jobs to have stopped them.

    Cost: one look into an index that is empty most of the time.
    """
    now = now_ms()
    row = c.one(DOOMED, (now - grace_ms, now - PATIENCE_MS))
    return None if row is None else Doomed(row[0], row[1], bool(row[2]))


def purge_some(tx: Transaction, workspace_id: int) -> bool:
    """Remove some records of a workspace; returns whether there may be more. Again and again until there are none."""
    tx.settle()
    tx.interned.forget_runs()
    left = ROWS
    experiment = tx.one(EXPERIMENT, (workspace_id,))
    if experiment is None:
        for table in OF_WORKSPACE:
            left -= clear(tx, table, [workspace_id], left)
            if left <= 0:
                return True
        return False
    for table in OF_EXPERIMENT:
        left -= clear(tx, table, [experiment[0]], left)
        if left <= 0:
            return True
    experiments.remove(tx, experiment[0])
    return True


def end(tx: Transaction, workspace_id: int) -> None:
    """Forget the workspace itself."""
    tx.execute("DELETE FROM purges WHERE workspace_id = ?", (workspace_id,))
    tx.execute(END, (workspace_id,))


def tables() -> Iterator[str]:
    """The names of all tables that are cleared."""
    stack = [*OF_EXPERIMENT, *OF_WORKSPACE]
    yield "experiments"
    while stack:
        table = stack.pop()
        yield table.name
        stack += table.children


def clear(tx: Transaction, table: Table, owners: Sequence[int], limit: int) -> int:
    """Remove up to about limit rows that belong to these; returns how many, less than limit when none is left."""
    if not table.children:
        return _remove(tx, table, owners, limit)
    done = 0
    while done < limit:
        found = f"SELECT id FROM {table.name} WHERE {table.owner} IN ({_marks(owners)}) LIMIT {PARENTS}"
        ids = [row[0] for row in tx.all(found, owners)]
        if not ids:
            break
        for child in table.children:
            done += clear(tx, child, ids, limit - done)
            if done >= limit:
                return done
        done += tx.execute(f"DELETE FROM {table.name} WHERE id IN ({_marks(ids)})", ids)
    return done


def _remove(tx: Transaction, table: Table, owners: Sequence[int], limit: int) -> int:
    key = ", ".join(table.key)
    some = f"SELECT {key} FROM {table.name} WHERE {table.owner} IN ({_marks(owners)}) LIMIT {limit}"
    return tx.execute(f"DELETE FROM {table.name} WHERE ({key}) IN ({some})", owners)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
