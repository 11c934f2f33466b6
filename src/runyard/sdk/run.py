"""One recorded execution."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Self

from runyard.sdk import display
from runyard.sdk.exceptions import RunEnvironmentException
from runyard.sdk.experiment_record import ExperimentRecord
from runyard.sdk.job_record import JOBS
from runyard.sdk.keyvault import Keyvault
from runyard.sdk.offline_run import OfflineRun
from runyard.sdk.run_context import job_environment
from runyard.sdk.run_handle import PARENT_TAG, read_run, search_runs, tags_of
from runyard.sdk.run_models import RunModels
from runyard.sdk.run_state import state_of
from runyard.sdk.run_status import RunStatus
from runyard.sdk.run_tags import Wanted, has, visible_tags, with_properties
from runyard.sdk.workspace_record import WorkspaceRecord


class Run(RunStatus, RunModels):
    """A run of an experiment; `Experiment.start_logging` makes one, `Run(experiment, run_id)` finds one.

    The parts: run_logging (what it logs), run_metrics (what it has logged), run_files, run_models, run_tags,
    run_children, run_status. As a context manager it completes at the end of the block, or fails with the error that left it.
    """

    _context: ClassVar[Run | None] = None

    @classmethod
    def get(cls, workspace: WorkspaceRecord, run_id: str) -> Self:
        """The run of an id, whatever its experiment.

        Raises: UserErrorException when there is none.
        """
        document = read_run(workspace.link, run_id)
        home = str(document["info"]["experiment_id"])
        return cls._of(ExperimentRecord.public._by_id(workspace, home), document)

    @classmethod
    def get_context(cls, allow_offline: bool = True, **kwargs: Any) -> Run | OfflineRun:
        """The run that this program is, told by its environment; the same object at each call.

        Args:
            allow_offline: outside of a job, answer a run that prints what it is given.
        Raises: RunEnvironmentException outside of a job, unless allow_offline.
        """
        job = job_environment()
        if job is None:
            if allow_offline:
                return OfflineRun()
            raise RunEnvironmentException(
                "Could not load a submitted run; if outside of an execution context, use "
                "experiment.start_logging to initialize an interactive run."
            )
        if Run._context is None or Run._context.id != job.run_id:
            workspace = WorkspaceRecord.public.get(job.workspace, auth=job.token, server=job.server)
            Run._context = cls.get(workspace, job.run_id)
            cls.submitted.add(job.run_id)
        return Run._context

    @classmethod
    def list(
        cls,
        experiment: ExperimentRecord,
        type: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        status: str | None = None,
        include_children: bool = False,
    ) -> Iterator[Self]:
        """The runs of an experiment, those that started last first; `Experiment.get_runs` says what wants what."""
        link = experiment.workspace.link
        found = (
            document
            for document in search_runs(link, experiment.id)
            if (include_children or PARENT_TAG not in tags_of(document))
            and has(visible_tags(document), tags)
            and (status is None or state_of(document) == status)
        )
        for document in with_properties(link, found, properties):
            run = cls._of(experiment, document)
            if type is None or run.type == type:
                yield run

    @classmethod
    def list_by_compute(
        cls,
        compute: Any,
        type: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        status: str | None = None,
    ) -> Iterator[Self]:
        """The runs that were submitted to a compute target, the newest first; `list` says what wants what."""
        workspace = compute.workspace
        for job in workspace.link.pages(JOBS, target=compute.name):
            if status is not None and job["state"] != status:
                continue
            run = cls.get(workspace, str(job["run_id"]))
            found = has(visible_tags(run._document), tags) and (type is None or run.type == type)
            if found and builtins.list(with_properties(workspace.link, [run._document], properties)):
                yield run

    def get_secret(self, name: str) -> str:
        """A secret of the workspace's keyvault."""
        return Keyvault(self.experiment.workspace).get_secret(name)

    def get_secrets(self, secrets: Iterable[str]) -> dict[str, str | None]:
        """Several secrets; None for what is not there."""
        return Keyvault(self.experiment.workspace).get_secrets(secrets)

    def __repr__(self) -> str:
        return display.listed("Run", self._shown())

    __str__ = __repr__

    def _repr_html_(self) -> str:
        shown = self._shown()
        page = display.Link("Link to the run's page", self.portal_url)
        return display.table([{**shown, "Details Page": page}])

    def _shown(self) -> dict[str, str]:
        return {
            "Experiment": self.experiment.name,
            "Id": self.id,
            "Type": str(self.type),
            "Status": self.get_status(),
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Run):
            return NotImplemented
        return (self.experiment.workspace, self.id) == (other.experiment.workspace, other.id)

    def __hash__(self) -> int:
        return hash((self.experiment.workspace, self.id))


def get_run(experiment: ExperimentRecord, run_id: str, rehydrate: bool = True, clean_up: bool = True) -> Run:
    """The run of an id in an experiment.

    Args:
        rehydrate, clean_up: kept for scripts that give them.
    """
    return Run(experiment, run_id)
