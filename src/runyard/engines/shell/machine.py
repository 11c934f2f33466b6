"""A machine on which the runner is started directly: no scheduler stands between."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runyard.engines.bundle import runner_bundle
from runyard.engines.contracts import EngineRefused, EngineState, EngineUnreachable, Phase
from runyard.engines.shell.contracts import Ran, Shell
from runyard.engines.shell.writing import not_written
from runyard.entities.compute import Node

IDS_AT_ONCE = 1_000  # in one command line
STOP_S = 60.0
TAIL_BYTES = 65_536
_NO_FILE = 2  # Python's exit code when the runner is not there
_WRONG = 64
_MISSING = (126, 127)
_OURS = (
    'umask 077; for one; do mkdir -p -- "$one" || exit 1; '
    'test -O "$one" || { echo "it belongs to somebody else (Permission denied)" >&2; exit 1; }; done; '
    'find "$2" -mindepth 1 -maxdepth 1 -type d -mtime +60 -exec rm -rf {} + || true'  # what nobody could forget
)
_OLD_DAYS = 45  # longer than a job may run


class RunnerState(msgspec.Struct):
    """What the runner's `states` prints of a job."""

    phase: str
    reason: str = ""
    code: str = ""
    exit_code: int | None = None
    signal: int | None = None
    gpus: list[int] | None = None
    engine_id: str = ""

    @property
    def state(self) -> EngineState:
        """As the contract has it."""
        return EngineState(Phase(self.phase), self.reason, self.code, self.exit_code, self.signal)


class Machine:
    """Drives the runner's commands on one machine. The runner is laid down when it is not there.

    Jobs are named by their runs' ids; nodes of one other than its first by `Claim.name`.

    Args:
        name: of the machine among those of its target; part of the ids of its jobs.
        folder: absolute, or below the home directory when it begins with `~/`.
        python: the interpreter that the runner is started with.
        shown: what people call it; empty: the same.
    """

    def __init__(self, name: str, shell: Shell, folder: str, python: str, shown: str = "") -> None:
        self.name = name
        self.shown = shown or name
        self.shell = shell
        self._folder = folder
        self._python = python
        self._is_ours = False

    @property
    def describe(self) -> str:
        """For people."""
        return self.shell.describe

    def command(self) -> str:
        """How the runner is called there, for a dry run."""
        return f"{self._python} -I {posixpath.join(self._folder, _bundle_name())}"

    def job_path(self, name: str) -> str:
        """Where the job file lies, as it was configured."""
        return posixpath.join(self._folder, "jobs", name, "job.json")

    async def lay(self, name: str, job: Mapping[str, Any]) -> None:
        """Lay down the job file."""
        if not self._is_ours:
            await self._make_ours()
        folder = await self.folder()
        content = json.dumps({**job, "folder": folder}).encode()
        await self.shell.put(content, posixpath.join(folder, "jobs", name, "job.json"), 0o600)

    async def start(self, name: str) -> None:
        """Begin a job whose file was laid down; again: it is the one that there is."""
        await self._call("start", posixpath.join(await self.folder(), "jobs", name, "job.json"))

    async def states(self, names: Sequence[str]) -> dict[str, RunnerState]:
        """Where jobs are."""
        return await self._states("states", names)

    async def find(self, run_ids: Sequence[str]) -> dict[str, RunnerState]:
        """Where those are that have a folder here, and nodes of theirs, by name."""
        return await self._states("find", run_ids)

    async def stop(self, name: str) -> None:
        """End a job with all its processes."""
        await self._call("stop", await self.folder(), name, timeout_s=STOP_S)

    async def tail(self, name: str) -> str:
        """The end of what the runner said."""
        ran = await self._call("tail", await self.folder(), name)
        return ran.stdout[-TAIL_BYTES:].decode("utf-8", "replace")

    async def forget(self, name: str) -> None:
        """Remove the folder of a job that has ended."""
        ran = await self.shell.run(["rm", "-rf", "--", posixpath.join(await self.folder(), "jobs", name)])
        if ran.exit_code != 0:
            raise EngineUnreachable(f"A job's folder stays on {self.describe}: {ran.complaint}")

    async def nodes(self) -> Sequence[Node]:
        """What it has."""
        found: list[Node] = self._decoded(await self._call("nodes", await self.folder()), list[Node])
        return found

    async def folder(self) -> str:
        """Where work lies, absolute."""
        if self._folder.startswith("~/"):
            return posixpath.join(await self.shell.home(), self._folder[2:])
        return self._folder

    async def aclose(self) -> None:
        """Hang up."""
        await self.shell.aclose()

    async def _states(self, command: str, names: Sequence[str]) -> dict[str, RunnerState]:
        found: dict[str, RunnerState] = {}
        for start in range(0, len(names), IDS_AT_ONCE):
            ran = await self._call(command, await self.folder(), *names[start : start + IDS_AT_ONCE])
            found |= self._decoded(ran, dict[str, RunnerState])
        return found

    async def _call(self, *arguments: str, timeout_s: float = 60.0) -> Ran:
        if not self._is_ours:
            await self._make_ours()
        bundle = posixpath.join(await self.folder(), _bundle_name())
        python = self._python
        if python.startswith("~/"):
            python = posixpath.join(await self.shell.home(), python[2:])
        argv = [python, "-I", bundle, *arguments]
        ran = await self.shell.run(argv, timeout_s=timeout_s)
        if ran.exit_code == _NO_FILE and b"can't open file" in ran.stderr:
            await self._lay(bundle)
            ran = await self.shell.run(argv, timeout_s=timeout_s)
        if ran.exit_code != 0:
            raise self._complaint(ran)
        return ran

    async def _make_ours(self) -> None:
        """Nobody else may have laid down what is started here."""
        folder = await self.folder()
        ran = await self.shell.run(["sh", "-c", _OURS, "sh", folder, posixpath.join(folder, "jobs")])
        if ran.exit_code != 0:
            raise not_written(self.shell, folder, ran)
        self._is_ours = True

    async def _lay(self, path: str) -> None:
        await self.shell.put(runner_bundle()[0], path, 0o755)
        old = ["find", posixpath.dirname(path), "-maxdepth", "1", "-name", "runner-*.pyz"]
        await self.shell.run([*old, "-mtime", f"+{_OLD_DAYS}", "-exec", "rm", "-f", "{}", "+"])

    def _complaint(self, ran: Ran) -> Exception:
        if ran.exit_code in _MISSING:
            return EngineRefused(
                f"{self._python} cannot be started on {self.describe} ({ran.complaint}). Set settings.python of the compute "
                "target to a Python 3.8 or later there."
            )
        if ran.exit_code == _WRONG or b"SyntaxError" in ran.stderr:
            return EngineRefused(f"The runner refuses on {self.describe}: {ran.complaint}")
        return EngineUnreachable(f"The runner fails on {self.describe}: {ran.complaint}")

    def _decoded(self, ran: Ran, kind: Any) -> Any:
        try:
            return msgspec.json.decode(ran.stdout, type=kind)
        except msgspec.MsgspecError as exc:
            raise EngineUnreachable(
                f"{self.describe} does not answer as the runner does: {ran.stdout[:200]!r}"
            ) from exc


def _bundle_name() -> str:
    return f"runner-{runner_bundle()[1][:16]}.pyz"
