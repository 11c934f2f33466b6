"""One attempt at a job, from its sources to its end."""

from __future__ import annotations

import os
import shutil

from . import variables
from .definition import Orders
from .environments.building import Builder
from .environments.commands import BuildLog
from .environments.managed import is_user_managed, of_machine
from .environments.prepared import EnvironmentFailed, Prepared
from .exchange import Exchange
from .job_file import JobFile, say
from .outputs import Uploader
from .ranks import Group
from .reporting import AT_END_S, Reporter
from .shipping import Shipper
from .snapshot import SnapshotFailed, begin_anew, fetch
from .state_file import ENDED, StateFile
from .supervision import Cancel, Launch, Outcome, Supervisor

LOG = "user_logs/std_log.txt"
BUILD_LOG = "azureml-logs/20_image_build_log.txt"


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

    def run(self) -> Outcome:
        """All of it. What went wrong is the outcome's error, and nothing is raised but by a defect of ours."""
        self._reporter.start_beats()
        self._shipper.start()
        try:
            outcome = self._until_the_script_ended()
        except Exception as exc:  # the outermost place: the server is to hear of it
            say(f"The runner failed: {exc!r}")
            outcome = Outcome("Failed", "EngineError", f"The runner failed: {exc!r}")
        self._state.change(
            state="Finalizing",
            exit_code=outcome.exit_code,
            signal=outcome.signal,
            code=outcome.code,
            reason=outcome.message,
        )
        return self._finish(outcome)

    def _until_the_script_ended(self) -> Outcome:
        try:
            begin_anew(self._logs)
            begin_anew(self._work)
            fetch(self._exchange, self._job.run_id, self._orders.snapshot_id, self._work, self._still_wanted)
            prepared = self._environment()
        except SnapshotFailed as exc:
            if self._cancel.wanted:
                return self._supervisor().canceled()
            return Outcome("Failed", "SnapshotError", str(exc))
        except EnvironmentFailed as exc:
            if self._cancel.wanted:
                return self._supervisor().canceled()
            return Outcome("Failed", "EnvironmentError", str(exc))
        if self._cancel.wanted:
            return self._supervisor().canceled()
        if self._orders.kind == "build":
            return Outcome("Completed", exit_code=0)
        return self._script(prepared)

    def _environment(self) -> Prepared:
        environment = self._orders.definition.environment
        if is_user_managed(environment):
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
            self._job.place.own("environment", self._rank),
        ).prepare()

    def _still_wanted(self) -> bool:
        return not self._cancel.wanted

    def _script(self, prepared: Prepared) -> Outcome:
        for name in self._orders.definition.watch:
            self._shipper.watch(os.path.join(self._work, name), name)
        launches = self._launches(prepared)
        for launch in launches:
            self._shipper.add(launch.log, _log_name(launch.rank))
        for name in self._orders.definition.outputs:
            os.makedirs(os.path.join(self._work, name), exist_ok=True)
        self._reporter.tell("Running")
        return self._supervisor().run(launches, self._orders.max_seconds)

    def _supervisor(self) -> Supervisor:
        return Supervisor(
            variables.mark(self._job),
            self._cancel,
            lambda sessions: self._state.change(state="Running", sessions=sessions),
        )

    def _launches(self, prepared: Prepared) -> list[Launch]:
        definition = self._orders.definition
        group = Group(definition.communicator, self._rank, definition.node_count, definition.process_count)
        base = self._variables(prepared)
        program = definition.command or [prepared.python, definition.script, *definition.arguments]
        return [
            Launch(
                command=[*prepared.before, *program],
                variables={**base, **({} if group.alone else group.variables(local))},
                folder=self._work,
                log=os.path.join(self._logs, os.path.basename(_log_name(rank))),
                rank=rank,
            )
            for local, rank in enumerate(group.ranks())
        ]

    def _variables(self, prepared: Prepared) -> dict[str, str]:
        definition = self._orders.definition
        return {
            **prepared.within(variables.of_machine(own_python=prepared.own)),
            **{str(k): str(v) for k, v in (definition.environment.get("environmentVariables") or {}).items()},
            **definition.environment_variables,
            **self._of_gpus(),
            **variables.of_job(self._job, self._orders.variables, prepared.packages),
        }

    def _of_gpus(self) -> dict[str, str]:
        if self._job.gpus is None:
            return {}
        return {"CUDA_VISIBLE_DEVICES": ",".join(str(one) for one in self._job.gpus)}

    def _finish(self, outcome: Outcome) -> Outcome:
        """Outputs, then logs, then the end: once the server knows the end it takes nothing more."""
        self._reporter.tell("Finalizing")
        uploader = Uploader(self._exchange, self._job.run_id, AT_END_S)
        if os.path.isdir(self._work):
            uploader.upload(self._work, self._orders.definition.outputs)
        if uploader.failed and outcome.state == "Completed":
            named = "; ".join(uploader.failed[:5])
            outcome = Outcome(
                "Failed", "EngineError", f"Outputs were not uploaded: {named}", outcome.exit_code
            )
        sent = self._shipper.finish(AT_END_S)
        heard = self._reporter.end(outcome.state, outcome.error)
        self._state.change(
            phase=ENDED, state=outcome.state, code=outcome.code, reason=outcome.message, reported=heard
        )
        if self._job.tidy and heard and sent and not uploader.failed:
            shutil.rmtree(self._work, ignore_errors=True)
        return outcome


def _log_name(rank: int) -> str:
    return LOG if rank == 0 else f"{LOG[:-4]}_{rank}.txt"
