"""The way of all that is logged into the journal: checked as the server would check it, written down, and known from then on.

Both clients of it speak MLflow: the plugin and the relay. Errors are those of the server, with its texts.
"""

from __future__ import annotations

import os
import uuid
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from runyard.client.journal.local_reads import note_run
from runyard.client.journal.run_state import RunState
from runyard.client.journal.state import RUNS, LocalState
from runyard.entities.common import Param, Stage, Tag
from runyard.entities.journal import (
    BatchPoint,
    BatchRecord,
    Call,
    NewRun,
    PointRecord,
    Record,
    RunChange,
    Untag,
)
from runyard.entities.log_rules import (
    LogRules,
    check_batch,
    check_dataset,
    check_text,
    named_tags,
    param_changed,
    parse_model,
    parse_status,
    require_run_id,
    run_inactive,
    tag_absent,
)
from runyard.entities.run import RUN_NAME_TAG, USER_TAG
from runyard.wire.mlflow.runs import LogInputs, LogModel, LogOutputs

LIVE_KEPT = 2_000  # then those that have ended are forgotten


class Journal(Protocol):
    """What a Recorder does for a Logbook."""

    def begin(self) -> Path: ...
    def append(self, record: Record) -> int: ...
    def add_file(self, owner: str, path: str, source: Path, *, copy: bool, run_id: str = "") -> int: ...


Lookup = Callable[[str], RunState]


