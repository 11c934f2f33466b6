"""A run as its record has it, and the way to it: what the parts of Run share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.experiment_record import ExperimentRecord
from runyard.sdk.link import Link
from runyard.sdk.portal import run_url
from runyard.sdk.run_channel import RunChannel, channel_of

MLFLOW = "/api/2.0/mlflow/runs"
OWN = "/api/v1/runs"
NAME_TAG = "mlflow.runName"
PARENT_TAG = "mlflow.parentRunId"
TYPE_TAG = "runyard.runType"
DESCRIPTION_TAG = "mlflow.note.content"


class RunHandle:
    """A run of an experiment.

    Attributes:
        experiment: where it is.
        id: as MLflow has it.
    """

    experiment: ExperimentRecord
    id: str
    _document: dict[str, Any]
    _channel: RunChannel

    def _adopt(self, experiment: ExperimentRecord, document: Mapping[str, Any], *, new: bool = False) -> None:
        self.experiment = experiment
        self._document = dict(document)
        self.id = str(document["info"]["run_id"])
        self._channel = channel_of(
            self._link, experiment.workspace.name, self._document, None if new else self._last_points
        )

    @property
    def _link(self) -> Link:
        return self.experiment.workspace.link

    @property
    def _info(self) -> Mapping[str, Any]:
        info: Mapping[str, Any] = self._document["info"]
        return info

    def _refresh(self) -> dict[str, Any]:
        """The run as it is now."""
        self._document = dict(read_run(self._link, self.id))
        return self._document

    def _info_as(self, changes: Mapping[str, Any]) -> None:
        """The document as it will be."""
        self._document = {**self._document, "info": {**self._info, **changes}}

    def _last_points(self) -> dict[str, tuple[int, int]]:
        metrics = self._refresh()["data"].get("metrics", [])
        return {one["key"]: (int(one["step"]), int(one["timestamp"])) for one in metrics}

    def _all_tags(self) -> dict[str, str]:
        return tags_of(self._document)

    @property
    def name(self) -> str:
        """The name, not unique."""
        return str(self._info.get("run_name", ""))

    @property
    def display_name(self) -> str:
        """The name, not unique; may be set."""
        return self.name

    @display_name.setter
    def display_name(self, name: str) -> None:
        self._link.post(f"{MLFLOW}/update", {"run_id": self.id, "run_name": name}, retry=True)
        self._refresh()

    @property
    def number(self) -> int:
        """Which run of its experiment it is, in the order in which they came to the server, from 1 on."""
        return int(self._link.get(f"{OWN}/{self.id}/number")["number"])

    @property
    def description(self) -> str | None:
        """Markdown that people read; may be set."""
        return self._all_tags().get(DESCRIPTION_TAG)

    @description.setter
    def description(self, text: str) -> None:
        self._channel.sink.tags({DESCRIPTION_TAG: text})
        self._refresh()

    @property
    def type(self) -> str | None:
        """None for a run that was started by hand."""
        return self._all_tags().get(TYPE_TAG)

    @property
    def portal_url(self) -> str:
        """Its page in a browser."""
        workspace = self.experiment.workspace
        return run_url(workspace.server, workspace.name, str(self._info["experiment_id"]), self.id)

    def get_portal_url(self) -> str:
        """Its page in a browser."""
        return self.portal_url

    def flush(self, timeout_seconds: int = 300) -> None:
        """Send all that was logged.

        Args:
            timeout_seconds: how long that may take.
        Raises: AzureMLException, when something is not sent, or could not be kept.
        """
        self._channel.sink.flush(timeout_seconds)


def read_run(link: Link, run_id: str) -> Mapping[str, Any]:
    """The document of a run.

    Raises: UserErrorException when there is none.
    """
    run: Mapping[str, Any] = link.get(f"{MLFLOW}/get", run_id=run_id)["run"]
    return run


def run_of_experiment(experiment: ExperimentRecord, run_id: str) -> Mapping[str, Any]:
    """The document of a run of an experiment.

    Raises: UserErrorException when there is none, or in another experiment.
    """
    document = read_run(experiment.workspace.link, run_id)
    home = str(document["info"]["experiment_id"])
    if home != experiment.id:
        raise UserErrorException(
            f"Run {run_id} is not in experiment {experiment.name}, but in the one with id {home}. "
            "Run.get(workspace, run_id) finds it wherever it is."
        )
    return document


def search_runs(link: Link, experiment_id: str, filter_string: str = "") -> Iterator[Mapping[str, Any]]:
    """The documents of an experiment's runs, those that started last first."""
    body = {
        "experiment_ids": [experiment_id],
        "filter": filter_string,
        "order_by": ["attributes.start_time DESC"],
        "max_results": 500,
    }
    return link.posted_pages(f"{MLFLOW}/search", "runs", body)


def tags_of(document: Mapping[str, Any]) -> dict[str, str]:
    """All tags of a run."""
    return {tag["key"]: tag["value"] for tag in document["data"].get("tags", [])}
