"""Params: text that is set once."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.common import Param
from runyard.entities.log_rules import param_changed
from runyard.store.sql import run_texts
from runyard.store.sql.database import Row, Transaction
from runyard.store.sql.faults import TryAgain
from runyard.store.sql.intern import IN_ONE_QUERY, RunRef
from runyard.store.sql.run_texts import WHOLE

INSERT = """INSERT INTO run_params (run_id, key_id, experiment_id, value, rest) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (run_id, key_id) DO NOTHING"""

# A list of keys is a filter to PostgreSQL where it thinks that the run has few params: it would read all of them.
STORED = f"""SELECT k.id, one.value FROM unnest(?::bigint[]) AS k (id) CROSS JOIN LATERAL
    (SELECT {WHOLE.format("x")} AS value FROM run_params x WHERE x.run_id = ? AND x.key_id = k.id OFFSET 0) one"""


def write_params(tx: Transaction, run: RunRef, params: Sequence[Param], *, batch: bool) -> None:
    """Set params; those that have the same value already stay.

    Raises: InvalidInput, before anything is written, when one has another value; TryAgain when another server has just
        set one, so that a second look is needed.
    """
    keys = tx.interned.keys(tx, [param.key for param in params])
    known = stored(tx, run.id, keys)
    pairs = list(zip(keys, params, strict=True))
    changed = [(param, known[key]) for key, param in pairs if key in known and known[key] != param.value]
    if changed:
        raise param_changed(run.uuid, changed, batch=batch)
    rows = {key: row_of(run, key, param) for key, param in pairs if key not in known}
    insert(tx, list(rows.values()))


def row_of(run: RunRef, key: int, param: Param) -> Row:
    """A param as `insert` takes it."""
    return (run.id, key, run.experiment_id, *run_texts.stored(param.value))


def insert(tx: Transaction, rows: Sequence[Row]) -> None:
    """Params that were not there.

    Raises: TryAgain when another server has just set one.
    """
    if run_texts.put(tx, INSERT, rows) != len(rows):
        raise TryAgain("Another server sets the same params just now. Send the request again.")


def stored(tx: Transaction, run_id: int, keys: Sequence[int]) -> dict[int, str]:
    """The values that some keys of a run have. Cost: a look into the index for each, in few statements."""
    if tx.dialect == "postgresql":
        return dict(tx.all(STORED, (list(keys), run_id)))
    found: dict[int, str] = {}
    for start in range(0, len(keys), IN_ONE_QUERY):
        some = keys[start : start + IN_ONE_QUERY]
        marks = ", ".join("?" * len(some))
        found.update(
            tx.all(
                f"SELECT x.key_id, {WHOLE.format('x')} FROM run_params x WHERE x.run_id = ? AND x.key_id IN ({marks})",
                (run_id, *some),
            )
        )
    return found