class Logbook:
    """Takes what is logged to runs. Any number of threads; good after a fork.

    Args:
        journal: where it is written down.
        state: where it is known.
        lookup: finds a run that is not known here, at the server or in other journals; raises what the server answers.
            Asked once for each run.
    Attributes:
        live: the runs that take points without another look.
    """

    def __init__(self, journal: Journal, state: LocalState, lookup: Lookup) -> None:
        self.state = state
        self.live: dict[str, RunState] = {}
        self.good_keys = (rules := LogRules()).metric_keys.good
        self._rules = rules
        self._journal = journal
        self._lookup = lookup
        _all.add(self)

    def log_metric(self, run_id: str | None, key: str, value: float, ms: int, step: int) -> None:
        """One point. 6 µs.

        Raises: InvalidInput, NotFound.
        """
        run = self.live.get(run_id) if run_id else None
        if run is None or key not in self.good_keys or ms < 0:
            self._rules.check_metric(key, ms, value)
            run = self.entered(run_id)
        self._journal.append(PointRecord(run.run_id, key, value, ms, step))
        run.point(key, value, ms, step)

    def log_batch(
        self,
        run_id: str | None,
        points: list[BatchPoint],
        params: Sequence[Param] = (),
        tags: Sequence[Tag] = (),
        *,
        batch: bool = True,
    ) -> None:
        """Points, params and tags: all or none.

        Args:
            batch: False for what came alone; the texts of errors are others.
        Raises: InvalidInput, NotFound.
        """
        run_id = require_run_id(run_id)
        check_batch(points, params, tags)
        good = self.good_keys
        for point in points:
            if point.key not in good or point.ms < 0:
                self._rules.check_metric(point.key, point.ms, point.value)
        kept = [self._rules.param(param) for param in params]
        tagged = {tag.key: self._rules.tag(tag).value for tag in tags}
        run = self.entered(run_id)
        known = run.params
        changed = [(one, known[one.key]) for one in kept if known.get(one.key, one.value) != one.value]
        if changed:
            raise param_changed(run_id, changed, batch=batch)
        pairs = [(one.key, one.value) for one in kept]
        self._append(BatchRecord(run_id, points, pairs, list(tagged.items())))

    def log_param(self, run_id: str | None, param: Param) -> None:
        """One param; another value than the one that it has is refused.

        Raises: InvalidInput, NotFound.
        """
        self.log_batch(run_id, [], [param], batch=False)

    def set_tag(self, run_id: str | None, tag: Tag) -> None:
        """Set or overwrite a tag.

        Raises: InvalidInput, NotFound.
        """
        self.log_batch(run_id, [], [], [tag])

    def delete_tag(self, run_id: str, key: str) -> None:
        """Delete a tag that is known here.

        Raises: InvalidInput; NotFound, when the run or the tag is not known.
        """
        run = self.entered(run_id)
        if key not in run.tags:
            raise tag_absent(run_id, key)
        self._append(Untag(run_id, key))

    def update(
        self, run_id: str | None, status: str | int | None, end_ms: int | None, name: str | None
    ) -> RunState:
        """Set status, end time and name where given; returns the run as it is then.

        Raises: InvalidInput, NotFound.
        """
        check_text("run_name", name or "")
        number = parse_status(status)
        run = self.entered(require_run_id(run_id))
        self._append(RunChange(run.run_id, number, end_ms, name or None))
        return run

    def log_inputs(self, body: dict[str, Any]) -> None:
        """Datasets and models that a run read: the body of MLflow's log-inputs.

        Raises: InvalidInput, NotFound.
        """
        inputs = msgspec.convert(body, LogInputs, strict=False)
        for one in inputs.datasets:
            check_dataset(one)
        self.call(inputs.run_id, f"{RUNS}/log-inputs", body)

    def log_outputs(self, body: dict[str, Any]) -> None:
        """Models that a run wrote: the body of MLflow's outputs.

        Raises: InvalidInput, NotFound.
        """
        self.call(msgspec.convert(body, LogOutputs, strict=False).run_id, f"{RUNS}/outputs", body)

    def log_model(self, body: dict[str, Any]) -> None:
        """The description of a model by a client before 3.0: the body of MLflow's log-model.

        Raises: InvalidInput, NotFound.
        """
        model = msgspec.convert(body, LogModel)
        require_run_id(model.run_id)
        parse_model(model.model_json)
        self.call(model.run_id, f"{RUNS}/log-model", body)

    def create_run(
        self,
        experiment_id: str | None,
        experiment: str | None,
        user_id: str | None,
        start_ms: int | None,
        name: str | None,
        tags: Sequence[Tag],
        *,
        run_id: str | None = None,
    ) -> RunState:
        """Begin a run whose id is made here.

        Args:
            experiment_id: of the server; None: the experiment is named.
            experiment: its name.
        Raises: InvalidInput, BadRequest.
        """
        by_key = named_tags(name, tags)
        user = user_id or by_key.get(USER_TAG, "")
        pairs = list(by_key.items())
        new = NewRun(run_id or uuid.uuid4().hex, experiment_id, experiment, user, start_ms, name, pairs)
        self._append(new)
        run = self.state.runs[new.run_id]
        self._enter(run)
        return run

    def hold(self, run_id: str) -> None:
        """A run of the server that this process has begun: from now on there are signs of its life.

        Raises: InvalidInput, NotFound.
        """
        self._append(RunChange(self.entered(run_id).run_id))

    def leave(self, run_id: str) -> None:
        """Nobody logs to a run by this process any more, though it has not ended: there are no more signs of its life.

        Raises: InvalidInput, NotFound.
        """
        self._append(RunChange(self.entered(run_id).run_id, left=True))

    def begun_at_server(self, run: RunState) -> None:
        """A run that this process has just had the server make: its journal says so too, for signs of its life."""
        pairs = list(run.tags.items())
        name = run.tags.get(RUN_NAME_TAG)
        new = NewRun(run.run_id, run.experiment_id, None, run.user_id, run.start_ms, name, pairs)
        self._journal.append(new)
        self.state.add(run)
        self._enter(run)

    def call_model(self, model_id: str, call: Call) -> None:
        """A call that makes or changes a logged model which is made here.

        Args:
            model_id: files of it go first.
        """
        self._append(Call(model_id, call.method, call.path, call.body))
        note_run(self._journal.begin(), model_id)

    def add_file(self, owner: str, path: str, source: Path, *, copy: bool, run_id: str = "") -> None:
        """An artifact of a run or model; see `Recorder.add_file`.

        Raises: InvalidInput, StorageUnavailable.
        """
        if owner.startswith("runs/"):
            self.entered(run_id)
        elif run_id:
            note_run(self._journal.begin(), run_id)
        self._journal.add_file(owner, path, source, copy=copy, run_id=run_id)

    def know(self, run: RunState) -> RunState:
        """Know a run as the server tells it."""
        self.state.add(run)
        if run.stage != Stage.ACTIVE:
            self.live.pop(run.run_id, None)
        elif run.run_id in self.live:
            self.live[run.run_id] = run
        return run

    def forget(self, run_id: str) -> None:
        """The run is looked up again when it is logged to."""
        self.live.pop(run_id, None)
        self.state.runs.pop(run_id, None)

    def entered(self, run_id: str | None) -> RunState:
        """A run that takes records, looked up if need be.

        Raises: InvalidInput, for one that is deleted; NotFound.
        """
        run_id = require_run_id(run_id)
        run = self.live.get(run_id)
        if run is not None:
            return run
        run = self.state.runs.get(run_id)
        if run is None or run.stage != Stage.ACTIVE:
            run = self.know(self._lookup(run_id))
        if run.stage != Stage.ACTIVE:
            raise run_inactive(run_id, run.stage)
        if run.new is not None:  # so that this journal can be sent before the one that made the run
            self._journal.append(msgspec.structs.replace(run.new, again=True))
        self._enter(run)
        return run

    def _enter(self, run: RunState) -> None:
        self.live[run.run_id] = run
        if len(self.live) > LIVE_KEPT:
            self.live = {one: state for one, state in self.live.items() if one in self.state.runs}
        note_run(self._journal.begin(), run.run_id)

    def call(self, run_id: str | None, path: str, body: dict[str, Any]) -> None:
        """A POST about a run, as it is.

        Raises: InvalidInput, NotFound.
        """
        run = self.entered(run_id)
        self._append(Call(run.run_id, "POST", path, body))

    def _append(self, record: Record) -> None:
        self._journal.append(record)
        self.state.apply(record)

    def _forked(self) -> None:
        """The child has a journal of its own, in which runs that were made here have to begin too."""
        self.live = {one: run for one, run in self.live.items() if run.new is None}


_all: weakref.WeakSet[Logbook] = weakref.WeakSet()


def _after_fork() -> None:
    for logbook in list(_all):
        logbook._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
