"""Jobs on a database, driven from plain code."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import msgspec

from runyard.entities.job import TOKEN_ACTIONS, Job, JobDefinition, JobState
from runyard.entities.principal import LOCAL, Principal, PrincipalKind
from runyard.store.job_contracts import JobSecrets, NewJob
from runyard.store.job_runner_contracts import Arrival, Sign
from runyard.store.principal_contracts import NewPrincipal
from runyard.store.sql.clock import now_ms
from runyard.store.sql.jobs import SqlJobs
from runyard.store.sql.jobs_queue import SqlJobQueue
from runyard.store.sql.jobs_runners import SqlJobRunners
from tests.contract.store.stores import PAGE_KEY, Stores

HOUR_MS = 3_600_000
NUMBERS = itertools.count(1_000)


class JobStage:
    """The stores of jobs of one server, a compute target of the test's own, and an experiment."""

    def __init__(self, stores: Stores, compute: int = 0) -> None:
        self.stores = stores
        self.do = stores.do
        self.jobs = SqlJobs(stores.database, PAGE_KEY)
        self.runners = SqlJobRunners(stores.database)
        self.queue = SqlJobQueue(stores.database)
        self.compute = compute or next(NUMBERS)
        self.experiment = stores.new_experiment()

    def new(self, **fields: Any) -> NewJob:
        """A job as it is asked for."""
        number = next(NUMBERS)
        keys = JobSecrets(
            TOKEN_ACTIONS, now_ms() + HOUR_MS, f"hash {number}", b"sealed", f"code {number}", b"c"
        )
        plain = NewJob(
            run_id=f"run-{uuid.uuid4().hex}",
            run_name="r",
            experiment_id=self.experiment,
            tags=(),
            properties={},
            target="cluster",
            compute_id=self.compute,
            kind="script",
            state=JobState.NOT_STARTED,
            definition=JobDefinition(script="train.py", arguments=("--x", "1")),
            snapshot_id="",
            environment_hash="e",
            priority=0,
            parent_run_id="",
            request_hash="h",
            secrets=keys,
        )
        return msgspec.structs.replace(plain, **fields)

    def submit(self, *, by: Principal = LOCAL, limit: int = 0, **fields: Any) -> Job:
        """A job in the queue, unless the fields say otherwise."""
        return self.do(self.jobs.create(self.stores.workspace, by, self.new(**fields), limit))[0]

    def sweep(self, **fields: Any) -> Job:
        """The parent of others."""
        return self.submit(kind="sweep", state=JobState.RUNNING, **fields)

    def local(self, **fields: Any) -> Job:
        """One that its submitter's machine runs."""
        return self.submit(target="local", compute_id=None, state=JobState.QUEUED, **fields)

    def handed_over(self, **fields: Any) -> Job:
        """One that its engine has."""
        job = self.submit(**fields)
        assert self.do(self.queue.claim(job.row, "me", 60_000)) is not None
        found = self.do(self.queue.submitted(job.row, f"engine-{job.row}"))
        assert found is not None
        return found

    def begun(self, **fields: Any) -> Job:
        """One whose runner is there, as attempt `a`."""
        job = self.handed_over(**fields)
        self.begin(job)
        return self.now(job)

    def begin(self, job: Job, attempt: str = "a", *, rank: int = 0, alive_ms: int = 60_000) -> bool:
        """Whether another attempt was alive."""
        arrival = Arrival(attempt, rank, "host", now_ms() - alive_ms, now_ms() + HOUR_MS)
        return self.do(self.runners.begin(self.stores.workspace, job.run_id, arrival)).taken

    def beat(self, job: Job, state: JobState, attempt: str = "a", **more: Any) -> bool:
        """Whether the runner is to stop."""
        sign = Sign(attempt, more.pop("rank", 0), state, **more)
        return self.do(self.runners.beat(self.stores.workspace, job.run_id, sign))

    def now(self, job: Job) -> Job:
        """As it is now."""
        found = self.do(self.queue.find(job.row))
        assert found is not None
        return found

    def status(self, job: Job) -> str:
        """Of its run."""
        return str(self.stores.run(job.run_id)["info"]["status"])

    def token(self, job: Job) -> tuple[int, int | None]:
        """When the job's token ends, and when it was revoked; it is gone with the job's end."""
        sql = """SELECT t.expires_ms, t.revoked_ms FROM access_tokens t JOIN jobs j ON j.token_uuid = t.uuid
            WHERE j.id = ?"""
        row = self.do(self.stores.database.read(lambda c: c.one(sql, (job.row,))))
        return (row[0], row[1]) if row is not None else (0, 0)

    def age(self, job: Job, ms: int) -> None:
        """Let time pass for one job."""
        sql = """UPDATE jobs SET beat_ms = beat_ms - ?, created_ms = created_ms - ?, cancel_ms = cancel_ms - ?,
            lease_ms = lease_ms - ? WHERE id = ?"""
        self.do(self.stores.database.write(lambda tx: tx.execute(sql, (ms, ms, ms, ms, job.row))))

    def somebody(self) -> Principal:
        """Another person."""
        new = NewPrincipal(PrincipalKind.USER, f"u-{uuid.uuid4().hex}")
        return self.do(self.stores.principals.create(new))
