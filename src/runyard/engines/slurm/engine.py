"""Jobs on a Slurm cluster, through a shell on its login node."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from runyard.engines.bundle import runner_bundle
from runyard.engines.contracts import (
    EngineBusy,
    EngineRefused,
    EngineRequest,
    EngineState,
    EngineUnreachable,
    Phase,
    Ticket,
)
from runyard.engines.shell.contracts import Reach, Shell
from runyard.engines.shell.opening import open_shell
from runyard.engines.shell.writing import not_written
from runyard.engines.slurm import commands
from runyard.engines.slurm.login_nodes import LoginNodes
from runyard.engines.slurm.parsing import parse_ended, parse_nodes, parse_sacct, parse_squeue
from runyard.engines.slurm.script import check_settings, job_name, sbatch_script
from runyard.entities.compute import Node
from runyard.entities.compute_settings import SlurmSettings

ANSWER_S = 120.0
AT_ONCE = 5_000  # numbers of jobs that go into one command
_NO_SCRIPT = (2, 127)
_OLD = (
    *("-maxdepth", "1", "(", "-name", "runner-*.pyz", "-o", "-name", "slurm-*.sh", ")"),
    *("-mtime", "+45", "-delete"),  # of earlier versions; no job waits and runs longer
)
Judge = Callable[[str], Exception]
_UNKNOWN = EngineState(Phase.UNKNOWN, "Slurm does not know it any more")
_AWAY = (
    *("unable to contact slurm controller", "connection refused", "connection timed out", "socket timed out"),
    *("unable to connect", "communication", "zero bytes were transmitted", "unexpected message received"),
    *("connection reset", "broken pipe", "not connected", "send failure", "receive failure"),
    *("temporarily unable", "temporarily unavailable", "try again", "interrupted system call"),
    *("backup controller", "primary controller", "protocol authentication", "munged"),
    *("could not establish a configuration source", "unable to resolve"),
    *("no route to host", "network is unreachable"),
)
_FULL = ("submit limit", "maximum", "jobs limit", "too many")


class SlurmEngine:
    """Ids are `job/run`: Slurm's own number, and the run whose folder it works in.

    Args:
        shell: on the login node, or on this machine; connected on first use.
    """

    def __init__(self, shell: Shell, settings: SlurmSettings) -> None:
        self._shell = shell
        self._settings = settings
        self._preparing = asyncio.Lock()
        self._folder = ""

    def request(self, ticket: Ticket) -> EngineRequest:
        """The script that sbatch is given."""
        return EngineRequest(sbatch_script(ticket, self._settings, f"../../{_runner_name()}"))

    async def submit(self, ticket: Ticket) -> str:
        """See Engine. What began and whose end was not seen is looked for before it is submitted again."""
        script = self.request(ticket).text
        folder = await self._prepared()
        document = {
            "server": ticket.server_url,
            "workspace": ticket.workspace,
            "run_id": ticket.run_id,
            "token": ticket.token,
            "folder": folder,
        }
        stdin = f"{json.dumps(document)}\n{script}".encode()
        words = (ticket.run_id, job_name(ticket.run_id), _runner_name())
        try:
            job = (await self._ask("submit", *words, stdin=stdin, judge=_refusal)).strip()
        except EngineRefused:
            with contextlib.suppress(EngineUnreachable):
                await self._ask("forget", ticket.run_id)  # its file has the token
            raise
        if not job.isdigit():
            raise EngineUnreachable(f"sbatch answered {job[:200]!r}, which is no number of a job.")
        return f"{job}/{ticket.run_id}"

    async def find(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        """See Engine."""
        names = {job_name(run_id): run_id for run_id in run_ids}
        text = await self._ask("find", stdin=_lines(run_ids))
        found: dict[str, str] = {}
        for name, job in (line.split() for line in text.splitlines() if len(line.split()) == 2):
            if name in names:
                found.setdefault(names[name], f"{job}/{names[name]}")
        return found

    async def states(self, engine_ids: Sequence[str]) -> Mapping[str, EngineState]:
        """See Engine. Those that Slurm has forgotten are looked for in accounting, and in what they left."""
        if not engine_ids:
            return {}
        jobs = {_job(one): one for one in engine_ids}
        numbers = list(jobs)
        found: dict[str, EngineState] = {}
        for start in range(0, len(numbers), AT_ONCE):
            found |= await self._states({one: jobs[one] for one in numbers[start : start + AT_ONCE]})
        return {one: found.get(job, _UNKNOWN) for job, one in jobs.items()}

    async def _states(self, jobs: Mapping[str, str]) -> Mapping[str, EngineState]:
        """By Slurm's numbers."""
        names = {job: job_name(_run(one)) for job, one in jobs.items()}
        states = dict(parse_squeue(await self._ask("states", ",".join(jobs)), names))
        gone = {job: one for job, one in jobs.items() if job not in states}
        if gone:
            stdin = _lines(f"{job} {_run(one)}" for job, one in gone.items())
            text = await self._ask("forgotten", ",".join(gone), stdin=stdin)
            accounts, _, ended = text.partition(commands.BETWEEN)
            states = {**parse_ended(ended), **parse_sacct(accounts, names), **states}
        return states

    async def cancel(self, engine_id: str) -> None:
        """See Engine."""
        await self._ask("cancel", _job(engine_id), job_name(_run(engine_id)))

    async def tail(self, engine_id: str) -> str:
        """What the job wrote to its standard output and error, the runner's own among it."""
        return await self._ask("tail_of", _run(engine_id))

    async def nodes(self) -> Sequence[Node]:
        """Those of the partition; of all of them when the target names none."""
        text = await self._ask("nodes", self._settings.partition)
        nodes, _, running = text.partition(commands.BETWEEN)
        return parse_nodes(nodes, running)

    async def forget(self, engine_id: str) -> None:
        """Remove the job's folder."""
        await self._ask("forget", _run(engine_id))

    async def aclose(self) -> None:
        """Close the shell."""
        await self._shell.aclose()

    async def _prepared(self) -> str:
        """The folder, with what runs in it; once."""
        async with self._preparing:
            if not self._folder:
                files = {_runner_name(): runner_bundle()[0], commands.SCRIPT_NAME: commands.SCRIPT}
                argv = ["sh", "-c", commands.PREPARE, "sh", _below_home(self._settings.folder), *files]
                ran = await self._shell.run(argv)
                if ran.exit_code != 0:
                    raise not_written(self._shell, self._settings.folder, ran)
                folder, *there = ran.stdout.decode("utf-8", "replace").splitlines()
                for name in files.keys() - set(there):
                    await self._shell.put(files[name], f"{folder}/{name}", 0o700)
                    await self._shell.run(["find", folder, *_OLD])
                self._folder = folder
            return self._folder

    async def _ask(self, do: str, *words: str, stdin: bytes = b"", judge: Judge | None = None) -> str:
        """What a function of the script prints. Raises: EngineUnreachable, or what `judge` makes of its words."""
        folder = await self._prepared()
        script = f"{folder}/{commands.SCRIPT_NAME}"
        argv = ["sh", script, do, folder, self._settings.slurm_conf, *words]
        ran = await self._shell.run(argv, stdin, ANSWER_S)
        if ran.exit_code == 0:
            return ran.stdout.decode("utf-8", "replace")
        said = ran.stderr.decode("utf-8", "replace").strip()[-1000:] or f"exit code {ran.exit_code}"
        if ran.exit_code == commands.REMOVED or (
            ran.exit_code in _NO_SCRIPT and commands.SCRIPT_NAME in said
        ):
            self._folder = ""
            raise EngineUnreachable("The runner was removed from the folder; it is put there again.")
        if ran.exit_code == commands.CAME_SHORT:
            judge = _unreachable
        raise (judge or _unreachable)(said)


