"""A named group of runs."""

from __future__ import annotations

import builtins
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

from runyard.client.git_state import git_of, git_properties, git_tags
from runyard.sdk import display
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.experiment_record import MLFLOW, ExperimentRecord
from runyard.sdk.run import Run
from runyard.sdk.run_handle import OWN
from runyard.sdk.run_tags import Wanted, has
from runyard.sdk.source_tags import source_tags
from runyard.sdk.workspace_record import WorkspaceRecord

T = TypeVar("T", bound=ExperimentRecord)
VIEWS = {"ActiveOnly": "ACTIVE_ONLY", "ArchivedOnly": "DELETED_ONLY", "All": "ALL"}


@runtime_checkable
class Submittable(Protocol):
    """A configuration that `Experiment.submit` takes."""

    def submit_to(self, experiment: Any, tags: Mapping[str, str] | None, **kwargs: Any) -> Run:
        """Start a run of it."""
        ...


class Experiment(ExperimentRecord, public=True):
    """A named group of runs of one workspace."""

    def start_logging(
        self,
        *args: Any,
        outputs: str | None = None,
        snapshot_directory: str | None = ".",
        name: str | None = None,
        run_id: str | None = None,
        **kwargs: Any,
    ) -> Run:
        """A new run of this program, running.

        Args:
            outputs: a folder whose files are uploaded when the run completes.
            snapshot_directory: the folder whose git commit is noted; None: none.
            name: by default `run_` and the id.
            run_id: begins with a letter or digit; letters, digits, dashes and underscores. By default a new UUID.
        """
        run_id = run_id or str(uuid.uuid4())
        git = git_of(Path(snapshot_directory)) if snapshot_directory is not None else None
        body = {
            "experiment_id": self.id,
            "run_id": run_id,
            "name": name or f"run_{run_id}",
            "tags": {**source_tags(), **git_tags(git)},
            "properties": git_properties(git),
            "start_ms": int(time.time() * 1000),
        }
        document = self.workspace.link.post(OWN, body, retry=True)["run"]
        run = Run._of(self, document, outputs=outputs, new=True)
        run._channel.sink.began()
        return run

    def submit(self, config: Any, tags: Mapping[str, str] | None = None, **kwargs: Any) -> Run:
        """Run a configuration, such as a ScriptRunConfig.

        Raises: UserErrorException for what cannot be submitted.
        """
        if not isinstance(config, Submittable):
            raise UserErrorException(
                f"No submit function for {type(config).__name__}: {config!r:.100} cannot be submitted. "
                "Give a run configuration; start_logging starts a run of this program."
            )
        return config.submit_to(self, tags, **kwargs)

    def get_runs(
        self,
        type: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        include_children: bool = False,
    ) -> Iterator[Run]:
        """The runs, those that started last first.

        Args:
            type: those of one type.
            tags, properties: those that have them: a dict says the values, text or a list the keys.
            include_children: also runs below others.
        """
        return Run.list(self, type, tags, properties, include_children=include_children)

    @classmethod
    def list(
        cls,
        workspace: WorkspaceRecord,
        experiment_name: str | None = None,
        view_type: str = "ActiveOnly",
        tags: Wanted = None,
    ) -> builtins.list[Self]:
        """The experiments of a workspace.

        Args:
            view_type: ActiveOnly, ArchivedOnly or All.
        """
        if view_type not in VIEWS:
            raise UserErrorException(f"view_type is one of {', '.join(VIEWS)}, not {view_type!r}.")
        found = experiments_of(cls, workspace, VIEWS[view_type])
        return [
            one
            for one in found
            if (experiment_name is None or one.name == experiment_name)
            and has({key: value or None for key, value in one.tags.items()}, tags)
        ]

    @classmethod
    def delete(cls, workspace: WorkspaceRecord, experiment_id: str) -> None:
        """Delete an experiment that has no runs. Raises: UserErrorException when it has some."""
        experiment = cls._by_id(workspace, experiment_id)
        if next(Run.list(experiment, include_children=True), None) is not None:
            raise UserErrorException(
                f"Experiment {experiment.name} has runs and only an empty one can be deleted. archive() hides it."
            )
        experiment.archive()

    def archive(self) -> None:
        """Hide it and its runs from lists."""
        self.workspace.link.post(f"{MLFLOW}/delete", {"experiment_id": self.id})
        self.refresh()

    def reactivate(self, new_name: str | None = None) -> None:
        """Undo `archive`."""
        self.workspace.link.post(f"{MLFLOW}/restore", {"experiment_id": self.id})
        if new_name is not None:
            self.workspace.link.post(f"{MLFLOW}/update", {"experiment_id": self.id, "new_name": new_name})
        self.refresh()

    def refresh(self) -> None:
        """Read it again."""
        link = self.workspace.link
        self._record = dict(link.get(f"{MLFLOW}/get", experiment_id=self.id)["experiment"])

    def tag(self, key: str, value: str | None = None) -> None:
        """Set a tag."""
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, str | None]) -> None:
        """Set tags."""
        for key, value in tags.items():
            body = {"experiment_id": self.id, "key": key, "value": "" if value is None else str(value)}
            self.workspace.link.post(f"{MLFLOW}/set-experiment-tag", body, retry=True)
        self.refresh()

    def remove_tags(self, tags: str | Sequence[str]) -> None:
        """Remove tags; those that are not set are left out."""
        for key in [tags] if isinstance(tags, str) else tags:
            if key in self.tags:
                body = {"experiment_id": self.id, "key": key}
                self.workspace.link.post(f"{MLFLOW}/delete-experiment-tag", body)
        self.refresh()

    def __repr__(self) -> str:
        return display.listed("Experiment", {"Name": self.name, "Workspace": self.workspace.name})

    __str__ = __repr__

    def _repr_html_(self) -> str:
        page = display.Link("Link to the experiment's page", self.portal_url)
        return display.table([{"Name": self.name, "Workspace": self.workspace.name, "Report Page": page}])


def experiments_of(kind: type[T], workspace: WorkspaceRecord, view: str) -> Iterator[T]:
    """The experiments of a workspace, in one of MLflow's views."""
    body = {"view_type": view, "max_results": 1_000}
    for record in workspace.link.posted_pages(f"{MLFLOW}/search", "experiments", body):
        yield kind._of(workspace, record)
