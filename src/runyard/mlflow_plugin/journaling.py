"""MLflow's REST store with a journal in front: what is logged is written down and sent in the background."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from mlflow.entities import Metric, RunStatus
from mlflow.store.tracking.rest_store import RestStore
from mlflow.utils.async_logging.run_operations import RunOperations

from runyard.client.addresses import Address
from runyard.client.journal.calls.experiments import Experiments
from runyard.client.journal.calls.models import Models
from runyard.client.journal.calls.request import Calls
from runyard.client.journal.calls.runs import Runs
from runyard.client.journal.calls.traces import Traces
from runyard.entities.common import Param, Tag
from runyard.entities.journal import BatchPoint
from runyard.errors import RunyardError
from runyard.mlflow_plugin.errors import as_mlflow, needs_server
from runyard.mlflow_plugin.fluent_api import asked_to_log, chosen_workspace
from runyard.mlflow_plugin.journals import OpenJournal, elsewhere
from runyard.mlflow_plugin.rest_call import RestCall, run_entity
from runyard.mlflow_plugin.spans import packed, unpacked

LEAST, MOST = -(2**63), 2**63 - 1
TIES = hasattr(Metric("", 0.0, 0, 0), "model_id")  # MLflow 3 ties points to models and datasets
ODD = (RunyardError, UnicodeError, TypeError)  # MLflow's own way to the same place decides which error it is
_DONE: Future[None] = Future()
_DONE.set_result(None)


class JournalStore(RestStore):  # type: ignore[misc]
    """A tracking store. What MLflow's own class does to check and shape a request is left to it.

    The calls of a training loop are taken here when their values are plain; all others reach `_call_endpoint` as MLflow
    shapes them. Each workspace that `mlflow.set_workspace` chooses has a journal, and a store, of its own.

    Args:
        address: the tracking URI's.
    """

    def __init__(self, journal: OpenJournal, address: Address) -> None:
        super().__init__(journal.credentials)
        self._address = address
        self._others: dict[str, JournalStore] = {}
        self._journal = journal
        self._logbook = journal.logbook
        experiments = Experiments(journal)
        self._traces = Traces(journal, experiments, unpacked)
        self._calls: Calls = {
            **experiments.calls,
            **Runs(journal, experiments).calls,
            **Models(journal, experiments).calls,
            **self._traces.calls,
        }

    def __repr__(self) -> str:
        return f"JournalStore({self._journal.credentials!r})"

    @property
    def _here(self) -> JournalStore:
        """The store of the workspace that is chosen just now."""
        name = chosen_workspace() if self._address.workspace is None else None
        if name is None:
            return self
        found = self._others.get(name)
        if found is None:
            journal = elsewhere(self._address)
            assert journal is not None
            address = dataclasses.replace(self._address, workspace=name)
            found = self._others[name] = JournalStore(journal, address)
        return found

    def log_metric(self, run_id: str, metric: Metric) -> None:
        """One point: 10 µs."""
        value, ms, step = metric.value, metric.timestamp, metric.step
        if (
            type(value) is not float
            or type(ms) is not int
            or type(step) is not int
            or not LEAST <= step <= MOST
            or ms > MOST
            or (TIES and (metric.model_id is not None or metric.dataset_name is not None))
        ):
            super().log_metric(run_id, metric)
            return
        here = self._here
        try:
            here._logbook.log_metric(run_id, metric.key, value, ms, step)
        except ODD:
            super().log_metric(run_id, metric)
        here._journal.tell_news()

    def log_batch(
        self, run_id: str, metrics: Sequence[Any], params: Sequence[Any], tags: Sequence[Any]
    ) -> None:
        """Points, params and tags: 1.5 µs per point."""
        points = _plain_points(metrics)
        pairs = None if points is None else _plain_pairs(params)
        labels = None if pairs is None else _plain_pairs(tags)
        if points is None or pairs is None or labels is None:
            super().log_batch(run_id, metrics, params, tags)
            return
        here = self._here
        try:
            here._logbook.log_batch(
                run_id,
                points,
                [Param(key, value) for key, value in pairs],
                [Tag(key, value) for key, value in labels],
            )
        except ODD:
            super().log_batch(run_id, metrics, params, tags)
        here._journal.tell_news()

    def get_run(self, run_id: str) -> Any:
        """A run, with all that this process logged to it."""
        run = self._here._logbook.live.get(run_id)
        if run is not None and asked_to_log():
            return run_entity(run.message(whole=False))
        return super().get_run(run_id)

    def update_run_info(self, run_id: str, run_status: Any, end_time: Any, run_name: Any) -> Any:
        """Status, end time and name; the end of a run waits until all of it is sent, for RUNYARD_DRAIN_S at most."""
        info = super().update_run_info(run_id, run_status, end_time, run_name)
        if run_status is not None and RunStatus.is_terminated(run_status):
            self._here._journal.drain()
        return info

    def log_metric_async(self, run_id: str, metric: Metric) -> RunOperations:
        """As `log_metric`; what is wrong is told by the answer's `wait`, as MLflow does."""
        return _ended(self.log_metric, run_id, metric)

    def log_param_async(self, run_id: str, param: Any) -> RunOperations:
        """As `log_param`; see `log_metric_async`."""
        return _ended(self.log_batch, run_id, (), (param,), ())

    def set_tag_async(self, run_id: str, tag: Any) -> RunOperations:
        """As `set_tag`; see `log_metric_async`."""
        return _ended(self.log_batch, run_id, (), (), (tag,))

    def log_batch_async(
        self, run_id: str, metrics: Sequence[Any], params: Sequence[Any], tags: Sequence[Any]
    ) -> RunOperations:
        """As `log_batch`; see `log_metric_async`."""
        return _ended(self.log_batch, run_id, metrics, params, tags)

    def flush_async_logging(self) -> None:
        """Wait until all that was logged is sent, for RUNYARD_DRAIN_S at most."""
        super().flush_async_logging()
        for one in (self, *self._others.values()):
            one._journal.drain()

    def log_spans(self, location: str, spans: list[Any], tracking_uri: str | None = None) -> list[Any]:
        """Spans of traces, of MLflow 3: written down."""
        if not spans:
            return []
        here = self._here
        try:
            here._traces.log_spans(location, [one.trace_id for one in spans], packed(spans))
        except RunyardError as exc:
            raise as_mlflow(exc) from None
        finally:
            here._journal.tell_news()
        return spans

    def _call_endpoint(
        self, api: Any, json_body: str | None = None, endpoint: str | None = None, *args: Any, **options: Any
    ) -> Any:
        """Every other request of MLflow's class."""
        here = self._here
        if here is not self:
            return here._call_endpoint(api, json_body, endpoint, *args, **options)

        def send() -> Any:
            if self._journal.reach.offline:
                raise needs_server(api.__name__)
            return super(JournalStore, self)._call_endpoint(api, json_body, endpoint, *args, **options)

        call = self._calls.get(api.__name__)
        if call is None:
            self._journal.settle()
            return send()
        try:
            request = RestCall(api, json_body, endpoint, self._journal.way, send)
            return request.reply(call(request))
        except RunyardError as exc:
            raise as_mlflow(exc) from None
        finally:
            self._journal.tell_news()


def _plain_points(metrics: Sequence[Any]) -> list[BatchPoint] | None:
    """Points as records have them; None when one of them needs MLflow's own look."""
    points = []
    for one in metrics:
        value, ms, step = one.value, one.timestamp, one.step
        if (
            type(value) is not float
            or type(ms) is not int
            or type(step) is not int
            or not LEAST <= step <= MOST
            or ms > MOST
        ):
            return None
        if TIES:
            points.append(
                BatchPoint(one.key, value, ms, step, one.model_id, one.dataset_name, one.dataset_digest)
            )
        else:
            points.append(BatchPoint(one.key, value, ms, step))
    return points


def _plain_pairs(items: Sequence[Any]) -> list[tuple[str, str]] | None:
    """Params or tags as pairs; None when one of them is no text."""
    pairs = [(one.key, one.value) for one in items]
    return pairs if all(type(key) is str and type(value) is str for key, value in pairs) else None


def _ended(call: Callable[..., None], *args: Any) -> RunOperations:
    try:
        call(*args)
    except Exception as exc:
        failed: Future[None] = Future()
        failed.set_exception(exc)
        return RunOperations([failed])
    return RunOperations([_DONE])
