"""Where a run's points and records go: the one seam between logging and the way to the server."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from runyard.errors import BadRequest, InvalidInput, TooLarge
from runyard.sdk.exceptions import AzureMLException
from runyard.sdk.link import Link
from runyard.sdk.scalars import metric_text

PAUSE_S = 1.0  # between two flushes of one run
POINTS_IN_ONE = 1_000
RECORDS_IN_ONE = 50
MOST_WAITING = 20_000  # then logging waits for the server
GIVE_UP_AFTER = 5  # single items refused for the same reason: the rest of the batch is not tried one by one
REFUSALS = (InvalidInput, BadRequest, TooLarge)
T = TypeVar("T")


class SentPoint(NamedTuple):
    """A point of an MLflow metric on its way."""

    name: str
    value: float
    step: int
    ms: int


class SentRecord(NamedTuple):
    """A run record on its way."""

    name: str
    kind: str
    ms: int
    body: Mapping[str, Any]
    uuid: str


class RunSink(Protocol):
    """Takes what is logged. Nothing is lost silently: what could not be sent makes `flush` raise."""

    def point(self, point: SentPoint) -> None:
        """Take a point; it is sent soon."""
        ...

    def record(self, name: str, kind: str, body: Mapping[str, Any], ms: int) -> None:
        """Take a record; it is sent soon."""
        ...

    def tags(self, tags: Mapping[str, str]) -> None:
        """Set tags of the run."""
        ...

    def change(self, status: str, end_ms: int | None) -> bool:
        """Set the run's status by MLflow's name, after all that was taken; whether the server has it.

        Raises: AzureMLException.
        """
        ...

    def file(self, name: str, source: Path) -> bool:
        """Take a file, to be uploaded soon, as an artifact of that name; False: upload it at once."""
        ...

    def began(self) -> None:
        """The run was begun by this process just now: tell the server from time to time that it is alive."""
        ...

    def flush(self, timeout_s: float | None = None, *, must_send: bool = True) -> None:
        """Send all that was taken.

        Args:
            must_send: what is kept on disk, and sent later, is not enough.
        Raises: AzureMLException; what the server refused is named once and then given up, the rest is kept.
        """
        ...


class BatchingSink:
    """A RunSink that sends over HTTP, at most once a second, in the background; `flush` sends at once."""

    def __init__(self, link: Link, run_id: str) -> None:
        self._link = link
        self.run_id = run_id
        self._points: deque[SentPoint] = deque()
        self._records: deque[SentRecord] = deque()
        self._refused: list[str] = []
        self._sending = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many were taken and not sent yet."""
        return len(self._points) + len(self._records)

    @property
    def settled(self) -> bool:
        """Whether there is nothing to send and nothing to tell."""
        return not (self.waiting or self._refused)

    def point(self, point: SentPoint) -> None:
        """Take a point."""
        self._points.append(point)
        self._taken()

    def record(self, name: str, kind: str, body: Mapping[str, Any], ms: int) -> None:
        """Take a record."""
        self._records.append(SentRecord(name, kind, ms, body, uuid.uuid4().hex))
        self._taken()

    def _taken(self) -> None:
        if self.waiting > MOST_WAITING:
            self.flush()
        else:
            FLUSHER.wake(self)

    def tags(self, tags: Mapping[str, str]) -> None:
        """At once."""
        sent = [{"key": key, "value": value} for key, value in tags.items()]
        body = {"run_id": self.run_id, "metrics": [], "params": [], "tags": sent}
        self._link.post("/api/2.0/mlflow/runs/log-batch", body, retry=True)

    def change(self, status: str, end_ms: int | None) -> bool:
        """At once."""
        body: dict[str, Any] = {"run_id": self.run_id, "status": status}
        if end_ms is not None:
            body["end_time"] = end_ms
        self._link.post("/api/2.0/mlflow/runs/update", body, retry=True)
        return True

    def file(self, name: str, source: Path) -> bool:
        """Files are not taken."""
        return False

    def began(self) -> None:
        """Nothing is told."""

    def flush(self, timeout_s: float | None = None, *, must_send: bool = True) -> None:
        """Send all that was taken; the connection has timeouts of its own, and nothing is kept on disk."""
        self.send()
        if self._refused:
            refused, self._refused = self._refused, []
            more = f" and {len(refused) - 3} more" if len(refused) > 3 else ""
            raise AzureMLException(
                f"{len(refused)} logged values of run {self.run_id} were refused: {'; '.join(refused[:3])}{more}."
            )

    def send(self) -> None:
        """Send all that was taken; what the server refuses is remembered for `flush`.

        Raises: AzureMLException when the server cannot be reached or the run cannot be written to; all is kept.
        """
        with self._sending:
            _drain(self._points, POINTS_IN_ONE, self._send_points, self._refuse)
            _drain(self._records, RECORDS_IN_ONE, self._send_records, self._refuse)

    def _send_points(self, points: Sequence[SentPoint]) -> None:
        metrics = [
            {"key": one.name, "value": metric_text(one.value), "timestamp": one.ms, "step": one.step}
            for one in points
        ]
        body = {"run_id": self.run_id, "metrics": metrics}
        self._link.post("/api/2.0/mlflow/runs/log-batch", body, retry=True)

    def _send_records(self, records: Sequence[SentRecord]) -> None:
        sent = [
            {"uuid": one.uuid, "name": one.name, "kind": one.kind, "logged_ms": one.ms, "body": one.body}
            for one in records
        ]
        self._link.post(f"/api/v1/runs/{self.run_id}/records", {"records": sent}, retry=True)

    def _refuse(self, item: SentPoint | SentRecord, reason: str) -> None:
        self._refused.append(f"{item.name!r}: {reason}")


