"""Rows about reading points: a whole long history, and sampled charts of many runs."""

from __future__ import annotations

from functools import partial

from bench import seed, wire
from bench.load import Answer, Client, Load, drive, get, sending
from bench.servers import Server
from bench.suite import Cost, Suite, cpu_of, settle

KEY = "loss"
BULK_RUNS = 20
BULK_RESULTS = 320
_BATCH = 1000


def history(suite: Suite) -> None:
    """One series read in full as the client does it: pages of 25,000 points, following the token."""
    for server in suite.servers:
        points = suite.scale.history_points if server.name == "runyard" else suite.scale.history_peer_points
        suite.progress(f"    filling {server.name} with a series of {points:,} points")
        run = wire.new_run(server)
        _fill(server, [run], points)
        cost, read = Cost(), 0
        for _ in range(3 if server.name == "runyard" else 1):
            pages: list[Answer] = []
            once = cpu_of(server, partial(_read, server, run, pages))
            cost.add(once)
            read += sum(answer.body.count(b'"step"') for answer in pages)
        complete = read >= points
        extra: dict[str, float | str] = (
            {} if complete else {"wrong": f"{read:,} of {points:,} points came back"}
        )
        suite.record_load("history", server, cost, read, points=float(points), **extra)


def _read(server: Server, run_id: str, pages: list[Answer]) -> Load:
    return drive(server.address, [_pages(server, run_id, pages)])


def _pages(server: Server, run_id: str, pages: list[Answer]) -> Client:
    token = ""
    while True:
        answer = yield wire.history_page(server, run_id, KEY, token)
        pages.append(answer)
        token = _token(answer.body)
        if not token or answer.status != 200:
            return


def _token(body: bytes) -> str:
    """The next_page_token of a page, found without parsing its 25,000 points."""
    at = body.rfind(b'"next_page_token"')
    return body[at:].split(b'"')[3].decode() if at >= 0 else ""


def _fill(server: Server, run_ids: list[str], points: int) -> None:
    if server.name != "runyard":
        seed.series(server, run_ids, KEY, points)
        return
    for first in range(0, points, 100 * _BATCH):
        starts = range(first, min(first + 100 * _BATCH, points), _BATCH)
        blocks = [wire.points_block(start, min(_BATCH, points - start), [KEY]) for start in starts]
        clients = [sending([wire.log_block(server, run, block) for block in blocks]) for run in run_ids]
        load = drive(server.address, clients)
        if load.errors:
            raise RuntimeError(f"{server.name} refused points: {load.first_error}")
    settle(server, 120)


def bulk(suite: Suite) -> None:
    """get-history-bulk-interval: 20 runs, 320 points of each, as a chart asks for them."""
    for server in suite.servers:
        if server.name == "fasttrackml":
            suite.record("bulk_interval", server.name, absent="FastTrackML has no such route")
            continue
        points = suite.scale.bulk_points if server.name == "runyard" else suite.scale.bulk_peer_points
        suite.progress(f"    filling {server.name} with {BULK_RUNS} series of {points:,} points")
        runs = [wire.new_run(server) for _ in range(BULK_RUNS)]
        _fill(server, runs, points)
        cost = Cost()
        for _ in range(10 if server.name == "runyard" else 2):
            cost.add(cpu_of(server, partial(_charts, server, runs)))
        suite.record_load("bulk_interval", server, cost, cost.load.answered, points=float(points))


def _charts(server: Server, run_ids: list[str]) -> Load:
    path = f"{server.ajax}/metrics/get-history-bulk-interval"
    request = get(path, run_ids=run_ids, metric_key=KEY, max_results=BULK_RESULTS)
    return drive(server.address, [sending([request])])
