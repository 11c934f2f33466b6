"""What all Run objects of one run share in a process: the sink, and where each name stands."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from runyard.sdk.journal_sink import sink_of
from runyard.sdk.link import Link
from runyard.sdk.run_sink import RunSink, SentPoint
from runyard.sdk.scalars import Scalar, fits_mlflow, to_json, type_of

UNKNOWN = "unknown"


class _Series:
    """The last scalar of a name."""

    __slots__ = ("kind", "ms", "step")

    def __init__(self, step: int = -1, ms: int = 0, kind: str = "float") -> None:
        self.step = step
        self.ms = ms
        self.kind = kind


class RunChannel:
    """Gives points their steps and keeps the types of scalars.

    Args:
        last: reads the last step and time of each metric that the run has already; asked once, at the first scalar.
            None: the run was made just now.
    """

    def __init__(self, sink: RunSink, last: Callable[[], Mapping[str, tuple[int, int]]] | None) -> None:
        self.sink = sink
        self._last = last
        self._series: dict[str, _Series] = {}
        self._fresh = last is None
        self._lock = threading.Lock()

    def scalar(self, name: str, value: Scalar, description: str, step: int | None) -> None:
        """One value: a point of an MLflow metric where that is possible, else a record."""
        with self._lock:
            self._read_last()
            series = self._series.get(name)
            if series is None:
                series = self._series[name] = _Series(kind="float" if self._fresh else UNKNOWN)
            kind, now = type_of(value), int(time.time() * 1000)
            as_metric = fits_mlflow(name, value)
            if kind != series.kind:
                now = max(now, series.ms + 1)  # so that the order of points and records is plain
                series.kind = kind
                if as_metric:
                    self.sink.record(name, "scalar", {"type": kind, **_described(description)}, now)
            series.ms = max(now, series.ms)
            if as_metric:
                assert isinstance(value, int | float)
                series.step = series.step + 1 if step is None else step
                self.sink.point(SentPoint(name, float(value), series.step, series.ms))
            else:
                self.sink.record(
                    name, "scalar", {"value": to_json(value), **_described(description)}, series.ms
                )

    def record(self, name: str, kind: str, body: Mapping[str, Any], description: str | None) -> None:
        """One record of another kind."""
        with self._lock:
            series = self._series.setdefault(name, _Series(kind="float" if self._fresh else UNKNOWN))
            series.ms = max(int(time.time() * 1000), series.ms + 1)
            self.sink.record(name, kind, {**body, **_described(description)}, series.ms)

    def _read_last(self) -> None:
        if self._last is None:
            return
        for name, (step, ms) in self._last().items():
            self._series[name] = _Series(step, ms, UNKNOWN)
        self._last = None


def _described(description: str | None) -> dict[str, str]:
    return {"description": description} if description else {}


_Key = tuple[str, str, str, str]  # server, workspace, run, and on whose behalf
_CHANNELS: weakref.WeakValueDictionary[_Key, RunChannel] = weakref.WeakValueDictionary()
_OPENING = threading.Lock()


def channel_of(
    link: Link,
    workspace: str,
    document: Mapping[str, Any],
    last: Callable[[], Mapping[str, tuple[int, int]]] | None,
) -> RunChannel:
    """The channel of a run; the same one as long as any Run object of it with the same credential is in use.

    Args:
        document: the run as the server tells it.
    """
    run_id = str(document["info"]["run_id"])
    credential = link.connection.credential
    key = (link.server, workspace, run_id, "" if credential is None else credential.token)
    with _OPENING:
        found = _CHANNELS.get(key)
        if found is None:
            found = _CHANNELS[key] = RunChannel(sink_of(link, run_id, document), last)
        return found
