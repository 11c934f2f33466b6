"""`runyard exec`: a command as a run, with what it printed and where it came from, and nothing changed in it."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from runyard.client.git_state import git_diff, git_of, git_tags
from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.recorder import Recorder
from runyard.entities.common import Tag
from runyard.entities.run import RunStatus
from runyard.errors import RunyardError
from runyard.relay.capture import NOT_EXECUTABLE, NOT_FOUND, Captured, exit_code_of
from runyard.relay.facts import installed_packages, python_of
from runyard.relay.running import HOST, Running, running
from runyard.sdk.source_tags import source_tags

EXIT_CODE_TAG = "runyard.exit_code"
COMMAND_TAG = "runyard.command"
SETTLE_S = 3.0
TAG_LIMIT = 5_000  # characters of a command line
SIGNALLED = 128  # and the number of the signal is what shells answer
DROPPED = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_AUTH")


class CannotStart(Exception):
    """The command cannot be started; `exit_code` is what shells answer."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Execution:
    """One command as a run.

    Args:
        experiment: its name; None: the default one.
        name: of the run.
        tags: further ones.
    """

    def __init__(
        self, command: Sequence[str], experiment: str | None, name: str | None, tags: Mapping[str, str]
    ) -> None:
        self._command = list(command)
        self._experiment = experiment
        self._name = name
        self._tags = tags

    def run(self, recorder: Recorder) -> tuple[int, str]:
        """The command's exit code, as a shell would answer it, and the id of its run. What was logged is not waited for.

        Raises: CannotStart; then the run has failed, and says why. RunyardError, when the run cannot begin.
        """
        with running(recorder) as relay, tempfile.TemporaryDirectory(prefix="runyard-exec-") as folder:
            run_id = self._begun(relay.desk)
            relay.holders.keep(run_id)
            note_of = _Notes(relay.desk, run_id, Path(folder))
            self._note_origin(note_of)
            out, err = note_of.file("stdout.txt"), note_of.file("stderr.txt")
            try:
                captured = Captured(self._command, self._environment(relay, run_id), out, err)
            except OSError as exc:
                code = NOT_FOUND if isinstance(exc, FileNotFoundError) else NOT_EXECUTABLE
                _end(relay.desk, run_id, code, signalled=False)
                raise CannotStart(_why(self._command[0], exc), code) from exc
            returned = captured.wait()
            note_of.add(out, "logs/stdout.txt")
            note_of.add(err, "logs/stderr.txt")
            code = exit_code_of(returned)
            signalled = code - SIGNALLED in signal.valid_signals()
            if code != 0:  # runs that the command began beside it, such as nested ones, and could not end
                for other in relay.holders.under_way():
                    with contextlib.suppress(RunyardError):  # deleted meanwhile
                        status = _status(code, signalled=signalled)
                        relay.desk.logbook.update(other, status, _now_ms(), None)
            _end(relay.desk, run_id, code, signalled=signalled)
            relay.desk.tell_news()
            return code, run_id

    def _begun(self, desk: Desk) -> str:
        tags = {
            **source_tags(),
            "mlflow.source.name": self._source(),
            COMMAND_TAG: shlex.join(self._command)[:TAG_LIMIT],
            **git_tags(git_of(Path.cwd())),
            **self._tags,
        }
        run = desk.logbook.create_run(
            None if self._experiment else "0",
            self._experiment,
            None,
            _now_ms(),
            self._name,
            [Tag(key, value) for key, value in tags.items()],
        )
        desk.settle(SETTLE_S)
        desk.tell_news()
        return run.run_id

    def _source(self) -> str:
        """The script, where there is one."""
        return next((word for word in self._command[1:] if word.endswith(".py")), self._command[0])

    def _note_origin(self, note_of: _Notes) -> None:
        diff = git_diff(Path.cwd())
        if diff is not None:
            note_of.text("code/changes.patch", diff)
        python = python_of(self._command)
        packages = installed_packages(python) if python is not None else None
        if packages is not None:
            note_of.text("code/packages.txt", packages)

    def _environment(self, relay: Running, run_id: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
        told = {**relay.environment, "MLFLOW_RUN_ID": run_id}
        if self._experiment:
            told["MLFLOW_EXPERIMENT_NAME"] = self._experiment
            kept.pop("MLFLOW_EXPERIMENT_ID", None)
        for name in ("NO_PROXY", "no_proxy"):  # the relay is on this machine
            told[name] = ",".join(filter(None, (kept.get(name), HOST)))
        return {**kept, **told}


class _Notes:
    """Files of a run that are written here."""

    def __init__(self, desk: Desk, run_id: str, folder: Path) -> None:
        self._desk = desk
        self._run_id = run_id
        self._folder = folder

    def file(self, name: str) -> Path:
        """Where one is written."""
        return self._folder / name

    def add(self, source: Path, path: str) -> None:
        """Journal one that is written."""
        self._desk.logbook.add_file(f"runs/{self._run_id}", path, source, copy=True, run_id=self._run_id)

    def text(self, path: str, content: str) -> None:
        """Journal a text."""
        source = self.file(path.replace("/", "-"))
        source.write_text(content, encoding="utf-8")
        self.add(source, path)


def _end(desk: Desk, run_id: str, code: int, *, signalled: bool) -> None:
    """The exit code decides, whatever the script said."""
    desk.logbook.set_tag(run_id, Tag(EXIT_CODE_TAG, str(code)))
    desk.logbook.update(run_id, _status(code, signalled=signalled), _now_ms(), None)


def _status(code: int, *, signalled: bool) -> str:
    return (RunStatus.FINISHED if code == 0 else RunStatus.KILLED if signalled else RunStatus.FAILED).name


def _why(program: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"There is no command {program!r}. Is it on PATH?"
    return f"{program} cannot be started: {error.strerror or error}."


def _now_ms() -> int:
    return int(time.time() * 1000)
