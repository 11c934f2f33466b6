"""`python -m bench`: measures; `python -m bench report`: prints the table of the last run as Markdown."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import (
    artifacts,
    charts,
    durable,
    footprint,
    history,
    identity,
    ingest,
    jobs,
    report,
    runs,
    search,
    studio_charts,
    studio_pages,
    tables,
)
from bench.environments import RESULTS, ROOT
from bench.postgres import Postgres
from bench.scale import SCALES, Scale
from bench.servers import KINDS, Server
from bench.suite import Suite, Values

ROWS: dict[str, Callable[[Suite], None]] = {
    "log_metric": ingest.log_metric,
    "identity": identity.identity,
    "points_32": ingest.points_32,
    "batch_1000_c1": ingest.batch_1000_c1,
    "batch_1000_c8": ingest.batch_1000_c8,
    "batch_100_c8": ingest.batch_100_c8,
    "create": runs.create,
    "memory_after_writes": partial(footprint.loaded, when="after_writes"),
    "disk": ingest.disk,
    "search": search.search,
    "runs_table": tables.tables,
    "history": history.history,
    "bulk": history.bulk,
    "charts": charts.charts,
    "studio_charts": studio_charts.studio_charts,
    "studio_empty": studio_pages.studio_empty,
    "studio_table": studio_pages.studio_table,
    "studio_memory": studio_pages.studio_memory,
    "jobs": jobs.jobs,
    "big_file": artifacts.big_file,
    "small_files": artifacts.small_files,
    "memory_after_all": partial(footprint.loaded, when="after_all"),
    "logging_call": durable.logging_call,
    "delivered": durable.delivered,
    "outage": durable.outage,
    "installed": footprint.installed,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["measure", "report"], default="measure")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="scale", action="store_const", const="quick", help="about 5 minutes")
    size.add_argument(
        "--full", dest="scale", action="store_const", const="full", help="hours: peers get all loads"
    )
    parser.set_defaults(scale="default")
    parser.add_argument("--only", default="", help=f"comma-separated rows: {', '.join(ROWS)}")
    parser.add_argument("--servers", default=",".join(KINDS), help="comma-separated, ours first")
    parser.add_argument(
        "--postgres", action="store_true", help="Runyard and MLflow on one private PostgreSQL"
    )
    parser.add_argument("--json", type=Path, help="results file (default bench/results/latest.json)")
    return parser


def main() -> int:
    options = _parser().parse_args()
    path = options.json or RESULTS / ("postgres.json" if options.postgres else "latest.json")
    if options.command == "report":
        print(report.render(report.read(path)), end="")
        return 0
    results = measure(options)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1))
    print("\n" + report.render(results))
    print(f"Results: {path}")
    return 0


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Starts the servers, runs the rows, ends the servers; returns the contents of the results file."""
    names = [name for name in options.servers.split(",") if not (options.postgres and name == "fasttrackml")]
    rows = options.only.split(",") if options.only else list(ROWS)
    unknown = [name for name in names if name not in KINDS] + [row for row in rows if row not in ROWS]
    if unknown:
        raise SystemExit(
            f"unknown: {', '.join(unknown)}; servers are {', '.join(KINDS)}; rows are {', '.join(ROWS)}"
        )
    scratch = Path(tempfile.mkdtemp(prefix="runyard-bench-"))
    database: Postgres | None = None
    servers: list[Server] = []
    begun = time.time()
    try:
        database = Postgres(scratch) if options.postgres else None
        servers += [_server(name, scratch, database) for name in names]
        found = _run_rows(servers, rows, SCALES[options.scale], scratch)
    finally:
        for server in servers:
            server.remove()
        if database is not None:
            database.end()
        shutil.rmtree(scratch, ignore_errors=True)
    return {"about": _about(options, servers, begun), "rows": found}


def _server(name: str, scratch: Path, database: Postgres | None) -> Server:
    kind = KINDS[name]
    kind.prepare()
    server = kind(scratch, database.create(name) if database else None)
    if database is not None:
        server.count_also(database.tree)
    return server


def _run_rows(
    servers: list[Server], rows: list[str], scale: Scale, scratch: Path
) -> dict[str, dict[str, Values]]:
    clock = time.perf_counter()

    def say(text: str) -> None:
        print(f"{time.perf_counter() - clock:7.1f} s {text}", flush=True)

    suite = Suite(scale, servers, scratch, say)
    first_s: dict[str, float] = {}
    for server in servers:
        say(f"starting {server.title}")
        first_s[server.name] = server.start()
    footprint.idle(suite)
    footprint.starts(suite, first_s)
    for row in rows:
        say(row)
        _run_row(suite, row)
    return suite.rows


def _run_row(suite: Suite, row: str) -> None:
    try:
        ROWS[row](suite)
    except Exception as exc:  # noqa: BLE001 - a row that fails must not take the others with it
        traceback.print_exc()
        suite.record(row, "all", failed=f"{type(exc).__name__}: {exc}"[:300])


def _about(options: argparse.Namespace, servers: list[Server], begun: float) -> dict[str, object]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "machine": f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}",
        "scale": options.scale,
        "database": "PostgreSQL" if options.postgres else "each server's SQLite",
        "date": time.strftime("%Y-%m-%d", time.gmtime(begun)),
        "load": f"{os.getloadavg()[2]:.1f}",
        "seconds": round(time.time() - begun),
        "commit": commit.stdout.strip(),
        "versions": {server.title: server.version() for server in servers},
    }


if __name__ == "__main__":
    sys.exit(main())
