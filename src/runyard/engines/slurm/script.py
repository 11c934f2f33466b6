"""The script that sbatch is given. Pure: it can be shown before anything is submitted, and holds no secret."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from runyard.engines.contracts import EngineRefused, Ticket
from runyard.entities.compute_settings import SlurmSettings
from runyard.entities.job import MAX_SECONDS

JOB_FILE, OUTPUT, ENDED = "job.json", "slurm.out", "ended"
LAST_LINE = "# end"
GRACE_S = 300  # that Slurm gives beyond what the runner keeps to
KEPT_VARIABLES = (
    *("HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "LC_ALL"),
    *("MODULEPATH", "MODULESHOME", "LMOD_CMD", "BASH_ENV"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE", "UV_INDEX_URL", "UV_DEFAULT_INDEX"),
)
"""Of whoever submits: Slurm hands the whole environment to jobs unless it is told which part, and the server's is nobody's
business."""

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
_WORD = re.compile(r"[^\s'\"\\$`#]+")
_OPTION = re.compile(r"[a-z][a-z-]*")
_LINE = re.compile(r"-[^\x00-\x1f\x7f]*")


def check_settings(found: SlurmSettings) -> None:
    """Nothing in them becomes another line of a script. Raises: EngineRefused, naming what is wrong."""
    for name in ("partition", "account", "qos"):
        _word(name, getattr(found, name))
    for module in found.modules:
        _word("modules", module)
    for line in found.sbatch:
        if not _LINE.fullmatch(line):
            raise EngineRefused(
                f"Setting 'sbatch' has {line[:100]!r}: each entry is one option as sbatch takes it, such as '--exclusive'."
            )


def job_name(run_id: str) -> str:
    """By which a job is found again. Raises: EngineRefused for an id that cannot be a name."""
    if not _RUN_ID.fullmatch(run_id):
        raise EngineRefused(f"Run id {run_id[:100]!r} cannot be the name of a Slurm job.")
    return f"runyard-{run_id}"


def sbatch_script(ticket: Ticket, settings: SlurmSettings, runner: str) -> str:
    """The whole script; it runs in the job's folder.

    Args:
        runner: its file, seen from there.
    Raises: EngineRefused.
    """
    head = [f"#SBATCH {line}" for line in _options(ticket, settings)]
    shell = "#!/bin/bash -l" if settings.modules else "#!/bin/sh"
    modules = [f"module load {shlex.join(settings.modules)} || exit 1"] if settings.modules else []
    return "\n".join([shell, *head, *modules, *_body(ticket, settings, runner), ""])


def _options(ticket: Ticket, settings: SlurmSettings) -> Iterator[str]:
    yield f"--job-name={job_name(ticket.run_id)}"
    yield f"--output={OUTPUT}"
    yield "--open-mode=append"
    yield "--no-requeue"
    yield f"--export={','.join(KEPT_VARIABLES)}"
    yield f"--nodes={ticket.node_count}"
    yield "--ntasks-per-node=1"
    for name, value in {**_wanted(ticket, settings), **_declared(ticket.options)}.items():
        yield f"--{name}={value}" if value else f"--{name}"
    yield from settings.sbatch


def _wanted(ticket: Ticket, settings: SlurmSettings) -> Mapping[str, str]:
    """What the job and the target ask for; 0 and empty: what the cluster gives."""
    needs = ticket.resources
    found = {
        "time": str(_minutes(ticket.max_seconds)) if 0 < ticket.max_seconds < MAX_SECONDS else "",
        "cpus-per-task": str(needs.cpus or ""),
        "mem": f"{needs.memory_mb}M" if needs.memory_mb else "",
        "gres": f"gpu:{needs.gpus}" if needs.gpus else "",
        "partition": settings.partition,
        "account": settings.account,
        "qos": settings.qos,
    }
    return {name: value for name, value in found.items() if value}


def _declared(options: Mapping[str, str]) -> Mapping[str, str]:
    """Those of the pool's size. Raises: EngineRefused."""
    for name, value in options.items():
        if not _OPTION.fullmatch(name):
            raise EngineRefused(
                f"Option {name[:100]!r} of the size is none of sbatch's: write it like 'partition'."
            )
        _word(f"option {name}", value)
    return options


def _body(ticket: Ticket, settings: SlurmSettings, runner: str) -> list[str]:
    cpus = f"--cpus-per-task={ticket.resources.cpus} " if ticket.resources.cpus else ""
    start = f"{_program(settings.python)} -I {shlex.join([runner, 'work', JOB_FILE])}"
    nodes = f"--nodes={ticket.node_count} --ntasks={ticket.node_count} --ntasks-per-node=1"
    return [
        f"srun --mpi=none --export=ALL --kill-on-bad-exit=0 {nodes} {cpus}{start}",
        "code=$?",
        f'echo "$code" > {ENDED}.new && mv {ENDED}.new {ENDED}',
        'exit "$code"',
        LAST_LINE,
    ]


def _program(python: str) -> str:
    """A home folder is found where the program runs."""
    below = python.removeprefix("~/")
    return f'"$HOME"/{shlex.quote(below)}' if below != python else shlex.quote(python)


def _minutes(seconds: int) -> int:
    return -(-(seconds + GRACE_S) // 60)


def _word(name: str, value: str) -> None:
    if value and not _WORD.fullmatch(value):
        raise EngineRefused(f"Setting {name!r} is {value[:100]!r}: it must be one word, without quotes.")