def _drain(
    items: deque[T],
    most: int,
    send: Callable[[Sequence[T]], None],
    refuse: Callable[[T, str], None],
) -> None:
    """Send items from the left; each is taken off only after it was sent or refused for good."""
    while items:
        batch = [items[at] for at in range(min(most, len(items)))]
        try:
            send(batch)
        except AzureMLException as exc:
            if not isinstance(exc.inner_exception, REFUSALS):
                raise
            _one_by_one(batch, exc.message, send, refuse)
        for _ in batch:
            items.popleft()


def _one_by_one(
    batch: Sequence[T], reason: str, send: Callable[[Sequence[T]], None], refuse: Callable[[T, str], None]
) -> None:
    """Find those items of a refused batch that are at fault."""
    same, last = 0, reason
    for item in batch:
        if len(batch) > 1 and same < GIVE_UP_AFTER:
            try:
                send([item])
                same = 0
                continue
            except AzureMLException as exc:
                if not isinstance(exc.inner_exception, REFUSALS):
                    raise
                same, last = (same + 1 if exc.message == last else 1), exc.message
        refuse(item, last)


class Flusher:
    """The thread that sends in the background, one for all runs of the process; it starts with the first value."""

    def __init__(self) -> None:
        self._restart()

    def _restart(self) -> None:
        self._news = threading.Condition()
        self._sinks: set[BatchingSink] = set()
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()

    def wake(self, sink: BatchingSink) -> None:
        """Send what the sink has, soon."""
        with self._news:
            self._sinks.add(sink)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="runyard-flush", daemon=True)
                self._thread.start()
            self._news.notify()

    def _run(self) -> None:
        while not self._ending.is_set():
            with self._news:
                while not self._sinks:
                    self._news.wait()
                due = list(self._sinks)
            for sink in due:
                self._try(sink)
                with self._news:
                    if sink.settled:
                        self._sinks.discard(sink)
            self._ending.wait(PAUSE_S)

    @staticmethod
    def _try(sink: BatchingSink) -> None:
        with contextlib.suppress(AzureMLException):  # all is kept and tried again; flush tells
            sink.send()

    def finish(self) -> None:
        """At the end of the program: send what is left, and say what could not be sent."""
        self._ending.set()
        for sink in list(self._sinks):
            try:
                sink.flush()
            except AzureMLException as exc:
                print(
                    f"runyard: not everything that was logged to run {sink.run_id} is kept; "
                    f"{sink.waiting} values wait. {exc.message}",
                    file=sys.stderr,
                )


FLUSHER = Flusher()
atexit.register(FLUSHER.finish)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=FLUSHER._restart)
