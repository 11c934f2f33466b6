"""What each row is compared by, and the ratios that the project has set itself."""

from __future__ import annotations

from dataclasses import dataclass, field

Ratios = dict[str, float]


@dataclass(frozen=True)
class Target:
    """One line of the report.

    Attributes:
        row, value: where the number stands in the results.
        higher: whether more is better (a rate) or less (a cost).
        must, aim: server name -> how many times better than it ours has to be.
        must_below, aim_below: bounds on our own number, in `unit`.
    """

    row: str
    value: str
    title: str
    unit: str
    higher: bool = False
    must: Ratios = field(default_factory=dict)
    aim: Ratios = field(default_factory=dict)
    must_below: float | None = None
    aim_below: float | None = None


def _both(mlflow: float, fasttrackml: float) -> Ratios:
    return {"mlflow": mlflow, "fasttrackml": fasttrackml}


def _searches(size: int, must_ms: float | None, aim_ms: float | None, name: str, title: str) -> list[Target]:
    ratios = _both(20, 5)
    far = {"mlflow": 100.0}
    text = f"{title}, {size:,} runs"
    lines = [Target(f"{name}_{size}", "cpu_ms", f"{text}: CPU p50", "ms", must=ratios, aim=far)]
    p95 = Target(
        f"{name}_{size}", "cpu_p95_ms", f"{text}: CPU p95", "ms", must_below=must_ms, aim_below=aim_ms
    )
    return [*lines, p95]


def _all_searches() -> list[Target]:
    lines = []
    for size in (2000, 20_000, 100_000):
        bounds = (40.0, 10.0, 60.0, 15.0) if size == 100_000 else (None, None, None, None)
        lines += _searches(size, bounds[0], bounds[1], "search", "filtered search")
        lines += _searches(size, bounds[2], bounds[3], "page", "page of 1,000")
    return lines


def _studio_pages() -> list[Target]:
    """In Chromium, with a cold cache; the heap's growth in MiB is what an hour of live updates would add."""
    found = []
    for size, bound in ((2_000, 1_000.0), (10_000, 1_000.0), (100_000, 1_500.0)):
        row, title = f"studio_table_{size}", f"Studio, table of {size:,} runs"
        found += [
            Target(row, "first_ms", f"{title}: opened, to the first rows", "ms", must_below=bound),
            Target(row, "first_cpu_ms", f"{title}: the same, CPU of the page", "ms"),
            Target(row, "order_ms", f"{title}: ordered by a metric", "ms", must_below=200.0),
            Target(row, "filter_ms", f"{title}: filtered", "ms", must_below=200.0),
            Target(row, "frame_ms", f"{title}: a frame while one scrolls, p50", "ms", must_below=50.0),
            Target(row, "frame_p95_ms", f"{title}: the same, p95", "ms"),
        ]
    return [
        *found,
        Target("studio_empty", "ready_ms", "Studio, empty workspace: opened", "ms", must_below=500.0),
        Target("studio_empty", "ready_cpu_ms", "Studio, empty workspace: the same, CPU of the page", "ms"),
        Target("studio_empty", "loaded_kb", "Studio, empty workspace: compressed", "kB", must_below=250.0),
        Target("studio_memory_runs", "heap_mib", "Studio, live table: JavaScript's memory", "MiB"),
        Target("studio_memory_runs", "heap_mib_per_hour", "Studio, live table: grows in an hour by", "MiB"),
        Target("studio_memory_charts", "heap_mib", "Studio, live charts: JavaScript's memory", "MiB"),
        Target(
            "studio_memory_charts", "heap_mib_per_hour", "Studio, live charts: grows in an hour by", "MiB"
        ),
    ]


def _studio_charts() -> list[Target]:
    """In Chromium; a frame in 50 ms is 20 of them a second."""
    few, many = "Studio, chart of 100 long series", "Studio, chart of 1,000 series"
    return [
        Target("studio_chart", "paint_ms", f"{few}: from asking to the first frame", "ms", must_below=700.0),
        Target("studio_chart", "zoom_ms", f"{few}: zoom, to the new points", "ms", must_below=300.0),
        Target("studio_chart", "navigation_ms", f"{few}: opened with a cold cache", "ms"),
        Target("studio_many_lines", "paint_ms", f"{many}: from asking to the first frame", "ms"),
        Target("studio_many_lines", "frame_ms", f"{many}: a frame while it is moved", "ms", must_below=50.0),
    ]


def _tables() -> list[Target]:
    """A page of 100 rows with 10 metrics and 10 params."""
    lines = []
    for size in (2000, 10_000, 100_000):
        bound = 60.0 if size == 100_000 else 30.0
        for row, what in (("first", "newest first"), ("order", "ordered by a metric")):
            text = f"100 rows of a runs table, {what}, {size:,} runs"
            name = f"runs_table_{row}_{size}"
            lines.append(
                Target(name, "cpu_ms", f"{text}: CPU p50", "ms", must={"mlflow": 20.0}, must_below=bound)
            )
    return lines


def _jobs() -> list[Target]:
    start = "a job on the server's machine, environment there: submitted, to its first line"
    return [
        Target("job_start", "seconds", f"{start}, p50", "s", must_below=2.0),
        Target("job_start", "longest_s", "the same, longest of seven", "s"),
        Target("job_beats", "percent_of_core", "1,000 jobs that run: CPU of the server", "%", must_below=5.0),
    ]


_BATCH_MUST, _BATCH_AIM = _both(40, 12), _both(100, 30)
_FILE_MUST = {"mlflow": 3.0, "socket copy": 0.6}

