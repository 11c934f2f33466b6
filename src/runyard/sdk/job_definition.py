"""A run configuration as the job that the server records."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from runyard.client.submission import HERE
from runyard.sdk.data_reference import DataReference
from runyard.sdk.environment import described
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.run_configuration import MAX_SECONDS, RunConfiguration

MPI, PYTORCH, TENSORFLOW = "Mpi", "PyTorch", "TensorFlow"
COMMUNICATORS: dict[str | None, str] = {
    **dict.fromkeys(("None", "", None), "None"),
    **dict.fromkeys(("Mpi", "OpenMpi", "IntelMpi"), MPI),
    **dict.fromkeys(("Nccl", "Gloo", "PyTorch"), PYTORCH),
    **dict.fromkeys(("ParameterServer", "TensorFlow", "Tensorflow"), TENSORFLOW),
}
FRAMEWORKS = ("Python", "PyTorch", "TensorFlow")
MB_IN_GB = 1024
DEFAULTS: dict[str, Any] = {
    "script": "",
    "arguments": [],
    "command": [],
    "environment_variables": {},
    "node_count": 1,
    "process_count": 1,
    "communicator": "None",
    "resources": {},
    "max_seconds": MAX_SECONDS,
    "watch": ["logs"],
    "outputs": ["outputs"],
}


def definition_of(
    config: RunConfiguration,
    script: str | None,
    arguments: Sequence[Any],
    command: str | Sequence[Any] | None,
) -> dict[str, Any]:
    """The definition of a job; what is as it is by default is left out. Raises: UserErrorException."""
    if command and script:
        raise UserErrorException("Give a script or a command, not both.")
    _refuse_unsupported(config)
    watched = [one.rstrip("/").removeprefix("./") for one in config.history.directories_to_watch]
    found: dict[str, Any] = {
        "script": "" if command else script or "",
        "arguments": [] if command else [text_of(one) for one in arguments],
        "command": _words(command),
        "environment": _environment(config),
        "environment_variables": {
            key: str(value) for key, value in config.environment.environment_variables.items()
        },
        **_processes(config),
        "resources": _resources(config),
        "max_seconds": config.max_run_duration_seconds or MAX_SECONDS,
        "watch": watched,
        "outputs": ["outputs"] if config.history.output_collection else [],
    }
    return {key: value for key, value in found.items() if value != DEFAULTS.get(key)}


def text_of(argument: Any) -> str:
    """One argument of a script as text. Raises: UserErrorException for what is no text, number or boolean."""
    if isinstance(argument, str | int | float):
        return str(argument)
    if hasattr(argument, "item") and getattr(argument, "ndim", None) == 0:
        return str(argument.item())  # a number of NumPy
    kind = "a place in a datastore" if isinstance(argument, DataReference) else f"a {type(argument).__name__}"
    raise UserErrorException(
        f"Arguments of a script are text, numbers or booleans, not {kind}. A script reads data by name: "
        "Dataset.get_by_name(run.experiment.workspace, name), or Datastore(workspace, name).download(...)."
    )


def _refuse_unsupported(config: RunConfiguration) -> None:
    """What would otherwise be passed over in silence."""
    if config.data_references or config.data:
        raise UserErrorException(
            "data_references and data are not supported: nothing is mounted on a target. A script reads data by name: "
            "Dataset.get_by_name(run.experiment.workspace, name), or Datastore(workspace, name).download(...)."
        )
    if config.framework not in FRAMEWORKS:
        raise UserErrorException(
            f"The framework {config.framework!r} is not supported; there are {', '.join(FRAMEWORKS)}."
        )


def _words(command: str | Sequence[Any] | None) -> list[str]:
    if not command:
        return []
    if isinstance(command, str):
        plain = not any(letter in command for letter in "|&;<>$`*?(){}\n\\~#")
        return shlex.split(command) if plain else ["sh", "-c", command]
    words = [text_of(one) for one in command]
    if len(words) == 1:
        return _words(words[0])
    return words


def _environment(config: RunConfiguration) -> Mapping[str, Any]:
    """The environment's definition. On this machine, one of which nothing was said is the Python of this program."""
    environment = config.environment
    here = config.target == HERE
    own_python = not described(environment) or environment.python.user_managed_dependencies
    found = environment.definition()
    found.pop("environmentVariables", None)
    if here and own_python and not (found.get("docker") or {}).get("baseImage"):
        path = environment.python.interpreter_path
        interpreter = sys.executable if path in ("", "python") else path
        found["python"] = {"userManagedDependencies": True, "interpreterPath": interpreter}
    if config.docker.arguments or config.docker.shm_size:
        docker = dict(found.get("docker") or {})
        docker |= {"arguments": list(config.docker.arguments)} if config.docker.arguments else {}
        docker |= {"shmSize": config.docker.shm_size} if config.docker.shm_size else {}
        found["docker"] = docker
    return found


def _processes(config: RunConfiguration) -> dict[str, Any]:
    if config.communicator not in COMMUNICATORS:
        known = ", ".join(str(one) for one in COMMUNICATORS if one)
        raise UserErrorException(f"communicator {config.communicator!r} is not known; there are {known}.")
    communicator = COMMUNICATORS[config.communicator]
    nodes, processes = config.node_count, 1
    if communicator == MPI:
        processes = config.mpi.process_count_per_node
        nodes = max(nodes, config.mpi.node_count)
    elif communicator == PYTORCH:
        nodes = max(nodes, config.pytorch.node_count)
        total = config.pytorch.process_count or nodes
        if total % nodes:
            raise UserErrorException(
                f"process_count is {total}, which {nodes} machines (node_count) cannot share evenly."
            )
        processes = total // nodes
    elif communicator == TENSORFLOW:
        if config.tensorflow.parameter_server_count:
            raise UserErrorException(
                "Parameter servers are not supported: give parameter_server_count=0 and let tf.distribute's "
                "MultiWorkerMirroredStrategy keep the workers together."
            )
        nodes = max(nodes, config.tensorflow.worker_count)
    return {"node_count": nodes, "process_count": processes, "communicator": communicator}


def _resources(config: RunConfiguration) -> dict[str, int]:
    wanted = config.resources
    found = {
        "cpus": int(wanted.cpu or 0),
        "memory_mb": round((wanted.memory_in_gb or 0) * MB_IN_GB),
        "gpus": int(wanted.gpu or 0),
    }
    return {key: value for key, value in found.items() if value}
