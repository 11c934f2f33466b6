"""Params: text that is set once."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.common import Param
from runyard.entities.log_rules import param_changed
from runyard.store.sql import run_texts
from runyard.store.sql.database import Transaction
from runyard.store.sql.faults import TryAgain
from runyard.store.sql.intern import RunRef
from runyard.store.sql.run_texts import WHOLE

INSERT = """INSERT INTO run_params (run_id, key_id, experiment_id, value, rest) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (run_id, key_id) DO NOTHING"""


def write_params(tx: Transaction, run: RunRef, params: Sequence[Param], *, batch: bool) -> None:
    """Set params; those that have the same value already stay.

    Raises: InvalidInput, before anything is written, when one has another value; TryAgain when another server has just
        set one, so that a second look is needed.
    """
    keys = tx.interned.keys(tx, [param.key for param in params])
    stored = _stored(tx, run, keys)
    pairs = list(zip(keys, params, strict=True))
    changed = [(param, stored[key]) for key, param in pairs if key in stored and stored[key] != param.value]
    if changed:
        raise param_changed(run.uuid, changed, batch=batch)
    rows = {
        key: (run.id, key, run.experiment_id, *run_texts.stored(param.value))
        for key, param in pairs
        if key not in stored
    }
    if tx.many(INSERT, rows.values()) != len(rows):
        raise TryAgain(f"Another server sets params of the run {run.uuid} just now. Send the request again.")


def _stored(tx: Transaction, run: RunRef, keys: Sequence[int]) -> dict[int, str]:
    marks = ", ".join("?" * len(keys))
    rows = tx.all(
        f"SELECT x.key_id, {WHOLE.format('x')} FROM run_params x WHERE x.run_id = ? AND x.key_id IN ({marks})",
        (run.id, *keys),
    )
    return dict(rows)