TARGETS: list[Target] = [
    Target(
        "log_metric",
        "cpu_us",
        "`mlflow.log_metric`, sync: CPU per call",
        "µs",
        must=_both(40, 8),
        aim=_both(80, 15),
    ),
    Target("log_metric", "per_s", "the same: calls per second, real client", "/s", higher=True),
    Target(
        "identity",
        "more_percent",
        "a point with an access token in a named workspace: more CPU than without",
        "%",
        must_below=10.0,
    ),
    Target(
        "points_32",
        "per_s",
        "single points, 32 connections: requests per second",
        "/s",
        higher=True,
        must=_both(20, 4),
        aim=_both(50, 10),
    ),
    Target("points_32", "cpu_us", "the same: CPU per request", "µs"),
    Target(
        "batch_1000_c1",
        "cpu_us",
        "log-batch of 1,000, 1 connection: CPU per point",
        "µs",
        False,
        _BATCH_MUST,
        _BATCH_AIM,
    ),
    Target(
        "batch_1000_c8",
        "cpu_us",
        "log-batch of 1,000, 8 connections: CPU per point",
        "µs",
        False,
        _BATCH_MUST,
        _BATCH_AIM,
    ),
    Target("batch_1000_c8", "per_s", "the same: points per second", "/s", higher=True),
    Target("batch_100_c8", "cpu_us", "log-batch of 100, 8 connections: CPU per point", "µs"),
    Target(
        "create_runs",
        "cpu_us",
        "runs with 25 values (create, log-batch, update): CPU per run",
        "µs",
        must={"mlflow": 20.0},
        aim={"mlflow": 50.0},
    ),
    *_all_searches(),
    *_tables(),
    Target("history", "cpu_us", "full history of a long series: CPU per point", "µs", must={"mlflow": 5.0}),
    Target(
        "bulk_interval",
        "cpu_us",
        "bulk-interval, 20 runs × 320 points: CPU per request",
        "µs",
        must={"mlflow": 50.0},
    ),
    Target(
        "chart_first_paint_server",
        "p50_ms",
        "chart of 100 series in 800 buckets, whole: p50",
        "ms",
        must_below=350.0,
    ),
    Target("chart_first_paint_server", "cpu_us", "the same: CPU", "µs"),
    Target(
        "chart_rezoom_server", "p50_ms", "the same, in parts of 60 % to 0.1 %: p50", "ms", must_below=200.0
    ),
    Target("chart_rezoom_server", "p99_ms", "the same: p99", "ms"),
    *_studio_charts(),
    *_jobs(),
    *_studio_pages(),
    Target("upload", "mib_per_s", "artifact, big file up", "MiB/s", higher=True, must=_FILE_MUST),
    Target("download", "mib_per_s", "artifact, big file down", "MiB/s", higher=True, must=_FILE_MUST),
    Target("upload", "cpu_s_per_gib", "big file up: CPU", "s/GiB"),
    Target("download", "cpu_s_per_gib", "big file down: CPU", "s/GiB"),
    Target("upload", "grown_mib", "big file up: memory grows by", "MiB", must_below=32.0),
    Target("download", "grown_mib", "big file down: memory grows by", "MiB", must_below=32.0),
    Target("small_up", "per_s", "files of 4 KiB up, 8 connections", "/s", higher=True, must={"mlflow": 3.0}),
    Target(
        "small_down", "per_s", "files of 4 KiB down, 8 connections", "/s", higher=True, must={"mlflow": 3.0}
    ),
    Target("small_up", "cpu_us", "files of 4 KiB up: CPU per file", "µs"),
    Target("small_down", "cpu_us", "files of 4 KiB down: CPU per file", "µs"),
    Target("start", "seconds", "start to the first 200", "s", must={"mlflow": 5.0}, aim_below=1.0),
    Target(
        "memory_idle", "mib", "memory idle, all processes (PSS)", "MiB", must={"mlflow": 15.0}, aim_below=95.4
    ),
    Target("memory_after_writes", "mib", "memory after the write rows (PSS)", "MiB", must={"mlflow": 15.0}),
    Target("memory_after_all", "mib", "memory after all rows (PSS)", "MiB"),
    Target("memory_after_all", "peak_mib", "sum of the processes' peaks (RSS)", "MiB"),
    Target("installed", "mb", "installed size with dependencies", "MB", must_below=120.0, aim_below=80.0),
    Target("disk", "bytes_per_point", "bytes on disk per point", "B", must_below=16.0),
    Target(
        "logging_call",
        "p50_us",
        "`mlflow.log_metric` through the journal: p50 of a call",
        "µs",
        must={"mlflow": 50.0, "mlflow async": 1.0},
    ),
    Target("logging_call", "p99_us", "the same: p99", "µs", must_below=1000.0),
    Target("logging_null", "p50_us", "MLflow's own code of such a call, logging nothing: p50", "µs"),
    Target("logging_slow", "p50_us", "through the journal, the server 500 ms away: p50", "µs"),
    Target("logging_slow", "p99_us", "the same: p99", "µs", must_below=1000.0),
    Target("logging_dead", "p50_us", "through the journal, no server: p50", "µs"),
    Target("logging_dead", "p99_us", "the same: p99", "µs", must_below=1000.0),
    Target("delivered", "per_s", "points of one process that arrive, per second", "/s", higher=True),
    Target("delivered", "grown_mib", "the same: the client grows by", "MiB", must_below=50.0),
    Target("outage", "slower_percent", "1,000 calls/s: slower while the server is away", "%", must_below=5.0),
    Target("outage", "caught_up_s", "the same: all is there after it came back", "s", must_below=60.0),
]
