"""A run as far as it is known here. Memory grows with its keys, not with its points: histories are read from the journals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from runyard.client.journal.offline_names import experiment_id_of, run_artifacts
from runyard.entities.common import Param, Stage
from runyard.entities.journal import BatchRecord, NewRun, RunChange
from runyard.entities.point_order import value_rank
from runyard.entities.run import RUN_NAME_TAG, DatasetInput, ModelEdge, RunStatus
from runyard.wire.mlflow.runs import (
    InputsMessage,
    MetricValue,
    ModelIdMessage,
    OutputsMessage,
    RunDataMessage,
    RunInfoMessage,
    RunMessage,
    TagMessage,
    number,
)

Latest = tuple[int, int, float]  # step, ms, value


@dataclass(slots=True)
class RunState:
    """A run as far as it is known here.

    Attributes:
        experiment_id: of the server, or a local one.
        new: the record that makes the run; None for one that the server has.
        stage: Stage.DELETED takes nothing.
    """

    run_id: str
    experiment_id: str
    artifact_uri: str
    user_id: str = ""
    status: RunStatus = RunStatus.RUNNING
    stage: Stage = Stage.ACTIVE
    start_ms: int | None = None
    end_ms: int | None = None
    new: NewRun | None = None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    latest: dict[str, Latest] = field(default_factory=dict)
    inputs: list[DatasetInput] = field(default_factory=list)
    model_inputs: dict[str, None] = field(default_factory=dict)
    model_outputs: dict[str, int] = field(default_factory=dict)

    @classmethod
    def made(cls, new: NewRun) -> RunState:
        """A run that begins here."""
        experiment_id = new.experiment_id or experiment_id_of(new.experiment or "")
        tags = dict(new.tags)
        if new.name:
            tags.setdefault(RUN_NAME_TAG, new.name)
        return cls(
            new.run_id,
            experiment_id,
            run_artifacts(experiment_id, new.run_id),
            user_id=new.user_id,
            start_ms=new.start_ms,
            new=new,
            tags=tags,
        )

    @classmethod
    def told(cls, document: dict[str, Any]) -> RunState:
        """A run as the server tells it.

        Args:
            document: `run` of MLflow's answer.
        """
        run = msgspec.convert(document, RunMessage, strict=False)
        info, data = run.info, run.data
        return cls(
            info.run_id,
            info.experiment_id,
            info.artifact_uri,
            user_id=info.user_id,
            status=RunStatus[info.status],
            stage=Stage[info.lifecycle_stage.upper()],
            start_ms=info.start_time,
            end_ms=info.end_time,
            params={one.key: one.value for one in data.params},
            tags={one.key: one.value for one in data.tags},
            latest={one.key: (one.step, one.timestamp, float(one.value)) for one in data.metrics},
            inputs=run.inputs.dataset_inputs,
            model_inputs={one.model_id: None for one in run.inputs.model_inputs},
            model_outputs={one.model_id: one.step for one in run.outputs.model_outputs}
            if run.outputs
            else {},
        )

    def point(self, key: str, value: float, ms: int, step: int) -> None:
        """Take a point into account; the latest one is that with the greatest step, time and value."""
        last = self.latest.get(key)
        if (
            last is None
            or step > last[0]
            or (step == last[0] and (ms, value_rank(value)) >= (last[1], value_rank(last[2])))
        ):
            self.latest[key] = (step, ms, value)

    def message(self, *, whole: bool = True) -> RunMessage:
        """The run as MLflow's API answers it. Others may log to it meanwhile; a copy of a dictionary is made at one go, a list
        of its items is not: the collection of garbage may let others in.

        Args:
            whole: with metrics, params and tags.
        """
        info = RunInfoMessage(
            run_uuid=self.run_id,
            run_id=self.run_id,
            experiment_id=self.experiment_id,
            run_name=self.tags.get(RUN_NAME_TAG, ""),
            user_id=self.user_id,
            status=self.status.name,
            artifact_uri=self.artifact_uri,
            lifecycle_stage=self.stage.text,
            start_time=self.start_ms or 0,
            end_time=self.end_ms,
        )
        data = (
            RunDataMessage()
            if not whole
            else RunDataMessage(
                [
                    MetricValue(key, number(value), ms, step)
                    for key, (step, ms, value) in self.latest.copy().items()
                ],
                [Param(key, value) for key, value in self.params.copy().items()],
                [TagMessage(key, value) for key, value in self.tags.copy().items()],
            )
        )
        inputs = InputsMessage(self.inputs, [ModelIdMessage(one) for one in list(self.model_inputs)])
        outputs = OutputsMessage([ModelEdge(one, step) for one, step in self.model_outputs.copy().items()])
        return RunMessage(info, data, inputs, outputs)


def apply_batch(run: RunState, record: BatchRecord) -> None:
    """Take a batch into account."""
    for one in record.points:
        run.point(one.key, one.value, one.ms, one.step)
    run.params.update(record.params)
    run.tags.update(record.tags)


def apply_change(run: RunState, record: RunChange) -> None:
    """Take new values of a run's own fields into account."""
    if record.status is not None:
        run.status = RunStatus(record.status)
    if record.end_ms is not None:
        run.end_ms = record.end_ms
    if record.name:
        run.tags[RUN_NAME_TAG] = record.name
