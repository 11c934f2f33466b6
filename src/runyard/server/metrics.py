"""Counters for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


@dataclass(frozen=True)
class StoreNumbers:
    """What the store tells about itself, cheap enough to ask at each scrape. All since the process started."""

    queue_depth: int
    commits: int
    writes: int
    commit_seconds: float
    points: int
    database_bytes: int | None  # None where the database is another machine's
    artifact_bytes: int


class StoreCollector(Collector):
    """Asks the store when Prometheus asks us."""

    def __init__(self, ask: Callable[[], StoreNumbers]) -> None:
        self._ask = ask

    def collect(self) -> Iterable[Metric]:
        now = self._ask()
        yield GaugeMetricFamily("runyard_write_queue_depth", "Writes that wait for a commit", now.queue_depth)
        yield CounterMetricFamily("runyard_commits", "Durable commits", now.commits)
        yield CounterMetricFamily("runyard_writes", "Writes in those commits", now.writes)
        yield CounterMetricFamily("runyard_commit_seconds", "Seconds spent in commits", now.commit_seconds)
        yield CounterMetricFamily("runyard_points", "Metric points accepted by this process", now.points)
        if now.database_bytes is not None:
            yield GaugeMetricFamily("runyard_database_bytes", "Bytes of the database", now.database_bytes)
        yield GaugeMetricFamily(
            "runyard_artifact_bytes", "Bytes of artifacts accepted by this process", now.artifact_bytes
        )


@dataclass(frozen=True)
class JournalNumbers:
    """What came in journals, since the process started."""

    requests: int
    bytes: int
    records: int
    points: int
    repeated: int
    refused: int
    seconds: float


class JournalCollector(Collector):
    """Asks for what journals brought when Prometheus asks us."""

    def __init__(self, ask: Callable[[], JournalNumbers]) -> None:
        self._ask = ask

    def collect(self) -> Iterable[Metric]:
        now = self._ask()
        for name, told, value in (
            ("requests", "Requests with records of journals", now.requests),
            ("bytes", "Bytes of those that were worked through", now.bytes),
            ("records", "Records of journals taken, refused ones among them", now.records),
            ("points", "Metric points of journals accepted", now.points),
            ("repeated", "Records of journals that were sent again, and passed over", now.repeated),
            ("refused", "Records of journals that are not kept", now.refused),
            ("seconds", "Seconds that requests with records took", now.seconds),
        ):
            yield CounterMetricFamily(f"runyard_journal_{name}", told, value)


class _Counts:
    """Requests of one route: how many took how long. Counting costs a bisection; prometheus_client's takes locks."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0


class RequestCollector(Collector):
    """Requests by route and status, and their latency by route."""

    def __init__(self) -> None:
        self._latency: dict[tuple[str, str], _Counts] = {}
        self._requests: dict[tuple[str, str, int], int] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request. Call from the event loop's thread."""
        counts = self._latency.get((method, route))
        if counts is None:
            counts = self._latency[method, route] = _Counts()
        counts.buckets[bisect_left(BUCKETS, seconds)] += 1
        counts.seconds += seconds
        key = (method, route, status)
        self._requests[key] = self._requests.get(key, 0) + 1

    def collect(self) -> Iterable[Metric]:
        latency = HistogramMetricFamily(
            "runyard_request_seconds",
            "Seconds from a request to the end of its answer",
            labels=("method", "route"),
        )
        for route, counts in self._latency.items():
            sums = accumulate(counts.buckets)
            bounds = [*(str(bound) for bound in BUCKETS), "+Inf"]
            latency.add_metric(route, list(zip(bounds, map(float, sums), strict=True)), counts.seconds)
        yield latency
        requests = CounterMetricFamily(
            "runyard_requests", "Requests answered", labels=("method", "route", "status")
        )
        for (method, pattern, status), count in self._requests.items():
            requests.add_metric((method, pattern, str(status)), count)
        yield requests


class ServerMetrics:
    """Requests by route and their latency."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = RequestCollector()
        self.registry.register(self._requests)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; route is the pattern, never the path as sent. Call from the event loop's thread."""
        self._requests.observe(method, route, status, seconds)

    def text(self) -> bytes:
        """The page for Prometheus."""
        return generate_latest(self.registry)
