"""The job of a submitted run: where it is run, from which source, in which environment."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from runyard.client.conda_files import OWN_PYTHON
from runyard.client.local_sweeps import in_background
from runyard.client.submission import SWEEP, resubmit
from runyard.sdk.environment import Environment
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.job_record import ENDED, SUBMITTED_TYPES, job_of, job_path, target_name
from runyard.sdk.link import translated
from runyard.sdk.run_handle import OWN, TYPE_TAG
from runyard.sdk.run_logs import RunLogs
from runyard.sdk.workspace_record import iso_time

TARGET_TAG = "runyard.target"
MAX_SECONDS = 30 * 86_400
BY_HAND = "sdk"  # what Azure ML says of a run that was not submitted


class RunJob(RunLogs):
    """Submitting again, below, and what was submitted."""

    def resubmit(
        self,
        target: Any = None,
        arguments: Sequence[Any] | None = None,
        run_name: str | None = None,
    ) -> Self:
        """A new run of the same source, environment and arguments.

        Args:
            target: another compute target, or its name.
            arguments: others.
            run_name: of the new run.
        Raises: UserErrorException for a run that was not submitted.
        """
        return self._resubmitted(target, arguments, run_name)

    def _resubmitted(
        self, target: Any, arguments: Sequence[Any] | None, run_name: str | None, **changes: Any
    ) -> Self:
        """Args: changes: what else is to be different."""
        body = {
            "target": target_name(target) or None,
            "run_name": run_name,
            "arguments": None if arguments is None else [str(one) for one in arguments],
            **changes,
        }
        sweep = self._needed_job()["kind"] == SWEEP
        made = translated(lambda: resubmit(self._link.connection, self.id, body, sweep=sweep))
        in_background(self._link.connection, made.job)
        return self._of(self.experiment, made.run)

    def submit_child(self, config: Any, tags: Mapping[str, str] | None = None, **kwargs: Any) -> Any:
        """Submit a configuration as a run below this one."""
        return config.submit_to(self.experiment, tags, parent_run_id=self.id, **kwargs)

    def get_environment(self) -> Environment:
        """The environment that it was submitted with. Raises: UserErrorException for a run that was not submitted."""
        definition = dict(self._needed_job()["definition"].get("environment") or OWN_PYTHON)
        variables = self._needed_job()["definition"].get("environment_variables") or {}
        record = {
            "name": definition.get("name") or f"Experiment {self.experiment.name} Environment",
            "version": definition.get("version"),
            "definition": {"environmentVariables": variables, **definition},
        }
        return Environment._of(record)

    def get_snapshot_id(self) -> str:
        """The id of the source that it was submitted with. Raises: UserErrorException where there is none."""
        job = self._job()
        found = job.get("snapshot_id") if job is not None else None
        if not found:
            raise UserErrorException(
                f"Run {self.id} has no snapshot: only runs that were submitted with a source folder have one."
            )
        return str(found)

    def restore_snapshot(self, snapshot_id: str | None = None, path: str | Path | None = None) -> str:
        """Put the source that it was submitted with below a folder.

        Args:
            snapshot_id: kept for scripts that give it; a run has one snapshot.
            path: the folder; by default the current one. Files that are there already are replaced.
        Returns: the folder.
        Raises: UserErrorException where there is no snapshot.
        """
        own = self.get_snapshot_id()
        if snapshot_id is not None and snapshot_id != own:
            raise UserErrorException(f"Run {self.id} has the snapshot {own}, not {snapshot_id}.")
        folder = Path(path) if path is not None else Path.cwd()
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder / f".{own[:16]}.tar.gz"
        try:
            self._link.download(f"{OWN}/{self.id}/snapshot/archive", archive)
            with tarfile.open(archive) as packed:
                packed.extractall(folder, filter="data")
        except tarfile.TarError as exc:
            raise UserErrorException(f"The snapshot of run {self.id} cannot be unpacked: {exc}", exc) from exc
        finally:
            archive.unlink(missing_ok=True)
        return str(folder)

    @property
    def _is_submitted(self) -> bool:
        return self._all_tags().get(TYPE_TAG) in SUBMITTED_TYPES

    def _job(self) -> Mapping[str, Any] | None:
        """The job as it is now."""
        return job_of(self._link, self.id)

    def _needed_job(self) -> Mapping[str, Any]:
        job = self._job()
        if job is None:
            raise UserErrorException(
                f"Run {self.id} was not submitted: it has no source, environment or target."
            )
        return job

    def _cancel_job(self) -> bool:
        """Whether there is a job that is told to stop."""
        if not self._is_submitted or (job := self._job()) is None or job["state"] in ENDED:
            return False
        self._link.post(f"{job_path(self.id)}/cancel", {}, retry=True)
        self._refresh()
        return True

    def _target(self, job: Mapping[str, Any] | None) -> str:
        return str(job["target"]) if job is not None else self._all_tags().get(TARGET_TAG, BY_HAND)

    def _job_details(self, job: Mapping[str, Any] | None) -> dict[str, Any]:
        """What a job adds to `get_details`."""
        if job is None:
            return {}
        definition = job["definition"]
        found: dict[str, Any] = {
            "runDefinition": run_definition(job),
            "submittedBy": job["submitted_by"],
            "submittedTimeUtc": iso_time(job["created_ms"]),
        }
        if job.get("waits") and job["state"] not in ENDED:
            found["warnings"] = [{"message": job["waits"]}]
        if definition.get("command"):
            found["runDefinition"]["command"] = list(definition["command"])
        return found


def run_definition(job: Mapping[str, Any]) -> dict[str, Any]:
    """A job's definition by the names that Azure ML's run configurations have."""
    definition = job["definition"]
    return {
        "script": definition.get("script") or None,
        "arguments": list(definition.get("arguments") or ()),
        "target": job["target"],
        "framework": "Python",
        "communicator": definition.get("communicator", "None"),
        "nodeCount": definition.get("node_count", 1),
        "processCountPerNode": definition.get("process_count", 1),
        "maxRunDurationSeconds": definition.get("max_seconds", MAX_SECONDS),
        "resources": definition.get("resources") or {},
        "environment": definition.get("environment") or {},
        "environmentVariables": definition.get("environment_variables") or {},
        "snapshotId": job.get("snapshot_id") or None,
    }
