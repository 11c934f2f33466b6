"""What happens to runs becomes messages for those who want to be told, in the transaction in which it happens."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence

import msgspec

from runyard.entities.alert import AlertEvent, AlertMessage
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Transaction
from runyard.store.sql.intern import RunRef

log = logging.getLogger("runyard.store")

WAITING_LIMIT = 1_000  # messages of one alert
NAMES_LIMIT = 20
WANTED = """SELECT id FROM alerts WHERE workspace_id = ? AND (experiment_id IS NULL OR experiment_id = ?)
    AND (events & ?) <> 0 ORDER BY id"""
WAITING = "SELECT count(*) FROM alert_deliveries WHERE alert_id = ?"
FACTS = """SELECT r.name, r.user_id, e.name, w.name FROM runs r JOIN experiments e ON e.id = r.experiment_id
    JOIN workspaces w ON w.id = r.workspace_id WHERE r.id = ?"""
INSERT = "INSERT INTO alert_deliveries (alert_id, event, body, next_ms) VALUES (?, ?, ?, ?)"
MARK = "INSERT INTO alert_marks (run_id, event) VALUES (?, ?) ON CONFLICT (run_id, event) DO NOTHING"
WORDS = {
    AlertEvent.FAILED: "failed",
    AlertEvent.NAN: "logged values that are no numbers",
    AlertEvent.STALLED: "stands still",
}


def wanting(tx: Transaction, run: RunRef, event: AlertEvent) -> list[int]:
    """The alerts that an event of the run goes to. Cost: one look at the alerts of the workspace."""
    return [row[0] for row in tx.all(WANTED, (run.workspace_id, run.experiment_id, int(event)))]


def tell(
    tx: Transaction,
    run: RunRef,
    event: AlertEvent,
    reason: str,
    *,
    alerts: Sequence[int] | None = None,
    metrics: Sequence[str] = (),
) -> None:
    """Queue a message for each alert that wants the event.

    Args:
        alerts: those that are to be told, where that is known.
    """
    receivers = wanting(tx, run, event) if alerts is None else alerts
    facts = tx.one(FACTS, (run.id,)) if receivers else None
    if facts is None:
        return
    name, user, experiment, workspace = facts
    now = now_ms()
    message = AlertMessage(
        text=f"Run {name} of experiment {experiment} in workspace {workspace} {WORDS[event]}: {reason}",
        event=event.text,
        id=uuid.uuid4().hex,
        time_ms=now,
        workspace=workspace,
        experiment_id=str(run.experiment_id),
        experiment_name=experiment,
        run_id=run.uuid,
        run_name=name,
        user_id=user,
        reason=reason,
        metrics=list(metrics),
    )
    body = msgspec.json.encode(message).decode()
    for alert in receivers:
        waiting = tx.one(WAITING, (alert,))
        if waiting is not None and waiting[0] >= WAITING_LIMIT:
            log.warning("An alert has %d messages that did not arrive; no more are kept.", WAITING_LIMIT)
            continue
        tx.execute(INSERT, (alert, message.id, body, now))


def tell_nan(tx: Transaction, found: Sequence[tuple[RunRef, int]]) -> None:
    """Series to which values that are no numbers were added; told once per run."""
    by_run: dict[RunRef, list[int]] = {}
    for run, key in found:
        by_run.setdefault(run, []).append(key)
    for run, keys in by_run.items():
        alerts = wanting(tx, run, AlertEvent.NAN)
        if not alerts or not tx.execute(MARK, (run.id, int(AlertEvent.NAN))):
            continue
        some = keys[:NAMES_LIMIT]
        marks = ", ".join("?" * len(some))
        names = [row[0] for row in tx.all(f"SELECT name FROM keys WHERE id IN ({marks}) ORDER BY name", some)]
        more = f" and {len(keys) - len(some)} more" if len(keys) > len(some) else ""
        reason = f"NaN in {', '.join(names)}{more}."
        tell(tx, run, AlertEvent.NAN, reason, alerts=alerts, metrics=names)
