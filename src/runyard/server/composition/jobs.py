"""Composition of jobs: what is submitted, its queue, and what runners tell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from runyard.entities.principal import Principal
from runyard.entities.run import Run
from runyard.server.composition.foundation import Foundation
from runyard.server.composition.sources import Sources
from runyard.server.composition.tracking import Tracking
from runyard.server.routes.api import jobs
from runyard.server.routing import Route
from runyard.services.jobs import JobService
from runyard.services.jobs_ending import JobEnder
from runyard.services.jobs_keys import JobKeys
from runyard.services.jobs_runner import JobRunnerService
from runyard.services.jobs_submission import ComputeTargets, Environments, Handover
from runyard.services.jobs_submitting import JobSubmitter
from runyard.store.sql.experiments import SqlExperiments
from runyard.store.sql.jobs import SqlJobs
from runyard.store.sql.jobs_queue import SqlJobQueue
from runyard.store.sql.jobs_runners import SqlJobRunners
from runyard.store.sql.run_records import SqlRunRecords
from runyard.store.sql.runs import SqlRuns


class JobStores:
    """What compute targets, the dispatcher and sweeps need of jobs: they are made before `Jobs`, which needs them."""

    def __init__(self, base: Foundation, sources: Sources) -> None:
        self.store = SqlJobs(base.database, base.key)
        self.queue = SqlJobQueue(base.database)
        self.keys = JobKeys(base.vault, self.store)
        self.ender = JobEnder(self.queue, sources.logs, base.access.forget)


class Jobs:
    """Services and routes. `running` lasts as long as the server does.

    Args:
        computes: where jobs may go. handover: what brings them there.
    """

    def __init__(
        self,
        base: Foundation,
        tracking: Tracking,
        sources: Sources,
        stores: JobStores,
        computes: ComputeTargets,
        environments: Environments,
        handover: Handover,
    ) -> None:
        self._stores = stores
        runs = _Runs(tracking.runs, SqlRunRecords(base.database, base.key))

        async def principal(uuid: str) -> Principal | None:
            return await base.owners.find_principal(uuid=uuid)

        def ended() -> None:
            base.access.forget()
            handover.wake()

        self.submitter = JobSubmitter(
            stores.store,
            stores.keys,
            runs,
            tracking.experiments,
            computes,
            environments,
            sources.snapshots,
            handover,
            principal,
        )
        self.service = JobService(stores.store, self.submitter, runs, handover)
        self.runner = JobRunnerService(
            SqlJobRunners(base.database),
            stores.keys,
            SqlExperiments(base.database, base.key),
            base.access.identity.find_workspace,
            stores.ender.seal,
            ended,
        )

    def routes(self) -> list[Route]:
        """All of them."""
        return jobs.routes(self.service, self.submitter, self.runner)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tokens of jobs are good again that ended while no server was there to hear of their jobs."""
        await self.runner.renew(self._stores.queue)
        yield


class _Runs:
    """What jobs need of runs, from the two stores that have it."""

    def __init__(self, runs: SqlRuns, records: SqlRunRecords) -> None:
        self._runs = runs
        self._records = records

    async def get(self, workspace_id: int, run_id: str) -> bytes:
        return await self._runs.get(workspace_id, run_id)

    async def load(self, workspace_id: int, run_id: str) -> Run:
        return await self._runs.load(workspace_id, run_id)

    async def experiment_of(self, workspace_id: int, run_id: str) -> int:
        return await self._records.experiment_of(workspace_id, run_id)

    async def properties(self, workspace_id: int, run_ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        return await self._records.properties(workspace_id, run_ids)
