"""What Ray's Jobs API is asked for. Pure: it can be shown before anything is submitted."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from runyard.engines.contracts import EngineRefused, Ticket
from runyard.engines.ray.package import DRIVER
from runyard.entities.compute_settings import RaySettings

PREFIX = "runyard-"
JOB_VARIABLE = "RUNYARD_JOB"
STOP_S = 20  # between Ray's SIGTERM and its SIGKILL: the runner needs ten to end the script, and then tells the server
HIDDEN = "(where it reports to, and a code that is good for its token once)"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
_RESOURCE = re.compile(r"[A-Za-z0-9][\w.:/-]{0,200}")


def submission_id(run_id: str) -> str:
    """What Ray calls the job, so that the same one cannot be submitted twice. Raises: EngineRefused."""
    if not _RUN_ID.fullmatch(run_id):
        raise EngineRefused(f"Run id {run_id[:100]!r} cannot be the name of a Ray job.")
    return f"{PREFIX}{run_id}"


def job_request(ticket: Ticket, settings: RaySettings, package_name: str) -> Mapping[str, Any]:
    """The body of POST /api/jobs/. Ray records it, so the token is not in it. Raises: EngineRefused."""
    needs = _needs(ticket)
    job = {
        "server": ticket.server_url,
        "workspace": ticket.workspace,
        "run_id": ticket.run_id,
        "code": ticket.code,
        "folder": settings.folder,
        "tidy": True,
    }
    if ticket.node_count > 1:
        job["nodes"] = {"count": ticket.node_count, "each": _bundle(needs)}
        needs = {}  # the driver waits for the nodes and needs next to nothing itself
    return {
        "entrypoint": f"exec {_program(settings.python)} {DRIVER}",
        "submission_id": submission_id(ticket.run_id),
        "runtime_env": {
            "working_dir": f"gcs://{package_name}",
            "env_vars": {JOB_VARIABLE: json.dumps(job), "RAY_JOB_STOP_WAIT_TIME_S": str(STOP_S)},
        },
        "metadata": {"runyard_run": ticket.run_id, "runyard_name": ticket.name},
        **needs,
    }


def shown(request: Mapping[str, Any]) -> str:
    """The same as text for people, without the code."""
    environment = request["runtime_env"]
    variables = {**environment["env_vars"], JOB_VARIABLE: HIDDEN}
    return json.dumps({**request, "runtime_env": {**environment, "env_vars": variables}}, indent=2)


def _needs(ticket: Ticket) -> dict[str, Any]:
    """One CPU when nobody says: without any, Ray would start all jobs at once on its head node."""
    asked = ticket.resources
    needs: dict[str, Any] = {"entrypoint_num_cpus": asked.cpus or 1}
    if asked.gpus:
        needs["entrypoint_num_gpus"] = asked.gpus
    if asked.memory_mb:
        needs["entrypoint_memory"] = asked.memory_mb * 1024 * 1024
    if ticket.options:
        needs["entrypoint_resources"] = {name: _amount(name, text) for name, text in ticket.options.items()}
    return needs


def _program(python: str) -> str:
    """A home folder is found where the program runs."""
    below = python.removeprefix("~/")
    return f'"$HOME"/{shlex.quote(below)}' if below != python else shlex.quote(python)


def _amount(name: str, text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not _RESOURCE.fullmatch(name) or not 0 < amount < 1e9:
        raise EngineRefused(
            f"Option {name[:100]!r} of the size is {text[:100]!r}: for Ray it is a resource of the cluster and how much"
            " of it a job takes, such as accelerator_type:A100 = 0.001."
        )
    return amount


def _bundle(needs: Mapping[str, Any]) -> Mapping[str, float]:
    """The same for a placement group."""
    names = {"entrypoint_num_cpus": "CPU", "entrypoint_num_gpus": "GPU", "entrypoint_memory": "memory"}
    bundle = {names[name]: amount for name, amount in needs.items() if name in names}
    return {**bundle, **needs.get("entrypoint_resources", {})}
