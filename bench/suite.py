"""One run of the bench: the servers that are up, the scale, and what has been measured so far."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import Load
from bench.scale import Scale
from bench.servers import Server

Values = dict[str, float | str]
_WINDOW_S = 0.25
_SETTLE_LIMIT_S = 15.0


@dataclass
class Cost:
    """A load and the server CPU that it took, what the server did afterwards because of it included.

    CPU that the server takes when idle is subtracted: MLflow's job consumers would else count against MLflow.
    """

    load: Load = field(default_factory=Load)
    cpu_s: float = 0.0

    def add(self, other: Cost) -> None:
        self.load.add(other.load)
        self.cpu_s += other.cpu_s

    def cpu_us_per(self, units: float) -> float:
        return self.cpu_s * 1e6 / units if units else float("nan")


def settle(server: Server, limit_s: float = _SETTLE_LIMIT_S) -> None:
    """Waits until two windows in a row show the server at its idle CPU share (within 5 % of a core)."""
    quiet, ends = 0, time.perf_counter() + limit_s
    while quiet < 2 and time.perf_counter() < ends:
        share = server.cpu_share(_WINDOW_S)
        quiet = quiet + 1 if share <= server.idle_cpu_share + 0.05 else 0


def metered(server: Server, work: Callable[[], Load]) -> Cost:
    """Runs `work` against the server and counts CPU until the server has come to rest again."""
    begun, cpu = time.perf_counter(), server.cpu_ns()
    load = work()
    settle(server)
    passed_s = time.perf_counter() - begun
    spent_s = (server.cpu_ns() - cpu) / 1e9
    if spent_s > passed_s * (os.cpu_count() or 1) * 1.1:
        load.first_error = (
            load.first_error or f"{spent_s:.1f} s of CPU within {passed_s:.1f} s: do not trust this cell"
        )
    return Cost(load, max(spent_s - server.idle_cpu_share * passed_s, 0.0))


def cpu_of(server: Server, work: Callable[[], Load]) -> Cost:
    """Like `metered`, for one short query: counts CPU until the answer has come."""
    begun, cpu = time.perf_counter(), server.cpu_ns()
    load = work()
    spent_s = (server.cpu_ns() - cpu) / 1e9
    return Cost(load, max(spent_s - server.idle_cpu_share * (time.perf_counter() - begun), 0.0))


@dataclass
class Suite:
    """State shared by the rows.

    Attributes:
        servers: running servers, ours first.
        rows: row name -> server name -> measured values; what `report` turns into tables.
    """

    scale: Scale
    servers: list[Server]
    scratch: Path
    progress: Callable[[str], None]
    rows: dict[str, dict[str, Values]] = field(default_factory=dict)

    def record(self, row: str, server: str, **values: float | str) -> None:
        """Adds measured values; unit is in each name."""
        self.rows.setdefault(row, {}).setdefault(server, {}).update(values)
        shown = ", ".join(f"{k} {v:,.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())
        self.progress(f"  {row:<22} {server:<12} {shown}")

    def turns(self) -> Iterator[tuple[int, Server]]:
        """(round, server): the servers one after the other, round by round."""
        for turn in range(self.scale.rounds):
            for server in self.servers:
                yield turn, server

    def record_load(self, row: str, server: Server, cost: Cost, units: float, **more: float | str) -> None:
        """Records a continuous load; `units` counts what the row is about (calls, points, runs, files)."""
        errors: Values = {"errors": float(cost.load.errors)} if cost.load.errors else {}
        if cost.load.first_error:
            errors["first_error"] = cost.load.first_error
        self.record(
            row,
            server.name,
            cpu_us=cost.cpu_us_per(units),
            per_s=units / cost.load.wall_s if cost.load.wall_s else 0.0,
            p50_ms=cost.load.quantile_ms(0.5),
            p99_ms=cost.load.quantile_ms(0.99),
            units=float(units),
            **more,
            **errors,
        )
