"""MLflow's projects on compute targets: `mlflow.projects.run(uri, backend="runyard", backend_config={"COMPUTE": …})`.

Loaded by MLflow when the backend is named. backend_config has, all optional:

    COMPUTE          a compute target; by default this machine
    USE_CONDA        False: the Python of the target, or of this program, as it is
    STREAM_OUTPUT    False: do not print the run's logs while it is waited for
    NODES, PROCESSES, GPUS, MAX_SECONDS, PRIORITY
"""

from __future__ import annotations

import contextlib
import sys
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlflow.entities import RunStatus
from mlflow.exceptions import ExecutionException
from mlflow.projects.backend.abstract_backend import AbstractBackend
from mlflow.projects.submitted_run import SubmittedRun
from mlflow.projects.utils import fetch_and_validate_project, load_project
from mlflow.utils.logging_utils import eprint

from runyard.client import renewal
from runyard.client.addresses import parse_tracking_uri
from runyard.client.conda_files import OWN_PYTHON, definition_of, python_section, requirements_file
from runyard.client.errors import ServerUnreachable
from runyard.client.job_logs import Logs, MainLogs
from runyard.client.submission import HERE, PATH, Submission, submit
from runyard.client.transport import Connection
from runyard.client.yaml_reading import load
from runyard.errors import InvalidInput, RunyardError

POLL_S = 1.0
AWAY_S = 600.0
PARAM_LIMIT = 6_000
SHELL = ("bash", "-c")
MLFLOW = "/api/2.0/mlflow"
KNOWN = ("COMPUTE", "USE_CONDA", "STREAM_OUTPUT", "NODES", "PROCESSES", "GPUS", "MAX_SECONDS", "PRIORITY")
OF_MLFLOW = ("ENV_MANAGER", "SYNCHRONOUS", "DOCKER_ARGS", "STORAGE_DIR", "BUILD_IMAGE", "DOCKER_AUTH")
ENDED = {"Completed": RunStatus.FINISHED, "Failed": RunStatus.FAILED, "Canceled": RunStatus.KILLED}
WAITING = ("NotStarted", "Starting", "Queued", "Preparing")


def backend() -> RunyardBackend:
    """What MLflow's entry point `mlflow.project_backend` gives."""
    return RunyardBackend()


class RunyardBackend(AbstractBackend):  # type: ignore[misc]  # MLflow has no types here
    """Submits the entry point of a project."""

    def run(
        self,
        project_uri: str,
        entry_point: str,
        params: Mapping[str, Any],
        version: str | None,
        backend_config: Mapping[str, Any] | None,
        tracking_uri: str,
        experiment_id: str,
    ) -> SubmittedProject:
        """Submit, and return at once. Raises: ExecutionException."""
        config = _config(backend_config)
        folder = Path(fetch_and_validate_project(project_uri, version, entry_point, params))
        project = load_project(str(folder))
        try:
            connection = _connection(tracking_uri)
            command, logged = _command(project, entry_point, params, folder)
            what = Submission(
                definition={
                    "command": [*SHELL, command],
                    "environment": _environment(project, config),
                    **_shape(config),
                },
                experiment=_experiment(connection, experiment_id),
                target=str(config.get("COMPUTE") or HERE),
                folder=folder,
                tags={"mlflow.project.entryPoint": entry_point, "mlflow.source.name": str(project_uri)},
                priority=int(config.get("PRIORITY") or 0),
            )
            made = submit(connection, what)
            _log_params(connection, made.run_id, logged)
        except RunyardError as exc:
            raise ExecutionException(exc.message) from exc
        eprint(
            f"Run {made.run_id} was submitted to {what.target}; `runyard run logs {made.run_id} --follow` prints its logs."
        )
        return SubmittedProject(
            connection, made.run_id, stream=config.get("STREAM_OUTPUT", True) is not False
        )


class SubmittedProject(SubmittedRun):  # type: ignore[misc]
    """A project that was submitted."""

    def __init__(self, connection: Connection, run_id: str, *, stream: bool) -> None:
        super().__init__()
        self._connection = connection
        self._run_id = run_id
        self._shown = MainLogs(Logs(connection, run_id)) if stream else None

    @property
    def run_id(self) -> str:
        """Of its run."""
        return self._run_id

    def wait(self) -> bool:
        """Wait for its end; whether it completed. A server that is away for minutes is waited for."""
        since = time.monotonic()
        while True:
            try:
                job = self._job()
                self._print()
            except ServerUnreachable:
                if time.monotonic() - since > AWAY_S:
                    raise
                time.sleep(POLL_S)
                continue
            if job["state"] in ENDED:
                self._explain(job)
                return bool(job["state"] == "Completed")
            since = time.monotonic()
            time.sleep(POLL_S)

    def get_status(self) -> Any:
        """One of mlflow.entities.RunStatus."""
        state = str(self._job()["state"])
        return ENDED.get(state, RunStatus.SCHEDULED if state in WAITING else RunStatus.RUNNING)

    def cancel(self) -> None:
        """Stop it on its target, and wait until it has stopped."""
        self._connection.post(f"{self._path}/cancel", {}, retry=True)
        self.wait()

    @property
    def _path(self) -> str:
        return f"{PATH}/{quote(self._run_id, safe='')}"

    def _job(self) -> Mapping[str, Any]:
        return dict(self._connection.get(self._path))

    def _explain(self, job: Mapping[str, Any]) -> None:
        """Why it did not complete, of which MLflow's own error says nothing."""
        why = (job.get("error") or {}).get("message")
        if why:
            eprint(f"Run {self._run_id} is {job['state']}: {why}")

    def _print(self) -> None:
        if self._shown is not None:
            for _, text in self._shown.more():
                sys.stdout.write(text)
            sys.stdout.flush()


