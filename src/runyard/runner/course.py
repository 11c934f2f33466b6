"""One attempt at a job, from its sources to its end."""

from __future__ import annotations

import os
import shutil
import time

from . import variables
from .cancel import Cancel
from .companions import CompanionLost, Companions
from .definition import Orders
from .environments.building import Builder
from .environments.commands import BuildLog
from .environments.managed import is_user_managed, of_machine
from .environments.prepared import EnvironmentFailed, Prepared
from .exchange import Exchange
from .job_file import JobFile, say
from .journals import Journals
from .launching import containers, journal_folder, launches, log_name
from .mpi import Starter, find_starter, put_down, say_why
from .outputs import Uploader
from .ranks import Group
from .reporting import AT_END_S, Reporter
from .shipping import Shipper
from .snapshot import SnapshotFailed, begin_anew, fetch
from .state_file import ENDED, StateFile
from .supervision import Launch, Outcome, Supervisor

BUILD_LOG = "azureml-logs/20_image_build_log.txt"
LOG_FOLDERS = ("logs", "azureml-logs", "user_logs", "system_logs")
HURRY_S = 5.0
CANCELED_S = 60.0


class Course:
    """What is done for a job; `run` does it."""

    def __init__(
        self, job: JobFile, orders: Orders, reporter: Reporter, state: StateFile, cancel: Cancel, rank: int
    ) -> None:
        self._job = job
        self._orders = orders
        self._reporter = reporter
        self._state = state
        self._cancel = cancel
        self._rank = rank
        self._exchange = Exchange(job.server, job.workspace, job.token, job.ca_file)
        self._shipper = Shipper(self._exchange, job.run_id, orders.interval_s)
        self._logs = job.place.own("logs", rank)
        self._work = job.place.own("work", rank)
        self._private = job.place.own("environment", rank)
        definition = orders.definition
        self._group = Group(definition.communicator, rank, definition.node_count, definition.process_count)
        self._companions = Companions(self._exchange, job.run_id, self._group, job.start, self._still_wanted)
        self._until: float | None = None
        cancel.when_hurried(self._exchange.stop_waiting)
        cancel.when_hurried(self._shipper.give_up)

    def run(self) -> Outcome:
        """All of it. What went wrong is the outcome's error, and nothing is raised but by a defect of ours."""
        self._reporter.start_beats()
        self._shipper.start()
        self._companions.follow()
        try:
            outcome = self._until_the_script_ended()
        except Exception as exc:  # the outermost place: the server is to hear of it
            outcome = _defect(exc)
        return self._finish(outcome)

    def _until_the_script_ended(self) -> Outcome:
        try:
            begin_anew(self._logs)
            begin_anew(self._work)
            fetch(self._exchange, self._job.run_id, self._orders.snapshot_id, self._work, self._still_wanted)
            prepared = self._environment()
            if self._orders.kind == "build" or not self._still_wanted():
                return Outcome("Completed", exit_code=0) if self._still_wanted() else self._canceled()
            return self._script(prepared)
        except (SnapshotFailed, EnvironmentFailed, CompanionLost) as exc:
            if self._cancel.wanted:
                return self._canceled()
            if isinstance(exc, CompanionLost):
                return exc.outcome
            code = "SnapshotError" if isinstance(exc, SnapshotFailed) else "EnvironmentError"
            return Outcome("Failed", code, str(exc))

    def _environment(self) -> Prepared:
        environment = self._orders.definition.environment
        if is_user_managed(environment) and not (environment.get("docker") or {}).get("enabled"):
            return of_machine(environment, self._job.python)
        log = BuildLog(os.path.join(self._logs, os.path.basename(BUILD_LOG)), self._still_wanted)
        if self._rank == 0:
            self._shipper.add(log.path, BUILD_LOG)
        return Builder(
            self._job,
            environment,
            self._orders.environment_hash,
            self._orders.snapshot_id,
            self._exchange,
            log,
            self._work,
            self._private,
        ).prepare()

    def _still_wanted(self) -> bool:
        return not self._cancel.wanted

    def _script(self, prepared: Prepared) -> Outcome:
        definition = self._orders.definition
        own = self._launches(prepared, self._group)
        starter = find_starter(self._group, own[0])
        if not self._group.alone:
            own = self._launches(prepared, self._companions.meet(starter.is_there))
        started = self._world(own, starter)
        for name in definition.watch:
            if name.split("/")[0] in LOG_FOLDERS:
                self._shipper.watch(os.path.join(self._work, name), name)
        for launch in started:
            self._shipper.add(launch.log, log_name(launch.rank))
        for name in definition.outputs:
            os.makedirs(os.path.join(self._work, name), exist_ok=True)
        self._reporter.tell("Running")
        return self._supervised(started, own[0], prepared)

    def _launches(self, prepared: Prepared, group: Group) -> list[Launch]:
        return launches(self._job, self._orders, prepared, group, self._work, self._logs)

    def _world(self, own: list[Launch], starter: Starter) -> list[Launch]:
        """What is started here: this machine's processes, or those of all, or none, as the first machine starts them."""
        if starter.why and self._rank == 0:
            say_why(own[0], starter)
        if not self._companions.together:
            return starter.on_one(own) if starter.is_there and self._group.nodes == 1 else own
        put_down(own[0], self._job.place)
        self._companions.take()
        return [] if self._rank else starter.on_all(own[0], self._job.place)

    def _is_over(self) -> bool:
        """Whether the first machine will start no processes here."""
        return self._companions.done or not (self._companions.together and self._rank)

    def _supervised(self, started: list[Launch], first: Launch, prepared: Prepared) -> Outcome:
        journals = Journals(journal_folder(self._job.place, self._rank))
        supervisor = Supervisor(
            variables.mark(self._job),
            self._cancel,
            lambda sessions: self._state.change(
                state="Running", sessions=sessions, containers=containers(prepared, started)
            ),
            lambda: self._companions.trouble,
        )
        outcome = supervisor.run(started, self._orders.max_seconds, self._is_over) or self._canceled()
        self._note(outcome)
        if self._companions.together and not self._rank and outcome.state == "Completed":
            self._companions.release()
        self._end_containers(prepared, started)
        grace_s = HURRY_S if self._cancel.in_a_hurry else supervisor.GRACE_S
        supervisor.end_all(grace_s, journals.senders)
        if not self._cancel.wanted:
            self._reporter.tell("Finalizing")
        if not self._cancel.in_a_hurry:
            journals.wait(prepared.python, first.variables, self._patience)
        supervisor.end_all(grace_s)
        return outcome

    def _end_containers(self, prepared: Prepared, started: list[Launch]) -> None:
        """Their processes are nobody's children here; those that ended have gone by themselves."""
        if prepared.container is not None:
            for launch in started:
                prepared.container.remove(launch.rank)

    def _canceled(self) -> Outcome:
        """The server wants the end, or the machine did: then the server says whether it knows of it."""
        if self._cancel.in_a_hurry and not self._reporter.wants_cancel():
            return Outcome("Failed", "EngineError", self._cancel.why)
        return Outcome("Canceled", "Canceled" if self._cancel.why else "", self._cancel.why)

    def _note(self, outcome: Outcome) -> None:
        """How the script ended is written down before anything else can go wrong."""
        self._state.change(
            state="Finalizing",
            exit_code=outcome.exit_code,
            signal=outcome.signal,
            code=outcome.code,
            reason=outcome.message,
        )

    def _patience(self) -> float:
        """Seconds that a server which is away is still waited for."""
        if self._cancel.in_a_hurry or self._cancel.forgotten:
            return HURRY_S
        if self._cancel.wanted:
            return CANCELED_S
        self._until = self._until or time.monotonic() + AT_END_S
        return max(0.0, self._until - time.monotonic())

    def _finish(self, outcome: Outcome) -> Outcome:
        """Outputs, then logs, then the end: once the server knows the end it takes nothing more."""
        self._note(outcome)
        self._reporter.tell("Finalizing")
        try:
            outcome, is_whole = self._deliver(outcome)
        except Exception as exc:  # what the script ended with says more than what went wrong here
            failed, is_whole = _defect(exc), False
            outcome = failed if outcome.state == "Completed" else outcome
        heard = self._reporter.end(outcome.state, outcome.error, self._patience())
        self._state.change(
            phase=ENDED, state=outcome.state, code=outcome.code, reason=outcome.message, reported=heard
        )
        if self._job.tidy and heard and is_whole:
            for folder in (self._work, self._logs, self._private):
                shutil.rmtree(folder, ignore_errors=True)
        return outcome

    def _deliver(self, outcome: Outcome) -> tuple[Outcome, bool]:
        """Outputs and logs, and the end of the other machines; the outcome, and whether the server has everything."""
        uploader = Uploader(self._exchange, self._job.run_id, self._patience())
        if os.path.isdir(self._work) and not self._cancel.in_a_hurry:
            uploader.upload(self._work, self._uploaded())
        if uploader.failed and outcome.state == "Completed":
            named = "; ".join(uploader.failed[:5])
            outcome = Outcome(
                "Failed", "EngineError", f"Outputs were not uploaded: {named}", outcome.exit_code
            )
        outcome = self._with_others(outcome)
        sent = self._shipper.finish(self._patience())
        if not self._cancel.in_a_hurry:
            uploader.upload_files(list(self._shipper.left_out()))
        return outcome, sent and not uploader.failed

    def _uploaded(self) -> list[str]:
        """Folders that are uploaded at the end: those that cannot be logs too."""
        watched = [one for one in self._orders.definition.watch if one.split("/")[0] not in LOG_FOLDERS]
        return [*self._orders.definition.outputs, *watched]

    def _with_others(self, outcome: Outcome) -> Outcome:
        """The first machine waits for the others, which cannot tell anything once it has told the end."""
        if self._group.nodes == 1:
            return outcome
        if self._rank:
            self._companions.leave(outcome)
            if outcome.state == "Failed" and outcome == self._companions.trouble:
                self._reporter.fail(outcome.error, self._patience())  # the first machine is gone
            return outcome
        if outcome.state == "Completed":
            outcome = self._when_others_ended(outcome)
        if outcome.state != "Completed" and not self._cancel.in_a_hurry:
            self._companions.dismiss()
        return outcome

    def _when_others_ended(self, outcome: Outcome) -> Outcome:
        while not self._companions.done and self._still_wanted():
            if self._companions.trouble is not None:
                return self._companions.trouble
            time.sleep(0.2)
        return outcome if self._still_wanted() else self._canceled()


def _defect(exc: Exception) -> Outcome:
    say(f"The runner failed: {exc!r}")
    return Outcome("Failed", "EngineError", f"The runner failed: {exc!r}")