def open_slurm(settings: SlurmSettings, credentials: Mapping[str, Any], reach: Reach) -> SlurmEngine:
    """Nothing is sent yet. Without hosts, Slurm's commands are those of the server's machine. Raises: EngineRefused."""
    check_settings(settings)
    hosts = settings.hosts or (None,)
    shells = [open_shell(host, settings.username, credentials, reach) for host in hosts]
    return SlurmEngine(LoginNodes(shells), settings)


def _unreachable(said: str) -> Exception:
    return EngineUnreachable(f"Slurm does not answer: {said}")


def _refusal(said: str) -> Exception:
    """Of sbatch: the cluster may be away, or full for this account, or the request is one that cannot be."""
    plain = said.casefold()
    if any(word in plain for word in _AWAY):
        return EngineUnreachable(f"Slurm does not answer: {said}")
    if any(word in plain for word in _FULL):
        return EngineBusy(f"Slurm takes no more jobs of this account just now: {said}")
    return EngineRefused(f"Slurm refused the job: {said}")


def _runner_name() -> str:
    return f"runner-{runner_bundle()[1][:16]}.pyz"


def _below_home(folder: str) -> str:
    return folder.removeprefix("~").lstrip("/") or "." if folder.startswith("~") else folder


def _lines(texts: Iterable[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()


def _job(engine_id: str) -> str:
    job = engine_id.partition("/")[0]
    if not job.isdigit():
        raise EngineRefused(f"{engine_id[:100]!r} is no id of a Slurm job.")
    return job


def _run(engine_id: str) -> str:
    run_id = engine_id.partition("/")[2]
    job_name(run_id)
    return run_id
