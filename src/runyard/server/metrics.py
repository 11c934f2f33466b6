"""Counters for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
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


class ServerMetrics:
    """Requests by route and their latency."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "runyard_request_seconds",
            "Seconds from a request to the end of its answer",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._requests = Counter(
            "runyard_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self._known: dict[tuple[str, str, int], tuple[Histogram, Counter]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; route is the pattern, never the path as sent."""
        key = (method, route, status)
        pair = self._known.get(key)
        if pair is None:
            pair = (self._seconds.labels(method, route), self._requests.labels(method, route, str(status)))
            self._known[key] = pair
        pair[0].observe(seconds)
        pair[1].inc()

    def text(self) -> bytes:
        """The page for Prometheus."""
        return generate_latest(self.registry)
