"""Sweeps, on both databases: their rows, and what the sweeper makes of them."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any, cast

import pytest
from msgspec.structs import replace

from runyard.entities.common import Param, Stage
from runyard.entities.job import Job, JobError, JobState
from runyard.entities.principal import LOCAL, Principal
from runyard.entities.run import MetricPoint
from runyard.entities.sweep import (
    BEST_TAG,
    METRIC_TAG,
    NOTE_TAG,
    Dimension,
    Policy,
    Stop,
    Sweep,
    SweepConfig,
    Trial,
)
from runyard.errors import AlreadyExists
from runyard.jobs.sweep_sampling import propose
from runyard.jobs.sweeper import ORPHAN_MS, Sweeper
from runyard.services.jobs_ending import JobEnder
from runyard.services.jobs_keys import JobKeys
from runyard.services.jobs_submitting import JobSubmitter
from runyard.services.vault import Vault
from runyard.store.sql.sweeps import SqlSweeps
from tests.contract.store.job_stage import JobStage
from tests.contract.store.stores import Stores

SPACE = {"lr": Dimension("choice", options=[0.1, 0.2, 0.3], flag="--lr")}
CONFIG = SweepConfig(SPACE, "grid", "m", "minimize", 10, 2, 3_600, seed=1)


class Quiet:
    """Logs that need not be sealed, targets with a limit, and a handover to nobody."""

    most = 0

    async def seal(self, workspace_id: int, run_id: str) -> None:
        """Nothing."""

    def wake(self) -> None:
        """Nothing."""

    async def max_queued(self, compute_id: int) -> int:
        """0: any number."""
        return self.most

    async def preview(self, compute: object, ticket: object) -> str:
        """Nothing."""
        return ""

    async def tail(self, job: Job) -> str:
        """Nothing."""
        return ""


class Said:
    """What was written to the logs of sweeps."""

    def __init__(self) -> None:
        self.text = ""

    async def add(self, workspace_id: int, run_id: str, name: str, text: str) -> None:
        """Kept."""
        assert name == "azureml-logs/hyperdrive.txt" and text.endswith("\n")
        self.text += text


class SweepStage(JobStage):
    """A sweeper on the stores of jobs; its clocks go on by hand."""

    def __init__(self, stores: Stores) -> None:
        super().__init__(stores)
        self.sweeps = SqlSweeps(stores.database)
        self.submitter_gone = False
        self.targets = Quiet()
        self.said = Said()
        self.passed_s = 0.0
        self.sweeper = self.another_sweeper()

    def another_sweeper(self) -> Sweeper:
        """As after a restart."""
        nothing = cast(Any, None)
        keys = JobKeys(Vault(b"k" * 32), self.jobs)
        submitter = JobSubmitter(
            self.jobs,
            keys,
            nothing,
            nothing,
            cast(Any, self.targets),
            nothing,
            nothing,
            self.targets,
            self._principal,
        )
        ender = JobEnder(self.queue, Quiet(), lambda: None)
        return Sweeper(
            self.sweeps,
            self.jobs,
            submitter,
            ender,
            self.stores.metrics,
            self.stores.runs,
            self.said,
            propose,
            lambda: self.passed_s,
            lambda: time.time() + self.passed_s,
        )

    async def _principal(self, found: str) -> Principal | None:
        return None if self.submitter_gone or found != LOCAL.uuid else LOCAL

    def start(self, config: SweepConfig = CONFIG, **job: Any) -> tuple[Sweep, Job]:
        """A sweep and its parent job."""
        run_id = f"HD_{uuid.uuid4().hex}"
        sweep = self.do(self.sweeps.create(self.stores.workspace, run_id, config))
        parent = self.sweep(run_id=run_id, **job)
        self.do(self.sweeps.attach(sweep.row))
        return sweep, parent

    def look(self, seconds: float = 10.0) -> None:
        """Let some time pass, and look."""
        self.passed_s += seconds
        self.do(self.sweeper.step())

    def trials(self, sweep: Sweep) -> list[Trial]:
        return list(self.do(self.sweeps.trials(sweep)))

    def states(self, sweep: Sweep) -> list[str]:
        return [one.state.text if one.state is not None else "" for one in self.trials(sweep)]

    def trial_job(self, one: Trial) -> Job:
        found = self.do(self.jobs.find(self.stores.workspace, one.run_id))
        assert found is not None
        return found

    def run_trial(self, one: Trial, *values: float, state: JobState | None = JobState.COMPLETED) -> None:
        """Log values, and end unless state is None."""
        points = [MetricPoint("m", value, step, step) for step, value in enumerate(values, 1)]
        if points:
            self.stores.log(one.run_id, *points)
        job = self.trial_job(one)
        if job.state is JobState.NOT_STARTED:
            self.do(self.queue.claim(job.row, "me", 60_000))
        if state is not None:
            error = JobError("UserError", "no") if state is JobState.FAILED else None
            self.do(self.queue.end(job.row, state, error))

    def is_active(self, sweep: Sweep) -> bool:
        return sweep.row in {one.row for one in self.do(self.sweeps.active())}


@pytest.fixture
def stage(stores: Stores) -> SweepStage:
    stores.do(stores.database.write(lambda tx: tx.execute("UPDATE sweeps SET done = 1")))
    return SweepStage(stores)


def test_a_sweep_comes_back_as_it_was(stage: SweepStage) -> None:
    config = replace(CONFIG, policy=Policy("bandit", 2, 3, slack_factor=0.1), space={"x": Dimension("uniform", min=0, max=1.5)})  # fmt: skip
    made = stage.do(stage.sweeps.create(stage.stores.workspace, "a", config))
    assert stage.do(stage.sweeps.find(stage.stores.workspace, "a")) == made
    assert made.config == config
    assert stage.do(stage.sweeps.create(stage.stores.workspace, "a", config)) == made
    with pytest.raises(AlreadyExists):
        stage.do(stage.sweeps.create(stage.stores.workspace, "a", CONFIG))
    stage.stores.enter_new_workspace()
    assert stage.do(stage.sweeps.find(stage.stores.workspace, "a")) is None


def test_the_first_of_two_proposals_stays(stage: SweepStage) -> None:
    sweep, _ = stage.start()
    first = stage.do(stage.sweeps.add_trial(sweep.row, 0, "a", {"lr": [1, None, "ü"]}))
    assert stage.do(stage.sweeps.add_trial(sweep.row, 0, "b", {"lr": 2})) == first
    assert first.parameters == {"lr": [1, None, "ü"]} and first.is_to_be_made
    stage.do(stage.sweeps.stop_trials(sweep.row, [0], Stop.POLICY))
    stage.do(stage.sweeps.stop_trials(sweep.row, [0], Stop.TIME))
    assert [one.stop for one in stage.trials(sweep)] == [Stop.POLICY]


def test_what_was_never_made_is_discarded_and_nothing_else(stage: SweepStage) -> None:
    sweep, _ = stage.start()
    other = stage.do(stage.sweeps.create(stage.stores.workspace, "never", CONFIG))
    for one in (sweep, other):
        stage.do(stage.sweeps.discard(one.row))
    assert stage.is_active(sweep) and not stage.is_active(other)


def test_a_sweep_goes_from_its_first_trial_to_its_last(stage: SweepStage) -> None:
    sweep, parent = stage.start()
    stage.look()
    assert stage.states(sweep) == ["NotStarted", "NotStarted"]
    first, second = stage.trials(sweep)
    job = stage.trial_job(first)
    assert (job.parent_run_id, job.kind, job.target) == (parent.run_id, "script", "cluster")
    assert job.run_id == f"{parent.run_id}_0"
    assert list(job.definition.arguments) == ["--x", "1", "--lr", "0.1"]
    tags = stage.stores.data(first.run_id, "tags")
    assert json.loads(tags["hyperparameters"]) == {"lr": 0.1}
    assert tags["mlflow.parentRunId"] == parent.run_id
    stage.run_trial(first, 0.9, 0.5, 0.7)
    stage.look()
    assert stage.states(sweep) == ["Completed", "NotStarted", "NotStarted"]
    assert stage.stores.data(first.run_id, "params") == {"lr": "0.1"}
    tags = stage.stores.data(parent.run_id, "tags")
    assert (tags[BEST_TAG], tags[METRIC_TAG]) == (first.run_id, "0.5")
    stage.run_trial(second, 0.3)
    stage.run_trial(stage.trials(sweep)[2], state=JobState.FAILED)
    stage.look()
    assert stage.now(parent).state is JobState.COMPLETED
    assert stage.status(parent) == "FINISHED"
    assert stage.stores.data(parent.run_id, "tags")[BEST_TAG] == second.run_id
    assert not stage.is_active(sweep)
    found = stage.do(stage.sweeps.find(stage.stores.workspace, parent.run_id))
    assert found is not None and found.best_run_id == second.run_id
    said = [line.partition("] ")[2] for line in stage.said.text.splitlines()]
    assert said == [
        'Trial 0 is submitted: {"lr": 0.1}',
        'Trial 1 is submitted: {"lr": 0.2}',
        "Trial 0 is Completed; m: 0.5",
        "The best is trial 0; m: 0.5",
        'Trial 2 is submitted: {"lr": 0.3}',
        "Trial 1 is Completed; m: 0.3",
        "Trial 2 is Failed; m: no value",
        "The best is trial 1; m: 0.3",
        "The sweep ends",
    ]


def test_a_sweep_whose_metric_nobody_logs_says_so(stage: SweepStage) -> None:
    sweep, parent = stage.start(replace(CONFIG, metric="mistyped", max_total=2))
    stage.look()
    for one in stage.trials(sweep):
        stage.stores.log(one.run_id, MetricPoint("system/cpu", 1.0, 1, 1))
        stage.run_trial(one, 0.5)
    stage.look()
    assert stage.now(parent).state is JobState.COMPLETED
    tags = stage.stores.data(parent.run_id, "tags")
    assert 'primary metric "mistyped"' in tags[NOTE_TAG] and '(logged were: "m")' in tags[NOTE_TAG]
    assert tags[NOTE_TAG] in stage.said.text and BEST_TAG not in tags


def test_not_more_at_once_and_not_more_in_all_than_asked_for(stage: SweepStage) -> None:
    space = {"x": Dimension("uniform", min=0, max=1, flag="--x")}
    sweep, parent = stage.start(
        replace(CONFIG, space=space, sampling="random", max_total=5, max_concurrent=3)
    )
    seen = 0
    while stage.now(parent).state is JobState.RUNNING:
        stage.look()
        active = [one for one in stage.trials(sweep) if one.is_active]
        seen = max(seen, len(active))
        if active:
            stage.run_trial(active[0], 1.0)
    assert (seen, len(stage.trials(sweep))) == (3, 5)
    values = {one.parameters["x"] for one in stage.trials(sweep)}
    assert len(values) == 5


def test_another_server_goes_on_where_one_stopped(stage: SweepStage) -> None:
    sweep, parent = stage.start(replace(CONFIG, sampling="random", max_total=4))
    stage.do(
        stage.sweeps.add_trial(sweep.row, 0, f"{parent.run_id}_0", {"lr": 0.3})
    )  # and then it was killed
    stage.look()
    assert stage.trials(sweep)[0].parameters == {"lr": 0.3}
    assert stage.states(sweep) == ["NotStarted", "NotStarted"]
    stage.run_trial(stage.trials(sweep)[0], 1.0)
    stage.sweeper = stage.another_sweeper()
    stage.look()
    assert stage.states(sweep) == ["Completed", "NotStarted", "NotStarted"]
    again = stage.do(propose(sweep.config, 2, stage.trials(sweep)[:2]))
    assert stage.trials(sweep)[2].parameters == again


def test_a_policy_stops_what_is_hopeless(stage: SweepStage) -> None:
    policy = Policy("bandit", evaluation_interval=2, delay_evaluation=2, slack_amount=0.5)
    sweep, parent = stage.start(replace(CONFIG, max_concurrent=3, policy=policy))
    stage.look()
    good, bad, slow = stage.trials(sweep)
    stage.run_trial(good, 1.0, 0.5, state=None)
    stage.run_trial(bad, 9.0, state=None)
    stage.run_trial(slow, 9.0, state=None)
    stage.look()
    assert {one.stop for one in stage.trials(sweep)} == {Stop.NOT}
    stage.stores.log(bad.run_id, MetricPoint("m", 8.0, 2, 2))
    stage.look()
    assert [one.stop for one in stage.trials(sweep)] == [Stop.NOT, Stop.POLICY, Stop.NOT]
    assert stage.trial_job(bad).cancel_ms is not None
    for one, state in ((bad, JobState.CANCELED), (good, JobState.COMPLETED), (slow, JobState.COMPLETED)):
        stage.run_trial(one, state=state)
    stage.look()
    assert stage.now(parent).state is JobState.COMPLETED


def test_a_stop_that_was_cut_short_is_done_again(stage: SweepStage) -> None:
    sweep, _ = stage.start(replace(CONFIG, policy=Policy("median")))
    stage.look()
    stage.run_trial(stage.trials(sweep)[0], state=None)
    stage.do(stage.sweeps.stop_trials(sweep.row, [0], Stop.POLICY))  # and then the server was killed
    stage.look()
    assert stage.trial_job(stage.trials(sweep)[0]).cancel_ms is not None


def test_a_canceled_sweep_ends_with_its_last_trial(stage: SweepStage) -> None:
    sweep, parent = stage.start()
    stage.look()
    running, waiting = stage.trials(sweep)
    stage.run_trial(running, state=None)
    stage.do(stage.jobs.cancel(stage.stores.workspace, parent.run_id))
    assert stage.trial_job(waiting).state is JobState.CANCELED
    stage.look()
    assert stage.now(parent).state is JobState.CANCEL_REQUESTED
    stage.run_trial(running, state=JobState.CANCELED)
    assert stage.now(parent).state is JobState.CANCELED
    stage.look()
    assert stage.states(sweep) == ["Canceled", "Canceled"] and not stage.is_active(sweep)


def test_its_time_ends_a_sweep(stage: SweepStage) -> None:
    sweep, parent = stage.start(replace(CONFIG, max_seconds=60))
    stage.look()
    done, late = stage.trials(sweep)
    stage.run_trial(done, 1.0)
    stage.run_trial(late, 2.0, state=None)
    stage.look(61)
    assert [one.stop for one in stage.trials(sweep)] == [Stop.NOT, Stop.TIME]
    assert len(stage.trials(sweep)) == 2
    stage.run_trial(late, state=JobState.CANCELED)
    stage.look()
    assert stage.now(parent).state is JobState.COMPLETED


def test_a_script_that_always_fails_is_not_tried_without_end(stage: SweepStage) -> None:
    space = {"x": Dimension("randint", upper=100, flag="--x")}
    sweep, parent = stage.start(replace(CONFIG, space=space, max_total=100, max_concurrent=1))
    for _ in range(8):
        stage.look()
        for one in stage.trials(sweep):
            if one.is_active:
                stage.run_trial(one, state=JobState.FAILED)
    assert len(stage.trials(sweep)) == 5
    ended = stage.now(parent)
    assert ended.state is JobState.FAILED and ended.error is not None and "5 trials" in ended.error.message


def test_trials_that_people_canceled_leave_a_canceled_sweep(stage: SweepStage) -> None:
    sweep, parent = stage.start(replace(CONFIG, max_total=1))
    stage.look()
    stage.do(stage.jobs.cancel(stage.stores.workspace, stage.trials(sweep)[0].run_id))
    stage.look()
    assert stage.now(parent).state is JobState.CANCELED


def test_a_sweep_of_somebody_who_is_gone_fails(stage: SweepStage) -> None:
    _, parent = stage.start()
    stage.submitter_gone = True
    stage.look()
    ended = stage.now(parent)
    assert ended.state is JobState.FAILED and ended.error is not None
    assert ended.error.code == "SubmitError"


def test_a_sweep_whose_run_was_never_made_goes(stage: SweepStage) -> None:
    sweep = stage.do(stage.sweeps.create(stage.stores.workspace, "never", CONFIG))
    stage.look()
    assert stage.is_active(sweep)
    stage.look(ORPHAN_MS / 1_000 + 1)
    assert not stage.is_active(sweep)


def test_params_that_the_script_logged_stay(stage: SweepStage) -> None:
    space = {
        "a": Dimension("choice", options=[1], flag="--a"),
        "b": Dimension("choice", options=[2], flag="--b"),
    }
    sweep, _ = stage.start(replace(CONFIG, space=space, max_total=1))
    stage.look()
    (one,) = stage.trials(sweep)
    stage.stores.log(one.run_id, params=[Param("a", "1.0")])
    stage.run_trial(one, 1.0)
    stage.look()
    assert stage.stores.data(one.run_id, "params") == {"a": "1.0", "b": "2"}


def test_a_trial_that_was_deleted_is_not_made_again(stage: SweepStage) -> None:
    sweep, parent = stage.start()
    stage.look()
    first, second = stage.trials(sweep)
    stage.do(stage.jobs.cancel(stage.stores.workspace, first.run_id))
    stage.do(stage.stores.runs.set_stage(stage.stores.workspace, first.run_id, Stage.DELETED))
    stage.look()
    assert [one.noted for one in stage.trials(sweep)] == [True, False, False]
    stage.run_trial(second, 1.0)
    stage.run_trial(stage.trials(sweep)[2], 2.0)
    stage.look()
    assert stage.now(parent).state is JobState.COMPLETED


def test_a_sweep_whose_trials_are_all_canceled_makes_no_more(stage: SweepStage) -> None:
    space = {"x": Dimension("randint", upper=100, flag="--x")}
    sweep, parent = stage.start(replace(CONFIG, space=space, max_total=100, max_concurrent=1))
    stage.look()
    stage.run_trial(stage.trials(sweep)[0], 1.0)
    for _ in range(8):  # its compute target was deleted, say
        stage.look()
        for one in stage.trials(sweep):
            if one.is_active:
                stage.do(stage.jobs.cancel(stage.stores.workspace, one.run_id))
    assert len(stage.trials(sweep)) == 6
    assert stage.now(parent).state is JobState.COMPLETED


def test_a_trial_that_cannot_be_made_ends_the_sweep(stage: SweepStage) -> None:
    name = f"HD_{uuid.uuid4().hex}"
    stage.submit(run_id=f"{name}_0")
    sweep = stage.do(stage.sweeps.create(stage.stores.workspace, name, CONFIG))
    parent = stage.sweep(run_id=name)
    stage.look()
    ended = stage.now(parent)
    assert ended.state is JobState.FAILED and ended.error is not None
    assert ended.error.code == "SubmitError" and not stage.is_active(sweep)


def test_one_sweep_that_fails_holds_up_no_other(stage: SweepStage) -> None:
    broken, _ = stage.start(replace(CONFIG, space={"x": Dimension("choice", flag="--x")}, sampling="grid", max_total=2))  # fmt: skip
    fine, _ = stage.start()
    stage.do(stage.sweeps.add_trial(broken.row, 0, "x", {"y": 1}))  # which is no parameter of it
    stage.look()
    assert stage.states(fine) == ["NotStarted", "NotStarted"]
    assert stage.is_active(broken)


def test_bayesian_trials_follow_those_that_ended(stage: SweepStage) -> None:
    space = {"x": Dimension("uniform", min=0, max=10, flag="--x")}
    sweep, parent = stage.start(
        replace(CONFIG, space=space, sampling="bayesian", max_total=24, max_concurrent=2)
    )
    while stage.now(parent).state is JobState.RUNNING:
        stage.look()
        for one in stage.trials(sweep):
            if one.is_active:
                stage.run_trial(one, abs(float(one.parameters["x"]) - 3))
    late = [abs(float(one.parameters["x"]) - 3) for one in stage.trials(sweep)[14:]]
    assert sum(late) / len(late) < 1.5


def test_a_trial_is_nobody_else_s_job(stage: SweepStage) -> None:
    """A run id that looks like a trial's, made before the sweep: the sweep neither counts nor cancels it."""
    run_id = f"HD_{uuid.uuid4().hex}"
    other = stage.submit(run_id=f"{run_id}_0")
    sweep = stage.do(stage.sweeps.create(stage.stores.workspace, run_id, CONFIG))
    stage.sweep(run_id=run_id)
    stage.run_trial(Trial(0, other.run_id, {}), 0.5, state=None)
    stage.look()
    stage.look()
    parent = stage.do(stage.jobs.find(stage.stores.workspace, run_id))
    assert parent is not None and parent.error is not None
    assert parent.state is JobState.FAILED and "taken" in parent.error.message
    assert [one.best for one in stage.trials(sweep)] == [None]
    left = stage.do(stage.jobs.find(stage.stores.workspace, other.run_id))
    assert left is not None and left.state is JobState.STARTING and left.cancel_ms is None