def _config(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What was given; MLflow reads files of it, and puts names of its own among it."""
    found = dict(given or {})
    unknown = [str(key) for key in found if str(key).upper() not in (*KNOWN, *OF_MLFLOW)]
    if unknown:
        warnings.warn(
            f"backend_config has no {', '.join(unknown)}, which counts for nothing. It has {', '.join(KNOWN)}.",
            stacklevel=2,
        )
    own = {str(key).upper(): value for key, value in found.items() if str(key).upper() in KNOWN}
    return {**own, "MANAGER": found.get("ENV_MANAGER")}


def _connection(tracking_uri: str) -> Connection:
    try:
        address = parse_tracking_uri(tracking_uri)
    except InvalidInput as exc:
        raise InvalidInput(
            f"Runs are submitted to a workspace, and MLflow's tracking URI is none: {exc.message} "
            "Call mlflow.set_tracking_uri(workspace.get_mlflow_tracking_uri()) first."
        ) from exc
    return Connection(address.server, address.place, renewal.source_of(address).current)


def _experiment(connection: Connection, experiment_id: str) -> str:
    found = connection.get(f"{MLFLOW}/experiments/get", experiment_id=experiment_id)
    return str(found["experiment"]["name"])


def _command(
    project: Any, entry_point: str, params: Mapping[str, Any], folder: Path
) -> tuple[str, dict[str, Any]]:
    """The shell command of an entry point, with paths as they are in the snapshot, and its parameters."""
    found = project.get_entry_point(entry_point)
    computed, extra = found.compute_parameters(params, None)
    command = str(found.compute_command(params, None))
    for root in {str(folder), str(folder.resolve())}:
        command = command.replace(f"{root}/", "")
    return command, {**computed, **extra}


def _environment(project: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    kind, path = getattr(project, "env_type", None), getattr(project, "env_config_path", None)
    target_is_here = not config.get("COMPUTE") or config["COMPUTE"] == HERE
    own = {"python": {"userManagedDependencies": True, "interpreterPath": sys.executable}}
    as_it_is = own if target_is_here else dict(OWN_PYTHON)
    docker = getattr(project, "docker_env", None)
    if docker:
        image = {"enabled": True, "baseImage": str(docker.get("image"))}
        return {"docker": image, "python": dict(OWN_PYTHON["python"])}
    if config.get("USE_CONDA") is False or config.get("MANAGER") == "local" or not path:
        return as_it_is
    return definition_of(Path(path)) if kind == "conda_env" else _python_env(Path(path))


def _python_env(path: Path) -> dict[str, Any]:
    """Of MLflow's python_env.yaml: python, build_dependencies, dependencies."""
    found = load(path.read_text(encoding="utf-8"), str(path))
    if not isinstance(found, Mapping):
        raise InvalidInput(f"{path} is no python_env.yaml.")
    lines: list[str] = []
    for line in [*(found.get("build_dependencies") or ()), *(found.get("dependencies") or ())]:
        text = str(line).strip()
        if text.startswith("-r "):
            lines += requirements_file(path.parent / text[3:].strip())
        else:
            lines.append(text)
    return python_section(pip=lines, python_version=str(found.get("python") or ""))


def _shape(config: Mapping[str, Any]) -> dict[str, Any]:
    nodes, processes = int(config.get("NODES") or 1), int(config.get("PROCESSES") or 1)
    found = {
        "node_count": nodes,
        "process_count": processes,
        "communicator": "PyTorch" if nodes * processes > 1 else "",
        "max_seconds": int(config.get("MAX_SECONDS") or 0),
        "resources": {"gpus": int(config["GPUS"])} if config.get("GPUS") else {},
    }
    return {key: value for key, value in found.items() if value not in ("", 0, 1, {})}


def _log_params(connection: Connection, run_id: str, params: Mapping[str, Any]) -> None:
    """As MLflow does with those of an entry point. A script that was faster, and logged another text, is right."""
    pairs = [{"key": key, "value": str(value)[:PARAM_LIMIT]} for key, value in params.items()]
    if pairs:
        with contextlib.suppress(InvalidInput):
            connection.post(f"{MLFLOW}/runs/log-batch", {"run_id": run_id, "params": pairs}, retry=True)
