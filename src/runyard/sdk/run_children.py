"""Runs below a run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.experiment_record import ExperimentRecord
from runyard.sdk.run_handle import MLFLOW, OWN, PARENT_TAG, read_run, run_of_experiment, search_runs, tags_of
from runyard.sdk.run_logging import RunLogging
from runyard.sdk.run_state import state_of
from runyard.sdk.run_tags import RunTags, Wanted, has, visible_tags, with_properties

MOST_CHILDREN = 100
NUMBER_TAG = "azureml.batch_child_number"


class RunChildren(RunLogging, RunTags):
    """The runs below a run, and the one above it."""

    def __init__(
        self, experiment: ExperimentRecord, run_id: str, outputs: str | None = None, **kwargs: Any
    ) -> None:
        """A run that exists.

        Args:
            outputs: a folder whose files are uploaded when the run completes.
        Raises: UserErrorException when there is none in the experiment.
        """
        self._outputs = outputs
        self._adopt(experiment, run_of_experiment(experiment, run_id))

    @classmethod
    def _of(
        cls,
        experiment: ExperimentRecord,
        document: Mapping[str, Any],
        *,
        outputs: str | None = None,
        new: bool = False,
    ) -> Self:
        made = cls.__new__(cls)
        made._outputs = outputs
        made._adopt(experiment, document, new=new)
        return made

    @property
    def parent(self) -> Self | None:
        """The run above this one."""
        parent_id = self._all_tags().get(PARENT_TAG)
        if parent_id is None:
            return None
        document = read_run(self._link, parent_id)
        home = str(document["info"]["experiment_id"])
        experiment = (
            self.experiment
            if home == self.experiment.id
            else ExperimentRecord.public._by_id(self.experiment.workspace, home)
        )
        return self._of(experiment, document)

    def child_run(
        self, name: str | None = None, run_id: str | None = None, outputs: str | None = None
    ) -> Self:
        """A new run below this one, running. Its name is this run's, `>`, and name."""
        child = self._child(name, run_id, outputs=outputs)
        child._channel.sink.began()
        return child

    def create_children(
        self,
        count: int | None = None,
        tag_key: str | None = None,
        tag_values: Sequence[str] | None = None,
    ) -> list[Self]:
        """Several new runs below this one, not started.

        Args:
            count: how many, at most 100.
            tag_key, tag_values: instead of count: one run for each value, with the tag.
        """
        by_tag = tag_key is not None and tag_values is not None
        if by_tag == (count is not None) or (tag_key is None) != (tag_values is None):
            raise UserErrorException("create_children needs either count, or tag_key and tag_values.")
        values: list[str | None] = [None] * (count or 0) if tag_values is None else [*tag_values]
        if not 0 < len(values) <= MOST_CHILDREN:
            raise UserErrorException(
                f"create_children makes 1 to {MOST_CHILDREN} runs at once, not {count if count is not None else len(values)}."
            )
        made = []
        for number, value in enumerate(values):
            tags = {NUMBER_TAG: str(number)}
            if tag_key is not None and value is not None:
                tags[tag_key] = str(value)
            child = self._child(None, f"{self.id}_{number}", tags=tags)
            self._link.post(f"{MLFLOW}/update", {"run_id": child.id, "status": "SCHEDULED"}, retry=True)
            child._refresh()
            made.append(child)
        return made

    def get_children(
        self,
        recursive: bool = False,
        tags: Wanted = None,
        properties: Wanted = None,
        type: str | None = None,
        status: str | None = None,
    ) -> Iterator[Self]:
        """The runs below this one, those that started last first.

        Args:
            recursive: also those below them.
            tags, properties: those that have them: a dict says the values, text or a list the keys.
            type, status: those of that type, of that status.
        """
        for child in self._children():
            document = child._document
            if (
                has(visible_tags(document), tags)
                and (type is None or child.type == type)
                and (status is None or state_of(document) == status)
                and list(with_properties(self._link, [document], properties))
            ):
                yield child
            if recursive:
                yield from child.get_children(True, tags, properties, type, status)

    def _children(self) -> Iterator[Self]:
        quote = '"' if "'" in self.id else "'"
        found = search_runs(self._link, self.experiment.id, f"tags.`{PARENT_TAG}` = {quote}{self.id}{quote}")
        for document in found:
            if tags_of(document).get(PARENT_TAG) == self.id:
                yield self._of(self.experiment, document)

    def _child(
        self,
        name: str | None,
        run_id: str | None,
        *,
        outputs: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Self:
        body = {
            "experiment_id": self.experiment.id,
            "run_id": run_id,
            "name": f"{self.name}>{name or ''}",
            "parent_run_id": self.id,
            "tags": {**self._inherited_tags(), **(tags or {})},
            "start_ms": int(time.time() * 1000),
        }
        sent = {key: value for key, value in body.items() if value is not None}
        document = self._link.post(OWN, sent, retry=run_id is not None)["run"]
        return self._of(self.experiment, document, outputs=outputs, new=True)

    def _inherited_tags(self) -> dict[str, str]:
        """What a child says of its source, as its parent does."""
        return {
            key: value
            for key, value in self._all_tags().items()
            if key.startswith(("mlflow.source.", "mlflow.user"))
        }