def test_nobody_else_takes_the_id_of_a_trial(stage: SweepStage) -> None:
    sweep, _ = stage.start()
    with pytest.raises(AlreadyExists):
        stage.submit(run_id=f"{sweep.run_id}_1")
    assert stage.submit(run_id="a_1").state is JobState.NOT_STARTED


def test_a_sweep_makes_nothing_below_what_is_no_sweep(stage: SweepStage) -> None:
    """Its row is there for a moment before its id turns out to be taken."""
    other = stage.submit()
    sweep = stage.do(stage.sweeps.create(stage.stores.workspace, other.run_id, CONFIG))
    stage.look()
    assert not stage.trials(sweep)
    stage.do(stage.sweeps.discard(sweep.row))
    assert not stage.is_active(sweep)


def test_a_sweep_keeps_to_what_one_person_may_have_in_the_queue(stage: SweepStage) -> None:
    stage.targets.most = 1
    sweep, _ = stage.start()
    for _ in range(3):
        stage.look()
    assert stage.states(sweep) == ["NotStarted", ""]
    stage.run_trial(stage.trials(sweep)[0], 0.1)
    stage.look()
    stage.look()
    assert stage.states(sweep) == ["Completed", "NotStarted", ""]
    assert stage.is_active(sweep)


def test_without_the_token_that_it_was_submitted_with_a_sweep_ends(stage: SweepStage) -> None:
    _, parent = stage.start()
    sql = "UPDATE access_tokens SET revoked_ms = 1 WHERE job = ?"
    stage.do(stage.stores.database.write(lambda tx: tx.execute(sql, (parent.run_id,))))
    stage.look()
    ended = stage.do(stage.jobs.find(stage.stores.workspace, parent.run_id))
    assert ended is not None and ended.state is JobState.FAILED
