"""Statements that a new job is made with, inside a transaction."""

from __future__ import annotations

import json

import msgspec

from runyard.entities.job import Job, JobState
from runyard.entities.principal import Principal, TokenKind
from runyard.entities.run import NewRun
from runyard.errors import AlreadyExists, InvalidState, QueueFull, Unauthenticated, shown
from runyard.store.job_contracts import NewJob
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Transaction
from runyard.store.sql.jobs_changes import SET_STATUS, SWEEP
from runyard.store.sql.jobs_rows import load_job
from runyard.store.sql.run_records import ADD_PROPERTY
from runyard.store.sql.runs import insert_run

ELSEWHERE = "SELECT 1 FROM jobs WHERE uuid = ? AND workspace_id <> ? AND compute_id IS NOT NULL LIMIT 1"
SAME = "SELECT id, request_hash FROM jobs WHERE uuid = ? AND workspace_id = ?"
RUN_ROW = "SELECT id FROM runs WHERE uuid = ? AND workspace_id = ?"
PARENT = "SELECT kind, state FROM jobs WHERE uuid = ? AND workspace_id = ?"
QUEUED_OF = "SELECT count(*) FROM jobs WHERE compute_id = ? AND state = 0 AND submitted_by_uuid = ?"
INSERT = """INSERT INTO jobs (run_id, uuid, workspace_id, experiment_id, parent, target, compute_id, kind, state, priority,
    nodes, snapshot_id, environment_hash, submitted_by, submitted_by_uuid, created_ms, started_ms, token_uuid,
    request_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"""
INSERT_TEXTS = "INSERT INTO job_texts (job_id, definition, token, code, code_hash) VALUES (?, ?, ?, ?, ?)"
INSERT_TOKEN = """INSERT INTO access_tokens (uuid, principal_id, kind, name, hash, actions, workspace_id, created_ms,
    expires_ms, created_by, job, job_experiment, made_with) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
MAKER = f"""SELECT revoked_ms FROM access_tokens WHERE uuid = ?
    AND kind IN ({TokenKind.PERSONAL:d}, {TokenKind.JOB:d})"""  # jobs go on when those who log in log out


def same_job(tx: Transaction, workspace_id: int, new: NewJob) -> Job | None:
    """The job that the same request made earlier.

    Raises: AlreadyExists.
    """
    row = tx.one(SAME, (new.run_id, workspace_id))
    if row is not None and row[1] == new.request_hash:
        return load_job(tx, row[0])
    if row is not None or tx.one(RUN_ROW, (new.run_id, workspace_id)) is not None:
        raise _taken(new.run_id)
    if new.compute_id is not None and tx.one(ELSEWHERE, (new.run_id, workspace_id)) is not None:
        raise _taken(
            new.run_id
        )  # machines may be shared by workspaces, and know jobs by the ids of their runs
    return None


def _taken(run_id: str) -> AlreadyExists:
    return AlreadyExists(f"The run id {shown(run_id)} is taken by another run. Choose another one.")


def check_parent(tx: Transaction, workspace_id: int, new: NewJob) -> None:
    lock = " FOR SHARE" if tx.dialect == "postgresql" else ""
    row = tx.one(PARENT + lock, (new.parent_run_id, workspace_id)) if new.parent_run_id else None
    if row is not None and row[0] == SWEEP and row[1] != JobState.RUNNING:
        raise InvalidState(
            f"The sweep {new.parent_run_id} is {JobState(row[1]).text}: no jobs are added to it any more."
        )
    sweep, _, number = new.run_id.rpartition("_")
    if number.isdecimal() and sweep != new.parent_run_id:
        above = tx.one(PARENT, (sweep, workspace_id))
        if above is not None and above[0] == SWEEP:
            raise _taken(new.run_id)  # its trials have such ids


def check_queue(tx: Transaction, submitter: Principal, new: NewJob, max_queued: int) -> None:
    if not max_queued or new.compute_id is None or new.state is not JobState.NOT_STARTED:
        return
    row = tx.one(QUEUED_OF, (new.compute_id, submitter.uuid))
    if row is not None and row[0] >= max_queued:
        raise QueueFull(
            f"You have {row[0]} jobs in the queue of {new.target}, and {max_queued} is the most. Wait until some have "
            "begun, cancel some, or choose another compute target."
        )


def insert_job(tx: Transaction, workspace_id: int, submitter: Principal, new: NewJob, token_uuid: str) -> Job:
    keys = new.secrets
    maker = None if keys is None else _maker(tx, keys.made_with)  # before the first change
    now = now_ms()
    run = NewRun(new.run_id, new.experiment_id, new.run_name, submitter.name, now, list(new.tags))
    made = insert_run(tx, workspace_id, run)
    assert made is not None  # _same has looked
    tx.execute(SET_STATUS, (new.state.status, made.row_id))
    tx.many(ADD_PROPERTY, [(made.row_id, *one) for one in new.properties.items()])
    sweeps = new.kind == SWEEP
    where = (made.row_id, new.run_id, workspace_id, new.experiment_id, new.parent_run_id, new.target)
    what = (new.compute_id, new.kind, new.state, new.priority, new.definition.node_count, new.snapshot_id)
    who = (new.environment_hash, submitter.name, submitter.uuid, now, now if sweeps else None)
    row = tx.one(INSERT, (*where, *what, *who, token_uuid, new.request_hash))
    assert row is not None
    definition = msgspec.json.encode(new.definition).decode()
    sealed = (None, None, None) if keys is None else (keys.token, keys.code, keys.code_hash)
    tx.execute(INSERT_TEXTS, (row[0], definition, *sealed))
    if keys is not None:
        actions = json.dumps(list(keys.actions))
        token = (token_uuid, submitter.id, TokenKind.JOB, f"job {new.run_id}", keys.token_hash, actions)
        bounds = (workspace_id, now, keys.expires_ms, submitter.name, new.run_id, new.experiment_id)
        tx.execute(INSERT_TOKEN, (*token, *bounds, maker))
    return load_job(tx, row[0])


def _maker(tx: Transaction, made_with: str) -> str | None:
    """The token that a job's ends with. Raises: Unauthenticated, when that was revoked meanwhile."""
    row = tx.one(MAKER, (made_with,)) if made_with else None
    if row is not None and row[0] is not None:
        raise Unauthenticated("The access token of the request was revoked. Log in again.")
    return None if row is None else made_with
